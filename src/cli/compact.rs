//! `driftsentry compact`: gives back what a stopped store's file no longer needs.

use crate::backup::restore;
use crate::cli::backup::{Place, failed};
use crate::cli::bar::size;
use crate::cli::exit::Failure;
use crate::cli::on_machine::{look_for_store, print};
use crate::store;

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
    look_for_store(&dir)?;
    restore::finish(&dir).map_err(failed)?;
    let sizes = store::compact(&dir).map_err(failed)?;
    print(&format!(
        "The database took {} and takes {} now.\n",
        size(sizes.before_bytes),
        size(sizes.after_bytes)
    ))
}
