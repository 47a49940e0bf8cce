//! People's accounts: who they are, what their role is, and how their password is kept.
//!
//! What a change of an account means for its sessions is the business of `sessions::accounts`, which is what callers use.

pub mod api;
pub mod index;
pub mod password;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use password::{Password, PasswordHash};

use crate::actor::{Actor, Role};
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::store::tables::{USERS, USERS_BY_EMAIL};
use crate::store::{Counter, Order, Range, Reads, Writes, keys::Key};
use crate::time::Timestamp;

/// An email address: what an account signs in with. Kept in lower case, so that one person has one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The longest address, in bytes (RFC 5321, 4.5.3.1).
    pub const MAX_LENGTH: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be an email address such as ana@example.com";
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
        let plain = |part: &str| {
            !part.is_empty()
                && !part.contains(|c: char| c.is_whitespace() || c.is_control() || is_unseen(c))
        };
        let sound = plain(local)
            && local.len() <= 64
            // None stands in an address unquoted; and nobody is to pass for `api-key:` in the trail.
            && !local.contains(['@', ':', ',', ';', '<', '>', '"', '(', ')', '[', ']', '\\'])
            && plain(domain)
            && !domain.contains(['@', '/', ':', ',', ';', '<', '>', '"'])
            && !domain.starts_with(['.', '-'])
            && !domain.ends_with(['.', '-'])
            && !domain.contains("..")
            && text.len() <= Self::MAX_LENGTH;
        if sound { Ok(Self(text)) } else { Err(WRONG) }
    }
}

/// Whether a character shows nothing, or turns the text around it: two addresses must not look the same for it.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the web UI looks to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What somebody chose for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Whether only critical alerts are to be counted and announced.
    #[serde(default)]
    pub critical_alerts_only: bool,
    /// How the web UI looks.
    #[serde(default)]
    pub theme: Theme,
}

/// An account, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: UserId,
    /// What it signs in with, unique.
    pub email: Email,
    /// The person's first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The person's last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Whether it may not sign in.
    #[serde(default)]
    pub disabled: bool,
    /// How its password is kept.
    pub password: PasswordHash,
    /// Whether its password was made by somebody else and has to be changed before anything else.
    #[serde(default)]
    pub must_change_password: bool,
    /// When its password was last changed.
    pub password_changed_at: Timestamp,
    /// What the person chose.
    #[serde(default)]
    pub settings: Settings,
    /// When it last signed in.
    #[serde(default)]
    pub last_login_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Record {
    /// The account as the trail names it, acting from nowhere in particular.
    pub fn as_actor(&self, like: &Actor) -> Actor {
        Actor {
            id: self.id,
            email: self.email.to_string(),
            role: self.role,
            ..like.clone()
        }
    }

    fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// An account to make.
#[derive(Debug, Clone)]
pub struct New {
    /// What it signs in with.
    pub email: Email,
    /// What it may do.
    pub role: Role,
    /// The person's first name.
    pub first_name: Option<String>,
    /// The person's last name.
    pub last_name: Option<String>,
    /// How its password is kept.
    pub password: PasswordHash,
    /// Whether the password has to be changed at the first sign-in.
    pub must_change_password: bool,
}

/// What to change of an account; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may not sign in.
    pub disabled: Option<bool>,
    /// See [`Record`]; `Some(None)` takes it away.
    pub first_name: Option<Option<String>>,
    /// See [`Record`].
    pub last_name: Option<Option<String>>,
}

/// How many accounts there are.
pub fn total() -> Counter {
    Counter::new("users.total")
}

/// How many accounts are administrators that can sign in: never none again once there was one.
pub fn active_admins() -> Counter {
    Counter::new("users.active_admins")
}

/// An account by its id.
///
/// # Errors
/// `NotFound`.
pub fn by_id(read: &impl Reads, id: UserId) -> Result<Record> {
    read.get(&USERS, &id)?.ok_or(Error::NotFound("user"))
}

/// An account by its email address.
///
/// # Errors
/// What reading says.
pub fn by_email(read: &impl Reads, email: &Email) -> Result<Option<Record>> {
    match read.get_key(&USERS_BY_EMAIL, &email.0)? {
        Some(id) => by_id(read, id).map(Some),
        None => Ok(None),
    }
}

/// Every account, by email address.
///
/// # Errors
/// What reading says.
pub fn all(read: &impl Reads) -> Result<Vec<Record>> {
    let ids = ids_by_email(read)?;
    ids.into_iter().map(|(_, id)| by_id(read, id)).collect()
}

