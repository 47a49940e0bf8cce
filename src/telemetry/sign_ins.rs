//! Sign-ins and sessions, for `/metrics`: asked at each scrape.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::sessions::sign_in::Desk;
use crate::telemetry::metrics::Metrics;

/// Shows what happens at the desk.
pub fn register(metrics: &Metrics, desk: Arc<Desk>) {
    metrics.register(|registry| registry.register_collector(Box::new(SignIns(desk))));
}

#[derive(Debug)]
struct SignIns(Arc<Desk>);

impl Collector for SignIns {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let outcomes = &self.0.outcomes;
        by_outcome(
            &mut encoder,
            "sign_ins",
            "Tries to sign in by how they went",
            &[
                ("succeeded", &outcomes.succeeded),
                ("failed", &outcomes.failed),
                ("throttled", &outcomes.throttled),
            ],
        )?;
        by_outcome(
            &mut encoder,
            "session_renewals",
            "Refresh tokens shown by what became of them; reused ones ended their session",
            &[
                ("renewed", &outcomes.renewed),
                ("refused", &outcomes.refused),
                ("reused", &outcomes.reused),
            ],
        )?;
        let hashed = ConstCounter::new(self.0.hashed());
        hashed.encode(encoder.encode_descriptor(
            "password_hashes",
            "Passwords hashed, to compare or to keep them",
            None,
            hashed.metric_type(),
        )?)?;
        let living = ConstGauge::new(i64::try_from(self.0.sessions.count()).unwrap_or(i64::MAX));
        living.encode(encoder.encode_descriptor(
            "sessions",
            "Sessions that have not ended",
            None,
            living.metric_type(),
        )?)
    }
}

fn by_outcome(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    counts: &[(&str, &AtomicU64)],
) -> Result<(), fmt::Error> {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (outcome, count) in counts {
        let count = ConstCounter::new(count.load(Ordering::Relaxed));
        count.encode(family.encode_family(&[("outcome", *outcome)])?)?;
    }
    Ok(())
}
