//! The symmetric keys of access tokens: the newest signs, it and the one before it verify.
//!
//! The file is text: one PASERK `k4.local.…` a line, newest first. A comment `# made` and a time above a key says when
//! it was made; other comments and blank lines are skipped.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use pasetors::keys::SymmetricKey;
use pasetors::paserk::{FormatAsPaserk, Id};
use pasetors::version4::V4;

use crate::error::{Error, Result};
use crate::store::secrets;
use crate::time::Timestamp;

/// How many keys a ring holds at most.
const MOST: usize = 2;
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024;
/// What stands before the time a key was made.
const MADE: &str = "# made ";

/// One or two keys, newest first.
#[derive(Debug, Clone)]
pub struct KeyRing {
    newest: Key,
    previous: Option<Key>,
}

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) secret: SymmetricKey<V4>,
    /// Its PASERK id, `k4.lid.…`: names the key and reveals nothing of it.
    pub(super) id: String,
    made_at: Timestamp,
}

impl KeyRing {
    /// The ring of a file, made with one new key where the file is missing.
    ///
    /// # Errors
    /// `Unavailable`, with what to do, when it can't be read or holds something else.
    pub fn load_or_make(path: &Path, now: Timestamp) -> Result<Self> {
        match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let ring = Self {
                    newest: Key::new(now)?,
                    previous: None,
                };
                ring.save(path)?;
                Ok(ring)
            }
            file => Self::read(path, file),
        }
    }

    /// The ring of a file that is there already.
    ///
    /// # Errors
    /// `Unavailable`, with what to do, when it is missing, can't be read or holds something else.
    pub fn load(path: &Path) -> Result<Self> {
        Self::read(path, File::open(path))
    }

    /// The next ring: a new key that signs, and this ring's newest, which still verifies.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness to give.
    pub fn rotated(&self, now: Timestamp) -> Result<Self> {
        Ok(Self {
            newest: Key::new(now)?,
            previous: Some(self.newest.clone()),
        })
    }

    /// Writes the ring to its file, whole or not at all, for its owner only.
    ///
    /// # Errors
    /// `Unavailable`, with what to do, when it can't be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        secrets::write(path, &self.text())
            .map_err(|error| unusable(path, &format!("can't be written ({error})")))
    }

    /// When the newest key was made: as the file says, or else when the file was written.
    pub fn made_at(&self) -> Timestamp {
        self.newest.made_at
    }

    /// Whether the newest key is so old that it is time for [`rotated`](Self::rotated).
    pub fn is_older_than(&self, age_ms: i64, now: Timestamp) -> bool {
        self.made_at().plus_ms(age_ms) <= now
    }

    /// The PASERK id of the key that signs, for the log.
    pub fn newest_id(&self) -> &str {
        &self.newest.id
    }

    /// All keys, the one that signs first.
    pub(super) fn into_keys(self) -> impl Iterator<Item = Key> {
        std::iter::once(self.newest).chain(self.previous)
    }

    fn read(path: &Path, file: std::io::Result<File>) -> Result<Self> {
        let read = file.and_then(|file| {
            let metadata = file.metadata()?;
            let mut text = String::new();
            file.take(MAX_BYTES).read_to_string(&mut text)?;
            Ok((text, metadata))
        });
        let (text, metadata) =
            read.map_err(|error| unusable(path, &format!("can't be read ({error})")))?;
        if metadata.mode() & 0o077 != 0 {
            tracing::warn!(
                path = %path.display(),
                "Others than its owner may open the file of the token keys: close it with chmod 600"
            );
        }
        let written_at = Timestamp::from_unix_ms(metadata.mtime().saturating_mul(1_000));
        Self::parsed(&text, written_at).map_err(|why| unusable(path, why))
    }

    fn parsed(text: &str, written_at: Timestamp) -> Result<Self, &'static str> {
        let mut keys = Vec::with_capacity(MOST);
        let mut made_at = None;
        for line in text.lines().map(str::trim) {
            if let Some(time) = line.strip_prefix(MADE) {
                made_at = time.trim().parse().ok();
            } else if !line.is_empty() && !line.starts_with('#') {
                let key = SymmetricKey::try_from(line)
                    .map_err(|_| "holds a line that is no k4.local key")?;
                keys.push(Key::of(key, made_at.take().unwrap_or(written_at))?);
            }
        }
        let mut keys = keys.into_iter();
        match (keys.next(), keys.next(), keys.next()) {
            (Some(newest), previous, None) => Ok(Self { newest, previous }),
            (None, ..) => Err("holds no key"),
            (_, _, Some(_)) => Err("holds more than two keys"),
        }
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# The keys of access tokens, newest first: whoever reads them can act as anybody who is signed in.\n",
        );
        for key in std::iter::once(&self.newest).chain(&self.previous) {
            text.push_str(&format!("{MADE}{}\n{}\n", key.made_at, key.text()));
        }
        text
    }
}

