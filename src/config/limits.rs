//! `[limits]`.

use crate::config::ServeOptions;
use crate::config::source::Settings;
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
        Self {
            scan_bytes: settings.number("limits.scan_bytes").unwrap_or_default(),
            body_bytes: settings.number("limits.body_bytes").unwrap_or_default(),
            connections: settings.count("limits.connections"),
            connections_per_address: settings.count("limits.connections_per_address"),
            streams: Streams {
                total: settings.count("limits.streams"),
                per_user: settings.count("limits.streams_per_user"),
                per_address: settings.count("limits.streams_per_address"),
            },
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
