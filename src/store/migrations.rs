//! How the disk format moves on: numbered steps, one transaction each, a copy of the file before the first.

use std::fs::File;
use std::path::Path;

use redb::{Database, WriteTransaction};

use super::engine::{self, failed};
use super::keys::Key;
use super::progress::{Progress, Stage};
use super::secrets;
use super::tables::META;
use crate::error::{Error, Result, Unusable};

/// One step of the disk format.
#[derive(Debug)]
pub(super) struct Migration {
    /// The schema version it leads to.
    pub(super) version: u32,
    /// What it does, for the log.
    pub(super) what: &'static str,
    /// Does it. Must come to the same end when run again from the start.
    pub(super) run: fn(&WriteTransaction) -> Result<()>,
}

/// Every step, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        what: "create the tables",
        run: create,
    },
    Migration {
        version: 2,
        what: "add the tables of users, sessions and API keys",
        run: engine::create_tables,
    },
    Migration {
        version: 3,
        what: "add the journal of changed rows",
        run: engine::create_tables,
    },
];

fn create(transaction: &WriteTransaction) -> Result<()> {
    engine::create_tables(transaction)?;
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).map_err(|error| Error::internal(error.to_string()))?;
    engine::put(
        transaction,
        META.table,
        &"instance".to_owned().to_bytes(),
        &instance,
    )
}

/// What the name of the copy begins and ends with that is made before a database is brought to a schema.
const COPY_START: &str = "driftsentry.before-schema-";
const COPY_END: &str = ".redb";

/// Whether a file is named as such a copy.
pub fn is_copy_before_upgrade(name: &str) -> bool {
    name.starts_with(COPY_START) && name.ends_with(COPY_END)
}

/// Brings a database to the newest schema.
///
/// # Errors
/// `Unusable`, when the file is newer than this program; else what the engine says.
pub(super) fn migrate(
    database: &Database,
    file: Option<&Path>,
    steps: &[Migration],
    progress: &Progress,
) -> Result<()> {
    let stored = engine::schema(database)?;
    let newest = steps.last().map_or(0, |step| step.version);
    if stored > newest {
        return Err(Error::unusable(
            Unusable::Data,
            format!(
                "The database has schema version {stored}, this program reads up to {newest}: install the newer \
                 driftsentry again, or restore the backup made before the upgrade."
            ),
        ));
    }
    if stored == newest {
        return Ok(());
    }
    progress.enter(Stage::Migrating);
    if let (Some(file), 1..) = (file, stored) {
        let copy = file.with_file_name(format!("{COPY_START}{newest}{COPY_END}"));
        // One of the same schema is of an earlier upgrade that was taken back; an older one is of this upgrade, cut off midway.
        let is_of_this = copy.exists()
            && Database::open(&copy)
                .map_err(failed)
                .and_then(|copy| engine::schema(&copy))
                .is_ok_and(|schema| schema < stored);
        if !is_of_this {
            let part = copy.with_extension("part");
            let _ = std::fs::remove_file(&part);
            super::room_for(
                file.parent().unwrap_or(Path::new(".")),
                super::disk_bytes(file),
            )?;
            engine::copy(database, &part).inspect_err(|_| drop(std::fs::remove_file(&part)))?;
            // Where root's command is the first to open it, the copy is the server's all the same.
            if let Some(dir) = file.parent() {
                File::open(&part)
                    .and_then(|made| secrets::give_to_owner_of(dir, &made))
                    .map_err(Error::internal)?;
            }
            std::fs::rename(&part, &copy).map_err(Error::internal)?;
            tracing::info!(copy = %copy.display(), "Copied the database before migrating it");
        }
    }
    for step in steps.iter().filter(|step| step.version > stored) {
        progress.enter(Stage::Migrating);
        let mut transaction = database.begin_write().map_err(failed)?;
        transaction.set_two_phase_commit(true);
        (step.run)(&transaction)?;
        engine::put(
            &transaction,
            META.table,
            &"schema".to_owned().to_bytes(),
            &step.version.to_be_bytes(),
        )?;
        transaction.commit().map_err(failed)?;
        tracing::info!(
            schema.version = step.version,
            what = step.what,
            "Migrated the database"
        );
    }
    Ok(())
}
