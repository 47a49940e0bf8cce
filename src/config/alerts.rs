//! `[alerts]`.

use crate::alerts::Patience;
use crate::config::source::Settings;
use crate::config::value;

/// When an alert says that something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertsConfig {
    /// How long decisions and reverts may take.
    pub patience: Patience,
}

impl AlertsConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        let Patience {
            undecided_ms,
            unremedied_ms,
        } = Patience::default();
        let mut span = |key, default| settings.take(key, value::span_ms).unwrap_or(default);
        Self {
            patience: Patience {
                undecided_ms: span("alerts.approval_needed_after", undecided_ms),
                unremedied_ms: span("alerts.remediation_failed_after", unremedied_ms),
            },
        }
    }
}
