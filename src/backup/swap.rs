//! Exchanging the files of a data directory for others, of which a kill leaves either none or all.
//!
//! What is to come is made in a directory of its own, `restore.part` within the data directory. Giving that the name
//! `restore.ready` is the one step that counts: from there on only files are renamed, by whoever comes next, be it this
//! process, the same command again, or the server as it starts. Until then nothing of the old data is touched.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::FILES;
use crate::error::{Error, Result};
use crate::store::{FILE_NAME, secrets};

/// Where what is to be put back is made ready.
pub(super) const UNREADY: &str = "restore.part";
/// Its name when it is whole and checked.
const READY: &str = "restore.ready";
/// The file in it that says where the old data goes.
const PLAN: &str = "restore.json";

/// Where the old data goes.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    before: String,
}

/// Makes what lies in [`UNREADY`] count. The old data goes into a directory of the name `before`.
///
/// # Errors
/// `Unavailable` where it can't be written: nothing counts then.
pub(super) fn make_ready(dir: &Path, before: &str) -> Result<()> {
    let unready = dir.join(UNREADY);
    let plan = Plan {
        before: before.to_owned(),
    };
    let written = (|| {
        write_file(
            &unready.join(PLAN),
            &mut serde_json::to_vec(&plan)?.as_slice(),
            dir,
        )?;
        sync_dir(&unready)?;
        std::fs::rename(&unready, dir.join(READY))?;
        sync_dir(dir)
    })();
    written.map_err(|error| cannot_write(dir, &error))
}

/// Exchanges the files for those that are ready, as far as that was not done yet. The caller has the [`Hold`].
///
/// # Errors
/// `Unavailable`, where another process is at it, or it can't be done.
pub(super) fn go_on(dir: &Path) -> Result<()> {
    swap(dir, &mut |_| Ok(()))
}

/// Finishes a restore that was killed after the step that counts. To be called before a store is opened; does nothing
/// where there is none.
///
/// # Errors
/// `Unavailable`, where another process is at it, or it can't be done.
pub fn finish(dir: &Path) -> Result<()> {
    if !dir.join(READY).exists() {
        // What was not ready when a restore was killed never counted.
        let unready = dir.join(UNREADY);
        if File::open(&unready).is_ok_and(|dir| dir.try_lock().is_ok()) {
            remove_dir(&unready)?;
        }
        return Ok(());
    }
    let _hold = Hold::take(dir)?;
    go_on(dir)?;
    tracing::info!("Finished a restore that was interrupted");
    Ok(())
}

/// Whether a restore that counts already is still to be finished.
pub fn is_unfinished(dir: &Path) -> bool {
    dir.join(READY).join(PLAN).exists()
}

/// Keeps servers and other commands from a data directory's store.
#[derive(Debug)]
pub(super) struct Hold {
    _database: Option<File>,
}

