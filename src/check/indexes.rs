//! Workspaces, scans and alerts, with the indexes beside them.

use super::counters::Recount;
use super::{Check, each, each_raw, look_up, was_removed};
use crate::alerts::Type;
use crate::error::Result;
use crate::ids::{AlertId, DriftId, ScanId, WorkspaceId};
use crate::ingest::ScanStatus;
use crate::store::tables::{
    ALERTS, ALERTS_BY_DRIFT, DRIFTS, IDEMPOTENCY, IDEMPOTENCY_BY_END, SCAN_DRIFTS, SCANS,
    WORKSPACES, WORKSPACES_BY_NAME,
};
use crate::store::{Reads, Snapshot, Table, Writes, keys::Key};
use crate::time::Timestamp;
use crate::{alerts, drifts, scans, workspaces};

/// Tells each index row of `index` that a row stands for and that is not stored as derived.
pub(super) fn compare(
    read: &Snapshot,
    check: &mut Check,
    derived: &Writes,
    index: Table,
    whose: &str,
) -> Result<()> {
    for row in derived.rows().iter().filter(|row| row.table == index) {
        if read.get_bytes(row.table, &row.key)? != row.value {
            check.wrong(format_args!(
                "{whose}: its row in {} is missing or leads elsewhere",
                index.name
            ));
        }
    }
    Ok(())
}

/// Every workspace.
pub(super) fn workspaces(read: &Snapshot, recount: &mut Recount) -> Result<Check> {
    let mut check = Check::new("workspaces");
    each(
        read,
        &WORKSPACES,
        &mut check,
        |check, id, workspace: workspaces::Record| {
            let whose = format!("workspace {id} {}", workspace.name);
            if workspace.id != id {
                check.wrong(format_args!("{whose}: its record says {}", workspace.id));
            }
            if let Some(last) = &workspace.last_scan {
                let scan: Option<scans::Record> = look_up(read, &SCANS, &last.id)?;
                if scan.is_none_or(|scan| scan.workspace_id != id || scan.status != last.status) {
                    check.wrong(format_args!(
                        "{whose}: its newest scan {} is not there or not its own",
                        last.id
                    ));
                }
            }
            alerts_of_workspace(read, check, &workspace, &whose)?;
            let derived = workspaces::standing(&workspace)?;
            compare(read, check, &derived, WORKSPACES_BY_NAME.table, &whose)?;
            recount.add(&derived);
            Ok(())
        },
    )?;
    Ok(check)
}

/// The alerts that a workspace names: they are there, and about it.
fn alerts_of_workspace(
    read: &Snapshot,
    check: &mut Check,
    workspace: &workspaces::Record,
    whose: &str,
) -> Result<()> {
    let named = [
        (Type::WorkspaceSilent, workspace.silent_alert),
        (Type::ScanFailed, workspace.failed_alert),
    ];
    for (about, id) in named {
        let Some(id) = id else { continue };
        let alert: Option<alerts::Record> = look_up(read, &ALERTS, &id)?;
        let is_its =
            |alert: alerts::Record| alert.about == about && alert.workspace == workspace.name;
        if !alert.is_some_and(is_its) {
            check.wrong(format_args!(
                "{whose}: its alert {id} is not there or not its own"
            ));
        }
    }
    let last = workspace.last_scan.as_ref().map(|scan| scan.status);
    if workspace.failed_alert.is_some() && last != Some(ScanStatus::Failed) {
        check.wrong(format_args!(
            "{whose}: has an alert of failing, but its newest scan didn't fail"
        ));
    }
    Ok(())
}

