//! The single writer: takes what waits, runs it, commits once, publishes, answers.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use redb::{Database, Durability};

use super::batch::Batch;
use super::engine::{Snapshot, failed};
use super::job::{Job, Message, closed, unknown};
use super::journal;
use super::progress::Stage;
use super::saved;
use super::saver::{Opened, Saver};
use super::source::Source;
use super::space::Room;
use super::writes::Row;
use super::{Commit, Shared, State, space};
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// A batch ends at so many changes, or at so many bytes.
const BATCH_CHANGES: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// From so many callers at once on, those just answered are on their way with their next change: a batch is kept open until
/// all are in it, as long as one follows another this closely, and no longer than that in all. Fewer never wait.
const CROWD: u64 = 4;
const CROWD_GAP: Duration = Duration::from_millis(8);
const CROWD_MOST: Duration = Duration::from_millis(32);

/// The room for rows is kept up to so many: that of a batch of decisions, not that of a large scan.
const MOST_ROWS: usize = 16 << 10;

/// After so long without a change, the file is made quick to open.
const IDLE: Duration = Duration::from_secs(2);

/// How long to wait before each try to reopen.
const REOPENINGS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

impl Shared {
    /// Brings every view to a new snapshot, by what was saved of it or by building it, and lets readers see both.
    pub(super) fn publish_anew(&self, database: &Database) -> Result<Opened> {
        let started = Instant::now();
        let snapshot = Arc::new(Snapshot::of(database)?);
        // No lock is held: nobody reads meanwhile, for there is no snapshot.
        self.progress.enter(Stage::Building(0, self.views.len()));
        let restored = match &self.saved {
            // A view that can't follow what was saved is built, and so are all.
            Some(path) => saved::restore(path, &self.views, &snapshot).unwrap_or_else(|error| {
                tracing::error!(%error, "The saved index can't be brought up to date: building it from the rows");
                None
            }),
            None => None,
        };
        for (done, view) in self.views.iter().enumerate() {
            self.progress.enter(Stage::Building(done, self.views.len()));
            if restored.is_none() || view.name().is_none() {
                view.load(&snapshot)?;
            }
        }
        let opened = Opened {
            instance: super::instance(&*snapshot)?,
            head: journal::Head::of(&*snapshot)?,
            restored,
            took: started.elapsed(),
        };
        self.published
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .snapshot = Some(snapshot);
        if self.saved.is_some() {
            let duration_ms = opened.took.as_millis() as u64;
            match restored {
                Some(rows) => tracing::info!(rows, duration_ms, "Restored the saved index"),
                None => tracing::info!(duration_ms, "Built the index from the rows"),
            }
        }
        self.progress.leave();
        Ok(opened)
    }

