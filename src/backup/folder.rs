//! The directory that backups are kept in: their names, which of them were verified, and how long they stay.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Manifest;
use super::archive::{Archive, glance};
use super::policy::Policy;
use crate::error::{Error, Result};
use crate::hex;
use crate::store::backup::UNFINISHED;
use crate::store::{self, Purpose, make_dir_for, secrets};
use crate::time::Timestamp;

/// What the names of backups begin and end with; the moment they were taken stands between, so that names sort by it.
const NAME_START: &str = "driftsentry-";
const NAME_END: &str = ".tar.zst";

/// The file that says what is known of the backups beside it.
const RECORDS: &str = "backups.json";

/// The name of a backup of this moment, such as `driftsentry-20261128T154417.123Z.tar.zst`.
pub fn file_name(taken_at: Timestamp) -> String {
    let text = taken_at.to_string().replace(['-', ':'], "");
    format!("{NAME_START}{text}{NAME_END}")
}

/// The moment that a name says, where it is a name of ours.
fn moment_of(name: &str) -> Option<Timestamp> {
    let text = name.strip_prefix(NAME_START)?.strip_suffix(NAME_END)?;
    let (date, time) = text.split_once('T')?;
    let spelled = format!(
        "{}-{}-{}T{}:{}:{}",
        date.get(0..4)?,
        date.get(4..6)?,
        date.get(6..)?,
        time.get(0..2)?,
        time.get(2..4)?,
        time.get(4..)?
    );
    let moment: Timestamp = spelled.parse().ok()?;
    // One moment has one spelling.
    (file_name(moment) == name).then_some(moment)
}

/// That a backup was read back and is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    bytes: u64,
    #[serde(with = "hex")]
    seal: [u8; 32],
    at: Timestamp,
}

/// The last backup that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Success {
    /// Its file's name.
    pub file: String,
    /// The moment of the state in it.
    pub taken_at: Timestamp,
    /// Its length, in bytes.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The last restore drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drill {
    /// The backup's file name.
    pub file: String,
    /// When.
    pub at: Timestamp,
    /// Whether the backup can be put back.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What is known of the backups of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Records {
    /// The last backup that succeeded.
    pub last_success: Option<Success>,
    /// The last restore drill.
    pub last_drill: Option<Drill>,
    verified: BTreeMap<String, Seen>,
}

impl Records {
    /// The records of a directory; none where there are none or they can't be read.
    pub fn of(dir: &Path) -> Self {
        let text = std::fs::read(dir.join(RECORDS)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

/// What is known of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was read back at this moment, and was whole.
    Verified(Timestamp),
    /// Nobody has verified it here.
    Unverified,
    /// It can't be read.
    Damaged(String),
}

/// A backup in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its file's name.
    pub name: String,
    /// The moment of the state in it, as its name says.
    pub taken_at: Timestamp,
    /// Its length, in bytes.
    pub bytes: u64,
    /// What is known of it.
    pub standing: Standing,
}

/// The directory that backups are kept in.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// The one at this path.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Makes it, for its owner only, where it is missing, and removes what was left unfinished there.
    ///
    /// # Errors
    /// `Unavailable`, with what to do.
    pub fn prepare(&self) -> Result<()> {
        let made = !self.dir.exists();
        let purpose = Purpose {
            name: "directory of backups",
            named_by: "`backup.dir`",
        };
        make_dir_for(&self.dir, purpose)?;
        if made && let Some(parent) = self.dir.parent() {
            File::open(&self.dir)
                .and_then(|dir| secrets::give_to_owner_of(parent, &dir))
                .map_err(|error| cannot_write(&self.dir, &error))?;
        }
        sweep(&self.dir);
        Ok(())
    }

