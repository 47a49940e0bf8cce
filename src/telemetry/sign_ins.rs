//! Sign-ins and sessions, for `/metrics`: asked at each scrape.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sessions::sign_in::Desk;
use crate::telemetry::figures::{Label, about};
use crate::telemetry::metrics::Metrics;

/// Shows what happens at the desk.
pub fn register(metrics: &Metrics, desk: Arc<Desk>) {
    metrics.at_each_scrape("sign-ins", move |figures| {
        let outcomes = &desk.outcomes;
        figures.counters(
            about("sign_ins", "Tries to sign in by how they went"),
            by_outcome([
                ("succeeded", &outcomes.succeeded),
                ("failed", &outcomes.failed),
                ("throttled", &outcomes.throttled),
            ]),
        )?;
        figures.counters(
            about(
                "session_renewals",
                "Refresh tokens shown by what became of them; reused ones ended their session",
            ),
            by_outcome([
                ("renewed", &outcomes.renewed),
                ("refused", &outcomes.refused),
                ("reused", &outcomes.reused),
            ]),
        )?;
        figures.counter(
            about(
                "password_hashes",
                "Passwords hashed, to compare or to keep them",
            ),
            desk.hashed(),
        )?;
        figures.gauge(
            about("sessions", "Sessions that have not ended"),
            desk.sessions.count() as u64,
        )
    });
}

fn by_outcome<'a>(counts: [(&'a str, &AtomicU64); 3]) -> [([Label<'a>; 1], u64); 3] {
    counts.map(|(outcome, count)| ([("outcome", outcome)], count.load(Ordering::Relaxed)))
}
