//! Streams of events: how soon each of 10,000 listeners hears of a change, and what listening costs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{Goal, Outcome, Report, scratch, size};
use crate::http::{serve, sign_in};
use crate::listeners::{Audience, lock};
use crate::processes::Server;
use crate::stalled;

/// Events, and the time from one to the next.
const EVENTS: u64 = 20;
const EVERY: Duration = Duration::from_secs(1);
/// The most that an event may take to arrive, at the 99th percentile.
const SOON_MS: f64 = 500.0;
/// The most memory of one stream.
const STREAM_KIB: f64 = 32.0;
/// How long nothing happens: each stream says once in it that it lives.
const IDLE: Duration = Duration::from_secs(15);
/// More than any part of this opens.
const PLENTY: &str = "20000";

/// A server for this, and who asks it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) token: String,
    dir: PathBuf,
}

impl Site {
    /// An empty one that lets one account open as many streams as it likes.
    pub(crate) fn start() -> Outcome<Self> {
        let dir = scratch()?.join("events");
        let _ = std::fs::remove_dir_all(&dir);
        let settings = [
            "CONNECTIONS",
            "CONNECTIONS_PER_ADDRESS",
            "STREAMS",
            "STREAMS_PER_USER",
            "STREAMS_PER_ADDRESS",
        ]
        .map(|name| format!("DRIFTSENTRY_LIMITS_{name}"));
        let settings = settings.each_ref().map(|name| (name.as_str(), PLENTY));
        let server = serve(&dir, &settings)?;
        let token = sign_in(&server)?;
        // Hashing the password took memory that the process keeps: streams would fill it, and seem to cost nothing.
        server.stop()?;
        let server = serve(&dir, &settings)?;
        Ok(Self { server, token, dir })
    }

    /// Posts, and reads what was made.
    pub(crate) fn make(&self, path: &str, body: &str) -> Outcome<serde_json::Value> {
        let (status, answer) = self.server.post(path, Some(&self.token), body)?;
        if status != 201 {
            let said = String::from_utf8_lossy(&answer);
            return Err(format!("{path} answers {status}: {said}").into());
        }
        Ok(serde_json::from_slice(&answer)?)
    }

    pub(crate) fn stop(self) -> Outcome<()> {
        self.server.stop()?;
        Ok(std::fs::remove_dir_all(&self.dir)?)
    }
}

/// When one event's write was sent, and when it was answered.
struct Write {
    sent: Instant,
    answered: Instant,
}

pub(crate) fn run(report: &mut Report, streams: usize) -> Outcome<()> {
    let streams = streams.min(descriptors()?.saturating_sub(500));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    report.subject("live events")?;
    report.figure("streams open at once", size(streams as u64));
    let site = Site::start()?;
    let comments = drift(&site)?;
    // What the first of everything costs once is no stream's.
    comment(&site, &comments)?;
    std::thread::sleep(Duration::from_secs(1));
    let before = site.server.memory()?.0;

    let started = Instant::now();
    let opening = Audience::open(site.server.address()?, &site.token, streams);
    let audience = runtime.block_on(opening)?;
    report.line(
        "opening them all",
        format!("{:.1?}", started.elapsed()),
        "",
        None,
        Goal::None,
    );
    let newest = |audience: &Audience| audience.listeners.first().map(|each| lock(each).newest());
    let first = newest(&audience).unwrap_or_default() + 1;

    let mut writes = Vec::new();
    for _ in 0..EVENTS {
        let sent = Instant::now();
        comment(&site, &comments)?;
        let answered = Instant::now();
        writes.push(Write { sent, answered });
        std::thread::sleep((sent + EVERY).saturating_duration_since(Instant::now()));
    }
    let last = first + EVENTS - 1;
    audience.wait_for(last, Duration::from_secs(30));
    arrivals(report, &audience, &writes, first);
    faults(report, &audience, last, "streams");
    cost(report, &site, before, streams)?;
    faults(report, &audience, last, "streams, after the silence");

    runtime.block_on(async move { drop(audience) });
    site.stop()?;
    stalled::run(report, &runtime)
}

