//! Checks a store: that every row decodes, and that everything derived — indexes, counters, numbers, hashes — is what the
//! rows say when it is derived again.
//!
//! Reads only. Everything is streamed: memory depends on the number of counters, not on the number of rows.

mod accounts;
mod counters;
mod drifts;
mod indexes;
mod logs;
mod saved;

use std::fmt;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::retention;
use crate::store::keys::Key;
use crate::store::{
    Order, Range, Reads, Rows, Snapshot, Table, Unverified, Verified, codec, tables, verify_file,
    verify_open,
};
use counters::Recount;

/// How many problems of each check are told in full.
const TOLD: usize = 10;

/// Page cache while checking, in bytes.
const CACHE_BYTES: usize = 64 << 20;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How many of them.
    pub looked_at: u64,
    /// How many problems there are.
    pub wrong: u64,
    /// The first of them, each with its key.
    pub problems: Vec<String>,
}

impl Check {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            looked_at: 0,
            wrong: 0,
            problems: Vec::new(),
        }
    }

    /// Puts a problem on the list.
    fn wrong(&mut self, problem: impl fmt::Display) {
        self.wrong += 1;
        if self.problems.len() < TOLD {
            self.problems.push(problem.to_string());
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// Everything that was looked at.
    pub checks: Vec<Check>,
}

impl Report {
    fn of(checks: Vec<Check>) -> Self {
        Self {
            sound: checks.iter().all(|check| check.wrong == 0),
            checks,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let name = check.name;
            match check.wrong {
                0 => writeln!(f, "{name:<46} {:>10}  ok", check.looked_at)?,
                wrong => writeln!(f, "{name:<46} {:>10}  {wrong} WRONG", check.looked_at)?,
            }
            for problem in &check.problems {
                writeln!(f, "  {problem}")?;
            }
            let untold = check.wrong - check.problems.len() as u64;
            if untold > 0 {
                writeln!(f, "  and {untold} more")?;
            }
        }
        Ok(())
    }
}

/// Why a store was not checked.
#[derive(Debug)]
pub enum Refused {
    /// There is no database.
    Missing,
    /// It can't be opened.
    Unopened(Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no database"),
            Self::Unopened(error) => error.fmt(f),
        }
    }
}

/// A report, and the tables that it is about where they can be read at all.
#[derive(Debug)]
pub struct Checked {
    /// What was found.
    pub report: Report,
    /// The open file.
    pub verified: Option<Verified>,
}

/// Checks the file of a stopped store, and changes nothing in it.
///
/// # Errors
/// When the file can't be opened. Damage is no error: the report says it.
pub fn file(path: &Path) -> Result<Report, Refused> {
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let dir = path.parent().unwrap_or(Path::new("."));
    found(bytes, verify_file(path, CACHE_BYTES), Some(dir)).map(|checked| checked.report)
}

/// Checks an open file, and changes nothing in it; `path` is what messages call it.
///
/// # Errors
/// As [`file`](fn@file).
pub fn open(file: File, path: &Path) -> Result<Checked, Refused> {
    let bytes = file.metadata().map_or(0, |file| file.len());
    found(bytes, verify_open(file, path, CACHE_BYTES), None)
}

/// What is found in a file, and in the index that is saved beside it in a directory.
fn found(
    bytes: u64,
    verified: Result<Verified, Unverified>,
    dir: Option<&Path>,
) -> Result<Checked, Refused> {
    let mut engine = Check::new("pages and their checksums");
    engine.looked_at = bytes / 4096;
    match verified {
        Err(Unverified::Missing) => Err(Refused::Missing),
        Err(Unverified::Unopened(error)) => Err(Refused::Unopened(error)),
        Err(Unverified::Damaged(why)) => {
            engine.wrong(format_args!("the file is damaged: {why}"));
            Ok(Checked {
                report: Report::of(vec![engine]),
                verified: None,
            })
        }
        Ok(verified) => {
            if !verified.is_clean {
                engine.wrong("the engine's records of its own pages don't match the pages");
            }
            let mut checks = vec![engine];
            let saved = |dir| saved::index(dir, &verified.snapshot);
            let checked = tables_of(&verified.snapshot)
                .and_then(|more| Ok((more, dir.map_or(Ok(None), saved)?)));
            match checked {
                Ok((more, saved)) => checks.extend(more.into_iter().chain(saved)),
                Err(error) => {
                    checks[0].wrong(format_args!("reading stopped at a damaged page: {error}"));
                }
            }
            Ok(Checked {
                report: Report::of(checks),
                verified: Some(verified),
            })
        }
    }
}

/// Checks the tables of an open store, as one state shows them.
///
/// # Errors
/// When they can't be read at all.
pub fn snapshot(read: &Snapshot) -> Result<Report> {
    tables_of(read).map(Report::of)
}

