//! Signed checkpoints of the audit log, which are kept with the program's logs.
//!
//! A chain of hashes can be cut at its end, or hashed anew from any entry on, by whoever can write the file. A checkpoint
//! says in one signed line which entry was the newest at a moment and what its hash was. Where the logs lie on another
//! machine, nobody on this one can take it back.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ed25519_compact as ed25519;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Entry;
use super::index::newest;
use crate::error::{Error, Result};
use crate::hex;
use crate::store::tables::AUDIT;
use crate::store::{self, Reads, Row, Snapshot, Table, View, codec, keys::Key, secrets};
use crate::time::Timestamp;

/// The file with the key that signs, in the data directory.
pub const KEY_FILE: &str = "audit.key";

/// A checkpoint is made each so many entries.
pub const EVERY: u64 = 1_000;

/// What each checkpoint begins with.
const MARK: &str = "driftsentry-audit-checkpoint:v1:";

/// The module whose log lines hold checkpoints, which no level leaves out.
pub const LOG_TARGET: &str = module_path!();

/// Which entry was the newest at a moment, signed.
///
/// In text: `driftsentry-audit-checkpoint:v1:<instance>:<seq>:<hash>:<Unix ms>:<signature>`, its bytes in lower-case
/// hexadecimal: no log format escapes it, and no shape of a credential can come about in it by chance. The signature
/// covers the text before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which store it is of.
    pub instance: [u8; 16],
    /// The newest entry; 0 where there was none.
    pub seq: u64,
    /// That entry's hash; zeros where there was none.
    pub head: [u8; 32],
    /// When it was signed.
    pub at: Timestamp,
    signature: [u8; 64],
}

impl Checkpoint {
    /// What the signature covers.
    fn signed_text(&self) -> String {
        format!(
            "{MARK}{}:{}:{}:{}",
            hex::encode(&self.instance),
            self.seq,
            hex::encode(&self.head),
            self.at.unix_ms()
        )
    }

    /// Whether the owner of this key signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signature = ed25519::Signature::new(self.signature);
        ed25519::PublicKey::new(key.0)
            .verify(self.signed_text(), &signature)
            .is_ok()
    }

    /// Every checkpoint within a line of a log, whatever stands around it, and how many more could not be read, such as
    /// one that was cut off.
    pub fn within(line: &str) -> (Vec<Self>, usize) {
        let mut unreadable = 0;
        let found = line.match_indices(MARK).filter_map(|(at, _)| {
            let text = &line[at..];
            let end = text
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-')))
                .unwrap_or(text.len());
            let read = text[..end].parse().ok();
            unreadable += usize::from(read.is_none());
            read
        });
        (found.collect(), unreadable)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.signed_text(), hex::encode(&self.signature))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        read(text)
            // One checkpoint has one spelling.
            .filter(|checkpoint| checkpoint.to_string() == text)
            .ok_or_else(|| Error::invalid("checkpoint", "is not a whole checkpoint line"))
    }
}

fn read(text: &str) -> Option<Checkpoint> {
    let mut parts = text.strip_prefix(MARK)?.split(':');
    let mut part = || parts.next();
    Some(Checkpoint {
        instance: hex::decode(part()?)?,
        seq: part()?.parse().ok()?,
        head: hex::decode(part()?)?,
        at: Timestamp::from_unix_ms(part()?.parse().ok()?),
        signature: hex::decode(part()?)?,
    })
}

/// Implements serde by text.
macro_rules! as_text {
    ($name:ty) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(Checkpoint);
as_text!(PublicKey);

/// What checkpoints are verified with. In text: 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        hex::decode(text).map(Self).ok_or_else(|| {
            Error::invalid(
                "public key",
                "must be the 64 hexadecimal digits that `driftsentry audit public-key` prints",
            )
        })
    }
}

/// Signs checkpoints: follows the log as a view, and writes one to the program's logs each [`EVERY`] entries.
pub struct Signer {
    keys: ed25519::KeyPair,
    /// Known once the store is open.
    instance: OnceLock<[u8; 16]>,
    /// How many it has written to the program's logs.
    signed: AtomicU64,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("public_key", &self.public_key())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The signer of a data directory; its key is made where it is missing.
    ///
    /// # Errors
    /// As [`secrets::load_or_make`].
    pub fn open(dir: &Path) -> Result<Self> {
        Self::of(secrets::load_or_make(dir, KEY_FILE)?)
    }

    /// The signer with a key of its own.
    ///
    /// # Errors
    /// `Unavailable`, where the key is all zeros.
    pub fn of(seed: [u8; 32]) -> Result<Self> {
        let keys = ed25519::KeyPair::try_from_seed(ed25519::Seed::new(seed)).map_err(|_| {
            Error::Unavailable(format!(
                "The secret file {KEY_FILE} is empty of any secret: put back the one from the backup, or move it away \
                 to have a new one made."
            ))
        })?;
        Ok(Self {
            keys,
            instance: OnceLock::new(),
            signed: AtomicU64::new(0),
        })
    }

