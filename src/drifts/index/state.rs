//! The drifts in memory as one commit left them. A copy is cheap, and stays as it is.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::super::query::{Position, Sort};
use super::field;
use super::listed::Listed;
use crate::error::{Error, Result};
use crate::ids::DriftId;
use crate::listing::{Column, Facets, Gathering, Ordered, Shapes, Source, Trigrams, Waiting};
use crate::store::tables::DRIFTS;
use crate::store::{Order, Range, Reads, Snapshot};

/// How many changed rows are noted, and in how many commits: an answer that is further behind is made anew.
const NOTED_ROWS: usize = 16_384;
const NOTED_COMMITS: usize = 1_024;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// How many orders are kept: see [`order_of`].
pub(super) const ORDERS: usize = 3;

/// The place of the order that a sort goes by; none for those that go by number.
pub(super) fn order_of(sort: Sort) -> Option<usize> {
    match sort {
        Sort::Detected => Some(0),
        Sort::LastSeen => Some(1),
        Sort::Cost => Some(2),
        Sort::Created | Sort::Severity => None,
    }
}

/// The place of the order by detection.
pub(super) const DETECTED: usize = 0;

/// The rows of one commit.
#[derive(Debug, Default)]
struct Changed {
    rows: Vec<u32>,
    /// Those whose texts are new.
    retexted: Vec<u32>,
}

/// The rows that changed since an earlier state.
#[derive(Debug, Default)]
pub(super) struct Since {
    pub(super) rows: RoaringBitmap,
    pub(super) retexted: RoaringBitmap,
}

/// Every drift by what lists ask for.
#[derive(Debug, Clone, Default)]
pub(in crate::drifts) struct State {
    /// Counts states.
    pub(super) generation: u64,
    pub(super) facets: Facets<{ field::NUMBER }>,
    /// By [`order_of`].
    pub(super) orders: [Ordered; ORDERS],
    /// The rows by the day of their detection, counted from 1970.
    days: BTreeMap<i64, Arc<RoaringBitmap>>,
    pub(super) undecided: Arc<Waiting>,
    pub(super) trigrams: Arc<Trigrams>,
    pub(super) shapes: Shapes,
    /// For each row, a hash of its searched texts: they hardly ever change.
    texts: Column<u64>,
    /// Rows whose texts did change: they may have trigrams that they had before.
    pub(super) retexted: Arc<RoaringBitmap>,
    /// The newest commits' rows, the oldest first; the last one is of `generation`.
    noted: VecDeque<Arc<Changed>>,
    noted_rows: usize,
}

