//! `[store]`.

use crate::config::source::Settings;

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// Memory for pages of the database, in bytes.
    pub cache_bytes: u64,
    /// With less free space than this on the disk, changes are refused before the disk is full; none for the larger
    /// of 256 MiB and 5 % of the disk.
    pub min_free_bytes: Option<u64>,
}

impl StoreConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        Self {
            cache_bytes: settings.number("store.cache_bytes").unwrap_or_default(),
            min_free_bytes: settings.number("store.min_free_bytes"),
        }
    }
}
