//! `driftsentry man`: the manual, made of the same texts as `--help`.

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;

/// Print a page of the manual, in roff.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry man | man -l -
  driftsentry man serve > driftsentry-serve.1
  driftsentry man user add | man -l -
  driftsentry man --list | while read -r page; do driftsentry man $page > \"driftsentry-${page// /-}.1\"; done")]
pub(super) struct Args {
    /// The command, such as `user add`; the program itself where none is named
    #[arg(value_name = "COMMAND", conflicts_with = "list")]
    command: Vec<String>,
    /// List every command that has a page
    #[arg(long)]
    list: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut program = Cli::command();
    // Fills in what subcommands inherit, and their full names.
    program.build();
    if args.list {
        let mut names = Vec::new();
        list(&program, "", &mut names);
        return print(&names.join("\n")).and_then(|()| print("\n"));
    }
    let mut command = program;
    let mut name = String::from("driftsentry");
    for word in &args.command {
        let Some(found) = command.find_subcommand(word) else {
            return Err(Failure::new(
                Exit::Usage,
                format_args!("there is no command `{name} {word}`: see `driftsentry man --list`."),
            ));
        };
        name = format!("{name}-{word}");
        command = found.clone();
    }
    print(&page(command, &name).map_err(|error| Failure::new(Exit::Io, error))?)
}

/// Every command below this one.
fn list(command: &Command, prefix: &str, names: &mut Vec<String>) {
    for sub in command.get_subcommands() {
        if sub.get_name() == "help" {
            continue;
        }
        let name = format!("{prefix}{}", sub.get_name());
        list(sub, &format!("{name} "), names);
        names.push(name);
    }
    names.sort();
}

/// A page in roff.
fn page(command: Command, name: &str) -> std::io::Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut roff = Vec::new();
    let man = Man::new(command.disable_help_subcommand(true))
        .title(name.to_uppercase())
        .section("1")
        .source(format!("DriftSentry {version}"))
        .manual("DriftSentry");
    man.render(&mut roff)?;
    Ok(String::from_utf8_lossy(&roff).into_owned())
}
