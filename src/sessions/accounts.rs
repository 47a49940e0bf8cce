//! What a change of an account means for its sessions, in one change with it.

use crate::actor::Actor;
use crate::error::Result;
use crate::ids::{SessionId, UserId};
use crate::sessions;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;
use crate::users::{self, Change, PasswordHash, Record};

/// Changes an account; one that may no longer sign in loses its sessions.
///
/// # Errors
/// As [`users::update`].
pub fn update(
    read: &impl Reads,
    id: UserId,
    change: &Change,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let (record, mut writes) = users::update(read, id, change, by, now)?;
    if record.disabled {
        writes.add(sessions::end_all(read, id, None)?);
    }
    Ok((record, writes))
}

/// Removes an account and its sessions.
///
/// # Errors
/// As [`users::remove`].
pub fn remove(
    read: &impl Reads,
    id: UserId,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let (record, mut writes) = users::remove(read, id, by, now)?;
    writes.add(sessions::end_all(read, id, None)?);
    Ok((record, writes))
}

/// Changes somebody's own password; all sessions but the one that asks for it end.
///
/// # Errors
/// As [`users::set_password`].
pub fn change_password(
    read: &impl Reads,
    id: UserId,
    password: &PasswordHash,
    session: SessionId,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let (record, mut writes) = users::set_password(read, id, password.clone(), false, by, now)?;
    writes.add(sessions::end_all(read, id, Some(session))?);
    Ok((record, writes))
}

/// Gives an account a one-time password, to be changed at the next sign-in; all its sessions end.
///
/// # Errors
/// As [`users::set_password`].
pub fn reset_password(
    read: &impl Reads,
    id: UserId,
    password: &PasswordHash,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    give_password(read, id, password, true, by, now)
}

/// Gives an account a password that somebody else made, to be changed at the next sign-in or not; all its sessions end.
///
/// # Errors
/// As [`users::set_password`].
pub fn give_password(
    read: &impl Reads,
    id: UserId,
    password: &PasswordHash,
    must_change: bool,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let (record, mut writes) =
        users::set_password(read, id, password.clone(), must_change, by, now)?;
    writes.add(sessions::end_all(read, id, None)?);
    Ok((record, writes))
}
