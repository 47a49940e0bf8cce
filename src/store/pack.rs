//! Large values, packed.
//!
//! Setting up a compressor costs more than packing a few kilobytes: each thread keeps one.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Error, Result};

/// Quick, and within a few per cent of the slower levels on JSON.
const LEVEL: i32 = 3;

/// The largest value that is unpacked, in bytes: no stored one comes near it.
const LARGEST: usize = 1 << 30;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The bytes, packed with zstd.
///
/// # Errors
/// `Internal`, when the compressor fails.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(LEVEL).map_err(Error::internal)?),
        };
        compressor.compress(bytes).map_err(Error::internal)
    })
}

/// What was packed.
///
/// # Errors
/// `Internal`, when the bytes are not what [`pack`] makes.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let length = Decompressor::upper_bound(packed)
        .filter(|length| !packed.is_empty() && *length <= LARGEST)
        .ok_or_else(|| Error::internal("a packed value doesn't say its length"))?;
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(Error::internal)?),
        };
        decompressor
            .decompress(packed, length)
            .map_err(Error::internal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        for length in [0, 1, 100, 300_000] {
            let bytes: Vec<u8> = (0..length).map(|i: u32| (i % 7) as u8).collect();
            assert_eq!(unpack(&pack(&bytes).unwrap()).unwrap(), bytes);
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(unpack(&[]).is_err());
        assert!(unpack(b"no frame").is_err());
        let mut cut = pack(&[7; 10_000]).unwrap();
        cut.pop();
        assert!(unpack(&cut).is_err());
    }
}
