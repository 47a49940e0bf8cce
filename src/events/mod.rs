//! Events: what happened, as rows with a number, written in their change's own transaction.
//!
//! Nothing is announced that could be lost, and nothing twice: a stream tails the rows by number.

pub mod api;
pub mod audience;
pub mod feed;
pub mod stream;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::store::keys::Key;
use crate::store::tables::{EVENTS, META};
use crate::store::{Appended, Order, Range, Reads, Writes, codec};
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

/// What somebody wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// What becomes of drifts.
    Drifts,
    /// Alerts that are made or read.
    Alerts,
    /// Scans that have arrived.
    Scans,
}

impl Name {
    /// The name that streams use.
    pub fn name(self) -> &'static str {
        match self {
            Self::DriftCreated => "drift:created",
            Self::DriftUpdated => "drift:updated",
            Self::DriftTriaged => "drift:triaged",
            Self::DriftApproved => "drift:approved",
            Self::DriftRejected => "drift:rejected",
            Self::DriftResolved => "drift:resolved",
            Self::AlertCreated => "alert:created",
            Self::AlertRead => "alert:read",
            Self::ScanFinished => "scan:finished",
        }
    }

    /// The topic that it belongs to.
    pub fn topic(self) -> Topic {
        match self {
            Self::DriftCreated
            | Self::DriftUpdated
            | Self::DriftTriaged
            | Self::DriftApproved
            | Self::DriftRejected
            | Self::DriftResolved => Topic::Drifts,
            Self::AlertCreated | Self::AlertRead => Topic::Alerts,
            Self::ScanFinished => Topic::Scans,
        }
    }
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

/// How many events are kept at most.
pub const KEPT: u64 = 100_000;

/// How long events are kept at most, in milliseconds: 7 days.
pub const KEPT_MS: i64 = 7 * 86_400_000;

/// The newest event's number; 0 where there was none yet.
///
/// # Errors
/// What reading says.
pub fn newest(read: &impl Reads) -> Result<u64> {
    let head = format!("log.{}", EVENTS.table.name).to_bytes();
    let bytes = read.get_bytes(META.table, &head)?;
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_be_bytes))
}

/// The number of the oldest event that is kept; the next one's where none is.
///
/// # Errors
/// What reading says.
pub fn oldest(read: &impl Reads) -> Result<u64> {
    let first: Vec<u64> = read.keys(&EVENTS, &Range::all(), Order::Ascending, 1)?;
    match first.first() {
        Some(first) => Ok(*first),
        None => Ok(newest(read)? + 1),
    }
}

/// The events after a number, oldest first, at most so many.
///
/// # Errors
/// What reading says.
pub fn after(read: &impl Reads, seq: u64, limit: usize) -> Result<Vec<Event>> {
    let range = Range {
        start: seq.saturating_add(1).to_bytes(),
        end: None,
    };
    let rows: Vec<(u64, Event)> = read.rows(&EVENTS, &range, Order::Ascending, limit)?;
    Ok(rows.into_iter().map(|(_, event)| event).collect())
}

/// Removes events that need not be kept any longer, the oldest first, at most so many; says how many.
///
/// # Errors
/// What reading says.
pub fn prune(read: &impl Reads, limit: usize, now: Timestamp) -> Result<(usize, Writes)> {
    let keep_from = (newest(read)? + 1).saturating_sub(KEPT);
    let (mut pruned, mut writes) = (0, Writes::new());
    read.visit(
        EVENTS.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            let event: Event = codec::decode(value)?;
            let is_old = event.at.plus_ms(KEPT_MS) < now;
            if pruned == limit || !(is_old || event.seq < keep_from) {
                return Ok(ControlFlow::Break(()));
            }
            if let Some(seq) = u64::from_bytes(key) {
                writes.delete(&EVENTS, &seq);
                pruned += 1;
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok((pruned, writes))
}

#[cfg(test)]
mod tests;
