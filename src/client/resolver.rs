//! Names to addresses, without the system's resolver: a static program can't load its modules.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How many addresses of a name are tried.
const MOST: usize = 16;

/// Looks names up in `/etc/hosts` and asks the name servers of `/etc/resolv.conf`.
#[derive(Debug)]
pub(super) struct Names;

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port = uri
            .port_u16()
            .unwrap_or(if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            });
        let found = addresses(host, timeout)?
            .into_iter()
            .map(|ip| SocketAddr::new(ip, port));
        let mut wanted = self.empty();
        for address in config.ip_family().keep_wanted(found).take(MOST) {
            wanted.push(address);
        }
        if wanted.is_empty() {
            Err(Error::HostNotFound)
        } else {
            Ok(wanted)
        }
    }
}

fn addresses(host: &str, timeout: NextTimeout) -> Result<Vec<IpAddr>, Error> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse() {
        return Ok(vec![ip]);
    }
    if bare.eq_ignore_ascii_case("localhost") {
        return Ok(vec![
            IpAddr::from([127, 0, 0, 1]),
            IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
        ]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let resolver = TokioResolver::builder_tokio()
            .and_then(|builder| builder.build())
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let lookup = tokio::time::timeout(*timeout.after, resolver.lookup_ip(bare));
        match lookup.await {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(_)) => Err(Error::HostNotFound),
            Err(_) => Err(Error::Timeout(timeout.reason)),
        }
    })
}
