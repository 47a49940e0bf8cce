//! `[tls]`.

use std::path::PathBuf;

use crate::config::source::Settings;

/// Where the certificate and its key are; both are PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate, followed by the intermediate ones up to the authority's.
    pub cert: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

impl TlsConfig {
    /// None where TLS is not configured. One file alone is a mistake.
    pub(super) fn from(settings: &mut Settings) -> Option<Self> {
        let (cert_place, key_place) = (settings.place("tls.cert"), settings.place("tls.key"));
        let cert = settings.path("tls.cert");
        let key = settings.path("tls.key");
        match (cert_place, key_place) {
            (Some(place), None) => settings.wrong(
                place,
                "tls.cert",
                "needs its private key: set tls.key (--tls-key) too, or neither",
            ),
            (None, Some(place)) => settings.wrong(
                place,
                "tls.key",
                "needs its certificate: set tls.cert (--tls-cert) too, or neither",
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
        Some(Self {
            cert: cert?,
            key: key?,
        })
    }
}
