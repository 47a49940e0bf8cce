//! The sessions in memory: whether a token's session lives, without asking the store.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::Record;
use crate::error::Result;
use crate::ids::{SessionId, UserId};
use crate::store::tables::SESSIONS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};
use crate::time::Timestamp;

/// Every session that has not ended: whose it is, and until when.
#[derive(Debug, Default)]
pub struct Index(RwLock<HashMap<SessionId, (UserId, Timestamp)>>);

impl Index {
    /// Whether this session of this account lives.
    pub fn lives(&self, id: SessionId, user: UserId, now: Timestamp) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&id)
            .is_some_and(|(owner, ends)| *owner == user && *ends > now)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.len()
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[SESSIONS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let rows: Vec<(SessionId, Record)> =
            read.rows(&SESSIONS, &Range::all(), Order::Ascending, usize::MAX)?;
        let all = rows
            .into_iter()
            .map(|(id, record)| (id, (record.user, record.expires_at)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let Some(id) = SessionId::from_bytes(&row.key) else {
                continue;
            };
            match &row.value {
                Some(value) => {
                    let record: Record = codec::decode(value)?;
                    all.insert(id, (record.user, record.expires_at));
                }
                None => {
                    all.remove(&id);
                }
            }
        }
        Ok(())
    }
}
