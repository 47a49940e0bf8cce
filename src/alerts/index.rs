//! The alerts in memory, by the values they are filtered by.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use roaring::RoaringBitmap;

use super::Record;
use crate::error::Result;
use crate::ids::AlertId;
use crate::listing::{Facets, Filter, Place, Source};
use crate::store::tables::ALERTS;
use crate::store::{Frozen, Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};

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
pub struct Index(RwLock<Arc<Facets<4>>>);

/// What filters see, by [`field`].
fn values(alert: &Record) -> [&str; 4] {
    let is_read = if alert.read.is_some() {
        "true"
    } else {
        "false"
    };
    [
        is_read,
        alert.severity.name(),
        alert.about.name(),
        &alert.workspace,
    ]
}

/// Puts an alert; `false` where it came out of order.
fn put(facets: &mut Facets<4>, alert: &Record) -> bool {
    facets.put(alert.id.0, values(alert)).is_some()
}

impl Index {
    fn now(&self) -> Arc<Facets<4>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether an alert is there as it is stored: for checks.
    pub fn holds(&self, alert: &Record) -> bool {
        self.now().holds(alert.id.0, values(alert))
    }

    /// How many alerts there are.
    pub fn total(&self) -> u64 {
        self.now().live().len()
    }

    /// Newest first: the ids of a page, and how many pass the filters. `within` narrows to some alerts.
    pub fn page(
        &self,
        filters: &[Filter],
        within: Option<&[AlertId]>,
        from: Place,
        limit: usize,
    ) -> (Vec<AlertId>, u64) {
        let facets = self.now();
        let mut rows = facets.select(filters);
        if let Some(ids) = within {
            let narrowed: RoaringBitmap = ids.iter().filter_map(|id| facets.number(id.0)).collect();
            *Arc::make_mut(&mut rows) &= narrowed;
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
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facets);
        Ok(())
    }

    fn name(&self) -> Option<&'static str> {
        Some("alerts")
    }

    fn freeze(&self) -> Option<Frozen> {
        let facets = self.now();
        Some(Frozen {
            name: "alerts",
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
                Some(value) => {
                    if !put(facets, &codec::decode(value)?) {
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
