//! What lies below the database where that is no file: for tests whose disk fails or loses its power.

use std::fmt::Debug;
use std::io;

/// Bytes that stay, as a file has them.
///
/// What was written since the last [`Disk::sync`] may be lost with the power, any part of it.
pub trait Disk: Debug + Send + Sync + 'static {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the disk says, here and below.
    fn size(&self) -> io::Result<u64>;

    /// Makes it as long as this; new bytes are 0.
    ///
    /// # Errors
    /// As above.
    fn set_size(&self, size: u64) -> io::Result<()>;

    /// Reads as many bytes as there is room for.
    ///
    /// # Errors
    /// As above; also where there are fewer.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes.
    ///
    /// # Errors
    /// As above.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written stays.
    ///
    /// # Errors
    /// As above.
    fn sync(&self) -> io::Result<()>;
}
