//! The store, for `/metrics`: asked at each scrape. What each commit did is counted in `commits`.

use crate::store::{State, Store};
use crate::telemetry::figures::{about, bytes, seconds};
use crate::telemetry::metrics::Metrics;

/// The states by the names that metrics have for them.
const STATES: [&str; 4] = ["ready", "degraded", "full", "closed"];

/// Shows how the store fares. `file_bytes` looks at the size of its file.
pub fn register(
    metrics: &Metrics,
    store: Store,
    file_bytes: impl Fn() -> u64 + Send + Sync + 'static,
) {
    metrics.at_each_scrape("store", move |figures| {
        let now = match store.state() {
            State::Ready => "ready",
            State::Degraded(_) => "degraded",
            State::Full => "full",
            State::Closed => "closed",
        };
        figures.gauges(
            about(
                "store_state",
                "1 for the state that the store is in, 0 for the others: ready; degraded, reopening after a failed write; full, the disk is almost; closed",
            ),
            STATES.map(|state| ([("state", state)], u64::from(state == now))),
        )?;
        figures.gauge(
            about("store_queue_depth", "Changes that wait for the writer, or are being written"),
            store.queue_depth(),
        )?;
        figures.gauge(
            about(
                "store_queue_capacity",
                "Changes that may wait before callers are sent away",
            ),
            store.queue_capacity(),
        )?;
        figures.gauge(
            seconds(
                "store_writer_busy",
                "How long the writer has been at one batch of changes by now; 0 while it rests",
            ),
            store.busy_for().as_secs_f64(),
        )?;
        figures.gauge(
            seconds(
                "store_oldest_read",
                "How long the oldest state that is still read has been outdated, which keeps its pages in the file; 0 where none is",
            ),
            store.oldest_read().as_secs_f64(),
        )?;
        figures.gauge(
            bytes("store_file", "What the database's file takes on the disk"),
            file_bytes(),
        )?;
        if let Some(space) = store.space() {
            figures.gauge(
                bytes("store_disk_free", "Free space on the disk of the data directory"),
                space.free_bytes,
            )?;
            figures.gauge(
                bytes(
                    "store_disk_least_free",
                    "Free space below which changes are refused",
                ),
                space.least_bytes,
            )?;
        }
        let mishaps = store.mishaps();
        figures.counter(
            about("store_commit_failures", "Commits that failed"),
            mishaps.failures,
        )?;
        figures.counter(
            about(
                "store_reopenings",
                "How often the database was opened again after a failed commit",
            ),
            mishaps.reopenings,
        )?;
        figures.counter(
            about(
                "store_changes_refused",
                "Changes that were sent away because too many waited",
            ),
            mishaps.refused,
        )
    });
}
