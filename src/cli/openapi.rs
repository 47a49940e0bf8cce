//! `driftsentry openapi`: the HTTP contract.

use std::io::Write;

use crate::cli::exit::{Exit, Failure};

/// Print the HTTP contract as an OpenAPI document.
///
/// It is the same that a running server serves at /openapi.json: made from the code, the same bytes each time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry openapi > openapi/driftsentry.json
  driftsentry openapi | jq '.paths | keys'")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(crate::server::contract().as_bytes())
        .map_err(|error| Failure::new(Exit::Io, format!("can't write the contract: {error}")))
}
