//! What is known of a request before any handler sees it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use poem::Request;

use crate::ids::UserId;
use crate::time::Timestamp;

/// Travels with a request as request data; set once by the server's middleware.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The request's `x-correlation-id`, in its answer, its log line, its `traceId` and its audit entries.
    pub correlation_id: Arc<str>,
    /// The client's address: the connection's other end, or whom a trusted proxy speaks for. An IPv4 address is
    /// never written as an IPv6 one.
    pub client: Option<IpAddr>,
    /// Whether the client speaks TLS, to here or to a trusted proxy.
    pub secure: bool,
    /// The host that the client asked for, with its port where it named one.
    pub host: Option<String>,
    /// Whether it was sent on this machine, to this machine, with no proxy between.
    pub local: bool,
    /// When its head had arrived.
    pub received_at: Timestamp,
    /// Who it turned out to be, for the log; set by `http::auth`.
    pub user: Arc<OnceLock<String>>,
}

impl RequestContext {
    /// The longest `x-correlation-id` that is taken from a request.
    pub const MAX_CORRELATION_ID: usize = 128;

    /// The context of a request; an empty one where the middleware did not run, as in unit tests.
    pub fn of(request: &Request) -> Self {
        request.data::<Self>().cloned().unwrap_or_else(|| Self {
            correlation_id: Arc::from(""),
            client: None,
            secure: false,
            host: None,
            local: false,
            received_at: Timestamp::now(),
            user: Arc::default(),
        })
    }

    /// The correlation id to use: the client's where it is 1–128 visible ASCII characters, else a new one.
    pub fn correlation_id(sent: Option<&[u8]>) -> Arc<str> {
        match sent.map(std::str::from_utf8) {
            Some(Ok(id))
                if (1..=Self::MAX_CORRELATION_ID).contains(&id.len())
                    && id.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Arc::from(id)
            }
            _ => new_correlation_id(),
        }
    }
}

/// A new, random correlation id: 32 hexadecimal digits.
pub fn new_correlation_id() -> Arc<str> {
    // Not an id of ours: it needs to be told apart from its neighbours in a log, no more.
    let id = UserId::new(Timestamp::now());
    Arc::from(id.0.simple().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_correlation_id_is_kept_where_it_is_visible_ascii() {
        assert_eq!(
            &*RequestContext::correlation_id(Some(b"ci-42/7")),
            "ci-42/7"
        );
        let long = [b'a'; 129];
        for refused in [
            &b""[..],
            b"a b",
            b"a\tb",
            b"\xff",
            "\u{e9}".as_bytes(),
            &long,
        ] {
            let made = RequestContext::correlation_id(Some(refused));
            assert_eq!(made.len(), 32, "{refused:?}");
        }
        assert_eq!(RequestContext::correlation_id(None).len(), 32);
    }
}
