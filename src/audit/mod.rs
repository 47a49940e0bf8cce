//! The audit log: who changed what, in a chain that can't be rewritten unnoticed.
//!
//! An entry is written in its change's own transaction, so there is no change without its entry. Each entry's
//! SHA-256 covers its fields, length-prefixed, and the hash of the entry before: an edit, a removal or a
//! reordering anywhere breaks the chain from there on. Whoever can write the file can hash a chain anew or cut its end
//! off; the signed [`checkpoint`]s, which go where the logs go, contradict that.

pub mod api;
mod chain;
pub mod checkpoint;
pub mod index;
mod proof;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use chain::{Flaw, Verdict, Walk, verify};
pub use checkpoint::{Checkpoint, PublicKey, Signer};
pub use index::newest;
pub use proof::{Examination, Proof, verify_with};

use crate::actor::{Actor, Role};
use crate::error::Result;
use crate::ids::{AuditId, DriftId, UserId};
use crate::store::tables::{AUDIT, AUDIT_BY_DRIFT};
use crate::store::{Appended, Order, Range, Reads, Row, Writes, codec, keys::Key};
use crate::time::Timestamp;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name says it")]
pub enum Action {
    DriftCreated,
    DriftUpdated,
    DriftTriaged,
    DriftApproved,
    DriftRejected,
    DriftResolved,
    DriftCommented,
    AlertRead,
    AlertsMarkedAllRead,
    ScanReceived,
    WorkspaceCreated,
    WorkspaceUpdated,
    WorkspaceDeleted,
    UserLogin,
    UserLoginFailed,
    UserLogout,
    UserCreated,
    UserUpdated,
    UserDeleted,
    PasswordChanged,
    TokenReuseDetected,
    ApiKeyCreated,
    ApiKeyRevoked,
    RuleCreated,
    RuleUpdated,
    RuleDeleted,
    BackupTaken,
    BackupRestored,
    RetentionApplied,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 29] = [
        Self::DriftCreated,
        Self::DriftUpdated,
        Self::DriftTriaged,
        Self::DriftApproved,
        Self::DriftRejected,
        Self::DriftResolved,
        Self::DriftCommented,
        Self::AlertRead,
        Self::AlertsMarkedAllRead,
        Self::ScanReceived,
        Self::WorkspaceCreated,
        Self::WorkspaceUpdated,
        Self::WorkspaceDeleted,
        Self::UserLogin,
        Self::UserLoginFailed,
        Self::UserLogout,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::PasswordChanged,
        Self::TokenReuseDetected,
        Self::ApiKeyCreated,
        Self::ApiKeyRevoked,
        Self::RuleCreated,
        Self::RuleUpdated,
        Self::RuleDeleted,
        Self::BackupTaken,
        Self::BackupRestored,
        Self::RetentionApplied,
    ];

    /// The name that the API and the chain use.
    pub fn name(self) -> &'static str {
        match self {
            Self::DriftCreated => "drift_created",
            Self::DriftUpdated => "drift_updated",
            Self::DriftTriaged => "drift_triaged",
            Self::DriftApproved => "drift_approved",
            Self::DriftRejected => "drift_rejected",
            Self::DriftResolved => "drift_resolved",
            Self::DriftCommented => "drift_commented",
            Self::AlertRead => "alert_read",
            Self::AlertsMarkedAllRead => "alerts_marked_all_read",
            Self::ScanReceived => "scan_received",
            Self::WorkspaceCreated => "workspace_created",
            Self::WorkspaceUpdated => "workspace_updated",
            Self::WorkspaceDeleted => "workspace_deleted",
            Self::UserLogin => "user_login",
            Self::UserLoginFailed => "user_login_failed",
            Self::UserLogout => "user_logout",
            Self::UserCreated => "user_created",
            Self::UserUpdated => "user_updated",
            Self::UserDeleted => "user_deleted",
            Self::PasswordChanged => "password_changed",
            Self::TokenReuseDetected => "token_reuse_detected",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::RuleCreated => "rule_created",
            Self::RuleUpdated => "rule_updated",
            Self::RuleDeleted => "rule_deleted",
            Self::BackupTaken => "backup_taken",
            Self::BackupRestored => "backup_restored",
            Self::RetentionApplied => "retention_applied",
        }
    }
}

