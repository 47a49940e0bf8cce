//! Access tokens: what a signed-in caller shows with each request, for a quarter of an hour.
//!
//! PASETO v4.local: only this instance reads and makes them. A token says who and by which sign-in; what they may do
//! is looked up each time. The token's time is told by a [`SteadyClock`], so setting the machine's clock lengthens no
//! token's life while the server runs, nor over a restart where the clock is told what time has been.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pasetors::Local;
use pasetors::keys::SymmetricKey;
use pasetors::token::UntrustedToken;
use pasetors::version4::{LocalToken, V4};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};
use crate::sessions::key_ring::{Key, KeyRing};
use crate::sessions::steady_clock::SteadyClock;
use crate::time::Timestamp;

/// How long a token holds.
const LIFE_S: u64 = 900;
/// How far a token may seem to come from the future: made before a restart, by a clock that was ahead.
const LEEWAY_MS: i64 = 60_000;
/// The longest token that is looked at, in bytes; ours have about 450.
const MAX_BYTES: usize = 1_024;
/// How many verified tokens are remembered.
const REMEMBERED: usize = 8_192;

const ISSUER: &str = "driftsentry";
const AUDIENCE: &str = "driftsentry-api";
const TYPE: &str = "access";

/// Makes and verifies access tokens.
#[derive(Debug)]
pub struct AccessTokens {
    known: RwLock<Arc<Known>>,
    /// The implicit assertion: authenticated with each token, never sent.
    assertion: Vec<u8>,
    clock: SteadyClock,
}

/// A new token.
pub struct Issued {
    /// What the caller shows.
    pub token: String,
    /// Whole seconds until it ends.
    pub expires_in_s: u64,
}

/// What a valid token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Who shows it.
    pub user: UserId,
    /// The sign-in that it comes from.
    pub session: SessionId,
    /// When it ends, by [`AccessTokens::now`].
    pub expires: Timestamp,
}

/// The claims as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    typ: &'a str,
    sub: UserId,
    sid: SessionId,
    iat: Timestamp,
    nbf: Timestamp,
    exp: Timestamp,
}

/// The keys in force and the tokens verified by them, which are forgotten together.
struct Known {
    /// The one that signs first.
    keys: Vec<KnownKey>,
    /// By the token's SHA-256.
    verified: Cache<[u8; 32], Claims>,
}

struct KnownKey {
    secret: SymmetricKey<V4>,
    /// The footer of its tokens: `{"kid":"k4.lid.…"}`.
    footer: String,
    /// The same as the token has it.
    encoded_footer: String,
}

impl AccessTokens {
    /// Tokens of one instance: another's are refused, even if it had the same keys.
    pub fn new(ring: KeyRing, instance: [u8; 16]) -> Self {
        Self::with_clock(ring, instance, SteadyClock::new())
    }

    /// Tokens whose time is told by a clock of one's own.
    pub fn with_clock(ring: KeyRing, instance: [u8; 16], clock: SteadyClock) -> Self {
        Self {
            known: RwLock::new(Arc::new(Known::of(ring))),
            assertion: [ISSUER.as_bytes(), &instance].concat(),
            clock,
        }
    }

    /// A new token of a sign-in.
    ///
    /// # Errors
    /// `Internal` when the system has no randomness to give.
    pub fn issue(&self, user: UserId, session: SessionId) -> Result<Issued> {
        let known = self.known();
        let key = known
            .keys
            .first()
            .ok_or_else(|| Error::internal("there is no key to sign with"))?;
        let now = self.clock.now();
        let payload = serde_json::to_vec(&Payload {
            iss: ISSUER,
            aud: AUDIENCE,
            typ: TYPE,
            sub: user,
            sid: session,
            iat: now,
            nbf: now,
            exp: now.plus_ms(LIFE_S as i64 * 1_000),
        })
        .map_err(Error::internal)?;
        let token = LocalToken::encrypt(
            &key.secret,
            &payload,
            Some(key.footer.as_bytes()),
            Some(&self.assertion),
        )
        .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Issued {
            token,
            expires_in_s: LIFE_S,
        })
    }

    /// What a token says; none where it is not ours, has ended or is not a token at all.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let known = self.known();
        let key = known.key_of(token)?;
        let hash: [u8; 32] = Sha256::digest(token).into();
        let now = self.clock.now();
        if let Some(claims) = known.verified.get(&hash) {
            if now < claims.expires {
                return Some(claims);
            }
            known.verified.remove(&hash);
            return None;
        }
        let claims = key.read(token, &self.assertion, now)?;
        known.verified.insert(hash, claims);
        Some(claims)
    }

    /// Takes other keys into use. What was verified by the old ones is forgotten.
    pub fn replace_ring(&self, ring: KeyRing) {
        let known = Arc::new(Known::of(ring));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The time by which tokens end.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn of(ring: KeyRing) -> Self {
        Self {
            keys: ring.into_keys().map(KnownKey::of).collect(),
            verified: Cache::new(REMEMBERED),
        }
    }

    /// The key that a token says it was made with: most of what is no token ends here.
    fn key_of(&self, token: &str) -> Option<&KnownKey> {
        let (_, footer) = token.strip_prefix(LocalToken::HEADER)?.split_once('.')?;
        self.keys.iter().find(|key| key.encoded_footer == footer)
    }
}

impl KnownKey {
    fn of(key: Key) -> Self {
        // An id is plain base64url: nothing to escape.
        let footer = format!(r#"{{"kid":"{}"}}"#, key.id);
        Self {
            secret: key.secret,
            encoded_footer: URL_SAFE_NO_PAD.encode(&footer),
            footer,
        }
    }

    fn read(&self, token: &str, assertion: &[u8], now: Timestamp) -> Option<Claims> {
        let token = UntrustedToken::<Local, V4>::try_from(token).ok()?;
        let token = LocalToken::decrypt(
            &self.secret,
            &token,
            Some(self.footer.as_bytes()),
            Some(assertion),
        )
        .ok()?;
        let payload: Payload<'_> = serde_json::from_str(token.payload()).ok()?;
        let ours = (payload.iss, payload.aud, payload.typ) == (ISSUER, AUDIENCE, TYPE);
        let latest = now.plus_ms(LEEWAY_MS);
        let in_time = payload.iat <= latest && payload.nbf <= latest && now < payload.exp;
        (ours && in_time).then_some(Claims {
            user: payload.sub,
            session: payload.sid,
            expires: payload.exp,
        })
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issued(… for {} s)", self.expires_in_s)
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let footers = self.keys.iter().map(|key| &key.footer);
        f.debug_list().entries(footers).finish()
    }
}

#[cfg(test)]
mod tests;
