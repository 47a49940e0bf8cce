//! What lists stand on as bytes: how it is saved over a restart.
//!
//! A cache, not a format to keep: a program that writes it otherwise names another version, and builds it anew.

use std::io::{self, Read, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;

/// Bytes that were saved, with how many there are: what they say of lengths is never believed beyond that.
pub struct Source<'a> {
    from: &'a mut dyn Read,
    left: u64,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source with {} bytes left", self.left)
    }
}

impl<'a> Source<'a> {
    /// So many bytes of a reader.
    pub fn new(from: &'a mut dyn Read, bytes: u64) -> Self {
        Self { from, left: bytes }
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// That the bytes are not what was written.
    pub fn malformed(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, "is malformed")
    }

    /// The next bytes.
    ///
    /// # Errors
    /// The reader's, and where there are fewer.
    pub fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.claim(bytes.len() as u64)?;
        self.from.read_exact(bytes)
    }

    /// The next few bytes.
    ///
    /// # Errors
    /// As [`Source::fill`].
    pub fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The next number.
    ///
    /// # Errors
    /// As [`Source::fill`].
    pub fn number(&mut self) -> io::Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// How many things of at least so many bytes follow.
    ///
    /// # Errors
    /// As [`Source::fill`], and where they can't all be there.
    pub fn count(&mut self, bytes_each: usize) -> io::Result<usize> {
        let count = self.number()?;
        if count > self.left / (bytes_each.max(1) as u64) {
            return Err(self.malformed());
        }
        usize::try_from(count).map_err(|_| self.malformed())
    }

    /// The next text.
    ///
    /// # Errors
    /// As [`Source::count`], and where it is none.
    pub fn text(&mut self) -> io::Result<String> {
        let mut bytes = vec![0; self.count(1)?];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| self.malformed())
    }

    /// The next bitmap.
    ///
    /// # Errors
    /// As [`Source::count`], and where it is none.
    pub fn bitmap(&mut self) -> io::Result<Arc<RoaringBitmap>> {
        let bytes = self.count(1)? as u64;
        self.claim(bytes)?;
        let mut part = (&mut *self.from).take(bytes);
        let bitmap = RoaringBitmap::deserialize_from(&mut part)?;
        if part.limit() > 0 {
            return Err(self.malformed());
        }
        Ok(Arc::new(bitmap))
    }

    /// Counts bytes that are about to be read.
    fn claim(&mut self, bytes: u64) -> io::Result<()> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| self.malformed())?;
        Ok(())
    }
}

/// Writes a number.
///
/// # Errors
/// The writer's.
pub fn number(to: &mut dyn Write, number: u64) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

/// Writes a text.
///
/// # Errors
/// The writer's.
pub fn text(to: &mut dyn Write, text: &str) -> io::Result<()> {
    number(to, text.len() as u64)?;
    to.write_all(text.as_bytes())
}

/// Writes a bitmap.
///
/// # Errors
/// The writer's.
pub fn bitmap(to: &mut dyn Write, rows: &RoaringBitmap) -> io::Result<()> {
    number(to, rows.serialized_size() as u64)?;
    rows.serialize_into(to)
}
