//! What has to work for the server to be ready, and what `/health/detailed` tells of the store.

use std::time::Duration;

use crate::drifts::records::counters;
use crate::store::{Reads, State, Store};
use crate::telemetry::health::Health;

/// A writer that is at one batch for longer is stuck: a commit takes milliseconds, on a slow disk a second.
const STUCK: Duration = Duration::from_secs(10);

/// Has health look at the store: whether it can be read and written, whether there is room, whether the writer goes on.
pub fn of_store(health: &Health, store: &Store) {
    let watched = store.clone();
    health.check("database", move || database(&watched));
    let watched = store.clone();
    health.check("disk", move || match watched.state() {
        State::Full => Err("almost full: changes are refused until space is free".to_owned()),
        State::Ready | State::Degraded(_) | State::Closed => Ok(()),
    });
    let watched = store.clone();
    health.check("writer", move || {
        writer(watched.busy_for(), watched.queue_depth())
    });
    tell_facts(health, store);
}

fn tell_facts(health: &Health, store: &Store) {
    let watched = store.clone();
    health.fact("databaseReadMicroseconds", move || {
        if !is_readable(&watched) {
            return serde_json::Value::Null;
        }
        let started = std::time::Instant::now();
        let read = watched.read(|read| read.counter(&counters::total()));
        read.ok()
            .map(|_| u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX))
            .into()
    });
    let watched = store.clone();
    health.fact("queueDepth", move || watched.queue_depth().into());
    let watched = store.clone();
    health.fact("writerBusyMilliseconds", move || ms(watched.busy_for()));
    let watched = store.clone();
    health.fact("oldestReadMilliseconds", move || ms(watched.oldest_read()));
    let watched = store.clone();
    health.fact("databaseReopenings", move || {
        watched.mishaps().reopenings.into()
    });
    let watched = store.clone();
    health.fact("diskFreeBytes", move || {
        watched.space().map(|space| space.free_bytes).into()
    });
}

/// Whether reading waits for nobody: while the database is opened again it would.
fn is_readable(store: &Store) -> bool {
    matches!(store.state(), State::Ready | State::Full)
}

fn ms(duration: Duration) -> serde_json::Value {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .into()
}

/// Whether the store can be read, and takes changes as far as it knows.
fn database(store: &Store) -> Result<(), String> {
    match store.state() {
        State::Degraded(_) => Err("reopening after a failed write".to_owned()),
        State::Closed => Err("closed".to_owned()),
        State::Ready | State::Full => store
            .read(|read| read.counter(&counters::total()))
            .map(drop)
            .map_err(|_| "can't be read".to_owned()),
    }
}

/// Whether the writer goes on with its work.
fn writer(busy_for: Duration, waiting: u64) -> Result<(), String> {
    if busy_for < STUCK {
        return Ok(());
    }
    Err(format!(
        "no progress for {} s with {waiting} changes waiting: the disk may hang",
        busy_for.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_without_progress_is_stuck() {
        assert_eq!(writer(Duration::from_secs(9), 1_000), Ok(()));
        let told = writer(Duration::from_secs(12), 5).unwrap_err();
        assert!(told.starts_with("no progress for 12 s with 5"), "{told}");
    }
}
