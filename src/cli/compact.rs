//! `driftsentry compact`: gives back what a stopped store's file no longer needs.

use crate::backup::restore;
use crate::cli::backup::{Place, failed};
use crate::cli::bar::size;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;
use crate::store::{self, FILE_NAME};

/// Make the file of a stopped store as small as what is in it
///
/// A database keeps the room of what was removed for what comes next: this is worth it after much was removed at once. What
/// is moved within the file is committed step by step, so that a kill at any moment loses nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  systemctl stop driftsentry && driftsentry compact --data-dir /var/lib/driftsentry && systemctl start driftsentry

Exit codes: 0 done, 66 there is no store, 69 a server has it open, 74 the disk fails.")]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.place.config()?.data_dir;
    if dir.exists() {
        restore::finish(&dir).map_err(failed)?;
    }
    let exists = dir.join(FILE_NAME).try_exists().map_err(|error| {
        let message = format!(
            "this user can't look into the data directory {} ({error}): run this as its owner or as root.",
            dir.display()
        );
        Failure::new(Exit::NoPermission, message)
    })?;
    if !exists {
        let message = format!(
            "there is no store in {}: name the server's data directory with --data-dir.",
            dir.display()
        );
        return Err(Failure::new(Exit::NoInput, message));
    }
    let sizes = store::compact(&dir).map_err(failed)?;
    print(&format!(
        "The database took {} and takes {} now.\n",
        size(sizes.before_bytes),
        size(sizes.after_bytes)
    ))
}