    /// What others verify its checkpoints with.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(*self.keys.pk)
    }

    /// Signs that this entry is the newest.
    pub fn sign(&self, instance: [u8; 16], seq: u64, head: [u8; 32], at: Timestamp) -> Checkpoint {
        let mut checkpoint = Checkpoint {
            instance,
            seq,
            head,
            at,
            signature: [0; 64],
        };
        checkpoint.signature = *self.keys.sk.sign(checkpoint.signed_text(), None);
        checkpoint
    }

    /// A checkpoint of the log as it is.
    ///
    /// # Errors
    /// `Internal`, where the newest entry can't be read: then `driftsentry audit verify` tells more.
    pub fn checkpoint(&self, read: &impl Reads, now: Timestamp) -> Result<Checkpoint> {
        let seq = newest(read)?;
        let head = match read.get::<u64, Entry>(&AUDIT, &seq)? {
            Some(entry) => entry.hash,
            None if seq == 0 => [0; 32],
            None => return Err(Error::internal(format!("audit entry {seq} is gone"))),
        };
        Ok(self.sign(store::instance(read)?, seq, head, now))
    }

    /// Writes a checkpoint of the log as it is to the program's logs.
    ///
    /// # Errors
    /// As [`Signer::checkpoint`].
    pub fn log_checkpoint(&self, read: &impl Reads, now: Timestamp) -> Result<()> {
        self.log(&self.checkpoint(read, now)?);
        Ok(())
    }

    /// How many checkpoints it has written to the program's logs.
    pub fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }

    fn log(&self, checkpoint: &Checkpoint) {
        tracing::info!(%checkpoint, "Audit checkpoint");
        self.signed.fetch_add(1, Ordering::Relaxed);
    }
}

impl View for Signer {
    fn tables(&self) -> &[Table] {
        const { &[AUDIT.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        // A store that is opened again after a failed write is the same one.
        let _ = self.instance.set(store::instance(read)?);
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        for row in rows {
            let due = u64::from_bytes(&row.key).is_some_and(|seq| seq.is_multiple_of(EVERY));
            if let (true, Some(value), Some(instance)) = (due, &row.value, self.instance.get()) {
                let entry: Entry = codec::decode(value)?;
                self.log(&self.sign(*instance, entry.seq, entry.hash, entry.created_at));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::of([7; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        let at = "2026-03-01T09:00:00Z".parse().unwrap();
        signer().sign([1; 16], 5_000, [0xab; 32], at)
    }

    #[test]
    fn a_checkpoint_is_read_as_it_is_written() {
        let checkpoint = checkpoint();
        let text = checkpoint.to_string();
        assert!(text.starts_with("driftsentry-audit-checkpoint:v1:0101"));
        assert_eq!(text.parse::<Checkpoint>().unwrap(), checkpoint);
        assert!(checkpoint.is_signed_by(&signer().public_key()));
        assert!(!checkpoint.is_signed_by(&Signer::of([8; 32]).unwrap().public_key()));
    }

    #[test]
    fn a_changed_character_is_unreadable_or_unsigned() {
        let text = checkpoint().to_string();
        let key = signer().public_key();
        for at in 0..text.len() {
            for new in ["0", "1", "f", "A", ":", "-"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, new);
                let signed = changed
                    .parse::<Checkpoint>()
                    .is_ok_and(|checkpoint| checkpoint.is_signed_by(&key));
                assert_eq!(signed, changed == text, "{changed}");
            }
        }
        for odd in [
            text.to_uppercase(),
            text.replace(":5000:", ":05000:"),
            text.replace(":5000:", ":+5000:"),
            format!("{text}:"),
            format!("{text}0"),
        ] {
            assert!(odd.parse::<Checkpoint>().is_err(), "{odd}");
        }
    }

    #[test]
    fn checkpoints_are_found_in_every_kind_of_log_line() {
        let checkpoint = checkpoint();
        for line in [
            format!("{checkpoint}"),
            format!(
                "{{\"level\":\"INFO\",\"message\":\"Audit checkpoint\",\"checkpoint\":\"{checkpoint}\"}}"
            ),
            format!(
                "2026-03-01T09:00:00Z  INFO Audit checkpoint \u{1b}[3mcheckpoint\u{1b}[0m\u{1b}[2m=\u{1b}[0m{checkpoint}\r"
            ),
            format!("host driftsentry[12]: {{\\\"checkpoint\\\":\\\"{checkpoint}\\\"}}"),
        ] {
            let found = Checkpoint::within(&line);
            assert_eq!(found, (vec![checkpoint.clone()], 0), "{line}");
        }
        let cut = &checkpoint.to_string()[..200];
        assert_eq!(Checkpoint::within(cut), (Vec::new(), 1));
        assert_eq!(Checkpoint::within("nothing"), (Vec::new(), 0));
        let two = format!("{checkpoint} {cut} {checkpoint}");
        assert_eq!(
            Checkpoint::within(&two),
            (vec![checkpoint.clone(), checkpoint], 1)
        );
    }

    #[test]
    fn a_signer_tells_nobody_its_key() {
        let said = format!("{:?}", signer());
        assert!(!said.contains("0707") && !said.contains("7, 7"), "{said}");
    }
}
