//! `[backup]`.

use std::path::PathBuf;

use crate::backup::folder::Policy;
use crate::config::source::Settings;
use crate::config::value;

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
        let usual = Policy::default();
        let mut count = |key, default| {
            settings
                .take(key, value::whole(0, 10_000))
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(default)
        };
        Self {
            policy: Policy {
                hourly: count("backup.keep_hourly", usual.hourly),
                daily: count("backup.keep_daily", usual.daily),
                weekly: count("backup.keep_weekly", usual.weekly),
            },
            dir: settings.take("backup.dir", value::path),
        }
    }
}
