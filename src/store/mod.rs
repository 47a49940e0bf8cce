//! The embedded store: consistent reads that never wait, and one writer that makes many changes durable at once.
//!
//! A change is a function from what it may read to what it writes ([`Writes`]). The writer runs the waiting
//! changes one after another in one transaction, commits once, and only then answers. A change that fails
//! writes nothing, also within a batch; one that panics costs only its own caller.
//!
//! [`View`]s are structures in memory derived from rows (indexes, caches). They change in the same instant in which a
//! commit becomes visible: [`Store::with_views`] sees both at one state.
//!
//! Only this module's files name the engine's types, so that another ordered key-value engine can take its place.

pub mod backup;
mod batch;
pub mod codec;
mod directory;
mod disk;
mod engine;
mod file;
mod job;
mod journal;
pub mod keys;
mod migrations;
mod options;
pub mod pack;
mod progress;
mod pulse;
mod reads;
mod saved;
mod saver;
pub mod secrets;
mod source;
mod space;
pub mod tables;
mod verify;
mod writer;
mod writes;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

pub use batch::Batch;
pub use directory::{Purpose, make_dir_for, make_private_dir};
pub use disk::Disk;
pub use engine::Snapshot;
pub use file::{Sizes, compact, disk_bytes, is_database, is_held};
pub use journal::check_journal;
pub use migrations::{is_copy_before_upgrade, newest_schema};
pub use options::{Commit, Options};
pub use progress::{LONGEST_STAGE, OnStage, Stage};
pub use pulse::Mishaps;
pub use reads::{Order, Range, Reads, Visit};
pub use saved::{Frozen, SAVED_FILE, Save, restore_saved};
pub use space::{Space, room_for, space_at};
pub use tables::{Rows, Table};
pub use verify::{Unverified, Verified, is_locked, verify_file, verify_open};
pub use writes::{Appended, Counter, Entry, Row, Writes};

use crate::error::{Error, Result};
use crate::time::Timestamp;
use job::{Change, Message};
use progress::Progress;
use pulse::Pulse;
use saver::Saver;
use source::Source;
use writer::Writer;

/// How many changes may wait before callers are sent away.
const QUEUE: usize = 1024;

/// The database's name within the data directory.
pub const FILE_NAME: &str = "driftsentry.redb";

/// A structure in memory that is derived from rows.
pub trait View: Send + Sync {
    /// The tables it is told of.
    fn tables(&self) -> &[Table];

    /// Builds it anew from what is stored.
    ///
    /// # Errors
    /// What reading says.
    fn load(&self, read: &Snapshot) -> Result<()>;

    /// Follows one commit: the rows of its tables, in the order they were written.
    ///
    /// # Errors
    /// Any: the store then builds the view anew.
    fn apply(&self, rows: &[&Row]) -> Result<()>;

    /// What it is called where it is saved over a restart; none for a view that is built quickly. All its tables have to be
    /// those that the journal notes.
    fn name(&self) -> Option<&'static str> {
        None
    }

    /// What it holds now, to be saved under its name. Taking it must be quick.
    fn freeze(&self) -> Option<Frozen> {
        None
    }

    /// Holds what was saved, of which there are at most so many bytes.
    ///
    /// # Errors
    /// The reader's, and where it is something else: the store then builds the view anew.
    fn restore(&self, _from: &mut dyn io::Read, _most_bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Whether the store can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It can.
    Ready,
    /// A write failed, and the store is being reopened. Holds why.
    Degraded(String),
    /// The disk is almost full: reads go on.
    Full,
    /// It is closed, or can't be reopened.
    Closed,
}

/// What readers see: one commit's tables and, changed under the same lock, the views.
#[derive(Default)]
struct Published {
    snapshot: Option<Arc<Snapshot>>,
}

/// What the writer and the callers share.
struct Shared {
    published: RwLock<Published>,
    views: Vec<Arc<dyn View>>,
    state: watch::Sender<State>,
    /// Counts commits; streams wait for it to move.
    commits: watch::Sender<u64>,
    waiting: AtomicU64,
    /// Where views are saved; none where none is.
    saved: Option<PathBuf>,
    progress: Progress,
    pulse: Pulse,
}

/// The store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
    writer: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
    file: PathBuf,
    space: Arc<space::Watch>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("file", &self.file).finish()
    }
}

