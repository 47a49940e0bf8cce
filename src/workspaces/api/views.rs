//! A workspace as the contract shows it.

use std::collections::BTreeMap;

use poem_openapi::Object;
use serde::Serialize;

use super::super::{Every, LastScan, Record};
use crate::drifts::records;
use crate::error::Result;
use crate::ids::{ScanId, WorkspaceId};
use crate::ingest::ScanStatus;
use crate::store::Reads;
use crate::time::Timestamp;

/// A workspace's newest scan.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "LastScan")]
pub struct LastScanView {
    /// Its id.
    id: ScanId,
    /// When it was taken in.
    at: Timestamp,
    /// How much it proves.
    status: ScanStatus,
}

impl From<LastScan> for LastScanView {
    fn from(scan: LastScan) -> Self {
        Self {
            id: scan.id,
            at: scan.at,
            status: scan.status,
        }
    }
}

/// How many drifts of a workspace are open: detected, triaged or approved.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "OpenDrifts")]
pub struct OpenDriftsView {
    /// Critical ones.
    critical: u64,
    /// Warnings.
    warning: u64,
    /// For the record.
    info: u64,
    /// All of them.
    total: u64,
}

impl From<[i64; 3]> for OpenDriftsView {
    fn from(open: [i64; 3]) -> Self {
        let [critical, warning, info] = open.map(|count| u64::try_from(count).unwrap_or(0));
        Self {
            critical,
            warning,
            info,
            total: critical + warning + info,
        }
    }
}

/// What a tool plans at one time, such as a Terraform root module.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Workspace", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceView {
    /// Its id.
    id: WorkspaceId,
    /// Its name: unique, and for good.
    name: String,
    /// Such as `production`.
    environment: Option<String>,
    /// Free words by name.
    labels: BTreeMap<String, String>,
    /// What it is.
    description: Option<String>,
    /// How often it should be scanned, such as `6h`; null where that isn't said, and it is never silent.
    expected_every: Option<Every>,
    /// Whether it was not scanned within twice `expectedEvery`: then it can't be called clean.
    silent: bool,
    /// Its newest scan; null before the first.
    last_scan: Option<LastScanView>,
    /// Its open drifts by severity.
    open_drifts: OpenDriftsView,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last changed by hand.
    updated_at: Timestamp,
}

impl WorkspaceView {
    /// A workspace with its open drifts.
    ///
    /// # Errors
    /// What reading says.
    pub fn read(read: &impl Reads, workspace: Record, now: Timestamp) -> Result<Self> {
        let open = records::open_by_severity(read, workspace.id)?;
        Ok(Self::new(workspace, open.into(), now))
    }

    fn new(workspace: Record, open_drifts: OpenDriftsView, now: Timestamp) -> Self {
        Self {
            silent: workspace.is_silent(now),
            id: workspace.id,
            name: workspace.name,
            environment: workspace.environment,
            labels: workspace.labels,
            description: workspace.description,
            expected_every: workspace.expected_every,
            last_scan: workspace.last_scan.map(Into::into),
            open_drifts,
            created_at: workspace.created_at,
            updated_at: workspace.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;

    #[test]
    fn a_view_has_the_contracts_fields() {
        let now = Timestamp::from_unix_ms(0);
        let workspace = Record::new("shop/prod", now);
        let view = WorkspaceView::new(workspace.clone(), [1, 2, 3].into(), now);
        let bare = agreed(&view);
        assert_eq!(bare["openDrifts"]["total"], 6);
        assert!(bare["lastScan"].is_null() && bare["expectedEvery"].is_null());
        let full = Record {
            expected_every: Some("6h".parse().unwrap()),
            labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
            last_scan: Some(LastScan {
                id: ScanId::new(now),
                at: now,
                status: ScanStatus::Complete,
            }),
            ..workspace
        };
        let full = agreed(&WorkspaceView::new(full, [0; 3].into(), now));
        assert_eq!(full["expectedEvery"], "6h");
        assert_eq!(full["lastScan"]["status"], "complete");
    }
}
