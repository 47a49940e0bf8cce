//! `driftsentry demo`: fills an empty store with a believable month.

use std::io::IsTerminal;
use std::path::PathBuf;

use crate::actor::Role;
use crate::cli::exit::{Exit, Failure};
use crate::demo::{self, Plan};
use crate::error::Error;
use crate::metrics;
use crate::store::{Options, Store};
use crate::time::Timestamp;
use crate::users::{Password, PasswordHash};

/// Fill an empty store with a believable month of drift, to look around in.
///
/// Twelve workspaces of a shop, scanned several times a day, with decisions, comments, costs and alerts. The same seed gives
/// the same story. Nothing is sent anywhere. Its people have accounts, all with one password: keep it off networks that
/// others are in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry demo --data-dir ./demo && driftsentry serve --data-dir ./demo
  driftsentry demo --data-dir ./large --drifts 1000000
  DRIFTSENTRY_DEMO_PASSWORD=\"$(pass show demo)\" driftsentry demo --data-dir ./demo

Without a password a random one is made and printed at the end.")]
pub(super) struct Args {
    /// Where everything is kept; made where it is missing
    #[arg(
        long,
        value_name = "DIR",
        env = "DRIFTSENTRY_DATA_DIR",
        default_value = "./driftsentry-data"
    )]
    data_dir: PathBuf,

    /// Tells one story from another
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,

    /// How many drifts, about
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    drifts: u64,

    /// Everybody's password; other users of the machine can see it here, and not in the environment
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "DRIFTSENTRY_DEMO_PASSWORD",
        hide_env_values = true
    )]
    password: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let password = password(args.password.as_deref())?;
    let hash = PasswordHash::of(&password).map_err(failure)?;
    let store =
        Store::open(Options::new(&args.data_dir)).map_err(|error| Failure::new(Exit::Io, error))?;
    let now = Timestamp::now();
    let made = fill(&store, args, &hash, now);
    store.close();
    println!("{}", made.map_err(failure)?);
    println!("Sign in as:");
    for (email, role) in demo::SIGN_IN_AS {
        println!("  {email:<36}{}", told(role));
    }
    if args.password.is_none() {
        println!(
            "Everybody's password:\n  {}   (shown this once)",
            password.expose()
        );
    }
    println!(
        "Start it with:\n  driftsentry serve --data-dir {}",
        args.data_dir.display()
    );
    Ok(())
}

/// The given password, or a random one.
fn password(given: Option<&str>) -> Result<Password, Failure> {
    let Some(text) = given else {
        return Password::one_time().map_err(failure);
    };
    Password::new(text, "").map_err(|wrong| {
        Failure::new(
            Exit::Data,
            format_args!(
                "the demonstration's password {wrong}: give another, or none for a random one."
            ),
        )
    })
}

fn told(role: Role) -> &'static str {
    match role {
        Role::Admin => "administers",
        Role::Engineer => "decides",
        Role::Viewer | Role::Ingest => "reads",
    }
}

fn failure(error: Error) -> Failure {
    let exit = match error {
        Error::Conflict { .. } => Exit::Data,
        Error::Internal(_) => Exit::Software,
        _ => Exit::Io,
    };
    Failure::new(exit, error)
}

/// Fills the store, and says with what.
fn fill(
    store: &Store,
    args: &Args,
    password: &PasswordHash,
    now: Timestamp,
) -> crate::Result<String> {
    let plan = Plan {
        seed: args.seed,
        drifts: args.drifts,
        now,
    };
    let shows = std::io::stderr().is_terminal();
    demo::fill(store, plan, password, |deeds| {
        if shows {
            eprint!("\r{deeds} changes written");
        }
    })?;
    if shows {
        eprintln!();
    }
    let made = store.read(|read| metrics::summary(read, 31, now))?;
    Ok(format!(
        "Made a month of {} workspaces: {} scans ({} failed), {} drifts ({} open), {} alerts ({} unread).",
        made.workspaces,
        made.scans,
        made.scans_failed,
        made.drifts,
        made.open,
        made.alerts,
        made.unread
    ))
}
