//! The scans in memory, by the values they are filtered by.

use std::sync::{PoisonError, RwLock};

use super::Record;
use crate::error::{Error, Result};
use crate::ids::ScanId;
use crate::ingest::ScanStatus;
use crate::listing::{Facets, Filter, Place};
use crate::store::tables::SCANS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};

/// The fields that filters name, by their place.
pub mod field {
    /// A workspace's name.
    pub const WORKSPACE: usize = 0;
    /// A status.
    pub const STATUS: usize = 1;
}

/// A scan's status, as the API writes it.
pub fn status_name(status: ScanStatus) -> &'static str {
    match status {
        ScanStatus::Complete => "complete",
        ScanStatus::Partial => "partial",
        ScanStatus::Failed => "failed",
    }
}

/// Every scan by its filter values.
#[derive(Debug, Default)]
pub struct Index(RwLock<Facets<2>>);

fn put(facets: &mut Facets<2>, scan: &Record) -> bool {
    facets
        .put(scan.id.0, [&scan.workspace, status_name(scan.status)])
        .is_some()
}

impl Index {
    /// Newest first: the ids of a page, and how many pass the filters.
    pub fn page(&self, filters: &[Filter], from: Place, limit: usize) -> (Vec<ScanId>, u64) {
        let facets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let rows = facets.select(filters);
        let ids = facets.newest(&rows, from, limit);
        (ids.into_iter().map(ScanId).collect(), rows.len())
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[SCANS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut facets = Facets::default();
        read.visit(
            SCANS.table,
            &Range::all(),
            Order::Ascending,
            &mut |_, value| {
                put(&mut facets, &codec::decode(value)?);
                Ok(std::ops::ControlFlow::Continue(()))
            },
        )?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = facets;
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut facets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            match &row.value {
                Some(value) if !put(&mut facets, &codec::decode(value)?) => {
                    return Err(Error::internal("a scan's id is older than the newest"));
                }
                Some(_) => {}
                None => {
                    if let Some(id) = ScanId::from_bytes(&row.key) {
                        facets.remove(id.0);
                    }
                }
            }
        }
        Ok(())
    }
}
