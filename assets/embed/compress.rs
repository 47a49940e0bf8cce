//! The forms of a file: as it is, or by brotli and gzip where that makes it smaller.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Smaller than this, a file fits the packet of its headers anyway.
const WORTH_COMPRESSING: usize = 1024;
/// Brotli's best, in its largest ordinary window: 16 MiB.
const QUALITY: u32 = 11;
const WINDOW_BITS: u32 = 24;

/// How bytes are coded.
#[derive(Clone, Copy)]
pub(crate) enum Coding {
    Plain,
    Gzip,
    Brotli,
}

/// One form of a file.
pub(crate) struct Form {
    pub(crate) coding: Coding,
    pub(crate) bytes: Vec<u8>,
    /// Stands for these very bytes.
    pub(crate) etag: String,
}

/// What is embedded of a file.
pub(crate) enum Forms {
    /// It does not get smaller.
    Plain(Form),
    /// The server makes the plain form of the gzip form where a client can read neither.
    Compressed {
        brotli: Form,
        gzip: Form,
        plain_etag: String,
        plain_bytes: usize,
    },
}

impl Forms {
    pub(crate) fn embedded(&self) -> Vec<&Form> {
        match self {
            Self::Plain(plain) => vec![plain],
            Self::Compressed { brotli, gzip, .. } => vec![brotli, gzip],
        }
    }
}

pub(crate) fn forms(plain: Vec<u8>) -> Forms {
    if plain.len() >= WORTH_COMPRESSING {
        let (brotli, gzip) = (brotli(&plain), gzip(&plain));
        let pays = |coded: &[u8]| coded.len() < plain.len() / 10 * 9;
        if pays(&brotli) && pays(&gzip) {
            return Forms::Compressed {
                brotli: Form::new(Coding::Brotli, brotli),
                gzip: Form::new(Coding::Gzip, gzip),
                plain_etag: etag(&plain),
                plain_bytes: plain.len(),
            };
        }
    }
    Forms::Plain(Form::new(Coding::Plain, plain))
}

impl Form {
    fn new(coding: Coding, bytes: Vec<u8>) -> Self {
        let etag = etag(&bytes);
        Self {
            coding,
            bytes,
            etag,
        }
    }
}

fn etag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 1 << 16, QUALITY, WINDOW_BITS);
    // Writing to memory can't fail.
    let _ = encoder.write_all(plain);
    drop(encoder);
    coded
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Nor here.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}
