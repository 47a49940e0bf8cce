//! What lists of drifts can ask for.

use std::sync::Arc;

use super::index::{Index, sort_key};
use super::{Record, records};
use crate::error::Result;
use crate::ids::DriftId;
use crate::listing::Filter;
use crate::store::{Snapshot, Store};

/// What a list is sorted by. Ties go by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// When the drift was made: the order of ids.
    #[default]
    Created,
    /// When its values were first found.
    Detected,
    /// When it was last seen.
    LastSeen,
    /// What it costs; what nobody knows counts least.
    Cost,
    /// How much it matters.
    Severity,
}

impl Sort {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Detected,
        Self::LastSeen,
        Self::Cost,
        Self::Severity,
    ];
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// After so many rows.
    Skip(u64),
    /// After this row, wherever it stands by now.
    After {
        /// Its sort key when it was shown.
        key: i64,
        /// Its id.
        id: DriftId,
    },
}

/// A question to the drifts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Fields by [`super::index::field`].
    pub filters: Vec<Filter>,
    /// A literal part of the resource id, address or type, case aside.
    pub search: Option<String>,
    /// Detected from, and before, in Unix milliseconds.
    pub detected: Option<(i64, i64)>,
    /// The order.
    pub sort: Sort,
    /// The largest, newest or gravest first.
    pub descending: bool,
    /// Where the page begins.
    pub from: Position,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            search: None,
            detected: None,
            sort: Sort::default(),
            descending: true,
            from: Position::Skip(0),
        }
    }
}

/// The ids of a page, and how many rows there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order asked for.
    pub ids: Vec<DriftId>,
    /// Exact.
    pub total: u64,
}

/// A page with its rows, and the tables of the same state to read more from.
#[derive(Debug)]
pub struct Found {
    /// The rows in the order asked for.
    pub drifts: Vec<Record>,
    /// Exact.
    pub total: u64,
    /// What they were read from.
    pub snapshot: Arc<Snapshot>,
}

/// Where the page after one that ends with this drift begins.
pub fn after(last: &Record, sort: Sort) -> Position {
    Position::After {
        key: sort_key(last, sort),
        id: last.id,
    }
}

/// Answers a query, all of it from one state.
///
/// # Errors
/// What reading says.
pub fn page(store: &Store, index: &Index, query: &Query, limit: usize) -> Result<Found> {
    let (snapshot, page) = ids(store, index, query, limit)?;
    let drifts = page
        .ids
        .into_iter()
        .map(|id| records::by_id(&*snapshot, id))
        .collect::<Result<_>>()?;
    Ok(Found {
        drifts,
        total: page.total,
        snapshot,
    })
}

/// The ids of a page without its rows, and the tables of the same state.
///
/// # Errors
/// What reading says.
pub fn ids(
    store: &Store,
    index: &Index,
    query: &Query,
    limit: usize,
) -> Result<(Arc<Snapshot>, Page)> {
    let (snapshot, state) = store.with_views(|_| index.now())?;
    let page = index.page(&state, &snapshot, query, limit)?;
    Ok((snapshot, page))
}
