//! `[alerts]`.

use crate::alerts::Patience;
use crate::config::source::Settings;

/// When an alert says that something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertsConfig {
    /// How long decisions and reverts may take.
    pub patience: Patience,
}

impl AlertsConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        Self {
            patience: Patience {
                undecided_ms: settings.span_ms("alerts.approval_needed_after"),
                unremedied_ms: settings.span_ms("alerts.remediation_failed_after"),
            },
        }
    }
}
