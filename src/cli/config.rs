//! `driftsentry config`: what the server would be started with, without starting it.

use std::path::Path;

use serde::Serialize;

use crate::cli::configuration::{ConfigArgs, load};
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;
use crate::config::{self, Config, Flags, Values};
use crate::server::{self, Protection, Tls};
use crate::sessions::key_ring::KeyRing;

/// Check or show the server's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry config check --config /etc/driftsentry/config.toml
  driftsentry config show --config /etc/driftsentry/config.toml
  driftsentry config show --json | jq '.[] | select(.origin != \"default\")'
  driftsentry config example > config.toml

Exit codes: 0 it is right, 78 it has mistakes: each is told with its place and what is allowed.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Tell every mistake in the file, the environment and the flags, and whether certificate and keys can be used
    Check(ConfigArgs),
    /// Print every setting with where its value comes from; secrets are hidden
    Show(Show),
    /// Print a configuration file with every setting in it, commented out, at its default
    Example,
    /// Print the table of all settings, in Markdown
    Reference,
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Check(args) => check(&args.into_flags()),
        Command::Show(args) => {
            let json = args.json;
            let config = load(&args.config.into_flags())?;
            print(&if json {
                as_json(&config.values)
            } else {
                config.values.to_string()
            })
        }
        Command::Example => print(&config::example()),
        Command::Reference => print(&config::reference()),
    }
}

fn check(flags: &Flags) -> Result<(), Failure> {
    let config = load(flags)?;
    let wrong = usable(&config);
    if !wrong.is_empty() {
        return Err(Failure::new(
            Exit::Config,
            format_args!("the configuration can't be used\n{}", wrong.join("\n")),
        ));
    }
    let all = config.values.all();
    let set = all.iter().filter(|value| value.place.is_some()).count();
    let mut said = format!(
        "The configuration is right: {set} of {} settings are set.\n",
        all.len()
    );
    for name in config.values.unknown_variables() {
        said.push_str(&format!("{name} is no setting and is ignored.\n"));
    }
    print(&said)
}

/// What keeps a server with this configuration from starting, though each value is one.
pub(super) fn usable(config: &Config) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(files) = &config.tls
        && let Err(error) = Tls::load(&files.cert, &files.key)
    {
        wrong.push(format!("the TLS certificate can't be served: {error}"));
    }
    if let Some(path) = &config.auth.token_keys_file
        && let Err(error) = KeyRing::load(path)
    {
        wrong.push(error.to_string());
    }
    let protection = match (&config.tls, config.allow_insecure_http) {
        (Some(_), _) => Protection::Tls,
        (None, true) => Protection::Waived,
        (None, false) => Protection::Loopback,
    };
    if let Err(error) = server::permitted(config.listen, protection) {
        wrong.push(error.to_string());
    }
    wrong
}

/// One setting, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    key: &'a str,
    /// None where it is unset; a secret is hidden.
    value: Option<String>,
    /// `default`, or where it is given.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// Every setting, for programs.
pub(super) fn shown(values: &Values) -> Vec<Shown<'_>> {
    let all = values.all().iter();
    all.map(|value| {
        let (file, line) = match &value.place {
            Some(config::Place::Line(file, line)) => (Some(file.as_path()), Some(*line)),
            _ => (None, None),
        };
        Shown {
            key: value.setting.key,
            value: value.shown().map(|shown| shown.into_owned()),
            origin: value.origin(),
            file,
            line,
        }
    })
    .collect()
}

fn as_json(values: &Values) -> String {
    let mut text = serde_json::to_string_pretty(&shown(values)).unwrap_or_default();
    text.push('\n');
    text
}
