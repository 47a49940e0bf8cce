//! Passwords: which new ones are taken, and how they are kept.
//!
//! A person's password is 12 to 128 characters of any kind; what is refused is what is tried first. Only an argon2id
//! hash of it is stored. Hashing takes tens of milliseconds and 19 MiB: see `sessions::hashing` for where to run it.

mod guessable;

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The characters of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// The longest attempt that is compared, in bytes: more than any password has.
const MAX_ATTEMPT_BYTES: usize = 1_024;

/// Today's cost: KiB of memory, passes over it, lanes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The bytes of a salt and of a hash.
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A new password that was accepted.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Accepts a password that somebody chose for the account of an email address.
    ///
    /// # Errors
    /// What is wrong with it, a sentence without a full stop that follows the field's name.
    pub fn new(text: &str, email: &str) -> Result<Self, &'static str> {
        // Counting stops early: what was sent may be long.
        if !LENGTH.contains(&text.chars().take(LENGTH.end() + 1).count()) {
            return Err("must have 12 to 128 characters");
        }
        if text.chars().any(char::is_control) {
            return Err("must not have control characters");
        }
        guessable::check(text, email)?;
        Ok(Self(text.to_owned()))
    }

    /// A random password, to be shown once and changed at the first sign-in: 100 bits in four groups of five.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness to give.
    pub fn one_time() -> Result<Self> {
        /// Neither I, L, O nor U: nothing to mistake for a digit, and fewer words.
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut random = [0; 20];
        getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
        let groups = random.chunks(5).map(|group| {
            let char_of = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
            group.iter().map(char_of).collect::<String>()
        });
        Ok(Self(groups.collect::<Vec<_>>().join("-")))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is kept of a password: an argon2id hash in the PHC format, with its own salt and cost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash of a password at today's cost.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness or memory to give.
    pub fn of(password: &Password) -> Result<Self> {
        Self::of_text(&password.0)
    }

    /// A password that was just found to hold, hashed at today's cost.
    ///
    /// # Errors
    /// As [`PasswordHash::of`].
    pub fn renewed(attempt: &str) -> Result<Self> {
        Self::of_text(attempt)
    }

    fn of_text(text: &str) -> Result<Self> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| Error::internal(error.to_string()))?;
        let hash = todays()?
            .hash_password_with_salt(text.as_bytes(), &salt)
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self(hash.to_string()))
    }

    /// Whether an attempt is the password. What can't be it takes the same time.
    pub fn holds(&self, attempt: &str) -> bool {
        let fits = attempt.len() <= MAX_ATTEMPT_BYTES;
        let attempt = if fits { attempt.as_bytes() } else { b"" };
        let equal = match phc::PasswordHash::new(&self.0) {
            Ok(hash) => Argon2::default().verify_password(attempt, &hash).is_ok(),
            Err(_) => {
                // A damaged record must not be told by its speed.
                let _ = Argon2::default().verify_password(attempt, Self::decoy().0.as_str());
                false
            }
        };
        equal && fits
    }

    /// Whether it was made at a lower cost than today's: hash the password anew when it is next seen.
    pub fn is_outdated(&self) -> bool {
        let Ok(hash) = phc::PasswordHash::new(&self.0) else {
            return true;
        };
        let Ok(params) = Params::try_from(&hash) else {
            return true;
        };
        let lengths = (
            hash.salt.map_or(0, |salt| salt.len()),
            hash.hash.map_or(0, |hash| hash.len()),
        );
        hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
            || hash.version != Some(Version::V0x13.into())
            || params.m_cost() < MEMORY_KIB
            || params.t_cost() < PASSES
            || params.p_cost() < LANES
            || lengths.0 < SALT_BYTES
            || lengths.1 < HASH_BYTES
    }

    /// A hash that no password is known to have, to spend the same time on an account that does not exist.
    pub fn decoy() -> &'static Self {
        // All zeros: to find what hashes to it is as hard as to find what hashes to any other.
        static DECOY: LazyLock<PasswordHash> = LazyLock::new(|| {
            let zeros = |bytes: usize| "A".repeat((bytes * 8).div_ceil(6));
            PasswordHash(format!(
                "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
                zeros(SALT_BYTES),
                zeros(HASH_BYTES)
            ))
        });
        &DECOY
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn todays() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMAIL: &str = "ada.lovelace@example.com";

    #[test]
    fn length_is_counted_in_characters() {
        for (text, fits) in [
            ("tidal omen f", true),
            ("tidal omen ", false),
            ("Zürich–Ærø ✓", true),
            ("🐢🐇🦊🐻🐼🐨🐯🦁🐮🐷🐸", false),
            ("🐢🐇🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵", true),
        ] {
            assert_eq!(Password::new(text, EMAIL).is_ok(), fits, "{text}");
        }
        let nth = |i: u32| char::from_u32(0x21 + i * 7 % 90);
        let long: String = (0..128).filter_map(nth).collect();
        assert!(Password::new(&long, EMAIL).is_ok());
        let error = Password::new(&format!("{long}x"), EMAIL).unwrap_err();
        assert_eq!(error, "must have 12 to 128 characters");
        assert_eq!(
            Password::new("tidal omen\tfjord", EMAIL),
            Err("must not have control characters")
        );
    }

    #[test]
    fn a_hash_holds_its_password_only() {
        let password = Password::new("tidal omen fjord", EMAIL).unwrap();
        let hash = PasswordHash::of(&password).unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hash.holds("tidal omen fjord"));
        assert!(!hash.holds("tidal omen fjorD"));
        assert!(!hash.is_outdated());
        assert_ne!(PasswordHash::of(&password).unwrap(), hash);
        let kept = serde_json::to_string(&hash).unwrap();
        assert_eq!(kept, format!("\"{}\"", hash.0));
        assert_eq!(
            format!("{password:?} {hash:?}"),
            "Password(…) PasswordHash(…)"
        );
    }

    #[test]
    fn an_attempt_that_is_too_long_is_not_the_empty_one() {
        let empty = todays()
            .unwrap()
            .hash_password_with_salt(b"", &[1; SALT_BYTES])
            .unwrap();
        let hash = PasswordHash(empty.to_string());
        assert!(hash.holds(""));
        assert!(!hash.holds(&"a".repeat(MAX_ATTEMPT_BYTES + 1)));
    }

    #[test]
    fn lower_costs_are_outdated_and_still_hold() {
        for (memory, passes, length) in [(8_192, 2, 32), (19_456, 1, 32), (19_456, 2, 16)] {
            let params = Params::new(memory, passes, 1, Some(length)).unwrap();
            let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_with_salt(b"tidal omen fjord", &[1; SALT_BYTES])
                .unwrap();
            let hash = PasswordHash(older.to_string());
            assert!(hash.is_outdated() && hash.holds("tidal omen fjord"));
        }
        let stronger = PasswordHash::decoy().0.replace("t=2", "t=3");
        assert!(!PasswordHash(stronger).is_outdated());
        assert!(PasswordHash("damaged".to_owned()).is_outdated());
        assert!(!PasswordHash("damaged".to_owned()).holds("tidal omen fjord"));
    }

    #[test]
    fn the_decoy_is_a_hash_of_todays_cost() {
        let decoy = PasswordHash::decoy();
        assert!(!decoy.is_outdated());
        assert!(!decoy.holds("tidal omen fjord"));
        assert!(!decoy.holds(""));
    }

    #[test]
    fn one_time_passwords_are_legible_and_acceptable() {
        let password = Password::one_time().unwrap();
        let text = password.expose();
        assert_eq!(text.len(), 23);
        let groups: Vec<_> = text.split('-').collect();
        assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 5));
        assert!(!text.contains(['i', 'l', 'o', 'u']));
        assert_eq!(Password::new(text, EMAIL).as_ref(), Ok(&password));
        assert_ne!(Password::one_time().unwrap(), password);
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,140}|.{10,14}", email in "\\PC{0,30}|[a-z]{1,8}@[a-z.]{1,9}") {
            if let Ok(password) = Password::new(&text, &email) {
                prop_assert_eq!(password.expose(), text);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn damaged_hashes_hold_nothing(at in 0_usize..97, to in "[ -~]") {
            let mut text = PasswordHash::decoy().0.clone();
            // The cost stays: another may take any time and memory.
            let at = if (9..31).contains(&at) { 31 } else { at };
            text.replace_range(at..=at, &to);
            prop_assert!(!PasswordHash(text).holds("tidal omen fjord"));
        }
    }
}
