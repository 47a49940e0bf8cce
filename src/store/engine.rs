//! The one file that speaks redb: opening, snapshots, batches.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::OnceLock;

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, StorageBackend, TableDefinition, TableError, WriteTransaction,
};

use super::disk::Disk;
use super::keys::Key;
use super::reads::{Order, Range, Reads, Visit, malformed, read_count};
use super::tables::{ALL, COUNTERS, META, Table};
use super::writes::{Row, Writes};
use crate::error::{Error, Result};

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

fn definition(table: Table) -> Definition {
    TableDefinition::new(table.name)
}

/// An engine's failure as ours.
pub(super) fn failed(cause: impl Into<redb::Error>) -> Error {
    Error::internal(cause.into())
}

/// A bounded key range in the engine's terms.
fn bounds(range: &Range) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let end = range
        .end
        .as_deref()
        .map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(range.start.as_slice()), end)
}

/// Visits the rows of an open table.
fn visit_table(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: &Range,
    order: Order,
    visit: Visit<'_>,
) -> Result<()> {
    if range.end.as_ref().is_some_and(|end| *end <= range.start) {
        return Ok(());
    }
    let mut rows = table.range::<&[u8]>(bounds(range)).map_err(failed)?;
    loop {
        let next = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        };
        let Some(row) = next else { return Ok(()) };
        let (key, value) = row.map_err(failed)?;
        if visit(key.value(), value.value())? == ControlFlow::Break(()) {
            return Ok(());
        }
    }
}

/// The tables as they were after one commit. Cheap to share; tables are opened when first read.
pub struct Snapshot {
    pub(super) transaction: ReadTransaction,
    tables: Vec<OnceLock<ReadOnlyTable<&'static [u8], &'static [u8]>>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self> {
        let transaction = database.begin_read().map_err(failed)?;
        Ok(Self {
            transaction,
            tables: ALL.iter().map(|_| OnceLock::new()).collect(),
        })
    }

    /// How many rows each table has, by its name.
    ///
    /// # Errors
    /// What the engine says.
    pub fn row_counts(&self) -> Result<BTreeMap<String, u64>> {
        let count = |table: &Table| {
            let rows = self.table(*table)?.len().map_err(failed)?;
            Ok((table.name.to_owned(), rows))
        };
        ALL.iter().map(count).collect()
    }

    fn table(&self, table: Table) -> Result<&ReadOnlyTable<&'static [u8], &'static [u8]>> {
        let slot = &self.tables[table.number];
        if let Some(open) = slot.get() {
            return Ok(open);
        }
        let open = self
            .transaction
            .open_table(definition(table))
            .map_err(failed)?;
        Ok(slot.get_or_init(|| open))
    }
}

impl Reads for Snapshot {
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.table(table)?.get(key).map_err(failed)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()> {
        visit_table(self.table(table)?, range, order, visit)
    }
}

/// A table of ordered bytes, open for writing.
type OpenTable<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// One write transaction under way: what changes read, and where the writer puts what they return.
pub struct Batch<'t> {
    transaction: &'t WriteTransaction,
    tables: RefCell<HashMap<usize, OpenTable<'t>>>,
    /// The rows written so far, for the views.
    written: RefCell<Vec<Row>>,
    bytes: std::cell::Cell<usize>,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch of {} bytes", self.bytes.get())
    }
}

