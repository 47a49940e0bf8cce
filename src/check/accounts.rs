//! Users, sessions and API keys, with the indexes beside them.

use super::counters::Recount;
use super::indexes::compare;
use super::{Check, each, each_raw, look_up};
use crate::error::Result;
use crate::ids::{KeyId, SessionId, UserId};
use crate::store::Snapshot;
use crate::store::keys::Key;
use crate::store::tables::{
    API_KEYS, API_KEYS_BY_PREFIX, REFRESH_TOKENS, SESSIONS, SESSIONS_BY_USER, USERS, USERS_BY_EMAIL,
};
use crate::{keys, sessions, users};

/// Every account.
pub(super) fn users(read: &Snapshot, recount: &mut Recount) -> Result<Check> {
    let mut check = Check::new("users");
    each(
        read,
        &USERS,
        &mut check,
        |check, id: UserId, user: users::Record| {
            let whose = format!("user {id} {}", user.email);
            if user.id != id {
                check.wrong(format_args!("{whose}: its record says {}", user.id));
            }
            let derived = users::standing(&user)?;
            compare(read, check, &derived, USERS_BY_EMAIL.table, &whose)?;
            recount.add(&derived);
            Ok(())
        },
    )?;
    Ok(check)
}

/// The accounts that addresses lead to.
pub(super) fn user_emails(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of users by address");
    each_raw(
        read,
        &USERS_BY_EMAIL,
        &mut check,
        |check, email: String, value| {
            let user: Option<users::Record> = match UserId::from_bytes(value) {
                Some(id) => look_up(read, &USERS, &id)?,
                None => None,
            };
            if user.is_none_or(|user| user.email.as_str() != email) {
                check.wrong(format_args!("{email}: leads to no user of this address"));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Every session: it is somebody's, and its newest token is there and not spent.
pub(super) fn sessions(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("sessions");
    each(
        read,
        &SESSIONS,
        &mut check,
        |check, id: SessionId, session: sessions::Record| {
            let whose = format!("session {id}");
            if session.id != id {
                check.wrong(format_args!("{whose}: its record says {}", session.id));
            }
            if look_up::<_, users::Record>(read, &USERS, &session.user)?.is_none() {
                check.wrong(format_args!("{whose}: its user {} is gone", session.user));
            }
            let newest: Option<sessions::Generation> =
                look_up(read, &REFRESH_TOKENS, &(id, session.generation))?;
            if newest.is_none_or(|newest| newest.spent.is_some()) {
                check.wrong(format_args!(
                    "{whose}: its refresh token {} is missing or spent",
                    session.generation
                ));
            }
            let derived = sessions::standing(&session)?;
            compare(read, check, &derived, SESSIONS_BY_USER.table, &whose)
        },
    )?;
    Ok(check)
}

/// The sessions that users lead to.
pub(super) fn user_sessions(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of sessions by user");
    each_raw(
        read,
        &SESSIONS_BY_USER,
        &mut check,
        |check, (user, id): (UserId, SessionId), _| {
            let session: Option<sessions::Record> = look_up(read, &SESSIONS, &id)?;
            if session.is_none_or(|session| session.user != user) {
                check.wrong(format_args!(
                    "user {user}: leads to the session {id}, which is not its own"
                ));
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Every refresh token: its session is there, and all but the newest are spent.
pub(super) fn refresh_tokens(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("refresh tokens");
    each(
        read,
        &REFRESH_TOKENS,
        &mut check,
        |check, (id, number): (SessionId, u32), token: sessions::Generation| {
            let session: Option<sessions::Record> = look_up(read, &SESSIONS, &id)?;
            match session {
                None => check.wrong(format_args!(
                    "refresh token {number} of {id}: its session is gone"
                )),
                Some(session) if token.spent.is_some() == (number >= session.generation) => {
                    check.wrong(format_args!(
                        "refresh token {number} of {id}: only the newest, {}, can be used",
                        session.generation
                    ));
                }
                Some(_) => {}
            }
            Ok(())
        },
    )?;
    Ok(check)
}

/// Every API key.
pub(super) fn api_keys(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("API keys");
    each(
        read,
        &API_KEYS,
        &mut check,
        |check, id: KeyId, key: keys::Record| {
            let whose = format!("API key {id} {}", key.name);
            if key.id != id {
                check.wrong(format_args!("{whose}: its record says {}", key.id));
            }
            let derived = keys::standing(&key)?;
            compare(read, check, &derived, API_KEYS_BY_PREFIX.table, &whose)
        },
    )?;
    Ok(check)
}

/// The keys that prefixes lead to.
pub(super) fn key_prefixes(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("index of API keys by prefix");
    each_raw(
        read,
        &API_KEYS_BY_PREFIX,
        &mut check,
        |check, prefix: String, value| {
            let key: Option<keys::Record> = match KeyId::from_bytes(value) {
                Some(id) => look_up(read, &API_KEYS, &id)?,
                None => None,
            };
            if key.is_none_or(|key| key.prefix != prefix) {
                check.wrong(format_args!("{prefix}: leads to no API key of this prefix"));
            }
            Ok(())
        },
    )?;
    Ok(check)
}
