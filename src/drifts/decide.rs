//! Decisions: changes that read a drift, apply a rule of its life, and write it with its trail.

use serde_json::{Value, json};

use super::reconcile::{self, Place};
use super::records::{self, by_id};
use super::timeline::{self, Action as Happened};
use super::{DetectedBy, Record, ResolvedHow, Severity, Status};
use crate::actor::Actor;
use crate::alerts;
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::events::{self, Name};
use crate::ids::{DriftId, ScanId, WorkspaceId};
use crate::ingest::scan::Finding;
use crate::money::Cents;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;
use crate::workspaces;

/// A drift that was seen so recently is not put on record a second time.
const SEEN_RECENTLY_MS: i64 = 60 * 60 * 1000;

/// What somebody decides on a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decide {
    /// It is somebody's, undecided.
    Triage {
        /// Who takes care of it.
        assignee: Option<String>,
        /// What to know about it.
        note: Option<String>,
    },
    /// The live value is to be reverted.
    Approve {
        /// Why.
        reason: String,
    },
    /// The live value stays.
    Reject {
        /// Why.
        reason: String,
    },
    /// It is over.
    Resolve {
        /// How.
        how: ResolvedHow,
        /// What to know about it.
        note: Option<String>,
    },
}

/// Takes a decision.
///
/// `versions` are those the caller's decision is meant for, where it insists on that.
///
/// # Errors
/// `NotFound`; `Stale` when the drift has another version; `Conflict` when its status doesn't allow it.
pub fn decide(
    read: &impl Reads,
    id: DriftId,
    versions: Option<&[u64]>,
    decision: &Decide,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    if versions.is_some_and(|versions| !versions.contains(&before.version)) {
        return Err(Error::Stale);
    }
    let (after, happened, message) = match decision {
        Decide::Triage { assignee, note } => {
            let after = before.triaged(assignee.clone(), now)?;
            let owner = after
                .assignee
                .as_ref()
                .map_or(String::new(), |owner| format!(" Assigned to {owner}."));
            let message = note.clone().unwrap_or_else(|| format!("Triaged.{owner}"));
            (after, Happened::Triaged, message)
        }
        Decide::Approve { reason } => (
            before.approved(by, reason, now)?,
            Happened::Approved,
            reason.clone(),
        ),
        Decide::Reject { reason } => (
            before.rejected(by, reason, now)?,
            Happened::Rejected,
            reason.clone(),
        ),
        Decide::Resolve { how, note } => {
            let message = note
                .clone()
                .unwrap_or_else(|| format!("Resolved: {}.", how.name()));
            (before.resolved(*how, now)?, Happened::Resolved, message)
        }
    };
    let mut writes = records::replace(&before, &after, now)?;
    let metadata = metadata_of(&after, happened);
    timeline::add(&mut writes, id, by, happened, message, Some(&metadata), now)?;
    writes.add(alerts::read_all_of(read, id, by, now)?);
    let (action, name) = match happened {
        Happened::Triaged => (Action::DriftTriaged, Name::DriftTriaged),
        Happened::Approved => (Action::DriftApproved, Name::DriftApproved),
        Happened::Rejected => (Action::DriftRejected, Name::DriftRejected),
        _ => (Action::DriftResolved, Name::DriftResolved),
    };
    on_record(&mut writes, action, Some(&before), &after, by, now);
    events::emit(&mut writes, name, &summary(&after), now);
    Ok((after, writes))
}

/// What a timeline entry of a decision says to programs.
fn metadata_of(after: &Record, happened: Happened) -> Value {
    match happened {
        Happened::Triaged => json!({"assignee": after.assignee}),
        Happened::Resolved => {
            json!({"resolvedHow": after.resolved.as_ref().map(|resolved| resolved.how.name())})
        }
        _ => json!({}),
    }
}

