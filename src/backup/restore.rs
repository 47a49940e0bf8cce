//! Putting a backup back, and trying out whether that would work.
//!
//! Everything is made ready and checked in a directory of its own before anything of the old data is touched: see `swap.rs`.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::archive::Archive;
use super::folder::{Drill, Folder};
use super::swap::{self, Hold, UNREADY, cannot_write, remove_dir, write_file};
use super::{Manifest, Progress, Stage, ndjson};
use crate::actor::Actor;
use crate::audit::{self, Action, Draft};
use crate::check;
use crate::error::{Error, Result};
use crate::hex;
use crate::store::backup::{UNFINISHED, digests, scratch};
use crate::store::{
    self, FILE_NAME, Options, Store, Verified, Writes, make_private_dir, room_for, secrets,
    verify_file, verify_open,
};
use crate::time::Timestamp;

pub use super::swap::{finish, is_unfinished};

/// Page cache while the tables of a backup are read, in bytes.
const CACHE_BYTES: usize = 64 << 20;

/// Something that can be put back.
#[derive(Debug)]
pub enum Source {
    /// A backup.
    Archive(Box<Archive>),
    /// A database's file, such as the copy that is made before an upgrade.
    Database(PathBuf),
    /// An export, in lines of JSON, and its length where that is known.
    Export(Lines, u64),
}

/// An export's lines.
pub struct Lines(pub Box<dyn BufRead>);

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

impl Source {
    /// Opens a file, and verifies a backup wholly.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let is_database = store::is_database(path);
        if is_database {
            return Ok(Self::Database(path.to_owned()));
        }
        Archive::open(path).map(|archive| Self::Archive(Box::new(archive)))
    }

    fn database_bytes(&self) -> u64 {
        match self {
            Self::Archive(archive) => archive.manifest.database_bytes,
            Self::Database(path) => store::disk_bytes(path),
            Self::Export(_, bytes) => *bytes,
        }
    }
}

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How many rows it has.
    pub rows: u64,
    /// How many entries of the audit log, without the one that tells of this.
    pub audit_entries: u64,
    /// When the newest change in it was made.
    pub newest_change: Option<Timestamp>,
    /// Where the old data is; none where there was none.
    pub before: Option<PathBuf>,
}

/// Puts a backup in a data directory. What is there is kept in `before-restore-<time>` within it. `by` is put on record in
/// what was restored.
///
/// # Errors
/// `Unavailable`, where a server has the directory open or it can't be written; `NoRoom`; `Invalid`, where the backup is
/// damaged or newer than this program. The old data is then as it was.
pub fn restore(
    source: &mut Source,
    dir: &Path,
    by: Option<&Actor>,
    now: Timestamp,
    tell: &mut dyn FnMut(Progress),
) -> Result<Restored> {
    fits(source)?;
    make_private_dir(dir)?;
    let hold = Hold::take(dir)?;
    // Of a restore that was killed: either it counts already, or it never was.
    swap::go_on(dir)?;
    drop(hold);
    room_for(dir, source.database_bytes())?;
    let unready = dir.join(UNREADY);
    remove_dir(&unready)?;
    let staged = stage(source, &unready, dir, by, tell);
    if staged.is_err() {
        let _ = remove_dir(&unready);
    }
    // Its lock is kept until all is in its place: a server that starts meanwhile leaves it alone.
    let (mut restored, _at_work) = staged?;

    let hold = Hold::take(dir).inspect_err(|_| {
        let _ = remove_dir(&unready);
    })?;
    let name = format!("before-restore-{}", now.to_string().replace(['-', ':'], ""));
    swap::make_ready(dir, &name)?;
    swap::go_on(dir)?;
    drop(hold);

    let before = dir.join(name);
    restored.before = before.exists().then_some(before);
    // That it opens at its place is the last thing to know.
    Store::open(Options {
        min_free_bytes: Some(0),
        ..Options::new(dir)
    })?
    .close();
    Ok(restored)
}

/// Puts the newest backup of a directory into a temporary one, verifies all of it, and removes that again.
///
/// # Errors
/// `NotFound` where there is no backup; else why it can't be put back.
pub fn drill(
    folder: &Folder,
    now: Timestamp,
    tell: &mut dyn FnMut(Progress),
) -> Result<(PathBuf, Restored)> {
    let path = folder.newest()?;
    let started = Instant::now();
    let tried = try_out(&path, folder, tell);
    let file = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    folder.note_drill(Drill {
        file,
        at: now,
        passed: tried.is_ok(),
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })?;
    tried.map(|restored| (path, restored))
}

fn try_out(path: &Path, folder: &Folder, tell: &mut dyn FnMut(Progress)) -> Result<Restored> {
    let mut source = Source::open(path)?;
    fits(&source)?;
    room_for(folder.path(), source.database_bytes())?;
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(|error| Error::internal(error.to_string()))?;
    let dir = folder
        .path()
        .join(format!("{UNFINISHED}{}", hex::encode(&unique)));
    let tried = stage(&mut source, &dir, folder.path(), None, tell);
    let removed = remove_dir(&dir);
    tried.and_then(|(restored, _)| removed.map(|()| restored))
}

/// The tables in a backup, in a file without a name in a directory.
///
/// # Errors
/// As [`Archive::open`], and what writing says.
pub fn tables_of(path: &Path, dir: &Path) -> Result<(Verified, Manifest)> {
    let mut archive = Archive::open(path)?;
    let mut file = scratch(dir).map_err(Error::internal)?;
    archive.each_part(&mut |part, content| {
        if part.name == FILE_NAME {
            io::copy(content, &mut file)?;
        } else {
            io::copy(content, &mut io::sink())?;
        }
        Ok(())
    })?;
    let verified = verify_open(file, Path::new("the copy"), CACHE_BYTES)
        .map_err(|error| Error::internal(format!("the copy can't be read: {error:?}")))?;
    Ok((verified, archive.manifest))
}

