//! One question to the drifts in memory: which rows, in which order. What is found is remembered for those who ask again.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::super::Severity;
use super::super::query::{Position, Query, Sort};
use super::listed::Listed;
use super::remembered::{Sorted, Wanted};
use super::state::{Since, State, order_of};
use super::{Index, field, severity_key};
use crate::error::Result;
use crate::listing::shapes::Verdict;
use crate::listing::{Filter, facets, ordered};
use crate::store::tables::DRIFTS;
use crate::store::{Reads, Snapshot};

/// Up to so many rows are put in order at once: that is quicker than looking for them in the order of all.
const FEW: u64 = 2_048;

/// Answers that are remembered take so many bytes at most, or so many for each drift where that is more.
const ANSWER_BYTES: usize = 8 << 20;
const ANSWER_BYTES_EACH: usize = 8;

/// One question under way.
pub(super) struct Asked<'a> {
    pub(super) index: &'a Index,
    pub(super) state: &'a State,
    pub(super) read: &'a Snapshot,
}

impl Asked<'_> {
    /// The rows that are wanted, remembered for those who ask again.
    pub(super) fn rows(&self, wanted: &Wanted) -> Result<Arc<RoaringBitmap>> {
        let facets = &self.state.facets;
        let is_plain = wanted.search.is_none() && wanted.detected.is_none();
        match wanted.filters.as_slice() {
            [] if is_plain => return Ok(Arc::clone(facets.live())),
            [Filter { field, any_of }] if is_plain && any_of.len() == 1 => {
                return Ok(facets.having(*field, &any_of[0]));
            }
            _ => {}
        }
        let known = self.index.remembered().rows(wanted);
        let rows = match known {
            Some((generation, rows)) if generation == self.state.generation => return Ok(rows),
            Some((generation, rows)) => match self.state.since(generation) {
                Some(since) => self.caught_up(wanted, rows, &since)?,
                None => self.found(wanted)?,
            },
            None => self.found(wanted)?,
        };
        let generation = self.state.generation;
        self.index
            .remembered()
            .keep_rows(wanted, generation, &rows, self.most_bytes());
        Ok(rows)
    }

    fn most_bytes(&self) -> usize {
        ANSWER_BYTES.max(ANSWER_BYTES_EACH * self.state.facets.numbers())
    }

    /// Finds the rows that are wanted.
    fn found(&self, wanted: &Wanted) -> Result<Arc<RoaringBitmap>> {
        let mut parts = Vec::new();
        if let Some(folded) = &wanted.search {
            parts.push(match searched_alone(wanted) {
                Some(alone) => self.rows(&alone)?,
                None => Arc::new(self.search(folded)?),
            });
        }
        if let Some((from, to)) = wanted.detected {
            parts.push(Arc::new(self.state.detected_within(from, to)));
        }
        if !wanted.filters.is_empty() || parts.is_empty() {
            parts.push(self.state.facets.select(&wanted.filters));
        }
        parts.sort_by_cached_key(|part| part.len());
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        Ok(parts.fold(first, |rows, part| Arc::new(&*rows & &*part)))
    }

    /// Looks anew at the rows that have changed since an answer was found.
    fn caught_up(
        &self,
        wanted: &Wanted,
        rows: Arc<RoaringBitmap>,
        since: &Since,
    ) -> Result<Arc<RoaringBitmap>> {
        let with_text = match searched_alone(wanted) {
            Some(alone) => Some(self.rows(&alone)?),
            None => None,
        };
        let mut rows = rows;
        for row in &since.rows {
            let had = rows.contains(row);
            let has = self.state.facets.live().contains(row)
                && self.state.facets.passes(row, &wanted.filters)
                && wanted
                    .detected
                    .is_none_or(|within| self.state.is_detected_within(row, within))
                && match (&with_text, &wanted.search) {
                    (Some(with_text), _) => with_text.contains(row),
                    (None, Some(folded)) if since.retexted.contains(row) => {
                        self.has_text(row, folded)?
                    }
                    (None, Some(_)) => had,
                    (None, None) => true,
                };
            match (had, has) {
                (false, true) => {
                    Arc::make_mut(&mut rows).insert(row);
                }
                (true, false) => {
                    Arc::make_mut(&mut rows).remove(row);
                }
                _ => {}
            }
        }
        Ok(rows)
    }

    /// The rows with this folded text in a searched one.
    fn search(&self, folded: &str) -> Result<RoaringBitmap> {
        let state = self.state;
        let (candidates, certain) = state.trigrams.candidates(folded);
        let candidates = candidates & &**state.facets.live();
        let (mut found, unsure) = if certain {
            (
                &candidates - &*state.retexted,
                &candidates & &*state.retexted,
            )
        } else {
            (RoaringBitmap::new(), candidates)
        };
        let mut look = state.shapes.look_for(folded);
        for row in unsure {
            let has = match look.of(row) {
                Verdict::Yes => true,
                Verdict::No => false,
                Verdict::Unsure => self.has_text(row, folded)?,
            };
            if has {
                found.insert(row);
            }
        }
        Ok(found)
    }

    /// Reads whether a row has this folded text in a searched one.
    fn has_text(&self, row: u32, folded: &str) -> Result<bool> {
        let Some(id) = self.state.facets.id(row) else {
            return Ok(false);
        };
        match self.read.get_bytes(DRIFTS.table, id.as_bytes())? {
            Some(bytes) => Ok(Listed::read(&bytes)?.matches(folded)),
            None => Ok(false),
        }
    }

    /// The rows of a page in their order.
    pub(super) fn numbers(
        &self,
        wanted: &Wanted,
        rows: &RoaringBitmap,
        query: &Query,
        limit: usize,
    ) -> Result<Vec<u32>> {
        let down = query.descending;
        Ok(match (query.sort, &query.from) {
            (Sort::Severity, from) => self.by_severity(wanted, from, down, limit)?,
            (sort, from) => match (order_of(sort), from) {
                (Some(order), from) => self.in_order(wanted, rows, order, from, down, limit),
                (None, Position::Skip(skip)) => facets::page(rows, down, *skip, limit),
                (None, Position::After { id, .. }) => self.state.beside(rows, *id, down, limit),
            },
        })
    }

    /// The rows of a page in one of the orders that are kept.
    fn in_order(
        &self,
        wanted: &Wanted,
        rows: &RoaringBitmap,
        order: usize,
        from: &Position,
        down: bool,
        limit: usize,
    ) -> Vec<u32> {
        let all = &self.state.orders[order];
        let whole = rows.len() == self.state.facets.live().len();
        if let (true, Position::Skip(skip)) = (whole, from) {
            return all.page(down, *skip, limit);
        }
        let after = self.state.entry(from, down);
        if let (true, Some(after)) = (whole, after) {
            let found = all.walk_after(rows, down, after, limit, usize::MAX);
            return found.map(|(found, _)| found).unwrap_or_default();
        }
        let sorted = match self.sorted(wanted, rows, order) {
            Some(sorted) => sorted,
            None => {
                let patience = self.index.remembered().patience(wanted, order, rows.len());
                let most = usize::try_from(patience).unwrap_or(usize::MAX);
                let walked = match (from, after) {
                    (Position::Skip(skip), _) => all.walk(rows, down, *skip, limit, most),
                    (_, Some(after)) => all.walk_after(rows, down, after, limit, most),
                    (Position::After { .. }, None) => None,
                };
                if let Some((found, walked)) = walked {
                    let most_bytes = self.most_bytes();
                    let mut remembered = self.index.remembered();
                    remembered.walked(wanted, order, walked, most_bytes);
                    return found;
                }
                self.sort(wanted, rows, order)
            }
        };
        let skip = match (from, after) {
            (Position::Skip(skip), _) => *skip,
            (_, Some(after)) => all.place_after(&sorted, down, after),
            (Position::After { .. }, None) => 0,
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        ordered::part(&sorted, down, skip, limit).collect()
    }

    /// The rows in one of the orders, where they are remembered or few.
    fn sorted(&self, wanted: &Wanted, rows: &RoaringBitmap, order: usize) -> Option<Arc<Vec<u32>>> {
        let known = self.index.remembered().order(wanted, order);
        let Some(known) = known else {
            return (rows.len() <= FEW).then(|| self.sort(wanted, rows, order));
        };
        if known.generation == self.state.generation {
            return Some(known.rows);
        }
        let since = self.state.since(known.generation)?;
        let sorted = if since.rows.is_empty() {
            known.rows
        } else {
            Arc::new(self.state.orders[order].resorted(&known.rows, &since.rows, rows))
        };
        self.keep_order(wanted, order, &sorted);
        Some(sorted)
    }

    /// Puts the rows in one of the orders.
    fn sort(&self, wanted: &Wanted, rows: &RoaringBitmap, order: usize) -> Arc<Vec<u32>> {
        let sorted = Arc::new(self.state.orders[order].sorted(rows));
        self.keep_order(wanted, order, &sorted);
        sorted
    }

    fn keep_order(&self, wanted: &Wanted, order: usize, sorted: &Arc<Vec<u32>>) {
        let sorted = Sorted {
            generation: self.state.generation,
            rows: Arc::clone(sorted),
        };
        let most_bytes = self.most_bytes();
        let mut remembered = self.index.remembered();
        remembered.keep_order(wanted, order, sorted, most_bytes);
    }

    /// The rows of a page, the gravest first or last: each severity is one more filter.
    fn by_severity(
        &self,
        wanted: &Wanted,
        from: &Position,
        down: bool,
        limit: usize,
    ) -> Result<Vec<u32>> {
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
            let mut narrowed = wanted.clone();
            narrowed.filters.push(Filter {
                field: field::SEVERITY,
                any_of: vec![severity.name().to_owned()],
            });
            let of_severity = self.rows(&narrowed)?;
            let left = limit - found.len();
            match from {
                Position::After { key, id } if severity_key(severity) == *key => {
                    found.extend(self.state.beside(&of_severity, *id, down, left));
                }
                _ => {
                    found.extend(facets::page(&of_severity, down, skip, left));
                    skip = skip.saturating_sub(of_severity.len());
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}

/// The search of what is wanted, as a question of its own: what is found for it serves whatever else is asked beside it.
fn searched_alone(wanted: &Wanted) -> Option<Wanted> {
    let is_more = !wanted.filters.is_empty() || wanted.detected.is_some();
    let search = wanted.search.clone().filter(|_| is_more)?;
    Some(Wanted {
        search: Some(search),
        ..Wanted::default()
    })
}
