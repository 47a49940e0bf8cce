//! Events: what happened, as rows with a number, written in their change's own transaction.
//!
//! Nothing is announced that could be lost, and nothing twice: a stream tails the rows by number.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::store::tables::EVENTS;
use crate::store::{Appended, Writes, codec};
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each name says it")]
pub enum Name {
    #[serde(rename = "drift:created")]
    DriftCreated,
    #[serde(rename = "drift:updated")]
    DriftUpdated,
    #[serde(rename = "drift:triaged")]
    DriftTriaged,
    #[serde(rename = "drift:approved")]
    DriftApproved,
    #[serde(rename = "drift:rejected")]
    DriftRejected,
    #[serde(rename = "drift:resolved")]
    DriftResolved,
    #[serde(rename = "alert:created")]
    AlertCreated,
    #[serde(rename = "alert:read")]
    AlertRead,
    #[serde(rename = "scan:finished")]
    ScanFinished,
}

/// One event, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// What happened.
    pub name: Name,
    /// When.
    pub at: Timestamp,
    /// JSON text of one line, without any state value.
    pub data: String,
}

/// Adds an event to a change. `data` must hold no state value.
pub fn emit(writes: &mut Writes, name: Name, data: &Value, now: Timestamp) {
    let data = data.to_string();
    let append = move |seq: u64, _: Option<&[u8]>| -> Result<Appended> {
        Ok(Appended {
            value: codec::encode(&Event {
                seq,
                name,
                at: now,
                data,
            })?,
            rows: Vec::new(),
        })
    };
    writes.append(&EVENTS, Box::new(append));
}