/// Whether this program reads what is in it.
fn fits(source: &Source) -> Result<()> {
    let Source::Archive(archive) = source else {
        return Ok(());
    };
    let manifest = &archive.manifest;
    let newest = store::newest_schema();
    if manifest.schema > newest {
        return Err(Error::invalid(
            "",
            format!(
                "The backup was made by driftsentry {} with schema version {}, this program reads up to {newest}: install \
                 driftsentry {} or newer, then restore. Nothing was changed",
                manifest.version, manifest.schema, manifest.version
            ),
        ));
    }
    Ok(())
}

/// Makes a directory with what is in a backup, and checks it. `by` is put on record in it. Whoever sweeps leaves it alone
/// as long as the file that is given back is open.
fn stage(
    source: &mut Source,
    dir: &Path,
    within: &Path,
    by: Option<&Actor>,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Restored, File)> {
    let failed = |error: io::Error| cannot_write(within, &error);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(dir)
        .map_err(failed)?;
    let handle = File::open(dir).map_err(failed)?;
    // Whoever sweeps can tell that somebody is at work.
    let _ = handle.try_lock();
    secrets::give_to_owner_of(within, &handle).map_err(failed)?;
    let total = source.database_bytes();
    let (mut done, mut rows) = (0, 0);
    match source {
        Source::Archive(archive) => archive.each_part(&mut |part, content| {
            let mut told = Told {
                inner: content,
                done: &mut done,
                total,
                tell,
            };
            write_file(&dir.join(&part.name), &mut told, within)
        })?,
        Source::Database(path) => {
            let mut file = File::open(&*path).map_err(failed)?;
            // One that a server has open changes while it is read.
            if file.try_lock_shared().is_err() {
                return Err(Error::Unavailable(format!(
                    "{} is open in another process: stop that first.",
                    path.display()
                )));
            }
            let mut told = Told {
                inner: &mut file,
                done: &mut done,
                total,
                tell,
            };
            write_file(&dir.join(FILE_NAME), &mut told, within).map_err(failed)?;
        }
        Source::Export(lines, _) => {
            rows = ndjson::import(&mut lines.0, &dir.join(FILE_NAME), tell)?;
            File::open(dir.join(FILE_NAME))
                .and_then(|file| secrets::give_to_owner_of(within, &file))
                .map_err(failed)?;
        }
    }
    let database = dir.join(FILE_NAME);
    tell(Progress {
        stage: Stage::Checking,
        done: 0,
        total,
    });
    if let Source::Archive(archive) = source
        && archive.manifest.schema == store::newest_schema()
    {
        has_the_rows_of(archive, &database)?;
    }
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        ..Options::new(dir)
    })?;
    let (newest_change, (audit_entries, _)) =
        store.read(|read| Ok((audit::newest_at(read)?, audit::head(read)?)))?;
    if let Some(by) = by {
        put_on_record(&store, source, by, newest_change)?;
    }
    store.close();
    let report = check::file(&database).map_err(|refused| {
        Error::internal(format!("what was put back can't be checked: {refused}"))
    })?;
    if !report.sound {
        return Err(Error::invalid(
            "",
            format!(
                "what is in the backup is not sound, and nothing was changed: take another one\n{report}"
            ),
        ));
    }
    let restored = Restored {
        rows: match source {
            Source::Archive(archive) => archive.manifest.rows(),
            Source::Database(_) | Source::Export(..) => rows,
        },
        audit_entries,
        newest_change,
        before: None,
    };
    Ok((restored, handle))
}

/// Compares each table's rows with the manifest.
fn has_the_rows_of(archive: &Archive, database: &Path) -> Result<()> {
    let same = match verify_file(database, CACHE_BYTES) {
        Ok(verified) => digests(&verified.snapshot, &mut |_| Ok(()))? == archive.manifest.tables,
        Err(_) => false,
    };
    if same {
        return Ok(());
    }
    Err(Error::invalid(
        "",
        "the backup's rows are not those that its manifest names, and nothing was changed: take another one",
    ))
}

fn put_on_record(
    store: &Store,
    source: &Source,
    by: &Actor,
    newest_change: Option<Timestamp>,
) -> Result<()> {
    let details = match source {
        Source::Archive(archive) => json!({
            "takenAt": archive.manifest.taken_at,
            "auditEntries": archive.manifest.audit_entries,
            "madeBy": archive.manifest.version,
        }),
        Source::Database(path) => json!({
            "takenAt": newest_change,
            "file": path.file_name().map(|name| name.to_string_lossy()),
        }),
        Source::Export(..) => json!({"takenAt": newest_change}),
    };
    let by = by.clone();
    store.write_vital_blocking(move |_, now| {
        let mut writes = Writes::new();
        let draft = Draft {
            details: Some(details.clone()),
            ..Draft::default()
        };
        audit::record(&mut writes, &by, Action::BackupRestored, draft, now);
        Ok(((), writes))
    })
}

/// Tells how much was read.
struct Told<'t> {
    inner: &'t mut dyn Read,
    done: &'t mut u64,
    total: u64,
    tell: &'t mut dyn FnMut(Progress),
}

impl Read for Told<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        *self.done += read as u64;
        (self.tell)(Progress {
            stage: Stage::Copying,
            done: *self.done,
            total: self.total,
        });
        Ok(read)
    }
}
