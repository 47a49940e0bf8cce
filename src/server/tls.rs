//! TLS: what is spoken, and the certificate that can be replaced while it is.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;

use crate::server::Supervisor;
use crate::server::certificate::{Certificate, Current, PairError};
use crate::server::renewal::Renewal;
use crate::time::Timestamp;

/// HTTP/2, as a client asks for it in its handshake.
pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// TLS with a certificate of the operator's.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// Why TLS can't be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or its key can't be used.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// No protocol is left to speak.
    #[error("TLS can't be set up: {0}")]
    Protocol(#[from] rustls::Error),
}

impl Tls {
    /// TLS 1.3 and 1.2 with the certificate and the key in these PEM files.
    ///
    /// # Errors
    /// When they can't be read, are none, or don't belong together.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let current = Arc::new(Current::new(Certificate::load(cert, key)?));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = [HTTP2, HTTP1].map(<[u8]>::to_vec).into();
        Ok(Self {
            config: Arc::new(config),
            current,
        })
    }

    /// Serves a renewed certificate soon after the files have changed, and at each SIGHUP, from now on. A pair that
    /// can't be used changes nothing.
    ///
    /// # Errors
    /// When the system takes no signal handler.
    pub fn follow(&self, cert: &Path, key: &Path, supervisor: Supervisor) -> io::Result<()> {
        Renewal::of(cert, key, self.current.clone()).start(supervisor)
    }

    /// Until when the certificate that is served now is valid; none where it can't be told.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.current.expires_at()
    }

    /// Shakes hands with one client.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}
