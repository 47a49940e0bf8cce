//! `[limits]`.

use crate::config::ServeOptions;
use crate::config::source::Settings;
use crate::config::value;
use crate::events::audience::Limits as Streams;

/// What clients may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// The largest scan, in bytes, plain or decompressed.
    pub scan_bytes: u64,
    /// The largest body of any other request, in bytes.
    pub body_bytes: u64,
    /// The most connections at once.
    pub connections: usize,
    /// The most connections at once from one address.
    pub connections_per_address: usize,
    /// The most streams of events at once.
    pub streams: Streams,
}

impl LimitsConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        let defaults = ServeOptions::default();
        let mut count = |key, default: usize| {
            settings
                .take(key, value::whole(1, 1_000_000))
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(default)
        };
        let of_streams = Streams::default();
        Self {
            streams: Streams {
                total: count("limits.streams", of_streams.total),
                per_user: count("limits.streams_per_user", of_streams.per_user),
                per_address: count("limits.streams_per_address", of_streams.per_address),
            },
            connections: count("limits.connections", defaults.connections),
            connections_per_address: count(
                "limits.connections_per_address",
                defaults.connections_per_address,
            ),
            scan_bytes: settings
                .take("limits.scan_bytes", value::bytes(1 << 10, 64 << 30))
                .unwrap_or(defaults.scan_bytes),
            body_bytes: settings
                .take("limits.body_bytes", value::bytes(16 << 10, 64 << 20))
                .unwrap_or(defaults.body_bytes),
        }
    }

    /// The server's bounds with these limits.
    pub fn serve_options(&self) -> ServeOptions {
        ServeOptions {
            scan_bytes: self.scan_bytes,
            body_bytes: self.body_bytes,
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            ..ServeOptions::default()
        }
    }
}
