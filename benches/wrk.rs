//! Load by `wrk`: one thread of it, connections kept alive.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::harness::Outcome;

/// What a server did under load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
}

/// Asks for the paths in turn for so many seconds, by 32 connections. Answers that don't come in time are no failure.
pub(crate) fn load(url: &str, paths: &Path, token: Option<&str>, seconds: u32) -> Outcome<Load> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/rotate.lua");
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c32", "--latency", "--timeout", "60s", "-s", script]);
    command
        .arg(format!("-d{seconds}s"))
        .args([url, "--"])
        .arg(paths)
        .args(token);
    measured(url, &run(&mut command)?)
}

/// What a server did for a crowd, part of which it may have sent away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// Answers with what was asked for.
    pub(crate) per_second: f64,
    /// The share of answers that were others.
    pub(crate) sent_away: f64,
    /// 99 of 100 answers came within this.
    pub(crate) p99: Duration,
    /// Connections that broke, or answers that took longer than 10 s.
    pub(crate) failed: u64,
}

/// As [`load`], by so many connections.
pub(crate) fn crowd(
    url: &str,
    paths: &Path,
    token: &str,
    connections: u32,
    seconds: u32,
) -> Outcome<Served> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/rotate.lua");
    // Each connection is an open file.
    let wrk = format!(
        "ulimit -n 16384; exec wrk -t1 -c{connections} -d{seconds}s --latency --timeout 10s -s {script} \"$@\""
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &wrk, "wrk", url, "--"])
        .arg(paths)
        .arg(token);
    let output = run(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |label: &str| -> Outcome<f64> {
        match text
            .lines()
            .find_map(|line| line.trim().strip_prefix(label))
        {
            Some(number) => Ok(number.trim().parse()?),
            None => Ok(0.0),
        }
    };
    let per_second = number("Requests/sec:")?;
    if per_second == 0.0 {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("wrk against {url}: {text}{said}").into());
    }
    let all = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "));
    let all: f64 = all.ok_or("wrk does not say how many")?.0.parse()?;
    let others = number("Non-2xx or 3xx responses:")?;
    let errors = text.lines().find(|line| line.contains("Socket errors"));
    let failed = errors.map_or(0, |line| {
        line.split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse::<u64>().ok())
            .sum()
    });
    let p99 = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("99%"));
    Ok(Served {
        per_second: per_second * (1.0 - others / all),
        sent_away: others / all,
        p99: duration(p99.ok_or("wrk does not say 99%")?.trim())?,
        failed,
    })
}

fn run(command: &mut Command) -> Outcome<Output> {
    command.output().map_err(|error| {
        format!("wrk can't be started ({error}): install it, or run scripts/bench").into()
    })
}

fn measured(url: &str, output: &Output) -> Outcome<Load> {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = text.lines().find(|line| line.contains("Socket errors"));
    let failed = errors.is_some_and(|line| !line.contains("connect 0, read 0, write 0"));
    if !output.status.success() || text.contains("Non-2xx") || failed {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("wrk against {url}: {text}{said}").into());
    }
    let after = |label: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(label));
        line.map(str::trim)
            .ok_or_else(|| format!("wrk does not say {label}: {text}"))
    };
    Ok(Load {
        per_second: after("Requests/sec:")?.parse()?,
        median: duration(after("50%")?)?,
    })
}

/// `712.00us`, `1.23ms`, `2.10s`, `1.05m`.
fn duration(text: &str) -> Outcome<Duration> {
    for (unit, seconds) in [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(Duration::from_secs_f64(number.parse::<f64>()? * seconds));
        }
    }
    Err(format!("{text} is no time").into())
}
