//! Plans pushed over HTTP: how fast, how much memory they take at any size, and 100 workspaces at once.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

use crate::events::Site;
use crate::harness::{Goal, Outcome, Report, Times, ratio, size};
use crate::plan::{Kind, Plan};

/// Resources of a plan, and of one near the most that a server takes: 256 MiB.
const PLANS: [u64; 2] = [10_000, 55_000];
/// Of so many resources, one drifts.
const DRIFTED: u64 = 100;
const ROUNDS: usize = 5;
/// The most memory over idle, in MiB.
const MEMORY_MIB: f64 = 64.0;
/// Who pushes at once, how often, and how large.
const WORKSPACES: usize = 100;
const PUSHES: usize = 5;
const SMALL: u64 = 200;

pub(crate) fn run(report: &mut Report) -> Outcome<()> {
    report.subject("pushing plans over HTTP")?;
    for resources in PLANS {
        one(report, resources)?;
    }
    at_once(report)?;
    report.note("Memory over idle is the most that the server's resident memory rose to during the pushes, over what it was before the first.");
    Ok(())
}

fn plan(resources: u64, drifted: u64) -> Outcome<String> {
    let mut plan = Vec::new();
    Plan::new(Kind::Normal, resources, drifted, 1).write(&mut plan)?;
    Ok(String::from_utf8(plan)?)
}

fn push(site: &Site, workspace: &str, plan: &str) -> Outcome<Duration> {
    let started = Instant::now();
    site.make(&format!("/api/v1/scans?workspace={workspace}"), plan)?;
    Ok(started.elapsed())
}

fn one(report: &mut Report, resources: u64) -> Outcome<()> {
    let plan = plan(resources, resources / DRIFTED)?;
    let megabytes = plan.len() as f64 / 1e6;
    let site = Site::start()?;
    std::thread::sleep(Duration::from_millis(500));
    let idle = site.server.memory()?.0;
    site.server.forget_peak()?;
    let (mut skipped, mut pushed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Instant::now();
        serde_json::from_str::<IgnoredAny>(&plan)?;
        skipped.push(started.elapsed());
        pushed.push(push(&site, &format!("bench/{round}"), &plan)?);
    }
    let peak = site.server.memory()?.1;
    let (skipped, pushed) = (Times::of(skipped).median(), Times::of(pushed).median());
    let speed = |time: Duration| megabytes / time.as_secs_f64();
    let of = format!("plan of {} resources, {megabytes:.0} MB", size(resources));
    report.line(
        format!("{of}: pushed and stored"),
        format!("{pushed:.0?}, {:.0} MB/s", speed(pushed)),
        format!("serde_json skips {:.0} MB/s", speed(skipped)),
        Some(ratio(skipped, pushed)),
        // The goal is that of reading: here the loopback's two ends share the processor with it.
        Goal::None,
    );
    report.at_most(
        &format!("{of}: memory over idle"),
        peak - idle,
        "MiB",
        MEMORY_MIB,
    );
    site.stop()
}

fn at_once(report: &mut Report) -> Outcome<()> {
    let plan = plan(SMALL, SMALL / 20)?;
    let site = Site::start()?;
    let idle = site.server.memory()?.0;
    site.server.forget_peak()?;
    let times = Mutex::new(Vec::new());
    let started = Instant::now();
    std::thread::scope(|scope| -> Outcome<()> {
        let pushing: Vec<_> = (0..WORKSPACES)
            .map(|workspace| {
                let (site, plan, times) = (&site, &plan, &times);
                scope.spawn(move || -> Outcome<()> {
                    for _ in 0..PUSHES {
                        let took = push(site, &format!("at-once/{workspace}"), plan)?;
                        times.lock().map_err(|_| "a push panicked")?.push(took);
                    }
                    Ok(())
                })
            })
            .collect();
        pushing
            .into_iter()
            .try_for_each(|pushing| pushing.join().map_err(|_| "a push panicked")?)
    })?;
    let took = started.elapsed().as_secs_f64();
    let times = Times::of(times.into_inner().map_err(|_| "a push panicked")?);
    let pushes = (WORKSPACES * PUSHES) as f64;
    report.figure(
        format!("{WORKSPACES} workspaces pushing at once, {SMALL} resources each"),
        format!(
            "{:.0} pushes/s, {:.0} MB/s; a push {}",
            pushes / took,
            pushes * plan.len() as f64 / 1e6 / took,
            times.text()
        ),
    );
    let peak = site.server.memory()?.1;
    report.at_most("the same: memory over idle", peak - idle, "MiB", MEMORY_MIB);
    site.stop()
}
