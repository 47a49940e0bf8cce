//! Which entries of the audit log pass a filter.
//!
//! The log only grows, and no entry ever changes: what was once learnt of it stays true. So nothing is built when
//! the program starts. The first question by action, actor or time reads the log once, each later one only what was
//! added since.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roaring::RoaringBitmap;
use serde::Deserialize;

use super::{Action, Entry};
use crate::error::{Error, Result};
use crate::ids::{DriftId, UserId};
use crate::store::tables::{AUDIT, AUDIT_BY_DRIFT, META};
use crate::store::{Order, Range, Reads, Snapshot, Store, codec, keys::Key};
use crate::time::Timestamp;

/// Entries whose times are remembered as one span, from the earliest to the latest.
const BLOCK: u64 = 256;

/// How many entries are learnt from one snapshot: an old snapshot keeps old pages in the file.
const STRETCH: u64 = 100_000;

/// Which entries are asked for: each field narrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this drift.
    pub drift: Option<DriftId>,
    /// Done by this account.
    pub actor: Option<UserId>,
    /// Any of these; none stands for all.
    pub actions: Vec<Action>,
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub to: Option<Timestamp>,
}

/// The sequence numbers of the entries that pass a filter, as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// All up to this one.
    All(u64),
    /// These.
    Some(RoaringBitmap),
}

/// Where a page begins in a selection whose newest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// After so many.
    Skip(u64),
    /// After this sequence number: stays where it is while entries arrive.
    After(u64),
}

impl Selection {
    /// How many there are.
    pub fn total(&self) -> u64 {
        match self {
            Self::All(newest) => *newest,
            Self::Some(rows) => rows.len(),
        }
    }

    /// So many sequence numbers from a place on, the newest first.
    pub fn page(&self, from: Place, limit: usize) -> Vec<u64> {
        match self {
            Self::All(newest) => {
                let first = match from {
                    Place::Skip(skip) => newest.saturating_sub(skip),
                    Place::After(seq) => seq.saturating_sub(1).min(*newest),
                };
                (1..=first).rev().take(limit).collect()
            }
            Self::Some(rows) => {
                let end = match from {
                    Place::Skip(skip) => {
                        let rank = rows.len().checked_sub(skip.saturating_add(1));
                        let rank = rank.and_then(|rank| u32::try_from(rank).ok());
                        rank.and_then(|rank| rows.select(rank))
                            .map_or(0, |seq| u64::from(seq) + 1)
                    }
                    Place::After(seq) => seq,
                };
                let end = u32::try_from(end).unwrap_or(u32::MAX);
                rows.range(..end).rev().take(limit).map(u64::from).collect()
            }
        }
    }
}

/// What is known of the log's entries, by what filters ask for.
#[derive(Debug, Default)]
pub struct Index(Mutex<Known>);

/// The first `upto` entries.
#[derive(Debug, Default)]
struct Known {
    upto: u64,
    actions: HashMap<Action, RoaringBitmap>,
    actors: HashMap<UserId, RoaringBitmap>,
    /// The earliest and the latest time of each block: the clock may step back, so they may overlap.
    spans: Vec<(i64, i64)>,
}

/// What is learnt of an entry.
#[derive(Debug, Deserialize)]
struct Facts {
    action: Action,
    actor_id: UserId,
    created_at: Timestamp,
}

/// The newest entry's sequence number; 0 where there is none.
///
/// # Errors
/// What reading says.
pub fn newest(read: &impl Reads) -> Result<u64> {
    let key = format!("log.{}", AUDIT.table.name).to_bytes();
    let bytes = read.get_bytes(META.table, &key)?;
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes))
}

/// The entries of these sequence numbers, in this order. One that is missing, which `verify` tells, is left out.
///
/// # Errors
/// What reading says.
pub fn entries(read: &impl Reads, seqs: &[u64]) -> Result<Vec<Entry>> {
    seqs.iter()
        .filter_map(|seq| read.get(&AUDIT, seq).transpose())
        .collect()
}

/// The number of an entry in a bitmap.
fn number(seq: u64) -> Result<u32> {
    u32::try_from(seq).map_err(|_| Error::internal("the audit log has more than 2^32 entries"))
}

impl Filter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an entry passes, the drift aside.
    fn passes(&self, facts: &Facts) -> bool {
        self.actor.is_none_or(|actor| actor == facts.actor_id)
            && (self.actions.is_empty() || self.actions.contains(&facts.action))
            && self.from.is_none_or(|from| facts.created_at >= from)
            && self.to.is_none_or(|to| facts.created_at < to)
    }
}

