//! `driftsentry watch`: what changes, in a terminal, as it happens.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::credential;
use crate::cli::exit::{Exit, Failure};
use crate::client::{CallError, Client, Message};
use crate::time::Timestamp;

/// Pauses before coming back, in milliseconds: the last one again and again.
const PAUSES_MS: [u64; 6] = [0, 1_000, 2_000, 5_000, 10_000, 30_000];

/// Follow what changes, as it happens
///
/// Prints a line for each drift that appears, changes or is decided on, for each alert and each scan. Comes back by itself
/// when the connection is lost, and goes on where it was: nothing is missed or told twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  driftsentry watch --server https://drift.example.internal
  driftsentry watch --server http://127.0.0.1:8420 --topics drifts,alerts
  driftsentry watch --server http://127.0.0.1:8420 --json | jq 'select(.data.severity == \"critical\")'

The API key (scope read or engineer) comes from DRIFTSENTRY_API_KEY, or from the file that --api-key-file names.

Exit codes:
  69 the server's address can't be right
  77 the server refuses the API key
  64 the command line is wrong
Ctrl-C ends it.")]
pub(super) struct Args {
    /// The server's address
    #[arg(long, value_name = "URL", env = "DRIFTSENTRY_SERVER")]
    server: String,

    /// Only these: drifts, alerts, scans, separated by commas
    #[arg(long, value_name = "TOPICS")]
    topics: Option<String>,

    /// Begin after this event's number, instead of now
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,

    /// One JSON object a line: id, event, data
    #[arg(long)]
    json: bool,

    /// A file with the API key, instead of DRIFTSENTRY_API_KEY
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let key = credential::api_key(args.api_key_file.as_deref())
        .map_err(|error| Failure::new(Exit::NoInput, error))?;
    let client = Client::new(&args.server, key);
    let mut at = args.after.map(|after| after.to_string());
    let mut failed = 0;
    loop {
        match client.events(args.topics.as_deref(), at.as_deref()) {
            Ok(mut events) => {
                if failed > 0 {
                    note("Connected again.");
                }
                failed = 0;
                while let Some(message) = events.next_message() {
                    if let Some(id) = &message.id {
                        at = Some(id.clone());
                    }
                    if print(args, &message).is_err() {
                        // Whoever read along has left.
                        return Ok(());
                    }
                }
            }
            Err(error) if !may_pass(&error) => return Err(refused(&error)),
            Err(error) => {
                if failed == 0 {
                    note(&format!("{error} Trying again until it answers."));
                }
                failed = (failed + 1).min(PAUSES_MS.len() - 1);
            }
        }
        if failed == 0 {
            failed = 1;
            note("Connection lost. Trying again.");
        }
        std::thread::sleep(Duration::from_millis(PAUSES_MS[failed]));
    }
}

/// Whether waiting may help: a server that restarts, a proxy that comes back.
fn may_pass(error: &CallError) -> bool {
    error.is_passing() || matches!(error, CallError::Stranger(_, 500..))
}

fn refused(error: &CallError) -> Failure {
    let exit = match error {
        CallError::Refused {
            status: 401 | 403, ..
        } => Exit::NoPermission,
        CallError::Refused { status: 400, .. } => Exit::Usage,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error)
}

/// Tells of the connection itself: not among the events.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "driftsentry: {text}");
}

fn print(args: &Args, message: &Message) -> io::Result<()> {
    let data: Value = serde_json::from_str(&message.data).unwrap_or(Value::Null);
    let mut stdout = io::stdout().lock();
    match message.event.as_str() {
        // Where it stands, and that a token's time is over: nothing happened.
        "id" | "expired" => return Ok(()),
        "reset" if !args.json => {
            note("Some changes were missed: they are no longer kept. Look at the list of drifts.");
            return Ok(());
        }
        event if args.json => {
            let id = message.id.as_deref().and_then(|id| id.parse::<u64>().ok());
            writeln!(
                stdout,
                "{}",
                json!({"id": id, "event": event, "data": data})
            )?;
        }
        event => writeln!(stdout, "{}", told(event, &data, io::stdout().is_terminal()))?,
    }
    stdout.flush()
}

/// One event as a line for people.
fn told(event: &str, data: &Value, colours: bool) -> String {
    let text = |name: &str| shown(data[name].as_str().unwrap_or("-"));
    let what = match event {
        "scan:finished" => {
            let count = |name: &str| data["counts"][name].as_u64().unwrap_or(0);
            format!(
                "{}: {} drifted, {} new, {} changed, {} resolved",
                text("status"),
                count("drifted"),
                count("new"),
                count("changed"),
                count("resolved")
            )
        }
        "alert:created" | "alert:read" => format!("{}  {}", text("severity"), text("message")),
        _ => format!(
            "{}  {}  {}",
            text("severity"),
            text("resourceAddress"),
            text("status")
        ),
    };
    let now = Timestamp::now().to_string();
    let clock = now.get(11..19).unwrap_or_default();
    let line = format!("{clock}  {event:<14}  {}  {what}", text("workspace"));
    match data["severity"].as_str() {
        Some("critical") if colours => format!("\u{1b}[31m{line}\u{1b}[0m"),
        _ => line,
    }
}

/// Text from elsewhere, harmless in a terminal.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened_where() {
        let drift = json!({
            "workspace": "shop/prod", "resourceAddress": "aws_security_group.web\u{1b}[2J",
            "severity": "critical", "status": "approved",
        });
        let line = told("drift:approved", &drift, false);
        assert_eq!(
            &line[8..],
            "  drift:approved  shop/prod  critical  aws_security_group.web\u{fffd}[2J  approved"
        );
        let scan = json!({
            "workspace": "shop/prod", "status": "complete",
            "counts": {"drifted": 3, "new": 1, "changed": 0, "resolved": 2},
        });
        assert_eq!(
            &told("scan:finished", &scan, true)[8..],
            "  scan:finished   shop/prod  complete: 3 drifted, 1 new, 0 changed, 2 resolved"
        );
    }
}
