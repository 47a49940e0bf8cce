//! How far the store is: what it does when that takes long, and whether its writer still works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest that one [`Stage`] may take before it counts as stuck.
pub const LONGEST_STAGE: Duration = Duration::from_secs(300);

/// Something that may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The file is opened.
    Opening,
    /// The file is checked after an unclean stop; so many percent are done.
    Checking(u8),
    /// The file gets its newer format.
    Migrating,
    /// What lives in memory is built from the rows: this many of all parts are done.
    Building(usize, usize),
}

/// Hears of each stage as it begins. Called on whichever thread is at work: it must be quick.
pub type OnStage = Arc<dyn Fn(Stage) + Send + Sync>;

/// What the writer leaves behind as it works.
#[derive(Clone)]
pub(super) struct Progress(Arc<Trace>);

struct Trace {
    on_stage: OnStage,
    beats: AtomicU64,
    /// Until when silence is no bad sign.
    busy_until: Mutex<Option<Instant>>,
}

impl Progress {
    pub(super) fn new(on_stage: OnStage) -> Self {
        Self(Arc::new(Trace {
            on_stage,
            beats: AtomicU64::new(0),
            busy_until: Mutex::new(None),
        }))
    }

    /// A stage begins.
    pub(super) fn enter(&self, stage: Stage) {
        *self.busy_until() = Some(Instant::now() + LONGEST_STAGE);
        (self.0.on_stage)(stage);
    }

    /// The last stage is over.
    pub(super) fn leave(&self) {
        *self.busy_until() = None;
        self.beat();
    }

    /// A piece of work is done.
    pub(super) fn beat(&self) {
        self.0.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// How many pieces were done so far.
    pub(super) fn beats(&self) -> u64 {
        self.0.beats.load(Ordering::Relaxed)
    }

    /// Whether a stage is under way that may take as long as it does.
    pub(super) fn is_at_a_stage(&self) -> bool {
        self.busy_until()
            .is_some_and(|until| Instant::now() < until)
    }

    fn busy_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let until = self.0.busy_until.lock();
        until.unwrap_or_else(PoisonError::into_inner)
    }
}
