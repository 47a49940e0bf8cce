//! When views are saved for the next start, on a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::View;
use super::journal::{Head, Mark};
use super::saved::Moment;

/// Views that took so long to build are worth saving at once, as if so many rows had changed.
const SLOW: Duration = Duration::from_millis(200);
const SLOW_ROWS: u64 = u64::MAX / 2;

/// How the views came about when a store was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) instance: [u8; 16],
    pub(super) head: Head,
    /// How many rows had changed since they were saved; none where they were built from all rows.
    pub(super) restored: Option<u64>,
    pub(super) took: Duration,
}

/// When views are worth saving, and whether they are being saved just now.
#[derive(Debug)]
pub(super) struct Saver {
    path: Option<PathBuf>,
    /// Changed rows after which it is worth it; by the size of the views where none is given.
    after: Option<u64>,
    instance: [u8; 16],
    /// The store's state.
    head: Head,
    /// Rows that have changed since the last time.
    unsaved: u64,
    /// What was saved is of this commit: the journal before it is not needed.
    pub(super) saved: u64,
    bytes: u64,
    running: Option<JoinHandle<io::Result<u64>>>,
    running_of: u64,
}

impl Saver {
    /// Saves to this file; never, where there is none.
    pub(super) fn new(path: Option<PathBuf>, after: Option<u64>) -> Self {
        Self {
            path,
            after,
            instance: [0; 16],
            head: Head::default(),
            unsaved: 0,
            saved: 0,
            bytes: 0,
            running: None,
            running_of: 0,
        }
    }

    /// The store was opened.
    pub(super) fn opened(&mut self, opened: Opened) {
        self.head = opened.head;
        self.instance = opened.instance;
        let path = self.path.as_ref().filter(|_| opened.restored.is_some());
        let file = path.and_then(|path| std::fs::metadata(path).ok());
        self.bytes = file.map_or(0, |file| file.len());
        self.unsaved = match opened.restored {
            Some(rows) => rows,
            None if opened.took >= SLOW => SLOW_ROWS,
            None => opened.head.keys,
        };
    }

    /// A commit changed so many rows.
    pub(super) fn changed(&mut self, head: Head, rows: u64) {
        self.head = head;
        self.unsaved += rows;
    }

    /// Whether saving is worth it now. Reading a changed row takes longer at the next start than reading one that
    /// was saved, so a hundredth of all is worth writing all while nobody waits, and an eighth while others do.
    pub(super) fn is_worth_it(&self, is_idle: bool) -> bool {
        let rows = self.bytes / 128;
        let enough = match self.after {
            Some(after) => after,
            None if is_idle => (rows / 100).max(1_000),
            // Well before the journal is cut.
            None => (rows / 8).clamp(50_000, 500_000),
        };
        let is_marked = self.head.mark != Mark::default();
        self.path.is_some() && is_marked && self.unsaved >= enough && self.running.is_none()
    }

    /// Begins to save, on a thread of its own.
    pub(super) fn begin(&mut self, views: &[Arc<dyn View>]) {
        let Some(path) = self.path.clone() else {
            return;
        };
        let moment = Moment {
            instance: self.instance,
            mark: self.head.mark,
            views: views.iter().filter_map(|view| view.freeze()).collect(),
        };
        let number = moment.mark.number;
        let thread = std::thread::Builder::new().name("store-saver".to_owned());
        match thread.spawn(move || moment.write(&path)) {
            Ok(running) => {
                self.running = Some(running);
                self.running_of = number;
                self.unsaved = 0;
            }
            Err(error) => {
                tracing::warn!(%error, "The index could not be saved: the next start takes longer")
            }
        }
    }

    /// How many bytes the next file may take.
    pub(super) fn expected_bytes(&self) -> u64 {
        self.bytes + self.bytes / 4 + (1 << 20)
    }

    /// Hears of the saving that was begun, once it is over; waits for that where told to.
    pub(super) fn hear(&mut self, waits: bool) {
        let is_over = |running: &JoinHandle<_>| waits || running.is_finished();
        let Some(running) = self.running.take_if(|running| is_over(running)) else {
            return;
        };
        match running.join() {
            Ok(Ok(bytes)) => {
                self.saved = self.running_of;
                self.bytes = bytes;
                tracing::debug!(bytes, "Saved the index for the next start");
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "The index could not be saved: the next start takes longer");
            }
            Err(_) => tracing::error!("Saving the index panicked: the next start takes longer"),
        }
    }
}
