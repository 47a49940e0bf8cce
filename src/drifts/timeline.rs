//! A drift's timeline: what happened to it, for people.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::{Actor, Role};
use crate::error::Result;
use crate::ids::{DriftId, EntryId};
use crate::store::tables::TIMELINE;
use crate::store::{Order, Range, Reads, Writes};
use crate::time::Timestamp;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each name says it")]
pub enum Action {
    Detected,
    Recurred,
    Changed,
    Moved,
    Triaged,
    Approved,
    Rejected,
    Resolved,
    Commented,
}

/// One entry, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id: id order is the order of the timeline.
    pub id: EntryId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor_email: String,
    /// Their role then.
    pub actor_role: Role,
    /// What.
    pub action: Action,
    /// A sentence, a reason, or the comment itself.
    pub message: String,
    /// JSON text: what programs may want to know.
    #[serde(default)]
    pub metadata: Option<String>,
}

/// Adds an entry to a drift's timeline.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn add(
    writes: &mut Writes,
    drift: DriftId,
    by: &Actor,
    action: Action,
    message: impl Into<String>,
    metadata: Option<&Value>,
    now: Timestamp,
) -> Result<Entry> {
    let entry = Entry {
        id: EntryId::new(now),
        at: now,
        actor_email: by.email.clone(),
        actor_role: by.role,
        action,
        message: message.into(),
        metadata: metadata.map(Value::to_string),
    };
    writes.put(&TIMELINE, &(drift, entry.id), &entry)?;
    Ok(entry)
}

/// A drift's timeline, oldest first.
///
/// # Errors
/// What reading says.
pub fn of(read: &impl Reads, drift: DriftId) -> Result<Vec<Entry>> {
    let rows = read.rows(
        &TIMELINE,
        &Range::prefix(&drift),
        Order::Ascending,
        usize::MAX,
    )?;
    Ok(rows.into_iter().map(|(_, entry)| entry).collect())
}
