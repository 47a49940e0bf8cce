//! The keys in memory: each request that shows one is answered without asking the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::{Record, Scope, Secret};
use crate::error::Result;
use crate::ids::KeyId;
use crate::store::tables::API_KEYS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};
use crate::time::Timestamp;

/// By how much a key's last use may be ahead of what is stored, in milliseconds.
const LAG_MS: i64 = 60_000;

/// A key as of now.
#[derive(Debug)]
pub struct Standing {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The workspaces it is limited to, by name; none for all.
    pub workspaces: Arc<[String]>,
    hash: [u8; 32],
    expires_at: Option<Timestamp>,
    stored_use_ms: i64,
    used_ms: AtomicI64,
}

impl Standing {
    fn of(record: Record, used_ms: i64) -> Self {
        let stored_use_ms = record.last_used_at.map_or(i64::MIN, Timestamp::unix_ms);
        Self {
            id: record.id,
            name: record.name,
            scope: record.scope,
            workspaces: record.workspaces.into(),
            hash: record.hash,
            expires_at: record.expires_at,
            stored_use_ms,
            used_ms: AtomicI64::new(used_ms.max(stored_use_ms)),
        }
    }

    /// How long it holds yet; none for no end.
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        self.expires_at.map(|ends| {
            Duration::from_millis(u64::try_from(ends.unix_ms() - now.unix_ms()).unwrap_or(0))
        })
    }

    /// Whether it has not ended.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|ends| ends > now)
    }
}

/// Every key, by its prefix; and the prefixes by id.
#[derive(Debug, Default)]
struct Known {
    by_prefix: HashMap<String, Arc<Standing>>,
    prefixes: HashMap<KeyId, String>,
}

impl Known {
    fn put(&mut self, record: Record) {
        let (id, prefix) = (record.id, record.prefix.clone());
        let used_ms = self
            .by_prefix
            .get(&prefix)
            .map_or(i64::MIN, |known| known.used_ms.load(Ordering::Relaxed));
        let standing = Arc::new(Standing::of(record, used_ms));
        self.by_prefix.insert(prefix.clone(), standing);
        self.prefixes.insert(id, prefix);
    }
}

/// Every key.
#[derive(Debug, Default)]
pub struct Index(RwLock<Known>);

impl Index {
    /// The key of this secret, where it lives; notes that it was used.
    pub fn holder(&self, secret: &Secret, now: Timestamp) -> Option<Arc<Standing>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let standing = known.by_prefix.get(secret.prefix())?;
        if !secret.holds(&standing.hash) || !standing.lives(now) {
            return None;
        }
        standing.used_ms.fetch_max(now.unix_ms(), Ordering::Relaxed);
        Some(Arc::clone(standing))
    }

    /// Whether a key was neither revoked nor has ended.
    pub fn lives(&self, id: KeyId, now: Timestamp) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let standing = known
            .prefixes
            .get(&id)
            .and_then(|prefix| known.by_prefix.get(prefix));
        standing.is_some_and(|standing| standing.lives(now))
    }

    /// When a key was last used, which what is stored may not know yet.
    pub fn last_use(&self, prefix: &str) -> Option<Timestamp> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let used_ms = known.by_prefix.get(prefix)?.used_ms.load(Ordering::Relaxed);
        (used_ms != i64::MIN).then(|| Timestamp::from_unix_ms(used_ms))
    }

    /// The uses that what is stored lags behind: by more than a minute, or at all where `all` is asked for.
    pub fn unwritten(&self, all: bool) -> Vec<(KeyId, Timestamp)> {
        let lag_ms = if all { 0 } else { LAG_MS };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let uses = known.by_prefix.values().filter_map(|standing| {
            let used_ms = standing.used_ms.load(Ordering::Relaxed);
            let is_behind = used_ms > standing.stored_use_ms.saturating_add(lag_ms);
            is_behind.then(|| (standing.id, Timestamp::from_unix_ms(used_ms)))
        });
        uses.collect()
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[API_KEYS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let rows: Vec<(KeyId, Record)> =
            read.rows(&API_KEYS, &Range::all(), Order::Ascending, usize::MAX)?;
        let mut known = Known::default();
        for (_, record) in rows {
            known.put(record);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            match (&row.value, KeyId::from_bytes(&row.key)) {
                (Some(value), _) => known.put(codec::decode(value)?),
                (None, Some(id)) => {
                    if let Some(prefix) = known.prefixes.remove(&id) {
                        known.by_prefix.remove(&prefix);
                    }
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}
