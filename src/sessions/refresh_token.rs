//! Refresh tokens: what renews a sign-in, once each.
//!
//! The text is `dsr_` and, in base64url, the session, the generation and a secret. Only a hash of it is stored.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::ids::SessionId;

/// What each token begins with.
const MARK: &str = "dsr_";
/// The bytes below the base64: session, generation, secret.
const BYTES: usize = 16 + 4 + 32;
/// The length of the text.
const LENGTH: usize = MARK.len() + BYTES.div_ceil(3) * 4 - 2;

/// One link of a session's chain of refresh tokens.
#[derive(Clone)]
pub struct RefreshToken {
    /// The session that it renews.
    pub session: SessionId,
    /// How many there were of the session, this one included.
    pub generation: u32,
    /// What nobody can guess.
    pub secret: [u8; 32],
}

impl RefreshToken {
    /// A new token of a session.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness to give.
    pub fn mint(session: SessionId, generation: u32) -> Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self {
            session,
            generation,
            secret,
        })
    }

    /// What the client keeps.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(MARK);
        URL_SAFE_NO_PAD.encode_string(self.bytes(), &mut text);
        text
    }

    /// What is stored: the SHA-256 of the session, the generation and the secret.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.bytes()).into()
    }

    /// Whether this is the token that a stored hash was made of, in the same time whatever differs.
    pub fn holds(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// Hides the secret of this token's successor so that only this token brings it back.
    ///
    /// A client whose answer got lost comes again with the token it has, which is spent by then. In a short time of
    /// grace it is given the very same successor, so that there is one living token however often it asks. For that
    /// the successor's secret is stored, covered by a one-time pad that comes from this token's own secret; of this
    /// token only a hash is stored, so what is stored reveals neither.
    ///
    /// A pad covers once: a token must not seal two different successors.
    pub fn seal(&self, child: &Self) -> [u8; 32] {
        xor(&self.pad(child.generation), &child.secret)
    }

    /// The successor that [`seal`](Self::seal) hid. Compare its hash with the stored one: any other token of the
    /// session brings back something else.
    pub fn unseal(&self, sealed: &[u8; 32], generation: u32) -> Self {
        Self {
            session: self.session,
            generation,
            secret: xor(&self.pad(generation), sealed),
        }
    }

    fn pad(&self, generation: u32) -> [u8; 32] {
        // HMAC fills a key up to a block with zeros; done here, no length can be wrong.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.secret);
        let mut pad = Hmac::<Sha256>::new(&key.into());
        pad.update(b"driftsentry refresh grace");
        pad.update(self.session.0.as_bytes());
        pad.update(&generation.to_be_bytes());
        pad.finalize().into_bytes().into()
    }

    fn bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(self.session.0.as_bytes());
        bytes[16..20].copy_from_slice(&self.generation.to_be_bytes());
        bytes[20..].copy_from_slice(&self.secret);
        bytes
    }
}

impl FromStr for RefreshToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be a refresh token as sign-in gives it";
        let mut bytes = [0; BYTES];
        let encoded = text
            .strip_prefix(MARK)
            .filter(|_| text.len() == LENGTH)
            .ok_or(WRONG)?;
        // Bits that are left over must be zero: each token has one spelling.
        match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
            Ok(BYTES) => {}
            _ => return Err(WRONG),
        }
        let (session, rest) = bytes.split_first_chunk().ok_or(WRONG)?;
        let (generation, rest) = rest.split_first_chunk().ok_or(WRONG)?;
        let secret = rest.first_chunk().ok_or(WRONG)?;
        Ok(Self {
            session: SessionId(Uuid::from_bytes(*session)),
            generation: u32::from_be_bytes(*generation),
            secret: *secret,
        })
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn minted(generation: u32) -> RefreshToken {
        RefreshToken::mint(SessionId::new(Timestamp::now()), generation).unwrap()
    }

    #[test]
    fn a_token_looks_the_same_for_ever() {
        let token = RefreshToken {
            session: SessionId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000)),
            generation: 3,
            secret: [0xab; 32],
        };
        assert_eq!(
            token.text(),
            "dsr_AZkAAAAAcACAAAAAAAAAAAAAAAOrq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urqw"
        );
        assert_eq!(
            crate::hex::encode(&token.hash()),
            "355ed4f51e55156b76aa6f8363157470ce50bc9d92af48b7cc672f1367825c24"
        );
        assert_eq!(
            format!("{token:?}"),
            "RefreshToken { session: SessionId(01990000-0000-7000-8000-000000000000), generation: 3, .. }"
        );
    }

    #[test]
    fn only_the_spent_token_brings_back_its_child() {
        let spent = minted(1);
        let child = RefreshToken::mint(spent.session, 2).unwrap();
        let sealed = spent.seal(&child);
        assert_ne!(sealed, child.secret);
        assert_eq!(spent.unseal(&sealed, 2).text(), child.text());
        assert!(spent.unseal(&sealed, 2).holds(&child.hash()));
        let other = RefreshToken::mint(spent.session, 1).unwrap();
        assert!(!other.unseal(&sealed, 2).holds(&child.hash()));
        assert!(!spent.unseal(&sealed, 3).holds(&child.hash()));
    }

    #[test]
    fn bits_left_over_make_no_second_spelling() {
        let text = minted(1).text();
        let last = text.chars().last().unwrap();
        for char in ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain(['-', '_'])
        {
            let other = format!("{}{char}", &text[..text.len() - 1]);
            if let Ok(token) = other.parse::<RefreshToken>() {
                assert_eq!(token.text(), other);
            }
            assert!(char != last || other.parse::<RefreshToken>().is_ok());
        }
    }

    proptest! {
        #[test]
        fn tokens_round_trip(session: u128, generation: u32, secret: [u8; 32]) {
            let token = RefreshToken { session: SessionId(Uuid::from_u128(session)), generation, secret };
            let read: RefreshToken = token.text().parse().unwrap();
            prop_assert_eq!(read.bytes(), token.bytes());
            prop_assert!(read.holds(&token.hash()));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(
            text in "\\PC{0,90}|dsr_[-_0-9A-Za-z]{70}|dsr_[-_+/=0-9A-Za-z]{68,72}",
        ) {
            if let Ok(token) = text.parse::<RefreshToken>() {
                prop_assert_eq!(token.text(), text);
            }
        }

        #[test]
        fn a_changed_token_holds_nothing(at in 0..LENGTH, to in any::<char>()) {
            let token = minted(7);
            let text = token.text();
            let changed: String =
                text.chars().enumerate().map(|(i, char)| if i == at { to } else { char }).collect();
            let holds = changed.parse::<RefreshToken>().is_ok_and(|read| read.holds(&token.hash()));
            prop_assert_eq!(holds, changed == text);
            prop_assert!(text[..at].parse::<RefreshToken>().is_err());
            let longer = format!("{text}{to}");
            prop_assert!(longer.parse::<RefreshToken>().is_err());
        }
    }
}
