//! The file of a database, as commands see it that have no store open.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::progress::Progress;
use super::source::Source;
use super::{FILE_NAME, engine};
use crate::error::Result;

/// Whether another process has the store of a data directory open.
pub fn is_held(dir: &Path) -> bool {
    engine::is_held(&dir.join(FILE_NAME))
}

/// Whether a file begins as a database of the engine does.
pub fn is_database(path: &Path) -> bool {
    const MARK: &[u8] = b"redb";
    let mut head = [0; MARK.len()];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut head))
        .is_ok_and(|()| head == MARK)
}

/// What a store's file takes on the disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Before.
    pub before_bytes: u64,
    /// After.
    pub after_bytes: u64,
}

/// Makes the file of a stopped store as small as what is in it, step by step, each of them durable.
///
/// # Errors
/// `Unavailable`, with what to do, where it can't be opened; what writing says.
pub fn compact(dir: &Path) -> Result<Sizes> {
    let path = dir.join(FILE_NAME);
    let source = Source::File {
        path: path.clone(),
        cache_bytes: 32 << 20,
    };
    let before_bytes = disk_bytes(&path);
    let mut database = source.open(&Progress::new(Arc::new(|_| {})))?;
    engine::compact(&mut database)?;
    drop(database);
    Ok(Sizes {
        before_bytes,
        after_bytes: disk_bytes(&path),
    })
}

/// What a sparse file takes on the disk, in bytes.
pub fn disk_bytes(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.blocks() * 512)
}
