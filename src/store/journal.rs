//! Which rows changed with which commit, so that views saved earlier can be brought up to date at the next start.
//!
//! Each commit that touches a table of [`NOTED`] has a row, written in its transaction: a number, and a token of its own
//! that no other history of this store can have. What was saved names both, so that it is never taken for a state of a
//! store that was restored from a backup since and has gone another way.
//!
//! A row, after the token: for each table the position in [`NOTED`], the number of keys, and each key's length and bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::batch::Batch;
use super::engine::Snapshot;
use super::keys::Key;
use super::reads::{Order, Range, Reads, malformed};
use super::tables::{ALERTS, DRIFTS, JOURNAL, META, SCANS, Table};
use super::writes::Row;
use crate::error::{Error, Result};

/// The tables that are noted: those of views that are saved. New ones go to the end.
const NOTED: [Table; 3] = [DRIFTS.table, ALERTS.table, SCANS.table];

/// Where nobody saves views, the journal keeps so many keys: more are not worth reading, a view is built as quickly.
const MOST_KEYS: u64 = 1_000_000;

/// How many rows a commit removes at most, so that none has to wait long.
const PRUNED_AT_ONCE: usize = 8;

/// A point in the life of a store: the state after one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) token: [u8; 16],
}

/// The journal's end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    pub(super) mark: Mark,
    /// How many keys the journal holds.
    pub(super) keys: u64,
}

fn head_key() -> Vec<u8> {
    "journal".to_owned().to_bytes()
}

impl Head {
    /// The journal's end as it is stored; all zeros before the first commit that it notes.
    ///
    /// # Errors
    /// What reading says.
    pub(super) fn of(read: &impl Reads) -> Result<Self> {
        let Some(bytes) = read.get_bytes(META.table, &head_key())? else {
            return Ok(Self::default());
        };
        let fields = || {
            let (number, rest) = bytes.split_first_chunk()?;
            let (token, rest) = rest.split_first_chunk()?;
            Some(Self {
                mark: Mark {
                    number: u64::from_be_bytes(*number),
                    token: *token,
                },
                keys: u64::from_be_bytes(rest.try_into().ok()?),
            })
        };
        fields().ok_or_else(|| malformed(META.table))
    }

    fn write(self, batch: &Batch<'_>) -> Result<()> {
        let mut value = self.mark.number.to_be_bytes().to_vec();
        value.extend_from_slice(&self.mark.token);
        value.extend_from_slice(&self.keys.to_be_bytes());
        batch.write(Row {
            table: META.table,
            key: head_key(),
            value: Some(value),
        })
    }
}

/// A commit's keys: for each table of [`NOTED`], those that it wrote, each once.
type Keys = BTreeMap<u8, BTreeSet<Vec<u8>>>;

fn encode(token: [u8; 16], keys: &Keys) -> Result<Vec<u8>> {
    let mut value = token.to_vec();
    for (table, keys) in keys {
        value.push(*table);
        let count = u32::try_from(keys.len()).map_err(Error::internal)?;
        value.extend_from_slice(&count.to_be_bytes());
        for key in keys {
            value.push(u8::try_from(key.len()).map_err(Error::internal)?);
            value.extend_from_slice(key);
        }
    }
    Ok(value)
}

fn decode(value: &[u8]) -> Option<([u8; 16], Keys)> {
    let (token, mut rest) = value.split_first_chunk()?;
    let mut keys = Keys::new();
    while let [table, after @ ..] = rest {
        let (count, mut after) = after.split_first_chunk()?;
        let of_table = keys.entry(*table).or_default();
        for _ in 0..u32::from_be_bytes(*count) {
            let (length, key) = after.split_first()?;
            let (key, others) = key.split_at_checked(usize::from(*length))?;
            of_table.insert(key.to_vec());
            after = others;
        }
        rest = after;
    }
    Some((*token, keys))
}

fn count(keys: &Keys) -> u64 {
    keys.values().map(|keys| keys.len() as u64).sum()
}

/// Notes what a batch has written so far, and removes what is no longer needed: the rows before `saved`. Gives the journal's
/// new end and how many keys were noted; none where nothing had to be.
///
/// # Errors
/// What reading and writing say.
pub(super) fn note(batch: &Batch<'_>, saved: u64) -> Result<Option<(Head, u64)>> {
    let mut keys = Keys::new();
    batch.written(|row| {
        if let Some(table) = (0..).zip(NOTED).find(|(_, noted)| *noted == row.table) {
            keys.entry(table.0).or_default().insert(row.key.clone());
        }
    });
    if keys.is_empty() {
        return Ok(None);
    }
    let mut head = Head::of(batch)?;
    let noted = count(&keys);
    let mut token = [0; 16];
    getrandom::fill(&mut token).map_err(|error| Error::internal(error.to_string()))?;
    let number = head.mark.number + 1;
    batch.write(Row {
        table: JOURNAL.table,
        key: number.to_bytes(),
        value: Some(encode(token, &keys)?),
    })?;
    head = Head {
        mark: Mark { number, token },
        keys: head.keys + noted,
    };
    let below = if head.keys > MOST_KEYS { number } else { saved };
    head.keys = head.keys.saturating_sub(prune(batch, below)?);
    head.write(batch)?;
    Ok(Some((head, noted)))
}

