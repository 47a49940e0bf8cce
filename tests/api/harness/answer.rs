//! What the server answered, and what a test expects of it.

use serde_json::Value;

/// One answer: every failed expectation names the request and shows the body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Such as `GET /api/v1/drifts`.
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Demands a status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        self.expect_any(&[status])
    }

    /// Demands one of some statuses, where the contract leaves the choice.
    #[track_caller]
    pub(crate) fn expect_any(self, statuses: &[u16]) -> Self {
        assert!(
            statuses.contains(&self.status),
            "{}: answered {}, not {statuses:?}: {}",
            self.request,
            self.status,
            self.excerpt()
        );
        self
    }

    /// Demands a failure in the contract's shape, with this code.
    #[track_caller]
    pub(crate) fn code(self, code: &str) -> Self {
        let body = self.json();
        let said = self.excerpt();
        assert_eq!(
            body["success"], false,
            "{}: success in {said}",
            self.request
        );
        let error = &body["error"];
        assert_eq!(error["code"], code, "{}: code in {said}", self.request);
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            !message.is_empty(),
            "{}: no message in {said}",
            self.request
        );
        assert!(
            error.get("details").is_some(),
            "{}: no details in {said}",
            self.request
        );
        assert_time(&error["timestamp"]);
        let trace = error["traceId"].as_str();
        assert!(
            trace.is_some_and(|id| !id.is_empty()),
            "{}: no traceId in {said}",
            self.request
        );
        assert_eq!(
            trace,
            self.header("x-correlation-id"),
            "{}: traceId must be the correlation id",
            self.request
        );
        for inside in ["redb", "panicked", "src/", "RUST_BACKTRACE", "serde"] {
            assert!(
                !message.contains(inside),
                "{}: the message tells of the inside: {message}",
                self.request
            );
        }
        self
    }

    /// Demands that a failure is about this field.
    #[track_caller]
    pub(crate) fn field(self, field: &str) -> Self {
        let body = self.json();
        let errors = body
            .pointer("/error/details/errors")
            .and_then(Value::as_array);
        let named = errors.is_some_and(|errors| {
            errors.iter().any(|error| {
                error["field"]
                    .as_str()
                    .is_some_and(|name| name.trim_start_matches('/').ends_with(field))
                    && error["message"]
                        .as_str()
                        .is_some_and(|message| !message.is_empty())
            })
        });
        assert!(
            named,
            "{}: details.errors must name {field:?}: {}",
            self.request,
            self.excerpt()
        );
        self
    }

    /// The failure's message.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        self.text("/error/message")
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error} in {}", self.request, self.excerpt()))
    }

    /// `data` of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        let mut body = self.json();
        assert_eq!(
            body["success"],
            true,
            "{}: {}",
            self.request,
            self.excerpt()
        );
        body["data"].take()
    }

    /// What stands at a JSON pointer into the body.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> Value {
        match self.json().pointer(pointer) {
            Some(value) => value.clone(),
            None => panic!(
                "{}: nothing at {pointer} in {}",
                self.request,
                self.excerpt()
            ),
        }
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        match self.at(pointer) {
            Value::String(text) => text,
            other => panic!("{}: {pointer} is {other}, not a text", self.request),
        }
    }

    /// The whole number at a JSON pointer.
    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> i64 {
        let value = self.at(pointer);
        value
            .as_i64()
            .unwrap_or_else(|| panic!("{}: {pointer} is {value}, not a whole number", self.request))
    }

    /// The items of a list.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        match self.at("/data/items") {
            Value::Array(items) => items,
            other => panic!("{}: data.items is {other}", self.request),
        }
    }

    /// A header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn excerpt(&self) -> String {
        let text = self.body_text();
        match text.char_indices().nth(600) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }
}

/// Demands RFC 3339 in UTC with milliseconds.
#[track_caller]
pub(crate) fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(
        shape, "0000-00-00T00:00:00.000Z",
        "{value} must be a time such as 2026-11-22T08:00:00.000Z"
    );
}
