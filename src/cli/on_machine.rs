//! What commands have in common that reach the running server on its machine, or the stopped one's store.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::exit::{Exit, Failure};
use crate::control::{Kind, Refused, client};

// No doc comment: clap would take it for the help of every command that flattens it.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Where everything is kept
    #[arg(
        long,
        value_name = "DIR",
        env = "DRIFTSENTRY_DATA_DIR",
        default_value = "./driftsentry-data"
    )]
    pub(super) data_dir: PathBuf,
}

/// Makes sure that there is a store, before anything is made in its directory.
pub(super) fn look_for_store(dir: &Path) -> Result<(), Failure> {
    client::look_for_store(dir).map_err(refused)
}

/// The exit code of a request that was refused.
pub(super) fn refused(refused: Refused) -> Failure {
    let exit = match refused.kind {
        Kind::NoStore => Exit::NoInput,
        Kind::NotFound | Kind::Conflict | Kind::Invalid => Exit::Data,
        Kind::Forbidden => Exit::NoPermission,
        Kind::Unavailable => Exit::Unavailable,
        Kind::Busy => Exit::TempFail,
        Kind::Full => Exit::Io,
        Kind::Internal => Exit::Software,
    };
    Failure::new(exit, refused)
}

/// Prints to standard output.
///
/// # Errors
/// Where it can't be written to.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::new(Exit::Io, format_args!("can't write: {error}")))
}
