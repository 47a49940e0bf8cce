//! `driftsentry audit`: what proves that nobody rewrote the audit log.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::audit::{Checkpoint, Proof, PublicKey, Signer};
use crate::cli::exit::{Exit, Failure, code};
use crate::cli::input;
use crate::cli::on_machine::{Place, look_for_store, print, refused};
use crate::control::Request;
use crate::control::client::{self, Way};

/// Verify the audit log, on the server's machine
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(Verify),
    PublicKey(Key),
}

/// Verify that no entry was changed, removed or put elsewhere
///
/// Works while the server runs, as its user or root, and on the data directory of a stopped one. The chain of hashes alone
/// shows every change but those of somebody who hashed the rest of it anew, or cut its end off and mended the count.
/// Checkpoints show these too: the server signs one each 1,000 entries, at each start and at each clean stop, and writes
/// it to its log. Keep its logs on another machine, and give them here.
///
/// What was appended since the newest checkpoint is proved by the chain alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry audit verify --data-dir /var/lib/driftsentry
  driftsentry audit verify --checkpoints logs/driftsentry.*.log
  journalctl -u driftsentry | driftsentry audit verify --checkpoints -

Exit codes: 0 the log is whole and every checkpoint agrees, 65 something is wrong, 66 there is no store or no such
file, 69 the store is open elsewhere and no server answers, 77 not as this user.")]
struct Verify {
    #[command(flatten)]
    place: Place,

    /// Log files or other text with checkpoints in it, in lines or JSON; `-` for standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checkpoints: Vec<PathBuf>,

    /// The key the checkpoints are to be signed with, as `driftsentry audit public-key` printed it once; the data
    /// directory's own where it isn't said
    #[arg(long, value_name = "HEX")]
    public_key: Option<PublicKey>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Print the key that checkpoints are verified with
///
/// Keep it where you keep the logs: with it, nobody who exchanges the data directory's key can have other checkpoints
/// taken for its own.
#[derive(Debug, clap::Args)]
struct Key {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match &args.command {
        Command::Verify(args) => match verify(args) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(Exit::Data as u8),
            Err(failure) => code(Err(failure)),
        },
        Command::PublicKey(args) => code(public_key(&args.place.data_dir)),
    }
}

/// Verifies and prints; whether all is well.
fn verify(args: &Verify) -> Result<bool, Failure> {
    let checkpoints = collect(&args.checkpoints)?;
    let request = Request::AuditVerify {
        checkpoints,
        public_key: args.public_key,
    };
    let done = client::call(&args.place.data_dir, &request).map_err(refused)?;
    let proof: Proof = serde_json::from_value(done.value.clone())
        .map_err(|error| Failure::new(Exit::Software, error))?;
    let text = if args.json {
        let mut value = done.value;
        value["by"] = done.way.name().into();
        format!("{value:#}\n")
    } else {
        told(&proof, done.way)
    };
    print(&text)?;
    Ok(proof.valid)
}

/// What was found, in words.
fn told(proof: &Proof, way: Way) -> String {
    let mut text = String::new();
    let mut line = |said: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{said}");
    };
    if proof.valid {
        line(format_args!("The audit log is whole."));
    } else {
        line(format_args!("The audit log is NOT what was written."));
    }
    if let (Some(seq), Some(meaning)) = (proof.first_bad, &proof.meaning) {
        line(format_args!("  First bad entry: {seq}: {meaning}."));
    }
    for problem in &proof.problems {
        line(format_args!("  Checkpoint: {problem}."));
    }
    let wrong = proof.checkpoints - proof.agreed;
    let untold = wrong.saturating_sub(proof.problems.len() as u64);
    if untold > 0 {
        line(format_args!("  And {untold} more checkpoints disagree."));
    }
    line(format_args!("Entries:      {}", proof.entries));
    line(format_args!("Head:         {}", proof.head));
    match (&proof.newest_agreed, proof.checkpoints) {
        (_, 0) => line(format_args!(
            "Checkpoints:  none given: a chain that was hashed anew, or cut at its end, does not show without. Give the \
             server's logs with --checkpoints"
        )),
        (Some(newest), given) => line(format_args!(
            "Checkpoints:  {} of {given} agree, the newest of entry {} signed on {}",
            proof.agreed, newest.seq, newest.at
        )),
        (None, given) => line(format_args!("Checkpoints:  none of {given} agrees")),
    }
    line(format_args!(
        "Verified by:  {}",
        match way {
            Way::Server => "the running server",
            Way::Store => "this command, on the stopped server's data directory",
        }
    ));
    if !proof.valid {
        line(format_args!(
            "Keep this data directory as it is and compare it with backups. After a backup was put back, checkpoints made \
             after that backup disagree."
        ));
    }
    text
}

/// Every checkpoint in these files.
fn collect(files: &[PathBuf]) -> Result<Vec<Checkpoint>, Failure> {
    let mut found = Vec::new();
    let mut unreadable = 0;
    for file in files {
        let input = input::open(file).map_err(|error| Failure::new(Exit::NoInput, error))?;
        for line in BufReader::new(input.reader).split(b'\n') {
            let line = line.map_err(|error| {
                Failure::new(Exit::Io, format_args!("{}: {error}", file.display()))
            })?;
            let (checkpoints, cut) = Checkpoint::within(&String::from_utf8_lossy(&line));
            found.extend(checkpoints);
            unreadable += cut;
        }
    }
    if unreadable > 0 {
        eprintln!(
            "driftsentry: {unreadable} checkpoints in there are not whole and were left out: were lines cut or changed?"
        );
    }
    if found.is_empty() && !files.is_empty() {
        return Err(Failure::new(
            Exit::Data,
            "there is no checkpoint in there: give the server's own log, whose lines `Audit checkpoint` have them, or \
             leave --checkpoints out.",
        ));
    }
    Ok(found)
}

fn public_key(dir: &Path) -> Result<(), Failure> {
    // Read from its file: that needs neither a server nor the store.
    look_for_store(dir)?;
    let signer = Signer::open(dir).map_err(|error| Failure::new(Exit::NoPermission, error))?;
    println!("{}", signer.public_key());
    Ok(())
}
