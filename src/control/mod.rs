//! What commands on the server's own machine ask for: of the running server, through a socket in its data directory, or
//! of a stopped one's store directly.
//!
//! A new command is a variant of [`Request`] and its arm in [`run`]; `cli` then only parses and prints.

mod backups;
pub mod client;
mod place;
mod socket;
mod status;
mod users;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use backups::backup;
pub use socket::{Socket, listen};
pub use status::{Running, Status};
pub use users::{Add, Given, Shown};

use crate::actor::Actor;
use crate::audit::{Checkpoint, Examination, PublicKey};
use crate::backup::Progress;
use crate::error::{Error, Unusable};
use crate::server::Data;

/// The most bytes of a request or an answer. A checkpoint has 300, and there is one for each thousand audit entries.
const MOST_BYTES: usize = 4 << 20;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// Verify the audit log, and that it is the one these checkpoints were signed for. Gives a `audit::Proof`.
    AuditVerify {
        /// From the server's logs; none verifies the chain alone.
        #[serde(default)]
        checkpoints: Vec<Checkpoint>,
        /// The key they are to be signed with; the store's own where none is named.
        #[serde(default)]
        public_key: Option<PublicKey>,
    },
    /// What the server says of itself. Gives a [`Status`].
    Status,
    /// Everybody who has an account. Gives `users`, each a [`Shown`].
    UserList,
    /// Make an account. Gives `user` and `oneTimePassword`, null where a password was given.
    UserAdd(Add),
    /// Give an account another password. Gives the same.
    UserResetPassword {
        /// What it signs in with.
        email: String,
        /// The password; a one-time one is made where none is given.
        #[serde(default)]
        password: Option<Given>,
    },
    /// Keep an account from signing in. Gives `user`, and whether that is `changed`.
    UserDisable {
        /// What it signs in with.
        email: String,
    },
    /// Let an account sign in again. Gives the same.
    UserEnable {
        /// What it signs in with.
        email: String,
    },
    /// Take a backup. Gives its `backup::Manifest`, and after the line the archive's bytes until the connection ends.
    Backup,
}

impl Request {
    /// The command's name, for the log.
    fn name(&self) -> &'static str {
        match self {
            Self::AuditVerify { .. } => "audit_verify",
            Self::Status => "status",
            Self::UserList => "user_list",
            Self::UserAdd(_) => "user_add",
            Self::UserResetPassword { .. } => "user_reset_password",
            Self::UserDisable { .. } => "user_disable",
            Self::UserEnable { .. } => "user_enable",
            Self::Backup => "backup",
        }
    }
}

/// Whoever runs a command on the machine, as the trail names them: the user of the machine stands where the program of
/// others does.
fn operator(request: &Request, uid: u32) -> Actor {
    Actor {
        user_agent: Some(format!("driftsentry command line, uid {uid}")),
        ..Actor::local(format!("command-line:{}", request.name()))
    }
}

/// Does what this user of the machine asks for. Blocks: not for a thread that serves.
///
/// # Errors
/// The request's own.
pub fn run(request: &Request, data: &Data, uid: u32) -> Result<Value, Refused> {
    let by = operator(request, uid);
    match request {
        Request::AuditVerify {
            checkpoints,
            public_key,
        } => {
            let key = public_key.unwrap_or_else(|| data.audit_signer.public_key());
            let proof = Examination::of(checkpoints).through(&data.store, &key)?;
            Ok(serde_json::to_value(&proof).map_err(Error::internal)?)
        }
        Request::Status => Ok(Status::to_value(data)?),
        Request::UserList => users::list(data),
        Request::UserAdd(add) => users::add(data, add, &by),
        Request::UserResetPassword { email, password } => {
            users::reset_password(data, email, password.as_ref(), &by)
        }
        Request::UserDisable { email } => users::set_disabled(data, email, true, &by),
        Request::UserEnable { email } => users::set_disabled(data, email, false, &by),
        // It is handed over in pieces: see `socket` and `client`.
        Request::Backup => Err(Refused::new(
            Kind::Invalid,
            "A backup is no answer of one line.",
        )),
    }
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There is no such thing.
    NotFound,
    /// There is no store in the data directory.
    NoStore,
    /// The state does not allow it, or it is a duplicate.
    Conflict,
    /// Something in the request is wrong.
    Invalid,
    /// Not for this user of the machine.
    Forbidden,
    /// Not now.
    Unavailable,
    /// Somebody is doing the same: later.
    Busy,
    /// The disk is full.
    Full,
    /// A mistake of our own, or the disk's.
    Internal,
}

/// Why something was not done: a sentence that says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// For programs.
    pub kind: Kind,
    /// For people.
    pub message: String,
}

impl Refused {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::NotFound(_) => Kind::NotFound,
            Error::Conflict { .. } | Error::Stale => Kind::Conflict,
            Error::Invalid(_)
            | Error::UnsupportedFormat(_)
            | Error::UnsupportedMedia(_)
            | Error::TooLarge { .. } => Kind::Invalid,
            Error::Unauthenticated | Error::Forbidden(_) => Kind::Forbidden,
            Error::Unusable {
                why: Unusable::NotPermitted,
                ..
            } => Kind::Forbidden,
            Error::Unusable {
                why: Unusable::Data,
                ..
            } => Kind::Invalid,
            Error::Throttled { .. } | Error::Unavailable(_) | Error::Unusable { .. } => {
                Kind::Unavailable
            }
            Error::Full | Error::NoRoom(_) => Kind::Full,
            Error::Internal(_) => Kind::Internal,
        };
        Self::new(kind, error.to_string())
    }
}

/// The one line that answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(Refused),
    /// The answer is in the making, and so far.
    Progress(Progress),
}

/// A line as a value. By way of [`Value`]: numbers within a tagged enum are read from no other form.
///
/// # Errors
/// `Invalid`, when it is none.
fn parse<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice::<Value>(line)
        .and_then(serde_json::from_value)
        .map_err(|error| {
            Refused::new(
                Kind::Invalid,
                format!(
                    "The other side of the control socket can't be understood ({error}): the command and the server are \
                     probably of different versions; restart the server after an upgrade."
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let request: Request = parse(br#"{"command":"audit_verify"}"#).unwrap();
        assert_eq!(request.name(), "audit_verify");
        let again: Request = parse(&serde_json::to_vec(&request).unwrap()).unwrap();
        assert_eq!(again, request);
        let unknown = parse::<Request>(br#"{"command":"dance"}"#).unwrap_err();
        assert!(unknown.message.contains("different versions"), "{unknown}");
    }

    #[test]
    fn a_password_is_not_printed() {
        let request = Request::UserResetPassword {
            email: "ana@example.com".to_owned(),
            password: Some(Given("tidal omen fjord".to_owned())),
        };
        assert!(!format!("{request:?}").contains("omen"), "{request:?}");
        let sent = serde_json::to_vec(&request).unwrap();
        assert_eq!(parse::<Request>(&sent).unwrap(), request);
    }

    #[test]
    fn an_answer_says_ok_or_error() {
        let text = |answer: &Answer| serde_json::to_string(answer).unwrap();
        assert_eq!(text(&Answer::Ok(1.into())), r#"{"ok":1}"#);
        let refused = Refused::from(Error::NotFound("user"));
        assert_eq!(
            text(&Answer::Error(refused)),
            r#"{"error":{"kind":"not_found","message":"There is no such user."}}"#
        );
    }
}
