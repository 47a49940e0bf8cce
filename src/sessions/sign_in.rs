//! The desk where people sign in: it throttles, compares passwords, opens and renews sessions.
//!
//! An unknown account, a wrong password and a disabled account go the same way and take the same time: one read, one hash,
//! one entry in the trail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;

use super::access_token::{AccessTokens, Issued};
use super::hashing::Hashers;
use super::refresh_token::RefreshToken;
use super::throttle::Throttle;
use super::{Refreshed, index::Index};
use crate::actor::{Actor, Role};
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};
use crate::sessions;
use crate::store::{Reads, Store, Writes};
use crate::time::Timestamp;
use crate::users::{self, Email, Password, PasswordHash};

/// How many passwords are hashed at once: each takes a processor and 19 MiB for a while.
const HASHERS: usize = 2;

/// How many may wait for that; more are asked to come back.
const WAITING: usize = 16;

/// How sign-ins went, since the start.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Signed in.
    pub succeeded: AtomicU64,
    /// No account that may sign in has this address and password.
    pub failed: AtomicU64,
    /// Sent away without a look at the password.
    pub throttled: AtomicU64,
    /// Sessions renewed.
    pub renewed: AtomicU64,
    /// Refresh tokens that are none, have expired, or belong to who may not sign in.
    pub refused: AtomicU64,
    /// Spent refresh tokens that came back.
    pub reused: AtomicU64,
}

/// Somebody who has signed in, or renewed that.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub user: users::Record,
    /// The token for requests.
    pub access: Issued,
    /// The token for the next renewal.
    pub refresh: RefreshToken,
}

/// Where people sign in.
#[derive(Debug)]
pub struct Desk {
    store: Store,
    /// The tokens it gives out.
    pub tokens: Arc<AccessTokens>,
    /// The sessions that live.
    pub sessions: Arc<Index>,
    throttle: Throttle,
    hashers: Hashers,
    /// How sign-ins went.
    pub outcomes: Outcomes,
}

impl Desk {
    /// A desk that nobody has come to yet.
    pub fn new(store: Store, tokens: Arc<AccessTokens>, sessions: Arc<Index>) -> Self {
        Self {
            store,
            tokens,
            sessions,
            throttle: Throttle::new(),
            hashers: Hashers::new(HASHERS, WAITING),
            outcomes: Outcomes::default(),
        }
    }

    /// How many passwords were hashed.
    pub fn hashed(&self) -> u64 {
        self.hashers.hashed()
    }

    /// Signs somebody in by address and password. `by` says from where.
    ///
    /// # Errors
    /// `Throttled`; `Unauthenticated`, which does not say why; what the store says.
    pub async fn sign_in(&self, email: &str, password: String, by: &Actor) -> Result<SignedIn> {
        let account = email.trim().to_lowercase();
        let signed_in = self.attempt(&account, password, by).await;
        let outcome = match &signed_in {
            Ok(_) => &self.outcomes.succeeded,
            Err(Error::Throttled { .. }) => &self.outcomes.throttled,
            Err(Error::Unauthenticated) => &self.outcomes.failed,
            // Our fault says nothing of who tried.
            Err(_) => return signed_in,
        };
        outcome.fetch_add(1, Ordering::Relaxed);
        signed_in
    }

    async fn attempt(&self, account: &str, password: String, by: &Actor) -> Result<SignedIn> {
        let client = by.ip_address.as_deref().and_then(|ip| ip.parse().ok());
        let user = match account.parse::<Email>() {
            Ok(email) => self.store.read(|read| users::by_email(read, &email))?,
            Err(_) => None,
        };
        let guessed_at = match &user {
            Some(user) => guessed_at(user),
            None => account.to_owned(),
        };
        let attempt = self
            .throttle
            .admit(&guessed_at, client, Instant::now())
            .map_err(|retry_after_s| Error::Throttled { retry_after_s })?;
        let known = user.as_ref().map(|user| user.password.clone());
        let compared = self.hashers.run(move || {
            let hash = known.as_ref().unwrap_or_else(|| PasswordHash::decoy());
            let holds = hash.holds(&password);
            let rehashed =
                (holds && hash.is_outdated()).then(|| PasswordHash::renewed(&password).ok());
            (holds, rehashed.flatten())
        });
        let (holds, rehashed) = match compared.await {
            Ok(compared) => compared,
            Err(error) => {
                attempt.withdrawn();
                return Err(error);
            }
        };
        let opened = match user.filter(|user| holds && !user.disabled) {
            Some(user) => self.open(user, rehashed, by).await?,
            None => None,
        };
        match opened {
            Some(signed_in) => {
                attempt.succeeded(Instant::now());
                Ok(signed_in)
            }
            None => {
                drop(attempt);
                let (account, by) = (account.to_owned(), by.clone());
                self.store
                    .write_vital(move |read, now| failed(read, &account, holds, &by, now))
                    .await?;
                Err(Error::Unauthenticated)
            }
        }
    }