/// The index of workspaces by name, from its side.
pub(super) fn workspace_names(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of workspaces by name");
    each_raw(
        read,
        &WORKSPACES_BY_NAME,
        &mut check,
        |check, name, value| {
            let workspace: Option<workspaces::Record> = match WorkspaceId::from_bytes(value) {
                Some(id) => look_up(read, &WORKSPACES, &id)?,
                None => None,
            };
            if workspace.is_none_or(|workspace| workspace.name != name) {
                check.wrong(format_args!("{name}: leads to no workspace of that name"));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Every scan.
pub(super) fn scans(read: &Snapshot, recount: &mut Recount) -> Result<Check> {
    let mut check = Check::new("scans");
    each(
        read,
        &SCANS,
        &mut check,
        |check, id, scan: scans::Record| {
            if scan.id != id {
                check.wrong(format_args!("scan {id}: its record says {}", scan.id));
            }
            let counts = scan.counts;
            if counts.drifted != counts.new + counts.changed + counts.unchanged {
                check.wrong(format_args!("scan {id}: its counts don't add up"));
            }
            recount.add(&scans::standing(&scan)?);
            Ok(())
        },
    )?;
    Ok(check)
}

/// What each scan did with which drift.
pub(super) fn scan_drifts(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of drifts by scan");
    each_raw(
        read,
        &SCAN_DRIFTS,
        &mut check,
        |check, (scan, drift): (ScanId, DriftId), value| {
            if !matches!(value, [0..=2]) {
                check.wrong(format_args!(
                    "scan {scan}, drift {drift}: doesn't say what the scan did"
                ));
            }
            if !read.has(&SCANS, &scan)? {
                check.wrong(format_args!(
                    "scan {scan}, drift {drift}: there is no such scan"
                ));
            }
            if !read.has(&DRIFTS, &drift)? {
                check.wrong(format_args!(
                    "scan {scan}, drift {drift}: there is no such drift"
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// What is remembered of `Idempotency-Key`s, both ways.
pub(super) fn idempotency(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("remembered idempotency keys");
    each(
        read,
        &IDEMPOTENCY,
        &mut check,
        |check, (caller, key): (String, String), replay: scans::Replay| {
            let end = (replay.until.unix_ms(), caller, key);
            if !read.has(&IDEMPOTENCY_BY_END, &end)? {
                check.wrong(format_args!("{}: is missing in the index by end", end.2));
            }
            if !read.has(&SCANS, &replay.scan)? && !was_removed(read, SCANS.table, replay.scan.0)? {
                check.wrong(format_args!(
                    "{}: its scan {} is not there",
                    end.2, replay.scan
                ));
            }
            Ok(())
        },
    )?;
    each_raw(
        read,
        &IDEMPOTENCY_BY_END,
        &mut check,
        |check, (end, caller, key): (i64, String, String), _| {
            let row = (caller, key);
            let replay: Option<scans::Replay> = look_up(read, &IDEMPOTENCY, &row)?;
            if replay.is_none_or(|replay| replay.until.unix_ms() != end) {
                check.wrong(format_args!(
                    "{}: the index by end leads to no such key",
                    row.1
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Every alert.
pub(super) fn alerts(read: &Snapshot, recount: &mut Recount) -> Result<Check> {
    let mut check = Check::new("alerts");
    each(
        read,
        &ALERTS,
        &mut check,
        |check, id, alert: alerts::Record| {
            let whose = format!("alert {id}");
            if alert.id != id {
                check.wrong(format_args!("{whose}: its record says {}", alert.id));
            }
            if let Some(drift) = alert.drift_id {
                if !read.has(&DRIFTS, &drift)? {
                    check.wrong(format_args!("{whose}: its drift {drift} is not there"));
                } else if !is_on_record(read, &alert, drift)? {
                    check.wrong(format_args!(
                        "{whose}: its drift {drift} doesn't say that it was told of"
                    ));
                }
            }
            if let Some(scan) = alert.scan_id
                && !read.has(&SCANS, &scan)?
                && !was_removed(read, SCANS.table, scan.0)?
            {
                check.wrong(format_args!("{whose}: its scan {scan} is not there"));
            }
            let derived = alerts::standing(&alert)?;
            compare(read, check, &derived, ALERTS_BY_DRIFT.table, &whose)?;
            recount.add(&derived);
            Ok(())
        },
    )?;
    Ok(check)
}

/// Whether a drift's record has the moment of an alert that comes once.
fn is_on_record(read: &Snapshot, alert: &alerts::Record, drift: DriftId) -> Result<bool> {
    let told_at: fn(&drifts::Record) -> Option<Timestamp> = match alert.about {
        Type::ApprovalNeeded => |drift| drift.reminded_at,
        Type::RemediationFailed => |drift| drift.unremedied_at,
        _ => return Ok(true),
    };
    // What can't be decoded is a problem of its own table.
    let drift: Option<drifts::Record> = look_up(read, &DRIFTS, &drift)?;
    Ok(drift.is_none_or(|drift| told_at(&drift) == Some(alert.created_at)))
}

/// The index of alerts by drift, from its side.
pub(super) fn alerts_by_drift(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of alerts by drift");
    each_raw(
        read,
        &ALERTS_BY_DRIFT,
        &mut check,
        |check, (drift, id): (DriftId, AlertId), _| {
            let alert: Option<alerts::Record> = look_up(read, &ALERTS, &id)?;
            if alert.is_none_or(|alert| alert.drift_id != Some(drift)) {
                check.wrong(format_args!(
                    "drift {drift}: leads to the alert {id}, which is not its own"
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}
