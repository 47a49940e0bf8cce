//! Who is at the other end: the peer itself, or the client that a trusted proxy tells of.
//!
//! A proxy's headers are believed from the addresses in `trusted_proxies` only. From anybody else they are words
//! of the client, which could name whomever it likes.

use std::net::{IpAddr, SocketAddr};

use poem::http::header::{FORWARDED, HOST, VIA};
use poem::http::{HeaderMap, Uri};

use crate::config::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// What a request's connection and head tell of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The client's address, an IPv4 one never as IPv6.
    pub client: IpAddr,
    /// Whether the client's way to here, or to the trusted proxy, is encrypted.
    pub secure: bool,
    /// The host that the client asked for, with its port where it named one.
    pub host: Option<String>,
    /// Whether it was sent on this machine, to this machine, with no proxy between.
    pub local: bool,
}

impl Sender {
    /// Reads them; what only a proxy may say is read from trusted ones alone.
    pub fn of(peer: Peer, uri: &Uri, headers: &HeaderMap, proxies: &TrustedProxies) -> Self {
        let address = peer.address.ip().to_canonical();
        let asked = match uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        let local = address.is_loopback()
            && asked.is_some_and(is_loopback_host)
            && !headers.keys().any(|name| is_of_a_proxy(name.as_str()));
        if !proxies.contains(address) {
            return Self {
                client: address,
                secure: peer.tls,
                host: asked.map(str::to_owned),
                local,
            };
        }
        let https = nearest(headers, FORWARDED_PROTO)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let host = nearest(headers, FORWARDED_HOST).filter(|host| is_authority(host));
        Self {
            client: client_behind(address, headers, proxies),
            secure: peer.tls || https,
            host: host.or(asked).map(str::to_owned),
            local,
        }
    }
}

/// The client that trusted proxies tell of: each adds the address it was spoken to from on the right, so the first
/// from the right that is no proxy of ours is the client. What stands left of it is the client's own word.
fn client_behind(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let lines: Vec<&[u8]> = lines.map(|line| line.as_bytes()).collect();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = address_of(hop) else {
            break;
        };
        nearest = address;
        if !proxies.contains(address) {
            break;
        }
    }
    nearest
}

/// `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:80`.
fn address_of(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim_matches([' ', '\t']);
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => text
            .parse()
            .or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()))
            .ok()?,
    };
    Some(address.to_canonical())
}

/// The last of a header's values: the one that the nearest proxy wrote.
fn nearest<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// Whether a text can be a host and a port.
fn is_authority(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(fits)
}

/// Whether only a proxy sends such a header.
fn is_of_a_proxy(name: &str) -> bool {
    name == FORWARDED.as_str()
        || name == VIA.as_str()
        || name == "x-real-ip"
        || name.starts_with("x-forwarded-")
}

