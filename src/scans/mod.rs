//! Scans: one run of a tool over one workspace, and what taking it in does.

pub mod api;
pub mod index;
mod noted;
mod replay;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::actor::Actor;
use crate::alerts::{self, Patience, Sighting};
use crate::audit::{self, Action, Draft};
use crate::drifts::decide::{on_record, summary};
use crate::drifts::reconcile::{self, Place, Step};
use crate::drifts::timeline::{self, Action as Happened};
use crate::drifts::{Record as Drift, records};
use crate::error::{Error, Result};
use crate::events::{self, Name};
use crate::ids::{DriftId, ScanId, WorkspaceId};
use crate::ingest::{Finding, Format, Scan, ScanStatus};
use crate::listing;
use crate::store::tables::{SCAN_DRIFTS, SCANS};
use crate::store::{Counter, Order, Range, Reads, Writes, keys::Key};
use crate::time::{Day, Timestamp};
use crate::workspaces;

pub use replay::Replay;

/// What a scan found, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Managed resources looked at.
    pub resources: u64,
    /// Live states that differ: `new + changed + unchanged`.
    pub drifted: u64,
    /// Drifts that were not known.
    pub new: u64,
    /// Known drifts with other values.
    pub changed: u64,
    /// Known drifts as before.
    pub unchanged: u64,
    /// Drifts that are gone.
    pub resolved: u64,
    /// Findings that a rule kept out.
    pub suppressed: u64,
    /// Values that were hidden.
    pub redacted: u64,
    /// Of the drifted: those that the configuration does not care about.
    #[serde(default)]
    pub state_only: u64,
    /// Changes of the code that are not applied yet.
    #[serde(default)]
    pub pending: u64,
}

/// A scan, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: ScanId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The workspace's name.
    pub workspace: String,
    /// What the body was.
    pub format: Format,
    /// The tool that made it.
    pub tool: String,
    /// Its version.
    #[serde(default)]
    pub tool_version: Option<String>,
    /// How much it proves.
    pub status: ScanStatus,
    /// When the tool ran, where it says so.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was taken in.
    pub finished_at: Timestamp,
    /// Who pushed it.
    pub pushed_by: String,
    /// The commit it was made from.
    #[serde(default)]
    pub commit: Option<String>,
    /// What it found.
    pub counts: Counts,
    /// What a person should know.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// What a scan did with a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Part {
    /// Found it.
    Found = 0,
    /// Changed it.
    Changed = 1,
    /// Ended it.
    Resolved = 2,
}

/// How a scan is handed in.
#[derive(Debug, Clone, Default)]
pub struct Push {
    /// The workspace's name.
    pub workspace: String,
    /// The commit it was made from.
    pub commit: Option<String>,
    /// Tells a repetition from a new push.
    pub idempotency_key: Option<String>,
}

/// How many scans there are.
pub fn total() -> Counter {
    Counter::new("scans.total")
}

/// Scans by day.
pub fn on(day: Day) -> Counter {
    Counter::new("scans.on").by(&day)
}

/// Failed scans by day.
pub fn failed_on(day: Day) -> Counter {
    Counter::new("scans.failed_on").by(&day)
}

/// What a scan writes as it stands. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&SCANS, &record.id, record)?;
    writes.count(total(), 1);
    writes.count(on(record.finished_at.day()), 1);
    writes.count(
        failed_on(record.finished_at.day()),
        i64::from(record.status == ScanStatus::Failed),
    );
    Ok(writes)
}

/// A scan by its id.
///
/// # Errors
/// `NotFound`.
pub fn by_id(read: &impl Reads, id: ScanId) -> Result<Record> {
    read.get(&SCANS, &id)?.ok_or(Error::NotFound("scan"))
}