impl Store {
    /// Opens the store in a data directory, making both where they are missing, and builds the views.
    ///
    /// # Errors
    /// `Unavailable`, with what to do, when another process holds it, it is newer than this program, or it is no
    /// database; `Internal` for what the system says.
    pub fn open(mut options: Options) -> Result<Self> {
        let file = options.dir.join(FILE_NAME);
        make_private_dir(&options.dir)?;
        let source = match options.disk.take() {
            Some(disk) => Source::Disk(disk),
            None => Source::File {
                path: file.clone(),
                cache_bytes: options.cache_bytes,
            },
        };
        Self::start(source, options, file)
    }

    /// Opens on the given source: the writer's thread owns the database from here on.
    fn start(source: Source, options: Options, file: PathBuf) -> Result<Self> {
        let progress = Progress::new(Arc::clone(&options.on_stage));
        let database = source.open(&progress)?;
        let is_any_saved = options.views.iter().any(|view| view.name().is_some());
        let saved = is_any_saved.then(|| file.with_file_name(SAVED_FILE));
        let shared = Arc::new(Shared {
            published: RwLock::default(),
            views: options.views,
            state: watch::Sender::new(State::Ready),
            commits: watch::Sender::new(0),
            waiting: AtomicU64::new(0),
            saved,
            progress,
            pulse: Pulse::new(),
        });
        let opened = shared.publish_anew(&database)?;
        let mut saver = Saver::new(shared.saved.clone(), options.save_views_after);
        saver.opened(opened);
        if let Some(snapshot) = &shared
            .published
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .snapshot
        {
            outrun_stored_ids(snapshot)?;
        }
        let (queue, waiting) = sync_channel(QUEUE);
        let space = Arc::new(space::Watch::new(&file, options.min_free_bytes));
        let writer = Writer {
            source,
            database: Some(database),
            shared: Arc::clone(&shared),
            waiting,
            space: Arc::clone(&space),
            saver,
            crowd: 0,
            rows: Vec::new(),
            on_commit: options.on_commit,
            on_fatal: options.on_fatal,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(Error::internal)?;
        Ok(Self {
            shared,
            queue,
            writer: Arc::new(Mutex::new(Some(thread))),
            file,
            space,
        })
    }

    /// The tables as they are now.
    ///
    /// Hold it for one request's work at most: an old snapshot keeps old pages in the file.
    ///
    /// # Errors
    /// `Unavailable`, while the store is closed or being reopened.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        self.with_views(|_| ()).map(|(snapshot, ())| snapshot)
    }

