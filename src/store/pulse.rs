//! What the store tells of itself while it works: for health and metrics, which look at it from other threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::engine::Snapshot;

/// What the writer is doing, and what went wrong so far. Shared by the writer and who looks at it.
#[derive(Debug)]
pub(super) struct Pulse {
    began: Instant,
    /// Since when the writer has been at one piece of work, in milliseconds after `began`, plus one; 0 while it rests.
    busy_since: AtomicU64,
    failures: AtomicU64,
    reopenings: AtomicU64,
    refused: AtomicU64,
    outdated: Mutex<Vec<Outdated>>,
}

/// A state that a newer one has taken the place of, while somebody may still read it.
#[derive(Debug)]
struct Outdated {
    snapshot: Weak<Snapshot>,
    since: Instant,
}

/// One piece of the writer's work; over when dropped.
pub(super) struct Work<'a>(&'a Pulse);

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.0.busy_since.store(0, Ordering::Relaxed);
    }
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            busy_since: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            reopenings: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            outdated: Mutex::default(),
        }
    }

    /// The writer begins a piece of work.
    pub(super) fn work(&self) -> Work<'_> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.busy_since.store(now_ms + 1, Ordering::Relaxed);
        Work(self)
    }

    /// For how long the writer has been at one piece of work; zero while it rests.
    pub(super) fn busy_for(&self) -> Duration {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self
                .began
                .elapsed()
                .saturating_sub(Duration::from_millis(since - 1)),
        }
    }

    /// Writing failed.
    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// The database was opened again.
    pub(super) fn reopened(&self) {
        self.reopenings.fetch_add(1, Ordering::Relaxed);
    }

    /// A change was sent away because too many waited.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How often writing failed, the database was opened again, and a change was sent away.
    pub(super) fn mishaps(&self) -> Mishaps {
        Mishaps {
            failures: self.failures.load(Ordering::Relaxed),
            reopenings: self.reopenings.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// A newer state takes this one's place.
    pub(super) fn outdate(&self, snapshot: &Arc<Snapshot>) {
        let mut outdated = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        outdated.retain(|old| old.snapshot.strong_count() > 0);
        outdated.push(Outdated {
            snapshot: Arc::downgrade(snapshot),
            since: Instant::now(),
        });
    }

    /// For how long the oldest state that is still read has been outdated; zero where none is.
    pub(super) fn oldest_read(&self) -> Duration {
        let mut outdated = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        outdated.retain(|old| old.snapshot.strong_count() > 0);
        outdated
            .first()
            .map_or(Duration::ZERO, |oldest| oldest.since.elapsed())
    }
}

/// What went wrong since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mishaps {
    /// Commits that failed.
    pub failures: u64,
    /// How often the database was opened again after one.
    pub reopenings: u64,
    /// Changes that were sent away because too many waited.
    pub refused: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_is_busy_and_who_rests_is_not() {
        let pulse = Pulse::new();
        assert_eq!(pulse.busy_for(), Duration::ZERO);
        let work = pulse.work();
        std::thread::sleep(Duration::from_millis(5));
        assert!(pulse.busy_for() >= Duration::from_millis(4));
        drop(work);
        assert_eq!(pulse.busy_for(), Duration::ZERO);
    }
}