    /// The backups, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`, where the directory can't be read.
    pub fn list(&self) -> Result<Vec<Kept>> {
        let records = Records::of(&self.dir);
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(cannot_read(&self.dir, &error)),
        };
        let mut kept = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| cannot_read(&self.dir, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Some(taken_at) = moment_of(&name) else {
                continue;
            };
            let standing = match glance(&entry.path()) {
                Err(error) => Standing::Damaged(error.to_string()),
                Ok((_, bytes, seal)) => match records.verified.get(&name) {
                    Some(seen) if seen.bytes == bytes && seen.seal == seal => {
                        Standing::Verified(seen.at)
                    }
                    _ => Standing::Unverified,
                },
            };
            let bytes = entry.metadata().map_or(0, |file| file.len());
            kept.push(Kept {
                name,
                taken_at,
                bytes,
                standing,
            });
        }
        kept.sort_by_key(|one| one.taken_at);
        Ok(kept)
    }

    /// Notes that a backup of this directory was read back and is whole.
    ///
    /// # Errors
    /// `Unavailable`, where that can't be written.
    pub fn note_verified(&self, name: &str, archive: &Archive, now: Timestamp) -> Result<()> {
        self.note(|records| {
            let seen = Seen {
                bytes: archive.bytes,
                seal: archive.seal,
                at: now,
            };
            records.verified.insert(name.to_owned(), seen);
        })
    }

    /// Notes a backup that succeeded.
    ///
    /// # Errors
    /// `Unavailable`, where that can't be written.
    pub fn note_success(&self, success: Success) -> Result<()> {
        self.note(|records| records.last_success = Some(success))
    }

    /// Notes a restore drill.
    ///
    /// # Errors
    /// `Unavailable`, where that can't be written.
    pub fn note_drill(&self, drill: Drill) -> Result<()> {
        self.note(|records| records.last_drill = Some(drill))
    }

    fn note(&self, change: impl FnOnce(&mut Records)) -> Result<()> {
        let mut records = Records::of(&self.dir);
        change(&mut records);
        records
            .verified
            .retain(|name, _| self.dir.join(name).exists());
        let text = serde_json::to_string_pretty(&records).map_err(Error::internal)?;
        secrets::write(&self.dir.join(RECORDS), &(text + "\n"))
            .map_err(|error| cannot_write(&self.dir, &error))
    }

    /// Removes the backups that the policy no longer keeps, and gives their names. Files that are not named as ours, that
    /// were not verified here, or that are damaged, are left alone and count for nothing.
    ///
    /// # Errors
    /// `Unavailable`, where one can't be removed.
    pub fn prune(&self, policy: Policy) -> Result<Vec<String>> {
        let kept = self.list()?;
        let verified = |one: &&Kept| matches!(one.standing, Standing::Verified(_));
        let taken = kept
            .iter()
            .filter(verified)
            .map(|one| one.taken_at)
            .collect();
        let superseded = policy.superseded(&taken);
        let mut removed = Vec::new();
        for one in kept.iter().filter(verified) {
            if superseded.contains(&one.taken_at) {
                std::fs::remove_file(self.dir.join(&one.name))
                    .map_err(|error| cannot_write(&self.dir, &error))?;
                removed.push(one.name.clone());
            }
        }
        Ok(removed)
    }

    /// The newest backup that is not damaged.
    ///
    /// # Errors
    /// As [`Folder::list`]; `NotFound` where there is none.
    pub fn newest(&self) -> Result<PathBuf> {
        let kept = self.list()?;
        let newest = kept
            .iter()
            .rev()
            .find(|one| !matches!(one.standing, Standing::Damaged(_)));
        newest
            .map(|one| self.dir.join(&one.name))
            .ok_or(Error::NotFound("backup"))
    }
}

/// A file under a name of its own until it is finished; removed where it is not.
#[derive(Debug)]
pub struct Unfinished {
    /// The file, open for writing.
    pub file: File,
    path: PathBuf,
    finished: bool,
}

