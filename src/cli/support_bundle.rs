//! `driftsentry support-bundle`: what somebody who helps needs to know, in one file.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::cli::config::usable;
use crate::cli::configuration::ConfigArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;
use crate::doctor;
use crate::doctor::bundle::{Bundle, newest_log};
use crate::time::Timestamp;

/// Gather what somebody who helps needs to know into one file, without anything secret.
///
/// Version, configuration with its origins (secrets hidden), what `driftsentry doctor` finds, health and metrics of the running
/// server, how many rows each table has, facts of the operating system, and the newest log lines with credentials masked.
/// No value of a resource. The server may run or not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry support-bundle --config /etc/driftsentry/config.toml --data-dir /var/lib/driftsentry
  journalctl -u driftsentry -o cat -n 5000 | driftsentry support-bundle --log - --data-dir /var/lib/driftsentry

Exit codes: 0 it is written, 64 the command line is wrong, 66 a log can't be read, 73 or 74 the file can't be written.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where to write it; a new file, which only its owner can read [default: driftsentry-support-TIME.tar.gz]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A log to take lines from, or - for standard input; the newest file of log.file where none is named
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// How many lines of each log
    #[arg(long, value_name = "LINES", default_value_t = 5_000)]
    log_lines: usize,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let now = Timestamp::now();
    let output = args.output.unwrap_or_else(|| {
        let time = now.to_string().replace([':', '-'], "");
        let time = time.split('.').next().unwrap_or_default();
        PathBuf::from(format!(
            "driftsentry-support-{}Z.tar.gz",
            time.trim_end_matches('Z')
        ))
    });
    let examination = doctor::examine(&args.config.into_flags(), usable, now);
    let mut logs = args.log;
    if logs.is_empty() {
        logs.extend(examination.config.as_ref().and_then(newest_log));
    }
    let bundle = Bundle::of(&examination, &logs, args.log_lines, now)
        .map_err(|error| Failure::new(Exit::NoInput, error))?;
    write(&bundle, &output)?;
    let mut said = format!("Written: {}\n\n", output.display());
    for part in bundle.parts() {
        let _ = writeln!(said, "  {:<14} {}", part.name, part.about);
    }
    if logs.is_empty() {
        said.push_str(
            "\nThere is no log in it, since log.file is not set: give it with --log, as the examples of --help show.\n",
        );
    }
    said.push_str(
        "\nNothing secret is in it. Look through it before you pass it on: tar -xzf FILE.\n",
    );
    print(&said)
}

fn write(bundle: &Bundle, path: &Path) -> Result<(), Failure> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| {
            Failure::new(
                Exit::CantCreate,
                format_args!(
                    "{} can't be made ({error}): name another file with --output.",
                    path.display()
                ),
            )
        })?;
    let written = bundle.write(&file).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // What is cut off helps nobody.
        let _ = std::fs::remove_file(path);
        Failure::new(
            Exit::Io,
            format_args!(
                "{} can't be written ({error}): is the disk full?",
                path.display()
            ),
        )
    })
}
