//! The drifts in memory: what lists filter, sort and search by. Follows the rows commit by commit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, RwLock};

use roaring::RoaringBitmap;

use super::query::{Page, Position, Query, Sort};
use super::{Record, Severity, records};
use crate::error::{Error, Result};
use crate::ids::DriftId;
use crate::listing::{Facets, Ordered, Trigrams, Waiting, facets, trigrams};
use crate::store::tables::DRIFTS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};
use crate::time::Timestamp;

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
}

/// How many searches are remembered: paging through one doesn't search anew.
const SEARCHES: usize = 16;

/// What stands in the order of costs for a drift whose cost nobody knows.
const UNPRICED: i64 = i64::MIN;

/// The drifts in memory.
#[derive(Debug, Default)]
pub struct Index {
    drifts: RwLock<Drifts>,
    /// Folded search texts with the rows that match, the newest last; kept true by each commit.
    searches: Mutex<VecDeque<(String, RoaringBitmap)>>,
}

#[derive(Debug, Default)]
struct Drifts {
    facets: Facets<7>,
    detected: Ordered,
    last_seen: Ordered,
    cost: Ordered,
    undecided: Waiting,
    trigrams: Trigrams,
    /// For each row, a hash of its searched texts: they hardly ever change.
    texts: Vec<u64>,
    /// Rows whose texts did change: they may have trigrams that they had before.
    retexted: RoaringBitmap,
}

/// The texts that a search looks through.
fn texts(drift: &Record) -> [&str; 3] {
    [&drift.resource_id, &drift.address, &drift.resource_type]
}

fn matches(drift: &Record, folded: &str) -> bool {
    texts(drift)
        .into_iter()
        .any(|text| trigrams::fold(text).contains(folded))
}