/// Whether a `Host` names this machine itself, with or without a port.
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXIES: &str = "127.0.0.1, 10.0.0.0/8";

    fn sender(peer: &str, headers: &[(&'static str, &str)]) -> Sender {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let peer = Peer {
            address: SocketAddr::new(peer.parse().unwrap(), 4711),
            tls: false,
        };
        let proxies = PROXIES.parse().unwrap();
        Sender::of(peer, &Uri::from_static("/"), &map, &proxies)
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let headers: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
        sender(peer, &headers).client.to_string()
    }

    #[test]
    fn only_trusted_proxies_tell_of_a_client() {
        for (peer, lines, seen) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            // What stands left of the client is its own word.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                &["203.0.113.9, 198.51.100.7 ,10.0.0.2"],
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                &["203.0.113.9,127.0.0.1", "198.51.100.7", "10.0.0.2"],
                "198.51.100.7",
            ),
            // A client of the proxies' own network.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            // Garbage ends the reading at the last that could be read.
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.7, "], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7\u{e9}"], "10.0.0.1"),
            ("10.0.0.1", &["[198.51.100.7]"], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, lines), seen, "{peer} {lines:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_tell_of_a_scheme_and_a_host() {
        let told = [
            ("host", "inner:8420"),
            ("x-forwarded-proto", "HTTPS"),
            ("x-forwarded-host", "drift.example"),
        ];
        let trusted = sender("10.0.0.1", &told);
        assert_eq!(trusted.host.as_deref(), Some("drift.example"));
        assert!(trusted.secure && !trusted.local);
        let stranger = sender("192.0.2.1", &told);
        assert_eq!(stranger.host.as_deref(), Some("inner:8420"));
        assert!(!stranger.secure);
        // The nearest proxy's word counts.
        let nearest = [
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-host", "drift.example"),
        ];
        let seen = sender("10.0.0.1", &nearest);
        assert_eq!(seen.host.as_deref(), Some("drift.example"));
        assert!(!seen.secure);
        let odd = [("host", "inner"), ("x-forwarded-host", "a/b@c")];
        assert_eq!(sender("10.0.0.1", &odd).host.as_deref(), Some("inner"));
    }

    #[test]
    fn local_is_who_speaks_on_this_machine_and_to_it() {
        let host = ("host", "127.0.0.1:8420");
        assert!(sender("127.0.0.1", &[host]).local);
        assert!(sender("::1", &[("host", "localhost")]).local);
        assert!(sender("::ffff:127.0.0.1", &[host]).local);
        assert!(!sender("127.0.0.1", &[]).local);
        assert!(!sender("127.0.0.1", &[("host", "drift.example")]).local);
        assert!(!sender("192.0.2.1", &[host]).local);
        for of_a_proxy in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-real-ip",
            "forwarded",
            "via",
        ] {
            assert!(!sender("127.0.0.1", &[host, (of_a_proxy, "")]).local);
        }
    }

    #[test]
    fn loopback_hosts_are_known() {
        for host in [
            "localhost",
            "LocalHost:8420",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:8420",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8420",
            "localhost.evil.example",
            "10.0.0.1:8420",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    /// A hop as a header may have it: trusted, of a stranger, or anything.
    fn hop() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u32>().prop_map(|bits| std::net::Ipv4Addr::from(bits).to_string()),
            any::<u128>().prop_map(|bits| std::net::Ipv6Addr::from(bits).to_string()),
            any::<[u8; 3]>().prop_map(|[a, b, c]| format!("10.{a}.{b}.{c}")),
            "[ -~]{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(lines in prop::collection::vec(
            prop::collection::vec(0x20_u8..=0xff, 0..60), 0..4,
        )) {
            let mut headers = HeaderMap::new();
            for line in &lines {
                let line: Vec<u8> = line.iter().copied().filter(|byte| *byte != 0x7f).collect();
                for name in [FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO, "host"] {
                    headers.append(name, HeaderValue::from_bytes(&line).unwrap());
                }
            }
            let peer = Peer { address: "127.0.0.1:1".parse().unwrap(), tls: false };
            let proxies = PROXIES.parse().unwrap();
            let _ = Sender::of(peer, &Uri::from_static("/"), &headers, &proxies);
        }

        #[test]
        fn nobody_left_of_a_stranger_is_believed(
            claimed in prop::collection::vec(hop(), 0..5),
            stranger in any::<u128>(),
            chain in prop::collection::vec(any::<[u8; 3]>(), 0..4),
        ) {
            let proxies: TrustedProxies = PROXIES.parse().unwrap();
            let stranger = IpAddr::from(std::net::Ipv6Addr::from(stranger)).to_canonical();
            prop_assume!(!proxies.contains(stranger));
            let chain = chain.iter().map(|[a, b, c]| format!("10.{a}.{b}.{c}"));
            let hops: Vec<String> = claimed
                .into_iter()
                .chain([stranger.to_string()])
                .chain(chain)
                .collect();
            prop_assert_eq!(client("10.0.0.1", &[&hops.join(", ")]), stranger.to_string());
            let lines: Vec<&str> = hops.iter().map(String::as_str).collect();
            prop_assert_eq!(client("10.0.0.1", &lines), stranger.to_string());
        }

        #[test]
        fn the_client_is_the_peer_or_was_named_by_a_trusted_one(
            hops in prop::collection::vec(hop(), 0..8),
        ) {
            let proxies: TrustedProxies = PROXIES.parse().unwrap();
            let line = hops.join(",");
            let seen: IpAddr = client("10.0.0.1", &[&line]).parse().unwrap();
            // All that stands right of it is trusted.
            let mut left = line.rsplit(',').map(|hop| address_of(hop.as_bytes()));
            let mut before = Some(IpAddr::from([10, 0, 0, 1]));
            while before != Some(seen) {
                prop_assert!(before.is_some_and(|hop| proxies.contains(hop)));
                before = left.next().flatten();
            }
        }
    }
}
