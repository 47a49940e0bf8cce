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

/// The schema version that this program writes.
pub fn newest_schema() -> u32 {
    MIGRATIONS.last().map_or(0, |step| step.version)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::sync::Arc;

    use super::*;
    use crate::store::tests::{named, open, stored};
    use crate::store::{FILE_NAME, Options, Store};

    #[test]
    fn a_newer_database_is_refused_and_an_older_one_is_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let store = open(dir.path());
        store
            .write_blocking(|_, _| Ok(((), named("a", 1))))
            .unwrap();
        store.close();

        let database = redb::Database::create(&path).unwrap();
        let newer = MIGRATIONS.last().unwrap().version + 1;
        let next = Migration {
            version: newer,
            what: "test",
            run: |_| Ok(()),
        };
        let progress = Progress::new(Arc::new(|_| {}));
        migrate(&database, Some(&path), &[next], &progress).unwrap();
        drop(database);
        let refused = Store::open(Options::new(dir.path()))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(&format!("schema version {newer}")) && refused.contains("backup"),
            "{refused}"
        );

        let copy = dir
            .path()
            .join(format!("driftsentry.before-schema-{newer}.redb"));
        std::fs::rename(&copy, &path).unwrap();
        assert_eq!(stored(&open(dir.path()), "a"), Some(1));
    }

    #[test]
    fn the_copy_before_an_upgrade_is_of_that_upgrade_and_no_earlier_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let newest = MIGRATIONS.last().unwrap().version;
        let copy = path.with_file_name(format!("driftsentry.before-schema-{}.redb", newest + 2));
        let progress = Progress::new(Arc::new(|_| {}));
        let step = |version, run| Migration {
            version,
            what: "test",
            run,
        };
        let write = |name: &'static str| {
            let store = open(dir.path());
            store
                .write_blocking(|_, _| Ok(((), named(name, 1))))
                .unwrap();
            store.close();
        };
        let in_the_copy = |name: &str| {
            let other = tempfile::tempdir().unwrap();
            std::fs::copy(&copy, other.path().join(FILE_NAME)).unwrap();
            stored(&open(other.path()), name)
        };
        write("before");
        // The second step fails: the first counts, and the copy is from before both.
        let fails: fn(&redb::WriteTransaction) -> Result<()> = |_| Err(Error::internal("it fails"));
        let works: fn(&redb::WriteTransaction) -> Result<()> = |_| Ok(());
        let upgrade = |second| {
            let database = redb::Database::create(&path).unwrap();
            let steps = [step(newest + 1, works), step(newest + 2, second)];
            migrate(&database, Some(&path), &steps, &progress)
        };
        assert!(upgrade(fails).is_err());
        assert_eq!(in_the_copy("before"), Some(1));
        let file = || std::fs::metadata(&copy).unwrap().ino();
        let made = file();
        upgrade(works).unwrap();
        assert_eq!(file(), made, "the same upgrade went on");

        // It is taken back, work goes on, and it is done again.
        std::fs::copy(&copy, &path).unwrap();
        write("between");
        assert_eq!(in_the_copy("between"), None);
        upgrade(works).unwrap();
        assert_eq!(in_the_copy("between"), Some(1));
    }
}