/// Takes a scan in: the workspace where it is new, every drift it finds, changes or ends, its alerts, its trail.
///
/// # Errors
/// `Invalid` for the workspace's name; `Conflict` when the `Idempotency-Key` was used for something else.
pub fn receive(
    read: &impl Reads,
    scan: &Scan,
    push: &Push,
    patience: Patience,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let mut writes = Writes::new();
    let id = ScanId::new(now);
    if let Some(key) = &push.idempotency_key {
        let request = replay::digest(scan, push);
        if let Some(known) = replay::known(read, key, request, by, now)? {
            return Ok((known, writes));
        }
        writes.add(replay::remember(read, key, id, request, by, now)?);
    }
    let (workspace, made) = workspaces::named_or_new(read, &push.workspace, by, now)?;
    writes.add(made);
    let place = Place {
        workspace_id: workspace.id,
        workspace: &workspace.name,
        scan_id: id,
    };
    let open = records::open_in(read, workspace.id)?;
    let latest = |identity: &_| records::latest_of(read, place.workspace_id, identity);
    let steps = reconcile::reconcile(scan, open, latest, &place, patience, now)?;
    let found = reconcile::counts(&steps);
    for step in &steps {
        writes.add(apply(read, step, scan, id, by, now)?);
    }
    let record = Record {
        id,
        workspace_id: workspace.id,
        workspace: workspace.name.clone(),
        format: scan.format,
        tool: scan.tool.clone(),
        tool_version: scan.tool_version.clone(),
        status: scan.status,
        started_at: scan.started_at,
        finished_at: now,
        pushed_by: by.email.clone(),
        commit: push.commit.clone(),
        counts: Counts {
            resources: scan.resources,
            drifted: found.drifted,
            new: found.new,
            changed: found.changed,
            unchanged: found.unchanged,
            resolved: found.resolved,
            suppressed: 0,
            redacted: scan.redacted,
            state_only: found.state_only,
            pending: found.pending,
        },
        problems: scan.problems.clone(),
    };
    writes.add(standing(&record)?);
    writes.add(noted::noted(read, workspace, &record, by, now)?);
    let told = summary_of_scan(&record);
    let draft = Draft {
        new_value: Some(told.clone()),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::ScanReceived, draft, now);
    events::emit(&mut writes, Name::ScanFinished, &told, now);
    Ok((record, writes))
}

/// What an event and the trail say of a scan.
fn summary_of_scan(record: &Record) -> serde_json::Value {
    json!({
        "id": record.id,
        "workspace": record.workspace,
        "status": record.status,
        "commit": record.commit,
        "counts": {
            "resources": record.counts.resources,
            "drifted": record.counts.drifted,
            "new": record.counts.new,
            "changed": record.counts.changed,
            "unchanged": record.counts.unchanged,
            "resolved": record.counts.resolved,
            "redacted": record.counts.redacted,
        },
    })
}

/// Writes what becomes of one drift, with its timeline, trail, event and alert.
fn apply(
    read: &impl Reads,
    step: &Step,
    scan: &Scan,
    id: ScanId,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let finding_at = |index: usize| {
        scan.findings
            .get(index)
            .ok_or_else(|| Error::internal("a step names a finding that is not there"))
    };
    match step {
        Step::New { after, finding } => begun(after, finding_at(*finding)?, id, by, now),
        Step::Seen { before, after, .. } => {
            let mut writes = records::replace(before, after, now)?;
            writes.add(unremedied(before, after, id, now)?);
            Ok(writes)
        }
        Step::Changed {
            before,
            after,
            finding,
        } => {
            let finding = finding_at(*finding)?;
            let mut writes = records::replace(before, after, now)?;
            writes.add(records::content(after.id, finding)?);
            let (happened, message) = if before.address == after.address {
                (Happened::Changed, changed_message(finding))
            } else {
                (
                    Happened::Moved,
                    format!("Its address was {}.", before.address),
                )
            };
            timeline::add(
                &mut writes,
                after.id,
                by,
                happened,
                message,
                Some(&json!({"scanId": id})),
                now,
            )?;
            on_record(
                &mut writes,
                Action::DriftUpdated,
                Some(before),
                after,
                by,
                now,
            );
            events::emit(&mut writes, Name::DriftUpdated, &summary(after), now);
            writes.add(alerts::on_changed(&after.sighting(), before.severity, now)?);
            writes.add(unremedied(before, after, id, now)?);
            part(&mut writes, id, after.id, Part::Changed);
            Ok(writes)
        }
        Step::Reopened {
            before,
            ended,
            after,
            finding,
        } => {
            let message =
                "Its live values changed after it was rejected: the new ones are a new drift.";
            let mut writes = over(read, before, ended, message, id, by, now)?;
            writes.add(begun(after, finding_at(*finding)?, id, by, now)?);
            Ok(writes)
        }
        Step::Resolved { before, after } => over(
            read,
            before,
            after,
            "The scan no longer shows it.",
            id,
            by,
            now,
        ),
    }
}

