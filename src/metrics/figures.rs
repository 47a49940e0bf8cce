//! Counts in memory: what is asked every few seconds for the first page of the UI is answered without reading the store.
//!
//! The counters follow each commit, with two figures of the workspaces that need more than a counter: how many have
//! open drifts, and how many have fallen silent, which time alone can change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use super::{Count, Health, Summary, Trend};
use crate::drifts::records::counters;
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::store::tables::{COUNTERS, WORKSPACES};
use crate::store::{
    Counter, Order, Range, Reads, Row, Snapshot, Table, View, Visit, codec, keys::Key,
};
use crate::time::{Day, Timestamp};
use crate::workspaces;

/// How many numbers of days are remembered: people ask for three or four.
const ANSWERS: usize = 16;

/// The counts in memory.
#[derive(Debug, Default)]
pub struct Figures {
    now: RwLock<Now>,
    answers: Mutex<Answers>,
}

/// As one commit left them.
#[derive(Debug, Default)]
struct Now {
    /// Counts commits.
    generation: u64,
    /// Every counter but those of one workspace.
    counters: BTreeMap<Vec<u8>, i64>,
    /// Counters of open drifts by what follows in their key: a workspace's id, and a severity.
    open_in: HashMap<Vec<u8>, i64>,
    /// How many of those each workspace has that are not 0.
    drifted: HashMap<WorkspaceId, u8>,
    workspaces: HashMap<WorkspaceId, Option<i64>>,
    /// The last moments at which workspaces are not silent yet, in Unix milliseconds.
    ends: BTreeSet<(i64, WorkspaceId)>,
}

/// What was answered, of one state.
#[derive(Debug, Default)]
struct Answers {
    generation: u64,
    /// By days: from when until when it holds, in Unix milliseconds.
    summaries: HashMap<u16, ((i64, i64), Summary)>,
    /// By days, of one day.
    trends: HashMap<u16, (Day, Trend)>,
}

impl Now {
    fn count(&mut self, key: &[u8], value: i64) {
        let open_in = counters::open_in();
        if let Some(rest) = key.strip_prefix(open_in.key()) {
            let before = match value {
                0 => self.open_in.remove(rest),
                _ => self.open_in.insert(rest.to_vec(), value),
            };
            let change = i8::from(value > 0) - i8::from(before.unwrap_or(0) > 0);
            if let (Some(id), true) = (
                rest.get(..16).and_then(WorkspaceId::from_bytes),
                change != 0,
            ) {
                let kinds = self.drifted.entry(id).or_default();
                *kinds = kinds.saturating_add_signed(change);
                if *kinds == 0 {
                    self.drifted.remove(&id);
                }
            }
        } else if key.starts_with(counters::unresolved().key()) {
            // Nothing here asks for them, and there is one for each workspace.
        } else if value == 0 {
            self.counters.remove(key);
        } else {
            self.counters.insert(key.to_vec(), value);
        }
    }

    fn put(&mut self, key: &[u8], workspace: Option<&[u8]>) -> Result<()> {
        let Some(id) = WorkspaceId::from_bytes(key) else {
            return Ok(());
        };
        let before = match workspace {
            Some(value) => {
                let workspace: workspaces::Record = codec::decode(value)?;
                let end = workspace.silent_after().map(Timestamp::unix_ms);
                self.ends.extend(end.map(|end| (end, id)));
                self.workspaces
                    .insert(id, end)
                    .filter(|before| *before != end)
            }
            None => self.workspaces.remove(&id),
        };
        if let Some(Some(before)) = before {
            self.ends.remove(&(before, id));
        }
        Ok(())
    }

    /// How the workspaces are, and the next moment at which one of them may fall silent.
    fn health(&self, now: Timestamp) -> (Health, i64) {
        let silent = self.ends.range(..(now.unix_ms(), least())).count();
        let next = self.ends.range((now.unix_ms(), least())..).next();
        let health = Health {
            total: self.workspaces.len() as u64,
            drifted: self.drifted.len() as u64,
            silent: silent as u64,
        };
        (health, next.map_or(i64::MAX, |(end, _)| *end))
    }
}

/// The id that comes before all others.
fn least() -> WorkspaceId {
    WorkspaceId(uuid::Uuid::nil())
}

/// Counters from memory, and all else from the store.
struct Counted<'a> {
    now: &'a Now,
    read: &'a Snapshot,
}

