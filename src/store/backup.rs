//! Copies of the tables that are made while they are written: of one state, row by row in the order of keys.
//!
//! A copy of the file would be no backup: its pages change while they are read. This file knows rows and nothing of what
//! they mean; `backup` makes archives of copies and puts them back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, StorageBackend, TableDefinition, TableHandle};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::{Snapshot, create_tables, failed};
use crate::error::{Error, Result};
use crate::hex;

/// Page cache of a copy that is being written, in bytes: what copying holds in memory at most.
const CACHE_BYTES: usize = 32 << 20;

/// How many bytes of rows lie between two calls of the observer.
const STEP_BYTES: u64 = 256 << 10;

/// What begins the names of files that are only there while something is made.
pub const UNFINISHED: &str = ".driftsentry-unfinished-";

/// A table's name, how many rows it has, and a digest of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// As the file has it.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over each row in the order of keys: the key and the value, each after its length (eight bytes, big-endian).
    #[serde(with = "hex")]
    pub sha256: [u8; 32],
}

/// Hears how many bytes of rows were gone through; an error stops the work.
pub type Observer<'a> = &'a mut dyn FnMut(u64) -> Result<()>;

/// Adds up a table's rows.
#[derive(Default)]
struct Sum {
    rows: u64,
    sha: Sha256,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows += 1;
        for bytes in [key, value] {
            self.sha.update((bytes.len() as u64).to_be_bytes());
            self.sha.update(bytes);
        }
    }

    fn digest(self, name: &str) -> TableDigest {
        TableDigest {
            name: name.to_owned(),
            rows: self.rows,
            sha256: self.sha.finalize().into(),
        }
    }
}

/// Copies every table into an empty file, which is a database of its own afterwards, and says what was copied.
///
/// Nothing is synced: the file is to be read back and checked by this process, not to outlive it.
///
/// # Errors
/// `Full`; what reading and writing say, and the observer's own.
pub fn copy(from: &Snapshot, to: &File, observe: Observer<'_>) -> Result<Vec<TableDigest>> {
    copy_into(from, to, observe).map_err(|error| {
        if error.is_of_full_disk() {
            Error::Full
        } else {
            error
        }
    })
}

fn copy_into(from: &Snapshot, to: &File, observe: Observer<'_>) -> Result<Vec<TableDigest>> {
    let target = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(Unsynced(to.try_clone().map_err(Error::internal)?))
        .map_err(failed)?;
    let transaction = target.begin_write().map_err(failed)?;
    let digests = walk(from, observe, &mut |name| {
        let mut into = transaction
            .open_table(TableDefinition::<&[u8], &[u8]>::new(name))
            .map_err(failed)?;
        Ok(Box::new(move |key: &[u8], value: &[u8]| {
            into.insert(key, value).map(drop).map_err(failed)
        }))
    })?;
    transaction.commit().map_err(failed)?;
    target.close().map_err(failed)?;
    Ok(digests)
}

/// What [`copy`] would say of these tables.
///
/// # Errors
/// What reading says, and the observer's own.
pub fn digests(of: &Snapshot, observe: Observer<'_>) -> Result<Vec<TableDigest>> {
    walk(of, observe, &mut |_| Ok(Box::new(|_, _| Ok(()))))
}

/// Takes one row of a table.
type Take<'t> = Box<dyn FnMut(&[u8], &[u8]) -> Result<()> + 't>;

/// Goes through every row of every table, those that this program doesn't know included.
fn walk<'t>(
    from: &Snapshot,
    observe: Observer<'_>,
    open: &mut dyn FnMut(&str) -> Result<Take<'t>>,
) -> Result<Vec<TableDigest>> {
    let mut names: Vec<String> = from
        .transaction
        .list_tables()
        .map_err(failed)?
        .map(|handle| handle.name().to_owned())
        .collect();
    names.sort();
    let mut digests = Vec::with_capacity(names.len());
    let (mut bytes, mut told) = (0, 0);
    for name in names {
        let table = from
            .transaction
            .open_table(TableDefinition::<&[u8], &[u8]>::new(&name))
            .map_err(failed)?;
        let mut take = open(&name)?;
        let mut sum = Sum::default();
        for row in table.range::<&[u8]>(..).map_err(failed)? {
            let (key, value) = row.map_err(failed)?;
            let (key, value) = (key.value(), value.value());
            take(key, value)?;
            sum.add(key, value);
            bytes += (key.len() + value.len()) as u64;
            if bytes - told >= STEP_BYTES {
                told = bytes;
                observe(bytes)?;
            }
        }
        digests.push(sum.digest(&name));
    }
    observe(bytes)?;
    Ok(digests)
}

/// Calls for each row of every table: the table's name, the key, the value.
pub type EachRow<'a> = &'a mut dyn FnMut(&str, &[u8], &[u8]) -> Result<()>;

