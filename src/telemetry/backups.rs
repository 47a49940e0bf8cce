//! The last backup and the last restore drill, for `/metrics` and `/health/detailed`: read from the directory of backups
//! when asked.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::backup::folder::Records;
use crate::telemetry::figures::{about, bytes, seconds};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;

/// Shows what is known of the backups in this directory.
pub fn register(metrics: &Metrics, health: &Health, dir: PathBuf) {
    let of_health = dir.clone();
    health.fact("lastBackup", move || last_backup(&Records::of(&of_health)));
    let of_health = dir.clone();
    health.fact("lastBackupDrill", move || {
        json!(Records::of(&of_health).last_drill)
    });
    metrics.at_each_scrape("backups", move |figures| {
        let records = Records::of(&dir);
        if let Some(last) = &records.last_success {
            figures.gauge(
                seconds(
                    "backup_last_success_timestamp",
                    "When the last backup was taken that succeeded, in Unix time",
                ),
                last.taken_at.unix_ms() as f64 / 1_000.0,
            )?;
            figures.gauge(
                bytes("backup_last_success_size", "The size of that backup"),
                last.bytes,
            )?;
            figures.gauge(
                seconds(
                    "backup_last_success_duration",
                    "How long taking it took",
                ),
                last.duration_ms as f64 / 1_000.0,
            )?;
        }
        if let Some(drill) = &records.last_drill {
            figures.gauge(
                seconds(
                    "backup_last_drill_timestamp",
                    "When the last restore drill was, in Unix time",
                ),
                drill.at.unix_ms() as f64 / 1_000.0,
            )?;
            figures.gauge(
                about(
                    "backup_last_drill_passed",
                    "1 where the backup of the last restore drill can be put back, 0 where it can't",
                ),
                u64::from(drill.passed),
            )?;
        }
        Ok(())
    });
}

fn last_backup(records: &Records) -> Value {
    json!(records.last_success)
}
