//! Scans that are pushed, for `/metrics`: counted as they are taken in or sent away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::ingest::{Format, ScanStatus};
use crate::scans::Counts;
use crate::telemetry::metrics::Metrics;

/// Bounds of the histogram, in seconds: a plan of 10,000 resources takes a part of one, a slow uplink takes minutes.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0];

/// What became of a pushed body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was taken in.
    Taken(ScanStatus),
    /// The same push as one before: nothing was done again.
    Repeated,
    /// It is no scan, is too large, or must not be pushed there.
    Refused,
    /// The server could not take it in.
    Failed,
    /// Its client went away before it was taken in or sent away.
    Abandoned,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Taken(ScanStatus::Complete) => "complete",
            Self::Taken(ScanStatus::Partial) => "partial",
            Self::Taken(ScanStatus::Failed) => "tool_failed",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
            Self::Failed => "error",
            Self::Abandoned => "abandoned",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ScanLabels {
    format: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    change: &'static str,
}

/// Counts pushed scans.
#[derive(Debug, Clone)]
pub struct IntakeMetrics {
    scans: Family<ScanLabels, Counter>,
    durations: Histogram,
    bytes: Counter,
    resources: Counter,
    redacted: Counter,
    drifts: Family<ChangeLabels, Counter>,
}

impl Default for IntakeMetrics {
    fn default() -> Self {
        Self {
            scans: Family::default(),
            durations: Histogram::new(SECONDS),
            bytes: Counter::default(),
            resources: Counter::default(),
            redacted: Counter::default(),
            drifts: Family::default(),
        }
    }
}

impl IntakeMetrics {
    /// Shows them.
    pub fn register(&self, metrics: &Metrics) {
        metrics.register(|registry| {
            registry.register(
                "scans",
                "Pushed scans by format and outcome: complete, partial, tool_failed; repeated, refused, error, abandoned for those that changed nothing",
                self.scans.clone(),
            );
            registry.register_with_unit(
                "scan_duration",
                "Time from a scan's first byte until its drifts were on the disk, or until it was sent away",
                Unit::Seconds,
                self.durations.clone(),
            );
            registry.register_with_unit(
                "scan_received",
                "Bodies of scans as they came, compressed or not",
                Unit::Bytes,
                self.bytes.clone(),
            );
            registry.register(
                "scan_resources",
                "Managed resources that scans looked at",
                self.resources.clone(),
            );
            registry.register(
                "scan_values_redacted",
                "Values of scans that were hidden before anything was kept",
                self.redacted.clone(),
            );
            registry.register(
                "scan_drifts",
                "Drifts by what a scan did with them: new, changed, unchanged, resolved",
                self.drifts.clone(),
            );
        });
        for change in ["new", "changed", "unchanged", "resolved"] {
            // Series that are there from the start show their first rise.
            drop(self.drifts.get_or_create(&ChangeLabels { change }));
        }
        for outcome in [
            Outcome::Taken(ScanStatus::Complete),
            Outcome::Taken(ScanStatus::Partial),
            Outcome::Taken(ScanStatus::Failed),
        ] {
            drop(self.scans.get_or_create(&ScanLabels {
                format: format_name(Some(Format::TerraformPlan)),
                outcome: outcome.name(),
            }));
        }
    }

    /// A body that begins to be read.
    pub fn begin(&self) -> Pushed {
        Pushed {
            metrics: self.clone(),
            started: Instant::now(),
            bytes: Arc::default(),
            format: None,
            outcome: Outcome::Abandoned,
        }
    }
}

/// A body under way. It is counted when it is dropped.
#[derive(Debug)]
pub struct Pushed {
    metrics: IntakeMetrics,
    started: Instant,
    bytes: Arc<AtomicU64>,
    format: Option<Format>,
    outcome: Outcome,
}

impl Pushed {
    /// Counts the bytes that arrive.
    pub fn bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    /// Says what the body turned out to be.
    pub fn is(&mut self, format: Format) {
        self.format = Some(format);
    }

    /// It was taken in: what it looked at, and what it did.
    pub fn found(&self, counts: &Counts) {
        self.metrics.resources.inc_by(counts.resources);
        self.metrics.redacted.inc_by(counts.redacted);
        for (change, count) in [
            ("new", counts.new),
            ("changed", counts.changed),
            ("unchanged", counts.unchanged),
            ("resolved", counts.resolved),
        ] {
            self.metrics
                .drifts
                .get_or_create(&ChangeLabels { change })
                .inc_by(count);
        }
    }

    /// Says what became of it.
    pub fn ends(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        let metrics = &self.metrics;
        metrics
            .durations
            .observe(self.started.elapsed().as_secs_f64());
        metrics.bytes.inc_by(self.bytes.load(Ordering::Relaxed));
        metrics
            .scans
            .get_or_create(&ScanLabels {
                format: format_name(self.format),
                outcome: self.outcome.name(),
            })
            .inc();
    }
}

/// Formats by the words that the API has for them.
fn format_name(format: Option<Format>) -> &'static str {
    match format {
        Some(Format::TerraformPlan) => "terraform-plan",
        Some(Format::DriftsentryScan) => "driftsentry-scan",
        None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_counted_once_by_what_became_of_it() {
        let (all, intake) = (Metrics::new(), IntakeMetrics::default());
        intake.register(&all);
        let mut taken = intake.begin();
        taken.bytes().store(50, Ordering::Relaxed);
        taken.is(Format::TerraformPlan);
        taken.found(&Counts {
            resources: 9,
            new: 2,
            redacted: 1,
            ..Counts::default()
        });
        taken.ends(Outcome::Taken(ScanStatus::Partial));
        intake.begin().ends(Outcome::Refused);
        drop(intake.begin());
        let text = all.text();
        for line in [
            r#"driftsentry_scans_total{format="terraform-plan",outcome="partial"} 1"#,
            r#"driftsentry_scans_total{format="unknown",outcome="refused"} 1"#,
            r#"driftsentry_scans_total{format="unknown",outcome="abandoned"} 1"#,
            "driftsentry_scan_duration_seconds_count 3",
            "driftsentry_scan_received_bytes_total 50",
            "driftsentry_scan_resources_total 9",
            "driftsentry_scan_values_redacted_total 1",
            r#"driftsentry_scan_drifts_total{change="new"} 2"#,
            r#"driftsentry_scan_drifts_total{change="resolved"} 0"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
