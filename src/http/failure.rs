//! The failures that an operation can answer: each set documents its statuses and takes no other.

use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;

use crate::error::Error;
use crate::http::problem::{JSON, ProblemView, status_of};

/// The statuses that any operation can answer, whatever it does.
const ALWAYS: [u16; 6] = [400, 401, 403, 429, 500, 503];

/// Declares one set: the statuses of `ALWAYS` and its own.
macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident: [$($status:literal),*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Error);

        impl $name {
            /// The statuses that this set documents.
            pub fn statuses() -> Vec<u16> {
                let mut all = ALWAYS.to_vec();
                all.extend([$($status),*] as [u16; _]);
                all.sort_unstable();
                all
            }
        }

        impl From<Error> for $name {
            fn from(error: Error) -> Self {
                debug_assert!(
                    Self::statuses().contains(&status_of(&error).as_u16()),
                    "{} does not document {}: {error}", stringify!($name), status_of(&error)
                );
                Self(error)
            }
        }

        impl From<$name> for poem::Error {
            fn from(failure: $name) -> Self {
                let status = status_of(&failure.0);
                Self::new(failure.0, status)
            }
        }

        impl ApiResponse for $name {
            fn meta() -> MetaResponses {
                documented(&Self::statuses())
            }

            fn register(registry: &mut Registry) {
                ProblemView::register(registry);
            }
        }
    )*};
}

failures! {
    /// Of an operation that reads without naming one thing: lists, counts.
    ReadFailure: [];
    /// Of an operation that reads one thing.
    FindFailure: [404];
    /// Of an operation that makes something from a JSON body.
    CreateFailure: [404, 409, 413, 415, 507];
    /// Of an operation that changes one thing.
    WriteFailure: [404, 409, 412, 413, 415, 507];
    /// Of an operation that takes a tool's output.
    UploadFailure: [404, 409, 413, 415, 422, 507];
    /// Of an operation that signs in or out.
    SignInFailure: [413, 415, 507];
    /// Of an operation that answers with a stream.
    StreamFailure: [404];
    /// Of an operation that takes a backup.
    BackupFailure: [409, 507];
}

/// The contract's entries for these statuses.
fn documented(statuses: &[u16]) -> MetaResponses {
    let responses = statuses
        .iter()
        .map(|&status| MetaResponse {
            description: describe(status),
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: JSON,
                schema: ProblemView::schema_ref(),
            }],
            headers: headers_of(status),
        })
        .collect();
    MetaResponses { responses }
}

/// What a status means, for the contract.
fn describe(status: u16) -> &'static str {
    match status {
        400 => {
            "A field, a parameter, a path id or the JSON itself is wrong: `details.errors` names each."
        }
        401 => "No credential, or one that is invalid, expired or revoked.",
        403 => "Signed in, but the role or the key's scope does not allow it.",
        404 => "There is no such thing.",
        409 => "The state does not allow it, or it is a duplicate.",
        412 => "`If-Match` does not match the `ETag`.",
        413 => "The body is over the configured limit.",
        415 => "The content type or encoding is not understood.",
        422 => "The body is no tool output that is known.",
        429 => "Too many tries.",
        500 => "Our fault: the log has the cause under the same `traceId`.",
        503 => "Not now: starting, draining, overloaded, or the store can't be read.",
        507 => "The disk is full: nothing was written.",
        _ => "",
    }
}

fn headers_of(status: u16) -> Vec<MetaHeader> {
    if !matches!(status, 429 | 503) {
        return vec![];
    }
    vec![MetaHeader {
        name: "Retry-After".to_owned(),
        description: Some("Whole seconds until the next try is worth it.".to_owned()),
        required: true,
        deprecated: false,
        schema: u32::schema_ref(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_documents_each_of_its_statuses_once() {
        let meta = WriteFailure::meta();
        let statuses: Vec<_> = meta
            .responses
            .iter()
            .filter_map(|each| each.status)
            .collect();
        assert_eq!(statuses, WriteFailure::statuses());
        assert!(
            meta.responses
                .iter()
                .all(|each| !each.description.is_empty())
        );
    }

    #[test]
    #[should_panic(expected = "does not document")]
    #[cfg(debug_assertions)]
    fn a_status_outside_the_set_is_caught() {
        let _ = ReadFailure::from(Error::Full);
    }
}