impl Index {
    /// The entries that pass a filter now. Reads the log where it isn't known yet: not for threads that serve others.
    ///
    /// # Errors
    /// What reading says.
    pub fn select(&self, store: &Store, filter: &Filter) -> Result<Selection> {
        let read = store.snapshot()?;
        let newest = newest(&*read)?;
        if filter.is_empty() {
            return Ok(Selection::All(newest));
        }
        if let Some(drift) = filter.drift {
            return of_drift(&read, drift, filter).map(Selection::Some);
        }
        drop(read);
        let known = self.caught_up(store, newest)?;
        let read = store.snapshot()?;
        let mut rows = known.select(&*read, filter)?;
        rows.remove_range(number(newest)?.saturating_add(1)..);
        Ok(Selection::Some(rows))
    }

    /// What is known, once that reaches up to an entry.
    fn caught_up(&self, store: &Store, newest: u64) -> Result<MutexGuard<'_, Known>> {
        loop {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.upto >= newest {
                return Ok(known);
            }
            let end = newest.min(known.upto + STRETCH);
            known.learn(&*store.snapshot()?, end)?;
        }
    }
}

/// A drift has few entries: each is looked at.
fn of_drift(read: &Snapshot, drift: DriftId, filter: &Filter) -> Result<RoaringBitmap> {
    let range = Range::prefix(&drift);
    let keys: Vec<(DriftId, u64)> =
        read.keys(&AUDIT_BY_DRIFT, &range, Order::Ascending, usize::MAX)?;
    let mut rows = RoaringBitmap::new();
    for (_, seq) in keys {
        let facts: Option<Facts> = read.get(&AUDIT, &seq)?;
        if facts.is_some_and(|facts| filter.passes(&facts)) {
            rows.insert(number(seq)?);
        }
    }
    Ok(rows)
}

