//! What a server says of itself: for `driftsentry doctor` and `driftsentry support-bundle`.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::{Resource, getrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit;
use crate::error::{Error, Result};
use crate::server::Data;
use crate::store;
use crate::time::Timestamp;

/// Page cache while a file is looked at, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// A server's own account. Holds nothing secret, and no value of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// What it may open, as files and connections; none where that is not limited.
    pub open_files_limit: Option<u64>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// The database's size on the disk, in bytes.
    pub database_bytes: u64,
    /// When the newest audit entry was written.
    pub newest_at: Option<Timestamp>,
    /// What only a running server knows.
    pub running: Option<Running>,
}

/// What only a running server knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Whole seconds since it started.
    pub uptime_s: u64,
    /// Whether it is ready.
    pub ready: bool,
    /// `ok`, or why not, by the check's name: as `/health/ready`.
    pub checks: BTreeMap<String, String>,
    /// As `/health/detailed`.
    pub facts: BTreeMap<String, Value>,
    /// As `/metrics`.
    pub metrics: String,
}

impl Status {
    /// The account of this process, which has the store open.
    ///
    /// # Errors
    /// What reading says.
    pub fn of(data: &Data) -> Result<Self> {
        let running = data.served.get().map(|app| {
            let readiness = app.health.readiness();
            Running {
                pid: std::process::id(),
                uptime_s: app.health.uptime_s(),
                ready: readiness.ready,
                checks: readiness.checks,
                facts: app.health.facts(),
                metrics: app.metrics.text(),
            }
        });
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            open_files_limit: getrlimit(Resource::Nofile).current,
            rows: data.store.snapshot()?.row_counts()?,
            database_bytes: data.file_bytes(),
            // A damaged entry is for the audit's own check to tell.
            newest_at: data.store.read(audit::newest_at).unwrap_or_default(),
            running,
        })
    }

    /// What the file of a stopped server's store tells; none where it can't be read. Changes nothing in it.
    pub fn of_file(file: &Path) -> Option<Self> {
        let verified = store::verify_file(file, CACHE_BYTES).ok()?;
        Some(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            open_files_limit: None,
            rows: verified.snapshot.row_counts().ok()?,
            database_bytes: std::fs::metadata(file).map_or(0, |file| file.blocks() * 512),
            newest_at: audit::newest_at(&verified.snapshot).unwrap_or_default(),
            running: None,
        })
    }

    pub(super) fn to_value(data: &Data) -> Result<Value> {
        serde_json::to_value(Self::of(data)?).map_err(Error::internal)
    }
}
