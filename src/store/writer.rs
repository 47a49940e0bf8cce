//! The single writer: takes what waits, runs it, commits once, publishes, answers.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use redb::{Database, DatabaseError, Durability, StorageError};
use tokio::sync::oneshot;

use super::batch::Batch;
use super::disk::Disk;
use super::engine::{Snapshot, failed, open_on};
use super::journal;
use super::migrations::{MIGRATIONS, migrate};
use super::progress::{Progress, Stage};
use super::saved::{self, Opened, Saver};
use super::space::Room;
use super::writes::{Row, Writes};
use super::{Commit, Shared, State, space};
use crate::error::{Error, Result, Unusable};
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

/// What callers send.
pub(super) enum Message {
    /// A change to make.
    Change(Box<dyn Job>),
    /// Somebody wants to know whether the writer works.
    Ping(oneshot::Sender<()>),
    /// Close the database.
    Stop,
}

/// A queued change whose result type is forgotten.
pub(super) trait Job: Send {
    /// Runs it against the batch. A refused change writes nothing and is no error here.
    ///
    /// # Errors
    /// Only where the batch itself broke.
    fn run(&mut self, batch: &Batch<'_>, now: Timestamp) -> Result<()>;

    /// Whether it may use the room that is kept free.
    fn is_vital(&self) -> bool;

    /// Refuses it without running it.
    fn refuse(&mut self, error: Error);

    /// Answers its caller: with its own result, or with this error instead.
    fn settle(self: Box<Self>, instead: Option<Error>);
}

/// A queued change.
pub(super) struct Change<T, F> {
    change: F,
    is_vital: bool,
    done: oneshot::Sender<Result<T>>,
    outcome: Option<Result<T>>,
    /// The caller's: what is logged while it runs has their correlation id.
    span: tracing::Span,
}

impl<T, F> Change<T, F> {
    pub(super) fn new(change: F, is_vital: bool, done: oneshot::Sender<Result<T>>) -> Self {
        Self {
            change,
            is_vital,
            done,
            outcome: None,
            span: tracing::Span::current(),
        }
    }
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send,
{
    fn run(&mut self, batch: &Batch<'_>, now: Timestamp) -> Result<()> {
        let _entered = self.span.enter();
        // Nothing is applied until the change has returned, so a panic leaves nothing half-written behind.
        let decided = catch_unwind(AssertUnwindSafe(|| (self.change)(batch, now)));
        self.outcome = Some(match decided {
            Ok(Ok((value, writes))) => {
                batch.apply(writes)?;
                Ok(value)
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(Error::internal(format!(
                "a change panicked: {}",
                panic_text(panic.as_ref())
            ))),
        });
        Ok(())
    }

    fn is_vital(&self) -> bool {
        self.is_vital
    }

    fn refuse(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }

    fn settle(self: Box<Self>, instead: Option<Error>) {
        let result = match (instead, self.outcome) {
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(Error::internal("a change was not run")),
        };
        // A caller that has left doesn't wait for the answer.
        let _ = self.done.send(result);
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// What callers of a closed store hear.
pub(super) fn closed() -> Error {
    Error::Unavailable("The store is closed: DriftSentry is stopping.".to_owned())
}

/// What callers hear whose change met a failing disk.
fn unknown() -> Error {
    Error::Unavailable(
        "Writing failed, and whether this change is kept is not known: read before you repeat it."
            .to_owned(),
    )
}

/// Where the database lies, to open it again and again.
pub(super) enum Source {
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// The engine's page cache.
        cache_bytes: usize,
    },
    /// No file.
    Disk(Box<dyn Fn() -> Box<dyn Disk> + Send>),
}

impl Source {
    /// Opens the database and brings it to the newest schema.
    pub(super) fn open(&self, progress: &Progress) -> Result<Database> {
        progress.enter(Stage::Opening);
        match self {
            Self::File { path, cache_bytes } => {
                let checking = progress.clone();
                let said_percent = AtomicU64::new(0);
                let database = Database::builder()
                    .set_cache_size(*cache_bytes)
                    .set_repair_callback(move |repair| {
                        let percent = (repair.progress() * 100.0) as u64;
                        checking.enter(Stage::Checking(percent.min(100) as u8));
                        if percent >= said_percent.load(Ordering::Relaxed) + 10 {
                            said_percent.store(percent, Ordering::Relaxed);
                            tracing::info!(percent, "Checking the database after an unclean stop");
                        }
                    })
                    .create(path)
                    .map_err(|error| cannot_open(path, error))?;
                make_private(path);
                migrate(&database, Some(path), MIGRATIONS, progress).map_err(told)?;
                Ok(database)
            }
            Self::Disk(disk) => {
                let database = open_on(disk())?;
                migrate(&database, None, MIGRATIONS, progress)?;
                Ok(database)
            }
        }
    }
}

/// Takes the file from everybody but its owner.
fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "The database's permissions could not be narrowed to its owner");
    }
}

/// Why a file can't be opened, with what to do.
pub(super) fn cannot_open(path: &std::path::Path, error: DatabaseError) -> Error {
    let path = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::unusable(
            Unusable::Held,
            format!(
                "The database {path} is in use by another process: stop the running driftsentry first, or name another \
                 --data-dir."
            ),
        ),
        DatabaseError::UpgradeRequired(_) => Error::unusable(
            Unusable::Data,
            format!(
                "The database {path} was written by a much older engine: open it once with the version that made it."
            ),
        ),
        DatabaseError::Storage(StorageError::Corrupted(why)) => Error::unusable(
            Unusable::Data,
            format!(
                "The database {path} is damaged ({why}): restore the newest backup, and keep this file for inspection."
            ),
        ),
        DatabaseError::Storage(StorageError::Io(error)) => match error.kind() {
            ErrorKind::InvalidData => Error::unusable(
                Unusable::Data,
                format!("The file {path} is no DriftSentry database: name another --data-dir."),
            ),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_space(),
            ErrorKind::PermissionDenied => Error::unusable(
                Unusable::NotPermitted,
                format!(
                    "The database {path} can't be opened ({error}): run as its owner, or give it to this user."
                ),
            ),
            _ => Error::unusable(
                Unusable::Io,
                format!(
                    "The database {path} can't be opened ({error}): check its owner, its permissions and the disk."
                ),
            ),
        },
        other => failed(other),
    }
}

/// What whoever starts the server hears where the disk is full.
fn no_space() -> Error {
    Error::unusable(
        Unusable::Io,
        "The disk is full: free space where the data directory lies, and start again.",
    )
}

/// An error while a database is opened, where the disk turned out to be full said so.
fn told(error: Error) -> Error {
    if error.is_of_full_disk() {
        return no_space();
    }
    error
}

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