/// Visits the entries after one, up to another. Those that can't be read are left out: `verify` tells of them.
fn visit(
    read: &impl Reads,
    after: u64,
    upto: u64,
    mut each: impl FnMut(u32, &Facts),
) -> Result<()> {
    let range = Range::between(&(after + 1), &(upto + 1));
    read.visit(AUDIT.table, &range, Order::Ascending, &mut |key, value| {
        if let (Some(seq), Ok(facts)) = (u64::from_bytes(key), codec::decode::<Facts>(value)) {
            each(number(seq)?, &facts);
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// The block that an entry lies in.
fn block(seq: u64) -> usize {
    usize::try_from((seq - 1) / BLOCK).unwrap_or(usize::MAX)
}

impl Known {
    fn learn(&mut self, read: &impl Reads, upto: u64) -> Result<()> {
        let (actions, actors, spans) = (&mut self.actions, &mut self.actors, &mut self.spans);
        visit(read, self.upto, upto, |number, facts| {
            actions.entry(facts.action).or_default().insert(number);
            actors.entry(facts.actor_id).or_default().insert(number);
            let (at, block) = (facts.created_at.unix_ms(), block(u64::from(number)));
            spans.resize(spans.len().max(block + 1), (i64::MAX, i64::MIN));
            let (earliest, latest) = &mut spans[block];
            *earliest = at.min(*earliest);
            *latest = at.max(*latest);
        })?;
        self.upto = upto;
        Ok(())
    }

    /// The known entries that pass a filter.
    fn select(&self, read: &impl Reads, filter: &Filter) -> Result<RoaringBitmap> {
        let mut parts = Vec::new();
        if let Some(actor) = filter.actor {
            parts.push(self.actors.get(&actor).cloned().unwrap_or_default());
        }
        if !filter.actions.is_empty() {
            let found = filter
                .actions
                .iter()
                .filter_map(|action| self.actions.get(action));
            parts.push(found.fold(RoaringBitmap::new(), |rows, part| rows | part));
        }
        if filter.from.is_some() || filter.to.is_some() {
            parts.push(self.within(read, filter)?);
        }
        Ok(parts
            .into_iter()
            .reduce(|rows, part| rows & part)
            .unwrap_or_default())
    }

    /// The known entries that were made in a time: blocks that lie in it wholly, and what lies in it of those that
    /// reach over its ends.
    fn within(&self, read: &impl Reads, filter: &Filter) -> Result<RoaringBitmap> {
        let from = filter.from.map_or(i64::MIN, Timestamp::unix_ms);
        let to = filter.to.map_or(i64::MAX, Timestamp::unix_ms);
        let mut rows = RoaringBitmap::new();
        for (after, (earliest, latest)) in (0..).step_by(BLOCK as usize).zip(&self.spans) {
            let upto = self.upto.min(after + BLOCK);
            if *earliest >= from && *latest < to && earliest <= latest {
                rows.insert_range(number(after + 1)?..=number(upto)?);
            } else if *latest >= from && *earliest < to {
                visit(read, after, upto, |number, facts| {
                    if (from..to).contains(&facts.created_at.unix_ms()) {
                        rows.insert(number);
                    }
                })?;
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::actor::Actor;
    use crate::audit::{Draft, record};
    use crate::store::{Options, Writes};

    /// What one entry is made of: seconds since an hour ago, a place in `Action::ALL`, whose, about which drift.
    type Made = (i64, usize, u128, Option<u128>);

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        })
        .unwrap();
        (dir, store)
    }

    fn id(n: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(n)
    }

    fn time(s: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_334_400_000 + s * 1000)
    }

    fn fill(store: &Store, made: &[Made]) {
        let made = made.to_vec();
        store
            .write_blocking(move |_, _| {
                let mut writes = Writes::new();
                for (s, action, actor, drift) in &made {
                    let by = Actor {
                        id: UserId(id(*actor)),
                        ..Actor::system("test")
                    };
                    let draft = Draft {
                        drift: drift.map(|drift| DriftId(id(drift))),
                        ..Draft::default()
                    };
                    record(&mut writes, &by, Action::ALL[*action], draft, time(*s));
                }
                Ok(((), writes))
            })
            .unwrap();
    }

    fn made() -> impl Strategy<Value = Made> {
        (0..4_i64, 0..3_usize, 0..2_u128, prop::option::of(0..2_u128))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn a_filter_finds_what_a_scan_finds(
            first in prop::collection::vec(made(), 0..600),
            then in prop::collection::vec(made(), 0..40),
            asked in prop::collection::vec(
                (prop::option::of(0..2_u128), prop::option::of(0..2_u128),
                 prop::collection::vec(0..3_usize, 0..2),
                 prop::option::of(0..5_i64), prop::option::of(0..5_i64)),
                1..20,
            ),
        ) {
            let (_dir, store) = store();
            let index = Index::default();
            // The clock goes up by and by, and steps back now and then.
            let mut all: Vec<Made> = first;
            let n = all.len() as i64;
            for (i, made) in all.iter_mut().enumerate() {
                made.0 += (i as i64) / 50 - if i as i64 > n - 20 { 5 } else { 0 };
            }
            fill(&store, &all);
            for half in [&[][..], &then] {
                fill(&store, half);
                all.extend_from_slice(half);
                for (drift, actor, actions, from, to) in &asked {
                    let filter = Filter {
                        drift: drift.map(|n| DriftId(id(n))),
                        actor: actor.map(|n| UserId(id(n))),
                        actions: actions.iter().map(|n| Action::ALL[*n]).collect(),
                        from: from.map(time),
                        to: to.map(time),
                    };
                    let found = index.select(&store, &filter).unwrap();
                    let mut wanted: Vec<u64> = all.iter().zip(1..).filter(|((s, action, by, about), _)| {
                        drift.is_none_or(|drift| *about == Some(drift))
                            && actor.is_none_or(|actor| *by == actor)
                            && (actions.is_empty() || actions.contains(action))
                            && from.is_none_or(|from| *s >= from)
                            && to.is_none_or(|to| *s < to)
                    }).map(|(_, seq)| seq).collect();
                    wanted.reverse();
                    prop_assert_eq!(found.total(), wanted.len() as u64);
                    prop_assert_eq!(found.page(Place::Skip(0), usize::MAX), wanted.clone());
                    let skipped: Vec<u64> = wanted.iter().copied().skip(3).take(2).collect();
                    prop_assert_eq!(found.page(Place::Skip(3), 2), skipped.clone());
                    if let Some(third) = wanted.get(2) {
                        prop_assert_eq!(found.page(Place::After(*third), 2), skipped);
                    }
                }
            }
        }
    }

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        for selection in [Selection::All(3), Selection::Some((1..=3).collect())] {
            assert_eq!(selection.page(Place::Skip(0), 2), [3, 2]);
            assert_eq!(selection.page(Place::Skip(2), 2), [1]);
            for beyond in [
                Place::Skip(3),
                Place::Skip(u64::MAX),
                Place::After(1),
                Place::After(0),
            ] {
                assert!(selection.page(beyond, 2).is_empty(), "{beyond:?}");
            }
            assert_eq!(selection.page(Place::After(u64::MAX), 1), [3]);
        }
    }
}
