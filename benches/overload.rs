//! Many more callers at once than there are processors: what is answered, how late, and in how much memory.

use crate::harness::{Goal, Outcome, Report, scratch, size};
use crate::http::{serve, sign_in};
use crate::{estate, wrk};

/// As many as a server works for at once without any waiting long.
const FEW: u32 = 32;
const MANY: u32 = 2_000;
const SECONDS: u32 = 8;

pub(crate) fn run(report: &mut Report, drifts: u64) -> Outcome<()> {
    report.subject("overload: 2,000 connections that ask without a pause")?;
    // As a proxy's are, which has many clients.
    let settings = [("DRIFTSENTRY_LIMITS_CONNECTIONS_PER_ADDRESS", "4096")];
    let server = serve(&estate::of(drifts)?, &settings)?;
    let token = sign_in(&server)?;
    let paths = scratch()?.join("overload.txt");
    std::fs::write(
        &paths,
        "/api/v1/drifts?limit=20\n/api/v1/drifts?status=open&sortBy=costImpactMonthly\n/api/v1/metrics/summary\n",
    )?;
    let ask = |connections| wrk::crowd(&server.url(), &paths, &token, connections, SECONDS);
    let few = ask(FEW)?;
    let many = ask(MANY)?;
    let (_, peak) = server.memory()?;
    server.stop()?;
    report.line(
        format!("pages and summaries answered, {}", size(drifts)),
        format!("{:.0}/s", many.per_second),
        format!("{:.0}/s for {FEW} connections", few.per_second),
        Some(many.per_second / few.per_second),
        Goal::AtLeast(0.8),
    );
    report.at_most(
        "99 of 100 answers within",
        many.p99.as_secs_f64() * 1e3,
        "ms",
        1_000.0,
    );
    report.line(
        "connections broken, answers after more than 10 s",
        many.failed.to_string(),
        format!("{:.1} % sent away with 429 or 503", many.sent_away * 100.0),
        Some(many.failed as f64),
        Goal::AtMost(0.0),
    );
    report.at_most("memory, at its most", peak, "MiB", 400.0);
    Ok(())
}
