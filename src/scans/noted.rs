//! What a scan means for its workspace: that it was scanned, and whether its scans fail.

use super::Record;
use crate::actor::Actor;
use crate::alerts;
use crate::error::Result;
use crate::ingest::ScanStatus;
use crate::store::tables::WORKSPACES;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;
use crate::workspaces::{self, LastScan, silence};

/// Notes a scan as its workspace's newest. It ends a silence; one that failed makes an alert, but none beside the unread
/// one that the scan before it made by failing for the same cause.
///
/// # Errors
/// What reading says.
pub(super) fn noted(
    read: &impl Reads,
    mut workspace: workspaces::Record,
    scan: &Record,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let mut writes = silence::end(read, &mut workspace, by, now)?;
    let standing = workspace.failed_alert.take();
    if scan.status == ScanStatus::Failed {
        let why = scan.problems.first();
        let why = why.map_or("the tool reported an error.", String::as_str);
        let (alert, made) =
            alerts::on_failed_scan(read, scan.id, &scan.workspace, why, standing, now)?;
        workspace.failed_alert = Some(alert);
        writes.add(made);
    }
    workspace.last_scan = Some(LastScan {
        id: scan.id,
        at: now,
        status: scan.status,
    });
    writes.put(&WORKSPACES, &workspace.id, &workspace)?;
    Ok(writes)
}
