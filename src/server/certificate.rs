//! A certificate with its private key, read from files as one: a pair that does not fit is none.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::InconsistentKeys;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use crate::hex;
use crate::server::validity;
use crate::time::Timestamp;

/// Why a certificate and a key can't be served. Never has a part of the key in it.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file can't be read.
    #[error("can't read {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The certificate's file has no certificate, or a broken one.
    #[error("{} has no PEM certificate that can be read ({cause}): give it the certificate, then its intermediate ones", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The key's file has no key, or one of a kind that is not known.
    #[error("{} has no PEM private key that can be used ({cause}): give it an unencrypted RSA, ECDSA (P-256, P-384) or Ed25519 key", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// They don't belong together.
    #[error("the private key in {} is not that of the first certificate in {}: give the two that were issued together", .key.display(), .cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// A certificate whose key is known to be its own.
pub(crate) struct Certificate(Arc<CertifiedKey>);

impl Certificate {
    /// Reads both files and makes sure that they belong together.
    pub(crate) fn load(cert: &Path, key: &Path) -> Result<Self, PairError> {
        let chain = chain(cert, &read(cert)?)?;
        let no_key = |cause| PairError::NoKey {
            path: key.to_owned(),
            cause,
        };
        let private =
            PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| no_key(defect(&error)))?;
        let private = any_supported_type(&private)
            .map_err(|_| no_key("it is of a kind that is not known"))?;
        let pair = CertifiedKey::new(chain, private);
        match pair.keys_match() {
            Ok(()) => Ok(Self(Arc::new(pair))),
            Err(rustls::Error::InconsistentKeys(
                InconsistentKeys::KeyMismatch | InconsistentKeys::Unknown,
            )) => Err(PairError::Mismatch {
                cert: cert.to_owned(),
                key: key.to_owned(),
            }),
            Err(error) => Err(PairError::NoCertificate {
                path: cert.to_owned(),
                cause: error.to_string(),
            }),
        }
    }

    /// The certificate's SHA-256, as `openssl x509 -fingerprint -sha256` tells it but for the colons.
    pub(crate) fn fingerprint(&self) -> String {
        let first = self.0.cert.first();
        hex::encode(&Sha256::digest(first.map_or(&[][..], |der| der.as_ref())))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    std::fs::read(path).map_err(|cause| PairError::Unreadable {
        path: path.to_owned(),
        cause,
    })
}

/// All certificates of a file, each of which has to be one.
fn chain(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let wrong = |cause: String| PairError::NoCertificate {
        path: path.to_owned(),
        cause,
    };
    let chain = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(defect(&error).to_owned()))?;
    if chain.is_empty() {
        return Err(wrong("there is none".to_owned()));
    }
    for certificate in &chain {
        ParsedCertificate::try_from(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(chain)
}

/// The library's own words may quote the file.
fn defect(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "it breaks off",
        pem::Error::NoItemsFound => "there is none",
        pem::Error::Base64Decode(_) => "it is no base64",
        _ => "it is damaged",
    }
}

/// The certificate that is served now.
pub(crate) struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    pub(crate) fn new(certificate: Certificate) -> Self {
        Self(RwLock::new(certificate.0))
    }

    /// Serves this one from the next handshake on. False where it was served already.
    pub(crate) fn replace(&self, by: Certificate) -> bool {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.cert != by.0.cert;
        *current = by.0;
        is_new
    }

    /// Until when it is valid; none where it can't be told.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let first = current.cert.first()?;
        validity::not_after(first)
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(current.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> [String; 2] {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        [issued.cert.pem(), issued.signing_key.serialize_pem()]
    }

    #[test]
    fn only_a_whole_pair_that_fits_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
        let load = |cert: &str, key: &str| {
            for (path, text) in paths.iter().zip([cert, key]) {
                std::fs::write(path, text).unwrap();
            }
            Certificate::load(&paths[0], &paths[1]).map_err(|error| error.to_string())
        };
        let [cert, key] = issued();
        let [other_cert, other_key] = issued();
        assert!(load(&cert, &key).is_ok());
        assert!(load(&format!("{cert}{other_cert}"), &key).is_ok());
        assert!(load(&format!("{key}{cert}"), &format!("{cert}{key}")).is_ok());
        for (cert, key, told) in [
            (&*cert, &*other_key, "is not that of"),
            (&*format!("{other_cert}{cert}"), &*key, "is not that of"),
            ("", &key, "cert.pem has no PEM certificate"),
            (&cert[..cert.len() / 2], &key, "it breaks off"),
            (
                &format!("{cert}{}", &other_cert[..99]),
                &key,
                "it breaks off",
            ),
            (&cert, "", "key.pem has no PEM private key"),
            (&cert, &key[..key.len() / 2], "it breaks off"),
            (&cert, &cert, "there is none"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                &key,
                "cert.pem has no",
            ),
            (
                &cert,
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "not known",
            ),
        ] {
            let error = load(cert, key).err().unwrap_or_default();
            assert!(error.contains(told), "{told} in {error:?}");
        }
        let missing = Certificate::load(&dir.path().join("none"), &paths[1]);
        assert!(matches!(missing, Err(PairError::Unreadable { .. })));
    }
}
