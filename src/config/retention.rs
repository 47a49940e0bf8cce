//! `[retention]`.

use crate::config::source::Settings;
use crate::config::value;
use crate::retention::Policy;

/// How long what is over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Each kind of thing with its span.
    pub policy: Policy,
}

impl RetentionConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        let mut span = |key| settings.text(key, value::kept_ms).flatten();
        Self {
            policy: Policy {
                resolved_drifts_ms: span("retention.resolved_drifts"),
                scans_ms: span("retention.scans"),
                read_alerts_ms: span("retention.read_alerts"),
            },
        }
    }
}
