//! The alerts in memory, by the values they are filtered by.

use std::sync::{PoisonError, RwLock};

use roaring::RoaringBitmap;

use super::Record;
use crate::error::Result;
use crate::ids::AlertId;
use crate::listing::{Facets, Filter, Place};
use crate::store::tables::ALERTS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};

/// The fields that filters name, by their place.
pub mod field {
    /// `true` or `false`.
    pub const IS_READ: usize = 0;
    /// A severity.
    pub const SEVERITY: usize = 1;
    /// A type.
    pub const TYPE: usize = 2;
    /// A workspace's name.
    pub const WORKSPACE: usize = 3;
}

/// Every alert by its filter values.
#[derive(Debug, Default)]
pub struct Index(RwLock<Facets<4>>);

/// Puts an alert; `false` where it came out of order.
fn put(facets: &mut Facets<4>, alert: &Record) -> bool {
    let is_read = if alert.read.is_some() {
        "true"
    } else {
        "false"
    };
    let values = [
        is_read,
        alert.severity.name(),
        alert.about.name(),
        &alert.workspace,
    ];
    facets.put(alert.id.0, values).is_some()
}

impl Index {
    /// Newest first: the ids of a page, and how many pass the filters. `within` narrows to some alerts.
    pub fn page(
        &self,
        filters: &[Filter],
        within: Option<&[AlertId]>,
        from: Place,
        limit: usize,
    ) -> (Vec<AlertId>, u64) {
        let facets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows = facets.select(filters);
        if let Some(ids) = within {
            let narrowed: RoaringBitmap = ids.iter().filter_map(|id| facets.number(id.0)).collect();
            *rows.to_mut() &= narrowed;
        }
        let ids = facets.newest(&rows, from, limit);
        (ids.into_iter().map(AlertId).collect(), rows.len())
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[ALERTS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut facets = Facets::default();
        read.visit(
            ALERTS.table,
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
                Some(value) => {
                    if !put(&mut facets, &codec::decode(value)?) {
                        return Err(crate::Error::internal(
                            "an alert's id is older than the newest",
                        ));
                    }
                }
                None => {
                    if let Some(id) = AlertId::from_bytes(&row.key) {
                        facets.remove(id.0);
                    }
                }
            }
        }
        Ok(())
    }
}
