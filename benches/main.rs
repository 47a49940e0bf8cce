//! Measures DriftSentry: `cargo bench -- [SUBJECT…] [--quick]`, or all of it with `scripts/bench`.
//!
//! One program, so that the optimised library is linked once. Each subject is a module with a `run`.

mod backup;
mod commit;
mod credentials;
mod estate;
mod events;
mod guessing;
mod harness;
mod http;
mod limit;
mod list;
mod listeners;
mod parse;
#[path = "../examples/plan/mod.rs"]
mod plan;
mod processes;
mod reconcile;
mod stalled;
mod works;
mod wrk;

use harness::{Outcome, Report};

// The product's own: figures would differ with another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SUBJECTS: [&str; 9] = [
    "parse",
    "credentials",
    "guessing",
    "reconcile",
    "commit",
    "backup",
    "list",
    "http",
    "events",
];

fn main() -> Outcome<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    // Cargo says so to every benchmark.
    args.retain(|arg| arg != "--bench");
    if let [first, mode, bodies] = args.as_slice()
        && first == limit::COMMAND
    {
        return limit::serve(mode, bodies.as_ref());
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    args.retain(|arg| arg != "--quick");
    if let Some(unknown) = args.iter().find(|arg| !SUBJECTS.contains(&arg.as_str())) {
        return Err(format!("{unknown} is none of {}, --quick", SUBJECTS.join(", ")).into());
    }
    let wanted = |subject: &str| args.is_empty() || args.iter().any(|arg| arg == subject);
    let sizes: &[u64] = if quick {
        &[10_000]
    } else {
        &[10_000, 1_000_000]
    };
    let facts = harness::machine()?;
    let mut report = Report::default();
    for drifts in sizes {
        if wanted("commit") || wanted("list") || wanted("http") || wanted("reconcile") {
            estate::of(*drifts)?;
        }
    }
    if wanted("parse") {
        parse::run(&mut report)?;
    }
    if wanted("credentials") {
        credentials::run(&mut report)?;
    }
    if wanted("guessing") {
        guessing::run(&mut report)?;
    }
    if wanted("reconcile") {
        reconcile::run(&mut report, sizes)?;
    }
    if wanted("commit") {
        commit::run(&mut report, sizes)?;
    }
    if wanted("backup") {
        backup::run(&mut report, if quick { 10 } else { 100 })?;
    }
    if wanted("list") {
        list::run(&mut report, sizes)?;
    }
    if wanted("http") {
        http::run(&mut report, sizes)?;
    }
    if wanted("events") {
        events::run(&mut report, if quick { 1_000 } else { 10_000 })?;
    }
    report.print(&facts);
    Ok(())
}