/// Every account's address and id, by address.
///
/// # Errors
/// What reading says.
pub fn ids_by_email(read: &impl Reads) -> Result<Vec<(String, UserId)>> {
    let mut found = Vec::new();
    read.visit(
        USERS_BY_EMAIL.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            found.extend(String::from_bytes(key).zip(UserId::from_bytes(value)));
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

/// What an account writes as it stands. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&USERS, &record.id, record)?;
    writes.point(&USERS_BY_EMAIL, &record.email.0, &record.id);
    writes.count(total(), 1);
    writes.count(active_admins(), i64::from(record.is_active_admin()));
    Ok(writes)
}

/// Makes an account.
///
/// # Errors
/// `Conflict` when there is one with this address.
pub fn create(read: &impl Reads, new: New, by: &Actor, now: Timestamp) -> Result<(Record, Writes)> {
    create_as(read, UserId::new(now), new, by, now)
}

/// Makes an account of this id, which nobody has.
///
/// # Errors
/// As [`create`].
pub fn create_as(
    read: &impl Reads,
    id: UserId,
    new: New,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    if let Some(existing) = by_email(read, &new.email)? {
        return Err(Error::Conflict {
            message: format!("There is a user {} already.", new.email),
            details: json!({"existingId": existing.id}),
        });
    }
    let record = Record {
        id,
        email: new.email,
        first_name: new.first_name,
        last_name: new.last_name,
        role: new.role,
        disabled: false,
        password: new.password,
        must_change_password: new.must_change_password,
        password_changed_at: now,
        settings: Settings::default(),
        last_login_at: None,
        created_at: now,
        updated_at: now,
    };
    let mut writes = standing(&record)?;
    let draft = Draft {
        new_value: Some(trail_value(&record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::UserCreated, draft, now);
    Ok((record, writes))
}

/// Changes an account.
///
/// # Errors
/// `NotFound`; `Conflict` when nobody would be left to administer.
pub fn update(
    read: &impl Reads,
    id: UserId,
    change: &Change,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    let mut after = before.clone();
    if let Some(role) = change.role {
        after.role = role;
    }
    if let Some(disabled) = change.disabled {
        after.disabled = disabled;
    }
    if let Some(name) = &change.first_name {
        after.first_name.clone_from(name);
    }
    if let Some(name) = &change.last_name {
        after.last_name.clone_from(name);
    }
    if after == before {
        return Ok((before, Writes::new()));
    }
    after.updated_at = now;
    let mut writes = replace(read, &before, &after)?;
    let draft = Draft {
        old_value: Some(trail_value(&before)),
        new_value: Some(trail_value(&after)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::UserUpdated, draft, now);
    Ok((after, writes))
}

/// Takes over what somebody chose for themselves. Nobody else is concerned: it leaves no trail.
///
/// # Errors
/// `NotFound`.
pub fn choose(
    read: &impl Reads,
    id: UserId,
    settings: Settings,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    let after = Record {
        settings,
        updated_at: now,
        ..before.clone()
    };
    let writes = replace(read, &before, &after)?;
    Ok((after, writes))
}

/// Gives an account another password.
///
/// # Errors
/// `NotFound`.
pub fn set_password(
    read: &impl Reads,
    id: UserId,
    password: PasswordHash,
    must_change: bool,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    let after = Record {
        password,
        must_change_password: must_change,
        password_changed_at: now,
        updated_at: now,
        ..before.clone()
    };
    let mut writes = replace(read, &before, &after)?;
    let draft = Draft {
        details: Some(json!({"userId": id, "email": before.email, "mustChange": must_change})),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::PasswordChanged, draft, now);
    Ok((after, writes))
}

/// Notes a sign-in, with the same password hashed anew where the parameters have risen.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn signed_in(
    read: &impl Reads,
    before: &Record,
    rehashed: Option<&PasswordHash>,
    now: Timestamp,
) -> Result<Writes> {
    let after = Record {
        last_login_at: Some(now),
        password: rehashed.unwrap_or(&before.password).clone(),
        ..before.clone()
    };
    replace(read, before, &after)
}

/// Removes an account. Its address stays in the trail.
///
/// # Errors
/// `NotFound`; `Conflict` when nobody would be left to administer.
pub fn remove(
    read: &impl Reads,
    id: UserId,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let record = by_id(read, id)?;
    if record.is_active_admin() {
        keep_an_admin(read)?;
    }
    let mut writes = Writes::new();
    writes.delete(&USERS, &id);
    writes.delete(&USERS_BY_EMAIL, &record.email.0);
    writes.count(total(), -1);
    writes.count(active_admins(), -i64::from(record.is_active_admin()));
    let draft = Draft {
        old_value: Some(trail_value(&record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::UserDeleted, draft, now);
    Ok((record, writes))
}

/// The row and the counts that follow a change of an account.
fn replace(read: &impl Reads, before: &Record, after: &Record) -> Result<Writes> {
    if before.is_active_admin() && !after.is_active_admin() {
        keep_an_admin(read)?;
    }
    let mut writes = Writes::new();
    writes.put(&USERS, &after.id, after)?;
    let delta = i64::from(after.is_active_admin()) - i64::from(before.is_active_admin());
    writes.count(active_admins(), delta);
    Ok(writes)
}

/// Changes run one after another, so two that would each take one of two administrators away can't both pass.
fn keep_an_admin(read: &impl Reads) -> Result<()> {
    if read.counter(&active_admins())? > 1 {
        return Ok(());
    }
    Err(Error::conflict(
        "This is the last administrator who can sign in: make somebody else one first.",
    ))
}

fn trail_value(record: &Record) -> Value {
    json!({
        "id": record.id,
        "email": record.email,
        "firstName": record.first_name,
        "lastName": record.last_name,
        "role": record.role,
        "disabled": record.disabled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case() {
        let email: Email = " Ana.Lima@Example.COM ".parse().unwrap();
        assert_eq!(email.as_str(), "ana.lima@example.com");
        for good in ["a@b", "admin@driftsentry.local", "o'neil+x@mail.example"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@b", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a\n@b",
            "a@b/c",
            "api-key:ci@b",
            "\"a\"@b",
            "a@b\u{202e}",
            "a\u{200b}@b",
            &long,
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }
}
