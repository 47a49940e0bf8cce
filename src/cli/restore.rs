//! `driftsentry restore`: puts a backup back.

use std::path::PathBuf;
use std::time::Instant;

use crate::actor::Actor;
use crate::backup::restore::{Source, restore};
use crate::cli::backup::{Place, failed};
use crate::cli::bar::Bar;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::print;
use crate::time::Timestamp;

/// Put a backup back, while no server runs on the data directory
///
/// Every byte of the backup is verified, and everything in it is checked, before anything is touched. What the data
/// directory holds now is kept in `before-restore-<time>` within it. Killed at any moment, it leaves the old data or the new:
/// the same command, or the next start of the server, goes on where it was.
///
/// Takes what `driftsentry backup` and POST /api/v1/admin/backup give, and the copies that are made before an upgrade.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry restore driftsentry-20261128T020000.000Z.tar.zst --data-dir /var/lib/driftsentry
  driftsentry restore driftsentry.before-schema-3.redb --data-dir /var/lib/driftsentry

Exit codes: 0 done, 65 the backup is damaged, or newer than this program, 66 there is no such file, 69 a server has the
data directory open, or it can't be written, 74 the disk is full, 77 not as this user.")]
pub(super) struct Args {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.place.config()?.data_dir;
    if !args.file.exists() {
        let message = format!("there is no file {}.", args.file.display());
        return Err(Failure::new(Exit::NoInput, message));
    }
    let started = Instant::now();
    let mut source = Source::open(&args.file).map_err(failed)?;
    let uid = rustix::process::getuid().as_raw();
    let by = Actor {
        user_agent: Some(format!("driftsentry command line, uid {uid}")),
        ..Actor::local("command-line:restore")
    };
    let mut bar = Bar::new();
    let restored = restore(
        &mut source,
        &dir,
        Some(&by),
        Timestamp::now(),
        &mut |progress| {
            bar.tell(progress);
        },
    );
    bar.clear();
    let restored = restored.map_err(failed)?;
    let at = restored
        .newest_change
        .map_or_else(|| "its beginning".to_owned(), |at| at.to_string());
    let mut text = format!(
        "Restored {} in {:.1} s: everything is as it was after the last change, at {at}.\n",
        dir.display(),
        started.elapsed().as_secs_f64()
    );
    if let Some(before) = restored.before {
        text += &format!(
            "  What was there is in {}: remove it when you no longer need it.\n",
            before.display()
        );
    }
    text += "  Passwords, roles, API keys and sessions are those of that moment too: take away again what was taken away since.\n";
    text += &format!(
        "  Audit checkpoints that were signed after entry {} disagree from now on: that is what they are for.\n",
        restored.audit_entries
    );
    text += &format!(
        "Start the server: driftsentry serve --data-dir {}\n",
        dir.display()
    );
    print(&text)
}
