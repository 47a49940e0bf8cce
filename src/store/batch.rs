//! One write transaction under way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use redb::{ReadableTable, TableError, WriteTransaction};

use super::engine::{definition, failed, visit_table};
use super::keys::Key;
use super::reads::{Order, Range, Reads, Visit, malformed, read_count};
use super::tables::{COUNTERS, META, Table};
use super::writes::{Entry, Row, Writes};
use crate::error::{Error, Result};

/// A table of ordered bytes, open for writing.
type OpenTable<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// One write transaction under way: what changes read, and where the writer puts what they return.
pub struct Batch<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<HashMap<usize, OpenTable<'t>>>,
    /// The rows written so far, for the views.
    written: RefCell<Vec<Row>>,
    bytes: Cell<usize>,
    /// What nearly each change of a batch changes, and what is therefore written at its end, or before it is read.
    counts: RefCell<BTreeMap<Vec<u8>, i64>>,
    logs: RefCell<BTreeMap<usize, Log>>,
}

/// The end of a log that was appended to.
struct Log {
    newest: u64,
    last: Option<Vec<u8>>,
    head: Vec<u8>,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch of {} bytes", self.bytes.get())
    }
}

impl<'t> Batch<'t> {
    /// `rows` is where the rows that are written go: empty, and used again for its room.
    pub(super) fn new(transaction: &'t WriteTransaction, rows: Vec<Row>) -> Self {
        Self {
            transaction,
            tables: RefCell::default(),
            written: RefCell::new(rows),
            bytes: Cell::new(0),
            counts: RefCell::default(),
            logs: RefCell::default(),
        }
    }

