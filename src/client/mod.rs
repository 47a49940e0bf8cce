//! A client of a DriftSentry server, for the command line.
//!
//! Names are resolved by a resolver of our own, since a static program can't load the system's; certificates are checked
//! against the system's roots, so that a company's own authority is trusted where the machine trusts it
//! (`SSL_CERT_FILE` names others).

mod events;
pub mod probe;
mod resolver;
mod retry;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, RequestBuilder, SendBody};

pub use events::{Events, Message};
pub use retry::Retry;

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server could not be reached, or the connection broke.
    #[error("{server} can't be reached: {cause}. Check the address, and that the server runs.")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What the connection said.
        cause: Box<ureq::Error>,
    },
    /// The server refused.
    #[error("{message} (HTTP {status}, traceId {trace_id})")]
    Refused {
        /// The status.
        status: u16,
        /// The server's own sentence.
        message: String,
        /// Ties it to the server's log.
        trace_id: String,
        /// When it is worth trying again, in seconds.
        retry_after_s: Option<u64>,
    },
    /// What answered is no DriftSentry.
    #[error(
        "What answers at {0} is no DriftSentry server (HTTP {1}): check the address, and any proxy on the way."
    )]
    Stranger(String, u16),
}

impl CallError {
    /// Whether the same call may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { cause, .. } => !matches!(
                **cause,
                ureq::Error::BadUri(_)
                    | ureq::Error::HostNotFound
                    | ureq::Error::Tls(_)
                    | ureq::Error::Rustls(_)
            ),
            Self::Refused { status, .. } => matches!(status, 429 | 503),
            Self::Stranger(_, status) => matches!(status, 502 | 504),
        }
    }
}

/// A server, and how to call it.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    server: String,
    credential: Option<String>,
}

/// A body to send, and what it is.
pub struct Upload<'a> {
    /// Its content type.
    pub content_type: &'a str,
    /// Its compression, where it is compressed on purpose.
    pub content_encoding: Option<&'a str>,
    /// The same for every try of one push.
    pub idempotency_key: &'a str,
    /// The bytes.
    pub body: &'a mut dyn Read,
}

/// The authorities that the system trusts.
fn trusted_roots() -> RootCerts {
    let roots = rustls_native_certs::load_native_certs();
    let certificates = roots
        .certs
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    RootCerts::Specific(Arc::new(certificates))
}

impl Client {
    /// A client of the server at this address, such as `https://drift.example.internal`.
    pub fn new(server: &str, credential: Option<String>) -> Self {
        let tls = TlsConfig::builder().root_certs(trusted_roots()).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_resolve(Some(Duration::from_secs(10)))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .user_agent(concat!("driftsentry/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver::Names),
            server: server.trim_end_matches('/').to_owned(),
            credential,
        }
    }

    /// The server's address, without a slash at its end.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Reads something.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, CallError> {
        let mut request = self.signed(self.agent.get(format!("{}{path}", self.server)));
        for (name, value) in query {
            request = request.query(name, value);
        }
        self.answer(request.call())
    }

    /// Sends a body.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        upload: Upload<'_>,
    ) -> Result<T, CallError> {
        let mut request = self
            .signed(self.agent.post(format!("{}{path}", self.server)))
            .header("content-type", upload.content_type)
            .header("idempotency-key", upload.idempotency_key);
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(encoding) = upload.content_encoding {
            request = request.header("content-encoding", encoding);
        }
        self.answer(request.send(SendBody::from_reader(upload.body)))
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.credential {
            Some(credential) => request.header("authorization", format!("Bearer {credential}")),
            None => request,
        }
    }

    fn unreachable(&self, cause: ureq::Error) -> CallError {
        CallError::Unreachable {
            server: self.server.clone(),
            cause: Box::new(cause),
        }
    }

    /// The `data` of a success, or why there is none.
    fn answer<T: DeserializeOwned>(
        &self,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Result<T, CallError> {
        let unreachable = |cause| self.unreachable(cause);
        let mut response = response.map_err(unreachable)?;
        let status = response.status();
        let retry_after_s = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        let stranger = || CallError::Stranger(self.server.clone(), status.as_u16());
        let answer: Value = serde_json::from_str(&text).map_err(|_| stranger())?;
        if matches!(status, StatusCode::OK | StatusCode::CREATED) {
            return T::deserialize(answer.get("data").unwrap_or(&Value::Null))
                .map_err(|_| stranger());
        }
        let text_at = |name: &str| answer["error"][name].as_str().map(str::to_owned);
        let message = text_at("message").ok_or_else(stranger)?;
        Err(CallError::Refused {
            status: status.as_u16(),
            message,
            trace_id: text_at("traceId").unwrap_or_default(),
            retry_after_s,
        })
    }
}
