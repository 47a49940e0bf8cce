//! Views of drifts that were written out before.
//!
//! Reading a drift's row and writing it out as JSON is most of what a page of a list costs, and the same rows are asked for
//! again and again: by each open browser, after each event. What was written is used again as long as the stored row is, byte
//! for byte, the one that it was written from; a drift's difference and states change only together with its row. Where
//! nothing was committed since, not even that is looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Serialize;

use super::views::{DriftItemView, DriftView, Show};
use crate::alerts;
use crate::drifts::Record;
use crate::drifts::query::{self, Position, Sort};
use crate::error::{Error, Result};
use crate::http::{ETag, Encoded};
use crate::ids::DriftId;
use crate::store::tables::DRIFTS;
use crate::store::{Reads, Snapshot, codec, keys::Key};

/// What is kept of each sort of view takes so many bytes at most.
const MOST_BYTES: u64 = 4 << 20;
/// A larger one is written out each time.
const LARGEST: usize = 64 << 10;
/// What most drifts take, with the row.
const USUAL_BYTES: u64 = 2 << 10;

/// A view with what it was written from.
struct Kept<V> {
    row: Vec<u8>,
    alerts: usize,
    version: u64,
    /// Where the page begins that follows one that ends here, in each order.
    after: [Position; Sort::ALL.len()],
    view: Encoded<V>,
    /// The newest state in which it was found to hold.
    held_in: AtomicU64,
}

/// How much room it takes.
#[derive(Clone)]
struct Weight;

impl<V> Weighter<(DriftId, bool), Arc<Kept<V>>> for Weight {
    fn weight(&self, _: &(DriftId, bool), kept: &Arc<Kept<V>>) -> u64 {
        (kept.row.len() + kept.view.bytes() + 128) as u64
    }
}

/// By a drift's id, and which of its two views.
type Views<V> = Cache<(DriftId, bool), Arc<Kept<V>>, Weight>;

/// Views of drifts that were written out before.
pub struct Known {
    items: Views<DriftItemView>,
    whole: Views<DriftView>,
}

impl Default for Known {
    fn default() -> Self {
        let items = (MOST_BYTES / USUAL_BYTES) as usize;
        Self {
            items: Cache::with_weighter(items, MOST_BYTES, Weight),
            whole: Cache::with_weighter(items, MOST_BYTES, Weight),
        }
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} and {} views", self.items.len(), self.whole.len())
    }
}

impl Known {
    /// A drift as lists show it, and where a list goes on after it.
    ///
    /// # Errors
    /// `NotFound`; else what reading says.
    pub fn item(
        &self,
        read: &Snapshot,
        id: DriftId,
        show: Show,
        sort: Sort,
    ) -> Result<(Encoded<DriftItemView>, Position)> {
        let key = (id, show == Show::States);
        let write = |drift| DriftItemView::read(read, drift, show);
        let kept = known(&self.items, read, key, || Ok(0), write)?;
        Ok((kept.view.clone(), kept.after[sort as usize].clone()))
    }

    /// A drift with all that belongs to it, for somebody who may decide or may not, and its version.
    ///
    /// # Errors
    /// `NotFound`; else what reading says.
    pub fn whole(
        &self,
        read: &Snapshot,
        id: DriftId,
        may_decide: bool,
    ) -> Result<(Encoded<DriftView>, ETag)> {
        let alerts = || Ok(alerts::ids_of(read, id)?.len());
        let write = |drift| DriftView::read(read, drift, may_decide, alerts()?);
        let kept = known(&self.whole, read, (id, may_decide), alerts, write)?;
        Ok((kept.view.clone(), ETag::of_version(kept.version)))
    }
}

/// A view that was written out before, or that is now.
fn known<V: Serialize>(
    views: &Views<V>,
    read: &Snapshot,
    key: (DriftId, bool),
    alerts: impl Fn() -> Result<usize>,
    write: impl FnOnce(Record) -> Result<V>,
) -> Result<Arc<Kept<V>>> {
    let kept = views.get(&key);
    // Nothing was committed since it was last asked for.
    if let Some(kept) = &kept
        && kept.held_in.load(Ordering::Relaxed) == read.number()
    {
        return Ok(Arc::clone(kept));
    }
    let row = read
        .get_bytes(DRIFTS.table, &key.0.to_bytes())?
        .ok_or(Error::NotFound("drift"))?;
    let alerts = alerts()?;
    if let Some(kept) = kept
        && kept.row == row
        && kept.alerts == alerts
    {
        kept.held_in.fetch_max(read.number(), Ordering::Relaxed);
        return Ok(kept);
    }
    let drift: Record = codec::decode(&row)?;
    let kept = Arc::new(Kept {
        row,
        alerts,
        version: drift.version,
        after: Sort::ALL.map(|sort| query::after(&drift, sort)),
        view: Encoded::new(&write(drift)?)?,
        held_in: AtomicU64::new(read.number()),
    });
    if kept.view.bytes() <= LARGEST {
        views.insert(key, Arc::clone(&kept));
    }
    Ok(kept)
}