fn tables_of(read: &Snapshot) -> Result<Vec<Check>> {
    let mut recount = Recount::default();
    let mut checks = vec![
        drifts::records(read, &mut recount)?,
        drifts::contents(read)?,
        drifts::open_index(read)?,
        drifts::latest_index(read)?,
        drifts::timelines(read)?,
        indexes::workspaces(read, &mut recount)?,
        indexes::workspace_names(read)?,
        indexes::scans(read, &mut recount)?,
        indexes::scan_drifts(read)?,
        indexes::idempotency(read)?,
        indexes::alerts(read, &mut recount)?,
        indexes::alerts_by_drift(read)?,
        accounts::users(read, &mut recount)?,
        accounts::user_emails(read)?,
        accounts::sessions(read)?,
        accounts::user_sessions(read)?,
        accounts::refresh_tokens(read)?,
        accounts::api_keys(read)?,
        accounts::key_prefixes(read)?,
    ];
    checks.push(counters::counters(read, recount)?);
    checks.extend(logs::all(read)?);
    checks.push(saved::journal(read)?);
    checks.extend(unknown(read)?);
    Ok(checks)
}

/// The tables that are looked into above.
const KNOWN: &[Table] = &[
    tables::META.table,
    tables::COUNTERS.table,
    tables::DRIFTS.table,
    tables::DRIFT_DIFFERENCES.table,
    tables::DRIFT_STATES.table,
    tables::DRIFTS_OPEN.table,
    tables::DRIFTS_LATEST.table,
    tables::TIMELINE.table,
    tables::ALERTS.table,
    tables::ALERTS_BY_DRIFT.table,
    tables::WORKSPACES.table,
    tables::WORKSPACES_BY_NAME.table,
    tables::SCANS.table,
    tables::SCAN_DRIFTS.table,
    tables::IDEMPOTENCY.table,
    tables::IDEMPOTENCY_BY_END.table,
    tables::AUDIT.table,
    tables::AUDIT_BY_DRIFT.table,
    tables::EVENTS.table,
    tables::USERS.table,
    tables::USERS_BY_EMAIL.table,
    tables::SESSIONS.table,
    tables::SESSIONS_BY_USER.table,
    tables::REFRESH_TOKENS.table,
    tables::API_KEYS.table,
    tables::API_KEYS_BY_PREFIX.table,
    tables::JOURNAL.table,
];

/// Tables that nothing is derived from: that their rows can be read is all there is to say.
fn unknown(read: &Snapshot) -> Result<Vec<Check>> {
    tables::ALL
        .iter()
        .filter(|table| !KNOWN.contains(table))
        .map(|table| {
            let mut check = Check::new(table.name);
            read.visit(*table, &Range::all(), Order::Ascending, &mut |_, _| {
                check.looked_at += 1;
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(check)
        })
        .collect()
}

/// Visits every row of a table, decoded; what can't be decoded is a problem.
fn each<K: Key + fmt::Debug, V: DeserializeOwned>(
    read: &Snapshot,
    rows: &Rows<K>,
    check: &mut Check,
    mut look: impl FnMut(&mut Check, K, V) -> Result<()>,
) -> Result<()> {
    each_raw(read, rows, check, |check, key, value| {
        match codec::decode::<V>(value) {
            Ok(row) => look(check, key, row),
            Err(error) => {
                check.wrong(format_args!("{} {key:?}: {error}", rows.table.name));
                Ok(())
            }
        }
    })
}

/// Visits every row of a table with its key decoded.
fn each_raw<K: Key + fmt::Debug>(
    read: &Snapshot,
    rows: &Rows<K>,
    check: &mut Check,
    mut look: impl FnMut(&mut Check, K, &[u8]) -> Result<()>,
) -> Result<()> {
    read.visit(
        rows.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            check.looked_at += 1;
            match K::from_bytes(key) {
                Some(key) => look(check, key, value)?,
                None => check.wrong(format_args!(
                    "{}: the key {} is malformed",
                    rows.table.name,
                    hex(key)
                )),
            }
            Ok(ControlFlow::Continue(()))
        },
    )
}

/// A row that may be missing or may not decode: both are problems of its own table, not of the one that points to it.
fn look_up<K: Key, V: DeserializeOwned>(
    read: &Snapshot,
    rows: &Rows<K>,
    key: &K,
) -> Result<Option<V>> {
    let bytes = read.get_bytes(rows.table, &key.to_bytes())?;
    Ok(bytes.and_then(|bytes| codec::decode(&bytes).ok()))
}

/// Whether something that is not there may have been removed by retention, and was not lost.
fn was_removed(read: &Snapshot, table: Table, id: uuid::Uuid) -> Result<bool> {
    let until = retention::removed_until(read, table)?;
    Ok(until.is_some_and(|until| id <= until))
}

fn hex(bytes: &[u8]) -> String {
    crate::hex::encode(bytes)
}

#[cfg(test)]
mod tests;
