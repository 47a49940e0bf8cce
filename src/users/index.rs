//! The accounts in memory: what each request needs to know of who sent it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Record;
use crate::actor::Role;
use crate::error::Result;
use crate::ids::UserId;
use crate::store::tables::USERS;
use crate::store::{Order, Range, Reads, Row, Snapshot, Table, View, codec, keys::Key};

/// What an account may do as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it signs in with.
    pub email: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may not.
    pub disabled: bool,
    /// Whether its password has to be changed first.
    pub must_change_password: bool,
    /// Whether only critical alerts are to be counted and announced.
    pub critical_alerts_only: bool,
}

impl From<Record> for Standing {
    fn from(record: Record) -> Self {
        Self {
            email: record.email.to_string(),
            role: record.role,
            disabled: record.disabled,
            must_change_password: record.must_change_password,
            critical_alerts_only: record.settings.critical_alerts_only,
        }
    }
}

/// Every account's standing.
#[derive(Debug, Default)]
pub struct Index(RwLock<HashMap<UserId, Arc<Standing>>>);

impl Index {
    /// The standing of an account that may act.
    pub fn active(&self, id: UserId) -> Option<Arc<Standing>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).filter(|standing| !standing.disabled).cloned()
    }
}

impl View for Index {
    fn tables(&self) -> &[Table] {
        const { &[USERS.table] }
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let rows: Vec<(UserId, Record)> =
            read.rows(&USERS, &Range::all(), Order::Ascending, usize::MAX)?;
        let all = rows
            .into_iter()
            .map(|(id, record)| (id, Arc::new(record.into())));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let Some(id) = UserId::from_bytes(&row.key) else {
                continue;
            };
            match &row.value {
                Some(value) => {
                    let record: Record = codec::decode(value)?;
                    all.insert(id, Arc::new(record.into()));
                }
                None => {
                    all.remove(&id);
                }
            }
        }
        Ok(())
    }
}
