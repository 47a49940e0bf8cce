//! Answers that are remembered, and brought up to date when they are asked for again.
//!
//! What a commit changed is looked at anew, row by row, the next time somebody asks: commits wait for nothing. Where too
//! much has changed since, the answer is made from scratch.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::listing::Filter;

/// How many answers are remembered at most.
const ANSWERS: usize = 512;

/// Rows are put in order when a part of them was looked at: one of so many.
const IMPATIENCE: u64 = 8;

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Wanted {
    pub(super) filters: Vec<Filter>,
    /// Folded.
    pub(super) search: Option<String>,
    /// From, and before, in Unix milliseconds.
    pub(super) detected: Option<(i64, i64)>,
}

/// Rows in an order that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Sorted {
    /// The state they are of.
    pub(super) generation: u64,
    pub(super) rows: Arc<Vec<u32>>,
}

#[derive(Debug, Default)]
struct Answer {
    /// The state that `rows` is of.
    generation: u64,
    rows: Option<Arc<RoaringBitmap>>,
    orders: [Option<Sorted>; super::state::ORDERS],
    /// Rows that were looked at because there was no order yet.
    walked: [u64; super::state::ORDERS],
    bytes: usize,
    used: u64,
}

impl Answer {
    fn weigh(&mut self) -> usize {
        let orders = self.orders.iter().flatten();
        let orders: usize = orders.map(|sorted| 4 * sorted.rows.len()).sum();
        let rows = self.rows.as_ref().map_or(0, |rows| rows.serialized_size());
        self.bytes = 256 + orders + rows;
        self.bytes
    }
}

/// The answers, the ones not used for longest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    answers: HashMap<Wanted, Answer>,
    bytes: usize,
    uses: u64,
}

impl Remembered {
    /// The rows that were wanted before, and the state that they are of.
    pub(super) fn rows(&mut self, wanted: &Wanted) -> Option<(u64, Arc<RoaringBitmap>)> {
        self.uses += 1;
        let answer = self.answers.get_mut(wanted)?;
        answer.used = self.uses;
        Some((answer.generation, Arc::clone(answer.rows.as_ref()?)))
    }

    /// The same in one of the orders.
    pub(super) fn order(&mut self, wanted: &Wanted, order: usize) -> Option<Sorted> {
        self.answers.get(wanted)?.orders[order].clone()
    }

    /// How many rows may still be looked at one by one before this many are put in order.
    pub(super) fn patience(&self, wanted: &Wanted, order: usize, rows: u64) -> u64 {
        let walked = self
            .answers
            .get(wanted)
            .map_or(0, |answer| answer.walked[order]);
        // Sorting a row costs about six looks, or fewer where it is one of many. It is done long before it has paid, so that
        // those who ask often, and who make the most of the load, wait no longer where there is more.
        (rows / IMPATIENCE).saturating_sub(walked)
    }

    /// Notes that so many rows were looked at.
    pub(super) fn walked(&mut self, wanted: &Wanted, order: usize, rows: u64, most_bytes: usize) {
        self.change(wanted, most_bytes, |answer| {
            answer.walked[order] = answer.walked[order].saturating_add(rows);
        });
    }

    /// Remembers rows, unless newer ones are.
    pub(super) fn keep_rows(
        &mut self,
        wanted: &Wanted,
        generation: u64,
        rows: &Arc<RoaringBitmap>,
        most_bytes: usize,
    ) {
        self.change(wanted, most_bytes, |answer| {
            if answer.rows.is_none() || answer.generation <= generation {
                answer.generation = generation;
                answer.rows = Some(Arc::clone(rows));
            }
        });
    }

    /// Remembers rows in one of the orders, unless newer ones are.
    pub(super) fn keep_order(
        &mut self,
        wanted: &Wanted,
        order: usize,
        sorted: Sorted,
        most_bytes: usize,
    ) {
        self.change(wanted, most_bytes, |answer| {
            let known = answer.orders[order].as_ref();
            if known.is_none_or(|known| known.generation <= sorted.generation) {
                answer.orders[order] = Some(sorted);
            }
        });
    }

    fn change(&mut self, wanted: &Wanted, most_bytes: usize, change: impl FnOnce(&mut Answer)) {
        self.uses += 1;
        let answer = match self.answers.get_mut(wanted) {
            Some(answer) => answer,
            None => self.answers.entry(wanted.clone()).or_default(),
        };
        answer.used = self.uses;
        self.bytes -= answer.bytes;
        change(answer);
        self.bytes += answer.weigh();
        while self.bytes > most_bytes || self.answers.len() > ANSWERS {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.used);
            let Some(oldest) = oldest.map(|(wanted, _)| wanted.clone()) else {
                break;
            };
            self.bytes -= self
                .answers
                .remove(&oldest)
                .map_or(0, |answer| answer.bytes);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(search: &str) -> Wanted {
        Wanted {
            search: Some(search.to_owned()),
            ..Wanted::default()
        }
    }

    #[test]
    fn what_was_not_asked_for_longest_is_forgotten_first() {
        let mut remembered = Remembered::default();
        let rows = Arc::new((0..1000).step_by(2).collect::<RoaringBitmap>());
        let most = 3 * (256 + rows.serialized_size());
        for text in ["a", "b", "c"] {
            remembered.keep_rows(&wanted(text), 1, &rows, most);
        }
        assert!(remembered.rows(&wanted("a")).is_some());
        remembered.keep_rows(&wanted("d"), 1, &rows, most);
        let kept = |remembered: &mut Remembered, text| remembered.rows(&wanted(text)).is_some();
        assert!(!kept(&mut remembered, "b"));
        for text in ["a", "c", "d"] {
            assert!(kept(&mut remembered, text), "{text}");
        }
        assert!(remembered.bytes <= most);
        remembered.keep_order(
            &wanted("a"),
            0,
            Sorted {
                generation: 1,
                rows: Arc::new((0..100_000).collect()),
            },
            most,
        );
        assert!(
            remembered.bytes <= most,
            "more than all may weigh is not kept"
        );
    }

    #[test]
    fn an_older_answer_does_not_replace_a_newer_one() {
        let mut remembered = Remembered::default();
        let old = Arc::new(RoaringBitmap::from_iter([1]));
        let new = Arc::new(RoaringBitmap::from_iter([1, 2]));
        remembered.keep_rows(&wanted("a"), 2, &new, usize::MAX);
        remembered.keep_rows(&wanted("a"), 1, &old, usize::MAX);
        assert_eq!(remembered.rows(&wanted("a")), Some((2, new)));
    }
}
