//! `[backup]`.

use std::path::PathBuf;

use crate::backup::Policy;
use crate::config::source::Settings;

/// Where backups are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupConfig {
    /// The directory; none for `backups` in the data directory.
    pub dir: Option<PathBuf>,
    /// Which of them are kept.
    pub policy: Policy,
}

impl BackupConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        let mut count = |key| {
            let count = settings.number(key);
            count.and_then(|count| count.try_into().ok()).unwrap_or(0)
        };
        Self {
            policy: Policy {
                hourly: count("backup.keep_hourly"),
                daily: count("backup.keep_daily"),
                weekly: count("backup.keep_weekly"),
            },
            dir: settings.path("backup.dir"),
        }
    }
}
