//! What a change wants written: rows, counts, log entries. Only the writer applies it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::codec;
use super::keys::{Key, encode_text};
use super::reads::read_count;
use super::tables::{Rows, Table};
use crate::error::Result;

/// Something that is counted, by name and dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter(Vec<u8>);

impl Counter {
    /// A counter without dimensions yet.
    pub fn new(name: &str) -> Self {
        let mut key = Vec::with_capacity(40);
        encode_text(name, &mut key);
        Self(key)
    }

    /// The same with one more dimension.
    #[must_use]
    pub fn by(mut self, dimension: &impl Key) -> Self {
        dimension.encode(&mut self.0);
        self
    }

    /// The same with one more dimension, a word.
    #[must_use]
    pub fn word(mut self, dimension: &str) -> Self {
        encode_text(dimension, &mut self.0);
        self
    }

    /// What a stored counter stands at.
    ///
    /// # Errors
    /// `Internal`, where it is no number.
    pub fn read(stored: &[u8]) -> Result<i64> {
        read_count(stored)
    }

    /// The counter's key.
    pub fn key(&self) -> &[u8] {
        &self.0
    }
}

/// One row to put, or to delete where there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub table: Table,
    /// Under which key.
    pub key: Vec<u8>,
    /// The new bytes; `None` deletes.
    pub value: Option<Vec<u8>>,
}

/// Makes a log entry once its place is known: gets its sequence number and the bytes of the entry before it.
pub type Entry = Box<dyn FnOnce(u64, Option<&[u8]>) -> Result<Appended> + Send>;

/// A log entry as it is stored, with the index rows that point to it.
#[derive(Debug)]
pub struct Appended {
    /// The entry's bytes.
    pub value: Vec<u8>,
    /// Rows beside it.
    pub rows: Vec<Row>,
}

/// Everything that one change writes, all of it or nothing.
#[derive(Default)]
pub struct Writes {
    pub(super) rows: Vec<Row>,
    pub(super) counts: BTreeMap<Counter, i64>,
    pub(super) entries: Vec<(Table, Entry)>,
}

impl Writes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.counts.values().all(|delta| *delta == 0)
            && self.entries.is_empty()
    }

    /// Puts a row.
    ///
    /// # Errors
    /// `Internal`, when the value can't be encoded.
    pub fn put<K: Key>(&mut self, rows: &Rows<K>, key: &K, value: &impl Serialize) -> Result<()> {
        self.put_bytes(rows, key, codec::encode(value)?);
        Ok(())
    }

    /// Puts a row of bytes that are encoded already.
    pub fn put_bytes<K: Key>(&mut self, rows: &Rows<K>, key: &K, value: Vec<u8>) {
        self.rows.push(Row {
            table: rows.table,
            key: key.to_bytes(),
            value: Some(value),
        });
    }

    /// Puts an index row that points to a key.
    pub fn point<K: Key>(&mut self, index: &Rows<K>, key: &K, to: &impl Key) {
        self.put_bytes(index, key, to.to_bytes());
    }

    /// Puts an index row whose key says everything.
    pub fn mark<K: Key>(&mut self, index: &Rows<K>, key: &K) {
        self.put_bytes(index, key, Vec::new());
    }

    /// Deletes a row.
    pub fn delete<K: Key>(&mut self, rows: &Rows<K>, key: &K) {
        self.rows.push(Row {
            table: rows.table,
            key: key.to_bytes(),
            value: None,
        });
    }

    /// Adds to a counter.
    pub fn count(&mut self, counter: Counter, delta: i64) {
        *self.counts.entry(counter).or_default() += delta;
    }

    /// Appends to a log: its sequence number is given when the change is applied.
    pub fn append(&mut self, log: &Rows<u64>, entry: Entry) {
        self.entries.push((log.table, entry));
    }

    /// Adds all that another change part writes.
    pub fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        for (counter, delta) in other.counts {
            self.count(counter, delta);
        }
        self.entries.extend(other.entries);
    }

    /// The rows written so far, for checks that compare them with what is stored.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The counts written so far, likewise.
    pub fn counts(&self) -> impl Iterator<Item = (&Counter, i64)> {
        self.counts.iter().map(|(counter, delta)| (counter, *delta))
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writes")
            .field("rows", &self.rows.len())
            .field("counts", &self.counts.len())
            .field("entries", &self.entries.len())
            .finish()
    }
}
