//! `driftsentry doctor`: everything that an installation needs, looked at.

use std::process::ExitCode;

use crate::cli::config::usable;
use crate::cli::configuration::ConfigArgs;
use crate::cli::exit::code;
use crate::cli::on_machine::print;
use crate::doctor::{self, Level};
use crate::time::Timestamp;

/// Look at everything that the server needs, and say what to do about what is found.
///
/// Configuration, permissions, room on the disk, descriptors, clock, certificate, store, audit log, backups. Changes nothing;
/// the server may run or not. Give it the configuration that the server has, and run it as the server's user or as root.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry doctor --config /etc/driftsentry/config.toml --data-dir /var/lib/driftsentry
  driftsentry doctor --json | jq '.findings[] | select(.level != \"ok\")'

Exit codes: 0 all is well, 1 there are warnings, 2 there are failures, 64 the command line is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> ExitCode {
    let (json, flags) = (args.json, args.config.into_flags());
    let report = doctor::examine(&flags, usable, Timestamp::now()).report;
    let text = if json {
        let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
        text.push('\n');
        text
    } else {
        report.to_string()
    };
    if let Err(failure) = print(&text) {
        return code(Err(failure));
    }
    ExitCode::from(match report.level {
        Level::Ok => 0,
        Level::Warning => 1,
        Level::Failure => 2,
    })
}
