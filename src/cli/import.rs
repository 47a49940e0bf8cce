//! `driftsentry import`: makes a store of an export.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::backup::restore::{self, Lines, Source, restore};
use crate::cli::backup::{Place, failed};
use crate::cli::bar::Bar;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;
use crate::store::FILE_NAME;
use crate::time::Timestamp;

/// Make a store of what `driftsentry export` wrote, in a data directory without one
///
/// Every line is verified, and everything is checked before it counts: what was changed or cut off is refused with its line,
/// and leaves nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry import drift.ndjson --data-dir ./new
  zstd -dc drift.ndjson.zst | driftsentry import - --data-dir ./new

Exit codes: 0 done, 65 the export was changed or cut off, or there is a store already, 66 there is no such file, 69 or 74 the
directory can't be written.")]
pub(super) struct Args {
    /// The export; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.place.config()?.data_dir;
    // What an interrupted restore left half-way is a store, too.
    if dir.exists() {
        restore::finish(&dir).map_err(failed)?;
    }
    if dir.join(FILE_NAME).exists() {
        let message = format!(
            "there is a store in {} already: name an empty or a new directory with --data-dir.",
            dir.display()
        );
        return Err(Failure::new(Exit::Data, message));
    }
    let (lines, bytes) = open(&args.file)?;
    let mut source = Source::Export(Lines(lines), bytes);
    let mut bar = Bar::new();
    let restored = restore(&mut source, &dir, None, Timestamp::now(), &mut |progress| {
        bar.tell(progress);
    });
    bar.clear();
    let restored = restored.map_err(failed)?;
    print(&format!(
        "Imported {} rows into {}: all of it is sound.\n  The keys of the server it came from are not in an export: copy \
         its fingerprint.key and audit.key there before the first start, or hidden values count as changed once.\n",
        restored.rows,
        dir.display()
    ))
}

fn open(path: &Path) -> Result<(Box<dyn BufRead>, u64), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), 0));
    }
    let file = std::fs::File::open(path).map_err(|error| {
        Failure::new(
            Exit::NoInput,
            format_args!("{} can't be read: {error}.", path.display()),
        )
    })?;
    let bytes = file.metadata().map_or(0, |file| file.len());
    Ok((Box::new(BufReader::with_capacity(1 << 20, file)), bytes))
}
