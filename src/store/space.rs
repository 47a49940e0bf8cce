//! How much room the disk has left: writes are refused before the engine meets the end of it.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The least free space by default, in bytes, and as a share of the disk.
const MIN_FREE_BYTES: u64 = 256 << 20;
const MIN_FREE_SHARE: u64 = 20;

/// Vital changes, such as a sign-in, may use all but this part of the least free space.
const RESERVE_SHARE: u64 = 4;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// For everything.
    Enough,
    /// For vital changes.
    Reserve,
    /// For nothing.
    Nothing,
}

/// How much room the disk has left, and how much has to be left for changes to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free bytes.
    pub free_bytes: u64,
    /// Changes are refused below this many.
    pub least_bytes: u64,
}

/// Watches the file system that holds the database.
#[derive(Debug)]
pub(super) struct Watch {
    dir: Option<PathBuf>,
    min_free_bytes: Option<u64>,
}

impl Watch {
    pub(super) fn new(file: &Path, min_free_bytes: Option<u64>) -> Self {
        Self {
            dir: file.parent().map(Path::to_path_buf),
            min_free_bytes,
        }
    }

    /// How much room there is, in bytes; none where the file system doesn't say.
    pub(super) fn space(&self) -> Option<Space> {
        let (free_bytes, total_bytes) = free_bytes(self.dir.as_deref()?)?;
        Some(Space {
            free_bytes,
            least_bytes: self
                .min_free_bytes
                .unwrap_or_else(|| MIN_FREE_BYTES.max(total_bytes / MIN_FREE_SHARE)),
        })
    }

    /// Whether so many more bytes leave what is to stay free.
    pub(super) fn has_room_for(&self, bytes: u64) -> Result<()> {
        match (self.dir.as_deref(), self.space()) {
            (Some(dir), Some(space)) => has_room(
                dir,
                space.free_bytes,
                bytes.saturating_add(space.least_bytes),
            ),
            _ => Ok(()),
        }
    }

    /// How much room there is. A file system that doesn't say counts as roomy: the engine will tell.
    pub(super) fn room(&self) -> Room {
        let Some(space) = self.space() else {
            return Room::Enough;
        };
        let (free, least) = (space.free_bytes, space.least_bytes);
        if free >= least {
            Room::Enough
        } else if free >= least / RESERVE_SHARE {
            Room::Reserve
        } else {
            Room::Nothing
        }
    }
}

/// The free bytes of a directory's disk for this user, and its size; none where the file system doesn't say.
fn free_bytes(dir: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some((
        disk.f_bavail.saturating_mul(disk.f_frsize),
        disk.f_blocks.saturating_mul(disk.f_frsize),
    ))
}

/// Whether a directory's disk has room for so many bytes. One that doesn't say counts as roomy.
///
/// # Errors
/// `NoRoom`, with figures.
pub fn room_for(dir: &Path, bytes: u64) -> Result<()> {
    free_bytes(dir).map_or(Ok(()), |(free, _)| has_room(dir, free, bytes))
}

fn has_room(dir: &Path, free: u64, needed: u64) -> Result<()> {
    if free >= needed {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Err(Error::NoRoom(format!(
        "This needs {} MiB free in {}, and {} MiB are: free space there, or use a larger disk.",
        mib(needed),
        dir.display(),
        free >> 20
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_told_with_figures() {
        let dir = Path::new("/data");
        assert!(has_room(dir, 5 << 20, 5 << 20).is_ok());
        let error = has_room(dir, (5 << 20) - 1, 5 << 20)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "This needs 5 MiB free in /data, and 4 MiB are: free space there, or use a larger disk."
        );
        assert!(room_for(Path::new("/nowhere"), u64::MAX).is_ok());
        assert!(matches!(
            room_for(Path::new("/tmp"), u64::MAX),
            Err(Error::NoRoom(_))
        ));
    }
}
