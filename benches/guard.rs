//! What hot requests cost in instructions, counted by callgrind: the same on a busy machine and on an idle one.
//!
//! This program runs itself under valgrind as a server and its one client, once with few and once with more requests:
//! the difference is what each further request costs. The counts are kept in `benches/guard.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use driftsentry::actor::Actor;
use driftsentry::config::{FirstAdmin, GivenPassword, LogConfig};
use driftsentry::server::{App, Data, Phase, ServeOptions, Serving, first_admin, routes};
use driftsentry::store::{FILE_NAME, Options};
use driftsentry::telemetry::logs;
use serde::{Deserialize, Serialize};

use crate::callers::{Asked, Caller};
use crate::harness::{Outcome, scratch};
use crate::{estate, works};

/// The first argument that makes this program a server with its one client.
pub(crate) const COMMAND: &str = "ask-in-process";
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/guard.json");
const DRIFTS: u64 = 10_000;
/// How many more instructions are too many.
const MOST: f64 = 1.10;
/// A kind of request, and how often it is made in the shorter and in the longer run.
const KINDS: [(&str, usize, usize); 4] = [
    ("one by id", 64, 576),
    ("newest page", 64, 320),
    ("search part of an id, 64 in turn", 64, 320),
    (APPROVE, 64, 320),
];
const APPROVE: &str = "approve";

/// What is kept: instructions a request, and by what they were counted.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    rustc: String,
    valgrind: String,
    instructions: BTreeMap<String, u64>,
}

/// Counts, and compares with what is kept, or keeps it. Says whether all is well.
pub(crate) fn run(update: bool) -> Outcome<bool> {
    let counted = Kept {
        rustc: said("rustc", "--version")?,
        valgrind: said("valgrind", "--version")?,
        instructions: KINDS
            .iter()
            .map(|(kind, few, more)| Ok(((*kind).to_owned(), count(kind, *few, *more)?)))
            .collect::<Outcome<_>>()?,
    };
    if update {
        std::fs::write(FILE, serde_json::to_string_pretty(&counted)? + "\n")?;
        println!("kept in {FILE}");
        return Ok(true);
    }
    let kept: Kept = serde_json::from_slice(&std::fs::read(FILE)?)?;
    for (is, was, what) in [
        (&counted.rustc, &kept.rustc, "rustc"),
        (&counted.valgrind, &kept.valgrind, "valgrind"),
    ] {
        if is != was {
            println!(
                "counted with another {what} than what is kept ({is}, not {was}): keep anew with --update"
            );
        }
    }
    println!(
        "\n| request | instructions | kept | ratio | goal | holds |\n| --- | --- | --- | --- | --- | --- |"
    );
    let mut well = true;
    for (kind, is) in &counted.instructions {
        let was = kept.instructions.get(kind).copied();
        let was = was.ok_or_else(|| format!("{FILE} has no {kind}: keep anew with --update"))?;
        let ratio = *is as f64 / was as f64;
        let holds = ratio <= MOST;
        well &= holds;
        let holds = if holds { "yes" } else { "NO" };
        println!("| {kind} | {is} | {was} | {ratio:.3} | <= {MOST} | {holds} |");
    }
    Ok(well)
}

fn said(program: &str, argument: &str) -> Outcome<String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.map_err(|error| format!("{program} can't be run: {error}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Instructions that one more request takes.
fn count(kind: &str, few: usize, more: usize) -> Outcome<u64> {
    let (less, all) = (total(kind, few)?, total(kind, more)?);
    Ok((all - less) / (more - few) as u64)
}

/// Instructions of a run with so many requests.
fn total(kind: &str, requests: usize) -> Outcome<u64> {
    let (dir, token) = store()?;
    let profile = profile(kind);
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--fair-sched=yes"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe()?)
        .args([COMMAND, kind, &requests.to_string()])
        .args([dir.as_os_str(), token.as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("asking for {kind} under valgrind fails: {status}").into());
    }
    let text = std::fs::read_to_string(&profile)?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = line.ok_or("callgrind says no total")?.parse()?;
    eprintln!("  {kind}, {requests} requests: {total} instructions");
    Ok(total)
}

/// Where callgrind's output of the longer run stays, for `callgrind_annotate`.
fn profile(kind: &str) -> PathBuf {
    let name: String = kind.chars().filter(char::is_ascii_alphabetic).collect();
    scratch()
        .unwrap_or_default()
        .join(format!("callgrind-{name}.out"))
}

/// A fresh copy of the store, so that each run finds the same, and an access token for it.
fn store() -> Outcome<(PathBuf, String)> {
    let dir = scratch()?.join("guard");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir(&dir)?;
    std::fs::copy(estate::of(DRIFTS)?.join(FILE_NAME), dir.join(FILE_NAME))?;
    let data = Data::open(Options::new(&dir))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let token = runtime.block_on(async {
        let (email, password) = ("admin@bench.example.com", "a-bench-password-of-27-chars");
        let admin = FirstAdmin {
            email: Some(email.parse()?),
            password: Some(GivenPassword(password.into())),
        };
        first_admin::ensure(&data.store, &admin).await?;
        let by = Actor::local("bench");
        let signed_in = data.desk.sign_in(email, password.to_owned(), &by).await?;
        Outcome::Ok(signed_in.access.token)
    })?;
    data.store.close();
    Ok((dir, token))
}

/// Serves on one thread and asks from another, so many times.
pub(crate) fn ask(kind: &str, requests: usize, dir: &Path, token: &str) -> Outcome<()> {
    let _logs = logs::start(&LogConfig::default())?;
    let data = Data::open(Options::new(dir))?;
    let asked = asked(&data, kind, requests)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let token = token.to_owned();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let app = App::new();
        let serving = Serving::start(listener.into(), &app, None, ServeOptions::default());
        let apis = routes::apis(&app, &data, 1_u64 << 20);
        serving.open(apis, Arc::clone(&data.gate));
        let client = std::thread::spawn(move || {
            let outcome = Caller::new(&address.to_string(), &token)
                .and_then(|mut caller| asked.iter().try_for_each(|one| caller.ask(one)));
            app.lifecycle.set(Phase::Draining);
            outcome
        });
        serving.ended().await;
        client.join().map_err(|_| "the client panicked")?
    })?;
    data.store.close();
    Ok(())
}

/// What is asked: each request's first line, and its body.
fn asked(data: &Data, kind: &str, requests: usize) -> Outcome<Vec<Asked>> {
    if kind == APPROVE {
        let path = |id| format!("POST /api/v1/drifts/{id}/approve");
        let body = r#"{"reason":"the port was opened by mistake"}"#;
        let ids = works::detected(data, requests)?;
        return Ok(ids.into_iter().map(|id| (path(id), body)).collect());
    }
    let works = works::all(data, DRIFTS)?;
    let work = works
        .iter()
        .find(|work| work.name == kind)
        .ok_or("no such kind of request")?;
    let paths: Vec<&str> = work.paths().collect();
    let nth = |n: usize| (format!("GET {}", paths[n % paths.len()]), "");
    Ok((0..requests).map(nth).collect())
}
