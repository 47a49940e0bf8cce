//! What a scan does to the drifts that are known: pure, so that any history of scans can be tried.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{DetectedBy, Identity, Record, ResolvedHow, Status, overdue, severity};
use crate::alerts::Patience;
use crate::error::Result;
use crate::ids::{DriftId, ScanId, WorkspaceId};
use crate::ingest::scan::{Facet, Finding, Kind, Scan, ScanStatus, address_key};
use crate::money::DEFAULT_CURRENCY;
use crate::time::Timestamp;

/// Where a scan's drifts belong.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub workspace: &'a str,
    /// The scan.
    pub scan_id: ScanId,
}

/// What becomes of one drift. `finding` is a place in the scan's findings.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It was not known, or has come back.
    New {
        /// The new drift.
        after: Box<Record>,
        /// Its finding.
        finding: usize,
    },
    /// It is there as before.
    Seen {
        /// As it was.
        before: Box<Record>,
        /// Seen once more.
        after: Box<Record>,
        /// Its finding.
        finding: usize,
    },
    /// It has other values now, or another address.
    Changed {
        /// As it was.
        before: Box<Record>,
        /// As it is.
        after: Box<Record>,
        /// Its finding.
        finding: usize,
    },
    /// It was rejected, which was meant for the old values: that drift ends, and a new one opens.
    Reopened {
        /// The rejected one.
        before: Box<Record>,
        /// The rejected one, acknowledged.
        ended: Box<Record>,
        /// The new one.
        after: Box<Record>,
        /// Its finding.
        finding: usize,
    },
    /// The scan looked, and it is gone.
    Resolved {
        /// As it was.
        before: Box<Record>,
        /// Resolved.
        after: Box<Record>,
    },
}

/// How many drifts a scan made, met, changed and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Live states that differ from the recorded ones: everything but `pending`.
    pub drifted: u64,
    /// Of these: not known before.
    pub new: u64,
    /// Of these: known, with other values now.
    pub changed: u64,
    /// Of these: known, as before.
    pub unchanged: u64,
    /// No longer there.
    pub resolved: u64,
    /// Of the drifted: those that the configuration does not care about.
    pub state_only: u64,
    /// Unapplied changes of the code.
    pub pending: u64,
}

/// Which drift a finding is about.
fn identity_of(finding: &Finding) -> Identity {
    Identity {
        facet: finding.kind.facet(),
        address: finding.address.clone(),
        deposed: finding.deposed.clone().unwrap_or_default(),
    }
}

/// Decides what becomes of each drift.
///
/// `open` holds the workspace's unresolved drifts; `latest` finds the newest drift of an identity, resolved or not.
///
/// # Errors
/// What `latest` says.
pub fn reconcile(
    scan: &Scan,
    open: Vec<Record>,
    mut latest: impl FnMut(&Identity) -> Result<Option<DriftId>>,
    place: &Place<'_>,
    patience: Patience,
    now: Timestamp,
) -> Result<Vec<Step>> {
    let mut open: BTreeMap<Identity, Record> = open
        .into_iter()
        .map(|record| (record.identity(), record))
        .collect();
    // A drift that moved away is still the newest of the address it left, but it has not been resolved.
    let unresolved: BTreeSet<DriftId> = open.values().map(|record| record.id).collect();
    let mut latest = |identity: &Identity| -> Result<Option<DriftId>> {
        Ok(latest(identity)?.filter(|id| !unresolved.contains(id)))
    };
    let mut met = BTreeSet::new();
    let mut steps = Vec::new();
    for (index, finding) in scan.findings.iter().enumerate() {
        let identity = identity_of(finding);
        if !met.insert(identity.clone()) {
            continue;
        }
        let moved_from = finding.previous_address.as_ref().map(|address| Identity {
            address: address.clone(),
            ..identity.clone()
        });
        let known = open.remove(&identity).or_else(|| {
            moved_from
                .as_ref()
                .and_then(|identity| open.remove(identity))
        });
        steps.push(match known {
            None => {
                let recurrence_of = match latest(&identity)? {
                    Some(id) => Some(id),
                    None => moved_from.as_ref().map_or(Ok(None), &mut latest)?,
                };
                New {
                    after: Box::new(found(finding, place, recurrence_of, now)),
                    finding: index,
                }
            }
            Some(before) => {
                let step = known_again(before, finding, index, place, now)?;
                if scan.status == ScanStatus::Complete {
                    step.still_there(patience, now)
                } else {
                    step
                }
            }
        });
    }
    for before in open
        .into_values()
        .filter(|record| is_observed(scan, record))
    {
        let how = if before.status == Status::Approved {
            ResolvedHow::AutoRemediate
        } else {
            ResolvedHow::ManualFix
        };
        let after = before.resolved(how, now)?;
        steps.push(Step::Resolved {
            before: Box::new(before),
            after: Box::new(after),
        });
    }
    Ok(steps)
}

use Step::New;

