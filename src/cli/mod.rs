//! The command line: one file per subcommand, each with its `Args` and a `run`.

mod check;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Finds what changed outside your infrastructure code, follows it, and keeps who decided what.
#[derive(Debug, Parser)]
#[command(name = "driftsentry", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
}

/// Parses the arguments, runs what they name and returns the exit code.
///
/// Exit codes follow sysexits(3), except that `report` and `push` say what they found: 0 no drift, 2 drift,
/// 1 an error.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Check(args) => check::run(&args),
    }
}
