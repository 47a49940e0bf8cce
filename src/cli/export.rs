//! `driftsentry export`: all data as lines of JSON.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::backup::folder::Unfinished;
use crate::backup::{ndjson, restore};
use crate::cli::backup::{Place, failed};
use crate::cli::bar::Bar;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::{look_for_store, refused};
use crate::control;
use crate::store::FILE_NAME;
use crate::time::Timestamp;

/// Write all data as lines of JSON, which need no DriftSentry to be read; also while the server runs
///
/// Every row of every table by name, of one moment. Secrets are in it only as they are stored: hashes of passwords, of API
/// keys and of refresh tokens. The keys beside the database are not: move fingerprint.key and audit.key yourself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry export --output drift.ndjson
  driftsentry export --data-dir /var/lib/driftsentry | zstd > drift.ndjson.zst
  driftsentry export | jq -r 'select(.table == \"drifts.v1\") | .value.address'

Exit codes: 0 done, 66 there is no store, 69 the store is open elsewhere and no server answers, 73 nothing can be
written there, 74 the disk is full or fails, 75 a backup is being taken: try later, 77 not as this user.")]
pub(super) struct Args {
    /// Where to; standard output without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.place.config()?.data_dir;
    let file = args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    if file.is_none() && io::stdout().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "an export is long: pipe it somewhere, or name a file with --output.",
        ));
    }
    look_for_store(&dir)?;
    let mut bar = Bar::new();
    let unnamed = Unfinished::beside(&dir.join(FILE_NAME))
        .map_err(|error| Failure::new(Exit::CantCreate, error))?;
    let mut archived = BufWriter::new(&unnamed.file);
    control::backup(&dir, Timestamp::now(), &mut archived, &mut |progress| {
        bar.tell(progress);
    })
    .map_err(refused)?;
    archived
        .flush()
        .map_err(|error| Failure::new(Exit::Io, format_args!("can't write: {error}")))?;
    drop(archived);
    let (tables, manifest) = restore::tables_of(unnamed.path(), &dir).map_err(failed)?;
    drop(unnamed);
    let mut write = |out: &mut dyn Write| {
        ndjson::export(&tables.snapshot, &manifest, out, &mut |progress| {
            bar.tell(progress);
        })
        .map_err(failed)
    };
    let rows = match file {
        None => write(&mut BufWriter::new(io::stdout().lock()))?,
        Some(path) => {
            let unfinished =
                Unfinished::beside(path).map_err(|error| Failure::new(Exit::CantCreate, error))?;
            let rows = write(&mut BufWriter::new(&unfinished.file))?;
            unfinished.finish(path).map_err(failed)?;
            rows
        }
    };
    bar.done(&format!("Exported {rows} rows."));
    Ok(())
}
