//! Stories of the ordinary tests, told many times: `kill -9` under load, and power cuts.
//!
//! The tests hold the story, so that it is one. Here it is only told how often it happens.

use std::process::Command;
use std::time::Instant;

use crate::harness::{Goal, Outcome, Report};

/// A test that takes how often it happens from an environment variable.
pub(crate) struct Story {
    heading: &'static str,
    /// Which of cargo's test programs it is in, and its name there.
    target: &'static str,
    test: &'static str,
    variable: &'static str,
    unit: &'static str,
    note: &'static str,
}

/// The built program is killed while four workspaces push.
pub(crate) const KILLS: Story = Story {
    heading: "kill -9 under write load",
    target: "api",
    test: "crash::what_was_acknowledged_outlives_a_kill",
    variable: "TEST_KILLS",
    unit: "kills",
    note: "Kills: after each, `driftsentry check` finds the store sound, every acknowledged push is there, and none is half there; every fifth time totals are recounted and the audit chain is verified.",
};

/// The machine loses power while the store writes.
pub(crate) const POWER_CUTS: Story = Story {
    heading: "simulated power cuts",
    target: "histories",
    test: "power_cuts::what_was_acknowledged_outlives_a_power_cut",
    variable: "TEST_POWER_CUTS",
    unit: "power cuts",
    note: "Power cuts: of what was not synced, the disk keeps any sectors of 512 bytes and loses the others. What opens afterwards is, byte for byte in every table, the state before or after the change that was under way; pages, the audit chain, indexes and totals are checked.",
};

pub(crate) fn run(report: &mut Report, story: &Story, times: u64) -> Outcome<()> {
    report.subject(story.heading)?;
    let started = Instant::now();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "test",
            "--quiet",
            "--locked",
            "--test",
            story.target,
            "--",
            "--exact",
            story.test,
        ])
        .env(story.variable, times.to_string())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    // A name that no test has would pass, too.
    let held = output.status.success() && text.contains("1 passed");
    if !held {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    report.line(
        format!("{times} {}: nothing lost, nothing half-done", story.unit),
        if held { "all held" } else { "FAILED" },
        format!(
            "in {:.0} s, building included",
            started.elapsed().as_secs_f64()
        ),
        Some(f64::from(u8::from(!held))),
        Goal::AtMost(0.0),
    );
    report.note(story.note);
    Ok(())
}
