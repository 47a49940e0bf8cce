//! Silence: a workspace that was not scanned within twice the time that is expected makes one alert, which lasts until the
//! next scan.

use std::ops::ControlFlow;

use super::{Record, by_id};
use crate::actor::Actor;
use crate::alerts::{self, Silence};
use crate::error::{Error, Result};
use crate::ids::WorkspaceId;
use crate::store::tables::WORKSPACES;
use crate::store::{Order, Range, Reads, Writes, codec};
use crate::time::Timestamp;

/// Whether it has fallen silent and nobody was told.
fn is_untold(workspace: &Record, now: Timestamp) -> bool {
    workspace.silent_alert.is_none() && workspace.is_silent(now)
}

/// Workspaces that have fallen silent and whose silence has no alert yet, at most so many.
///
/// # Errors
/// What reading says.
pub fn untold(read: &impl Reads, limit: usize, now: Timestamp) -> Result<Vec<WorkspaceId>> {
    let mut found = Vec::new();
    read.visit(
        WORKSPACES.table,
        &Range::all(),
        Order::Ascending,
        &mut |_, value| {
            let workspace: Record = codec::decode(value)?;
            if is_untold(&workspace, now) {
                found.push(workspace.id);
            }
            Ok(if found.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    Ok(found)
}

/// Makes the alerts of those of these workspaces that still are silent without one, and gives their number.
///
/// # Errors
/// What reading says.
pub fn tell(
    read: &impl Reads,
    workspaces: &[WorkspaceId],
    now: Timestamp,
) -> Result<(usize, Writes)> {
    let (mut told, mut writes) = (0, Writes::new());
    for id in workspaces {
        // One may have been deleted or scanned in between.
        let mut workspace = match by_id(read, *id) {
            Ok(workspace) if is_untold(&workspace, now) => workspace,
            Ok(_) | Err(Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        let every = workspace.expected_every.map(String::from);
        let silence = Silence {
            workspace: &workspace.name,
            last_scan: workspace.last_scan.as_ref().map(|scan| scan.at),
            made: workspace.created_at,
            every: every.as_deref().unwrap_or_default(),
        };
        let (alert, made) = alerts::on_silence(&silence, now)?;
        writes.add(made);
        workspace.silent_alert = Some(alert);
        writes.put(&WORKSPACES, id, &workspace)?;
        told += 1;
    }
    Ok((told, writes))
}

/// Ends a workspace's silence where it was told of: its alert is read. The workspace itself is the caller's to write.
///
/// # Errors
/// What reading says.
pub fn end(
    read: &impl Reads,
    workspace: &mut Record,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    match workspace.silent_alert.take() {
        Some(alert) => alerts::read_as_over(read, alert, by, now),
        None => Ok(Writes::new()),
    }
}
