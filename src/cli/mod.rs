//! The command line: one file per subcommand, each with its `Args` and a `run`.

mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code of a command line that can't be understood, from sysexits(3). Not clap's 2, which says "drift" here.
const EX_USAGE: u8 = 64;

/// Finds what changed outside your infrastructure code, follows it, and keeps who decided what.
#[derive(Debug, Parser)]
#[command(name = "driftsentry", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Report(report::Args),
}

/// Parses the arguments, runs what they name and returns the exit code.
///
/// Exit codes follow sysexits(3), except that `report` and `push` say what they found: 0 no drift, 2 drift,
/// 1 an error.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to say where the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EX_USAGE } else { 0 });
        }
    };
    match cli.command {
        Command::Report(args) => report::run(&args),
    }
}