/// What is to be put on record.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The drift it is about.
    pub drift: Option<DriftId>,
    /// What was, as far as it changed.
    pub old_value: Option<Value>,
    /// What is, likewise.
    pub new_value: Option<Value>,
    /// What else a reader should know.
    pub details: Option<Value>,
}

/// One entry, as it is stored. Nothing ever changes or removes one.
///
/// An entry encodes to the very bytes it was stored as: [`verify`] holds them against each other. So a field that is
/// added one day is left out where it is absent (`skip_serializing_if`), in the bytes and in the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// Its id.
    pub id: AuditId,
    /// What was done.
    pub action: Action,
    /// The drift it is about.
    #[serde(default)]
    pub drift_id: Option<DriftId>,
    /// Who did it.
    pub actor_id: UserId,
    /// Their address at the time.
    pub actor_email: String,
    /// Their role at the time.
    pub actor_role: Role,
    /// JSON text.
    #[serde(default)]
    pub old_value: Option<String>,
    /// JSON text.
    #[serde(default)]
    pub new_value: Option<String>,
    /// JSON text.
    #[serde(default)]
    pub details: Option<String>,
    /// The client's address.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// The client's `User-Agent`.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Ties it to the request.
    pub correlation_id: String,
    /// When.
    pub created_at: Timestamp,
    /// The hash of the entry before; zeros for the first.
    pub prev_hash: [u8; 32],
    /// Covers all of the above: see [`verify`].
    pub hash: [u8; 32],
}

/// When the newest entry was written.
///
/// # Errors
/// What reading says.
pub fn newest_at(read: &impl Reads) -> Result<Option<Timestamp>> {
    let newest: Vec<(u64, Entry)> = read.rows(&AUDIT, &Range::all(), Order::Descending, 1)?;
    Ok(newest.into_iter().next().map(|(_, entry)| entry.created_at))
}

/// How many entries there are, and the hash of the newest; zeros where there is none. Whether they are what was written is
/// for [`verify`] to tell.
///
/// # Errors
/// What reading says.
pub fn head(read: &impl Reads) -> Result<(u64, [u8; 32])> {
    let newest: Vec<(u64, Entry)> = read.rows(&AUDIT, &Range::all(), Order::Descending, 1)?;
    let newest = newest.into_iter().next();
    Ok(newest.map_or((0, [0; 32]), |(seq, entry)| (seq, entry.hash)))
}

/// Adds an entry to a change.
pub fn record(writes: &mut Writes, by: &Actor, action: Action, draft: Draft, now: Timestamp) {
    let text = |value: Option<Value>| value.map(|value| value.to_string());
    let mut entry = Entry {
        seq: 0,
        id: AuditId::new(now),
        action,
        drift_id: draft.drift,
        actor_id: by.id,
        actor_email: by.email.clone(),
        actor_role: by.role,
        old_value: text(draft.old_value),
        new_value: text(draft.new_value),
        details: text(draft.details),
        ip_address: by.ip_address.clone(),
        user_agent: by.user_agent.clone(),
        correlation_id: by.correlation_id.clone(),
        created_at: now,
        prev_hash: [0; 32],
        hash: [0; 32],
    };
    let append = move |seq: u64, previous: Option<&[u8]>| -> Result<Appended> {
        entry.seq = seq;
        if let Some(previous) = previous {
            entry.prev_hash = codec::decode::<Entry>(previous)?.hash;
        }
        entry.hash = chain::hash(&entry);
        let rows = entry
            .drift_id
            .map(|drift| Row {
                table: AUDIT_BY_DRIFT.table,
                key: (drift, seq).to_bytes(),
                value: Some(Vec::new()),
            })
            .into_iter()
            .collect();
        Ok(Appended {
            value: codec::encode(&entry)?,
            rows,
        })
    };
    writes.append(&AUDIT, Box::new(append));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_named_as_it_is_stored() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
    }
}