/// Adds a comment to a drift's timeline.
///
/// # Errors
/// `NotFound`.
pub fn comment(
    read: &impl Reads,
    id: DriftId,
    body: &str,
    by: &Actor,
    now: Timestamp,
) -> Result<(timeline::Entry, Writes)> {
    let drift = by_id(read, id)?;
    let mut writes = Writes::new();
    let entry = timeline::add(&mut writes, id, by, Happened::Commented, body, None, now)?;
    let draft = Draft {
        drift: Some(id),
        new_value: Some(json!({"entryId": entry.id, "body": body})),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::DriftCommented, draft, now);
    events::emit(&mut writes, Name::DriftUpdated, &summary(&drift), now);
    Ok((entry, writes))
}

/// Says what a drift costs a month; `None` for what nobody knows. The same cost again changes nothing.
///
/// # Errors
/// `NotFound`; `Conflict` when it is resolved: what it cost then stays.
pub fn price(
    read: &impl Reads,
    id: DriftId,
    cost: Option<Cents>,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    if before.cost == cost {
        return Ok((before, Writes::new()));
    }
    if before.status == Status::Resolved {
        return Err(Error::conflict(
            "The drift is resolved: its cost can't change any more.",
        ));
    }
    let after = Record {
        cost,
        ..before.touched(now)
    };
    let message = match cost {
        Some(cents) => format!("Costs {cents} {} a month.", after.currency),
        None => "What it costs is not known any more.".to_owned(),
    };
    let mut writes = records::replace(&before, &after, now)?;
    timeline::add(&mut writes, id, by, Happened::Changed, message, None, now)?;
    on_record(
        &mut writes,
        Action::DriftUpdated,
        Some(&before),
        &after,
        by,
        now,
    );
    events::emit(&mut writes, Name::DriftUpdated, &summary(&after), now);
    Ok((after, writes))
}

/// What a person says of a drift beside what the finding holds.
#[derive(Debug, Clone, Default)]
pub struct ByHand {
    /// The workspace's name.
    pub workspace: String,
    /// Instead of what the rules say.
    pub severity: Option<Severity>,
    /// Cents a month.
    pub cost: Option<Cents>,
    /// What found it; a person unless said.
    pub detected_by: Option<DetectedBy>,
}

/// Puts a drift on record by hand.
///
/// # Errors
/// `Conflict`, when an unresolved drift of the same resource was seen in the last 60 minutes.
pub fn create(
    read: &impl Reads,
    finding: &Finding,
    said: &ByHand,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let (workspace, mut writes) = workspaces::named_or_new(read, &said.workspace, by, now)?;
    let place = Place {
        workspace_id: workspace.id,
        workspace: &workspace.name,
        scan_id: ScanId::new(now),
    };
    let mut after = Record {
        scan_id: None,
        ..reconcile::found(finding, &place, None, now)
    };
    after.recurrence_of = recurrence_of(read, &after)?;
    if let Some(before) = records::open_of(read, workspace.id, &after.identity())? {
        if now.unix_ms() - before.last_seen_at.unix_ms() < SEEN_RECENTLY_MS {
            return Err(Error::Conflict {
                message:
                    "This resource has an unresolved drift that was seen in the last 60 minutes."
                        .to_owned(),
                details: json!({"existingId": before.id}),
            });
        }
        // One resource has one unresolved drift: the older one gives way to what is seen now.
        after.recurrence_of = Some(before.id);
        let ended = before.resolved(ResolvedHow::Acknowledged, now)?;
        writes.add(records::replace(&before, &ended, now)?);
        let message = "A newer drift of this resource was put on record.";
        timeline::add(
            &mut writes,
            before.id,
            by,
            Happened::Resolved,
            message,
            None,
            now,
        )?;
        writes.add(alerts::read_all_of(read, before.id, by, now)?);
        on_record(
            &mut writes,
            Action::DriftResolved,
            Some(&before),
            &ended,
            by,
            now,
        );
        events::emit(&mut writes, Name::DriftResolved, &summary(&ended), now);
    }
    if let Some(severity) = said.severity {
        after.severity = severity;
        after.critical_since = after.is_critical().then_some(now);
        after.severity_reason = "said by hand".to_owned();
    }
    after.cost = said.cost;
    after.detected_by = said.detected_by.unwrap_or(DetectedBy::Manual);
    writes.add(records::insert(&after, finding, now)?);
    timeline::add(
        &mut writes,
        after.id,
        by,
        Happened::Detected,
        "Put on record by hand.",
        None,
        now,
    )?;
    on_record(&mut writes, Action::DriftCreated, None, &after, by, now);
    events::emit(&mut writes, Name::DriftCreated, &summary(&after), now);
    writes.add(alerts::on_detected(
        &after.sighting(),
        after.recurrence_of.is_some(),
        now,
    )?);
    Ok((after, writes))
}

