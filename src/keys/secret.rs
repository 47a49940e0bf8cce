//! The text of an API key: `dsk_<8 characters that name it>_<32 secret ones><6 of a checksum>`.
//!
//! All of them are base62, so that a double click selects a whole key and a secret scanner knows its shape. The
//! checksum tells a mistyped or cut off key from a revoked one before anything is looked up; it proves nothing.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// What each key begins with.
const MARK: &str = "dsk_";
/// The characters that name a key.
const PREFIX_LENGTH: usize = 8;
/// The characters that nobody can guess: 190 bits.
const SECRET_LENGTH: usize = 32;
/// The characters of the checksum.
const CHECKSUM_LENGTH: usize = 6;
/// The length of what the checksum covers.
const BODY_LENGTH: usize = MARK.len() + PREFIX_LENGTH + 1 + SECRET_LENGTH;
/// The length of a whole key.
const LENGTH: usize = BODY_LENGTH + CHECKSUM_LENGTH;

/// The digits of base62, in order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key's text, well-formed: whether there is such a key is not known yet.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// What every key begins with.
    pub const MARK: &str = MARK;

    /// A new key.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness to give.
    pub fn mint() -> Result<Self> {
        let random: [u8; PREFIX_LENGTH + SECRET_LENGTH] = digits()?;
        let (prefix, secret) = random.split_at(PREFIX_LENGTH);
        let mut text = String::with_capacity(LENGTH);
        text.push_str(MARK);
        text.extend(prefix.iter().copied().map(char::from));
        text.push('_');
        text.extend(secret.iter().copied().map(char::from));
        text.extend(checksum(&text).map(char::from));
        Ok(Self(text))
    }

    /// Reads a key of exactly the shape that is minted; none where anything is off, the checksum included.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH || !text.is_ascii() {
            return None;
        }
        let (body, sum) = text.split_at(BODY_LENGTH);
        let (prefix, secret) = body.strip_prefix(MARK)?.split_once('_')?;
        let whole = sum.as_bytes() == checksum(body)
            && prefix.len() == PREFIX_LENGTH
            && [prefix, secret]
                .iter()
                .all(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        whole.then(|| Self(text.to_owned()))
    }

    /// The eight characters that name the key: it is found by them, and they may be shown.
    pub fn prefix(&self) -> &str {
        &self.0[MARK.len()..MARK.len() + PREFIX_LENGTH]
    }

    /// The SHA-256 of the whole text: what is stored. The secret is random, so nothing slower is needed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// Whether this is the key that a stored hash was made of, in the same time whatever differs.
    pub fn holds(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// The whole text, to be shown to its owner once.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.prefix())
    }
}

/// Random digits, each as likely as any other.
fn digits<const N: usize>() -> Result<[u8; N]> {
    /// The largest multiple of 62 that a byte reaches: what is not below it would favour the first digits.
    const FAIR: u8 = 248;
    let mut digits = [0; N];
    let mut filled = 0;
    while filled < N {
        let mut random = [0; 64];
        getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
        let fair = random.iter().filter(|byte| **byte < FAIR);
        for (digit, byte) in digits[filled..].iter_mut().zip(fair) {
            *digit = DIGITS[usize::from(byte % 62)];
            filled += 1;
        }
    }
    Ok(digits)
}

/// The CRC32 in six digits, zeros in front.
fn checksum(body: &str) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [0; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minted_key_is_read_back_and_holds_only_its_own_hash() {
        let secret = Secret::mint().unwrap();
        let read = Secret::parse(secret.text()).unwrap();
        assert_eq!(read.text(), secret.text());
        assert_eq!(read.prefix(), &secret.text()[4..12]);
        assert!(read.holds(&secret.hash()));
        assert!(!Secret::mint().unwrap().holds(&secret.hash()));
    }

    #[test]
    fn a_key_looks_the_same_for_ever() {
        let key = "dsk_0Ab9zZ7x_00000000000000000000000000000000";
        let sum = String::from_utf8(checksum(key).to_vec()).unwrap();
        assert_eq!(sum, "2oKg0y");
        let secret = Secret::parse(&format!("{key}{sum}")).unwrap();
        assert_eq!(secret.prefix(), "0Ab9zZ7x");
        assert_eq!(format!("{secret:?}"), "Secret(0Ab9zZ7x…)");
        assert_eq!(checksum(""), *b"000000");
    }

    #[test]
    fn digits_are_evenly_drawn() {
        let drawn: [u8; 62_000] = digits().unwrap();
        for digit in DIGITS {
            let count = drawn.iter().filter(|other| *other == digit).count();
            assert!((700..1_300).contains(&count), "{digit}: {count}");
        }
    }

    #[test]
    fn a_sound_checksum_does_not_excuse_another_shape() {
        for body in [
            "dsk_0Ab9zZ7_x00000000000000000000000000000000",
            "dsk_0Ab9zZ7x_0000000000000000-000000000000000",
            "dsk_0Ab9zZ7x_0000000000000000_000000000000000",
            "dsr_0Ab9zZ7x_00000000000000000000000000000000",
            "DSK_0Ab9zZ7x_00000000000000000000000000000000",
        ] {
            let sum = String::from_utf8(checksum(body).to_vec()).unwrap();
            assert!(Secret::parse(&format!("{body}{sum}")).is_none(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_key(text in "\\PC{0,80}|dsk_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}") {
            // One in four thousand million has a sound checksum.
            prop_assert!(Secret::parse(&text).is_none());
        }

        #[test]
        fn a_changed_key_is_no_key(at in 0..LENGTH, to in any::<char>()) {
            let text = Secret::mint().unwrap().0;
            let changed: String =
                text.chars().enumerate().map(|(i, char)| if i == at { to } else { char }).collect();
            prop_assert_eq!(Secret::parse(&changed).is_some(), changed == text);
            prop_assert!(Secret::parse(&text[..at]).is_none());
            let longer = format!("{text}{to}");
            prop_assert!(Secret::parse(&longer).is_none());
        }
    }
}
