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

    /// Whether so many bytes more leave enough room for everything.
    pub(super) fn has_room_for(&self, bytes: u64) -> bool {
        self.room_after(bytes) == Room::Enough
    }

    /// How much room there is. A file system that doesn't say counts as roomy: the engine will tell.
    pub(super) fn room(&self) -> Room {
        self.room_after(0)
    }

    fn room_after(&self, bytes: u64) -> Room {
        let Some(dir) = &self.dir else {
            return Room::Enough;
        };
        let Ok(disk) = rustix::fs::statvfs(dir.as_path()) else {
            return Room::Enough;
        };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let free = free.saturating_sub(bytes);
        let total = disk.f_blocks.saturating_mul(disk.f_frsize);
        let least = self
            .min_free_bytes
            .unwrap_or_else(|| MIN_FREE_BYTES.max(total / MIN_FREE_SHARE));
        if free >= least {
            Room::Enough
        } else if free >= least / RESERVE_SHARE {
            Room::Reserve
        } else {
            Room::Nothing
        }
    }
}
