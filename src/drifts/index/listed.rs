//! A drift's row as lists see it: what they filter, sort and search by, and no more. Texts lie in the stored bytes.

use serde::Deserialize;

use super::super::{Severity, Status, overdue, records};
use super::{UNPRICED, field};
use crate::error::Result;
use crate::ids::DriftId;
use crate::ingest::scan::Kind;
use crate::listing::trigrams;
use crate::money::Cents;
use crate::store::codec;
use crate::time::Timestamp;

/// Some fields of `drifts::Record`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Listed<'a> {
    pub(super) id: DriftId,
    workspace: &'a str,
    resource_id: &'a str,
    resource_type: &'a str,
    address: &'a str,
    #[serde(default)]
    region: Option<&'a str>,
    kind: Kind,
    severity: Severity,
    status: Status,
    #[serde(default)]
    cost: Option<Cents>,
    detected_at: Timestamp,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
    #[serde(default)]
    critical_since: Option<Timestamp>,
    #[serde(default)]
    reminded_at: Option<Timestamp>,
    #[serde(default)]
    assignee: Option<&'a str>,
}

impl<'a> Listed<'a> {
    /// Reads it from a row's bytes.
    ///
    /// # Errors
    /// `Internal`, when they are no drift.
    pub(super) fn read(row: &'a [u8]) -> Result<Self> {
        codec::decode(row)
    }

    /// What filters see, by [`field`].
    pub(super) fn values(&self) -> [&'a str; field::NUMBER] {
        [
            self.status.name(),
            self.severity.name(),
            records::name_of_kind(self.kind),
            self.resource_type,
            self.region.unwrap_or_default(),
            self.workspace,
            self.assignee.unwrap_or_default(),
        ]
    }

    /// The texts that a search looks through.
    pub(super) fn texts(&self) -> [&'a str; 3] {
        [self.resource_id, self.address, self.resource_type]
    }

    /// Whether one of its texts has this folded one in it.
    pub(super) fn matches(&self, folded: &str) -> bool {
        self.texts()
            .into_iter()
            .any(|text| trigrams::fold(text).contains(folded))
    }

    pub(super) fn detected_ms(&self) -> i64 {
        self.detected_at.unix_ms()
    }

    pub(super) fn last_seen_ms(&self) -> i64 {
        self.last_seen_at.unix_ms()
    }

    pub(super) fn cents(&self) -> i64 {
        self.cost.map_or(UNPRICED, |cost| cost.0)
    }

    /// As [`super::super::Record::undecided_since`], in Unix milliseconds.
    pub(super) fn undecided_ms(&self) -> Option<i64> {
        let waits = overdue::waits(self.status, self.severity, self.kind, self.reminded_at);
        waits.then(|| self.critical_since.unwrap_or(self.first_seen_at).unix_ms())
    }
}
