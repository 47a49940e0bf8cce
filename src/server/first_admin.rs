//! The first administrator: without one, nobody could let anybody in.

use crate::actor::{Actor, Role};
use crate::config::FirstAdmin as Given;
use crate::error::{Error, Result};
use crate::sessions::hashing::Hashers;
use crate::store::{Reads, Store, Writes};
use crate::users::{self, Email, New, Password, PasswordHash};

/// Who it is where nobody says.
const DEFAULT_EMAIL: &str = "admin@driftsentry.local";

/// Whether somebody can sign in.
#[derive(Debug, PartialEq, Eq)]
pub enum FirstAdmin {
    /// There are accounts, and somebody has used one.
    InUse,
    /// There is one account, and nobody has ever signed in.
    Waiting(Email),
    /// One was made, with the configured password.
    Made(Email),
    /// One was made, with this one-time password.
    MadeWith(Email, String),
}

/// Makes the first administrator where there is no account yet.
///
/// # Errors
/// `Invalid` where the configured password is refused; what the store says.
pub async fn ensure(store: &Store, given: &Given) -> Result<FirstAdmin> {
    if let Some(found) = found(store)? {
        return Ok(found);
    }
    let email = match &given.email {
        Some(email) => email.clone(),
        None => DEFAULT_EMAIL
            .parse()
            .map_err(|wrong: &str| Error::internal(wrong))?,
    };
    let (password, one_time) = match &given.password {
        Some(given) => (Password::new(&given.0, email.as_str()), None),
        None => {
            let made = Password::one_time()?;
            let text = made.expose().to_owned();
            (Ok(made), Some(text))
        }
    };
    let password = password.map_err(|wrong| {
        Error::invalid("", format!("the first administrator's password {wrong}"))
    })?;
    let hash = Hashers::new(1, 1)
        .run(move || PasswordHash::of(&password))
        .await??;
    let new = New {
        email: email.clone(),
        role: Role::Admin,
        first_name: None,
        last_name: None,
        password: hash,
        must_change_password: one_time.is_some(),
    };
    let made = store.write(move |read, now| {
        if read.counter(&users::total())? > 0 {
            return Ok((false, Writes::new()));
        }
        let by = Actor::local("first-start");
        let (_, writes) = users::create(read, new.clone(), &by, now)?;
        Ok((true, writes))
    });
    if !made.await? {
        return Ok(FirstAdmin::InUse);
    }
    Ok(match one_time {
        Some(password) => FirstAdmin::MadeWith(email, password),
        None => FirstAdmin::Made(email),
    })
}

/// The state where there are accounts already.
fn found(store: &Store) -> Result<Option<FirstAdmin>> {
    store.read(|read| {
        let all = users::ids_by_email(read)?;
        let [(_, only)] = all.as_slice() else {
            return Ok((!all.is_empty()).then_some(FirstAdmin::InUse));
        };
        let user = users::by_id(read, *only)?;
        Ok(Some(match user.last_login_at {
            None if user.must_change_password => FirstAdmin::Waiting(user.email),
            _ => FirstAdmin::InUse,
        }))
    })
}
