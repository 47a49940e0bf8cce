//! Accounts from the machine's command line: for the first one, and for whoever lost the last password.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Refused};
use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::server::Data;
use crate::sessions::accounts;
use crate::store::Reads;
use crate::users::{self, Change, Email, New, Password, PasswordHash, Record};

/// A password on its way over the socket; never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Given(pub String);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(…)")
    }
}

/// An account to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// What it signs in with.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// The person's first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The person's last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// Its password; a one-time one is made where none is given.
    #[serde(default)]
    pub password: Option<Given>,
}

/// An account, as commands show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// What it signs in with.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// The person's first name.
    pub first_name: Option<String>,
    /// The person's last name.
    pub last_name: Option<String>,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// Whether its password has to be changed before anything else.
    pub must_change_password: bool,
    /// When it last signed in, in RFC 3339.
    pub last_login_at: Option<String>,
}

impl From<Record> for Shown {
    fn from(user: Record) -> Self {
        Self {
            email: user.email.to_string(),
            role: user.role,
            first_name: user.first_name,
            last_name: user.last_name,
            disabled: user.disabled,
            must_change_password: user.must_change_password,
            last_login_at: user.last_login_at.map(|at| at.to_string()),
        }
    }
}

/// Everybody, by address.
pub(super) fn list(data: &Data) -> Result<Value, Refused> {
    let all = data.store.read(users::all)?;
    let shown: Vec<Shown> = all.into_iter().map(Shown::from).collect();
    Ok(json!({"users": shown}))
}

/// Makes an account. The first is an administrator: nobody else could let others in.
pub(super) fn add(data: &Data, add: &Add, by: &Actor) -> Result<Value, Refused> {
    let email = parsed(&add.email)?;
    let is_known = data.store.read(|read| users::by_email(read, &email))?;
    if is_known.is_some() {
        return Err(taken(&email));
    }
    if add.role == Role::Ingest {
        let wrong = "must be viewer, engineer or admin: machines push with an API key";
        return Err(Error::invalid("role", wrong).into());
    }
    let (hash, one_time) = password(add.password.as_ref(), &email)?;
    let new = New {
        email: email.clone(),
        role: add.role,
        first_name: name("first name", add.first_name.as_deref())?,
        last_name: name("last name", add.last_name.as_deref())?,
        password: hash,
        must_change_password: one_time.is_some(),
    };
    let by = by.clone();
    let made = data.store.write_blocking(move |read, now| {
        if new.role != Role::Admin && read.counter(&users::active_admins())? == 0 {
            return Err(Error::invalid(
                "",
                "Nobody could administer yet: make an administrator first, with --role admin",
            ));
        }
        users::create(read, new.clone(), &by, now)
    });
    match made {
        Ok(user) => Ok(json!({"user": Shown::from(user), "oneTimePassword": one_time})),
        Err(Error::Conflict { .. }) => Err(taken(&email)),
        Err(error) => Err(error.into()),
    }
}

/// Gives an account another password, and ends its sessions.
pub(super) fn reset_password(
    data: &Data,
    email: &str,
    given: Option<&Given>,
    by: &Actor,
) -> Result<Value, Refused> {
    let user = find(data, email)?;
    let (hash, one_time) = password(given, &user.email)?;
    let (id, must_change, by) = (user.id, one_time.is_some(), by.clone());
    let user = data.store.write_blocking(move |read, now| {
        accounts::give_password(read, id, &hash, must_change, &by, now)
    })?;
    Ok(json!({"user": Shown::from(user), "oneTimePassword": one_time}))
}

/// Lets an account sign in or not. `changed` says whether it was otherwise before.
pub(super) fn set_disabled(
    data: &Data,
    email: &str,
    disabled: bool,
    by: &Actor,
) -> Result<Value, Refused> {
    let user = find(data, email)?;
    let (id, by) = (user.id, by.clone());
    let change = Change {
        disabled: Some(disabled),
        ..Change::default()
    };
    let (before, user) = data.store.write_blocking(move |read, now| {
        let before = users::by_id(read, id)?.disabled;
        let (user, writes) = accounts::update(read, id, &change, &by, now)?;
        Ok(((before, user), writes))
    })?;
    Ok(json!({"user": Shown::from(user), "changed": before != disabled}))
}

fn parsed(email: &str) -> Result<Email, Refused> {
    let parsed = email.parse();
    parsed.map_err(|wrong: &str| Error::invalid("email", wrong).into())
}

fn find(data: &Data, email: &str) -> Result<Record, Refused> {
    let email = parsed(email)?;
    let found = data.store.read(|read| users::by_email(read, &email))?;
    found.ok_or_else(|| {
        Refused::new(
            Kind::NotFound,
            format!("There is no user {email}: `driftsentry user list` shows who there is."),
        )
    })
}

fn taken(email: &Email) -> Refused {
    Refused::new(
        Kind::Conflict,
        format!(
            "There is a user {email} already: `driftsentry user reset-password {email}` gives it another password."
        ),
    )
}

/// A person's name, by the rules that hold over HTTP too.
fn name(what: &str, given: Option<&str>) -> Result<Option<String>> {
    let Some(text) = given.map(str::trim) else {
        return Ok(None);
    };
    let is_line = !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if is_line && (1..=100).contains(&text.chars().count()) {
        Ok(Some(text.to_owned()))
    } else {
        let wrong = "must have 1 to 100 characters on one line";
        Err(Error::invalid(what, wrong))
    }
}

/// The hash of a given password, or of a one-time password with its text.
///
/// Hashed on the socket's own thread: few requests are under way at once, and none of them is a stranger's.
fn password(given: Option<&Given>, email: &Email) -> Result<(PasswordHash, Option<String>)> {
    let Some(Given(text)) = given else {
        let made = Password::one_time()?;
        return Ok((PasswordHash::of(&made)?, Some(made.expose().to_owned())));
    };
    let password = Password::new(text, email.as_str())
        .map_err(|wrong| Error::invalid("", format!("The password {wrong}")))?;
    Ok((PasswordHash::of(&password)?, None))
}
