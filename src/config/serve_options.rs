//! The server's bounds: everything a client could otherwise use up.

use std::time::Duration;

use crate::config::TrustedProxies;

/// Times, sizes and counts that the server holds every client to.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// How long a request's head may take, from the first wait for it: an idle connection is closed after it too.
    pub header_timeout: Duration,
    /// How long a body may pause between two pieces, and a client may pause reading an answer.
    pub stall_timeout: Duration,
    /// How long an ordinary request may take until its answer begins. Uploads and backups are exempt.
    pub request_deadline: Duration,
    /// How long requests under way may take to finish at a graceful stop.
    pub drain_timeout: Duration,
    /// The most header fields of one request.
    pub max_headers: usize,
    /// The most bytes of one request's head.
    pub max_header_bytes: usize,
    /// The most connections at once.
    pub connections: usize,
    /// The most connections at once from one address that is no trusted proxy's.
    pub connections_per_address: usize,
    /// Who is believed about their clients.
    pub trusted_proxies: TrustedProxies,
    /// The largest body of an ordinary request, in bytes.
    pub body_bytes: u64,
    /// The largest body of a sign-in call, in bytes.
    pub sign_in_bytes: u64,
    /// The largest body of a pushed scan, in bytes.
    pub scan_bytes: u64,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            // Whoever stopped reading is gone within 30 s, however late that is noticed.
            stall_timeout: Duration::from_secs(25),
            request_deadline: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
            max_headers: 64,
            max_header_bytes: 64 << 10,
            connections: 4096,
            connections_per_address: 512,
            trusted_proxies: TrustedProxies::default(),
            body_bytes: 1 << 20,
            sign_in_bytes: 64 << 10,
            scan_bytes: 256 << 20,
        }
    }
}

/// The path that gives a backup.
const BACKUP: &str = "/api/v1/admin/backup";
/// The path that takes scans.
const SCANS: &str = "/api/v1/scans";
/// Where sign-in calls live.
const SIGN_IN: &str = "/api/v1/auth/";

impl ServeOptions {
    /// The largest body that a path takes.
    pub(crate) fn body_limit(&self, method: &::http::Method, path: &str) -> u64 {
        if is_upload(method, path) {
            self.scan_bytes
        } else if path.starts_with(SIGN_IN) {
            self.sign_in_bytes.min(self.body_bytes)
        } else {
            self.body_bytes
        }
    }
}

/// Whether a request brings a body that may take long to arrive.
pub(crate) fn is_upload(method: &::http::Method, path: &str) -> bool {
    method == ::http::Method::POST && path == SCANS
}

/// Whether a request may take long until its answer begins: its work is in proportion to what is stored or sent.
pub(crate) fn may_take_long(method: &::http::Method, path: &str) -> bool {
    is_upload(method, path) || method == ::http::Method::POST && path == BACKUP
}
