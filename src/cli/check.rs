//! `driftsentry check`: verifies a stopped store.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::check::{self, Refused, Report};
use crate::store::FILE_NAME;

/// sysexits: there is no input.
const NO_INPUT: u8 = 66;
/// sysexits: reading failed.
const IO_ERROR: u8 = 74;

/// Verify a stopped store: checksums, indexes, counters, the audit chain
///
/// Reads every row and derives everything that is derived again. Changes nothing; the server must be stopped, or check a
/// backup. Exits with 0 when all is sound, 1 when something is wrong, 66 when there is no database, 74 when it can't be opened.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where everything is kept
    #[arg(
        long,
        value_name = "DIR",
        env = "DRIFTSENTRY_DATA_DIR",
        default_value = "./driftsentry-data"
    )]
    data_dir: PathBuf,

    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How to print a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A line for each check.
    Text,
    /// One JSON object.
    Json,
}

/// Checks and prints.
pub(super) fn run(args: &Args) -> ExitCode {
    let file = args.data_dir.join(FILE_NAME);
    let report = match check::file(&file) {
        Ok(report) => report,
        Err(Refused::Missing) => {
            eprintln!(
                "driftsentry: there is no database {}: name the data directory with --data-dir.",
                file.display()
            );
            return ExitCode::from(NO_INPUT);
        }
        Err(Refused::Unopened(error)) => {
            eprintln!("driftsentry: {error}");
            return ExitCode::from(IO_ERROR);
        }
    };
    if print(&report, args.output).is_err() {
        return ExitCode::from(IO_ERROR);
    }
    if report.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print(report: &Report, output: Output) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)?;
        }
        Output::Text => {
            write!(out, "{report}")?;
            let verdict = if report.sound {
                "The store is sound."
            } else {
                "Something is wrong: keep this file, and restore the newest backup that `driftsentry check` finds sound."
            };
            writeln!(out, "{verdict}")?;
        }
    }
    out.flush()
}