fn hash_of(texts: [&str; 3]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

impl Drifts {
    /// Puts a drift and gives its number, or `None` where it came out of order.
    fn put(&mut self, drift: &Record) -> Option<u32> {
        let number = self.facets.put(
            drift.id.0,
            [
                drift.status.name(),
                drift.severity.name(),
                records::kind_name(drift),
                &drift.resource_type,
                drift.region.as_deref().unwrap_or_default(),
                &drift.workspace,
                drift.assignee.as_deref().unwrap_or_default(),
            ],
        )?;
        self.detected.put(number, drift.detected_at.unix_ms());
        self.last_seen.put(number, drift.last_seen_at.unix_ms());
        self.cost
            .put(number, drift.cost.map_or(UNPRICED, |cost| cost.0));
        let undecided = drift.undecided_since();
        self.undecided
            .put(number, undecided.map(|since| since.unix_ms()));
        let hash = hash_of(texts(drift));
        let at = number as usize;
        if self.texts.get(at) != Some(&hash) {
            // What the row had before is not taken away: a trigram too many only costs a look at the row.
            self.trigrams.put(number, texts(drift));
            if at < self.texts.len() {
                self.retexted.insert(number);
            }
            self.texts.resize(self.texts.len().max(at + 1), 0);
            self.texts[at] = hash;
        }
        Some(number)
    }

    fn remove(&mut self, id: DriftId) -> Option<u32> {
        let number = self.facets.remove(id.0)?;
        self.detected.remove(number);
        self.last_seen.remove(number);
        self.cost.remove(number);
        self.undecided.put(number, None);
        Some(number)
    }

    /// The rows of a page in their order.
    fn page(&self, rows: &RoaringBitmap, query: &Query, limit: usize) -> Vec<u32> {
        let whole = rows.len() == self.facets.live().len();
        let down = query.descending;
        match (query.sort, &query.from) {
            (Sort::Created, Position::Skip(skip)) => facets::page(rows, down, *skip, limit),
            (Sort::Created, Position::After { id, .. }) => self.beside(rows, *id, down, limit),
            (Sort::Severity, from) => self.by_severity(rows, from, down, limit),
            (sort, Position::Skip(skip)) => self.order(sort).page(rows, whole, down, *skip, limit),
            (sort, Position::After { key, id }) => {
                let number = self
                    .facets
                    .number(id.0)
                    .unwrap_or(if down { 0 } else { u32::MAX });
                self.order(sort)
                    .page_after(rows, down, (*key, number), limit)
            }
        }
    }

    fn order(&self, sort: Sort) -> &Ordered {
        match sort {
            Sort::LastSeen => &self.last_seen,
            Sort::Cost => &self.cost,
            Sort::Detected | Sort::Created | Sort::Severity => &self.detected,
        }
    }

    /// The rows that follow one in the order of creation.
    fn beside(&self, rows: &RoaringBitmap, id: DriftId, down: bool, limit: usize) -> Vec<u32> {
        let Some(number) = self.facets.number(id.0) else {
            return Vec::new();
        };
        if down {
            rows.range(..number).rev().take(limit).collect()
        } else {
            rows.range(number..)
                .filter(|row| *row > number)
                .take(limit)
                .collect()
        }
    }

    fn by_severity(
        &self,
        rows: &RoaringBitmap,
        from: &Position,
        down: bool,
        limit: usize,
    ) -> Vec<u32> {
        let mut order = Severity::ALL;
        if !down {
            order.reverse();
        }
        let mut found = Vec::new();
        let mut skip = if let Position::Skip(skip) = from {
            *skip
        } else {
            0
        };
        for severity in order {
            if let Position::After { key, .. } = from {
                let before = if down {
                    severity_key(severity) > *key
                } else {
                    severity_key(severity) < *key
                };
                if before {
                    continue;
                }
            }
            let of_severity = rows & &*self.facets.having(field::SEVERITY, severity.name());
            match from {
                Position::After { key, id } if severity_key(severity) == *key => {
                    found.extend(self.beside(&of_severity, *id, down, limit - found.len()));
                }
                _ => {
                    found.extend(facets::page(&of_severity, down, skip, limit - found.len()));
                    skip = skip.saturating_sub(of_severity.len());
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        found
    }
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
    /// One page of what a query asks for. Called under the lock of `Store::with_views`, with its tables.
    ///
    /// # Errors
    /// What reading says.
    pub fn page(&self, read: &Snapshot, query: &Query, limit: usize) -> Result<Page> {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        let rows = self.rows(&drifts, read, query)?;
        let page = drifts.page(&rows, query, limit);
        let ids = page
            .into_iter()
            .filter_map(|number| drifts.facets.id(number))
            .map(DriftId)
            .collect();
        Ok(Page {
            ids,
            total: rows.len(),
        })
    }

    /// Critical drifts that have waited for a decision since this moment or longer without a reminder, the longest first.
    pub fn undecided_since(&self, moment: Timestamp, limit: usize) -> Vec<DriftId> {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        let rows = drifts.undecided.until(moment.unix_ms()).take(limit);
        rows.filter_map(|number| drifts.facets.id(number))
            .map(DriftId)
            .collect()
    }

    /// The rows that pass a query's filters and its search.
    fn rows<'d>(
        &self,
        drifts: &'d Drifts,
        read: &Snapshot,
        query: &Query,
    ) -> Result<Cow<'d, RoaringBitmap>> {
        let mut rows = drifts.facets.select(&query.filters);
        if let Some(search) = &query.search {
            let found = self.search(drifts, read, &trigrams::fold(search))?;
            rows = Cow::Owned(&*rows & &found);
        }
        if let Some((from, to)) = query.detected {
            let within = rows
                .iter()
                .filter(|number| (from..to).contains(&drifts.detected.key(*number)))
                .collect::<RoaringBitmap>();
            rows = Cow::Owned(within);
        }
        Ok(rows)
    }

    /// The rows with this text in a searched one, remembered for the pages that follow.
    fn search(&self, drifts: &Drifts, read: &Snapshot, folded: &str) -> Result<RoaringBitmap> {
        let mut searches = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rows)) = searches.iter().find(|(text, _)| text == folded) {
            return Ok(rows & drifts.facets.live());
        }
        let (candidates, certain) = drifts.trigrams.candidates(folded);
        let candidates = candidates & drifts.facets.live();
        let (mut found, unsure) = if certain {
            (
                &candidates - &drifts.retexted,
                &candidates & &drifts.retexted,
            )
        } else {
            (RoaringBitmap::new(), candidates)
        };
        for number in unsure {
            let Some(id) = drifts.facets.id(number) else {
                continue;
            };
            if matches(&records::by_id(read, DriftId(id))?, folded) {
                found.insert(number);
            }
        }
        if searches.len() >= SEARCHES {
            searches.pop_front();
        }
        searches.push_back((folded.to_owned(), found.clone()));
        Ok(found)
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[DRIFTS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut drifts = Drifts::default();
        read.visit(
            DRIFTS.table,
            &Range::all(),
            Order::Ascending,
            &mut |_, value| {
                drifts.put(&codec::decode(value)?);
                Ok(std::ops::ControlFlow::Continue(()))
            },
        )?;
        *self.drifts.write().unwrap_or_else(PoisonError::into_inner) = drifts;
        self.searches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut drifts = self.drifts.write().unwrap_or_else(PoisonError::into_inner);
        let mut searches = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            match &row.value {
                Some(value) => {
                    let drift: Record = codec::decode(value)?;
                    let number = drifts
                        .put(&drift)
                        .ok_or_else(|| Error::internal("a drift's id is older than the newest"))?;
                    for (text, found) in searches.iter_mut() {
                        if matches(&drift, text) {
                            found.insert(number);
                        } else {
                            found.remove(number);
                        }
                    }
                }
                None => {
                    if let Some(id) = DriftId::from_bytes(&row.key) {
                        drifts.remove(id);
                    }
                }
            }
        }
        Ok(())
    }
}
