//! The peer: PocketBase over the same drifts' main columns, asked the same, as it comes and tuned.

use std::io::{BufWriter, Write};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use driftsentry::drifts::{Record, records};
use driftsentry::ids::DriftId;
use driftsentry::store::tables::DRIFTS;
use driftsentry::store::{Options, Order, Range, Reads, Store, codec};
use driftsentry::time::Timestamp;
use serde_json::json;

use crate::harness::{Outcome, median, scratch, size};
use crate::processes::Server;
use crate::{callers, estate, wrk};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.py");
/// Slower than this, it is asked once more for longer.
const SLOW: f64 = 10.0;
const PATIENCE_S: u32 = 20;
const ROUNDS: usize = 3;

/// How many answers a second it gave.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    pub(crate) as_it_comes: f64,
    pub(crate) tuned: f64,
}

impl Pace {
    /// The better of both.
    pub(crate) fn best(self) -> f64 {
        self.as_it_comes.max(self.tuned)
    }

    pub(crate) fn text(self) -> String {
        let text = |rate: f64| match rate {
            0.0 => format!("none in {PATIENCE_S} s"),
            rate if rate < SLOW => format!("{rate:.1}/s"),
            rate => format!("{rate:.0}/s"),
        };
        format!("{}, tuned {}", text(self.as_it_comes), text(self.tuned))
    }
}

/// A running peer.
pub(crate) struct Peer {
    server: Server,
    token: String,
}

/// Its id of a drift: 15 characters of the random end of ours.
fn id_of(id: DriftId) -> String {
    id.0.simple().to_string()[17..].to_owned()
}

/// The path of one record.
pub(crate) fn record(id: DriftId) -> String {
    format!("/api/collections/drifts/records/{}", id_of(id))
}

/// The path of a page of 20 with its total.
pub(crate) fn page(sort: &str, filter: &str, page: u64) -> String {
    let filter: String = filter
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("/api/collections/drifts/records?perPage=20&page={page}&sort={sort}&filter={filter}")
}

/// Runs the script; what it printed.
fn script(args: &[&str]) -> Outcome<String> {
    let output = Command::new("python3")
        .arg(SCRIPT)
        .args(args)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("benches/peer.py {} fails", args.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn text(path: &Path) -> Outcome<&str> {
    Ok(path
        .to_str()
        .ok_or("the scratch directory's path is no text")?)
}

impl Peer {
    /// Starts it over a store of so many drifts, installing and filling it where needed.
    pub(crate) fn start(drifts: u64) -> Outcome<Self> {
        let program = script(&["get", text(&scratch()?)?])?;
        let data = filled(&program, drifts)?;
        // It says in a log where it listens, and takes no port 0.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        // What it would note of its own changes lies beside all data directories, and is applied to each.
        let args = [
            "--automigrate=false",
            "--dir",
            text(&data)?,
            "serve",
            "--http",
            &address,
        ];
        let server = Server::start_at(Command::new(program).args(args), &address, "/api/health")?;
        let token = script(&["token", &server.url()])?;
        let peer = Self { server, token };
        peer.tune(false)?;
        Ok(peer)
    }

    /// As it comes, or with its request log off and indexes for the questions.
    pub(crate) fn tune(&self, tuned: bool) -> Outcome<()> {
        let command = if tuned { "tune" } else { "untune" };
        script(&[command, &self.server.url()])?;
        self.settle();
        Ok(())
    }

    /// How many questions a second it answers; 0 where none in the time that it has.
    pub(crate) fn asked<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Outcome<f64> {
        let file = scratch()?.join("peer-paths.txt");
        std::fs::write(&file, paths.collect::<Vec<_>>().join("\n") + "\n")?;
        let run = |seconds| wrk::load(&self.server.url(), &file, Some(&self.token), seconds);
        // What is first read from the disk is not what is measured.
        let first = run(2)?.per_second;
        self.settle();
        if first < SLOW {
            let rate = run(PATIENCE_S)?.per_second;
            self.settle();
            return Ok(rate);
        }
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(run(1)?.per_second);
            self.settle();
        }
        Ok(median(rates))
    }

    /// How many changes of a status it makes a second, by so many callers.
    pub(crate) fn decides(&self, ids: &[DriftId], callers: usize) -> Outcome<f64> {
        let change = |id: &DriftId| (format!("PATCH {}", record(*id)), r#"{"status":"approved"}"#);
        let requests: Vec<_> = ids.iter().map(change).collect();
        let address = self.server.address()?.to_string();
        let (rate, _) = callers::once(&address, &self.token, &requests, callers)?;
        self.settle();
        Ok(rate)
    }

    /// Waits until it has dropped what nobody waits for any more.
    fn settle(&self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let used = || self.server.cpu().unwrap_or_default();
            let before = used();
            std::thread::sleep(Duration::from_millis(200));
            if used().saturating_sub(before) < Duration::from_millis(20) {
                break;
            }
        }
    }

    pub(crate) fn stop(self) -> Outcome<()> {
        self.server.stop()
    }
}

/// Its data directory with the drifts of our store, made where it is missing.
fn filled(program: &str, drifts: u64) -> Outcome<PathBuf> {
    let ours = estate::of(drifts)?;
    let name = ours
        .file_name()
        .ok_or("a store without a name")?
        .to_string_lossy();
    let script = crc32fast::hash(include_bytes!("peer.py"));
    let data = scratch()?.join(format!("peer-{name}-{script:08x}"));
    if data.is_dir() {
        return Ok(data);
    }
    eprintln!("filling the peer with {} drifts", size(drifts));
    let part = data.with_extension("part");
    let _ = std::fs::remove_dir_all(&part);
    let mut child = Command::new("python3")
        .args([SCRIPT, "fill", program, text(&part)?])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut rows = BufWriter::new(child.stdin.take().ok_or("no standard input")?);
    let store = Store::open(Options::new(&ours))?;
    let read = store.snapshot()?;
    let mut failure = None;
    read.visit(
        DRIFTS.table,
        &Range::all(),
        Order::Ascending,
        &mut |_, value| {
            let drift: Record = codec::decode(value)?;
            let difference = records::difference_of(&*read, drift.id)?;
            let written = writeln!(rows, "{}", row(&drift, &difference));
            failure = written.err();
            Ok(if failure.is_none() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    drop(read);
    store.close();
    rows.flush()?;
    drop(rows);
    if failure.is_some() || !child.wait()?.success() {
        return Err("the peer could not be filled".into());
    }
    std::fs::rename(part, &data)?;
    Ok(data)
}

fn row(drift: &Record, difference: &str) -> serde_json::Value {
    let time = |at: Timestamp| at.to_string().replace('T', " ");
    json!({
        "id": id_of(drift.id), "workspace": drift.workspace, "resourceId": drift.resource_id,
        "resourceType": drift.resource_type, "resourceAddress": drift.address,
        "provider": drift.provider.as_deref().unwrap_or_default(),
        "region": drift.region.as_deref().unwrap_or_default(),
        "accountId": drift.account_id.as_deref().unwrap_or_default(),
        "kind": records::kind_name(drift), "severity": drift.severity.name(), "status": drift.status.name(),
        "assignee": drift.assignee.as_deref().unwrap_or_default(),
        "cost": drift.cost.map_or(0.0, |cost| cost.0 as f64 / 100.0),
        "difference": difference, "seenCount": drift.seen_count,
        "detectedAt": time(drift.detected_at), "lastSeenAt": time(drift.last_seen_at),
        "created": time(drift.detected_at), "updated": time(drift.last_seen_at),
    })
}