impl Reads for Counted<'_> {
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if table == COUNTERS.table {
            let count = self.now.counters.get(key);
            return Ok(count.map(|count| count.to_be_bytes().to_vec()));
        }
        self.read.get_bytes(table, key)
    }

    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()> {
        if table != COUNTERS.table || order == Order::Descending {
            return self.read.visit(table, range, order, visit);
        }
        let is_before_end = |key: &[u8]| range.end.as_deref().is_none_or(|end| key < end);
        let from_start = self.now.counters.range(range.start.clone()..);
        for (key, count) in from_start.take_while(|(key, _)| is_before_end(key)) {
            if visit(key, &count.to_be_bytes())? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl Figures {
    fn now(&self) -> RwLockReadGuard<'_, Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered of this state.
    fn answers(&self, now: &Now) -> MutexGuard<'_, Answers> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.generation != now.generation {
            *answers = Answers {
                generation: now.generation,
                ..Answers::default()
            };
        }
        answers
    }

    /// As [`super::summary`]. Called under the lock of `Store::with_views`, with its tables.
    ///
    /// # Errors
    /// What reading says.
    pub fn summary(&self, read: &Snapshot, days: u16, at: Timestamp) -> Result<Summary> {
        let now = self.now();
        let mut answers = self.answers(&now);
        if let Some(((from, until), summary)) = answers.summaries.get(&days)
            && (*from..=*until).contains(&at.unix_ms())
        {
            return Ok(summary.clone());
        }
        let (health, next) = now.health(at);
        let counted = Counted { now: &now, read };
        let summary = super::summary_with(&counted, health, days, at)?;
        let tomorrow = Day(at.day().0 + 1).start().unix_ms();
        if answers.summaries.len() >= ANSWERS {
            answers.summaries.clear();
        }
        let holds = (at.unix_ms(), next.min(tomorrow - 1));
        answers.summaries.insert(days, (holds, summary.clone()));
        Ok(summary)
    }

    /// As [`super::trend`]. Called under the lock of `Store::with_views`, with its tables.
    ///
    /// # Errors
    /// What reading says.
    pub fn trend(&self, read: &Snapshot, days: u16, at: Timestamp) -> Result<Trend> {
        let now = self.now();
        let mut answers = self.answers(&now);
        if let Some((day, trend)) = answers.trends.get(&days)
            && *day == at.day()
        {
            return Ok(trend.clone());
        }
        let trend = super::trend(&Counted { now: &now, read }, days, at)?;
        if answers.trends.len() >= ANSWERS {
            answers.trends.clear();
        }
        answers.trends.insert(days, (at.day(), trend.clone()));
        Ok(trend)
    }

    /// As [`super::by_severity`]. Called under the lock of `Store::with_views`, with its tables.
    ///
    /// # Errors
    /// What reading says.
    pub fn by_severity(&self, read: &Snapshot) -> Result<Vec<Count>> {
        let now = self.now();
        super::by_severity(&Counted { now: &now, read })
    }

    /// As [`super::by_status`]. Called under the lock of `Store::with_views`, with its tables.
    ///
    /// # Errors
    /// What reading says.
    pub fn by_status(&self, read: &Snapshot) -> Result<Vec<Count>> {
        let now = self.now();
        super::by_status(&Counted { now: &now, read })
    }
}

impl View for Figures {
    fn tables(&self) -> &[Table] {
        // Scans are not kept, but an answer has the newest one.
        const {
            &[
                COUNTERS.table,
                WORKSPACES.table,
                crate::store::tables::SCANS.table,
            ]
        }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut now = Now {
            generation: self.now().generation + 1,
            ..Now::default()
        };
        let all = Range::all();
        read.visit(COUNTERS.table, &all, Order::Ascending, &mut |key, value| {
            now.count(key, Counter::read(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        read.visit(
            WORKSPACES.table,
            &all,
            Order::Ascending,
            &mut |key, value| {
                now.put(key, Some(value))?;
                Ok(ControlFlow::Continue(()))
            },
        )?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        now.generation += 1;
        for row in rows {
            let value = row.value.as_deref();
            if row.table == COUNTERS.table {
                let count = value.map_or(Ok(0), Counter::read)?;
                now.count(&row.key, count);
            } else if row.table == WORKSPACES.table {
                now.put(&row.key, value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> WorkspaceId {
        WorkspaceId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_workspace_is_drifted_while_any_severity_is_open() {
        let mut now = Now::default();
        let mut drifted = |workspace, severity, open| {
            now.count(counters::of_workspace(id(workspace), severity).key(), open);
            now.health(Timestamp::from_unix_ms(0)).0.drifted
        };
        assert_eq!(drifted(1, "critical", 2), 1);
        assert_eq!(drifted(1, "info", 1), 1);
        assert_eq!(drifted(2, "info", 5), 2);
        assert_eq!(drifted(1, "critical", 0), 2);
        assert_eq!(drifted(1, "info", 0), 1);
        assert_eq!(drifted(2, "info", 4), 1);
    }

    #[test]
    fn a_workspace_falls_silent_with_time_alone() {
        let mut now = Now::default();
        now.ends.extend([(100, id(1)), (100, id(2)), (300, id(3))]);
        let health = |at| now.health(Timestamp::from_unix_ms(at));
        for (at, silent, next) in [
            (99, 0, 100),
            (100, 0, 100),
            (101, 2, 300),
            (301, 3, i64::MAX),
        ] {
            let (health, until) = health(at);
            assert_eq!((health.silent, until), (silent, next), "{at}");
        }
    }
}