impl<'t> Batch<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Self {
        Self {
            transaction,
            tables: RefCell::default(),
            written: RefCell::default(),
            bytes: std::cell::Cell::new(0),
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
        let before = self
            .get_bytes(COUNTERS.table, key)?
            .map_or(Ok(0), |bytes| read_count(&bytes))?;
        let after = before + delta;
        let value = (after != 0).then(|| after.to_be_bytes().to_vec());
        self.write(Row {
            table: COUNTERS.table,
            key: key.to_vec(),
            value,
        })
    }

    fn append(&self, log: Table, entry: super::writes::Entry) -> Result<()> {
        let head = format!("log.{}", log.name).to_bytes();
        let newest = match self.get_bytes(META.table, &head)? {
            None => 0,
            Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| malformed(META.table))?),
        };
        let previous = self.get_bytes(log, &newest.to_bytes())?;
        let number = newest + 1;
        let appended = entry(number, previous.as_deref())?;
        self.write(Row {
            table: log,
            key: number.to_bytes(),
            value: Some(appended.value),
        })?;
        for row in appended.rows {
            self.write(row)?;
        }
        self.write(Row {
            table: META.table,
            key: head,
            value: Some(number.to_be_bytes().to_vec()),
        })
    }

    /// How many bytes were written so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Ends the batch and gives its rows in the order they were written.
    pub(super) fn into_rows(self) -> Vec<Row> {
        self.written.into_inner()
    }
}

impl Reads for Batch<'_> {
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(table, |open| {
            Ok(open
                .get(key)
                .map_err(failed)?
                .map(|value| value.value().to_vec()))
        })
    }

    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()> {
        self.with(table, |open| visit_table(open, range, order, visit))
    }
}

/// Puts one row outside any change: migrations only.
pub(super) fn put(
    transaction: &WriteTransaction,
    table: Table,
    key: &[u8],
    value: &[u8],
) -> Result<()> {
    transaction
        .open_table(definition(table))
        .map_err(failed)?
        .insert(key, value)
        .map_err(failed)?;
    Ok(())
}

/// A disk as the engine takes it.
#[derive(Debug)]
struct Backend(Box<dyn Disk>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_size(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

/// Opens the database on a disk, making it where there is none.
pub(super) fn open_on(disk: Box<dyn Disk>) -> Result<Database> {
    let database = Database::builder().create_with_backend(Backend(disk));
    database.map_err(failed)
}

/// Whether somebody has a file open as a database.
pub(super) fn is_held(file: &Path) -> bool {
    matches!(
        Database::open(file),
        Err(DatabaseError::DatabaseAlreadyOpen)
    )
}

/// Moves pages to the front of the file until none is left to move, and cuts it off.
pub(super) fn compact(database: &mut Database) -> Result<()> {
    while database.compact().map_err(failed)? {}
    Ok(())
}

/// Makes every table that is not there yet, so that snapshots can open them all.
pub(super) fn create_tables(transaction: &WriteTransaction) -> Result<()> {
    for table in ALL {
        transaction.open_table(definition(*table)).map_err(failed)?;
    }
    Ok(())
}

/// The stored schema version; 0 for a new file.
pub(super) fn schema(database: &Database) -> Result<u32> {
    let transaction = database.begin_read().map_err(failed)?;
    let meta = match transaction.open_table(definition(META.table)) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(0),
        Err(error) => return Err(failed(error)),
    };
    let value = meta
        .get("schema".to_owned().to_bytes().as_slice())
        .map_err(failed)?;
    value.map_or(Ok(0), |value| {
        value
            .value()
            .try_into()
            .map(u32::from_be_bytes)
            .map_err(|_| malformed(META.table))
    })
}

/// Copies every table of a database into a new file, for its owner only: the state after its last commit.
pub(super) fn copy(database: &Database, to: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let source = database.begin_read().map_err(failed)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(Error::internal)?;
    let target = Database::create(to).map_err(failed)?;
    let transaction = target.begin_write().map_err(failed)?;
    for handle in source.list_tables().map_err(failed)? {
        let name = redb::TableHandle::name(&handle).to_owned();
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(&name);
        let from = source.open_table(definition).map_err(failed)?;
        let mut into = transaction.open_table(definition).map_err(failed)?;
        for row in from.range::<&[u8]>(..).map_err(failed)? {
            let (key, value) = row.map_err(failed)?;
            into.insert(key.value(), value.value()).map_err(failed)?;
        }
    }
    transaction.commit().map_err(failed)
}