/// As many descriptors as this may have; the server inherits it.
fn descriptors() -> Outcome<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )?;
    Ok(usize::try_from(limit.maximum.unwrap_or(u64::MAX)).unwrap_or(usize::MAX))
}

/// Makes a drift; the path of its comments.
fn drift(site: &Site) -> Outcome<String> {
    let body = serde_json::json!({
        "resourceId": "i-0123456789abcdef0", "resourceType": "aws_instance", "region": "eu-west-1",
        "expectedState": {"instance_type": "t3.micro"}, "actualState": {"instance_type": "c5.4xlarge"},
    });
    let made = site.make("/api/v1/drifts", &body.to_string())?;
    let id = made["data"]["id"].as_str().ok_or("a drift without an id")?;
    Ok(format!("/api/v1/drifts/{id}/comments"))
}

/// Makes one event.
fn comment(site: &Site, path: &str) -> Outcome<()> {
    site.make(path, r#"{"body": "still looking at it"}"#)?;
    Ok(())
}

fn arrivals(report: &mut Report, audience: &Audience, writes: &[Write], first: u64) {
    let (mut since_sent, mut since_answered) = (Vec::new(), Vec::new());
    for listener in &audience.listeners {
        for (seq, at) in &lock(listener).events {
            let number = seq.checked_sub(first).and_then(|n| usize::try_from(n).ok());
            let Some(write) = number.and_then(|n| writes.get(n)) else {
                continue;
            };
            since_sent.push(at.saturating_duration_since(write.sent));
            since_answered.push(at.saturating_duration_since(write.answered));
        }
    }
    let taken = |write: &Write| write.answered - write.sent;
    let (text, _) = percentiles(writes.iter().map(taken).collect());
    report.line(
        "a write's answer, while all listen",
        text,
        "",
        None,
        Goal::None,
    );
    let mut row = |from: &str, times: Vec<Duration>| {
        let (text, p99_ms) = percentiles(times);
        report.line(
            format!("from {from} to the event's arrival"),
            text,
            format!("p99 {SOON_MS} ms"),
            Some(p99_ms / SOON_MS),
            Goal::AtMost(1.0),
        );
    };
    row("the write's sending, its commit included,", since_sent);
    row("the write's answer", since_answered);
}

/// In words, and the 99th in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> (String, f64) {
    times.sort_unstable();
    let ms = |share: usize| {
        let at = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times
            .get(at)
            .map_or(f64::INFINITY, |t| t.as_secs_f64() * 1e3)
    };
    let (half, most, all) = (ms(50), ms(99), ms(100));
    let text = format!("p50 {half:.0} ms, p99 {most:.0} ms, max {all:.0} ms");
    (text, most)
}

/// What was lost, doubled, cut off: nothing may be.
pub(crate) fn faults(report: &mut Report, audience: &Audience, up_to: u64, whose: &str) {
    let (lost, again, cut) = audience.faults(up_to);
    let heard: usize = audience
        .listeners
        .iter()
        .map(|l| lock(l).events.len())
        .sum();
    report.line(
        format!(
            "events lost or doubled, {} {whose}",
            audience.listeners.len()
        ),
        format!("{lost} lost, {again} doubled, {cut} cut off"),
        format!("0 of {heard} heard"),
        Some((lost + again + cut) as f64),
        Goal::AtMost(0.0),
    );
}

fn cost(report: &mut Report, site: &Site, before: f64, streams: usize) -> Outcome<()> {
    let used = site.server.cpu()?;
    std::thread::sleep(IDLE);
    let used = site.server.cpu()?.saturating_sub(used);
    let after = site.server.memory()?.0;
    let each = (after - before) * 1024.0 / streams as f64;
    report.line(
        "memory of a stream",
        format!("{each:.1} KiB"),
        format!("{STREAM_KIB} KiB ({before:.1} MiB without, {after:.1} MiB with)"),
        Some(each / STREAM_KIB),
        Goal::AtMost(1.0),
    );
    report.line(
        "processor, nothing happening",
        format!(
            "{:.1} % of one core",
            used.as_secs_f64() / IDLE.as_secs_f64() * 100.0
        ),
        format!("over {} s", IDLE.as_secs()),
        None,
        Goal::None,
    );
    Ok(())
}
