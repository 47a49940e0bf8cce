//! A drift as the contract shows it.

use poem_openapi::Object;
use serde::Serialize;

use crate::drifts::timeline::{self, Action};
use crate::drifts::{DetectedBy, Record, ResolvedHow, Severity, Status, records};
use crate::error::Result;
use crate::http::lists::Choice;
use crate::http::words::{choices, word_type};
use crate::http::{Money, RawJson};
use crate::ids::{DriftId, EntryId, ScanId};
use crate::ingest::Kind;
use crate::store::Reads;
use crate::time::Timestamp;

word_type!(Severity, "Severity", [
    "critical" => Severity::Critical, "warning" => Severity::Warning, "info" => Severity::Info,
]);
word_type!(Status, "Status", [
    "detected" => Status::Detected, "triaged" => Status::Triaged, "approved" => Status::Approved,
    "rejected" => Status::Rejected, "resolved" => Status::Resolved,
]);
word_type!(Kind, "Kind", [
    "modified" => Kind::Modified, "missing" => Kind::Missing, "unmanaged" => Kind::Unmanaged,
    "pending" => Kind::Pending, "state_only" => Kind::StateOnly,
]);
word_type!(DetectedBy, "DetectedBy", [
    "scheduler" => DetectedBy::Scheduler, "manual" => DetectedBy::Manual, "api" => DetectedBy::Api,
]);
word_type!(ResolvedHow, "ResolvedHow", [
    "auto-remediate" => ResolvedHow::AutoRemediate, "manual-fix" => ResolvedHow::ManualFix,
    "acknowledged" => ResolvedHow::Acknowledged,
]);
word_type!(Action, "TimelineAction", [
    "detected" => Action::Detected, "recurred" => Action::Recurred, "changed" => Action::Changed,
    "moved" => Action::Moved, "triaged" => Action::Triaged, "approved" => Action::Approved,
    "rejected" => Action::Rejected, "resolved" => Action::Resolved, "commented" => Action::Commented,
]);

impl Choice for Severity {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

impl Choice for Kind {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

impl Choice for Status {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        let mut words = choices();
        words.push((
            "open",
            Self::ALL
                .into_iter()
                .filter(|status| status.is_open())
                .collect(),
        ));
        words
    }
}

/// A drift: one resource whose live state differs from the declared one.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "DriftItem", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct DriftItemView {
    /// Its id.
    pub id: DriftId,
    /// The workspace's name.
    pub workspace: String,
    /// The cloud's own id of the resource; its address where the cloud gave none.
    pub resource_id: String,
    /// The resource's type, such as `aws_security_group`.
    pub resource_type: String,
    /// The resource's address in code: an opaque string.
    pub resource_address: String,
    /// The provider's source address.
    pub provider: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The account, subscription or project.
    pub account_id: Option<String>,
    /// How it is at odds.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The rule that said so.
    pub severity_reason: String,
    /// Where it stands.
    pub status: Status,
    /// What it costs a month, in `currency`; negative where it saves; null where nobody knows.
    pub cost_impact_monthly: Option<Money>,
    /// The currency of `costImpactMonthly`.
    pub currency: String,
    /// What found it.
    pub detected_by: DetectedBy,
    /// When its values were first found as they are.
    pub detected_at: Timestamp,
    /// When it was first seen, whatever its values.
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// How many times it was seen.
    pub seen_count: u64,
    /// The scan that found or last changed it.
    pub scan_id: Option<ScanId>,
    /// The drift of the same resource that ended before this one began.
    pub recurrence_of: Option<DriftId>,
    /// What differs, by JSON pointer: `{expected, actual, change, sensitive}` each. Sensitive values read `(sensitive)`.
    pub difference: RawJson,
    /// The declared state, redacted; null where no code declares it. Left out of lists without `include=state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_state: Option<RawJson>,
    /// The live state, redacted; null where it is gone. Left out of lists without `include=state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_state: Option<RawJson>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Why.
    pub approval_reason: Option<String>,
    /// When it was rejected.
    pub rejected_at: Option<Timestamp>,
    /// Who rejected it.
    pub rejected_by: Option<String>,
    /// Why.
    pub rejection_reason: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// How it was resolved.
    pub resolved_how: Option<ResolvedHow>,
    /// Who takes care of it.
    pub assignee: Option<String>,
    /// When it was put on record.
    pub created_at: Timestamp,
    /// When it last changed in more than having been seen again.
    pub updated_at: Timestamp,
}

/// Whether a drift is shown with its states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Without.
    Summary,
    /// With.
    States,
}

