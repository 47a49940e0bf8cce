//! How much room the disk has left: writes are refused before the engine meets the end of it.

use std::path::{Path, PathBuf};

/// The least free space by default, in bytes, and as a share of the disk.
const MIN_FREE_BYTES: u64 = 256 << 20;
const MIN_FREE_SHARE: u64 = 20;

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

    /// Whether there is room to write. A file system that doesn't say counts as roomy: the engine will tell.
    pub(super) fn has_room(&self) -> bool {
        let Some(dir) = &self.dir else { return true };
        let Ok(disk) = rustix::fs::statvfs(dir.as_path()) else {
            return true;
        };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let total = disk.f_blocks.saturating_mul(disk.f_frsize);
        free >= self
            .min_free_bytes
            .unwrap_or_else(|| MIN_FREE_BYTES.max(total / MIN_FREE_SHARE))
    }
}
