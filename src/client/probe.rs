//! One question to a server's health, answered soon or not at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;

use super::{resolver, trusted_roots};

/// How long an answer may take, from looking up the name to its last byte.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The server at this address, whose certificate has to be valid for its name.
    Url(String),
    /// The server on this machine that listens here.
    Own {
        /// As it is configured: all addresses may be meant.
        listen: SocketAddr,
        /// Whether it speaks TLS.
        tls: bool,
    },
}

impl Target {
    /// The address that is asked.
    pub fn url(&self) -> String {
        match self {
            Self::Url(url) => url.trim_end_matches('/').to_owned(),
            Self::Own { listen, tls } => {
                let scheme = if *tls { "https" } else { "http" };
                format!("{scheme}://{}", reached_at(*listen))
            }
        }
    }

    /// Whether who answers has to prove its name.
    ///
    /// The server's own certificate is for the name that others know it by, not for the address it is reached at here. Its
    /// proof is that it holds this machine's port; it is told no secret, and asked nothing but how it fares.
    fn proves_its_name(&self) -> bool {
        matches!(self, Self::Url(_))
    }
}

/// Where a listener is reached from its own machine: one for all addresses, on loopback.
fn reached_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// What a server said of its health.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The answer, where it is JSON.
    pub body: Value,
}

/// Asks for a path, such as `/health/ready`.
///
/// # Errors
/// A sentence that says why nothing answered.
pub fn ask(target: &Target, path: &str) -> Result<Told, String> {
    let tls = if target.proves_its_name() {
        TlsConfig::builder().root_certs(trusted_roots())
    } else {
        TlsConfig::builder().disable_verification(true)
    };
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy would answer for itself.
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("driftsentry/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent = Agent::with_parts(config, DefaultConnector::new(), resolver::Names);
    let url = target.url();
    let unreachable = |cause: ureq::Error| match cause {
        ureq::Error::Timeout(_) => format!("{url} does not answer within {} s", PATIENCE.as_secs()),
        cause => format!("{url} can't be reached: {cause}"),
    };
    let mut response = agent
        .get(format!("{url}{path}"))
        .call()
        .map_err(unreachable)?;
    let body = response.body_mut().with_config().limit(LONGEST);
    let text = body.read_to_string().map_err(unreachable)?;
    Ok(Told {
        status: response.status().as_u16(),
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_for_all_addresses_is_asked_on_loopback() {
        for (listen, tls, url) in [
            ("0.0.0.0:8420", false, "http://127.0.0.1:8420"),
            ("[::]:8420", true, "https://[::1]:8420"),
            ("192.0.2.7:80", true, "https://192.0.2.7:80"),
        ] {
            let listen = listen.parse().unwrap();
            let target = Target::Own { listen, tls };
            assert_eq!(target.url(), url);
            assert!(!target.proves_its_name());
        }
        let elsewhere = Target::Url("https://drift.example/".to_owned());
        assert_eq!(elsewhere.url(), "https://drift.example");
        assert!(elsewhere.proves_its_name());
    }
}
