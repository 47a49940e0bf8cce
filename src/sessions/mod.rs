//! Sessions: a sign-in and everything that is renewed from it, until it ends.
//!
//! A session is a family of refresh tokens. Each is spent by its use, and its child takes its place; of each only a hash is
//! kept, also when it is spent, so that one that returns is known for what it is: somebody else has a copy.
//! Source: OAuth 2.0 Security Best Current Practice (RFC 9700), 4.14.2.

pub mod access_token;
pub mod accounts;
pub mod api;
pub mod hashing;
pub mod index;
pub mod key_ring;
pub mod refresh_token;
pub mod sign_in;
pub mod steady_clock;
pub mod throttle;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use access_token::AccessTokens;
pub use refresh_token::RefreshToken;

use crate::actor::Actor;
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};
use crate::store::tables::{REFRESH_TOKENS, SESSIONS, SESSIONS_BY_USER};
use crate::store::{Order, Range, Reads, Writes};
use crate::time::Timestamp;
use crate::users;

/// How long a refresh token can be used, in milliseconds: 7 days.
pub const REFRESH_MS: i64 = 7 * 86_400_000;

/// How long after its use the same client is given the same child again, in milliseconds: its answer may have been lost.
const GRACE_MS: i64 = 10_000;

/// How many sessions an account has at most: a further sign-in ends the one that was used least recently.
const MOST_SESSIONS: usize = 10;

/// A session, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The newest refresh token's generation, from 1.
    pub generation: u32,
    /// The client's address at the last use.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// The client's `User-Agent` at the last use.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// A refresh token, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// What became of it.
    #[serde(default)]
    pub spent: Option<Spent>,
}

/// A refresh token's use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// From which address.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// With which `User-Agent`.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Its child, which only the token itself opens; kept until the child is spent.
    #[serde(default)]
    pub sealed: Option<[u8; 32]>,
}

/// What a refresh token was exchanged for.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// Its child.
    Renewed {
        /// The session.
        session: Record,
        /// The token that takes its place.
        token: RefreshToken,
    },
    /// Nothing: it is not one of ours, has expired, or its account may not sign in.
    Refused,
    /// Nothing: it was spent before, so its whole family is revoked.
    Reused,
}

/// A session by its id.
///
/// # Errors
/// `NotFound`.
pub fn by_id(read: &impl Reads, id: SessionId) -> Result<Record> {
    read.get(&SESSIONS, &id)?.ok_or(Error::NotFound("session"))
}

/// An account's sessions that have not expired, the newest first.
///
/// # Errors
/// What reading says.
pub fn of_user(read: &impl Reads, user: UserId, now: Timestamp) -> Result<Vec<Record>> {
    let mut sessions = all_of_user(read, user)?;
    sessions.retain(|session| session.expires_at > now);
    sessions.reverse();
    Ok(sessions)
}

fn all_of_user(read: &impl Reads, user: UserId) -> Result<Vec<Record>> {
    let keys: Vec<(UserId, SessionId)> = read.keys(
        &SESSIONS_BY_USER,
        &Range::prefix(&user),
        Order::Ascending,
        usize::MAX,
    )?;
    keys.into_iter().map(|(_, id)| by_id(read, id)).collect()
}

/// What a session writes beside its tokens. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&SESSIONS, &record.id, record)?;
    writes.mark(&SESSIONS_BY_USER, &(record.user, record.id));
    Ok(writes)
}