/// Visits every row of every table, those that this program doesn't know included.
///
/// # Errors
/// What reading says, and the visitor's own.
pub fn each_row(of: &Snapshot, visit: EachRow<'_>) -> Result<()> {
    let visit = std::cell::RefCell::new(visit);
    walk(of, &mut |_| Ok(()), &mut |name| {
        let (visit, name) = (&visit, name.to_owned());
        Ok(Box::new(move |key: &[u8], value: &[u8]| {
            (visit.borrow_mut())(&name, key, value)
        }))
    })
    .map(drop)
}

/// A database that is made row by row, from something else than a store.
pub struct Builder {
    database: Database,
    transaction: redb::WriteTransaction,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Builder {
    /// An empty one at a path where there is no file yet, for its owner only.
    ///
    /// # Errors
    /// The system's own.
    pub fn at(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(Error::internal)?;
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(FileBackend::new(file).map_err(failed)?)
            .map_err(failed)?;
        let transaction = database.begin_write().map_err(failed)?;
        create_tables(&transaction)?;
        Ok(Self {
            database,
            transaction,
        })
    }

    /// Puts a row.
    ///
    /// # Errors
    /// `Invalid`, where the table can't be one; what writing says.
    pub fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.transaction
            .open_table(TableDefinition::<&[u8], &[u8]>::new(table))
            .and_then(|mut table| Ok(table.insert(key, value).map(drop)?))
            .map_err(failed)
    }

    /// Makes all rows durable.
    ///
    /// # Errors
    /// What writing says.
    pub fn finish(self) -> Result<()> {
        self.transaction.commit().map_err(failed)?;
        self.database.close().map_err(failed)
    }
}

/// A file that has no name, for its owner only: whatever happens to this process, nothing of it stays.
///
/// # Errors
/// The system's own.
pub fn scratch(dir: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(file.into()),
        // Not every file system knows it.
        Err(_) => {
            let mut unique = [0; 8];
            getrandom::fill(&mut unique).map_err(io::Error::other)?;
            let path = dir.join(format!("{UNFINISHED}{}", hex::encode(&unique)));
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        }
    }
}

/// A file as a database's storage, without waiting for the disk.
#[derive(Debug)]
struct Unsynced(File);

impl StorageBackend for Unsynced {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tables::{EVENTS, META, USERS_BY_EMAIL};
    use crate::store::{Options, Reads, Store, Writes, verify_open};

    fn filled(dir: &Path) -> Store {
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir)
        })
        .unwrap();
        store
            .write_blocking(|_, _| {
                let mut writes = Writes::new();
                for n in 0..5_000_u64 {
                    writes.put_bytes(&EVENTS, &n, vec![7; usize::try_from(n % 300).unwrap()]);
                }
                Ok(((), writes))
            })
            .unwrap();
        store
    }

    #[test]
    fn a_copy_has_every_row_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path());
        let file = scratch(dir.path()).unwrap();
        let mut seen = 0;
        let snapshot = store.snapshot().unwrap();
        let copied = copy(&snapshot, &file, &mut |bytes| {
            seen = bytes;
            Ok(())
        })
        .unwrap();
        // What comes after is not in it.
        store
            .write_blocking(|_, _| {
                let mut writes = Writes::new();
                writes.put_bytes(&EVENTS, &9_999, vec![1]);
                Ok(((), writes))
            })
            .unwrap();
        assert!(seen > 5_000 * 150);
        let verified = verify_open(file, Path::new("copy"), 1 << 20).unwrap();
        assert!(verified.is_clean);
        assert_eq!(
            digests(&verified.snapshot, &mut |_| Ok(())).unwrap(),
            copied
        );
        let events = copied.iter().find(|one| one.name == EVENTS.table.name);
        assert_eq!(events.unwrap().rows, 5_000);
        assert!(!verified.snapshot.has(&EVENTS, &9_999).unwrap());
        let now = digests(&store.snapshot().unwrap(), &mut |_| Ok(())).unwrap();
        let other = now.iter().zip(&copied).filter(|(now, then)| now != then);
        assert_eq!(other.count(), 1);
        assert!(
            copied
                .iter()
                .any(|one| one.name == META.table.name && one.rows > 0)
        );
        assert!(
            copied
                .iter()
                .any(|one| one.name == USERS_BY_EMAIL.table.name && one.rows == 0)
        );
    }

    #[test]
    fn an_observer_stops_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path());
        let file = scratch(dir.path()).unwrap();
        let stopped = copy(&store.snapshot().unwrap(), &file, &mut |_| {
            Err(Error::conflict("enough"))
        });
        assert!(matches!(stopped, Err(Error::Conflict { .. })));
    }

    #[test]
    fn a_scratch_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = scratch(dir.path()).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