impl Unfinished {
    /// Makes one in the directory of the file that it is to become.
    ///
    /// # Errors
    /// `Unavailable`, with what to do, also where something stands there that is no file: a device, a pipe, a directory.
    pub fn beside(target: &Path) -> Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        if std::fs::metadata(target).is_ok_and(|there| !there.is_file()) {
            return Err(Error::Unavailable(format!(
                "{} is no file, and is not replaced: name a file, or - for standard output.",
                target.display()
            )));
        }
        let dir = match target.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut unique = [0; 8];
        getrandom::fill(&mut unique).map_err(|error| Error::internal(error.to_string()))?;
        let path = dir.join(format!("{UNFINISHED}{}", hex::encode(&unique)));
        let made = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|file| {
                // Whoever finds it can tell that somebody is at work.
                let _ = file.try_lock();
                secrets::give_to_owner_of(dir, &file)?;
                Ok(file)
            });
        match made {
            Ok(file) => Ok(Self {
                file,
                path,
                finished: false,
            }),
            Err(error) => {
                let _ = std::fs::remove_file(&path);
                Err(cannot_write(dir, &error))
            }
        }
    }

    /// Where it is meanwhile.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, durably.
    ///
    /// # Errors
    /// `Unavailable`, with what to do.
    pub fn finish(mut self, target: &Path) -> Result<()> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.path, target))
            .and_then(|()| File::open(dir)?.sync_all())
            .map_err(|error| cannot_write(dir, &error))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes what somebody who was killed left unfinished in a directory.
pub fn sweep(dir: &Path) {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let is_ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(UNFINISHED));
        let is_left = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if is_ours && is_left() {
            let removed = if entry.path().is_dir() {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            tracing::info!(file = %entry.path().display(), ok = removed.is_ok(), "Removed an unfinished file");
        }
    }
}

/// The copies of the database in a data directory that were made before an upgrade, the oldest first.
pub fn copies_before_upgrades(data_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    let mut copies: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(store::is_copy_before_upgrade)
        })
        .collect();
    copies.sort();
    copies
}

/// The manifest of a backup, by its path, without verifying it.
///
/// # Errors
/// As [`glance`].
pub fn manifest_of(path: &Path) -> Result<Manifest> {
    glance(path).map(|(manifest, _, _)| manifest)
}

fn cannot_write(dir: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!(
        "Nothing can be written in {} ({error}): check its owner, its permissions and the disk, or name another place.",
        dir.display()
    ))
}

fn cannot_read(dir: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!(
        "The directory of backups {} can't be read ({error}): check its owner and its permissions.",
        dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_are_read_back() {
        let moments = [
            0,
            1,
            1_764_344_657_123,
            1_764_344_657_124,
            1_864_344_657_000,
        ];
        let names = moments.map(|ms| file_name(Timestamp::from_unix_ms(ms)));
        assert_eq!(names[2], "driftsentry-20251128T154417.123Z.tar.zst");
        assert!(names.is_sorted());
        for (name, ms) in names.iter().zip(moments) {
            assert_eq!(moment_of(name), Some(Timestamp::from_unix_ms(ms)));
        }
        for other in [
            "driftsentry-.tar.zst",
            "driftsentry-20251128T154417.123Z.tar.zst.part",
            "driftsentry-20251128T154417Z.tar.zst",
            "driftsentry-2025-11-28T15:44:17.123Z.tar.zst",
            "driftsentry-ä0251128T154417.123Z.tar.zst",
            "mine.tar.zst",
        ] {
            assert_eq!(moment_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_unfinished_is_swept_unless_somebody_works_on_it() {
        let dir = tempfile::tempdir().unwrap();
        let busy = Unfinished::beside(&dir.path().join("x")).unwrap();
        std::fs::write(dir.path().join(format!("{UNFINISHED}0")), "left").unwrap();
        std::fs::write(dir.path().join("other"), "mine").unwrap();
        sweep(dir.path());
        assert!(busy.path().exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        drop(busy);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let done = Unfinished::beside(&dir.path().join("x")).unwrap();
        done.finish(&dir.path().join("x")).unwrap();
        assert!(dir.path().join("x").exists());
    }
}
