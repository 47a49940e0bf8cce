//! The last backup and the last restore drill, for `/metrics` and `/health/detailed`: read from the directory of backups
//! when asked.

use std::fmt;
use std::path::PathBuf;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use serde_json::{Value, json};

use crate::backup::folder::Records;
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
    metrics.register(|registry| registry.register_collector(Box::new(Backups(dir))));
}

fn last_backup(records: &Records) -> Value {
    json!(records.last_success)
}

#[derive(Debug)]
struct Backups(PathBuf);

impl Collector for Backups {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let records = Records::of(&self.0);
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        if let Some(last) = &records.last_success {
            gauge(
                "backup_last_success_timestamp",
                "When the last backup was taken that succeeded, in Unix time",
                Some(&Unit::Seconds),
                last.taken_at.unix_ms() as f64 / 1000.0,
            )?;
            gauge(
                "backup_last_success_size",
                "The size of that backup",
                Some(&Unit::Bytes),
                last.bytes as f64,
            )?;
            gauge(
                "backup_last_success_duration",
                "How long taking it took",
                Some(&Unit::Seconds),
                last.duration_ms as f64 / 1000.0,
            )?;
        }
        if let Some(drill) = &records.last_drill {
            gauge(
                "backup_last_drill_timestamp",
                "When the last restore drill was, in Unix time",
                Some(&Unit::Seconds),
                drill.at.unix_ms() as f64 / 1000.0,
            )?;
            gauge(
                "backup_last_drill_passed",
                "Whether the backup of the last restore drill can be put back",
                None,
                f64::from(u8::from(drill.passed)),
            )?;
        }
        Ok(())
    }
}
