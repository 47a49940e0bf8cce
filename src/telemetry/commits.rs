//! What the store's writer does, for `/metrics`.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::store::Commit;
use crate::telemetry::metrics::Metrics;

/// Counts commits.
#[derive(Debug, Clone)]
pub struct CommitMetrics {
    durations: Histogram,
    batches: Histogram,
    changes: Counter,
    bytes: Counter,
}

impl Default for CommitMetrics {
    fn default() -> Self {
        Self {
            durations: Histogram::new([
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
            ]),
            batches: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
            changes: Counter::default(),
            bytes: Counter::default(),
        }
    }
}

impl CommitMetrics {
    /// Shows them.
    pub fn register(&self, metrics: &Metrics) {
        metrics.register(|registry| {
            registry.register_with_unit(
                "store_commit_duration",
                "Time that making a batch of changes durable took",
                Unit::Seconds,
                self.durations.clone(),
            );
            registry.register(
                "store_batch_changes",
                "Changes made durable at once",
                self.batches.clone(),
            );
            registry.register(
                "store_changes",
                "Changes made durable",
                self.changes.clone(),
            );
            registry.register_with_unit(
                "store_written",
                "Keys and values written by changes",
                Unit::Bytes,
                self.bytes.clone(),
            );
        });
    }

    /// Counts one commit.
    pub fn count(&self, commit: Commit) {
        self.durations.observe(commit.took.as_secs_f64());
        self.batches
            .observe(u32::try_from(commit.changes).map_or(f64::INFINITY, f64::from));
        self.changes.inc_by(commit.changes as u64);
        self.bytes.inc_by(commit.bytes as u64);
    }
}
