//! Pushes that are repeated under an `Idempotency-Key`: answered with the scan that the first one made.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Push, Record, by_id};
use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::ids::ScanId;
use crate::ingest::Scan;
use crate::store::tables::{IDEMPOTENCY, IDEMPOTENCY_BY_END};
use crate::store::{Order, Range, Reads, Writes, keys::Key};
use crate::time::Timestamp;

/// How long an `Idempotency-Key` is remembered.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;

/// How many forgotten keys are cleared away at a time.
const CLEARED: usize = 64;

/// What is remembered of an `Idempotency-Key`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replay {
    /// The scan that was made.
    pub scan: ScanId,
    /// The digest of what was pushed.
    pub request: [u8; 32],
    /// Until when.
    pub until: Timestamp,
}

/// What tells one push from another under the same `Idempotency-Key`.
pub(super) fn digest(scan: &Scan, push: &Push) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(push.workspace.as_bytes());
    part(push.commit.as_deref().unwrap_or_default().as_bytes());
    part(&scan.resources.to_be_bytes());
    part(format!("{:?}", scan.status).as_bytes());
    for finding in &scan.findings {
        part(finding.address.as_bytes());
        part(finding.deposed.as_deref().unwrap_or_default().as_bytes());
        part(&finding.content.0);
    }
    hash.finalize().into()
}

/// The scan that an `Idempotency-Key` stands for, if it is known.
pub(super) fn known(
    read: &impl Reads,
    key: &str,
    request: [u8; 32],
    by: &Actor,
    now: Timestamp,
) -> Result<Option<Record>> {
    let known: Option<Replay> = read.get(&IDEMPOTENCY, &(by.id.to_string(), key.to_owned()))?;
    match known.filter(|known| known.until > now) {
        None => Ok(None),
        Some(known) if known.request == request => by_id(read, known.scan).map(Some),
        Some(known) => Err(Error::Conflict {
            message: "This Idempotency-Key was used for another scan: use a new key for each push."
                .to_owned(),
            details: json!({"scanId": known.scan}),
        }),
    }
}

/// Remembers an `Idempotency-Key`, and clears some that are forgotten by now.
pub(super) fn remember(
    read: &impl Reads,
    key: &str,
    scan: ScanId,
    request: [u8; 32],
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let replay = Replay {
        scan,
        request,
        until: now.plus_ms(REMEMBERED_MS),
    };
    let mut writes = Writes::new();
    let range = Range {
        start: Vec::new(),
        end: Some(now.unix_ms().to_bytes()),
    };
    let forgotten: Vec<(i64, String, String)> =
        read.keys(&IDEMPOTENCY_BY_END, &range, Order::Ascending, CLEARED)?;
    for (end, caller, key) in forgotten {
        let row = (caller, key);
        writes.delete(&IDEMPOTENCY, &row);
        writes.delete(&IDEMPOTENCY_BY_END, &(end, row.0, row.1));
    }
    let row = (by.id.to_string(), key.to_owned());
    // One that ended a while ago and waits to be cleared: its end must not take this one's key away.
    if let Some(ended) = read.get::<_, Replay>(&IDEMPOTENCY, &row)? {
        let end = ended.until.unix_ms();
        writes.delete(&IDEMPOTENCY_BY_END, &(end, row.0.clone(), row.1.clone()));
    }
    writes.put(&IDEMPOTENCY, &row, &replay)?;
    writes.mark(&IDEMPOTENCY_BY_END, &(replay.until.unix_ms(), row.0, row.1));
    Ok(writes)
}
