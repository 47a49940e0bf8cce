//! How much room the disk has left: writes are refused before the engine meets the end of it.

use std::path::{Path, PathBuf};

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
        let disk = rustix::fs::statvfs(self.dir.as_deref()?).ok()?;
        let total_bytes = disk.f_blocks.saturating_mul(disk.f_frsize);
        Some(Space {
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            least_bytes: self
                .min_free_bytes
                .unwrap_or_else(|| MIN_FREE_BYTES.max(total_bytes / MIN_FREE_SHARE)),
        })
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