impl Key {
    fn new(now: Timestamp) -> Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| Error::internal(error.to_string()))?;
        let key =
            SymmetricKey::from(&secret).map_err(|error| Error::internal(error.to_string()))?;
        Self::of(key, now).map_err(Error::internal)
    }

    fn of(secret: SymmetricKey<V4>, made_at: Timestamp) -> Result<Self, &'static str> {
        let mut id = String::new();
        Id::from(&secret)
            .fmt(&mut id)
            .map_err(|_| "holds a key that has no id")?;
        Ok(Self {
            secret,
            id,
            made_at,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = self.secret.fmt(&mut text);
        text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} of {})", self.id, self.made_at)
    }
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::Unavailable(format!(
        "The file of the token keys {} {why}: mend it or put back the one from the backup, or move it away to have a \
         new one made.",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    fn ids(ring: &KeyRing) -> Vec<String> {
        ring.clone().into_keys().map(|key| key.id).collect()
    }

    #[test]
    fn a_ring_is_made_once_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.keys");
        assert!(KeyRing::load(&path).is_err());
        let made = KeyRing::load_or_make(&path, Timestamp::now()).unwrap();
        let again = KeyRing::load_or_make(&path, Timestamp::now()).unwrap();
        assert_eq!(ids(&made), ids(&again));
        assert_eq!(made.made_at(), again.made_at());
        assert_eq!(ids(&KeyRing::load(&path).unwrap()), ids(&made));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{made:?}").contains("k4.local."));
    }

    #[test]
    fn rotation_keeps_the_last_key_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.keys");
        let first = KeyRing::load_or_make(&path, Timestamp::now()).unwrap();
        let second = first.rotated(Timestamp::now()).unwrap();
        second.save(&path).unwrap();
        let read = KeyRing::load(&path).unwrap();
        assert_eq!(ids(&read), ids(&second));
        assert_eq!(ids(&read)[1], first.newest_id());
        let third = read.rotated(Timestamp::now()).unwrap();
        assert_eq!(ids(&third)[1..], [second.newest_id().to_owned()]);
    }

    #[test]
    fn a_key_is_as_old_as_the_file_says() {
        let key = "k4.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let written = Timestamp::from_unix_ms(5);
        let ring = KeyRing::parsed(&format!("\n# by hand\n{key}\r\n"), written).unwrap();
        assert_eq!(ring.made_at(), written);
        assert_eq!(
            ring.newest_id(),
            "k4.lid.bqltbNc4JLUAmc9Xtpok-fBuI0dQN5_m3CD9W_nbh559"
        );
        let text = format!("# made 2026-01-02T03:04:05.006Z\n{key}\n");
        let ring = KeyRing::parsed(&text, written).unwrap();
        let made_at = ring.made_at();
        assert_eq!(made_at.to_string(), "2026-01-02T03:04:05.006Z");
        assert!(!ring.is_older_than(1_000, made_at.plus_ms(999)));
        assert!(ring.is_older_than(1_000, made_at.plus_ms(1_000)));
        assert!(ring.text().ends_with(&text));
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.keys");
        let key = "k4.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for text in [
            String::new(),
            "# nothing\n".to_owned(),
            key[..40].to_owned(),
            format!("{key}=\n"),
            format!("{}\n", key.replace("local", "secret")),
            format!("{key}\n{key}\n{key}\n"),
            format!("{key} {key}\n"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = KeyRing::load_or_make(&path, Timestamp::now())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("token.keys") && error.contains("backup"),
                "{error}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(KeyRing::load_or_make(&path, Timestamp::now()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|\n|# made |k4\\.local\\.[-_0-9A-Za-z]{43}\n){0,40}") {
            if let Ok(ring) = KeyRing::parsed(&text, Timestamp::default()) {
                let again = KeyRing::parsed(&ring.text(), Timestamp::from_unix_ms(1)).unwrap();
                prop_assert_eq!(again.made_at(), ring.made_at());
                prop_assert_eq!(again.text(), ring.text());
                prop_assert!(text.contains(&ring.newest.text()));
            }
        }
    }
}
