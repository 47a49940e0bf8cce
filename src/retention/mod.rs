//! Retention: what is over is removed after a while, where an administrator says so.
//!
//! Off by default. A run first looks for what is due, then removes it in small steps, each whole in itself: rows, indexes and
//! counters together. The first step has the run's entry in the audit log. The audit log itself is never cut: an entry that
//! can be taken away proves nothing.
//!
//! What refers to something that was removed keeps its id: a drift's `recurrenceOf` and `scanId`, an alert's `scanId`, an
//! audit entry's `driftId`. The greatest id that was removed is kept, so that a check can tell what was removed from what was
//! lost.

mod removal;

use std::ops::ControlFlow;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::actor::Actor;
use crate::alerts;
use crate::audit::{self, Action, Draft};
use crate::drifts;
use crate::error::Result;
use crate::ids::{AlertId, DriftId, ScanId};
use crate::scans;
use crate::store::tables::{ALERTS, DRIFTS, META, SCANS};
use crate::store::{Order, Range, Reads, Table, Writes, codec, keys::Key};
use crate::time::Timestamp;

/// How long what is over is kept, in milliseconds; none for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Resolved drifts, since they were resolved, with their timelines, states, differences and alerts.
    pub resolved_drifts_ms: Option<i64>,
    /// Scans, since they were taken in. A workspace's newest one stays.
    pub scans_ms: Option<i64>,
    /// Alerts that were read, since then.
    pub read_alerts_ms: Option<i64>,
}

impl Policy {
    /// Whether everything is kept for ever.
    pub fn is_off(self) -> bool {
        self == Self::default()
    }

    /// Before which moments things are over at this one.
    pub fn limits(self, now: Timestamp) -> Limits {
        let before = |span: Option<i64>| span.map(|ms| now.plus_ms(-ms));
        Limits {
            drifts: before(self.resolved_drifts_ms),
            scans: before(self.scans_ms),
            alerts: before(self.read_alerts_ms),
        }
    }
}

/// Before which moments things are over; none where they never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    drifts: Option<Timestamp>,
    scans: Option<Timestamp>,
    alerts: Option<Timestamp>,
}

/// What can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A resolved drift, with all that belongs to it.
    Drift(DriftId),
    /// A scan.
    Scan(ScanId),
    /// An alert.
    Alert(AlertId),
}

/// What a look through a part of the tables found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// What is due, in the order in which it has to be removed.
    pub items: Vec<Item>,
    /// Drifts that are due and were once at another address: to be removed last, those that were resolved first before
    /// others, since an index may lead from such an address to them.
    pub moved: Vec<(Timestamp, DriftId)>,
}

/// A place in a look through the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    kind: Kind,
    after: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Drifts,
    Scans,
    Alerts,
}

impl Place {
    /// Where a look begins.
    pub fn start() -> Self {
        Self {
            kind: Kind::Drifts,
            after: None,
        }
    }

    fn next_kind(&self) -> Option<Self> {
        let kind = match self.kind {
            Kind::Drifts => Kind::Scans,
            Kind::Scans => Kind::Alerts,
            Kind::Alerts => return None,
        };
        Some(Self { kind, after: None })
    }
}

