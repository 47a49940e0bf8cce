//! The audit log, the events, and what META says of them.

use super::{Check, each, each_raw, hex, look_up, was_removed};
use crate::error::Result;
use crate::ids::DriftId;
use crate::store::keys::Key;
use crate::store::tables::{AUDIT, AUDIT_BY_DRIFT, DRIFTS, EVENTS, META};
use crate::store::{Reads, Rows, Snapshot};
use crate::{audit, events};

/// Every check of the logs.
pub(super) fn all(read: &Snapshot) -> Result<Vec<Check>> {
    Ok(vec![
        chain(read)?,
        audit_entries(read)?,
        audit_by_drift(read)?,
        event_numbers(read)?,
        meta(read)?,
    ])
}

/// The newest number that META says a log has.
fn head(read: &Snapshot, log: &Rows<u64>) -> Result<u64> {
    let bytes = read.get_bytes(META.table, &format!("log.{}", log.table.name).to_bytes())?;
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes))
}

/// The chain of hashes.
fn chain(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("audit chain");
    let verdict = audit::verify(read)?;
    check.looked_at = verdict.entries;
    if let Some(meaning) = verdict.meaning() {
        check.wrong(meaning);
    }
    Ok(check)
}

/// The entries' drifts and their index rows.
fn audit_entries(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("audit entries");
    each(
        read,
        &AUDIT,
        &mut check,
        |check, seq, entry: audit::Entry| {
            let Some(drift) = entry.drift_id else {
                return Ok(());
            };
            if !read.has(&DRIFTS, &drift)? && !was_removed(read, DRIFTS.table, drift.0)? {
                check.wrong(format_args!("entry {seq}: its drift {drift} is not there"));
            }
            if !read.has(&AUDIT_BY_DRIFT, &(drift, seq))? {
                check.wrong(format_args!(
                    "entry {seq}: is missing in the index by drift"
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// The index of entries by drift, from its side.
fn audit_by_drift(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of audit entries by drift");
    each_raw(
        read,
        &AUDIT_BY_DRIFT,
        &mut check,
        |check, (drift, seq): (DriftId, u64), _| {
            let entry: Option<audit::Entry> = look_up(read, &AUDIT, &seq)?;
            if entry.is_none_or(|entry| entry.drift_id != Some(drift)) {
                check.wrong(format_args!(
                    "drift {drift}: leads to entry {seq}, which is not about it"
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Events count without gaps up to the newest; the oldest may have been cleared away.
fn event_numbers(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("events");
    let mut last = None;
    each(
        read,
        &EVENTS,
        &mut check,
        |check, seq, event: events::Event| {
            if event.seq != seq {
                check.wrong(format_args!("event {seq}: it says it is {}", event.seq));
            }
            if let Some(before) = last.filter(|before| before + 1 != seq) {
                check.wrong(format_args!("event {seq}: follows on {before}"));
            }
            last = Some(seq);
            Ok(())
        },
    )?;
    let newest = head(read, &EVENTS)?;
    if let Some(last) = last.filter(|last| *last != newest) {
        check.wrong(format_args!(
            "event {last} is the newest, but {newest} have been written"
        ));
    }
    Ok(check)
}

/// What the store says of itself.
fn meta(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("the store's own records");
    each_raw(read, &META, &mut check, |check, name: String, value| {
        let length = match name.as_str() {
            "schema" => 4,
            "instance" => 16,
            removed if removed.starts_with("removed.") => 16,
            log if log.starts_with("log.") => 8,
            _ => value.len(),
        };
        if value.len() != length {
            check.wrong(format_args!("{name}: is {}", hex(value)));
        }
        Ok(())
    })?;
    Ok(check)
}