/// The alert of a drift that should have been reverted by now, where this scan is the first to say so.
fn unremedied(before: &Drift, after: &Drift, id: ScanId, now: Timestamp) -> Result<Writes> {
    match &after.approved {
        Some(approved) if before.unremedied_at != after.unremedied_at => {
            let seen = Sighting {
                scan: Some(id),
                ..after.sighting()
            };
            alerts::on_unremedied(&seen, approved.at, now)
        }
        _ => Ok(Writes::new()),
    }
}

/// A drift that begins.
fn begun(
    after: &Drift,
    finding: &Finding,
    id: ScanId,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let mut writes = records::insert(after, finding, now)?;
    let (happened, message) = match after.recurrence_of {
        Some(_) => (Happened::Recurred, "It was resolved before, and is back."),
        None => (Happened::Detected, "Found by a scan."),
    };
    let metadata = json!({"scanId": id, "recurrenceOf": after.recurrence_of});
    timeline::add(
        &mut writes,
        after.id,
        by,
        happened,
        message,
        Some(&metadata),
        now,
    )?;
    on_record(&mut writes, Action::DriftCreated, None, after, by, now);
    events::emit(&mut writes, Name::DriftCreated, &summary(after), now);
    writes.add(alerts::on_detected(
        &after.sighting(),
        after.recurrence_of.is_some(),
        now,
    )?);
    part(&mut writes, id, after.id, Part::Found);
    Ok(writes)
}

/// A drift that ends.
fn over(
    read: &impl Reads,
    before: &Drift,
    after: &Drift,
    message: &str,
    id: ScanId,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let mut writes = records::replace(before, after, now)?;
    let how = after.resolved.as_ref().map(|resolved| resolved.how.name());
    let metadata = json!({"scanId": id, "resolvedHow": how});
    timeline::add(
        &mut writes,
        after.id,
        by,
        Happened::Resolved,
        message,
        Some(&metadata),
        now,
    )?;
    writes.add(alerts::read_all_of(read, after.id, by, now)?);
    on_record(
        &mut writes,
        Action::DriftResolved,
        Some(before),
        after,
        by,
        now,
    );
    events::emit(&mut writes, Name::DriftResolved, &summary(after), now);
    part(&mut writes, id, after.id, Part::Resolved);
    Ok(writes)
}

/// What changed, in words without values.
fn changed_message(finding: &Finding) -> String {
    let mut names: Vec<&str> = finding
        .difference
        .iter()
        .filter_map(|one| one.pointer.split('/').nth(1))
        .collect();
    names.dedup();
    match names.as_slice() {
        [] => "Its live state changed.".to_owned(),
        few if few.len() <= 5 => format!("Now differs in {}.", few.join(", ")),
        many => format!(
            "Now differs in {} and {} more.",
            many[..5].join(", "),
            many.len() - 5
        ),
    }
}

fn part(writes: &mut Writes, scan: ScanId, drift: DriftId, part: Part) {
    writes.put_bytes(&SCAN_DRIFTS, &(scan, drift), vec![part as u8]);
}

/// So many of the drifts that a scan found, changed or ended, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Each with what the scan did to it.
    pub parts: Vec<(DriftId, Part)>,
    /// How many there are in all: exact.
    pub total: u64,
}

/// What a scan found, changed and ended: `limit` of these parts from a place on; no parts named stands for all.
///
/// # Errors
/// What reading says.
pub fn drifts_of(
    read: &impl Reads,
    scan: ScanId,
    any_of: &[Part],
    from: listing::Place,
    limit: usize,
) -> Result<Parts> {
    let mut found = Parts {
        parts: Vec::new(),
        total: 0,
    };
    read.visit(
        SCAN_DRIFTS.table,
        &Range::prefix(&scan),
        Order::Ascending,
        &mut |key, value| {
            let part = match value {
                [0] => Part::Found,
                [1] => Part::Changed,
                _ => Part::Resolved,
            };
            let drift = <(ScanId, DriftId)>::from_bytes(key).map(|(_, drift)| drift);
            if let Some(drift) = drift.filter(|_| any_of.is_empty() || any_of.contains(&part)) {
                found.total += 1;
                let reached = match from {
                    listing::Place::Skip(skip) => found.total > skip,
                    listing::Place::After(id) => drift.0 > id,
                };
                if reached && found.parts.len() < limit {
                    found.parts.push((drift, part));
                }
            }
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}
