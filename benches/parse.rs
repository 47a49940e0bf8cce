//! How fast a plan of 10,000 resources is read, against serde_json skipping the same bytes.

use std::time::Instant;

use driftsentry::ingest::{self, FingerprintKey, Options};
use serde::de::IgnoredAny;

use crate::harness::{Goal, Outcome, Report, Times, median, ratio};
use crate::plan::{Kind, Plan};

const RESOURCES: u64 = 10_000;
const ROUNDS: usize = 7;

pub(crate) fn run(report: &mut Report) -> Outcome<()> {
    report.subject("reading a plan of 10,000 resources")?;
    for (kind, name) in [
        (Kind::Normal, "normal"),
        (Kind::RefreshOnly, "refresh-only"),
    ] {
        for drifted in [100, 1_000] {
            one(report, kind, name, drifted)?;
        }
    }
    report.note(
        "Reading: the median over rounds that time both on the same bytes, one after the other.",
    );
    Ok(())
}

fn one(report: &mut Report, kind: Kind, name: &str, drifted: u64) -> Outcome<()> {
    let mut bytes = Vec::new();
    Plan::new(kind, RESOURCES, drifted, 1).write(&mut bytes)?;
    let options = Options::new(FingerprintKey([7; 32]));
    let (mut skipped, mut read, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let started = Instant::now();
        serde_json::from_slice::<IgnoredAny>(&bytes)?;
        let skipping = started.elapsed();
        let started = Instant::now();
        let scan = ingest::read(bytes.as_slice(), &options)?;
        let reading = started.elapsed();
        let found = scan
            .findings
            .iter()
            .filter(|one| one.kind.is_drift())
            .count() as u64;
        if found != drifted || scan.resources != RESOURCES {
            return Err(format!("read {} resources and {found} drifts", scan.resources).into());
        }
        // The first round warms up.
        if round > 0 {
            skipped.push(skipping);
            read.push(reading);
            ratios.push(ratio(skipping, reading));
        }
    }
    let speed = |times: Vec<_>| bytes.len() as f64 / 1e6 / Times::of(times).median().as_secs_f64();
    report.line(
        format!(
            "{name}, {drifted} drifts, {:.1} MB",
            bytes.len() as f64 / 1e6
        ),
        format!("{:.0} MB/s", speed(read)),
        format!("serde_json skips {:.0} MB/s", speed(skipped)),
        Some(median(ratios)),
        Goal::AtLeast(0.6),
    );
    Ok(())
}
