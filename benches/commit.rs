//! Durable, audited approvals by 64 callers at once, over HTTP on a copy of a filled store; the same at the peer.

use std::path::Path;

use driftsentry::ids::DriftId;
use driftsentry::server::Data;
use driftsentry::store::{FILE_NAME, Options};

use crate::harness::{Goal, Outcome, Report, Times, median, scratch, size};
use crate::http::{PROGRAM, READY, account, serve, serve_args, sign_in};
use crate::peer::Peer;
use crate::processes::Server;
use crate::{callers, estate, works};

const CALLERS: usize = 64;
/// Three rounds are timed, and in one more syncs are counted.
const ROUNDS: usize = 3;
/// The most decisions of a round. A quarter of the smallest store's detected drifts is fewer.
const DECISIONS: usize = 6_400;

pub(crate) fn run(report: &mut Report, sizes: &[u64], with_peer: bool) -> Outcome<()> {
    report.subject("approvals over HTTP, 64 callers at once: durable and audited")?;
    for drifts in sizes {
        let dir = scratch()?.join("commit");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir)?;
        std::fs::copy(estate::of(*drifts)?.join(FILE_NAME), dir.join(FILE_NAME))?;
        one(report, *drifts, &dir, with_peer)?;
        std::fs::remove_dir_all(&dir)?;
    }
    report.note("Approvals: each is on the disk with its audit entry, timeline entry, event and read alerts before it is answered. Every fsync and fdatasync of the process, and the bytes of its writes into the database's file, are counted by strace in a round of its own.");
    report.note("The peer changes the same drifts' status; its writes are answered before they are synced, and keep no audit entry.");
    Ok(())
}

fn one(report: &mut Report, drifts: u64, dir: &Path, with_peer: bool) -> Outcome<()> {
    let ids = detected(dir)?;
    let each = DECISIONS.min(ids.len() / (ROUNDS + 1));
    let mut rounds = ids.chunks(each);
    let of = size(drifts);

    let server = serve(dir, &[])?;
    let token = sign_in(&server)?;
    let mut made = Vec::new();
    let before = batches(&server)?;
    for ids in rounds.by_ref().take(ROUNDS) {
        made.push(approve(&server, &token, ids)?);
    }
    let after = batches(&server)?;
    server.stop()?;
    let rate = median(made.iter().map(|(rate, _)| *rate).collect());
    let line = report.line(
        format!("approvals, {of}"),
        format!("{rate:.0}/s"),
        "",
        None,
        Goal::None,
    );
    if with_peer {
        match peer_decides(drifts, &ids[..each]) {
            Ok(peer) => line.peer(format!("{peer:.0}/s"), rate / peer, Goal::AtLeast(3.0)),
            Err(error) => report.note(format!("The peer could not be asked: {error}.")),
        }
    }
    let (_, waits) = &made[ROUNDS / 2];
    report.figure(format!("a caller's wait, {of}"), waits.text());
    report.figure(
        format!("changes a commit, {of}"),
        format!("{:.1}", (after.0 - before.0) / (after.1 - before.1)),
    );

    let ids = rounds.next().ok_or("too few drifts are detected")?;
    let (syncs, bytes) = calls(dir, ids)?;
    report.figure(
        format!("bytes written a decision, {of}"),
        format!("{:.0}", bytes as f64 / ids.len() as f64),
    );
    let share = syncs as f64 / ids.len() as f64;
    report.line(
        format!("fsyncs a decision, {of}"),
        format!("{share:.4}"),
        format!("{syncs} fsyncs, {} decisions", ids.len()),
        Some(share),
        Goal::AtMost(0.05),
    );
    Ok(())
}

fn detected(dir: &Path) -> Outcome<Vec<DriftId>> {
    let data = Data::open(Options::new(dir))?;
    let ids = works::detected(&data, DECISIONS * (ROUNDS + 1))?;
    data.store.close();
    Ok(ids)
}

fn approve(server: &Server, token: &str, ids: &[DriftId]) -> Outcome<(f64, Times)> {
    let body = r#"{"reason":"the port was opened by mistake"}"#;
    let ids = ids.iter();
    let requests = ids.map(|id| (format!("POST /api/v1/drifts/{id}/approve"), body));
    let requests: Vec<_> = requests.collect();
    callers::once(&server.address()?.to_string(), token, &requests, CALLERS)
}

/// How many changes were made durable so far, and by how many commits.
fn batches(server: &Server) -> Outcome<(f64, f64)> {
    let (_, metrics) = server.get("/metrics", None)?;
    let metrics = String::from_utf8(metrics)?;
    let value = |name: &str| -> Outcome<f64> {
        let name = format!("driftsentry_store_batch_changes_{name} ");
        let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
        Ok(value
            .ok_or("the metrics do not count changes")?
            .trim()
            .parse()?)
    };
    Ok((value("sum")?, value("count")?))
}

fn peer_decides(drifts: u64, ids: &[DriftId]) -> Outcome<f64> {
    let peer = Peer::start(drifts)?;
    let mut rates = Vec::new();
    for tuned in [false, true] {
        peer.tune(tuned)?;
        let of_round = (0..ROUNDS).map(|_| peer.decides(ids, CALLERS));
        rates.push(median(of_round.collect::<Outcome<_>>()?));
    }
    peer.stop()?;
    Ok(rates[0].max(rates[1]))
}

/// How many syncs so many approvals take, and how many bytes are written into the database's file.
fn calls(dir: &Path, ids: &[DriftId]) -> Outcome<(usize, u64)> {
    let log = scratch()?.join("syncs.txt");
    let log_text = log
        .to_str()
        .ok_or("the scratch directory's path is no text")?;
    // As a grandchild, so that the process that is started is the server itself. A line a call.
    let strace = [
        "-D",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-s",
        "0",
        "-e",
        "trace=fsync,fdatasync,sync_file_range,msync,pwrite64",
    ];
    let mut args: Vec<&str> = strace.to_vec();
    let serve = serve_args(dir)?;
    args.extend(["-e", "signal=none", "-o", log_text, PROGRAM]);
    args.extend(serve.iter().map(String::as_str));
    let server = Server::start("strace", &args, &account(), READY)?;
    let token = sign_in(&server)?;
    let count = || -> Outcome<(usize, u64)> {
        let text = std::fs::read_to_string(&log)?;
        let (mut syncs, mut bytes) = (0, 0);
        for line in text.lines() {
            // A call that another thread interrupts has a second line, `resumed`, and only that one its outcome.
            if !line.contains("pwrite64") {
                syncs += usize::from(!line.contains("resumed>"));
            } else if let Some((_, outcome)) = line.rsplit_once(" = ") {
                bytes += outcome.trim().parse::<u64>()?;
            }
        }
        Ok((syncs, bytes))
    };
    let before = count()?;
    approve(&server, &token, ids)?;
    let after = count()?;
    server.stop()?;
    Ok((after.0 - before.0, after.1 - before.1))
}
