//! `driftsentry report`: what a plan says has drifted, offline.

mod json;
mod markdown;
mod table;
mod text;

use std::cmp::Reverse;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::exit::{DRIFT, FAILED};
use crate::cli::input;
use crate::drifts::severity;
use crate::error::{Error, Result};
use crate::ingest::{self, Finding, FingerprintKey, Kind, Options, Scan};

/// Show what drifted in a plan, without a server
///
/// Reads the plan as JSON (plain, gzip or zstd), hides the values that Terraform marks as sensitive, and prints what
/// differs between the recorded and the live state. Nothing leaves this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Make a plan and read it:
    terraform plan -refresh-only -out=tfplan
    terraform show -json tfplan > plan.json
    driftsentry report plan.json

  The same in one go, and with OpenTofu:
    tofu show -json tfplan | driftsentry report -

  A comment for a pull request:
    driftsentry report plan.json --output markdown > comment.md

Exit codes:
  0  nothing drifted
  2  something drifted
  1  the plan could not be read
  64 the command line is wrong")]
pub(super) struct Args {
    /// The plan as JSON, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// How to print it
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// Also show commits not applied yet, and changes the configuration does not care about
    #[arg(long)]
    all: bool,

    /// The most bytes to read, counted after decompression
    #[arg(long, value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    limit_bytes: u64,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Output {
    /// A table for people
    Table,
    /// One JSON object for programs
    Json,
    /// A table for a pull request comment
    Markdown,
}

/// Prints the report; the exit code says what was found.
pub(super) fn run(args: &Args) -> ExitCode {
    match report(args) {
        Ok(drifted) => ExitCode::from(if drifted { DRIFT } else { 0 }),
        Err(error) => {
            let _ = writeln!(io::stderr(), "driftsentry: {error}");
            ExitCode::from(FAILED)
        }
    }
}

fn report(args: &Args) -> Result<bool> {
    // The digests are not shown, so a key of the moment will do.
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::internal(error.to_string()))?;
    let options = Options {
        limit_bytes: args.limit_bytes,
        ..Options::new(FingerprintKey(key))
    };
    let scan = ingest::read(input::open(&args.file)?.reader, &options)?;
    let report = Report::new(&scan, args.all);
    let mut printed = match args.output {
        Output::Table => table::render(&report, io::stdout().is_terminal() && wants_colour()),
        Output::Json => json::render(&report)?,
        Output::Markdown => markdown::render(&report),
    };
    printed.push('\n');
    match io::stdout().lock().write_all(printed.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other.map_err(Error::internal)?,
    }
    Ok(report.drifted > 0)
}

/// See <https://no-color.org>.
fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What is printed, however it is.
struct Report<'a> {
    scan: &'a Scan,
    /// The gravest first, else in the order of the plan.
    shown: Vec<&'a Finding>,
    drifted: usize,
    pending: usize,
    state_only: usize,
}

impl<'a> Report<'a> {
    fn new(scan: &'a Scan, all: bool) -> Self {
        let count =
            |wanted: fn(Kind) -> bool| scan.findings.iter().filter(|one| wanted(one.kind)).count();
        let mut shown: Vec<&Finding> = scan
            .findings
            .iter()
            .filter(|one| all || one.kind.is_drift())
            .collect();
        shown.sort_by_key(|one| Reverse(severity::of(one).0));
        Self {
            scan,
            shown,
            drifted: count(Kind::is_drift),
            pending: count(|kind| kind == Kind::Pending),
            state_only: count(|kind| kind == Kind::StateOnly),
        }
    }

    /// `7 drifted of 44 resources · 2 values hidden · terraform 1.11.4`.
    fn summary(&self) -> String {
        let scan = self.scan;
        let mut parts = vec![match self.drifted {
            0 => format!("No drift in {}", counted(scan.resources, "resource")),
            drifted => format!(
                "{drifted} drifted of {}",
                counted(scan.resources, "resource")
            ),
        }];
        if scan.redacted > 0 {
            parts.push(format!("{} hidden", counted(scan.redacted, "value")));
        }
        let version = scan
            .tool_version
            .as_deref()
            .map(|version| format!(" {version}"))
            .unwrap_or_default();
        parts.push(text::line(&format!("{}{version}", scan.tool)));
        parts.join(" · ")
    }

    /// What the default view leaves out, a sentence; none where it leaves out nothing.
    fn left_out(&self) -> Option<String> {
        let hidden = self.scan.findings.len() - self.shown.len();
        if hidden == 0 {
            return None;
        }
        let mut parts = Vec::new();
        if self.pending > 0 {
            parts.push(format!("{} not applied yet", self.pending));
        }
        if self.state_only > 0 {
            parts.push(format!(
                "{} that the configuration does not care about",
                self.state_only
            ));
        }
        Some(format!(
            "Not shown: {} (--all shows them).",
            parts.join(", ")
        ))
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// One sign for a kind, as in a plan.
fn sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Modified => "~",
        Kind::Missing => "-",
        Kind::Unmanaged => "+",
        Kind::Pending => "»",
        Kind::StateOnly => "·",
    }
}

/// What a person calls a kind.
fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Modified => "modified",
        Kind::Missing => "missing: gone from the cloud",
        Kind::Unmanaged => "unmanaged: in no code",
        Kind::Pending => "not applied yet",
        Kind::StateOnly => "only the recorded state differs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Scan {
        let path = format!(
            "{}/tests/fixtures/terraform/{name}.gz",
            env!("CARGO_MANIFEST_DIR")
        );
        ingest::read(
            std::fs::File::open(path).unwrap(),
            &Options::new(FingerprintKey([0; 32])),
        )
        .unwrap()
    }

    #[test]
    fn the_table_tells_what_changed_in_a_few_words() {
        let scan = fixture("02-updates.refresh.json");
        let table = table::render(&Report::new(&scan, false), false);
        for wanted in [
            "~ ",
            "aws_instance.web[1]",
            "instance_type: t3.micro → ",
            "7 drifted of 44 resources · 2 values hidden · terraform 1.11.4",
        ] {
            assert!(table.contains(wanted), "{wanted}\n{table}");
        }
        assert!(!table.contains('\x1b'), "{table}");
    }

    #[test]
    fn what_is_no_drift_is_left_out_but_told() {
        let scan = fixture("06-mixed.plan.json");
        let report = Report::new(&scan, false);
        assert_eq!(
            (report.shown.len(), report.drifted, report.pending),
            (4, 4, 6)
        );
        assert!(
            table::render(&report, false)
                .contains("Not shown: 6 not applied yet (--all shows them).")
        );
        assert_eq!(Report::new(&scan, true).shown.len(), 10);
    }

    #[test]
    fn each_output_hides_secrets() {
        let scan = fixture("04-sensitive.plan.json");
        let report = Report::new(&scan, true);
        for printed in [
            table::render(&report, true),
            json::render(&report).unwrap(),
            markdown::render(&report),
        ] {
            assert!(
                !printed.contains("TAMPERED-") && printed.contains("(sensitive)"),
                "{printed}"
            );
        }
    }

    #[test]
    fn the_json_is_what_its_documentation_says() {
        let scan = fixture("03-deletes.refresh.json");
        let json: serde_json::Value =
            serde_json::from_str(&json::render(&Report::new(&scan, false)).unwrap()).unwrap();
        assert_eq!(json["drifted"], 4);
        assert_eq!(json["counts"]["missing"], 4);
        assert_eq!(json["findings"][0]["kind"], "missing");
        assert_eq!(json["findings"][0]["difference"], serde_json::json!({}));
    }
}
