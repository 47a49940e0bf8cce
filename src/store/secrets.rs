//! Secrets that live beside the database, each in a file that only the owner can read.
//!
//! Beside it and not in it: a copy of the database alone gives nobody the means to guess what was hidden.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use crate::error::{Error, Result};

/// The file with the key behind the fingerprints of sensitive values.
pub const FINGERPRINT_KEY: &str = "fingerprint.key";

/// The 32 random bytes of a secret file, made where it is missing.
///
/// # Errors
/// `Unavailable`, with what to do, when it can't be read or is not 64 hexadecimal digits.
pub fn load_or_make(dir: &Path, name: &str) -> Result<[u8; 32]> {
    let path = dir.join(name);
    let unusable = |why: &str| {
        Error::Unavailable(format!(
            "The secret file {} {why}: put back the one from the backup, or move it away to have a new one made.",
            path.display()
        ))
    };
    match File::open(&path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(1024)
                .read_to_string(&mut text)
                .map_err(|error| unusable(&format!("can't be read ({error})")))?;
            crate::hex::decode(text.trim())
                .ok_or_else(|| unusable("does not hold 64 hexadecimal digits"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(|error| Error::internal(error.to_string()))?;
            write(&path, &format!("{}\n", crate::hex::encode(&secret)))
                .map_err(|error| unusable(&format!("can't be made ({error})")))?;
            Ok(secret)
        }
        Err(error) => Err(unusable(&format!("can't be opened ({error})"))),
    }
}

/// Writes a file whole or not at all, for its owner only.
///
/// # Errors
/// The system's own; the file is what it was then.
pub(crate) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    // What a crash left there may be open to others.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(text.as_bytes())?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        give_to_owner_of(dir, &file)?;
    }
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => File::open(dir)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Gives what root makes to the owner of the directory it is in: a command that root runs must leave no file that the
/// server's own user can't read. Does nothing for others.
///
/// # Errors
/// The system's own.
pub(crate) fn give_to_owner_of(dir: &Path, file: &File) -> std::io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let owner = std::fs::metadata(dir)?;
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_make(dir.path(), "a.key").unwrap();
        assert_eq!(load_or_make(dir.path(), "a.key").unwrap(), first);
        assert_ne!(load_or_make(dir.path(), "b.key").unwrap(), first);
        let mode = std::fs::metadata(dir.path().join("a.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_secret_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.key"), "half").unwrap();
        let error = load_or_make(dir.path(), "a.key").unwrap_err().to_string();
        assert!(
            error.contains("a.key") && error.contains("backup"),
            "{error}"
        );
        assert_eq!(
            std::fs::read_to_string(dir.path().join("a.key")).unwrap(),
            "half"
        );
    }
}
