//! The scans in memory, by the values they are filtered by.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use super::Record;
use crate::error::{Error, Result};
use crate::ids::ScanId;
use crate::ingest::ScanStatus;
use crate::listing::{Facets, Filter, Place, Source};
use crate::store::tables::SCANS;
use crate::store::{Frozen, Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};

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
pub struct Index(RwLock<Arc<Facets<2>>>);

/// What filters see, by [`field`].
fn values(scan: &Record) -> [&str; 2] {
    [&scan.workspace, status_name(scan.status)]
}

fn put(facets: &mut Facets<2>, scan: &Record) -> bool {
    facets.put(scan.id.0, values(scan)).is_some()
}

impl Index {
    fn now(&self) -> Arc<Facets<2>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a scan is there as it is stored: for checks.
    pub fn holds(&self, scan: &Record) -> bool {
        self.now().holds(scan.id.0, values(scan))
    }

    /// How many scans there are.
    pub fn total(&self) -> u64 {
        self.now().live().len()
    }

    /// Newest first: the ids of a page, and how many pass the filters.
    pub fn page(&self, filters: &[Filter], from: Place, limit: usize) -> (Vec<ScanId>, u64) {
        let facets = self.now();
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
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facets);
        Ok(())
    }

    fn name(&self) -> Option<&'static str> {
        Some("scans")
    }

    fn freeze(&self) -> Option<Frozen> {
        let facets = self.now();
        Some(Frozen {
            name: "scans",
            save: Box::new(move |to| facets.save(to)),
        })
    }

    fn restore(&self, from: &mut dyn io::Read, most_bytes: u64) -> io::Result<()> {
        let facets = Facets::restore(&mut Source::new(from, most_bytes))?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facets);
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut facets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let facets = Arc::make_mut(&mut facets);
        for row in rows {
            match &row.value {
                Some(value) if !put(facets, &codec::decode(value)?) => {
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
