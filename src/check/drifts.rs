//! Drifts: their rows, their indexes, their content, their timelines.

use super::counters::Recount;
use super::{Check, each, each_raw, look_up, was_removed};
use crate::alerts::{self, Type};
use crate::drifts::{Record, Status, records, timeline};
use crate::error::Result;
use crate::ids::{DriftId, EntryId};
use crate::store::tables::{
    ALERTS, DRIFT_DIFFERENCES, DRIFT_STATES, DRIFTS, DRIFTS_LATEST, DRIFTS_OPEN, SCANS, TIMELINE,
    WORKSPACES,
};
use crate::store::{Order, Range, Reads, Snapshot, keys::Key};
use crate::{retention, workspaces};

/// Every drift: that it agrees with itself, that what it names is there, and what it counts for.
pub(super) fn records(read: &Snapshot, recount: &mut Recount) -> Result<Check> {
    let mut check = Check::new("drifts");
    each(read, &DRIFTS, &mut check, |check, id, drift: Record| {
        if drift.id != id {
            check.wrong(format_args!("drift {id}: its record says {}", drift.id));
        }
        for problem in disagreements(&drift) {
            check.wrong(format_args!("drift {id}: {problem}"));
        }
        names_only_what_is_there(read, check, &drift)?;
        was_told_of_once(read, check, &drift)?;
        recount.add(&records::standing(&drift)?);
        recount.add(&records::history(&drift));
        Ok(())
    })?;
    Ok(check)
}

/// Where a record contradicts itself.
fn disagreements(drift: &Record) -> Vec<&'static str> {
    let mut problems = Vec::new();
    let mut hold = |holds: bool, problem: &'static str| {
        if !holds {
            problems.push(problem);
        }
    };
    let is = |status: Status| drift.status == status;
    hold(
        is(Status::Resolved) == drift.resolved.is_some(),
        "its status and its resolution don't fit",
    );
    hold(
        !is(Status::Approved) || drift.approved.is_some(),
        "it is approved by nobody",
    );
    hold(
        !is(Status::Rejected) || drift.rejected.is_some(),
        "it is rejected by nobody",
    );
    hold(
        is(Status::Approved) || is(Status::Resolved) || drift.approved.is_none(),
        "it was approved, but its status says otherwise",
    );
    hold(
        is(Status::Rejected) || is(Status::Resolved) || drift.rejected.is_none(),
        "it was rejected, but its status says otherwise",
    );
    hold(
        drift.critical_since.is_none() || drift.is_critical(),
        "it is critical since a moment, but isn't critical",
    );
    hold(
        drift.unremedied_at.is_none() || drift.approved.is_some(),
        "it was to be reverted, but was never approved",
    );
    hold(
        drift.version > 0 && drift.seen_count > 0,
        "its version or its count is 0",
    );
    problems
}

fn names_only_what_is_there(read: &Snapshot, check: &mut Check, drift: &Record) -> Result<()> {
    let id = drift.id;
    if let Some(scan) = drift.scan_id
        && !read.has(&SCANS, &scan)?
        && !was_removed(read, SCANS.table, scan.0)?
    {
        check.wrong(format_args!("drift {id}: its scan {scan} is not there"));
    }
    if let Some(earlier) = drift.recurrence_of {
        let record: Option<Record> = look_up(read, &DRIFTS, &earlier)?;
        let fits = match record {
            Some(earlier) => earlier.status == Status::Resolved,
            None => was_removed(read, DRIFTS.table, earlier.0)?,
        };
        if earlier >= id || !fits {
            check.wrong(format_args!(
                "drift {id}: the drift {earlier} that it continues is not there or not resolved"
            ));
        }
    }
    let workspace: Option<workspaces::Record> = look_up(read, &WORKSPACES, &drift.workspace_id)?;
    match workspace {
        Some(workspace) if workspace.name != drift.workspace => check.wrong(format_args!(
            "drift {id}: its workspace is named {}, not {}",
            workspace.name, drift.workspace
        )),
        // Deleting a workspace resolves its drifts; they stay as history.
        None if drift.status != Status::Resolved => check.wrong(format_args!(
            "drift {id}: is unresolved, but its workspace {} is not there",
            drift.workspace_id
        )),
        _ => {}
    }
    Ok(())
}

/// What a drift's record says was told, one alert of that moment tells; that each such alert is on its drift's record is
/// looked at with the alerts.
fn was_told_of_once(read: &Snapshot, check: &mut Check, drift: &Record) -> Result<()> {
    let id = drift.id;
    let moments = [
        (Type::ApprovalNeeded, drift.reminded_at),
        (Type::RemediationFailed, drift.unremedied_at),
    ];
    for (about, at) in moments {
        let Some(at) = at else { continue };
        let mut told = 0;
        for alert in alerts::ids_of(read, id)? {
            let alert: Option<alerts::Record> = look_up(read, &ALERTS, &alert)?;
            told += u64::from(
                alert.is_some_and(|alert| alert.about == about && alert.created_at == at),
            );
        }
        // An alert that was read may have been removed since.
        let is_removed = told == 0
            && retention::removed_until(read, ALERTS.table)?.map(retention::moment_of) >= Some(at);
        if told != 1 && !is_removed {
            check.wrong(format_args!(
                "drift {id}: {} of {at} is told by {told} alerts",
                about.name()
            ));
        }
    }
    Ok(())
}

