//! The data directory: made where it is missing, and looked at before anything in it is opened, so that whoever starts the
//! server reads what is wrong with it and what to do.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::FILE_NAME;
use crate::error::{Error, Result, Unusable};

/// What whoever reads of a directory knows it by.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// What it is for, such as `data directory`.
    pub name: &'static str,
    /// How to name another.
    pub named_by: &'static str,
}

const DATA: Purpose = Purpose {
    name: "data directory",
    named_by: "--data-dir",
};

/// Makes a data directory that only its owner can enter, and makes sure that this user can use it with the database in it.
///
/// # Errors
/// `Unusable`, with what to do.
pub fn make_private_dir(dir: &Path) -> Result<()> {
    make_dir_for(dir, DATA)?;
    look_at_files(dir)
}

/// Makes a directory that only its owner can enter, and makes sure that this user can use it.
///
/// # Errors
/// `Unusable`, with what to do.
pub fn make_dir_for(dir: &Path, Purpose { name, named_by }: Purpose) -> Result<()> {
    let shown = dir.display();
    if dir.exists() && !dir.is_dir() {
        return Err(Error::unusable(
            Unusable::NotMade,
            format!("The {name} {shown} is no directory: name another with {named_by}."),
        ));
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::PermissionDenied => Unusable::NotPermitted,
            ErrorKind::StorageFull => Unusable::Io,
            _ => Unusable::NotMade,
        };
        Error::unusable(
            why,
            format!("The {name} {shown} can't be made ({error}): name one that this user can write with {named_by}."),
        )
    })?;
    match access(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Err(Errno::ROFS) => {
            return Err(Error::unusable(
                Unusable::NotMade,
                format!(
                    "The {name} {shown} is on a read-only file system: mount it for writing, or name another with {named_by}."
                ),
            ));
        }
        Err(Errno::ACCESS | Errno::PERM) => return Err(not_permitted(dir, dir)),
        _ => {}
    }
    Ok(())
}

/// Makes sure that this user can use what is in a data directory.
fn look_at_files(dir: &Path) -> Result<()> {
    let database = dir.join(FILE_NAME);
    if let Ok(found) = std::fs::metadata(&database) {
        let refuse = |why: &str| {
            let message = format!("The database {} {why}", database.display());
            Err(Error::unusable(Unusable::Data, message))
        };
        if found.is_dir() {
            return refuse("is a directory: name another --data-dir.");
        }
        if found.len() == 0 {
            return refuse(
                "is empty: restore the newest backup; where there never was anything in it, remove the file and start again.",
            );
        }
    }
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        // A socket that a killed server left is made anew.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && access(&path, Access::READ_OK | Access::WRITE_OK) == Err(Errno::ACCESS) {
            return Err(not_permitted(dir, &path));
        }
    }
    Ok(())
}

/// Says whose it is, and the command that mends it.
fn not_permitted(dir: &Path, path: &Path) -> Error {
    let user = rustix::process::getuid().as_raw();
    let owner = std::fs::metadata(path).map_or(user, |found| found.uid());
    let (dir, path) = (dir.display(), path.display());
    let message = if owner == user {
        format!(
            "{path} can't be written by its owner, uid {user}: chmod 700 {dir}, and chmod 600 the files in it."
        )
    } else {
        format!(
            "{path} belongs to uid {owner}, and this is uid {user}: run as its owner, or give it all to this user \
             (chown -R {user} {dir})."
        )
    };
    Error::unusable(Unusable::NotPermitted, message)
}