    /// Lets readers see a commit: its tables and the views that follow them, in one instant.
    fn publish(&self, database: &Database, rows: &[Row]) -> Result<()> {
        let snapshot = Arc::new(Snapshot::of(database)?);
        {
            let mut published = self
                .published
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            for view in &self.views {
                let of_view: Vec<&Row> = rows
                    .iter()
                    .filter(|row| view.tables().contains(&row.table))
                    .collect();
                if !of_view.is_empty()
                    && let Err(error) = view.apply(&of_view)
                {
                    tracing::error!(%error, "A view could not follow a commit: building it anew");
                    view.load(&snapshot)?;
                }
            }
            if let Some(old) = published.snapshot.replace(snapshot) {
                self.pulse.outdate(&old);
            }
        }
        self.commits.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// The writer's thread.
pub(super) struct Writer {
    pub(super) source: Source,
    pub(super) database: Option<Database>,
    pub(super) shared: Arc<Shared>,
    pub(super) waiting: Receiver<Message>,
    pub(super) space: Arc<space::Watch>,
    pub(super) saver: Saver,
    /// How many callers waited at the end of the last batch, those in it and those behind it.
    pub(super) crowd: u64,
    /// Room for the rows of a batch.
    pub(super) rows: Vec<Row>,
    pub(super) on_commit: Box<dyn Fn(Commit) + Send>,
    pub(super) on_fatal: Box<dyn Fn(&Error) + Send>,
}

impl Writer {
    /// Works until it is told to stop or no caller is left.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut settled = true;
        let mut idle_at = Instant::now() + IDLE;
        loop {
            let patience = idle_at.saturating_duration_since(Instant::now());
            let first = match self.waiting.recv_timeout(patience) {
                Ok(Message::Change(job)) => job,
                Ok(Message::Ping(answer)) => {
                    // Who asks may have left; being asked is no work, and the writer is as idle as before.
                    let _ = answer.send(());
                    continue;
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _work = shared.pulse.work();
                    self.look_at_space();
                    if !settled {
                        settled = true;
                        self.settle_down();
                    }
                    self.save_views(true);
                    self.shared.progress.beat();
                    idle_at = Instant::now() + IDLE;
                    continue;
                }
            };
            settled = false;
            let _work = shared.pulse.work();
            if self.work(first) == Flow::Stop {
                break;
            }
            self.save_views(false);
            self.shared.progress.beat();
            idle_at = Instant::now() + IDLE;
        }
        self.saver.hear(true);
        self.save_views(true);
        self.saver.hear(true);
        self.shared.state.send_replace(State::Closed);
        self.shared
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .snapshot = None;
        // Dropping closes the file; what still waits hears that the store is closed.
        self.database = None;
    }

    /// Begins to save the views where that is worth it, and hears how it went.
    fn save_views(&mut self, is_idle: bool) {
        self.saver.hear(false);
        let is_ready = *self.shared.state.borrow() == State::Ready;
        if is_ready
            && self.saver.is_worth_it(is_idle)
            && self.space.has_room_for(self.saver.expected_bytes()).is_ok()
        {
            self.saver.begin(&self.shared.views);
        }
    }

    /// Says how much room there is, and heals by itself when space returns.
    fn look_at_space(&self) -> Room {
        let room = self.space.room();
        self.shared
            .state
            .send_if_modified(|state| match (&*state, room == Room::Enough) {
                (State::Ready, false) => {
                    tracing::error!(
                        "The disk is almost full: writes are refused until space is free"
                    );
                    *state = State::Full;
                    true
                }
                (State::Full, true) => {
                    tracing::info!("The disk has room again: writing goes on");
                    *state = State::Ready;
                    true
                }
                _ => false,
            });
        room
    }

    /// Runs what waits as one batch, commits it, and answers.
    fn work(&mut self, first: Box<dyn Job>) -> Flow {
        let room = self.look_at_space();
        if room == Room::Nothing || room == Room::Reserve && !first.is_vital() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            first.settle(Some(Error::Full));
            return Flow::GoOn;
        }
        let mut jobs = vec![first];
        let mut stop = false;
        let result = self.run_batch(room, &mut jobs, &mut stop);
        self.crowd = self
            .shared
            .waiting
            .fetch_sub(jobs.len() as u64, Ordering::Relaxed);
        match result {
            Ok(commit) => {
                jobs.into_iter().for_each(|job| job.settle(None));
                if let Some(commit) = commit {
                    (self.on_commit)(commit);
                }
            }
            Err(error) => {
                tracing::error!(%error, "Writing failed: reopening the database");
                self.shared.pulse.failed();
                self.shared
                    .state
                    .send_replace(State::Degraded(error.to_string()));
                jobs.into_iter().for_each(|job| job.settle(Some(unknown())));
                if !self.reopen() {
                    return Flow::Stop;
                }
            }
        }
        if stop { Flow::Stop } else { Flow::GoOn }
    }

