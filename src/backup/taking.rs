//! Taking a backup while the store is written.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::manifest::FORMAT;
use super::{KEY_FILES, Manifest, Part, archive};
use crate::actor::Actor;
use crate::audit::{self, Action, Draft};
use crate::check;
use crate::error::{Error, Result};
use crate::store::backup::{copy, digests, scratch};
use crate::store::{self, FILE_NAME, Store, Writes};
use crate::time::Timestamp;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Rows are copied. Only now an old state is held.
    Copying,
    /// The copy is checked.
    Checking,
    /// It is compressed and handed over.
    Packing,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// So many bytes of it.
    pub done: u64,
    /// Of so many, about.
    pub total: u64,
}

/// Lets one backup be taken at a time. All clones are one.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<AtomicBool>);

/// One's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn(Arc<AtomicBool>);

impl Turns {
    /// The turn, where nobody has it.
    ///
    /// # Errors
    /// `Conflict`.
    pub fn take(&self) -> Result<Turn> {
        if self.0.swap(true, Ordering::AcqRel) {
            return Err(Error::conflict(
                "A backup is being taken or handed over already: wait until that is done, then try again.",
            ));
        }
        Ok(Turn(Arc::clone(&self.0)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A backup that was taken and checked, before it is handed over.
#[derive(Debug)]
pub struct Taken {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The copy of the database: a file without a name.
    database: File,
    /// The keys that belong to it, in the manifest's order.
    keys: Vec<Vec<u8>>,
}

impl Taken {
    /// Writes the archive, and gives its length in bytes.
    ///
    /// # Errors
    /// Writing's own.
    pub fn write(
        &self,
        out: &mut dyn Write,
        tell: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> io::Result<u64> {
        let mut database = &self.database;
        database.seek(SeekFrom::Start(0))?;
        let mut told = Told {
            inner: BufReader::with_capacity(256 << 10, database),
            done: 0,
            total: self.manifest.database_bytes,
            tell,
        };
        let mut keys: Vec<&[u8]> = self.keys.iter().map(Vec::as_slice).collect();
        let mut parts: Vec<&mut dyn Read> = vec![&mut told];
        parts.extend(keys.iter_mut().map(|key| key as &mut dyn Read));
        archive::write(out, &self.manifest, &mut parts)
    }

    /// The copy of the database.
    ///
    /// # Errors
    /// The system's own.
    pub fn database(&self) -> io::Result<File> {
        self.database.try_clone()
    }
}

/// Tells how much was read.
struct Told<'t, R> {
    inner: R,
    done: u64,
    total: u64,
    tell: &'t mut dyn FnMut(Progress) -> Result<()>,
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.done += read as u64;
        let progress = Progress {
            stage: Stage::Packing,
            done: self.done,
            total: self.total,
        };
        (self.tell)(progress).map_err(io::Error::other)?;
        Ok(read)
    }
}

/// Copies the store as it is now, checks the copy, and puts on record that it was taken. The store goes on being read and
/// written meanwhile; an old state of it is held only while rows are copied. `tell` hears how far it is, and stops it with
/// an error.
///
/// Blocks, and works hard: for a thread of its own.
///
/// # Errors
/// `NoRoom`; `Internal` where the copy does not pass its check; what reading says, and `tell`'s own.
pub fn take(
    store: &Store,
    by: &Actor,
    now: Timestamp,
    tell: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Taken> {
    let dir = store.file().parent().unwrap_or(Path::new("."));
    let live = store::disk_bytes(store.file());
    store.has_room_for(live)?;
    let file = scratch(dir).map_err(Error::internal)?;
    let told = |stage, done, total| Progress { stage, done, total };

    let snapshot = store.snapshot()?;
    let mut observe = |done| tell(told(Stage::Copying, done, live.max(done)));
    let copied = copy(&snapshot, &file, &mut observe)?;
    drop(snapshot);

    let database_bytes = file.metadata().map_err(Error::internal)?.len();
    tell(told(Stage::Checking, 0, database_bytes))?;
    let verified = check::open(
        file.try_clone().map_err(Error::internal)?,
        Path::new("the copy"),
    )
    .map_err(|refused| unsound(format_args!("{refused}")))?;
    if !verified.report.sound {
        tracing::error!(report = %verified.report, "The copy of the database does not pass its check");
        return Err(unsound("run `driftsentry check` on the stopped store"));
    }
    let verified = verified
        .verified
        .ok_or_else(|| unsound("its tables can't be read"))?;
    let read = &verified.snapshot;
    let mut observe = |done| tell(told(Stage::Checking, done, live.max(done)));
    if digests(read, &mut observe)? != copied {
        return Err(unsound("its rows are not those that were copied"));
    }
    let (audit_entries, audit_head) = audit::head(read)?;
    let mut manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: store::schema(read)?,
        instance: store::instance(read)?,
        taken_at: now,
        audit_entries,
        audit_head,
        database_bytes,
        tables: copied,
        parts: Vec::new(),
    };
    drop(verified);

    manifest.parts.push(part_of(FILE_NAME, &mut &file)?);
    let mut keys = Vec::new();
    for name in KEY_FILES {
        match std::fs::read(dir.join(name)) {
            Ok(key) => {
                manifest.parts.push(part_of(name, &mut key.as_slice())?);
                keys.push(key);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::internal(error)),
        }
    }
    put_on_record(store, &manifest, by)?;
    Ok(Taken {
        manifest,
        database: file,
        keys,
    })
}

fn unsound(why: impl std::fmt::Display) -> Error {
    Error::internal(format!("a backup was taken and is not sound: {why}"))
}

/// There is no backup without its entry: whoever has one has everything.
fn put_on_record(store: &Store, manifest: &Manifest, by: &Actor) -> Result<()> {
    let details = json!({
        "takenAt": manifest.taken_at,
        "auditEntries": manifest.audit_entries,
        "databaseBytes": manifest.database_bytes,
        "rows": manifest.rows(),
    });
    let by = by.clone();
    store.write_vital_blocking(move |_, now| {
        let mut writes = Writes::new();
        let draft = Draft {
            details: Some(details.clone()),
            ..Draft::default()
        };
        audit::record(&mut writes, &by, Action::BackupTaken, draft, now);
        Ok(((), writes))
    })
}

fn part_of(name: &str, content: &mut dyn Read) -> Result<Part> {
    let mut sha = Sha256::new();
    let mut bytes = 0;
    let mut piece = vec![0; 256 << 10];
    loop {
        match content.read(&mut piece).map_err(Error::internal)? {
            0 => break,
            read => {
                sha.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok(Part {
        name: name.to_owned(),
        bytes,
        sha256: sha.finalize().into(),
    })
}