    /// Opens a session, unless the account has changed since its password was compared.
    async fn open(
        &self,
        compared: users::Record,
        rehashed: Option<PasswordHash>,
        by: &Actor,
    ) -> Result<Option<SignedIn>> {
        let id = SessionId::new(self.tokens.now());
        let refresh = RefreshToken::mint(id, 1)?;
        let (token, by) = (refresh.clone(), compared.as_actor(by));
        let user = self
            .store
            .write_vital(move |read, now| {
                let user = users::by_id(read, compared.id)?;
                if user.disabled || user.password != compared.password {
                    return Ok((None, Writes::new()));
                }
                let (_, mut writes) = sessions::open(read, &token, &by, now)?;
                writes.add(users::signed_in(read, &user, rehashed.as_ref(), now)?);
                Ok((Some(user), writes))
            })
            .await?;
        user.map(|user| {
            Ok(SignedIn {
                access: self.tokens.issue(user.id, id)?,
                user,
                refresh,
            })
        })
        .transpose()
    }

    /// Exchanges a refresh token for new tokens. `by` says from where.
    ///
    /// # Errors
    /// `Unauthenticated`, which does not say why; what the store says.
    pub async fn renew(&self, shown: &str, by: &Actor) -> Result<SignedIn> {
        let renewed = match shown.parse() {
            Ok(shown) => self.exchange(shown, by).await,
            Err(_) => Ok((Refreshed::Refused, None)),
        };
        let (outcome, signed_in) = match renewed? {
            (Refreshed::Renewed { session, token }, Some(user)) => {
                let signed_in = SignedIn {
                    access: self.tokens.issue(user.id, session.id)?,
                    user,
                    refresh: token,
                };
                (&self.outcomes.renewed, Ok(signed_in))
            }
            (Refreshed::Reused, _) => {
                tracing::warn!("A spent refresh token came back: its session is revoked");
                (&self.outcomes.reused, Err(Error::Unauthenticated))
            }
            _ => (&self.outcomes.refused, Err(Error::Unauthenticated)),
        };
        outcome.fetch_add(1, Ordering::Relaxed);
        signed_in
    }

    /// What a refresh token is exchanged for, with the account where it is renewed.
    async fn exchange(
        &self,
        shown: RefreshToken,
        by: &Actor,
    ) -> Result<(Refreshed, Option<users::Record>)> {
        let child_secret = RefreshToken::mint(shown.session, 1)?.secret;
        let by = by.clone();
        self.store
            .write_vital(move |read, now| {
                let (refreshed, writes) = sessions::refresh(read, &shown, child_secret, &by, now)?;
                let user = match &refreshed {
                    Refreshed::Renewed { session, .. } => Some(users::by_id(read, session.user)?),
                    Refreshed::Refused | Refreshed::Reused => None,
                };
                Ok(((refreshed, user), writes))
            })
            .await
    }

    /// Ends the session of a refresh token; one that is not ours ends nothing.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sign_out(&self, shown: &str, by: &Actor) -> Result<()> {
        let Ok(shown) = shown.parse::<RefreshToken>() else {
            return Ok(());
        };
        let by = by.clone();
        self.store
            .write_vital(move |read, now| sessions::end_by_token(read, &shown, &by, now))
            .await
    }

    /// Hashes a new password, waiting for a place among those who sign in.
    ///
    /// # Errors
    /// `Throttled` where too many wait.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash> {
        self.hashers
            .run(move || PasswordHash::of(&password))
            .await?
    }

    /// Whether a password is this account's; guessing is throttled as a sign-in is.
    ///
    /// # Errors
    /// `Throttled`.
    pub async fn compare(
        &self,
        user: &users::Record,
        password: String,
        by: &Actor,
    ) -> Result<bool> {
        let client = by.ip_address.as_deref().and_then(|ip| ip.parse().ok());
        let attempt = self
            .throttle
            .admit(&guessed_at(user), client, Instant::now())
            .map_err(|retry_after_s| Error::Throttled { retry_after_s })?;
        let hash = user.password.clone();
        match self.hashers.run(move || hash.holds(&password)).await {
            Ok(true) => {
                attempt.succeeded(Instant::now());
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => {
                attempt.withdrawn();
                Err(error)
            }
        }
    }
}

/// What is guessed at: this password of this account. Who is given another one need not wait for what they guessed before.
fn guessed_at(user: &users::Record) -> String {
    format!("{} {}", user.email, user.password_changed_at.unix_ms())
}

/// Puts a failed sign-in on record.
fn failed(
    read: &impl Reads,
    account: &str,
    right_password: bool,
    by: &Actor,
    now: Timestamp,
) -> Result<((), Writes)> {
    let email = account.parse::<Email>().ok();
    let user = match &email {
        Some(email) => users::by_email(read, email)?,
        None => None,
    };
    let reason = match &user {
        None => "unknown account",
        Some(user) if user.disabled => "disabled account",
        Some(_) if right_password => "changed meanwhile",
        Some(_) => "wrong password",
    };
    let by = match user {
        Some(user) => user.as_actor(by),
        None => Actor {
            id: UserId(uuid::Uuid::nil()),
            // What is no address may be a password in the wrong field.
            email: email.map_or_else(|| "(no address)".to_owned(), |email| email.to_string()),
            role: Role::Viewer,
            ..by.clone()
        },
    };
    let mut writes = Writes::new();
    let draft = Draft {
        details: Some(json!({"reason": reason})),
        ..Draft::default()
    };
    audit::record(&mut writes, &by, Action::UserLoginFailed, draft, now);
    Ok(((), writes))
}