/// Removes a workspace; its drifts and scans stay as history. With `resolve`, its unresolved drifts are acknowledged first.
///
/// # Errors
/// `NotFound`; `Conflict` when it has unresolved drifts and `resolve` is not asked for.
pub fn close_workspace(
    read: &impl Reads,
    id: WorkspaceId,
    resolve: bool,
    by: &Actor,
    now: Timestamp,
) -> Result<((), Writes)> {
    let workspace = workspaces::by_id(read, id)?;
    let open = records::open_in(read, id)?;
    if !open.is_empty() && !resolve {
        return Err(Error::Conflict {
            message: format!(
                "{} has {} unresolved drifts: decide on them first, or delete it with ?resolve=acknowledged.",
                workspace.name,
                open.len()
            ),
            details: json!({"unresolved": open.len()}),
        });
    }
    let acknowledged = Decide::Resolve {
        how: ResolvedHow::Acknowledged,
        note: Some(format!("The workspace {} was deleted.", workspace.name)),
    };
    let mut writes = Writes::new();
    for drift in open {
        writes.add(decide(read, drift.id, None, &acknowledged, by, now)?.1);
    }
    writes.add(workspaces::remove(read, &workspace, by, now)?);
    Ok(((), writes))
}

/// The drift that was resolved before this one came back. A drift that moved away is still the newest of the address it
/// left, but may not be resolved.
fn recurrence_of(read: &impl Reads, drift: &Record) -> Result<Option<DriftId>> {
    let latest = records::latest_of(read, drift.workspace_id, &drift.identity())?;
    Ok(match latest {
        Some(id) if by_id(read, id)?.status == Status::Resolved => Some(id),
        _ => None,
    })
}

/// What an event says of a drift: enough to show and to find it, and no state value.
pub fn summary(drift: &Record) -> Value {
    json!({
        "id": drift.id,
        "workspace": drift.workspace,
        "resourceAddress": drift.address,
        "resourceType": drift.resource_type,
        "kind": records::kind_name(drift),
        "severity": drift.severity.name(),
        "status": drift.status.name(),
        "assignee": drift.assignee,
        "updatedAt": drift.updated_at,
    })
}

/// Puts a change of a drift on record: the fields that somebody may be asked about.
pub(crate) fn on_record(
    writes: &mut Writes,
    action: Action,
    before: Option<&Record>,
    after: &Record,
    by: &Actor,
    now: Timestamp,
) {
    let draft = Draft {
        drift: Some(after.id),
        old_value: before.map(trail_value),
        new_value: Some(trail_value(after)),
        details: Some(json!({"workspace": after.workspace, "resourceAddress": after.address})),
    };
    audit::record(writes, by, action, draft, now);
}

fn trail_value(drift: &Record) -> Value {
    json!({
        "status": drift.status.name(),
        "severity": drift.severity.name(),
        "kind": records::kind_name(drift),
        "assignee": drift.assignee,
        "costImpactMonthly": drift.cost.map(|cents| cents.to_string()),
        "approvalReason": drift.approved.as_ref().map(|decision| &decision.reason),
        "rejectionReason": drift.rejected.as_ref().map(|decision| &decision.reason),
        "resolvedHow": drift.resolved.as_ref().map(|resolved| resolved.how.name()),
        "content": crate::hex::encode(&drift.content.0[..8]),
    })
}
