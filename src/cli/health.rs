//! `driftsentry health`: a probe for containers, load balancers and scripts.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::configuration::load;
use crate::cli::exit::{Exit, FAILED, Failure, code};
use crate::cli::on_machine::print;
use crate::client::probe::{self, Target, Told};
use crate::config::Flags;

/// Ask a server how it fares
///
/// One line says so, and why where it is not well. Asks the server of this machine, where `serve` with the same
/// configuration and environment would listen, over TLS where that is configured; or the one at --url. Waits for 3 s at
/// most.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  driftsentry health
  driftsentry health --config /etc/driftsentry/config.toml --live
  driftsentry health --url https://drift.example.internal --json
  HEALTHCHECK CMD [\"driftsentry\", \"health\"]        in a Dockerfile

The server of this machine is asked at its own address, for which its certificate need not be:
no secret is sent. The certificate of the one at --url has to be valid for its name, by an
authority that this machine trusts (SSL_CERT_FILE names others).

Exit codes:
  0  it is well
  1  it answers, and is not: starting, stopping, or a part of it fails
  69 nothing answers
  78 the configuration is wrong, or says port 0: then only --url tells where it listens
  64 the command line is wrong")]
pub(super) struct Args {
    /// The server's address, such as https://drift.example.internal, instead of this machine's
    #[arg(long, value_name = "URL", conflicts_with_all = ["config", "listen"])]
    url: Option<String>,

    /// The server's configuration file, in TOML [env: DRIFTSENTRY_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where the server listens [env: DRIFTSENTRY_LISTEN] [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,

    /// Whether it can do its work: the default
    #[arg(long, conflicts_with = "live")]
    ready: bool,

    /// Whether it runs at all
    #[arg(long)]
    live: bool,

    /// What the server says, as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> ExitCode {
    let (is_json, path) = (args.json, path(&args));
    let target = match target(args) {
        Ok(target) => target,
        Err(failure) => return code(Err(failure)),
    };
    let (exit, told) = match probe::ask(&target, path) {
        Ok(told) if told.status == 200 && told.body["status"].is_string() => (0, told.body),
        Ok(told) => (FAILED, unwell(&target, told)),
        Err(reason) => (
            Exit::Unavailable as u8,
            json!({"status": "unreachable", "reason": reason}),
        ),
    };
    let line = if is_json {
        told.to_string()
    } else {
        sentence(&told)
    };
    match print(&format!("{line}\n")) {
        Ok(()) => ExitCode::from(exit),
        Err(failure) => code(Err(failure)),
    }
}

fn path(args: &Args) -> &'static str {
    // `--ready` says what is done anyway.
    let _ = args.ready;
    if args.live {
        "/health/live"
    } else {
        "/health/ready"
    }
}

/// Whom to ask.
fn target(args: Args) -> Result<Target, Failure> {
    if let Some(url) = args.url {
        return Ok(Target::Url(url));
    }
    let flags = Flags {
        config: args.config,
        listen: args.listen,
        ..Flags::default()
    };
    let config = load(&flags)?;
    if config.listen.port() == 0 {
        return Err(Failure::new(
            Exit::Config,
            "the configuration says port 0, any that is free: name the server's address with --url",
        ));
    }
    Ok(Target::Own {
        listen: config.listen,
        tls: config.tls.is_some(),
    })
}

/// What is told of an answer that does not say that all is well: the server's own, where it is one.
fn unwell(target: &Target, told: Told) -> Value {
    if told.body["status"].is_string() {
        return told.body;
    }
    let message = told.body["error"]["message"].as_str();
    let reason = match message {
        Some(message) => format!("{message} (HTTP {})", told.status),
        None => format!(
            "what answers at {} is no DriftSentry server (HTTP {})",
            target.url(),
            told.status
        ),
    };
    json!({"status": "not_ready", "reason": reason})
}

/// `not ready: disk: almost full …; writer: …`.
fn sentence(told: &Value) -> String {
    let status = told["status"].as_str().unwrap_or("unknown");
    let status = status.replace('_', " ");
    let failing = told["checks"].as_object().into_iter().flatten();
    let failing = failing.filter_map(|(check, said)| {
        let said = said.as_str().filter(|said| *said != "ok")?;
        Some(format!("{check}: {said}"))
    });
    let reasons: Vec<String> = told["reason"]
        .as_str()
        .map(str::to_owned)
        .into_iter()
        .chain(failing)
        .collect();
    // It comes from the other end: one line, whatever is in it.
    let line = if reasons.is_empty() {
        status
    } else {
        format!("{status}: {}", reasons.join("; "))
    };
    line.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_why() {
        for (told, line) in [
            (
                json!({"status": "ready", "checks": {"server": "ok"}}),
                "ready",
            ),
            (
                json!({"status": "not_ready", "checks": {"disk": "almost full", "server": "ok", "writer": "no\nprogress"}}),
                "not ready: disk: almost full; writer: no progress",
            ),
            (
                json!({"status": "unreachable", "reason": "refused"}),
                "unreachable: refused",
            ),
            (json!("odd"), "unknown"),
        ] {
            assert_eq!(sentence(&told), line);
        }
    }
}
