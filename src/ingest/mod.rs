//! Bytes in, a normalised and redacted [`Scan`] out.
//!
//! Pure but for the reader it is given: no store, no clock, no network. What becomes of a scan is for
//! `drifts::reconcile` to say.
//!
//! `decode` (compression, limit, UTF-16) → `sniff` (which format) → `json_stream` (a window over the document) →
//! `terraform_plan` (entries, kinds) → `normalise` and `diff` (what differs) → `redact` and `difference` (what may be
//! shown of it). [`wire`] writes a scan for another DriftSentry and reads it back.

mod by_hand;
mod decode;
mod diff;
mod difference;
mod json_stream;
mod marks;
mod normalise;
mod redact;
pub mod scan;
mod secrets;
mod sniff;
mod state;
mod terraform_plan;
pub mod wire;

use std::fmt;
use std::io::Read;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use by_hand::{ByHand, by_hand};
pub use decode::Encoding;
pub use scan::{
    Change, Content, Difference, Facet, Finding, Format, Kind, Observed, SENSITIVE, Scan,
    ScanStatus, State, address_key,
};

use crate::error::Result;

/// The most bytes of a body, after decompression, where nothing else is configured.
pub const DEFAULT_LIMIT_BYTES: u64 = 256 << 20;

/// The key of the digests that tell whether a drift is still the same. With it, a digest of a short secret
/// could be guessed: it is as secret as what it protects.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey(pub [u8; 32]);

impl FingerprintKey {
    /// A workspace's own key, so that equal values in two workspaces can't be told to be equal.
    pub fn for_workspace(secret: &[u8; 32], workspace: &str) -> Self {
        Self(
            mac(secret)
                .chain_update(workspace)
                .finalize()
                .into_bytes()
                .into(),
        )
    }

    /// The digest of a finding's content: pairs of a path and a live value's digest, in any order.
    fn content(&self, mut pairs: Vec<(Vec<u8>, normalise::Digest)>) -> Content {
        pairs.sort_unstable();
        let mut mac = mac(&self.0);
        for (path, digest) in &pairs {
            mac.update(&(path.len() as u64).to_be_bytes());
            mac.update(path);
            mac.update(digest);
        }
        Content(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

/// HMAC-SHA-256 under a key.
fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC itself pads a short key with zeros to its block of 64 bytes.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// How to read a body.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is; none to find out.
    pub format: Option<Format>,
    /// How it is compressed.
    pub encoding: Encoding,
    /// The key of its findings' content. What `push` sends carries its own digests.
    pub key: FingerprintKey,
    /// The most bytes it may have, after decompression.
    pub limit_bytes: u64,
}

impl Options {
    /// Finds out format and compression, and reads up to [`DEFAULT_LIMIT_BYTES`].
    pub fn new(key: FingerprintKey) -> Self {
        Self {
            format: None,
            encoding: Encoding::Auto,
            key,
            limit_bytes: DEFAULT_LIMIT_BYTES,
        }
    }
}

/// Reads a body as a stream: memory holds one resource at a time, and what differs.
///
/// # Errors
/// `UnsupportedFormat` for what is no known output, `Invalid` for what is broken, `TooLarge` past the limit. No error
/// quotes a value of the body. An [`Error`](crate::Error) that `input` carries in an `io::Error` comes back as itself.
pub fn read(input: impl Read, options: &Options) -> Result<Scan> {
    let text =
        decode::open(input, options.encoding, options.limit_bytes).map_err(decode::error_of)?;
    let mut window = json_stream::Window::new(text);
    let found = sniff::start(&mut window, options.format)?;
    match found.format {
        Format::TerraformPlan => terraform_plan::read(&mut window, &options.key, found.problems),
        Format::DriftsentryScan => wire::read(&mut window),
    }
}
