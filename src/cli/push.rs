//! `driftsentry push`: sends a plan to a server, redacted on this machine.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use crate::cli::credential;
use crate::cli::exit::{DRIFT, FAILED};
use crate::cli::input::{self, is_stdin};
use crate::client::{CallError, Client, Retry, Upload};
use crate::error::{Error, Result};
use crate::hex;
use crate::ingest::{self, FingerprintKey, Options, wire};

/// A file larger than this shows how far it is, on a terminal.
const LARGE_BYTES: u64 = 8 << 20;

/// What to do where the server asks for another credential.
const KEY_HINT: &str = "\nSet DRIFTSENTRY_API_KEY to a key with the scope ingest that reaches this workspace: an \
                        administrator makes one with POST /api/v1/api-keys.";

/// Send a plan to a server
///
/// Reads the plan as JSON (plain, gzip or zstd), hides the values that Terraform marks as sensitive, and sends only what
/// differs. Secrets never leave this machine, unless --raw sends the plan as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  In a CI job:
    terraform plan -refresh-only -out=tfplan
    terraform show -json tfplan |
      driftsentry push --server https://drift.example.internal --workspace shop/prod --commit \"$CI_COMMIT_SHA\" -

  A file, compressed or not:
    driftsentry push plan.json.gz --server http://127.0.0.1:8420 --workspace shop/prod

The server asks for an API key with the scope ingest. It comes from DRIFTSENTRY_API_KEY, or from the file that
--api-key-file names; never from the command line, where other users of the machine could see it. What fails for the moment is tried again for about half a minute, safely:
the server takes each push once. A plan that is sent --raw from standard input can't be sent twice and is tried once.

Exit codes:
  0  nothing drifted
  2  something drifted
  1  the plan could not be read, or the server did not take it
  64 the command line is wrong")]
pub(super) struct Args {
    /// The plan as JSON, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The server's address
    #[arg(long, value_name = "URL", env = "DRIFTSENTRY_SERVER")]
    server: String,

    /// The workspace: one unit that the tool plans, such as shop/prod; made when it is new
    #[arg(long, value_name = "NAME", env = "DRIFTSENTRY_WORKSPACE")]
    workspace: String,

    /// The commit that the plan was made from
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,

    /// Send the plan as it is: the server redacts it
    #[arg(long)]
    raw: bool,