/// Each drift's difference and states. Which live value a difference shows can't be told from the record; which attributes
/// it names and what was declared for them can.
pub(super) fn contents(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("differences and states");
    let mut drifts = Check::new("");
    each(read, &DRIFTS, &mut drifts, |_, id, drift: Record| {
        check.looked_at += 1;
        if !read.has(&DRIFT_DIFFERENCES, &id)? {
            check.wrong(format_args!("drift {id}: its difference is missing"));
        } else if !records::difference_of(read, id)
            .is_ok_and(|difference| records::is_difference_of(&drift, &difference))
        {
            check.wrong(format_args!(
                "drift {id}: its difference is not the one it was recorded with"
            ));
        }
        match records::states_of(read, id) {
            Ok(Some(_)) => {}
            Ok(None) => check.wrong(format_args!("drift {id}: its states are missing")),
            Err(error) => check.wrong(format_args!(
                "drift {id}: its states can't be unpacked: {error}"
            )),
        }
        Ok(())
    })?;
    for rows in [&DRIFT_DIFFERENCES, &DRIFT_STATES] {
        let mut owned = Check::new("");
        each_raw(read, rows, &mut owned, |_, id: DriftId, _| {
            if !read.has(&DRIFTS, &id)? {
                check.wrong(format_args!(
                    "{} {id}: there is no such drift",
                    rows.table.name
                ));
            }
            Ok(())
        })?;
    }
    Ok(check)
}

/// A key of the indexes by identity, for people.
fn told((workspace, facet, address, deposed): &records::IdentityKey) -> String {
    let facet = ["live", "pending", "unmanaged"]
        .get(usize::from(*facet))
        .unwrap_or(&"of no facet");
    format!("{address} {deposed} ({facet}) in workspace {workspace}")
}

/// The index of unresolved drifts, both ways.
pub(super) fn open_index(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of unresolved drifts");
    let mut drifts = Check::new("");
    each(read, &DRIFTS, &mut drifts, |_, id, drift: Record| {
        for row in records::standing(&drift)?.rows() {
            if row.table == DRIFTS_OPEN.table && read.get_bytes(row.table, &row.key)? != row.value {
                check.wrong(format_args!(
                    "drift {id}: the index doesn't lead to it from {}",
                    drift.address
                ));
            }
        }
        Ok(())
    })?;
    each_raw(read, &DRIFTS_OPEN, &mut check, |check, key, value| {
        let derived = pointed_to(read, value)?
            .map(|drift| records::standing(&drift))
            .transpose()?;
        let bytes = key.to_bytes();
        let is_derived = derived.is_some_and(|derived| {
            derived
                .rows()
                .iter()
                .any(|row| row.table == DRIFTS_OPEN.table && row.key == bytes)
        });
        if !is_derived {
            check.wrong(format_args!(
                "{}: leads to no unresolved drift of that resource",
                told(&key)
            ));
        }
        Ok(())
    })?;
    Ok(check)
}

fn pointed_to(read: &Snapshot, value: &[u8]) -> Result<Option<Record>> {
    match DriftId::from_bytes(value) {
        Some(id) => look_up(read, &DRIFTS, &id),
        None => Ok(None),
    }
}

/// The index of each resource's newest drift, both ways. A drift that moved to another address is still the newest of the
/// one it left, and becomes the newest of the one it came to.
pub(super) fn latest_index(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of newest drifts");
    let mut drifts = Check::new("");
    each(read, &DRIFTS, &mut drifts, |_, id, drift: Record| {
        let newest = records::latest_of(read, drift.workspace_id, &drift.identity());
        match newest {
            Ok(Some(newest)) if newest >= id => {}
            Ok(Some(newest)) if has_moved(read, newest)? => {}
            Ok(Some(newest)) => check.wrong(format_args!(
                "drift {id}: is newer than {newest}, to which the index leads from {}",
                drift.address
            )),
            Ok(None) | Err(_) => check.wrong(format_args!(
                "drift {id}: the index leads nowhere from {}",
                drift.address
            )),
        }
        Ok(())
    })?;
    each_raw(read, &DRIFTS_LATEST, &mut check, |check, key, value| {
        let fits = match pointed_to(read, value)? {
            None => false,
            Some(drift) => {
                let is_of_it = records::key_of(&drift) == key;
                drift.workspace_id == key.0 && (is_of_it || has_moved(read, drift.id)?)
            }
        };
        if !fits {
            check.wrong(format_args!(
                "{}: leads to no drift of that resource",
                told(&key)
            ));
        }
        Ok(())
    })?;
    Ok(check)
}

/// Whether a drift's timeline tells of a move to another address.
fn has_moved(read: &Snapshot, drift: DriftId) -> Result<bool> {
    Ok(timeline::of(read, drift).is_ok_and(|entries| {
        entries
            .iter()
            .any(|entry| entry.action == timeline::Action::Moved)
    }))
}

/// Timelines: their drifts are there, and every drift has one.
pub(super) fn timelines(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("timelines");
    let mut last = None;
    each(
        read,
        &TIMELINE,
        &mut check,
        |check, (drift, id): (DriftId, EntryId), entry: timeline::Entry| {
            if entry.id != id {
                check.wrong(format_args!(
                    "timeline of {drift}: the entry {id} says it is {}",
                    entry.id
                ));
            }
            if last != Some(drift) {
                last = Some(drift);
                if !read.has(&DRIFTS, &drift)? {
                    check.wrong(format_args!("timeline of {drift}: there is no such drift"));
                }
            }
            Ok(())
        },
    )?;
    let mut drifts = Check::new("");
    each_raw(read, &DRIFTS, &mut drifts, |_, id, _| {
        let first: Vec<(DriftId, EntryId)> =
            read.keys(&TIMELINE, &Range::prefix(&id), Order::Ascending, 1)?;
        if first.is_empty() {
            check.wrong(format_args!("drift {id}: it has no timeline"));
        }
        Ok(())
    })?;
    Ok(check)
}
