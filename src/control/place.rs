//! Where the socket is.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The socket's name within the data directory.
pub(super) const NAME: &str = "control.sock";
/// Its name until only its owner can use it.
pub(super) const UNFINISHED: &str = "control.part";

/// The longest path that a socket's address holds; the structure has 108 bytes, and a zero ends it.
const LONGEST: usize = 107;

/// A path to a socket, short enough for an address.
#[derive(Debug)]
pub(super) struct Place {
    /// The path.
    pub(super) path: PathBuf,
    /// Keeps a path by way of an open directory right.
    _dir: Option<File>,
}

impl Place {
    /// The place of a socket in a directory, whose own path may be of any length.
    ///
    /// # Errors
    /// When the directory can't be opened.
    pub(super) fn of(dir: &Path, name: &str) -> io::Result<Self> {
        let path = dir.join(name);
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self { path, _dir: None });
        }
        let dir = File::open(dir)?;
        Ok(Self {
            path: Path::new("/proc/self/fd")
                .join(dir.as_raw_fd().to_string())
                .join(name),
            _dir: Some(dir),
        })
    }
}
