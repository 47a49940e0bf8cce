//! The command line: one file per subcommand, each with its `Args` and a `run`.

mod audit;
mod backup;
mod bar;
mod check;
mod compact;
mod completions;
mod config;
mod configuration;
mod credential;
mod demo;
mod doctor;
pub mod exit;
mod export;
mod health;
mod import;
mod input;
mod man;
mod on_machine;
mod openapi;
mod push;
mod report;
mod restore;
mod serve;
mod support_bundle;
mod user;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::exit::{Exit, code};

/// Finds what changed outside your infrastructure code, follows it, and keeps who decided what.
#[derive(Debug, Parser)]
#[command(name = "driftsentry", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Config(config::Args),
    Report(report::Args),
    Push(push::Args),
    Watch(watch::Args),
    Health(health::Args),
    Check(check::Args),
    Audit(audit::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Export(export::Args),
    Import(import::Args),
    Compact(compact::Args),
    User(user::Args),
    Demo(demo::Args),
    Doctor(doctor::Args),
    SupportBundle(support_bundle::Args),
    Openapi(openapi::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Parses the arguments, runs what they name and returns the exit code.
///
/// Exit codes follow sysexits(3), except that `report` and `push` say what they found: 0 no drift, 2 drift,
/// 1 an error.
pub fn main() -> ExitCode {
    // The allocator asks for pages of 2 MiB, of which much stays unused: at a million drifts 30 MiB, for no speed. Where the
    // system doesn't let go of them, it takes that much more.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are told this way too, and are no failure.
            let _ = told.print();
            return if told.use_stderr() {
                ExitCode::from(Exit::Usage as u8)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli.command {
        Command::Serve(args) => code(serve::run(args)),
        Command::Config(args) => code(config::run(args)),
        Command::Report(args) => report::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Watch(args) => code(watch::run(&args)),
        Command::Health(args) => health::run(args),
        Command::Check(args) => check::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Backup(args) => code(backup::run(&args)),
        Command::Restore(args) => code(restore::run(&args)),
        Command::Export(args) => code(export::run(&args)),
        Command::Import(args) => code(import::run(&args)),
        Command::Compact(args) => code(compact::run(&args)),
        Command::User(args) => code(user::run(&args)),
        Command::Demo(args) => code(demo::run(&args)),
        Command::Doctor(args) => doctor::run(args),
        Command::SupportBundle(args) => code(support_bundle::run(args)),
        Command::Openapi(args) => code(openapi::run(&args)),
        Command::Completions(args) => code(completions::run(&args)),
        Command::Man(args) => code(man::run(&args)),
    }
}
