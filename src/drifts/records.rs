//! A drift's rows: what is written where, and what is counted, when one is made or changes.
//!
//! Everything derived from a drift is derived here, from the record before and the one after. So a check can derive
//! it again and compare.

use serde_json::{Map, Value};

use super::{Identity, Record, Severity, Status};
use crate::error::{Error, Result};
use crate::ids::{DriftId, WorkspaceId};
use crate::ingest::scan::{Difference, Facet, Finding, Kind, State};
use crate::money::Cents;
use crate::store::tables::{DRIFT_DIFFERENCES, DRIFT_STATES, DRIFTS, DRIFTS_LATEST, DRIFTS_OPEN};
use crate::store::{Counter, Reads, Writes, pack};
use crate::time::Timestamp;

/// The names of what is counted over drifts.
pub mod counters {
    use super::{Counter, Timestamp, WorkspaceId};
    use crate::time::Day;

    /// All drifts.
    pub fn total() -> Counter {
        Counter::new("drifts.total")
    }
    /// By status.
    pub fn status(name: &str) -> Counter {
        Counter::new("drifts.status").word(name)
    }
    /// By severity.
    pub fn severity(name: &str) -> Counter {
        Counter::new("drifts.severity").word(name)
    }
    /// By kind.
    pub fn kind(name: &str) -> Counter {
        Counter::new("drifts.kind").word(name)
    }
    /// Open ones by severity.
    pub fn open_severity(name: &str) -> Counter {
        Counter::new("drifts.open_severity").word(name)
    }
    /// Open ones of each workspace; [`of_workspace`] narrows it.
    pub fn open_in() -> Counter {
        Counter::new("drifts.open_in")
    }
    /// Open ones of a workspace by severity.
    pub fn of_workspace(workspace: WorkspaceId, severity: &str) -> Counter {
        open_in().by(&workspace).word(severity)
    }
    /// Unresolved ones of each workspace; [`unresolved_in`] narrows it.
    pub fn unresolved() -> Counter {
        Counter::new("drifts.unresolved_in")
    }
    /// Unresolved ones of a workspace, rejected ones included.
    pub fn unresolved_in(workspace: WorkspaceId) -> Counter {
        unresolved().by(&workspace)
    }
    /// Monthly cents of the open ones.
    pub fn open_cost() -> Counter {
        Counter::new("cost.open")
    }
    /// Monthly cents of the approved ones.
    pub fn approved_cost() -> Counter {
        Counter::new("cost.approved")
    }
    /// Monthly cents of the open ones that cost more than they should.
    pub fn savings() -> Counter {
        Counter::new("cost.savings")
    }
    /// Open ones whose cost nobody knows.
    pub fn unpriced() -> Counter {
        Counter::new("cost.unpriced")
    }
    /// By how much the cost of the open ones moved, by day.
    pub fn open_cost_moves() -> Counter {
        Counter::new("cost.open_moves")
    }
    /// By how much the cost of the approved ones moved, by day.
    pub fn approved_cost_moves() -> Counter {
        Counter::new("cost.approved_moves")
    }
    /// First decisions by day: how many.
    pub fn decided() -> Counter {
        Counter::new("drifts.decided")
    }
    /// First decisions by day: milliseconds since the drift was made, together.
    pub fn decided_ms() -> Counter {
        Counter::new("drifts.decided_ms")
    }
    /// Resolutions by day: how many.
    pub fn ended() -> Counter {
        Counter::new("drifts.ended")
    }
    /// Resolutions by day: milliseconds since the drift was made, together.
    pub fn ended_ms() -> Counter {
        Counter::new("drifts.ended_ms")
    }
    /// One day of a counter that is kept by day.
    pub fn on(counter: Counter, day: Day) -> Counter {
        counter.by(&day)
    }
    pub(super) fn on_day_of(counter: Counter, at: Timestamp) -> Counter {
        on(counter, at.day())
    }
}

/// How the indexes name a resource, or one side of it: workspace, facet, address, deposed key.
pub type IdentityKey = (WorkspaceId, u8, String, String);

/// The key under which the indexes have a drift.
pub fn key_of(record: &Record) -> IdentityKey {
    identity_key(record.workspace_id, &record.identity())
}

fn identity_key(workspace: WorkspaceId, identity: &Identity) -> IdentityKey {
    let facet = match identity.facet {
        Facet::Live => 0,
        Facet::Pending => 1,
        Facet::Unmanaged => 2,
    };
    (
        workspace,
        facet,
        identity.address.clone(),
        identity.deposed.clone(),
    )
}

/// Money that a drift adds to the open ones, and to the approved ones.
fn costs(record: &Record) -> (i64, i64) {
    let cents = record.cost.unwrap_or_default().0;
    let open = if record.status.is_open() { cents } else { 0 };
    let approved = if record.status == Status::Approved {
        cents
    } else {
        0
    };
    (open, approved)
}

