//! Where the database lies, and why it can't be opened.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{Database, DatabaseError, StorageError};

use super::disk::Disk;
use super::engine::{failed, open_on};
use super::migrations::{MIGRATIONS, migrate};
use super::progress::{Progress, Stage};
use crate::error::{Error, Result, Unusable};

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
fn make_private(path: &Path) {
    if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "The database's permissions could not be narrowed to its owner");
    }
}

/// Why a file can't be opened, with what to do.
pub(super) fn cannot_open(path: &Path, error: DatabaseError) -> Error {
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
