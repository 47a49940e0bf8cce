//! Streams of events, for `/metrics`: asked at each scrape.

use std::sync::Arc;

use crate::events::audience::Audience;
use crate::events::feed::Feed;
use crate::events::stream::Sent;
use crate::telemetry::figures::about;
use crate::telemetry::metrics::Metrics;

/// Shows who listens, and what they are told.
pub fn register(metrics: &Metrics, audience: Arc<Audience>, sent: Arc<Sent>, feed: Arc<Feed>) {
    metrics.at_each_scrape("streams", move |figures| {
        let (turned_away, dismissed) = audience.lost();
        figures.gauge(
            about("event_streams", "Open streams of events"),
            audience.count() as u64,
        )?;
        figures.counter(
            about("events", "Events since the database was made"),
            feed.newest(),
        )?;
        figures.counter(
            about("events_sent", "Events sent, to all streams together"),
            sent.get(),
        )?;
        figures.counter(
            about(
                "event_streams_refused",
                "Streams refused because there were too many",
            ),
            turned_away,
        )?;
        figures.counter(
            about(
                "event_streams_revoked",
                "Streams ended because their session or key was",
            ),
            dismissed,
        )
    });
}