/// Begins a session with its first refresh token.
///
/// # Errors
/// What reading says.
pub fn open(
    read: &impl Reads,
    token: &RefreshToken,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let record = Record {
        id: token.session,
        user: by.id,
        generation: token.generation,
        ip_address: by.ip_address.clone(),
        user_agent: by.user_agent.clone(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_ms(REFRESH_MS),
    };
    let mut writes = make_room(read, by.id, now)?;
    writes.add(standing(&record)?);
    put_generation(&mut writes, token, now)?;
    let draft = Draft {
        details: Some(json!({"sessionId": record.id})),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::UserLogin, draft, now);
    Ok((record, writes))
}

/// Ends what has expired, and the least recently used of what is too many.
fn make_room(read: &impl Reads, user: UserId, now: Timestamp) -> Result<Writes> {
    let mut writes = Writes::new();
    let mut living = all_of_user(read, user)?;
    living.sort_by_key(|session| session.last_used_at);
    let (expired, mut living): (Vec<_>, Vec<_>) = living
        .into_iter()
        .partition(|session| session.expires_at <= now);
    let too_many = (living.len() + 1).saturating_sub(MOST_SESSIONS);
    for session in expired
        .iter()
        .chain(&living.drain(..too_many).collect::<Vec<_>>())
    {
        writes.add(erase(read, session)?);
    }
    Ok(writes)
}

fn put_generation(writes: &mut Writes, token: &RefreshToken, now: Timestamp) -> Result<()> {
    let row = Generation {
        hash: token.hash(),
        expires_at: now.plus_ms(REFRESH_MS),
        spent: None,
    };
    writes.put(&REFRESH_TOKENS, &(token.session, token.generation), &row)
}

/// Exchanges a refresh token for its child. `child_secret` is fresh randomness for it.
///
/// `by` says from where; who it is, the session says.
///
/// # Errors
/// What reading says. That it is refused is no error: a reuse has to be written.
pub fn refresh(
    read: &impl Reads,
    shown: &RefreshToken,
    child_secret: [u8; 32],
    by: &Actor,
    now: Timestamp,
) -> Result<(Refreshed, Writes)> {
    let refused = || Ok((Refreshed::Refused, Writes::new()));
    let Some(session) = read.get::<_, Record>(&SESSIONS, &shown.session)? else {
        return refused();
    };
    let Some(token) = generation(read, shown)? else {
        return refused();
    };
    let user = users::by_id(read, session.user)?;
    if session.expires_at <= now || token.expires_at <= now || user.disabled {
        return refused();
    }
    let by = user.as_actor(by);
    match &token.spent {
        None => renew(read, session, shown, token, child_secret, &by, now),
        Some(spent) => match repeated(&session, shown, spent, &by, now) {
            Some(token) => Ok((Refreshed::Renewed { session, token }, Writes::new())),
            None => {
                let mut writes = erase(read, &session)?;
                let draft = Draft {
                    details: Some(json!({"sessionId": session.id, "spentAt": spent.at})),
                    ..Draft::default()
                };
                audit::record(&mut writes, &by, Action::TokenReuseDetected, draft, now);
                Ok((Refreshed::Reused, writes))
            }
        },
    }
}

/// The stored row of a token, where it really is that token.
fn generation(read: &impl Reads, shown: &RefreshToken) -> Result<Option<Generation>> {
    let row: Option<Generation> = read.get(&REFRESH_TOKENS, &(shown.session, shown.generation))?;
    Ok(row.filter(|row| shown.holds(&row.hash)))
}

fn renew(
    read: &impl Reads,
    session: Record,
    shown: &RefreshToken,
    token: Generation,
    child_secret: [u8; 32],
    by: &Actor,
    now: Timestamp,
) -> Result<(Refreshed, Writes)> {
    let child = RefreshToken {
        session: session.id,
        generation: shown.generation + 1,
        secret: child_secret,
    };
    let spent = Spent {
        at: now,
        ip_address: by.ip_address.clone(),
        user_agent: by.user_agent.clone(),
        sealed: Some(shown.seal(&child)),
    };
    let session = Record {
        generation: child.generation,
        ip_address: by.ip_address.clone(),
        user_agent: by.user_agent.clone(),
        last_used_at: now,
        expires_at: now.plus_ms(REFRESH_MS),
        ..session
    };
    let mut writes = settle_older(read, shown, now)?;
    writes.put(&SESSIONS, &session.id, &session)?;
    let token = Generation {
        spent: Some(spent),
        ..token
    };
    writes.put(&REFRESH_TOKENS, &(shown.session, shown.generation), &token)?;
    put_generation(&mut writes, &child, now)?;
    let token = child;
    Ok((Refreshed::Renewed { session, token }, writes))
}

/// Forgets what spent tokens no longer need: the parent's sealed child, and those that could not be used any more anyway.
fn settle_older(read: &impl Reads, shown: &RefreshToken, now: Timestamp) -> Result<Writes> {
    let mut writes = Writes::new();
    if let Some(parent) = shown.generation.checked_sub(1)
        && let Some(mut row) =
            read.get::<_, Generation>(&REFRESH_TOKENS, &(shown.session, parent))?
        && let Some(spent) = &mut row.spent
    {
        spent.sealed = None;
        writes.put(&REFRESH_TOKENS, &(shown.session, parent), &row)?;
    }
    // Each renewal makes one, so forgetting up to two at each keeps up.
    let oldest: Vec<((SessionId, u32), Generation)> = read.rows(
        &REFRESH_TOKENS,
        &Range::prefix(&shown.session),
        Order::Ascending,
        2,
    )?;
    for (key, row) in oldest {
        if row.expires_at <= now && key.1 != shown.generation {
            writes.delete(&REFRESH_TOKENS, &key);
        }
    }
    Ok(writes)
}

/// The child once more, for a client whose answer was lost: the same client, soon after, and nobody has used the child.
fn repeated(
    session: &Record,
    shown: &RefreshToken,
    spent: &Spent,
    by: &Actor,
    now: Timestamp,
) -> Option<RefreshToken> {
    let is_soon = (0..=GRACE_MS).contains(&(now.unix_ms() - spent.at.unix_ms()));
    let is_same = spent.ip_address == by.ip_address && spent.user_agent == by.user_agent;
    let is_unused = session.generation == shown.generation + 1;
    let sealed = spent.sealed.filter(|_| is_soon && is_same && is_unused)?;
    Some(shown.unseal(&sealed, session.generation))
}

/// Ends the session of a refresh token, spent or not. One that is not ours ends nothing.
///
/// # Errors
/// What reading says.
pub fn end_by_token(
    read: &impl Reads,
    shown: &RefreshToken,
    by: &Actor,
    now: Timestamp,
) -> Result<((), Writes)> {
    let session: Option<Record> = read.get(&SESSIONS, &shown.session)?;
    let known = generation(read, shown)?.is_some();
    let Some(session) = session.filter(|_| known) else {
        return Ok(((), Writes::new()));
    };
    let by = users::by_id(read, session.user)?.as_actor(by);
    Ok(((), end(read, &session, &by, now)?))
}

/// Ends one of somebody's own sessions.
///
/// # Errors
/// `NotFound`, also where it is somebody else's.
pub fn end_own(
    read: &impl Reads,
    id: SessionId,
    by: &Actor,
    now: Timestamp,
) -> Result<((), Writes)> {
    let session = by_id(read, id)?;
    if session.user != by.id {
        return Err(Error::NotFound("session"));
    }
    Ok(((), end(read, &session, by, now)?))
}

/// Ends all of somebody's own sessions but the one they ask from, and says how many those were.
///
/// # Errors
/// What reading says.
pub fn end_others(
    read: &impl Reads,
    but: Option<SessionId>,
    by: &Actor,
    now: Timestamp,
) -> Result<(u64, Writes)> {
    let (mut ended, mut writes) = (0, Writes::new());
    for session in of_user(read, by.id, now)? {
        if Some(session.id) != but {
            writes.add(end(read, &session, by, now)?);
            ended += 1;
        }
    }
    Ok((ended, writes))
}

fn end(read: &impl Reads, session: &Record, by: &Actor, now: Timestamp) -> Result<Writes> {
    let mut writes = erase(read, session)?;
    let draft = Draft {
        details: Some(json!({"sessionId": session.id})),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::UserLogout, draft, now);
    Ok(writes)
}

/// Ends all sessions of an account but one. The change that asks for it leaves the trail.
///
/// # Errors
/// What reading says.
pub fn end_all(read: &impl Reads, user: UserId, except: Option<SessionId>) -> Result<Writes> {
    let mut writes = Writes::new();
    for session in all_of_user(read, user)? {
        if Some(session.id) != except {
            writes.add(erase(read, &session)?);
        }
    }
    Ok(writes)
}

/// Removes sessions that have expired, and says how many there were: nobody can use them any more, so this leaves no trail.
///
/// # Errors
/// What reading says.
pub fn sweep(read: &impl Reads, now: Timestamp) -> Result<(u64, Writes)> {
    let all: Vec<(SessionId, Record)> =
        read.rows(&SESSIONS, &Range::all(), Order::Ascending, usize::MAX)?;
    let (mut swept, mut writes) = (0, Writes::new());
    for (_, session) in all {
        if session.expires_at <= now {
            swept += 1;
            writes.add(erase(read, &session)?);
        }
    }
    Ok((swept, writes))
}

/// Removes a session's rows.
fn erase(read: &impl Reads, session: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.delete(&SESSIONS, &session.id);
    writes.delete(&SESSIONS_BY_USER, &(session.user, session.id));
    let tokens: Vec<(SessionId, u32)> = read.keys(
        &REFRESH_TOKENS,
        &Range::prefix(&session.id),
        Order::Ascending,
        usize::MAX,
    )?;
    for key in &tokens {
        writes.delete(&REFRESH_TOKENS, key);
    }
    Ok(writes)
}

#[cfg(test)]
mod tests;
