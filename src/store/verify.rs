//! Looks into the file of a stopped store and changes nothing in it: what the engine writes while it opens, repairs and
//! verifies stays in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use redb::{Database, DatabaseError, StorageBackend, StorageError};

use super::engine::{self, Snapshot};
use super::migrations::MIGRATIONS;
use super::source::cannot_open;
use crate::error::{Error, Result};

/// What the engine said of a file, and its tables.
pub struct Verified {
    /// The tables as the last commit left them.
    pub snapshot: Snapshot,
    /// Whether the engine found nothing to put right. A store that was killed is put right while it is opened, which is
    /// its ordinary way: that doesn't count.
    pub is_clean: bool,
    /// Kept open for the snapshot.
    _database: Database,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified {{ is_clean: {} }}", self.is_clean)
    }
}

/// Why the tables can't be looked at.
#[derive(Debug)]
pub enum Unverified {
    /// There is no such file.
    Missing,
    /// It can't be opened: in use, newer or older than this program, no database.
    Unopened(Error),
    /// The engine's checksums don't hold.
    Damaged(String),
}

/// Verifies every page's checksum, as far as the engine has them, and opens the tables for reading.
///
/// Walks the whole file. Memory: `cache_bytes`, and what the engine keeps of free space.
///
/// # Errors
/// See [`Unverified`].
pub fn verify_file(path: &Path, cache_bytes: usize) -> Result<Verified, Unverified> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unverified::Missing,
        _ => Unverified::Unopened(cannot_open(
            path,
            DatabaseError::Storage(StorageError::Io(error)),
        )),
    })?;
    verify_open(file, path, cache_bytes)
}

/// The same for an open file; `path` is what messages call it.
///
/// # Errors
/// See [`Unverified`].
pub fn verify_open(file: File, path: &Path, cache_bytes: usize) -> Result<Verified, Unverified> {
    file.try_lock_shared().map_err(|error| {
        Unverified::Unopened(match error {
            TryLockError::WouldBlock => cannot_open(path, DatabaseError::DatabaseAlreadyOpen),
            TryLockError::Error(error) => {
                cannot_open(path, DatabaseError::Storage(StorageError::Io(error)))
            }
        })
    })?;
    let overlay =
        Overlay::new(file).map_err(|error| Unverified::Unopened(Error::internal(error)))?;
    if overlay.is_empty() {
        return Err(Unverified::Damaged("the file is empty".to_owned()));
    }
    let mut database = Database::builder()
        .set_cache_size(cache_bytes)
        .create_with_backend(overlay)
        .map_err(|error| refused(path, error))?;
    let is_clean = database
        .check_integrity()
        .map_err(|error| refused(path, error))?;
    let schema =
        engine::schema(&database).map_err(|error| Unverified::Damaged(error.to_string()))?;
    let newest = MIGRATIONS.last().map_or(0, |step| step.version);
    if schema != newest {
        return Err(Unverified::Unopened(Error::Unavailable(format!(
            "The database has schema version {schema}, this program checks version {newest}: check it with the \
             driftsentry that wrote it, or start the server once to bring it up to date."
        ))));
    }
    let snapshot =
        Snapshot::of(&database).map_err(|error| Unverified::Damaged(error.to_string()))?;
    Ok(Verified {
        snapshot,
        is_clean,
        _database: database,
    })
}

/// Tells damage from what can be put right by the caller.
fn refused(path: &Path, error: DatabaseError) -> Unverified {
    match error {
        DatabaseError::Storage(StorageError::Corrupted(why)) => Unverified::Damaged(why),
        other => Unverified::Unopened(cannot_open(path, other)),
    }
}

/// Whether another process has the store of a data directory open. Looks at the lock alone: opening the file would put a
/// store right that was killed.
pub fn is_locked(dir: &Path) -> bool {
    File::open(dir.join(super::FILE_NAME))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The unit in which writes are kept, in bytes.
const CHUNK: usize = 4096;

/// A file that is only read, under writes that are only kept in memory.
#[derive(Debug)]
struct Overlay {
    file: File,
    file_len: u64,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    len: u64,
    /// By the number of the chunk.
    chunks: BTreeMap<u64, Box<[u8; CHUNK]>>,
}

impl Overlay {
    fn new(file: File) -> io::Result<Self> {
        let file_len = file.metadata()?.len();
        Ok(Self {
            file,
            file_len,
            written: Mutex::new(Written {
                len: file_len,
                chunks: BTreeMap::new(),
            }),
        })
    }

    fn is_empty(&self) -> bool {
        self.file_len == 0
    }

    /// Reads from the file; zeros after its end.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(self.file_len.saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(out.len());
        let (inside, after) = out.split_at_mut(there);
        after.fill(0);
        self.file.read_exact_at(inside, offset)
    }
}

/// The parts of a stretch of bytes by chunk: its number, where the part begins in it, and the part's place in the stretch.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % CHUNK as u64).unwrap_or(0);
        let take = (CHUNK - within).min(length - done);
        let part = (at / CHUNK as u64, within, done..done + take);
        done += take;
        Some(part)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self
            .written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if offset.saturating_add(out.len() as u64) > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out)?;
        for (number, within, place) in parts(offset, out.len()) {
            if let Some(chunk) = written.chunks.get(&number) {
                let length = place.len();
                out[place].copy_from_slice(&chunk[within..within + length]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, within, place) in parts(offset, data.len()) {
            let chunk = match written.chunks.entry(number) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    let mut chunk = Box::new([0; CHUNK]);
                    self.read_file(number * CHUNK as u64, chunk.as_mut_slice())?;
                    free.insert(chunk)
                }
            };
            chunk[within..within + place.len()].copy_from_slice(&data[place]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FILE_NAME, Options, Store};

    #[test]
    fn what_is_written_over_a_file_is_read_back_and_never_reaches_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        let overlay = Overlay::new(File::open(&path).unwrap()).unwrap();
        overlay.write(4_000, &[1; 5_000]).unwrap();
        overlay.set_len(20_000).unwrap();
        overlay.write(19_999, &[2]).unwrap();
        let mut all = vec![9; 20_000];
        overlay.read(0, &mut all).unwrap();
        let expected: Vec<u8> = (0..20_000)
            .map(|at| match at {
                4_000..9_000 => 1,
                19_999 => 2,
                0..10_000 => 7,
                _ => 0,
            })
            .collect();
        assert!(all == expected);
        assert!(overlay.read(19_999, &mut [0; 2]).is_err());
        assert!(std::fs::read(&path).unwrap() == vec![7; 10_000]);
    }

    #[test]
    fn a_file_that_cannot_be_looked_at_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        assert!(matches!(
            verify_file(&path, 1 << 20),
            Err(Unverified::Missing)
        ));
        std::fs::write(&path, "no database, but text").unwrap();
        assert!(matches!(
            verify_file(&path, 1 << 20),
            Err(Unverified::Unopened(_) | Unverified::Damaged(_))
        ));
        std::fs::remove_file(&path).unwrap();

        let store = Store::open(Options::new(dir.path())).unwrap();
        let Err(Unverified::Unopened(error)) = verify_file(&path, 1 << 20) else {
            panic!("a store in use was opened");
        };
        assert!(error.to_string().contains("stop the running"), "{error}");
        store.close();
        let before = std::fs::read(&path).unwrap();
        let verified = verify_file(&path, 1 << 20).unwrap();
        assert!(verified.is_clean);
        drop(verified);
        assert!(std::fs::read(&path).unwrap() == before);
    }
}
