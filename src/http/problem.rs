//! The one place that knows status codes: from [`Error`], and from the framework's own failures, to the
//! failure that every client can read.

use poem::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use poem::http::{HeaderValue, StatusCode};
use poem::{Response, ResponseParts};
use poem_openapi::types::Any;
use poem_openapi::{Enum, Object};
use serde::Serialize;

use crate::error::{Error, FieldError};
use crate::time::Timestamp;

/// The content type of every JSON answer.
pub const JSON: &str = "application/json; charset=utf-8";

/// Seconds after which a refused client should try again when nothing better is known.
const RETRY_AFTER_S: u64 = 1;

/// What kind of failure it is, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// A field, a parameter, a path id or the JSON itself is wrong.
    ValidationError,
    /// No credential, or one that does not hold.
    AuthError,
    /// The role or the key's scope does not allow it.
    Forbidden,
    /// No such thing, or no such route.
    NotFound,
    /// The route knows other methods.
    MethodNotAllowed,
    /// The state does not allow it, or it is a duplicate.
    Conflict,
    /// `If-Match` names an older version.
    PreconditionFailed,
    /// The body is over its limit.
    PayloadTooLarge,
    /// The content type or encoding is not understood.
    UnsupportedMediaType,
    /// A scan body that is no known tool output.
    UnsupportedFormat,
    /// Too many tries or connections.
    RateLimited,
    /// The request's head is too large.
    HeadersTooLarge,
    /// Our fault.
    InternalServerError,
    /// Not now.
    Unavailable,
    /// The disk is full.
    InsufficientStorage,
}

/// A failure. Every failure of this server looks like this.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Problem")]
pub struct ProblemView {
    /// Always `false`.
    pub success: bool,
    /// What went wrong.
    pub error: ProblemDetail,
}

/// What went wrong.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ProblemDetail", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct ProblemDetail {
    /// The kind of failure.
    pub code: Code,
    /// A sentence for people: what is wrong and what to do next.
    pub message: String,
    /// Facts for programs. A validation error has `{"errors": [{"field", "message"}]}`.
    #[oai(nullable)]
    pub details: Option<Any<serde_json::Value>>,
    /// The request's correlation id: its log lines have it too.
    pub trace_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
}

/// A failure on its way out: its status and everything but the request's own correlation id.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The kind of failure.
    pub code: Code,
    /// The sentence.
    pub message: String,
    /// Facts for programs, or null.
    pub details: serde_json::Value,
    /// For 429 and 503: whole seconds until the next try is worth it.
    pub retry_after_s: Option<u64>,
    /// For 405: the methods that the route knows.
    pub allow: Option<String>,
    /// What went wrong inside: for the log, never for the caller.
    pub cause: Option<String>,
}

impl Problem {
    /// A failure without details.
    pub fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: serde_json::Value::Null,
            retry_after_s: None,
            allow: None,
            cause: None,
        }
    }

    /// Our fault, with its cause for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::InternalServerError,
            "Something went wrong on our side: the server's log has the cause under this traceId.",
        );
        problem.cause = Some(cause.into());
        problem
    }

    /// There is no such route.
    pub fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            "There is no such route: /docs lists all of them.",
        )
    }

    /// The route exists, the method does not; `allow` lists those that do.
    pub fn method_not_allowed(allow: impl Into<String>) -> Self {
        let allow = allow.into();
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::MethodNotAllowed,
            format!("This route does not know the method: it allows {allow}."),
        );
        problem.allow = Some(allow);
        problem
    }

    /// What is told of it to the caller.
    pub fn detail(&self, trace_id: &str, now: Timestamp) -> ProblemDetail {
        ProblemDetail {
            code: self.code,
            message: self.message.clone(),
            details: (!self.details.is_null()).then(|| Any(self.details.clone())),
            trace_id: trace_id.to_owned(),
            timestamp: now,
        }
    }

    /// The body to send for it.
    pub fn body(&self, trace_id: &str, now: Timestamp) -> Vec<u8> {
        let view = ProblemView {
            success: false,
            error: self.detail(trace_id, now),
        };
        // Writing plain values to memory can't fail.
        serde_json::to_vec(&view).unwrap_or_default()
    }

    /// The whole answer, and a log line with the cause of a failure that is our own.
    pub fn into_response(self, trace_id: &str, now: Timestamp) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(
                correlation_id = trace_id,
                status = self.status.as_u16(),
                cause,
                "A request failed inside"
            );
        }
        let parts = ResponseParts {
            status: self.status,
            version: poem::http::Version::HTTP_11,
            headers: self.headers(),
            extensions: poem::http::Extensions::default(),
        };
        Response::from_parts(parts, self.body(trace_id, now).into())
    }

    fn headers(&self) -> poem::http::HeaderMap {
        let mut headers = poem::http::HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().map(HeaderValue::from_str) {
            headers.extend(allow.map(|allow| (ALLOW, allow)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                poem::http::header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer"),
            );
        }
        headers
    }
}

