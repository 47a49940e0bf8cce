//! The framework's own failures, as the same [`Problem`] that ours become.
//!
//! Parameters, bodies, routes: poem has an error type for each, and they reach the client only through here.

use poem::error::{MethodNotAllowedError, NotFoundError, ParsePathError, ReadBodyError};
use poem::http::StatusCode;
use poem_openapi::error as openapi;

use crate::error::{Error, FieldError};
use crate::http::problem::{Code, Problem, chain};

impl Problem {
    /// Any failure that came out of the endpoint. `parameter` tells the name of the path's nth parameter.
    pub fn from_poem(error: &poem::Error, parameter: impl Fn(usize) -> Option<String>) -> Self {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Self::from(error);
        }
        if let Some(error) = error.downcast_ref::<openapi::ParseParamError>() {
            return invalid(error.name, &error.reason);
        }
        if let Some(error) = error.downcast_ref::<openapi::ParsePathError>() {
            // The framework numbers the path's parameters: `param0`.
            let index = error
                .name
                .strip_prefix("param")
                .and_then(|n| n.parse().ok());
            let name = index.and_then(parameter);
            return invalid(name.as_deref().unwrap_or(error.name), &error.reason);
        }
        if let Some(error) = error.downcast_ref::<openapi::ParseRequestPayloadError>() {
            return invalid("body", &error.reason);
        }
        if let Some(error) = error.downcast_ref::<openapi::ContentTypeError>() {
            return Self::from(&Error::UnsupportedMedia(media_message(error)));
        }
        if let Some(error) = error.downcast_ref::<ReadBodyError>() {
            return from_read_body(error);
        }
        if error.is::<openapi::AuthorizationError>() {
            return Self::from(&Error::Unauthenticated);
        }
        if error.is::<NotFoundError>() {
            return Self::no_route();
        }
        if error.is::<ParsePathError>() {
            return invalid("path", "is not valid percent-encoded UTF-8");
        }
        if error.is::<MethodNotAllowedError>() {
            return Self::method_not_allowed("");
        }
        match error.status() {
            StatusCode::BAD_REQUEST => invalid("request", &error.to_string()),
            StatusCode::NOT_FOUND => Self::no_route(),
            _ => Self::internal(chain(error)),
        }
    }
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::from(&Error::invalid(field, plain(reason)))
}

/// The framework's reasons without its type names and its full stop, as far as they can be told.
pub(crate) fn plain(reason: &str) -> String {
    if reason.ends_with("expects an input value.") {
        return "is required".to_owned();
    }
    if reason.contains("Expect a valid enumeration value") {
        return "is not one of the allowed values".to_owned();
    }
    let mut text = reason;
    while let Some((said, _)) = text.rsplit_once(" (occurred while parsing \"") {
        text = said;
    }
    while let Some((_, rest)) = text
        .strip_prefix("failed to parse \"")
        .and_then(|rest| rest.split_once("\": "))
    {
        text = rest;
    }
    let text = text.strip_prefix("verification failed. ").unwrap_or(text);
    text.trim_end_matches('.').to_owned()
}

fn media_message(error: &openapi::ContentTypeError) -> String {
    match error {
        openapi::ContentTypeError::NotSupported { .. } => {
            "This content type is not understood here: send Content-Type: application/json."
        }
        openapi::ContentTypeError::ExpectContentType => {
            "The request has no content type: send Content-Type: application/json."
        }
    }
    .to_owned()
}

/// A body that could not be read: over its limit, stalled, cut off, or not UTF-8.
fn from_read_body(error: &ReadBodyError) -> Problem {
    match error {
        ReadBodyError::Io(error) => Problem::from(&body_error(error)),
        ReadBodyError::Utf8(_) => invalid("body", "is not UTF-8"),
        ReadBodyError::PayloadTooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::PayloadTooLarge,
            "The body is larger than the limit.",
        ),
        ReadBodyError::BodyHasBeenTaken => Problem::internal(error.to_string()),
    }
}

/// Why reading a request's body failed: for handlers that read it as a stream.
///
/// The server's body reader puts its own [`Error`] into the I/O error; anything else is a client that went
/// away.
pub fn body_error(error: &std::io::Error) -> Error {
    let mut next: Option<&(dyn std::error::Error + 'static)> = error
        .get_ref()
        .map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(cause) = next {
        match cause.downcast_ref::<Error>() {
            Some(Error::TooLarge { limit_bytes }) => {
                return Error::TooLarge {
                    limit_bytes: *limit_bytes,
                };
            }
            Some(Error::Invalid(fields)) => return Error::Invalid(fields.clone()),
            _ => {}
        }
        // An I/O error hides what it wraps from `source`: ask it for its inner error.
        next = match cause.downcast_ref::<std::io::Error>() {
            Some(io) => io
                .get_ref()
                .map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => cause.source(),
        };
    }
    Error::Invalid(vec![FieldError {
        field: "body".to_owned(),
        message: "ended before it was whole".to_owned(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_lose_the_frameworks_type_names() {
        for (reason, said) in [
            (
                "failed to parse \"DriftId\": must be a UUID (occurred while parsing \"Body\")",
                "must be a UUID",
            ),
            ("Type \"string\" expects an input value.", "is required"),
            ("verification failed. maximum(100)", "maximum(100)"),
            ("must be whole", "must be whole"),
        ] {
            assert_eq!(plain(reason), said);
        }
    }

    #[test]
    fn the_limit_is_found_below_any_number_of_io_errors() {
        let error =
            std::io::Error::other(std::io::Error::other(Error::TooLarge { limit_bytes: 9 }));
        let error = ReadBodyError::Io(std::io::Error::other(error));
        assert_eq!(from_read_body(&error).code, Code::PayloadTooLarge);
        let cut = ReadBodyError::Io(std::io::Error::other("reset"));
        assert_eq!(from_read_body(&cut).code, Code::ValidationError);
    }
}