/// What a drift counts for, as it stands.
fn count(writes: &mut Writes, record: &Record, sign: i64) {
    let kind = kind_name(record);
    writes.count(counters::total(), sign);
    writes.count(counters::status(record.status.name()), sign);
    writes.count(counters::severity(record.severity.name()), sign);
    writes.count(counters::kind(kind), sign);
    if record.status != Status::Resolved {
        writes.count(counters::unresolved_in(record.workspace_id), sign);
    }
    if record.status.is_open() {
        writes.count(counters::open_severity(record.severity.name()), sign);
        writes.count(
            counters::of_workspace(record.workspace_id, record.severity.name()),
            sign,
        );
        match record.cost {
            None => writes.count(counters::unpriced(), sign),
            Some(Cents(cents)) => writes.count(counters::savings(), cents.max(0) * sign),
        }
    }
    let (open, approved) = costs(record);
    writes.count(counters::open_cost(), open * sign);
    writes.count(counters::approved_cost(), approved * sign);
}

/// A drift's kind, as the API writes it.
pub fn kind_name(record: &Record) -> &'static str {
    name_of_kind(record.kind)
}

/// A kind, as the API writes it.
pub fn name_of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Modified => "modified",
        Kind::Missing => "missing",
        Kind::Unmanaged => "unmanaged",
        Kind::Pending => "pending",
        Kind::StateOnly => "state_only",
    }
}

/// What a drift writes that doesn't depend on when: its row, its indexes, its counts. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    let key = identity_key(record.workspace_id, &record.identity());
    writes.put(&DRIFTS, &record.id, record)?;
    if record.status != Status::Resolved {
        writes.point(&DRIFTS_OPEN, &key, &record.id);
    }
    count(&mut writes, record, 1);
    Ok(writes)
}

/// The days on which a drift was first decided and on which it ended, with what each adds to the counters of that day.
/// A check derives the same from the record alone: only one of the two decisions is ever taken, and both stay on it.
pub fn history(record: &Record) -> Writes {
    let mut writes = Writes::new();
    let decision = record.approved.as_ref().or(record.rejected.as_ref());
    if let Some(decision) = decision {
        let ms = since(record.created_at, decision.at);
        writes.count(counters::on_day_of(counters::decided(), decision.at), 1);
        writes.count(counters::on_day_of(counters::decided_ms(), decision.at), ms);
    }
    if let Some(end) = &record.resolved {
        let ms = since(record.created_at, end.at);
        writes.count(counters::on_day_of(counters::ended(), end.at), 1);
        writes.count(counters::on_day_of(counters::ended_ms(), end.at), ms);
    }
    writes
}

/// Milliseconds from one moment to a later one; 0 where the clock was set back between them.
fn since(from: Timestamp, to: Timestamp) -> i64 {
    to.unix_ms().saturating_sub(from.unix_ms()).max(0)
}

/// Writes a new drift.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn insert(record: &Record, finding: &Finding, now: Timestamp) -> Result<Writes> {
    let mut writes = standing(record)?;
    writes.point(
        &DRIFTS_LATEST,
        &identity_key(record.workspace_id, &record.identity()),
        &record.id,
    );
    writes.add(content(record.id, finding)?);
    moves(&mut writes, (0, 0), costs(record), now);
    Ok(writes)
}

/// Writes what changed between two versions of a drift.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn replace(before: &Record, after: &Record, now: Timestamp) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&DRIFTS, &after.id, after)?;
    let old_key = identity_key(before.workspace_id, &before.identity());
    let new_key = identity_key(after.workspace_id, &after.identity());
    let (was_open, is_open) = (
        before.status != Status::Resolved,
        after.status != Status::Resolved,
    );
    if was_open && (!is_open || old_key != new_key) {
        writes.delete(&DRIFTS_OPEN, &old_key);
    }
    if is_open && old_key != new_key {
        writes.point(&DRIFTS_OPEN, &new_key, &after.id);
    }
    if old_key != new_key {
        writes.point(&DRIFTS_LATEST, &new_key, &after.id);
    }
    count(&mut writes, before, -1);
    count(&mut writes, after, 1);
    moves(&mut writes, costs(before), costs(after), now);

    for (counter, delta) in history(before).counts() {
        writes.count(counter.clone(), -delta);
    }
    writes.add(history(after));
    Ok(writes)
}

/// Keeps the cost trend: by how much it moved today.
fn moves(writes: &mut Writes, before: (i64, i64), after: (i64, i64), now: Timestamp) {
    writes.count(
        counters::on_day_of(counters::open_cost_moves(), now),
        after.0 - before.0,
    );
    writes.count(
        counters::on_day_of(counters::approved_cost_moves(), now),
        after.1 - before.1,
    );
}