/// The status that an error is answered with.
pub fn status_of(error: &Error) -> StatusCode {
    kind_of(error).0
}

/// Every error's status and code. No wildcard: a new kind of error has to say what it is to a client.
fn kind_of(error: &Error) -> (StatusCode, Code) {
    match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, Code::NotFound),
        Error::Conflict { .. } => (StatusCode::CONFLICT, Code::Conflict),
        Error::Stale => (StatusCode::PRECONDITION_FAILED, Code::PreconditionFailed),
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, Code::ValidationError),
        Error::UnsupportedFormat(_) => (StatusCode::UNPROCESSABLE_ENTITY, Code::UnsupportedFormat),
        Error::UnsupportedMedia(_) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::UnsupportedMediaType,
        ),
        Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, Code::AuthError),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, Code::Forbidden),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, Code::RateLimited),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
        Error::Full | Error::NoRoom(_) => {
            (StatusCode::INSUFFICIENT_STORAGE, Code::InsufficientStorage)
        }
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::InternalServerError),
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (status, code) = kind_of(error);
        let mut problem = match error {
            Error::Internal(cause) => Self::internal(chain(cause.as_ref())),
            _ => Self::new(status, code, error.to_string()),
        };
        match error {
            Error::Conflict { details, .. } => problem.details = details.clone(),
            Error::Invalid(fields) => problem.details = field_details(fields),
            Error::Throttled { retry_after_s } => problem.retry_after_s = Some(*retry_after_s),
            Error::Unavailable(_) => problem.retry_after_s = Some(RETRY_AFTER_S),
            _ => {}
        }
        problem
    }
}

/// `{"errors": [{"field", "message"}]}`.
fn field_details(fields: &[FieldError]) -> serde_json::Value {
    let errors: Vec<_> = fields
        .iter()
        .map(|each| serde_json::json!({"field": each.field, "message": each.message}))
        .collect();
    serde_json::json!({ "errors": errors })
}

/// An error and all its causes in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(error: &Error) -> serde_json::Value {
        let problem = Problem::from(error);
        serde_json::from_slice(&problem.body("trace-1", Timestamp::from_unix_ms(0))).unwrap()
    }

    #[test]
    fn a_failure_has_the_documented_shape() {
        let body = body_of(&Error::invalid("reason", "must have 10 to 1000 characters"));
        assert_eq!(
            body,
            serde_json::json!({"success": false, "error": {
                "code": "VALIDATION_ERROR",
                "message": "reason: must have 10 to 1000 characters.",
                "details": {"errors": [{"field": "reason", "message": "must have 10 to 1000 characters"}]},
                "traceId": "trace-1",
                "timestamp": "1970-01-01T00:00:00.000Z",
            }})
        );
        assert!(body_of(&Error::Stale)["error"]["details"].is_null());
    }

    #[test]
    fn an_internal_cause_is_for_the_log_only() {
        let error = Error::internal("page 7 is torn");
        let problem = Problem::from(&error);
        assert_eq!(problem.cause.as_deref(), Some("page 7 is torn"));
        assert!(!body_of(&error).to_string().contains("torn"));
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let problem = Problem::from(&Error::Throttled { retry_after_s: 7 });
        assert_eq!(problem.headers()[RETRY_AFTER], "7");
        let problem = Problem::from(&Error::Unavailable("Later.".to_owned()));
        assert_eq!(problem.headers()[RETRY_AFTER], "1");
    }
}
