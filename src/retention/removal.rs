//! What goes with a thing that is removed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::alerts::{self, Type};
use crate::drifts::timeline::{self, Action as Happened};
use crate::drifts::{self, records};
use crate::error::Result;
use crate::ids::{AlertId, DriftId, ScanId, WorkspaceId};
use crate::scans;
use crate::store::tables::{
    ALERTS, ALERTS_BY_DRIFT, DRIFT_DIFFERENCES, DRIFT_STATES, DRIFTS, DRIFTS_LATEST, SCAN_DRIFTS,
    SCANS, TIMELINE, WORKSPACES, WORKSPACES_BY_NAME,
};
use crate::store::{Order, Range, Reads, Writes, keys::Key};
use crate::time::Timestamp;
use crate::workspaces;

/// How many rows that belong to one scan are removed in one step.
const PARTS_AT_ONCE: usize = 1_000;

/// What is written to remove something, and whether nothing of it is left then; none where it is not due, or gone.
pub(super) type Removal = Option<(bool, Writes)>;

/// Takes back what a row counts for.
fn discount(writes: &mut Writes, counted: &Writes) {
    for (counter, delta) in counted.counts() {
        writes.count(counter.clone(), -delta);
    }
}

/// Whether a drift was once at another address.
pub(super) fn has_moved(read: &impl Reads, id: DriftId) -> Result<bool> {
    let timeline = timeline::of(read, id)?;
    Ok(timeline.iter().any(|entry| entry.action == Happened::Moved))
}

/// A resolved drift, with its content, timeline and alerts.
pub(super) fn drift(read: &impl Reads, id: DriftId, before: Option<Timestamp>) -> Result<Removal> {
    let drift: Option<drifts::Record> = read.get(&DRIFTS, &id)?;
    let is_due = |drift: &drifts::Record| {
        drift
            .resolved
            .as_ref()
            .is_some_and(|end| before.is_some_and(|before| end.at < before))
    };
    let Some(drift) = drift.filter(is_due) else {
        return Ok(None);
    };
    let mut writes = Writes::new();
    discount(&mut writes, &records::standing(&drift)?);
    discount(&mut writes, &records::history(&drift));
    writes.delete(&DRIFTS, &id);
    writes.delete(&DRIFT_DIFFERENCES, &id);
    writes.delete(&DRIFT_STATES, &id);
    let timeline = timeline::of(read, id)?;
    let mut scans: BTreeSet<ScanId> = drift.scan_id.into_iter().collect();
    for entry in &timeline {
        writes.delete(&TIMELINE, &(id, entry.id));
        scans.extend(entry.metadata.as_deref().and_then(scan_of));
    }
    for scan in scans {
        if read.has(&SCAN_DRIFTS, &(scan, id))? {
            writes.delete(&SCAN_DRIFTS, &(scan, id));
        }
    }
    let key = records::key_of(&drift);
    if read.get_key::<_, DriftId>(&DRIFTS_LATEST, &key)? == Some(id) {
        writes.delete(&DRIFTS_LATEST, &key);
    }
    if timeline.iter().any(|entry| entry.action == Happened::Moved) {
        // It may still be the newest of an address it left.
        let of_workspace = Range::prefix(&drift.workspace_id);
        read.visit(
            DRIFTS_LATEST.table,
            &of_workspace,
            Order::Ascending,
            &mut |key, value| {
                if DriftId::from_bytes(value) == Some(id)
                    && let Some(key) = records::IdentityKey::from_bytes(key)
                {
                    writes.delete(&DRIFTS_LATEST, &key);
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
    }
    for alert in alerts::of(read, id)? {
        take_away(&mut writes, &alert)?;
    }
    Ok(Some((true, writes)))
}

/// The scan that a timeline's entry names.
fn scan_of(metadata: &str) -> Option<ScanId> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    serde_json::from_value(metadata.get("scanId")?.clone()).ok()
}

/// Whether a workspace says of a scan that it is its newest.
pub(super) fn is_needed_scan(read: &impl Reads, id: ScanId) -> Result<bool> {
    let Some(scan) = read.get::<_, scans::Record>(&SCANS, &id)? else {
        return Ok(false);
    };
    let workspace: Option<workspaces::Record> = read.get(&WORKSPACES, &scan.workspace_id)?;
    let newest = workspace.and_then(|workspace| workspace.last_scan);
    Ok(newest.is_some_and(|newest| newest.id == id))
}

/// A scan, with what it says it did to which drift. A large one goes in several steps, itself with the last.
pub(super) fn scan(read: &impl Reads, id: ScanId, before: Option<Timestamp>) -> Result<Removal> {
    let scan: Option<scans::Record> = read.get(&SCANS, &id)?;
    let is_due = |scan: &scans::Record| before.is_some_and(|before| scan.finished_at < before);
    let Some(scan) = scan.filter(is_due) else {
        return Ok(None);
    };
    if is_needed_scan(read, id)? {
        return Ok(None);
    }
    let mut writes = Writes::new();
    let parts: Vec<(ScanId, DriftId)> = read.keys(
        &SCAN_DRIFTS,
        &Range::prefix(&id),
        Order::Ascending,
        PARTS_AT_ONCE,
    )?;
    for part in &parts {
        writes.delete(&SCAN_DRIFTS, part);
    }
    let is_whole = parts.len() < PARTS_AT_ONCE;
    if is_whole {
        discount(&mut writes, &scans::standing(&scan)?);
        writes.delete(&SCANS, &id);
    }
    Ok(Some((is_whole, writes)))
}

/// Whether a workspace names an alert as the one that says what is wrong with it.
pub(super) fn is_needed_alert(read: &impl Reads, id: AlertId) -> Result<bool> {
    let Some(alert) = read.get::<_, alerts::Record>(&ALERTS, &id)? else {
        return Ok(false);
    };
    if !matches!(alert.about, Type::WorkspaceSilent | Type::ScanFailed) {
        return Ok(false);
    }
    let workspace: Option<WorkspaceId> = read.get_key(&WORKSPACES_BY_NAME, &alert.workspace)?;
    let Some(workspace) = workspace else {
        return Ok(false);
    };
    let workspace: Option<workspaces::Record> = read.get(&WORKSPACES, &workspace)?;
    Ok(workspace.is_some_and(|workspace| {
        [workspace.silent_alert, workspace.failed_alert].contains(&Some(id))
    }))
}

/// An alert that was read.
pub(super) fn alert(read: &impl Reads, id: AlertId, before: Option<Timestamp>) -> Result<Removal> {
    let alert: Option<alerts::Record> = read.get(&ALERTS, &id)?;
    let is_due = |alert: &alerts::Record| {
        let read = alert.read.as_ref();
        read.is_some_and(|read| before.is_some_and(|before| read.at < before))
    };
    let Some(alert) = alert.filter(is_due) else {
        return Ok(None);
    };
    if is_needed_alert(read, id)? {
        return Ok(None);
    }
    let mut writes = Writes::new();
    take_away(&mut writes, &alert)?;
    Ok(Some((true, writes)))
}

fn take_away(writes: &mut Writes, alert: &alerts::Record) -> Result<()> {
    discount(writes, &alerts::standing(alert)?);
    writes.delete(&ALERTS, &alert.id);
    if let Some(drift) = alert.drift_id {
        writes.delete(&ALERTS_BY_DRIFT, &(drift, alert.id));
    }
    Ok(())
}