    /// A file with the API key, instead of DRIFTSENTRY_API_KEY
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// What the server says of a scan, as far as it is printed.
#[derive(Debug, Deserialize)]
struct Taken {
    id: String,
    status: String,
    counts: Counts,
    problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    resources: u64,
    drifted: u64,
    state_only: u64,
    new: u64,
    changed: u64,
    unchanged: u64,
    resolved: u64,
    redacted: u64,
    pending: u64,
}

#[derive(Debug, Deserialize)]
struct Key {
    key: String,
}

/// Pushes; the exit code says what was found.
pub(super) fn run(args: &Args) -> ExitCode {
    match push(args) {
        Ok(drifted) => ExitCode::from(if drifted { DRIFT } else { 0 }),
        Err(error) => {
            let hint = match error.downcast_ref() {
                Some(CallError::Refused {
                    status: 401 | 403, ..
                }) => KEY_HINT,
                _ => "",
            };
            let _ = writeln!(io::stderr(), "driftsentry: {error}{hint}");
            ExitCode::from(FAILED)
        }
    }
}

fn push(args: &Args) -> Result<bool, Box<dyn std::error::Error>> {
    let client = Client::new(
        &args.server,
        credential::api_key(args.api_key_file.as_deref())?,
    );
    let taken = if args.raw {
        push_raw(args, &client)?
    } else {
        push_redacted(args, &client)?
    };
    print(&client, args, &taken)?;
    Ok(taken.counts.drifted > taken.counts.state_only)
}

/// Reads and redacts here, sends the rest.
fn push_redacted(args: &Args, client: &Client) -> Result<Taken, Box<dyn std::error::Error>> {
    // Asked for first: a wrong address or key is found before a large plan is read.
    let key: Key =
        trying(|| client.get("/api/v1/fingerprint-key", &[("workspace", &args.workspace)]))?;
    let key = hex::decode(&key.key)
        .ok_or_else(|| Error::internal("the server's fingerprint key is malformed"))?;
    let input = input::open(&args.file)?;
    let progress = progress(input.length, "Reading");
    let options = Options {
        limit_bytes: u64::MAX,
        ..Options::new(FingerprintKey(key))
    };
    let scan = ingest::read(progress.wrap_read(input.reader), &options)?;
    progress.finish_and_clear();
    let mut body = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
    wire::write(&scan, &mut body)?;
    let body = body.finish()?;
    let idempotency_key = random_key()?;
    Ok(trying(|| {
        let upload = Upload {
            content_type: wire::CONTENT_TYPE,
            content_encoding: Some("zstd"),
            idempotency_key: &idempotency_key,
            body: &mut body.as_slice(),
        };
        client.upload("/api/v1/scans", &query(args), upload)
    })?)
}

/// Sends the plan as it is.
fn push_raw(args: &Args, client: &Client) -> Result<Taken, Box<dyn std::error::Error>> {
    let idempotency_key = random_key()?;
    let mut retry = Retry::new();
    loop {
        let input = input::open(&args.file)?;
        let progress = progress(input.length, "Sending");
        let mut body = progress.wrap_read(input.reader);
        let upload = Upload {
            content_type: "application/octet-stream",
            content_encoding: None,
            idempotency_key: &idempotency_key,
            body: &mut body,
        };
        let sent = client.upload("/api/v1/scans", &query(args), upload);
        progress.finish_and_clear();
        match sent {
            Ok(taken) => return Ok(taken),
            Err(error) if is_stdin(&args.file) => return Err(error.into()),
            Err(error) => match retry.pause(&error) {
                Some(pause) => wait(&error, pause),
                None => return Err(error.into()),
            },
        }
    }
}

fn query(args: &Args) -> Vec<(&str, &str)> {
    let mut query = vec![("workspace", args.workspace.as_str())];
    query.extend(args.commit.as_deref().map(|commit| ("commit", commit)));
    query
}

/// Calls until it succeeds, or until trying again is not worth it.
fn trying<T>(mut call: impl FnMut() -> Result<T, CallError>) -> Result<T, CallError> {
    let mut retry = Retry::new();
    loop {
        match call() {
            Ok(value) => return Ok(value),
            Err(error) => match retry.pause(&error) {
                Some(pause) => wait(&error, pause),
                None => return Err(error),
            },
        }
    }
}

fn wait(error: &CallError, pause: Duration) {
    let _ = writeln!(
        io::stderr(),
        "driftsentry: {error} Trying again in {:.1} s.",
        pause.as_secs_f64()
    );
    std::thread::sleep(pause);
}

/// One key for all tries of one push.
fn random_key() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hex::encode(&random))
}

/// A bar on a terminal, for a large file.
fn progress(length: Option<u64>, doing: &'static str) -> ProgressBar {
    let shown = io::stderr().is_terminal() && length.is_none_or(|bytes| bytes > LARGE_BYTES);
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{msg} {wide_bar} {bytes} of {total_bytes} ({bytes_per_sec}, {eta} left)",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{msg} {spinner} {bytes} ({bytes_per_sec})",
        ),
    };
    bar.set_draw_target(if shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    });
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(doing)
}

/// Says what the server made of it.
fn print(client: &Client, args: &Args, taken: &Taken) -> io::Result<()> {
    let counts = &taken.counts;
    let mut out = io::stdout().lock();
    let plural = if counts.resources == 1 { "" } else { "s" };
    writeln!(
        out,
        "{}: {} drifted of {} resource{plural}",
        args.workspace, counts.drifted, counts.resources
    )?;
    writeln!(
        out,
        "  new {}, changed {}, unchanged {}, resolved {}",
        counts.new, counts.changed, counts.unchanged, counts.resolved
    )?;
    for (count, what) in [
        (
            counts.state_only,
            "of these the configuration does not care about",
        ),
        (counts.pending, "changes of the code are not applied yet"),
        (counts.redacted, "values hidden"),
    ] {
        if count > 0 {
            writeln!(out, "  {count} {what}")?;
        }
    }
    if taken.status != "complete" {
        writeln!(
            out,
            "  the scan is {}: what it doesn't show stays open",
            taken.status
        )?;
    }
    for problem in &taken.problems {
        let problem: String = problem.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "  {problem}")?;
    }
    writeln!(out, "{}/api/v1/scans/{}", client.server(), taken.id)?;
    out.flush()
}
