//! Streams of events, for `/metrics`: asked at each scrape.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::events::audience::Audience;
use crate::events::feed::Feed;
use crate::events::stream::Sent;
use crate::telemetry::metrics::Metrics;

/// Shows who listens, and what they are told.
pub fn register(metrics: &Metrics, audience: Arc<Audience>, sent: Arc<Sent>, feed: Arc<Feed>) {
    let streams = Streams {
        audience,
        sent,
        feed,
    };
    metrics.register(|registry| registry.register_collector(Box::new(streams)));
}

#[derive(Debug)]
struct Streams {
    audience: Arc<Audience>,
    sent: Arc<Sent>,
    feed: Arc<Feed>,
}

impl Collector for Streams {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let open = ConstGauge::new(i64::try_from(self.audience.count()).unwrap_or(i64::MAX));
        open.encode(encoder.encode_descriptor(
            "event_streams",
            "Open streams of events",
            None,
            open.metric_type(),
        )?)?;
        let (turned_away, dismissed) = self.audience.lost();
        for (name, help, count) in [
            (
                "events",
                "Events since the database was made",
                self.feed.newest(),
            ),
            (
                "events_sent",
                "Events sent, to all streams together",
                self.sent.get(),
            ),
            (
                "event_streams_refused",
                "Streams refused because there were too many",
                turned_away,
            ),
            (
                "event_streams_revoked",
                "Streams ended because their session or key was",
                dismissed,
            ),
        ] {
            let count = ConstCounter::new(count);
            let kind = count.metric_type();
            count.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}