impl DriftItemView {
    /// A drift with what is stored beside it.
    ///
    /// # Errors
    /// What reading says.
    pub fn read(read: &impl Reads, drift: Record, show: Show) -> Result<Self> {
        let difference = RawJson::from_text(records::difference_of(read, drift.id)?)?;
        let (expected_state, actual_state) = match show {
            Show::Summary => (None, None),
            Show::States => match records::states_of(read, drift.id)? {
                Some(states) => (Some(states.expected.into()), Some(states.actual.into())),
                None => (Some(null()?), Some(null()?)),
            },
        };
        let Record {
            approved,
            rejected,
            resolved,
            ..
        } = drift;
        Ok(Self {
            id: drift.id,
            workspace: drift.workspace,
            resource_id: drift.resource_id,
            resource_type: drift.resource_type,
            resource_address: drift.address,
            provider: drift.provider,
            region: drift.region,
            account_id: drift.account_id,
            kind: drift.kind,
            severity: drift.severity,
            severity_reason: drift.severity_reason,
            status: drift.status,
            cost_impact_monthly: drift.cost.map(Money),
            currency: drift.currency,
            detected_by: drift.detected_by,
            detected_at: drift.detected_at,
            first_seen_at: drift.first_seen_at,
            last_seen_at: drift.last_seen_at,
            seen_count: drift.seen_count,
            scan_id: drift.scan_id,
            recurrence_of: drift.recurrence_of,
            difference,
            expected_state,
            actual_state,
            approved_at: approved.as_ref().map(|decision| decision.at),
            approved_by: approved.as_ref().map(|decision| decision.by.clone()),
            approval_reason: approved.map(|decision| decision.reason),
            rejected_at: rejected.as_ref().map(|decision| decision.at),
            rejected_by: rejected.as_ref().map(|decision| decision.by.clone()),
            rejection_reason: rejected.map(|decision| decision.reason),
            resolved_at: resolved.as_ref().map(|resolution| resolution.at),
            resolved_how: resolved.map(|resolution| resolution.how),
            assignee: drift.assignee,
            created_at: drift.created_at,
            updated_at: drift.updated_at,
        })
    }
}

fn null() -> Result<RawJson> {
    RawJson::from_text("null".to_owned())
}

/// A drift with its states, and what the caller may do with it.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Drift", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    #[oai(flatten)]
    #[serde(flatten)]
    drift: DriftItemView,
    /// How many alerts it has made.
    alert_count: u64,
    /// Whether the caller may triage it now.
    can_triage: bool,
    /// Whether the caller may approve it now.
    can_approve: bool,
    /// Whether the caller may reject it now.
    can_reject: bool,
    /// Whether the caller may resolve it now.
    can_resolve: bool,
}

impl DriftView {
    /// A whole drift that made so many alerts, for somebody who may decide or may not.
    ///
    /// # Errors
    /// What reading says.
    pub fn read(read: &impl Reads, drift: Record, may_decide: bool, alerts: usize) -> Result<Self> {
        let can = |next: Status| may_decide && drift.status.may_become(next);
        let [can_triage, can_approve, can_reject, can_resolve] = [
            Status::Triaged,
            Status::Approved,
            Status::Rejected,
            Status::Resolved,
        ]
        .map(can);
        Ok(Self {
            alert_count: alerts as u64,
            can_triage,
            can_approve,
            can_reject,
            can_resolve,
            drift: DriftItemView::read(read, drift, Show::States)?,
        })
    }
}

/// Something that happened to a drift.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "TimelineEntry", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Its id.
    id: EntryId,
    /// When.
    timestamp: Timestamp,
    /// Who.
    actor_email: String,
    /// Their role then.
    actor_role: String,
    /// What.
    action: Action,
    /// A sentence, a reason, or the comment itself.
    message: String,
    /// What programs may want to know.
    metadata: Option<RawJson>,
}

impl TryFrom<timeline::Entry> for EntryView {
    type Error = crate::Error;

    fn try_from(entry: timeline::Entry) -> Result<Self> {
        Ok(Self {
            id: entry.id,
            timestamp: entry.at,
            actor_email: entry.actor_email,
            actor_role: entry.actor_role.to_string(),
            action: entry.action,
            message: entry.message,
            metadata: entry.metadata.map(RawJson::from_text).transpose()?,
        })
    }
}

/// Every entry of a timeline.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Timeline")]
pub struct TimelineView {
    /// Oldest first.
    pub items: Vec<EntryView>,
}
