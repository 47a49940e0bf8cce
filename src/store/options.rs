//! How to open a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Disk, OnStage, View};
use crate::error::Error;

/// What one commit did, for the metrics.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// How many changes it made durable.
    pub changes: usize,
    /// How many bytes of keys and values they wrote.
    pub bytes: usize,
    /// How long making them durable took.
    pub took: Duration,
}

/// How to open a store.
pub struct Options {
    /// The data directory.
    pub dir: PathBuf,
    /// Memory for the engine's page cache, in bytes.
    pub cache_bytes: usize,
    /// Refuse writes when less than this many bytes are free; `None` for the larger of 256 MiB and 5 % of the disk.
    pub min_free_bytes: Option<u64>,
    /// Where the database lies instead of in a file; asked for each time it is opened.
    pub disk: Option<Box<dyn Fn() -> Box<dyn Disk> + Send>>,
    /// Structures that follow the rows.
    pub views: Vec<Arc<dyn View>>,
    /// After how many changed rows views are saved for the next start; `None` for as many as are worth it.
    pub save_views_after: Option<u64>,
    /// Called after each commit, on the writer's thread.
    pub on_commit: Box<dyn Fn(Commit) + Send>,
    /// Called when something begins that may take long, while opening and while reopening.
    pub on_stage: OnStage,
    /// Called when the store can't be reopened after failures: it will not write again.
    pub on_fatal: Box<dyn Fn(&Error) + Send>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("dir", &self.dir)
            .field("cache_bytes", &self.cache_bytes)
            .finish()
    }
}

impl Options {
    /// A store in this directory, with a page cache of 32 MiB.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache_bytes: 32 << 20,
            min_free_bytes: None,
            disk: None,
            views: Vec::new(),
            save_views_after: None,
            on_commit: Box::new(|_| {}),
            on_stage: Arc::new(|_| {}),
            on_fatal: Box::new(|_| {}),
        }
    }
}
