//! `trusted_proxies`.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// The proxies that are believed when they tell who their client is. By default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether this address is one of them. An IPv4 address counts in either of its spellings.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and networks, with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let networks = parts.filter(|part| !part.is_empty()).map(network);
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
fn network(text: &str) -> Result<IpNet, String> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => text.parse().ok(),
    };
    let network = network.ok_or_else(|| {
        format!("must list addresses and networks such as 10.0.0.7 and 10.0.0.0/8, not {text:?}")
    })?;
    if network.prefix_len() == 0 {
        return Err(format!(
            "must not be all addresses ({text}): anybody could then claim to be anybody, so list the proxies' own"
        ));
    }
    Ok(as_ipv4(network).unwrap_or(network))
}

/// What an IPv4 network is that is written as an IPv6 one, such as `::ffff:10.0.0.0/104`.
fn as_ipv4(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(mapped) = network else {
        return None;
    };
    let address = mapped.addr().to_ipv4_mapped()?;
    let prefix = mapped.prefix_len().checked_sub(96)?;
    Ipv4Net::new(address, prefix).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(proxies: &str, address: &str) -> bool {
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.contains(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_networks_are_told_apart_from_others() {
        let proxies = " 127.0.0.1, 10.0.0.0/8,fd00::/8 ,::ffff:192.0.2.0/120,";
        for inside in [
            "127.0.0.1",
            "10.255.0.1",
            "::ffff:10.0.0.1",
            "fd00::1",
            "192.0.2.7",
        ] {
            assert!(contains(proxies, inside), "{inside}");
        }
        for outside in ["127.0.0.2", "11.0.0.1", "::1", "fe80::1", "192.0.3.7"] {
            assert!(!contains(proxies, outside), "{outside}");
        }
        assert!(!contains("", "127.0.0.1"));
    }

    #[test]
    fn everybody_is_no_proxy() {
        for wrong in [
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/33",
            "proxy.example",
            "10.0.0.1:80",
        ] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
    }
}
