//! The engine, redb: opening, and the tables of one state.

use std::collections::BTreeMap;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{
    Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, StorageBackend, TableDefinition, TableError, WriteTransaction,
};

use super::disk::Disk;
use super::keys::Key;
use super::reads::{Order, Range, Reads, Visit, malformed};
use super::tables::{ALL, META, Table};
use crate::error::{Error, Result};

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

pub(super) fn definition(table: Table) -> Definition {
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
pub(super) fn visit_table(
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
    number: u64,
    tables: Vec<OnceLock<ReadOnlyTable<&'static [u8], &'static [u8]>>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self> {
        static TAKEN: AtomicU64 = AtomicU64::new(1);
        let transaction = database.begin_read().map_err(failed)?;
        Ok(Self {
            transaction,
            number: TAKEN.fetch_add(1, Ordering::Relaxed),
            tables: ALL.iter().map(|_| OnceLock::new()).collect(),
        })
    }

    /// Tells this state from every other that this process has read.
    pub fn number(&self) -> u64 {
        self.number
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
