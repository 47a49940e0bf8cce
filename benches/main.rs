//! Measures DriftSentry: `cargo bench -- [SUBJECT…] [--quick | --full] [--without-peer]`, or all of it with `scripts/bench`.
//!
//! One program, so that the optimised library is linked once. Each subject is a module with a `run`.

mod backup;
mod callers;
mod commit;
mod credentials;
mod estate;
mod events;
mod first_load;
mod guard;
mod guessing;
mod harness;
mod http;
mod limit;
mod list;
mod listeners;
mod overload;
mod parse;
mod peer;
#[path = "../examples/plan/mod.rs"]
mod plan;
mod processes;
mod pushes;
mod reconcile;
mod results;
mod stalled;
mod stories;
mod works;
mod wrk;

use std::process::ExitCode;

use harness::{Outcome, Report};

// The product's own: figures would differ with another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SUBJECTS: [&str; 13] = [
    "parse",
    "push",
    "credentials",
    "guessing",
    "reconcile",
    "commit",
    "backup",
    "list",
    "http",
    "overload",
    "events",
    "kills",
    "power-cuts",
];

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Quick,
    Usual,
    Full,
}

fn main() -> Outcome<ExitCode> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so to every benchmark.
    args.retain(|arg| arg != "--bench");
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [limit::COMMAND, bodies] => {
            return limit::serve(bodies.as_ref()).map(|()| ExitCode::SUCCESS);
        }
        [guard::COMMAND, kind, requests, dir, token] => {
            let asked = guard::ask(kind, requests.parse()?, dir.as_ref(), token);
            return asked.map(|()| ExitCode::SUCCESS);
        }
        ["--guard"] => return guard::run(false).map(code),
        ["--guard", "--update"] | ["--update", "--guard"] => return guard::run(true).map(code),
        _ => {}
    }
    let extent = match args
        .iter()
        .map(String::as_str)
        .find(|arg| ["--quick", "--full"].contains(arg))
    {
        Some("--quick") => Extent::Quick,
        Some(_) => Extent::Full,
        None => Extent::Usual,
    };
    let with_peer = args.iter().all(|arg| arg != "--without-peer");
    args.retain(|arg| !["--quick", "--full", "--without-peer"].contains(&arg.as_str()));
    if let Some(unknown) = args.iter().find(|arg| !SUBJECTS.contains(&arg.as_str())) {
        return Err(format!(
            "{unknown} is none of {}, --quick, --full, --without-peer, --guard",
            SUBJECTS.join(", ")
        )
        .into());
    }
    let mut report = Report::default();
    let measured = measure(&mut report, extent, with_peer, &args);
    // Also where a later subject fails: what was measured was measured.
    println!("\n{}", report.markdown());
    if extent != Extent::Quick {
        results::keep(&report)?;
    }
    measured.map(|()| ExitCode::SUCCESS)
}

fn code(well: bool) -> ExitCode {
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn measure(report: &mut Report, extent: Extent, with_peer: bool, args: &[String]) -> Outcome<()> {
    let wanted = |subject: &str| args.is_empty() || args.iter().any(|arg| arg == subject);
    // The largest that a copy is made of, or that is filled into the peer, is a tenth of the largest.
    let (sizes, fewer): (&[u64], &[u64]) = match extent {
        Extent::Quick => (&[10_000], &[10_000]),
        Extent::Usual => (&[10_000, 100_000, 1_000_000], &[100_000]),
        Extent::Full => (
            &[10_000, 100_000, 1_000_000, 10_000_000],
            &[100_000, 1_000_000],
        ),
    };
    if ["commit", "list", "http", "reconcile"]
        .iter()
        .any(|subject| wanted(subject))
    {
        for drifts in sizes {
            estate::of(*drifts)?;
        }
    }
    if wanted("parse") {
        parse::run(report)?;
    }
    if wanted("push") {
        pushes::run(report)?;
    }
    if wanted("credentials") {
        credentials::run(report)?;
    }
    if wanted("guessing") {
        guessing::run(report)?;
    }
    if wanted("reconcile") {
        reconcile::run(report, &sizes[..sizes.len().min(3)])?;
    }
    if wanted("commit") {
        commit::run(report, fewer, with_peer)?;
    }
    if wanted("backup") {
        let backups = if extent == Extent::Quick { 10 } else { 100 };
        backup::run(report, backups)?;
    }
    if wanted("list") {
        list::run(report, sizes)?;
    }
    if wanted("http") {
        http::run(report, sizes, if with_peer { fewer } else { &[] })?;
    }
    if wanted("overload") {
        overload::run(report, fewer[0])?;
    }
    if wanted("events") {
        events::run(
            report,
            if extent == Extent::Quick {
                1_000
            } else {
                10_000
            },
        )?;
    }
    let (kills, cuts) = match extent {
        Extent::Quick => (5, 200),
        Extent::Usual => (100, 2_000),
        Extent::Full => (500, 10_000),
    };
    if wanted("kills") {
        stories::run(report, &stories::KILLS, kills)?;
    }
    if wanted("power-cuts") {
        stories::run(report, &stories::POWER_CUTS, cuts)?;
    }
    Ok(())
}