/// Writes a drift's difference and states.
///
/// # Errors
/// `Internal`, when they can't be encoded.
pub fn content(id: DriftId, finding: &Finding) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put_bytes(
        &DRIFT_DIFFERENCES,
        &id,
        difference_json(&finding.difference).into_bytes(),
    );
    let text = |state: &Option<State>| state.as_ref().map_or("null", State::text).to_owned();
    let (expected, actual) = (text(&finding.expected), text(&finding.actual));
    let states = format!(r#"{{"actual":{actual},"expected":{expected}}}"#);
    let packed = pack::pack(states.as_bytes())?;
    writes.put_bytes(&DRIFT_STATES, &id, packed);
    Ok(writes)
}

/// The difference as the API prints it: an object by JSON pointer.
fn difference_json(difference: &[Difference]) -> String {
    let by_pointer: Map<String, Value> = difference
        .iter()
        .map(|one| {
            let value = serde_json::json!({
                "expected": one.expected,
                "actual": one.actual,
                "change": one.change,
                "sensitive": one.sensitive,
            });
            (one.pointer.clone(), value)
        })
        .collect();
    Value::Object(by_pointer).to_string()
}

/// A drift by its id.
///
/// # Errors
/// `NotFound`; else what reading says.
pub fn by_id(read: &impl Reads, id: DriftId) -> Result<Record> {
    read.get(&DRIFTS, &id)?.ok_or(Error::NotFound("drift"))
}

/// A drift's difference, as JSON text.
///
/// # Errors
/// What reading says.
pub fn difference_of(read: &impl Reads, id: DriftId) -> Result<String> {
    let bytes = read.get_bytes(DRIFT_DIFFERENCES.table, id.0.as_bytes())?;
    bytes.map_or(Ok("{}".to_owned()), |bytes| {
        String::from_utf8(bytes).map_err(Error::internal)
    })
}

/// Whether a stored difference, as JSON text, is the one that its drift was recorded with: pointers and declared values.
pub fn is_difference_of(record: &Record, difference: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(difference).is_ok_and(|by_pointer| {
        let null = Value::Null;
        let expected = by_pointer.iter().map(|(pointer, one)| {
            let expected = one.get("expected").unwrap_or(&null);
            (pointer.as_str(), expected)
        });
        // Records made before the digest was kept have none.
        record.shown == 0 || super::reconcile::shown_of(expected) == record.shown
    })
}

/// A drift's states, as JSON text of each.
#[derive(Debug, serde::Deserialize)]
pub struct States {
    /// The declared one, or `null`.
    pub expected: Box<serde_json::value::RawValue>,
    /// The live one, or `null`.
    pub actual: Box<serde_json::value::RawValue>,
}

/// A drift's states.
///
/// # Errors
/// What reading says.
pub fn states_of(read: &impl Reads, id: DriftId) -> Result<Option<States>> {
    let Some(packed) = read.get_bytes(DRIFT_STATES.table, id.0.as_bytes())? else {
        return Ok(None);
    };
    let text = pack::unpack(&packed)?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(Error::internal)
}

/// The unresolved drift of an identity, if there is one.
///
/// # Errors
/// What reading says.
pub fn open_of(
    read: &impl Reads,
    workspace: WorkspaceId,
    identity: &Identity,
) -> Result<Option<Record>> {
    match read.get_key(&DRIFTS_OPEN, &identity_key(workspace, identity))? {
        Some(id) => by_id(read, id).map(Some),
        None => Ok(None),
    }
}

/// The newest drift of an identity, resolved or not.
///
/// # Errors
/// What reading says.
pub fn latest_of(
    read: &impl Reads,
    workspace: WorkspaceId,
    identity: &Identity,
) -> Result<Option<DriftId>> {
    read.get_key(&DRIFTS_LATEST, &identity_key(workspace, identity))
}

/// Every unresolved drift of a workspace.
///
/// # Errors
/// What reading says.
pub fn open_in(read: &impl Reads, workspace: WorkspaceId) -> Result<Vec<Record>> {
    use crate::store::keys::Key;
    use crate::store::{Order, Range};
    let mut ids = Vec::new();
    read.visit(
        DRIFTS_OPEN.table,
        &Range::prefix(&workspace),
        Order::Ascending,
        &mut |_, value| {
            ids.extend(DriftId::from_bytes(value));
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    ids.into_iter().map(|id| by_id(read, id)).collect()
}

/// Open drifts of a workspace, for each severity in the order of [`Severity::ALL`].
///
/// # Errors
/// What reading says.
pub fn open_by_severity(read: &impl Reads, workspace: WorkspaceId) -> Result<[i64; 3]> {
    let [critical, warning, info] = Severity::ALL
        .map(|severity| read.counter(&counters::of_workspace(workspace, severity.name())));
    Ok([critical?, warning?, info?])
}