fn hash_of(texts: [&str; 3]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

fn add(days: &mut BTreeMap<i64, Arc<RoaringBitmap>>, number: u32, detected_ms: i64) {
    let rows = days.entry(detected_ms.div_euclid(DAY_MS)).or_default();
    Arc::make_mut(rows).insert(number);
}

impl State {
    /// Every drift of a store, as a state of this generation.
    ///
    /// # Errors
    /// What reading says.
    pub(super) fn load(read: &Snapshot, generation: u64) -> Result<Self> {
        let mut state = Self {
            generation,
            ..Self::default()
        };
        let mut keys: [Column<i64>; ORDERS] = Default::default();
        let mut undecided = Waiting::default();
        // Texts take as long as all the rest: another thread goes through them.
        let (send, texts) = std::sync::mpsc::sync_channel::<Vec<(u32, [String; 3])>>(4);
        let (searched, read) = std::thread::scope(|scope| {
            let searched = scope.spawn(move || {
                let (mut trigrams, mut shapes) = (Gathering::default(), Shapes::default());
                for (number, texts) in texts.into_iter().flatten() {
                    trigrams.put(number, texts.iter().map(String::as_str));
                    shapes.put(number, texts.iter().map(String::as_str));
                }
                (trigrams.done(), shapes)
            });
            let mut batch = Vec::new();
            let read = read.visit(
                DRIFTS.table,
                &Range::all(),
                Order::Ascending,
                &mut |_, value| {
                    let drift = Listed::read(value)?;
                    let number = state.facets.put(drift.id.0, drift.values());
                    let number =
                        number.ok_or_else(|| Error::internal("a drift's key is not its id"))?;
                    state.key(&mut keys, number, &drift);
                    undecided.put(number, drift.undecided_ms());
                    state.texts.push(hash_of(drift.texts()));
                    batch.push((number, drift.texts().map(str::to_owned)));
                    if batch.len() == 1_024 {
                        // Who reads them stops only by a panic, which is told below.
                        let _ = send.send(std::mem::take(&mut batch));
                    }
                    Ok(std::ops::ControlFlow::Continue(()))
                },
            );
            let _ = send.send(batch);
            drop(send);
            (searched.join(), read)
        });
        read?;
        let (trigrams, shapes) =
            searched.map_err(|_| Error::internal("going through the drifts' texts panicked"))?;
        let live = Arc::clone(state.facets.live());
        state.orders = keys.map(|keys| Ordered::of(keys, &live));
        state.undecided = Arc::new(undecided);
        state.trigrams = Arc::new(trigrams);
        state.shapes = shapes;
        Ok(state)
    }

    /// Notes a new row's sort keys.
    fn key(&mut self, keys: &mut [Column<i64>; ORDERS], number: u32, drift: &Listed<'_>) {
        let at = number as usize;
        for (keys, key) in keys.iter_mut().zip(sort_keys(drift)) {
            keys.set(at, key);
        }
        add(&mut self.days, number, drift.detected_ms());
    }

    /// Begins the next state.
    pub(super) fn begin(&mut self) {
        self.generation += 1;
        self.noted.push_back(Arc::default());
        while self.noted.len() > NOTED_COMMITS {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.noted.pop_front();
        self.noted_rows -= oldest.map_or(0, |changed| changed.rows.len());
    }

    fn note(&mut self, number: u32, is_retexted: bool) {
        if let Some(changed) = self.noted.back_mut().and_then(Arc::get_mut) {
            changed.rows.push(number);
            if is_retexted {
                changed.retexted.push(number);
            }
            self.noted_rows += 1;
        }
        while self.noted_rows > NOTED_ROWS {
            self.forget_oldest();
        }
    }

    /// What changed since a generation; none where that is no longer known, or it is yet to come.
    pub(super) fn since(&self, generation: u64) -> Option<Since> {
        let commits = usize::try_from(self.generation.checked_sub(generation)?).ok()?;
        let skip = self.noted.len().checked_sub(commits)?;
        let mut since = Since::default();
        for changed in self.noted.iter().skip(skip) {
            since.rows.extend(changed.rows.iter().copied());
            since.retexted.extend(changed.retexted.iter().copied());
        }
        Some(since)
    }

    /// Puts a drift and gives its number, or `None` where it came out of order.
    pub(super) fn put(&mut self, drift: &Listed<'_>) -> Option<u32> {
        let known = self.facets.numbers();
        let number = self.facets.put(drift.id.0, drift.values())?;
        let at = number as usize;
        let was_detected = (at < known).then(|| self.orders[DETECTED].key(number));
        for (order, key) in self.orders.iter_mut().zip(sort_keys(drift)) {
            order.put(number, key);
        }
        if was_detected != Some(drift.detected_ms()) {
            if let Some(before) = was_detected {
                self.leave_day(number, before);
            }
            add(&mut self.days, number, drift.detected_ms());
        }
        let undecided = drift.undecided_ms();
        if self.undecided.since(number) != undecided {
            Arc::make_mut(&mut self.undecided).put(number, undecided);
        }
        let hash = hash_of(drift.texts());
        let is_retexted = self.texts.get(at) != Some(hash);
        if is_retexted {
            // What the row had before is not taken away: a trigram too many only costs a look at the row.
            Arc::make_mut(&mut self.trigrams).put(number, drift.texts());
            self.shapes.put(number, drift.texts());
            if at < self.texts.len() {
                Arc::make_mut(&mut self.retexted).insert(number);
            }
            self.texts.set(at, hash);
        }
        self.note(number, is_retexted);
        Some(number)
    }

    /// Removes a drift, where it is there.
    pub(super) fn remove(&mut self, id: DriftId) {
        let Some(number) = self.facets.remove(id.0) else {
            return;
        };
        self.leave_day(number, self.orders[DETECTED].key(number));
        for order in &mut self.orders {
            order.remove(number);
        }
        Arc::make_mut(&mut self.undecided).put(number, None);
        self.note(number, false);
    }

    fn leave_day(&mut self, number: u32, detected_ms: i64) {
        if let Some(rows) = self.days.get_mut(&detected_ms.div_euclid(DAY_MS)) {
            Arc::make_mut(rows).remove(number);
        }
    }

    /// The rows that were detected from a moment on and before another.
    pub(super) fn detected_within(&self, from: i64, to: i64) -> RoaringBitmap {
        let mut rows = RoaringBitmap::new();
        if from >= to {
            return rows;
        }
        let (first, last) = (from.div_euclid(DAY_MS), (to - 1).div_euclid(DAY_MS));
        for (day, of_day) in self.days.range(first..=last) {
            if *day * DAY_MS >= from && (*day + 1) * DAY_MS <= to {
                rows |= &**of_day;
            } else {
                rows.extend(
                    of_day
                        .iter()
                        .filter(|row| self.is_detected_within(*row, (from, to))),
                );
            }
        }
        rows
    }

    /// Whether a row was detected from a moment on and before another.
    pub(super) fn is_detected_within(&self, number: u32, (from, to): (i64, i64)) -> bool {
        (from..to).contains(&self.orders[DETECTED].key(number))
    }

    /// The rows that follow one in the order of creation.
    pub(super) fn beside(
        &self,
        rows: &RoaringBitmap,
        id: DriftId,
        down: bool,
        limit: usize,
    ) -> Vec<u32> {
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

    /// The entry of a position in the orders that are kept; none for one that counts rows.
    pub(super) fn entry(&self, from: &Position, down: bool) -> Option<(i64, u32)> {
        match from {
            Position::Skip(_) => None,
            Position::After { key, id } => {
                let past = if down { 0 } else { u32::MAX };
                Some((*key, self.facets.number(id.0).unwrap_or(past)))
            }
        }
    }

    /// What a drift's row says that this doesn't.
    pub(super) fn lacks(&self, drift: &Listed<'_>) -> Option<&'static str> {
        let Some(number) = self.facets.number(drift.id.0) else {
            return Some("is missing");
        };
        let detected_on = self.days.get(&drift.detected_ms().div_euclid(DAY_MS));
        let is_in_order = |(order, key): (&Ordered, i64)| order.has(key, number);
        if !self.facets.holds(drift.id.0, drift.values()) {
            Some("has other values")
        } else if !self.orders.iter().zip(sort_keys(drift)).all(is_in_order)
            || !detected_on.is_some_and(|rows| rows.contains(number))
        {
            Some("is out of order")
        } else if self.undecided.since(number) != drift.undecided_ms() {
            Some("waits for another time")
        } else if !self.trigrams.has_all(number, drift.texts())
            || !self.shapes.agrees(number, drift.texts())
        {
            Some("is not found by all of its texts")
        } else {
            None
        }
    }

    /// Whether it has so many drifts, and each of them once in each order.
    pub(super) fn counts(&self, drifts: u64) -> bool {
        self.facets.live().len() == drifts
            && self.orders.iter().all(|order| order.len() as u64 == drifts)
    }

    /// Writes all drifts.
    ///
    /// # Errors
    /// The writer's.
    pub(super) fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        self.facets.save(to)?;
        for order in &self.orders {
            order.save(to)?;
        }
        self.undecided.save(to)?;
        self.texts.save(to)?;
        crate::listing::saved::bitmap(to, &self.retexted)?;
        self.shapes.save(to)?;
        self.trigrams.save(to)
    }

    /// Reads what [`State::save`] wrote, as a state of this generation.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub(super) fn restore(from: &mut Source<'_>, generation: u64) -> io::Result<Self> {
        let facets = Facets::restore(from)?;
        let mut state = Self {
            generation,
            orders: [
                Ordered::restore(from)?,
                Ordered::restore(from)?,
                Ordered::restore(from)?,
            ],
            undecided: Arc::new(Waiting::restore(from)?),
            texts: Column::restore(from)?,
            retexted: from.bitmap()?,
            shapes: Shapes::restore(from)?,
            trigrams: Arc::new(Trigrams::restore(from)?),
            facets,
            ..Self::default()
        };
        if state.texts.len() != state.facets.numbers() {
            return Err(from.malformed());
        }
        for number in state.facets.live().iter() {
            add(&mut state.days, number, state.orders[DETECTED].key(number));
        }
        Ok(state)
    }
}

/// A drift's keys in the orders that are kept, by [`order_of`].
fn sort_keys(drift: &Listed<'_>) -> [i64; ORDERS] {
    [drift.detected_ms(), drift.last_seen_ms(), drift.cents()]
}