impl Hold {
    /// # Errors
    /// `Unavailable`, where somebody has it open, or it can't be opened.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE_NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { _database: None });
            }
            Err(error) => {
                return Err(Error::Unavailable(format!(
                    "{} can't be opened ({error}): run this as the server's user or root.",
                    path.display()
                )));
            }
        };
        match file.try_lock() {
            Ok(()) => Ok(Self {
                _database: Some(file),
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Unavailable(format!(
                "A server or another command has {} open: stop it first (systemctl stop driftsentry), then try again. \
                 Nothing was changed.",
                dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(cannot_write(dir, &error)),
        }
    }
}

/// Exchanges the files of a data directory for those that are ready, as far as that was not done yet. `step` is told of
/// each change before it is made.
fn swap(dir: &Path, step: &mut dyn FnMut(&str) -> io::Result<()>) -> Result<()> {
    let ready = dir.join(READY);
    let plan = match File::open(ready.join(PLAN)) {
        Ok(plan) => plan,
        // Nothing is ready, or all but the empty directory is done.
        Err(error) if error.kind() == ErrorKind::NotFound => return remove_dir(&ready),
        Err(error) => return Err(cannot_write(dir, &error)),
    };
    if plan.try_lock().is_err() {
        return Err(Error::Unavailable(format!(
            "A restore in {} is being finished by another process: try again in a moment.",
            dir.display()
        )));
    }
    exchange(dir, &ready, &plan, step).map_err(|error| {
        Error::Unavailable(format!(
            "A restore in {} could not be finished ({error}): mend that, and start `driftsentry restore` or the server \
             again; either goes on with it.",
            dir.display()
        ))
    })
}

fn exchange(
    dir: &Path,
    ready: &Path,
    plan: &File,
    step: &mut dyn FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let plan: Plan = serde_json::from_reader(plan)?;
    let before = dir.join(&plan.before);
    // The database last: where it is in its place, all is.
    for name in FILES.iter().rev() {
        let (fresh, place, old) = (ready.join(name), dir.join(name), before.join(name));
        if !fresh.exists() {
            continue;
        }
        if place.exists() {
            if !before.exists() {
                step("make the directory of the old data")?;
                std::fs::DirBuilder::new().mode(0o700).create(&before)?;
                secrets::give_to_owner_of(dir, &File::open(&before)?)?;
            }
            step("move an old file away")?;
            std::fs::rename(&place, &old)?;
            sync_dir(&before)?;
            sync_dir(dir)?;
        }
        step("move a new file to its place")?;
        std::fs::rename(&fresh, &place)?;
        sync_dir(dir)?;
    }
    step("remove what is left")?;
    // The plan first: without it there is nothing to finish.
    std::fs::remove_file(ready.join(PLAN))?;
    std::fs::remove_dir_all(ready)?;
    sync_dir(dir)
}

/// A file with this content that belongs to whoever has the directory, on the disk when this returns.
pub(super) fn write_file(path: &Path, content: &mut dyn Read, within: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    secrets::give_to_owner_of(within, &file)?;
    let mut piece = vec![0; 256 << 10];
    loop {
        match content.read(&mut piece)? {
            0 => break,
            read => file.write_all(&piece[..read])?,
        }
    }
    file.sync_all()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Removes a directory, where there is one.
pub(super) fn remove_dir(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(dir, &error)),
        _ => Ok(()),
    }
}

/// What is told where a directory can't be written.
pub(super) fn cannot_write(dir: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!(
        "Nothing can be put into {} ({error}): check its owner, its permissions and the disk.",
        dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Old data with new data ready beside it.
    fn prepared() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join(READY);
        std::fs::create_dir(&ready).unwrap();
        for name in FILES {
            std::fs::write(dir.path().join(name), format!("old {name}")).unwrap();
            std::fs::write(ready.join(name), format!("new {name}")).unwrap();
        }
        std::fs::write(dir.path().join("paseto.keys"), "stays").unwrap();
        std::fs::write(ready.join(PLAN), r#"{"before": "before-restore-x"}"#).unwrap();
        dir
    }

    fn is_done(dir: &Path) {
        let text = |path: &str| std::fs::read_to_string(dir.join(path)).unwrap();
        for name in FILES {
            assert_eq!(text(name), format!("new {name}"));
            assert_eq!(
                text(&format!("before-restore-x/{name}")),
                format!("old {name}")
            );
        }
        assert_eq!(text("paseto.keys"), "stays");
        assert_eq!(std::fs::read_dir(dir).unwrap().count(), FILES.len() + 2);
    }

    #[test]
    fn a_swap_goes_on_wherever_it_was_cut() {
        let mut steps = 0;
        let dir = prepared();
        swap(dir.path(), &mut |_| {
            steps += 1;
            Ok(())
        })
        .unwrap();
        is_done(dir.path());
        assert_eq!(steps, 2 + 2 * FILES.len());
        for cut in 0..steps {
            let dir = prepared();
            let mut left = cut;
            let killed = swap(dir.path(), &mut |_| {
                left = left.checked_sub(1).ok_or(io::ErrorKind::Interrupted)?;
                Ok(())
            });
            let said = killed.unwrap_err().to_string();
            assert!(said.contains("goes on with it"), "{said}");
            finish(dir.path()).unwrap();
            is_done(dir.path());
            // Once more changes nothing.
            finish(dir.path()).unwrap();
            is_done(dir.path());
        }
    }

    #[test]
    fn what_another_process_finishes_is_left_to_it() {
        let dir = prepared();
        let plan = File::open(dir.path().join(READY).join(PLAN)).unwrap();
        plan.try_lock().unwrap();
        let said = finish(dir.path()).unwrap_err().to_string();
        assert!(said.contains("by another process"), "{said}");
        drop(plan);
        let store = File::open(dir.path().join(FILE_NAME)).unwrap();
        store.try_lock().unwrap();
        let said = finish(dir.path()).unwrap_err().to_string();
        assert!(said.contains("stop it first"), "{said}");
        drop(store);
        finish(dir.path()).unwrap();
        is_done(dir.path());
    }
}
