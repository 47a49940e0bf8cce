//! Alerts: what somebody should look at now, until it is read or decided.

pub mod api;
mod causes;
pub mod index;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::actor::Actor;
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::events::{self, Name};
use crate::ids::{AlertId, DriftId, ScanId};
use crate::severity::Severity;
use crate::store::tables::{ALERTS, ALERTS_BY_DRIFT};
use crate::store::{Counter, Order, Range, Reads, Writes};
use crate::time::Timestamp;

pub use causes::{
    Patience, Sighting, Silence, on_changed, on_detected, on_failed_scan, on_silence, on_undecided,
    on_unremedied,
};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name says it")]
pub enum Type {
    DriftDetected,
    ApprovalNeeded,
    RemediationFailed,
    ScanFailed,
    WorkspaceSilent,
}

impl Type {
    /// Every type.
    pub const ALL: [Self; 5] = [
        Self::DriftDetected,
        Self::ApprovalNeeded,
        Self::RemediationFailed,
        Self::ScanFailed,
        Self::WorkspaceSilent,
    ];

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DriftDetected => "drift_detected",
            Self::ApprovalNeeded => "approval_needed",
            Self::RemediationFailed => "remediation_failed",
            Self::ScanFailed => "scan_failed",
            Self::WorkspaceSilent => "workspace_silent",
        }
    }
}

/// When an alert was read, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When.
    pub at: Timestamp,
    /// The reader's address.
    pub by: String,
}

/// An alert, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: AlertId,
    /// The drift it is about.
    #[serde(default)]
    pub drift_id: Option<DriftId>,
    /// The scan it is about.
    #[serde(default)]
    pub scan_id: Option<ScanId>,
    /// The workspace it is about, by name.
    pub workspace: String,
    /// What it is about.
    pub about: Type,
    /// How much it matters.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// Whether, when and by whom it was read.
    #[serde(default)]
    pub read: Option<Reading>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many alerts there are.
pub fn total() -> Counter {
    Counter::new("alerts.total")
}

/// How many of them nobody has read.
pub fn unread() -> Counter {
    Counter::new("alerts.unread")
}

/// What an alert writes as it stands. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(alert: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&ALERTS, &alert.id, alert)?;
    if let Some(drift) = alert.drift_id {
        writes.mark(&ALERTS_BY_DRIFT, &(drift, alert.id));
    }
    writes.count(total(), 1);
    writes.count(unread(), i64::from(alert.read.is_none()));
    Ok(writes)
}

fn insert(alert: &Record, now: Timestamp) -> Result<Writes> {
    let mut writes = standing(alert)?;
    events::emit(&mut writes, Name::AlertCreated, &summary(alert), now);
    Ok(writes)
}

/// What an event says of an alert.
fn summary(alert: &Record) -> serde_json::Value {
    json!({
        "id": alert.id,
        "driftId": alert.drift_id,
        "scanId": alert.scan_id,
        "workspace": alert.workspace,
        "type": alert.about.name(),
        "severity": alert.severity.name(),
        "title": alert.title,
        "message": alert.message,
        "isRead": alert.read.is_some(),
        "createdAt": alert.created_at,
    })
}

/// Marks one alert as read, without its audit entry.
fn read_one(alert: &Record, by: &Actor, now: Timestamp) -> Result<(Record, Writes)> {
    let after = Record {
        read: Some(Reading {
            at: now,
            by: by.email.clone(),
        }),
        ..alert.clone()
    };
    let mut writes = Writes::new();
    writes.put(&ALERTS, &after.id, &after)?;
    writes.count(unread(), -1);
    events::emit(&mut writes, Name::AlertRead, &summary(&after), now);
    Ok((after, writes))
}

/// An alert by its id.
///
/// # Errors
/// `NotFound`; else what reading says.
pub fn by_id(read: &impl Reads, id: AlertId) -> Result<Record> {
    read.get(&ALERTS, &id)?.ok_or(Error::NotFound("alert"))
}

/// The ids of a drift's alerts, oldest first.
///
/// # Errors
/// What reading says.
pub fn ids_of(read: &impl Reads, drift: DriftId) -> Result<Vec<AlertId>> {
    let keys: Vec<(DriftId, AlertId)> = read.keys(
        &ALERTS_BY_DRIFT,
        &Range::prefix(&drift),
        Order::Ascending,
        usize::MAX,
    )?;
    Ok(keys.into_iter().map(|(_, id)| id).collect())
}

/// Every alert of a drift, oldest first.
///
/// # Errors
/// What reading says.
pub fn of(read: &impl Reads, drift: DriftId) -> Result<Vec<Record>> {
    let ids = ids_of(read, drift)?;
    ids.into_iter().map(|id| by_id(read, id)).collect()
}

/// Marks a drift's unread alerts as read: a decision was taken. The decision's own audit entry stands for them.
///
/// # Errors
/// What reading says.
pub fn read_all_of(
    read: &impl Reads,
    drift: DriftId,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let mut writes = Writes::new();
    for alert in of(read, drift)?.iter().filter(|alert| alert.read.is_none()) {
        writes.add(read_one(alert, by, now)?.1);
    }
    Ok(writes)
}

/// Marks an alert as read where it still is unread: what it was about is over. The change that ended it has the audit entry.
///
/// # Errors
/// What reading says.
pub fn read_as_over(read: &impl Reads, id: AlertId, by: &Actor, now: Timestamp) -> Result<Writes> {
    match read.get::<_, Record>(&ALERTS, &id)? {
        Some(alert) if alert.read.is_none() => Ok(read_one(&alert, by, now)?.1),
        _ => Ok(Writes::new()),
    }
}

/// Marks an alert as read. One that is read already stays as it is.
///
/// # Errors
/// `NotFound`.
pub fn mark_read(
    read: &impl Reads,
    id: AlertId,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let alert = by_id(read, id)?;
    if alert.read.is_some() {
        return Ok((alert, Writes::new()));
    }
    let (after, mut writes) = read_one(&alert, by, now)?;
    let draft = Draft {
        drift: after.drift_id,
        details: Some(json!({"alertId": id})),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::AlertRead, draft, now);
    Ok((after, writes))
}

/// Marks these alerts as read, those that still are unread, and gives their number.
///
/// # Errors
/// What reading says.
pub fn mark_all_read(
    read: &impl Reads,
    ids: &[AlertId],
    by: &Actor,
    now: Timestamp,
) -> Result<(u64, Writes)> {
    let mut writes = Writes::new();
    let mut count = 0;
    // Each once, however often it is named.
    for id in ids.iter().collect::<std::collections::BTreeSet<_>>() {
        let alert = by_id(read, *id)?;
        if alert.read.is_none() {
            writes.add(read_one(&alert, by, now)?.1);
            count += 1;
        }
    }
    if count > 0 {
        let draft = Draft {
            details: Some(json!({"count": count})),
            ..Draft::default()
        };
        audit::record(&mut writes, by, Action::AlertsMarkedAllRead, draft, now);
    }
    Ok((count, writes))
}
