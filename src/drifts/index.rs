//! The drifts in memory: what lists filter, sort and search by. Follows the rows commit by commit.
//!
//! A reader takes the `State` of this moment and works on it without a lock, while commits make newer ones.

mod asked;
mod listed;
mod remembered;
mod state;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::query::{Page, Query, Sort};
use super::{Record, Severity};
use crate::error::{Error, Result};
use crate::ids::DriftId;
use crate::listing::{Source, trigrams};
use crate::store::tables::DRIFTS;
use crate::store::{Frozen, Row, Snapshot, Table, View, keys::Key};
use crate::time::Timestamp;

use asked::Asked;
use listed::Listed;
use remembered::{Remembered, Wanted};
use state::State;

/// The fields that filters name, by their place.
pub mod field {
    /// A status.
    pub const STATUS: usize = 0;
    /// A severity.
    pub const SEVERITY: usize = 1;
    /// A kind.
    pub const KIND: usize = 2;
    /// A resource type.
    pub const RESOURCE_TYPE: usize = 3;
    /// A region; empty for none.
    pub const REGION: usize = 4;
    /// A workspace's name.
    pub const WORKSPACE: usize = 5;
    /// An assignee; empty for none.
    pub const ASSIGNEE: usize = 6;
    /// How many there are.
    pub const NUMBER: usize = 7;
}

/// What stands in the order of costs for a drift whose cost nobody knows.
const UNPRICED: i64 = i64::MIN;

/// How often a commit looks whether those who read the state before it are done, before it copies what it changes.
const PATIENCE: usize = 32;

/// The drifts in memory.
#[derive(Debug, Default)]
pub struct Index {
    state: RwLock<Arc<State>>,
    remembered: Mutex<Remembered>,
}

fn severity_key(severity: Severity) -> i64 {
    severity as i64
}

/// The key by which a drift stands in an order, for the place where the next page begins.
pub(super) fn sort_key(drift: &Record, sort: Sort) -> i64 {
    match sort {
        Sort::Created => 0,
        Sort::Detected => drift.detected_at.unix_ms(),
        Sort::LastSeen => drift.last_seen_at.unix_ms(),
        Sort::Cost => drift.cost.map_or(UNPRICED, |cost| cost.0),
        Sort::Severity => severity_key(drift.severity),
    }
}

impl Index {
    /// The drifts as they are now. Called under the lock of `Store::with_views`: the tables that it gives are of the same
    /// moment.
    pub(super) fn now(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One page of what a query asks for, from one state and its tables.
    ///
    /// # Errors
    /// What reading says.
    pub(super) fn page(
        &self,
        state: &State,
        read: &Snapshot,
        query: &Query,
        limit: usize,
    ) -> Result<Page> {
        let wanted = Wanted {
            filters: query.filters.clone(),
            search: query
                .search
                .as_deref()
                .map(|search| trigrams::fold(search).into_owned()),
            detected: query.detected,
        };
        let asked = Asked {
            index: self,
            state,
            read,
        };
        let rows = asked.rows(&wanted)?;
        let numbers = asked.numbers(&wanted, &rows, query, limit)?;
        Ok(Page {
            ids: ids(state, numbers),
            total: rows.len(),
        })
    }

    /// Critical drifts that have waited for a decision since this moment or longer without a reminder, the longest first.
    pub fn undecided_since(&self, moment: Timestamp, limit: usize) -> Vec<DriftId> {
        let state = self.now();
        ids(&state, state.undecided.until(moment.unix_ms()).take(limit))
    }

    /// What a drift's row, as it is stored, says that this doesn't: for checks.
    ///
    /// # Errors
    /// `Internal`, when it is no drift.
    pub fn lacks(&self, row: &[u8]) -> Result<Option<&'static str>> {
        Ok(self.now().lacks(&Listed::read(row)?))
    }

    /// Whether there are so many drifts in it: for checks.
    pub fn counts(&self, drifts: u64) -> bool {
        self.now().counts(drifts)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts another state in the place of all before.
    fn replace(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        self.remembered().clear();
    }
}

fn ids(state: &State, numbers: impl IntoIterator<Item = u32>) -> Vec<DriftId> {
    let ids = numbers.into_iter().filter_map(|row| state.facets.id(row));
    ids.map(DriftId).collect()
}

/// Changes a state in its place. Those who read the one before keep it.
fn in_place(state: &mut Arc<State>) -> &mut State {
    for _ in 0..PATIENCE {
        if Arc::get_mut(state).is_some() {
            break;
        }
        std::thread::yield_now();
    }
    Arc::make_mut(state)
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[DRIFTS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let generation = self.now().generation + 1;
        self.replace(State::load(read, generation)?);
        Ok(())
    }

    fn name(&self) -> Option<&'static str> {
        Some("drifts")
    }

    fn freeze(&self) -> Option<Frozen> {
        let state = self.now();
        Some(Frozen {
            name: "drifts",
            save: Box::new(move |to| state.save(to)),
        })
    }

    fn restore(&self, from: &mut dyn io::Read, most_bytes: u64) -> io::Result<()> {
        let generation = self.now().generation + 1;
        let state = State::restore(&mut Source::new(from, most_bytes), generation)?;
        self.replace(state);
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let state = in_place(&mut state);
        state.begin();
        for row in rows {
            match &row.value {
                Some(value) => {
                    state
                        .put(&Listed::read(value)?)
                        .ok_or_else(|| Error::internal("a drift's id is older than the newest"))?;
                }
                None => {
                    if let Some(id) = DriftId::from_bytes(&row.key) {
                        state.remove(id);
                    }
                }
            }
        }
        Ok(())
    }
}