    /// Runs these jobs and what else waits in one transaction, kept open for others that long; `None` where nothing was written.
    fn run_batch(
        &mut self,
        room: Room,
        jobs: &mut Vec<Box<dyn Job>>,
        stop: &mut bool,
    ) -> Result<Option<Commit>> {
        let database = self.database.as_ref().ok_or_else(closed)?;
        let until = Instant::now() + CROWD_MOST;
        let mut transaction = database.begin_write().map_err(failed)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(failed)?;
        transaction.set_two_phase_commit(true);
        let batch = Batch::new(&transaction, std::mem::take(&mut self.rows));
        let mut next = 0;
        loop {
            while let Some(job) = jobs.get_mut(next) {
                if room == Room::Enough || job.is_vital() {
                    job.run(&batch, Timestamp::now())?;
                } else {
                    job.refuse(Error::Full);
                }
                next += 1;
                self.shared.progress.beat();
            }
            if jobs.len() >= BATCH_CHANGES || batch.bytes() >= BATCH_BYTES || *stop {
                break;
            }
            let is_awaited = self.crowd >= CROWD && (jobs.len() as u64) < self.crowd;
            match one_more(&self.waiting, is_awaited.then_some(until)) {
                Some(Message::Change(job)) => jobs.push(job),
                Some(Message::Ping(answer)) => drop(answer.send(())),
                Some(Message::Stop) => *stop = true,
                None => break,
            }
        }
        batch.end()?;
        let noted = journal::note(&batch, self.saver.saved)?;
        let bytes = batch.bytes();
        let mut rows = batch.into_rows();
        if rows.is_empty() {
            transaction.abort().map_err(failed)?;
            return Ok(None);
        }
        let started = Instant::now();
        transaction.commit().map_err(failed)?;
        let took = started.elapsed();
        if let Some((head, rows)) = noted {
            self.saver.changed(head, rows);
        }
        self.shared.publish(database, &rows)?;
        rows.clear();
        if rows.capacity() <= MOST_ROWS {
            self.rows = rows;
        }
        Ok(Some(Commit {
            changes: jobs.len(),
            bytes,
            took,
        }))
    }

    /// Opens the database again: after a failed write the engine refuses every later one.
    fn reopen(&mut self) -> bool {
        let mut last = closed();
        for pause in REOPENINGS {
            // Reads go on from the old state until this moment.
            std::thread::sleep(pause);
            self.shared
                .published
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .snapshot = None;
            self.database = None;
            match self
                .source
                .open(&self.shared.progress)
                .and_then(|database| {
                    self.saver.opened(self.shared.publish_anew(&database)?);
                    Ok(database)
                }) {
                Ok(database) => {
                    self.database = Some(database);
                    self.shared.pulse.reopened();
                    self.shared.state.send_replace(State::Ready);
                    self.shared.commits.send_modify(|count| *count += 1);
                    tracing::warn!("The database is open again: writing goes on");
                    return true;
                }
                Err(error) => {
                    tracing::error!(%error, "The database could not be reopened: tried again shortly");
                    last = error;
                }
            }
        }
        self.shared.state.send_replace(State::Closed);
        (self.on_fatal)(&last);
        false
    }

    /// Commits once so that opening after a crash needs no walk through the file.
    fn settle_down(&mut self) {
        let Some(database) = &self.database else {
            return;
        };
        let settled = (|| {
            let mut transaction = database.begin_write().map_err(failed)?;
            transaction.set_quick_repair(true);
            transaction.commit().map_err(failed)
        })();
        if let Err(error) = settled {
            tracing::error!(%error, "Writing failed while idle: reopening the database");
            self.shared.pulse.failed();
            self.shared
                .state
                .send_replace(State::Degraded(error.to_string()));
            self.reopen();
        }
    }
}

impl Drop for Writer {
    /// A writer that panics is a mistake of ours, and must not look like one that rests.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.state.send_replace(State::Closed);
            (self.on_fatal)(&Error::internal("the store's writer panicked"));
        }
    }
}

/// Whether the writer goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    GoOn,
    Stop,
}

/// The next message that waits, or that comes closely behind.
fn one_more(waiting: &Receiver<Message>, until: Option<Instant>) -> Option<Message> {
    waiting.try_recv().ok().or_else(|| {
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| waiting.recv_timeout(left.min(CROWD_GAP)).ok())?
    })
}