/// Looks through at most so many rows from a place on, and says where to go on; `None` at the end.
///
/// Ids ascend with time: what is younger than the limit is not looked at.
///
/// # Errors
/// What reading says.
pub fn look(
    read: &impl Reads,
    limits: &Limits,
    place: &Place,
    rows: usize,
    found: &mut Found,
) -> Result<Option<Place>> {
    let (table, before) = match place.kind {
        Kind::Drifts => (DRIFTS.table, limits.drifts),
        Kind::Scans => (SCANS.table, limits.scans),
        Kind::Alerts => (ALERTS.table, limits.alerts),
    };
    let Some(before) = before else {
        return Ok(place.next_kind());
    };
    let mut last = None;
    let mut left = rows;
    let range = Range {
        start: place.after.map_or_else(Vec::new, |id| {
            let mut start = id.as_bytes().to_vec();
            start.push(0);
            start
        }),
        end: Some(first_id_at(before).as_bytes().to_vec()),
    };
    let mut due = Vec::new();
    read.visit(table, &range, Order::Ascending, &mut |key, value| {
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        last = Uuid::from_slice(key).ok();
        match place.kind {
            Kind::Drifts => {
                let drift: drifts::Record = codec::decode(value)?;
                if let Some(end) = drift.resolved.as_ref().filter(|end| end.at < before) {
                    due.push((end.at, Item::Drift(drift.id)));
                }
            }
            Kind::Scans => {
                let scan: scans::Record = codec::decode(value)?;
                if scan.finished_at < before {
                    due.push((scan.finished_at, Item::Scan(scan.id)));
                }
            }
            Kind::Alerts => {
                let alert: alerts::Record = codec::decode(value)?;
                if let Some(reading) = alert.read.as_ref().filter(|read| read.at < before) {
                    due.push((reading.at, Item::Alert(alert.id)));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (at, item) in due {
        match item {
            Item::Drift(id) if removal::has_moved(read, id)? => found.moved.push((at, id)),
            Item::Scan(id) if removal::is_needed_scan(read, id)? => {}
            Item::Alert(id) if removal::is_needed_alert(read, id)? => {}
            _ => found.items.push(item),
        }
    }
    Ok(match last.filter(|_| left == 0) {
        Some(id) => Some(Place {
            kind: place.kind,
            after: Some(id),
        }),
        None => place.next_kind(),
    })
}

/// The smallest id that could have been made at a moment.
fn first_id_at(at: Timestamp) -> Uuid {
    let ms = u128::try_from(at.unix_ms()).unwrap_or(0);
    Uuid::from_u128(ms << 80)
}

/// The moment that an id says it was made at.
pub fn moment_of(id: Uuid) -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX))
}

/// How much of a run is one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is removed.
    pub items: Vec<Item>,
    /// What the run's entry in the audit log says; with the first step.
    pub entry: Option<Value>,
}

/// What the entry of a run says.
pub fn entry_of(limits: &Limits, items: &[Item]) -> Value {
    let count = |is: fn(&Item) -> bool| items.iter().filter(|item| is(item)).count();
    let one = |before: Option<Timestamp>, count: usize| {
        before.map(|before| json!({"before": before, "count": count}))
    };
    json!({
        "resolvedDrifts": one(limits.drifts, count(|item| matches!(item, Item::Drift(_)))),
        "scans": one(limits.scans, count(|item| matches!(item, Item::Scan(_)))),
        "readAlerts": one(limits.alerts, count(|item| matches!(item, Item::Alert(_)))),
    })
}

/// Removes what a step names, as far as it is still due, and gives what could not be removed wholly yet: the same step again
/// goes on with it.
///
/// # Errors
/// What reading says.
pub fn apply(
    read: &impl Reads,
    step: &Step,
    limits: &Limits,
    now: Timestamp,
) -> Result<(Vec<Item>, Writes)> {
    let mut writes = Writes::new();
    let mut left = Vec::new();
    for item in &step.items {
        let removed = match *item {
            Item::Drift(id) => removal::drift(read, id, limits.drifts)?,
            Item::Scan(id) => removal::scan(read, id, limits.scans)?,
            Item::Alert(id) => removal::alert(read, id, limits.alerts)?,
        };
        let Some((is_whole, rows)) = removed else {
            continue;
        };
        writes.add(rows);
        if !is_whole {
            left.push(*item);
        }
    }
    for (table, name) in REMOVED {
        note_greatest(read, &mut writes, table, name)?;
    }
    if let Some(details) = &step.entry {
        let draft = Draft {
            details: Some(details.clone()),
            ..Draft::default()
        };
        let by = Actor::system("retention");
        audit::record(&mut writes, &by, Action::RetentionApplied, draft, now);
    }
    Ok((left, writes))
}

/// Where the greatest id is noted that was removed of a table.
const REMOVED: [(Table, &str); 3] = [
    (DRIFTS.table, "removed.drifts"),
    (SCANS.table, "removed.scans"),
    (ALERTS.table, "removed.alerts"),
];

fn note_greatest(read: &impl Reads, writes: &mut Writes, table: Table, name: &str) -> Result<()> {
    let greatest = writes
        .rows()
        .iter()
        .filter(|row| row.table == table && row.value.is_none())
        .map(|row| row.key.clone())
        .max();
    let known = removed_until(read, table)?;
    if let Some(greatest) = greatest
        && known.is_none_or(|known| known.as_bytes().as_slice() < greatest.as_slice())
    {
        writes.put_bytes(&META, &name.to_owned(), greatest);
    }
    Ok(())
}

/// The greatest id of a table's rows that retention removed; none where it removed none. What is missing and greater was
/// lost.
///
/// # Errors
/// What reading says.
pub fn removed_until(read: &impl Reads, table: Table) -> Result<Option<Uuid>> {
    let Some((_, name)) = REMOVED.iter().find(|(of, _)| *of == table) else {
        return Ok(None);
    };
    let bytes = read.get_bytes(META.table, &(*name).to_owned().to_bytes())?;
    Ok(bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_moments_are_compared_by_time() {
        let at = Timestamp::from_unix_ms(1_764_344_657_123);
        let id = DriftId::new(at);
        assert!(first_id_at(at) <= id.0);
        assert!(first_id_at(at.plus_ms(1_000_000_000)) > id.0);
        assert_eq!(moment_of(first_id_at(at)), at);
    }

    #[test]
    fn a_policy_is_off_unless_something_is_said() {
        assert!(Policy::default().is_off());
        let policy = Policy {
            scans_ms: Some(1_000),
            ..Policy::default()
        };
        assert!(!policy.is_off());
        let now = Timestamp::from_unix_ms(5_000);
        let limits = policy.limits(now);
        assert_eq!(limits.scans, Some(Timestamp::from_unix_ms(4_000)));
        assert_eq!((limits.drifts, limits.alerts), (None, None));
        let items = [Item::Scan(ScanId::new(now)), Item::Scan(ScanId::new(now))];
        assert_eq!(
            entry_of(&limits, &items),
            json!({
                "resolvedDrifts": null,
                "scans": {"before": "1970-01-01T00:00:04.000Z", "count": 2},
                "readAlerts": null,
            })
        );
    }
}
