//! `driftsentry check`: verifies a stopped store.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::check::{self, Refused, Report};
use crate::cli::exit::{Exit, Failure, code};
use crate::error::Error;
use crate::store::FILE_NAME;

/// Verify a stopped store: checksums, indexes, counters, the audit chain
///
/// Reads every row and derives everything that is derived again. Changes nothing; the server must be stopped; `driftsentry
/// backup drill` tries a backup. Exits with 0 when all is sound, 1 when something is wrong, 65 when it is no database, 66 when
/// there is none, 69 when it is in use, 74 when it can't be read, 77 when this user may not.
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
    match report(args) {
        Ok(report) if report.sound => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => code(Err(failure)),
    }
}

fn report(args: &Args) -> Result<Report, Failure> {
    let file = args.data_dir.join(FILE_NAME);
    let report = check::file(&file).map_err(|refused| match refused {
        Refused::Missing => Failure::new(
            Exit::NoInput,
            format_args!(
                "there is no database {}: name the data directory with --data-dir.",
                file.display()
            ),
        ),
        Refused::Unopened(error) => {
            let exit = match &error {
                Error::Unusable { why, .. } => Exit::from(*why),
                _ => Exit::Io,
            };
            Failure::new(exit, error)
        }
    })?;
    print(&report, args.output)
        .map_err(|error| Failure::new(Exit::Io, format_args!("can't write the report: {error}")))?;
    Ok(report)
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
