//! What makes an alert: something that a scan shows, and something that did not happen in time.

use super::{Record, Type, insert};
use crate::error::Result;
use crate::ids::{AlertId, DriftId, ScanId};
use crate::severity::Severity;
use crate::store::tables::ALERTS;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;

/// How long something may be left undone before an alert says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a critical drift may wait for a decision, in milliseconds.
    pub undecided_ms: i64,
    /// How long a drift may still be there after its approval, in milliseconds.
    pub unremedied_ms: i64,
}

impl Default for Patience {
    fn default() -> Self {
        const DAY_MS: i64 = 86_400_000;
        Self {
            undecided_ms: DAY_MS,
            unremedied_ms: DAY_MS,
        }
    }
}

/// A drift that may be worth an alert.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The drift.
    pub drift: DriftId,
    /// The scan that shows it so.
    pub scan: Option<ScanId>,
    /// The workspace, by name.
    pub workspace: &'a str,
    /// The resource's address.
    pub address: &'a str,
    /// How much it matters now.
    pub severity: Severity,
    /// The rule that said so.
    pub reason: &'a str,
    /// Whether the live state has left the code at all.
    pub is_drift: bool,
}

impl Sighting<'_> {
    /// The alert about this drift that nobody has read.
    fn alert(&self, about: Type, title: &str, message: String, now: Timestamp) -> Record {
        Record {
            id: AlertId::new(now),
            drift_id: Some(self.drift),
            scan_id: self.scan,
            workspace: self.workspace.to_owned(),
            about,
            severity: self.severity,
            title: title.to_owned(),
            message,
            read: None,
            created_at: now,
        }
    }
}

/// The alert that a drift makes when it is found, or is back: critical ones make one.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn on_detected(seen: &Sighting<'_>, recurs: bool, now: Timestamp) -> Result<Writes> {
    if seen.severity != Severity::Critical || !seen.is_drift {
        return Ok(Writes::new());
    }
    detected(
        seen,
        if recurs {
            "Critical drift is back"
        } else {
            "Critical drift"
        },
        now,
    )
}

/// The alert that a drift makes when it has got worse.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn on_changed(seen: &Sighting<'_>, was: Severity, now: Timestamp) -> Result<Writes> {
    if seen.severity == Severity::Critical && was < Severity::Critical && seen.is_drift {
        detected(seen, "Drift has become critical", now)
    } else {
        Ok(Writes::new())
    }
}

fn detected(seen: &Sighting<'_>, title: &str, now: Timestamp) -> Result<Writes> {
    let message = format!("{} in {}: {}.", seen.address, seen.workspace, seen.reason);
    insert(&seen.alert(Type::DriftDetected, title, message, now), now)
}

/// The alert that a critical drift makes when nobody has decided on it in time. No scan makes it.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn on_undecided(seen: &Sighting<'_>, since: Timestamp, now: Timestamp) -> Result<Writes> {
    let message = format!(
        "{} in {} has been critical since {}, and nobody has decided: approve, reject or resolve it.",
        seen.address,
        seen.workspace,
        since.to_minute()
    );
    let alert = Record {
        scan_id: None,
        ..seen.alert(Type::ApprovalNeeded, "Approval needed", message, now)
    };
    insert(&alert, now)
}

/// The alert that a drift makes when a scan still shows it long after its approval.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn on_unremedied(seen: &Sighting<'_>, approved: Timestamp, now: Timestamp) -> Result<Writes> {
    let message = format!(
        "{} in {} was approved on {}, and a scan still shows it: apply the code, or see what changes it back.",
        seen.address,
        seen.workspace,
        approved.to_minute()
    );
    let alert = Record {
        severity: seen.severity.max(Severity::Warning),
        ..seen.alert(Type::RemediationFailed, "Remediation failed", message, now)
    };
    insert(&alert, now)
}

/// The alert that a failed scan makes, and its id. `standing` is the one of the scan before, where that failed too:
/// while it is unread and tells the same, there is no second one.
///
/// # Errors
/// What reading says.
pub fn on_failed_scan(
    read: &impl Reads,
    scan: ScanId,
    workspace: &str,
    why: &str,
    standing: Option<AlertId>,
    now: Timestamp,
) -> Result<(AlertId, Writes)> {
    let alert = Record {
        scan_id: Some(scan),
        ..of_workspace(
            workspace,
            Type::ScanFailed,
            "Scan failed",
            format!("The scan of {workspace} failed: {why}"),
            now,
        )
    };
    let standing = match standing {
        Some(id) => read.get::<_, Record>(&ALERTS, &id)?,
        None => None,
    };
    match standing {
        Some(known) if known.read.is_none() && known.message == alert.message => {
            Ok((known.id, Writes::new()))
        }
        _ => Ok((alert.id, insert(&alert, now)?)),
    }
}

/// A workspace that was not scanned in time.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'a> {
    /// The workspace, by name.
    pub workspace: &'a str,
    /// When it was last scanned; none where it never was.
    pub last_scan: Option<Timestamp>,
    /// When it was set up.
    pub made: Timestamp,
    /// How often it should be scanned.
    pub every: &'a str,
}

/// The alert that a workspace makes when it falls silent, and its id.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn on_silence(silence: &Silence<'_>, now: Timestamp) -> Result<(AlertId, Writes)> {
    let Silence {
        workspace, every, ..
    } = silence;
    let since = match silence.last_scan {
        Some(at) => format!("was last scanned on {}", at.to_minute()),
        None => format!(
            "was never scanned since it was set up on {}",
            silence.made.to_minute()
        ),
    };
    let message = format!(
        "{workspace} {since}, though a scan is expected every {every}: see whether its pipeline runs."
    );
    let about = Type::WorkspaceSilent;
    let alert = of_workspace(workspace, about, "Workspace is silent", message, now);
    Ok((alert.id, insert(&alert, now)?))
}

fn of_workspace(
    workspace: &str,
    about: Type,
    title: &str,
    message: String,
    now: Timestamp,
) -> Record {
    Record {
        id: AlertId::new(now),
        drift_id: None,
        scan_id: None,
        workspace: workspace.to_owned(),
        about,
        severity: Severity::Warning,
        title: title.to_owned(),
        message,
        read: None,
        created_at: now,
    }
}
