//! `driftsentry completions`: what makes the Tab key work.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::exit::{Exit, Failure};

/// Print completions for a shell, so that the Tab key knows every command and flag.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry completions bash > ~/.local/share/bash-completion/completions/driftsentry
  driftsentry completions zsh > ~/.zfunc/_driftsentry
  driftsentry completions fish > ~/.config/fish/completions/driftsentry.fish")]
pub(super) struct Args {
    /// The shell to complete in.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "driftsentry", &mut script);
    let written = std::io::stdout().lock().write_all(&script);
    written.map_err(|error| Failure::new(Exit::Io, format!("can't write the completions: {error}")))
}