    /// Works on a table, opened once for the whole batch.
    fn with<T>(
        &self,
        table: Table,
        work: impl FnOnce(&mut OpenTable<'t>) -> Result<T>,
    ) -> Result<T> {
        // Taken out while in use, so that a visitor may read another table, or this one through its own handle.
        let open = self.tables.borrow_mut().remove(&table.number);
        let mut open = match open {
            Some(open) => open,
            None => {
                self.transaction
                    .open_table(definition(table))
                    .map_err(|error| match error {
                        TableError::TableAlreadyOpen(..) => Error::internal(format!(
                            "{} was read while it was being visited",
                            table.name
                        )),
                        other => failed(other),
                    })?
            }
        };
        let result = work(&mut open);
        self.tables.borrow_mut().insert(table.number, open);
        result
    }

    /// Calls for each row written so far.
    pub(super) fn written(&self, mut look: impl FnMut(&Row)) {
        self.written.borrow().iter().for_each(&mut look);
    }

    /// Puts or deletes one row.
    pub(super) fn write(&self, row: Row) -> Result<()> {
        let is_log = self.logs.borrow().contains_key(&row.table.number);
        self.settle(if is_log { META.table } else { row.table })?;
        self.put(row)
    }

    /// Writes what was put off of a table.
    fn settle(&self, table: Table) -> Result<()> {
        if table == COUNTERS.table {
            for (key, count) in self.counts.take() {
                self.put(Row {
                    table,
                    key,
                    value: (count != 0).then(|| count.to_be_bytes().to_vec()),
                })?;
            }
        } else if table == META.table {
            for log in self.logs.take().into_values() {
                self.put(Row {
                    table,
                    key: log.head,
                    value: Some(log.newest.to_be_bytes().to_vec()),
                })?;
            }
        }
        Ok(())
    }

    fn put(&self, row: Row) -> Result<()> {
        self.bytes
            .set(self.bytes.get() + row.key.len() + row.value.as_ref().map_or(0, Vec::len));
        self.with(row.table, |table| match &row.value {
            Some(value) => table
                .insert(row.key.as_slice(), value.as_slice())
                .map(drop)
                .map_err(failed),
            None => table.remove(row.key.as_slice()).map(drop).map_err(failed),
        })?;
        self.written.borrow_mut().push(row);
        Ok(())
    }

    /// Applies what a change returned.
    pub(super) fn apply(&self, writes: Writes) -> Result<()> {
        for row in writes.rows {
            self.write(row)?;
        }
        for (counter, delta) in writes.counts {
            if delta != 0 {
                self.count(counter.key(), delta)?;
            }
        }
        for (log, entry) in writes.entries {
            self.append(log, entry)?;
        }
        Ok(())
    }

    fn count(&self, key: &[u8], delta: i64) -> Result<()> {
        if let Some(count) = self.counts.borrow_mut().get_mut(key) {
            *count += delta;
            return Ok(());
        }
        let before = self
            .get(COUNTERS.table, key)?
            .map_or(Ok(0), |bytes| read_count(&bytes))?;
        self.counts
            .borrow_mut()
            .insert(key.to_vec(), before + delta);
        Ok(())
    }

    fn append(&self, table: Table, entry: Entry) -> Result<()> {
        let known = self.logs.borrow_mut().remove(&table.number);
        let mut log = match known {
            Some(log) => log,
            None => self.log(table)?,
        };
        log.newest += 1;
        let appended = entry(log.newest, log.last.as_deref())?;
        self.put(Row {
            table,
            key: log.newest.to_bytes(),
            value: Some(appended.value.clone()),
        })?;
        log.last = Some(appended.value);
        self.logs.borrow_mut().insert(table.number, log);
        appended
            .rows
            .into_iter()
            .try_for_each(|row| self.write(row))
    }

    /// The end of a log as it is stored.
    fn log(&self, table: Table) -> Result<Log> {
        let head = format!("log.{}", table.name).to_bytes();
        let newest = match self.get(META.table, &head)? {
            None => 0,
            Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| malformed(META.table))?),
        };
        Ok(Log {
            newest,
            last: self.get(table, &newest.to_bytes())?,
            head,
        })
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(table, |open| {
            let value = open.get(key).map_err(failed)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    /// How many bytes were written so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Writes what was put off: no change follows.
    ///
    /// # Errors
    /// What writing says.
    pub(super) fn end(&self) -> Result<()> {
        self.settle(COUNTERS.table)?;
        self.settle(META.table)
    }

    /// The rows in the order they were written.
    pub(super) fn into_rows(self) -> Vec<Row> {
        self.written.into_inner()
    }
}

impl Reads for Batch<'_> {
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.settle(table)?;
        self.get(table, key)
    }

    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()> {
        self.settle(table)?;
        self.with(table, |open| visit_table(open, range, order, visit))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::actor::Actor;
    use crate::audit::{self, Action, Draft};
    use crate::store::tests::{open, open_counting};
    use crate::store::{Counter, Store};

    #[test]
    fn a_change_sees_what_others_of_its_batch_counted_and_logged() {
        let dir = tempfile::tempdir().unwrap();
        let (store, batches) = open_counting(dir.path());
        let read_and_write = |store: &Store| {
            store
                .write_blocking(|read, now| {
                    let known = (read.counter(&Counter::new("test"))?, audit::newest(read)?);
                    let mut writes = Writes::new();
                    writes.count(Counter::new("test"), 1);
                    let by = Actor::local("test");
                    let draft = Draft::default();
                    audit::record(&mut writes, &by, Action::AlertRead, draft, now);
                    Ok((known, writes))
                })
                .unwrap()
        };
        let mut known = std::thread::scope(|scope| {
            // While this one takes its time, the others come to wait behind it.
            let slow = scope.spawn(|| {
                store.write_blocking(|_, _| {
                    std::thread::sleep(Duration::from_millis(300));
                    Ok(((), Writes::new()))
                })
            });
            std::thread::sleep(Duration::from_millis(100));
            let others: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| read_and_write(&store)))
                .collect();
            slow.join().unwrap().unwrap();
            others
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        known.sort_unstable();
        let expected: Vec<(i64, u64)> = (0..8).map(|n| (n, n as u64)).collect();
        assert_eq!(known, expected);
        store.close();
        assert!(
            batches.lock().unwrap().iter().any(|changes| *changes > 2),
            "{batches:?}"
        );
        let store = open(dir.path());
        let stored = store
            .read(|read| Ok((read.counter(&Counter::new("test"))?, audit::newest(read)?)))
            .unwrap();
        assert_eq!(stored, (8, 8));
    }
}
