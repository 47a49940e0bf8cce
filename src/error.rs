//! What can go wrong, said by what a caller can do about it.
//!
//! No status code and no engine's own words live here: `http::problem` translates for HTTP, the command
//! line prints the chain of sources.

use std::fmt;
use std::io::ErrorKind;

/// A result with the product's own error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One field that a caller has to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the caller wrote it, a query parameter, or a JSON path such as
    /// `resource_drift[4].change.actions`.
    pub field: String,
    /// What is wrong with it and what is allowed, a sentence without a full stop.
    pub message: String,
}

/// Why something was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing. Holds its kind, such as `drift`.
    NotFound(&'static str),
    /// The state does not allow it, or it is a duplicate. `details` go to the caller as they are.
    Conflict {
        /// A sentence for people.
        message: String,
        /// Facts for programs, such as `{"existingId": …}`.
        details: serde_json::Value,
    },
    /// The caller's copy is out of date: its `If-Match` names an older version.
    Stale,
    /// Something in the request is wrong.
    Invalid(Vec<FieldError>),
    /// A scan's body is no tool output that can be read. The sentence says what it looks like and which
    /// command makes the right one.
    UnsupportedFormat(String),
    /// The content type or encoding is not understood.
    UnsupportedMedia(String),
    /// More bytes than the limit, in bytes.
    TooLarge {
        /// The configured limit.
        limit_bytes: u64,
    },
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// A credential that holds, but does not allow this.
    Forbidden(String),
    /// Too many tries; come back after so many seconds.
    Throttled {
        /// Whole seconds until the next try is worth it.
        retry_after_s: u64,
    },
    /// Not now: starting, draining, a full queue, or a store that can't answer.
    Unavailable(String),
    /// The data directory, or a file in it, can't be used as it is. The message says what to do.
    Unusable {
        /// For programs that decide by it.
        why: Unusable,
        /// For people.
        message: String,
    },
    /// The disk is full: nothing was written, reads go on.
    Full,
    /// The disk has not enough room for what was asked: nothing was written. The sentence has the figures.
    NoRoom(String),
    /// Our fault. The cause is for the log, never for the caller.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// Why a data directory can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It can't be made or written, by nobody.
    NotMade,
    /// It can't be used by this user.
    NotPermitted,
    /// Another process uses it.
    Held,
    /// What is in it is no database of this program's, or a damaged one.
    Data,
    /// The system can't read or write it.
    Io,
}

impl Error {
    /// A data directory that can't be used.
    pub fn unusable(why: Unusable, message: impl Into<String>) -> Self {
        Self::Unusable {
            why,
            message: message.into(),
        }
    }

    /// One wrong field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// A conflict that needs no details.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
            details: serde_json::Value::Null,
        }
    }

    /// A broken promise of our own, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Whether a disk, or a share of one, that is full is the cause of it, and it doesn't say so itself.
    pub fn is_of_full_disk(&self) -> bool {
        let mut cause = std::error::Error::source(self);
        while let Some(each) = cause {
            let io = each.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| {
                matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
            }) {
                return true;
            }
            cause = each.source();
        }
        false
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => write!(f, "There is no such {what}."),
            Self::Conflict { message, .. } => f.write_str(message),
            Self::Stale => f.write_str(
                "It has changed since you read it: read it again, then decide on what it is now.",
            ),
            Self::Invalid(fields) => match fields.as_slice() {
                [] => f.write_str("The request is not valid."),
                [one] if one.field.is_empty() => write!(f, "{}.", one.message),
                [one] => write!(f, "{}: {}.", one.field, one.message),
                [first, rest @ ..] => {
                    write!(f, "{}: {} (and {} more).", first.field, first.message, rest.len())
                }
            },
            Self::UnsupportedFormat(message) | Self::UnsupportedMedia(message) => f.write_str(message),
            Self::TooLarge { limit_bytes } => {
                write!(f, "The body is larger than the limit of {limit_bytes} bytes.")
            }
            Self::Unauthenticated => f.write_str("Sign in first: no valid credential was sent."),
            Self::Forbidden(message) => f.write_str(message),
            Self::Throttled { retry_after_s } => {
                write!(f, "Too many tries: try again in {retry_after_s} s.")
            }
            Self::Unavailable(message)
            | Self::NoRoom(message)
            | Self::Unusable { message, .. } => f.write_str(message),
            Self::Full => f.write_str(
                "The disk is almost full: nothing was written. Reading still works; writing does again when space is free.",
            ),
            Self::Internal(cause) => write!(f, "Internal error: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(cause) => Some(cause.as_ref()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("it fails")]
    struct Wrapped(#[source] std::io::Error);

    #[test]
    fn a_full_disk_is_known_through_what_wraps_it() {
        let full = || std::io::Error::from(ErrorKind::StorageFull);
        assert!(Error::internal(Wrapped(full())).is_of_full_disk());
        assert!(Error::internal(full()).is_of_full_disk());
        // They have words of their own, which nobody replaces.
        assert!(!Error::Full.is_of_full_disk());
        assert!(!Error::NoRoom("This needs 9 MiB".to_owned()).is_of_full_disk());
        let other = std::io::Error::from(ErrorKind::PermissionDenied);
        assert!(!Error::internal(Wrapped(other)).is_of_full_disk());
        assert!(!Error::internal("disk full").is_of_full_disk());
    }
}