/// Removes some of the rows before a number, the oldest first, and tells how many keys those had.
fn prune(batch: &Batch<'_>, below: u64) -> Result<u64> {
    let (mut old, mut keys) = (Vec::new(), 0);
    let range = Range::between(&0_u64, &below);
    batch.visit(
        JOURNAL.table,
        &range,
        Order::Ascending,
        &mut |key, value| {
            // One that is damaged goes like the others: nothing but a start reads it.
            keys += decode(value).map_or(0, |(_, of_row)| count(&of_row));
            old.push(key.to_vec());
            Ok(if old.len() < PRUNED_AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    for key in old {
        batch.write(Row {
            table: JOURNAL.table,
            key,
            value: None,
        })?;
    }
    Ok(keys)
}

/// The rows that have changed since a mark, as they are now, in the order of their keys; none where the mark is not of
/// this store's history, or it lies too far back.
///
/// # Errors
/// What reading says.
pub(super) fn since(read: &impl Reads, mark: Mark) -> Result<Option<Vec<Row>>> {
    // Before the first commit every state of a store has the same mark.
    if mark == Mark::default() {
        return Ok(None);
    }
    if Head::of(read)?.mark == mark {
        return Ok(Some(Vec::new()));
    }
    let Some(own) = read.get_bytes(JOURNAL.table, &mark.number.to_bytes())? else {
        return Ok(None);
    };
    let (token, _) = decode(&own).ok_or_else(|| malformed(JOURNAL.table))?;
    if token != mark.token {
        return Ok(None);
    }
    let mut changed = Keys::new();
    let range = Range {
        start: (mark.number + 1).to_bytes(),
        end: None,
    };
    read.visit(JOURNAL.table, &range, Order::Ascending, &mut |_, value| {
        let (_, keys) = decode(value).ok_or_else(|| malformed(JOURNAL.table))?;
        for (table, keys) in keys {
            changed.entry(table).or_default().extend(keys);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut rows = Vec::new();
    for (table, keys) in changed {
        let table = *NOTED
            .get(usize::from(table))
            .ok_or_else(|| malformed(JOURNAL.table))?;
        for key in keys {
            let value = read.get_bytes(table, &key)?;
            rows.push(Row { table, key, value });
        }
    }
    Ok(Some(rows))
}

/// How many rows the journal has, and what is wrong with it: for checks.
///
/// # Errors
/// What reading says.
pub fn check_journal(read: &Snapshot) -> Result<(u64, Vec<String>)> {
    let (mut rows, mut problems) = (0, Vec::new());
    let (mut last, mut keys) = (None::<Mark>, 0);
    read.visit(
        JOURNAL.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            rows += 1;
            match (u64::from_bytes(key), decode(value)) {
                (Some(number), Some((token, of_row))) => {
                    if last.is_some_and(|last| last.number + 1 != number) {
                        problems.push(format!("there is a gap before the commit {number}"));
                    }
                    last = Some(Mark { number, token });
                    keys += count(&of_row);
                }
                _ => problems.push(format!("the row {} is malformed", crate::hex::encode(key))),
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let head = Head::of(read)?;
    if last.is_some_and(|last| last != head.mark) || last.is_none() && head.keys > 0 {
        problems.push("it doesn't end where it should".to_owned());
    }
    if keys != head.keys {
        problems.push(format!("it holds {keys} keys and says {}", head.keys));
    }
    Ok((rows, problems))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ScanId;
    use crate::store::{Options, Store, Writes};
    use crate::time::Timestamp;

    #[test]
    fn nothing_can_be_told_since_before_the_first_commit() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        })
        .unwrap();
        let told = |mark| store.read(|read| since(read, mark)).unwrap();
        // Every store begins with this mark: what was saved then may be another's.
        assert_eq!(store.read(Head::of).unwrap().mark, Mark::default());
        assert!(told(Mark::default()).is_none());
        store
            .write_blocking(|_, _| {
                let mut writes = Writes::new();
                writes.put_bytes(&SCANS, &ScanId::new(Timestamp::now()), vec![1]);
                Ok(((), writes))
            })
            .unwrap();
        let first = store.read(Head::of).unwrap().mark;
        assert_eq!(told(first).map(|rows| rows.len()), Some(0));
        assert!(told(Mark::default()).is_none());
        let another = Mark {
            token: [7; 16],
            ..first
        };
        assert!(told(another).is_none());
        assert!(told(Mark { number: 9, ..first }).is_none());
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let mut keys = Keys::new();
        keys.entry(0).or_default().insert(vec![1, 2, 3]);
        keys.entry(0).or_default().insert(Vec::new());
        keys.entry(2).or_default().insert(vec![9; 200]);
        let value = encode([7; 16], &keys).unwrap();
        assert_eq!(decode(&value), Some(([7; 16], keys)));
        for cut in [0, 15, 17, 20, 22, value.len() - 1] {
            assert_eq!(decode(&value[..cut]), None, "{cut}");
        }
    }
}
