//! Drifts: resources whose live state has left the code, from the first sight to the last decision.
//!
//! This file has the types and the rules of a drift's life, without I/O. Beside it: what a scan does to the
//! known drifts (`reconcile`), decisions (`decide`), what was not done in time (`overdue`), rows and indexes (`records`), lists (`index`, `query`).

pub mod api;
pub mod decide;
pub mod index;
pub mod overdue;
pub mod query;
pub mod reconcile;
pub mod records;
pub mod severity;
pub mod timeline;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::alerts::Sighting;
use crate::error::{Error, Result};
use crate::ids::{DriftId, ScanId, WorkspaceId};
use crate::ingest::scan::{Content, Facet, Kind};
use crate::money::Cents;
use crate::time::Timestamp;

pub use crate::severity::Severity;

/// Where a drift stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Found, and nobody has looked at it.
    Detected,
    /// Owned, undecided.
    Triaged,
    /// To be reverted.
    Approved,
    /// The live value stays.
    Rejected,
    /// Over. Final.
    Resolved,
}

impl Status {
    /// Every status, in the order of a drift's life.
    pub const ALL: [Self; 5] = [
        Self::Detected,
        Self::Triaged,
        Self::Approved,
        Self::Rejected,
        Self::Resolved,
    ];

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Triaged => "triaged",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Resolved => "resolved",
        }
    }

    /// Whether somebody still has to do something about it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Detected | Self::Triaged | Self::Approved)
    }

    /// Whether a drift may move from this status to another.
    pub fn may_become(self, next: Self) -> bool {
        use Status::{Approved, Detected, Rejected, Resolved, Triaged};
        matches!(
            (self, next),
            (Detected, Triaged | Approved | Rejected | Resolved)
                | (Triaged, Approved | Rejected | Resolved)
                | (Approved | Rejected, Resolved)
        )
    }
}

/// How a drift ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolvedHow {
    /// It was approved, and then reverted.
    AutoRemediate,
    /// Somebody put it right, in the cloud or in the code.
    ManualFix,
    /// It is as it should be.
    Acknowledged,
}

impl ResolvedHow {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AutoRemediate => "auto-remediate",
            Self::ManualFix => "manual-fix",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// What found a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectedBy {
    /// A scheduled run.
    Scheduler,
    /// A person.
    Manual,
    /// A pushed scan.
    Api,
}

/// A decision that was taken: when, by whom, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The decider's address.
    pub by: String,
    /// The reason they gave.
    pub reason: String,
}

/// The end of a drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: ResolvedHow,
}

/// A drift, without its states and its difference: what lists and counts need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: DriftId,
    /// The workspace it lies in.
    pub workspace_id: WorkspaceId,
    /// That workspace's name.
    pub workspace: String,
    /// The cloud's own id of the resource.
    pub resource_id: String,
    /// The resource's type.
    pub resource_type: String,
    /// The resource's address in code: an opaque string.
    pub address: String,
    /// The key of a deposed object.
    #[serde(default)]
    pub deposed: Option<String>,
    /// The provider's source address.
    #[serde(default)]
    pub provider: Option<String>,
    /// The region.
    #[serde(default)]
    pub region: Option<String>,
    /// The account, subscription or project.
    #[serde(default)]
    pub account_id: Option<String>,
    /// How it is at odds.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// The rule that said so.
    pub severity_reason: String,
    /// Where it stands.
    pub status: Status,
    /// What it costs a month; negative where it saves; none where nobody knows.
    #[serde(default)]
    pub cost: Option<Cents>,
    /// The currency of `cost`.
    pub currency: String,
    /// What found it.
    pub detected_by: DetectedBy,
    /// When its values were first found as they are.
    pub detected_at: Timestamp,
    /// When it was first seen, whatever its values.
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// How many times.
    pub seen_count: u64,
    /// The scan that found or last changed it.
    #[serde(default)]
    pub scan_id: Option<ScanId>,
    /// The drift that was resolved before this one came back.
    #[serde(default)]
    pub recurrence_of: Option<DriftId>,
    /// Tells whether its live values are still the same.
    pub content: Content,
    /// Tells whether its difference still reads the same, declared values included.
    #[serde(default)]
    pub shown: u64,
    /// Since when it is critical, and of a kind that counts as drift; none for others, and for records that don't know it.
    #[serde(default)]
    pub critical_since: Option<Timestamp>,
    /// When an alert said that it has waited too long for a decision.
    #[serde(default)]
    pub reminded_at: Option<Timestamp>,
    /// When an alert said that it is approved and still there.
    #[serde(default)]
    pub unremedied_at: Option<Timestamp>,
    /// The approval, where there was one.
    #[serde(default)]
    pub approved: Option<Decision>,
    /// The rejection, where there was one.
    #[serde(default)]
    pub rejected: Option<Decision>,
    /// The end, where it has come.
    #[serde(default)]
    pub resolved: Option<Resolution>,
    /// Who takes care of it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed in more than having been seen.
    pub updated_at: Timestamp,
    /// Counts those changes: the `ETag`.
    pub version: u64,
}

/// Which open drift a finding is about. Kinds of one facet follow one another on one drift.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// See [`Kind::facet`].
    pub facet: Facet,
    /// The resource's address.
    pub address: String,
    /// The key of a deposed object; empty for none.
    pub deposed: String,
}

impl Record {
    /// Which resource, and which side of it, this drift is about.
    pub fn identity(&self) -> Identity {
        Identity {
            facet: self.kind.facet(),
            address: self.address.clone(),
            deposed: self.deposed.clone().unwrap_or_default(),
        }
    }