/// A drift that nobody knew.
pub(super) fn found(
    finding: &Finding,
    place: &Place<'_>,
    recurrence_of: Option<DriftId>,
    now: Timestamp,
) -> Record {
    let (severity, severity_reason) = severity::of(finding);
    Record {
        id: DriftId::new(now),
        workspace_id: place.workspace_id,
        workspace: place.workspace.to_owned(),
        resource_id: finding.resource_id.clone(),
        resource_type: finding.resource_type.clone(),
        address: finding.address.clone(),
        deposed: finding.deposed.clone(),
        provider: finding.provider.clone(),
        region: finding.region.clone(),
        account_id: finding.account_id.clone(),
        kind: finding.kind,
        severity,
        severity_reason,
        status: Status::Detected,
        cost: None,
        currency: DEFAULT_CURRENCY.to_owned(),
        detected_by: DetectedBy::Api,
        detected_at: now,
        first_seen_at: now,
        last_seen_at: now,
        seen_count: 1,
        scan_id: Some(place.scan_id),
        recurrence_of,
        content: finding.content,
        shown: shown(finding),
        critical_since: overdue::has_to_be_looked_at(severity, finding.kind).then_some(now),
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

/// What a known drift becomes when it is found again.
fn known_again(
    before: Record,
    finding: &Finding,
    index: usize,
    place: &Place<'_>,
    now: Timestamp,
) -> Result<Step> {
    let same_values = before.content == finding.content && before.kind == finding.kind;
    if !same_values && before.status == Status::Rejected {
        let ended = before.resolved(ResolvedHow::Acknowledged, now)?;
        let after = found(finding, place, Some(before.id), now);
        return Ok(Step::Reopened {
            before: Box::new(before),
            ended: Box::new(ended),
            after: Box::new(after),
            finding: index,
        });
    }
    let seen = Record {
        last_seen_at: now,
        seen_count: before.seen_count + 1,
        ..before.clone()
    };
    if same_values && before.address == finding.address && before.shown == shown(finding) {
        // One that a person put on record counts as seen by scans from now on, so that a scan may end it.
        let after = Record {
            scan_id: seen.scan_id.or(Some(place.scan_id)),
            ..seen
        };
        return Ok(Step::Seen {
            before: Box::new(before),
            after: Box::new(after),
            finding: index,
        });
    }
    let (severity, severity_reason) = severity::of(finding);
    let after = Record {
        resource_id: finding.resource_id.clone(),
        resource_type: finding.resource_type.clone(),
        address: finding.address.clone(),
        provider: finding.provider.clone(),
        region: finding.region.clone(),
        account_id: finding.account_id.clone(),
        kind: finding.kind,
        severity,
        severity_reason,
        critical_since: overdue::critical_since(&before, severity, finding.kind, now),
        content: finding.content,
        shown: shown(finding),
        detected_at: if same_values { before.detected_at } else { now },
        scan_id: Some(place.scan_id),
        updated_at: now,
        version: before.version + 1,
        ..seen
    };
    Ok(Step::Changed {
        before: Box::new(before),
        after: Box::new(after),
        finding: index,
    })
}

/// Whether a scan that doesn't show a drift proves that it is gone.
fn is_observed(scan: &Scan, record: &Record) -> bool {
    let looked = match record.identity().facet {
        Facet::Live => scan.observed.live,
        Facet::Pending => scan.observed.pending,
        Facet::Unmanaged => scan.observed.unmanaged,
    };
    // What no scan ever saw, none can miss.
    looked
        && record.scan_id.is_some()
        && match scan.status {
            ScanStatus::Complete => true,
            ScanStatus::Partial => scan
                .observed
                .in_sync
                .contains(&address_key(&record.address, record.deposed.as_deref())),
            ScanStatus::Failed => false,
        }
}

/// A short digest of how a finding's difference reads, declared values included.
pub(super) fn shown(finding: &Finding) -> u64 {
    // In the order in which the stored difference has them.
    let by_pointer: BTreeMap<&str, &Value> = finding
        .difference
        .iter()
        .map(|one| (one.pointer.as_str(), &one.expected))
        .collect();
    shown_of(by_pointer.into_iter())
}

/// The same of pointers and declared values, sorted by pointer.
pub(super) fn shown_of<'a>(difference: impl Iterator<Item = (&'a str, &'a Value)>) -> u64 {
    let mut hash = Sha256::new();
    for (pointer, expected) in difference {
        for part in [pointer, &expected.to_string()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Step {
    /// The step of a drift that a complete scan still shows.
    fn still_there(mut self, patience: Patience, now: Timestamp) -> Self {
        if let Self::Seen { after, .. } | Self::Changed { after, .. } = &mut self {
            after.still_there(patience, now);
        }
        self
    }

    /// The drift as it is after the scan.
    fn after(&self) -> &Record {
        let (Self::New { after, .. }
        | Self::Seen { after, .. }
        | Self::Changed { after, .. }
        | Self::Reopened { after, .. }
        | Self::Resolved { after, .. }) = self;
        after
    }
}

/// Counts the steps of a scan.
pub fn counts(steps: &[Step]) -> Counts {
    let mut counts = Counts::default();
    for step in steps {
        let shown = !matches!(step, Step::Resolved { .. });
        let kind = step.after().kind;
        if kind.facet() == Facet::Pending {
            counts.pending += u64::from(shown);
            continue;
        }
        counts.state_only += u64::from(shown && kind == Kind::StateOnly);
        match step {
            Step::New { .. } => counts.new += 1,
            Step::Seen { .. } => counts.unchanged += 1,
            Step::Changed { before, after, .. }
                if before.content == after.content && before.kind == after.kind =>
            {
                counts.unchanged += 1;
            }
            Step::Changed { .. } | Step::Reopened { .. } => counts.changed += 1,
            Step::Resolved { .. } => counts.resolved += 1,
        }
    }
    counts.drifted = counts.new + counts.changed + counts.unchanged;
    counts
}
