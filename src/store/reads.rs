//! What a change and a request may read.

use std::ops::ControlFlow;

use serde::de::DeserializeOwned;

use super::codec;
use super::keys::{Key, after_prefix};
use super::tables::{COUNTERS, Rows, Table};
use super::writes::Counter;
use crate::error::{Error, Result};

/// Which end of a range to begin at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By ascending key.
    Ascending,
    /// By descending key.
    Descending,
}

/// A stretch of keys: from `start` on, up to and without `end`; `None` for no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The first key.
    pub start: Vec<u8>,
    /// The first key after the last one.
    pub end: Option<Vec<u8>>,
}

impl Range {
    /// Every key.
    pub fn all() -> Self {
        Self {
            start: Vec::new(),
            end: None,
        }
    }

    /// Every key that begins with these bytes.
    pub fn prefix(prefix: &impl Key) -> Self {
        let start = prefix.to_bytes();
        Self {
            end: after_prefix(&start),
            start,
        }
    }

    /// From one key up to and without another.
    pub fn between(start: &impl Key, end: &impl Key) -> Self {
        Self {
            start: start.to_bytes(),
            end: Some(end.to_bytes()),
        }
    }
}

/// Calls for each row of a range: key bytes, value bytes.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>;

/// A consistent view of the tables: a snapshot, or a batch that is being written.
pub trait Reads {
    /// The bytes under a key.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the store can't be read.
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Visits the rows of a range in order until the visitor breaks.
    ///
    /// # Errors
    /// The visitor's, or as [`Reads::get_bytes`].
    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()>;

    /// The row under a key.
    ///
    /// # Errors
    /// As [`Reads::get_bytes`], and `Internal` when it can't be decoded.
    fn get<K: Key, V: DeserializeOwned>(&self, rows: &Rows<K>, key: &K) -> Result<Option<V>> {
        self.get_bytes(rows.table, &key.to_bytes())?
            .map(|bytes| codec::decode(&bytes))
            .transpose()
    }

    /// The key that an index holds as its value.
    ///
    /// # Errors
    /// As [`Reads::get`].
    fn get_key<K: Key, V: Key>(&self, index: &Rows<K>, key: &K) -> Result<Option<V>> {
        self.get_bytes(index.table, &key.to_bytes())?
            .map(|bytes| V::from_bytes(&bytes).ok_or_else(|| malformed(index.table)))
            .transpose()
    }

    /// Whether there is such a row.
    ///
    /// # Errors
    /// As [`Reads::get_bytes`].
    fn has<K: Key>(&self, rows: &Rows<K>, key: &K) -> Result<bool> {
        Ok(self.get_bytes(rows.table, &key.to_bytes())?.is_some())
    }

    /// The decoded rows of a range, at most `limit`.
    ///
    /// # Errors
    /// As [`Reads::get`].
    fn rows<K: Key, V: DeserializeOwned>(
        &self,
        rows: &Rows<K>,
        range: &Range,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(K, V)>> {
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        self.visit(rows.table, range, order, &mut |key, value| {
            found.push((
                K::from_bytes(key).ok_or_else(|| malformed(rows.table))?,
                codec::decode(value)?,
            ));
            Ok(if found.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(found)
    }

    /// The keys of a range, at most `limit`.
    ///
    /// # Errors
    /// As [`Reads::get`].
    fn keys<K: Key>(
        &self,
        rows: &Rows<K>,
        range: &Range,
        order: Order,
        limit: usize,
    ) -> Result<Vec<K>> {
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        self.visit(rows.table, range, order, &mut |key, _| {
            found.push(K::from_bytes(key).ok_or_else(|| malformed(rows.table))?);
            Ok(if found.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(found)
    }

    /// What a counter stands at; 0 where nothing was counted.
    ///
    /// # Errors
    /// As [`Reads::get`].
    fn counter(&self, counter: &Counter) -> Result<i64> {
        match self.get_bytes(COUNTERS.table, counter.key())? {
            None => Ok(0),
            Some(bytes) => read_count(&bytes),
        }
    }

    /// Visits the counters whose key begins as this one does, with what follows in the key.
    ///
    /// # Errors
    /// The visitor's, or as [`Reads::get`].
    fn counters_under(
        &self,
        head: &Counter,
        visit: &mut dyn FnMut(&[u8], i64) -> Result<()>,
    ) -> Result<()> {
        let start = head.key().to_vec();
        let range = Range {
            end: after_prefix(&start),
            start,
        };
        let length = range.start.len();
        self.visit(
            COUNTERS.table,
            &range,
            Order::Ascending,
            &mut |key, value| {
                visit(&key[length..], read_count(value)?)?;
                Ok(ControlFlow::Continue(()))
            },
        )
    }
}

/// A counter's stored bytes as a number.
pub(super) fn read_count(bytes: &[u8]) -> Result<i64> {
    bytes
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| malformed(COUNTERS.table))
}

/// A row that is not what its table says.
pub(super) fn malformed(table: Table) -> Error {
    Error::internal(format!(
        "a row of {} is malformed: run `driftsentry check` on a copy",
        table.name
    ))
}