    /// The drift as somebody who should be alerted sees it.
    pub fn sighting(&self) -> Sighting<'_> {
        Sighting {
            drift: self.id,
            scan: self.scan_id,
            workspace: &self.workspace,
            address: &self.address,
            severity: self.severity,
            reason: &self.severity_reason,
            is_drift: self.kind.is_drift(),
        }
    }

    /// The drift in its next status.
    fn moved(&self, next: Status, now: Timestamp) -> Result<Self> {
        if !self.status.may_become(next) {
            return Err(self.refusal(next));
        }
        Ok(Self {
            status: next,
            ..self.touched(now)
        })
    }

    /// The drift, changed now.
    fn touched(&self, now: Timestamp) -> Self {
        Self {
            updated_at: now,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// Why it can't become what was asked, with the decision that stands.
    fn refusal(&self, next: Status) -> Error {
        let decision = match self.status {
            Status::Approved => self.approved.as_ref(),
            Status::Rejected => self.rejected.as_ref(),
            _ => None,
        };
        let by = decision.map_or(String::new(), |decision| format!(" by {}", decision.by));
        Error::Conflict {
            message: format!(
                "The drift is {}{by}: it can't become {}.",
                self.status.name(),
                next.name()
            ),
            details: serde_json::json!({
                "status": self.status.name(),
                "requested": next.name(),
                "decidedBy": decision.map(|decision| decision.by.as_str()),
                "decidedAt": decision.map(|decision| decision.at),
                "reason": decision.map(|decision| decision.reason.as_str()),
                "resolvedHow": self.resolved.as_ref().map(|resolved| resolved.how.name()),
                "resolvedAt": self.resolved.as_ref().map(|resolved| resolved.at),
            }),
        }
    }

    /// Owned by somebody, undecided.
    ///
    /// # Errors
    /// `Conflict`, unless it is `detected`.
    pub fn triaged(&self, assignee: Option<String>, now: Timestamp) -> Result<Self> {
        let after = self.moved(Status::Triaged, now)?;
        Ok(Self {
            assignee: assignee.or_else(|| self.assignee.clone()),
            ..after
        })
    }

    /// To be reverted.
    ///
    /// # Errors
    /// `Conflict`, unless it is `detected` or `triaged`.
    pub fn approved(&self, by: &Actor, reason: &str, now: Timestamp) -> Result<Self> {
        let after = self.moved(Status::Approved, now)?;
        Ok(Self {
            approved: Some(decision(by, reason, now)),
            ..after
        })
    }

    /// The live value stays.
    ///
    /// # Errors
    /// `Conflict`, unless it is `detected` or `triaged`.
    pub fn rejected(&self, by: &Actor, reason: &str, now: Timestamp) -> Result<Self> {
        let after = self.moved(Status::Rejected, now)?;
        Ok(Self {
            rejected: Some(decision(by, reason, now)),
            ..after
        })
    }

    /// Over.
    ///
    /// # Errors
    /// `Conflict`, when it is over already.
    pub fn resolved(&self, how: ResolvedHow, now: Timestamp) -> Result<Self> {
        let after = self.moved(Status::Resolved, now)?;
        Ok(Self {
            resolved: Some(Resolution { at: now, how }),
            ..after
        })
    }
}

fn decision(by: &Actor, reason: &str, at: Timestamp) -> Decision {
    Decision {
        at,
        by: by.email.clone(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A drift as it is found, for the tests of other modules too.
    pub(crate) fn sample(now: Timestamp) -> Record {
        Record {
            id: DriftId::new(now),
            workspace_id: WorkspaceId::new(now),
            workspace: "shop/prod".to_owned(),
            resource_id: "sg-1".to_owned(),
            resource_type: "aws_security_group".to_owned(),
            address: "aws_security_group.web".to_owned(),
            deposed: None,
            provider: None,
            region: None,
            account_id: None,
            kind: Kind::Modified,
            severity: Severity::Critical,
            severity_reason: "network exposure".to_owned(),
            status: Status::Detected,
            cost: None,
            currency: "USD".to_owned(),
            detected_by: DetectedBy::Api,
            detected_at: now,
            first_seen_at: now,
            last_seen_at: now,
            seen_count: 1,
            scan_id: None,
            recurrence_of: None,
            content: Content([1; 32]),
            shown: 0,
            critical_since: None,
            reminded_at: None,
            unremedied_at: None,
            approved: None,
            rejected: None,
            resolved: None,
            assignee: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    #[test]
    fn a_drift_moves_only_along_its_life() {
        use Status::{Approved, Detected, Rejected, Resolved, Triaged};
        let allowed = [
            (Detected, Triaged),
            (Detected, Approved),
            (Detected, Rejected),
            (Detected, Resolved),
            (Triaged, Approved),
            (Triaged, Rejected),
            (Triaged, Resolved),
            (Approved, Resolved),
            (Rejected, Resolved),
        ];
        let now = Timestamp::now();
        let by = Actor::system("test");
        for from in Status::ALL {
            for to in Status::ALL {
                let before = Record {
                    status: from,
                    ..sample(now)
                };
                let after = match to {
                    Detected => continue,
                    Triaged => before.triaged(None, now),
                    Approved => before.approved(&by, "it was a mistake", now),
                    Rejected => before.rejected(&by, "it was on purpose", now),
                    Resolved => before.resolved(ResolvedHow::ManualFix, now),
                };
                assert_eq!(
                    after.is_ok(),
                    allowed.contains(&(from, to)),
                    "{from:?} -> {to:?}"
                );
                match after {
                    Ok(after) => {
                        assert_eq!((after.status, after.version), (to, before.version + 1))
                    }
                    Err(Error::Conflict { message, .. }) => {
                        assert!(
                            message.contains(from.name()) && message.contains(to.name()),
                            "{message}"
                        );
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}