    /// Reads from the tables as they are now.
    ///
    /// # Errors
    /// The closure's, or as [`Store::snapshot`].
    pub fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        read(&*self.snapshot()?)
    }

    /// Looks at views, and gives the tables of the very same state.
    ///
    /// The closure runs under the lock that publishing takes: keep it short.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub fn with_views<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> Result<(Arc<Snapshot>, T)> {
        let published = self
            .shared
            .published
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let snapshot = published.snapshot.clone().ok_or_else(|| {
            Error::Unavailable(
                "The store can't be read right now: try again in a moment.".to_owned(),
            )
        })?;
        let seen = look(&snapshot);
        Ok((snapshot, seen))
    }

    /// Queues a change and waits until it is durable, or refused.
    ///
    /// The change may be run more than once; only its last run counts.
    ///
    /// # Errors
    /// The change's own; `Unavailable` when the queue is full, the store is closed, or a write failed (then the
    /// outcome is unknown: ask again with the same `Idempotency-Key`, or read first); `Full` when the disk is.
    pub async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    {
        self.queue(change, false)?
            .await
            .unwrap_or_else(|_| Err(job::closed()))
    }

    /// [`Store::write`] for what people need to mend a full disk, such as a sign-in: it may use most of the room that is
    /// kept free.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_vital<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    {
        self.queue(change, true)?
            .await
            .unwrap_or_else(|_| Err(job::closed()))
    }

    /// [`Store::write`] for callers that are not asynchronous.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    {
        self.queue(change, false)?
            .blocking_recv()
            .unwrap_or_else(|_| Err(job::closed()))
    }

    /// [`Store::write_vital`] for callers that are not asynchronous.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_vital_blocking<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    {
        self.queue(change, true)?
            .blocking_recv()
            .unwrap_or_else(|_| Err(job::closed()))
    }

    fn queue<T, F>(&self, change: F, is_vital: bool) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    {
        let (done, outcome) = oneshot::channel();
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(Message::Change(Box::new(Change::new(change, is_vital, done)))).map_err(|error| {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => {
                    self.shared.pulse.refused();
                    Error::Unavailable(
                        "More changes are waiting than can be written right now: try again in a moment.".to_owned(),
                    )
                }
                TrySendError::Disconnected(_) => job::closed(),
            }
        })?;
        Ok(outcome)
    }

    /// The random id that the database got when it was made.
    ///
    /// # Errors
    /// As [`Store::snapshot`]; `Internal` where it is missing.
    pub fn instance(&self) -> Result<[u8; 16]> {
        let bytes = self.read(|read| {
            read.get_bytes(
                tables::META.table,
                &keys::Key::to_bytes(&"instance".to_owned()),
            )
        })?;
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::internal("the database has no instance id"))
    }

    /// Whether it can be written.
    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    /// Counts commits: waits for the next one by `changed`.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// How many changes wait for the writer.
    pub fn queue_depth(&self) -> u64 {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// How many changes may wait before callers are sent away.
    pub fn queue_capacity(&self) -> u64 {
        QUEUE as u64
    }

    /// For how long the writer has been at one piece of work, such as a commit that a slow disk holds up; zero while it
    /// rests.
    pub fn busy_for(&self) -> Duration {
        self.shared.pulse.busy_for()
    }

    /// What went wrong since it was opened.
    pub fn mishaps(&self) -> Mishaps {
        self.shared.pulse.mishaps()
    }

    /// For how long the oldest state that somebody still reads has been outdated, which keeps its pages in the file; zero
    /// where nobody reads an old one.
    pub fn oldest_read(&self) -> Duration {
        self.shared.pulse.oldest_read()
    }

    /// How much room the disk has; none where the file system doesn't say.
    pub fn space(&self) -> Option<Space> {
        self.space.space()
    }

    /// Whether the writer works: it has done something since `seen` was set, or answers within so long. While it is at a
    /// [`Stage`] it may be silent for [`LONGEST_STAGE`].
    pub async fn writer_works(&self, seen: &mut u64, within: Duration) -> bool {
        let (answer, answered) = oneshot::channel();
        // Where the queue is full, what it has done tells.
        let asked = self.queue.try_send(Message::Ping(answer)).is_ok();
        let answers = asked && matches!(timeout(within, answered).await, Ok(Ok(())));
        let progress = &self.shared.progress;
        let beats = progress.beats();
        let moved = std::mem::replace(seen, beats) != beats;
        answers || moved || progress.is_at_a_stage()
    }

    /// Whether so many more bytes can be written beside the database without its own changes being refused.
    ///
    /// # Errors
    /// `NoRoom`, with figures.
    pub fn has_room_for(&self, bytes: u64) -> Result<()> {
        self.space.has_room_for(bytes)
    }

    /// The database's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes what is queued, closes the database and waits until that is done. Later calls are refused.
    pub fn close(&self) {
        let _ = self.queue.send(Message::Stop);
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Which store it is: 16 random bytes, made with it and never changed.
///
/// # Errors
/// `Internal`, where they are missing.
pub fn instance(read: &impl Reads) -> Result<[u8; 16]> {
    let key = keys::Key::to_bytes(&"instance".to_owned());
    read.get_bytes(tables::META.table, &key)?
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::internal("the store's instance id is missing or damaged"))
}

/// The schema version of the tables.
///
/// # Errors
/// `Internal`, where it is missing.
pub fn schema(read: &impl Reads) -> Result<u32> {
    let key = keys::Key::to_bytes(&"schema".to_owned());
    read.get_bytes(tables::META.table, &key)?
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_be_bytes)
        .ok_or_else(|| Error::internal("the store's schema version is missing or damaged"))
}

/// Makes new ids greater than all stored ones, also after the clock was set back.
fn outrun_stored_ids(read: &Snapshot) -> Result<()> {
    for table in [
        tables::DRIFTS.table,
        tables::ALERTS.table,
        tables::SCANS.table,
        tables::WORKSPACES.table,
    ] {
        read.visit(
            table,
            &Range::all(),
            reads::Order::Descending,
            &mut |key, _| {
                if let Ok(id) = uuid::Uuid::from_slice(key) {
                    crate::ids::observe(id);
                }
                Ok(std::ops::ControlFlow::Break(()))
            },
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
