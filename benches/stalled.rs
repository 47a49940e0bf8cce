//! Listeners that never read: when they are dropped, what they cost until then, and that nobody else notices.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::events::{Site, faults};
use crate::harness::{Goal, Outcome, Report};
use crate::listeners::{Audience, lock, unread};
use crate::plan::{Kind, Plan};

/// Who never reads, and who does meanwhile.
const STALLED: usize = 100;
const READING: usize = 50;
/// Scans, each of a workspace of its own, and the drifts of each: more bytes of events than a connection's buffers hold.
const SCANS: u64 = 25;
const DRIFTS: u64 = 500;
/// The most that a reader may stop, in seconds, from when its buffers are full.
const PATIENCE_S: f64 = 30.0;
/// The most memory that they all may cost, in MiB.
const MEMORY_MIB: f64 = 16.0;
const LOOK: Duration = Duration::from_millis(100);
const GIVE_UP: Duration = Duration::from_secs(120);

pub(crate) fn run(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let name = format!("live events: {STALLED} readers that never read, {READING} that do");
    report.subject(&name)?;
    let without = flood(report, runtime, 0)?;
    let with = flood(report, runtime, STALLED)?;
    report.line(
        "memory that they cost at most",
        format!("{:.1} MiB", with - without),
        format!("{MEMORY_MIB} MiB ({without:.1} MiB without, {with:.1} MiB with)"),
        Some((with - without) / MEMORY_MIB),
        Goal::AtMost(1.0),
    );
    report.note("Readers that never read: their buffers count as full from when the kernel last took a byte for them. Memory is the server's growth, at its most, against the growth from the same scans without them.");
    Ok(())
}

/// Makes many events while some listen and some don't; how much the server's memory grew at most, in MiB.
fn flood(report: &mut Report, runtime: &Runtime, stalled: usize) -> Outcome<f64> {
    let site = Site::start()?;
    let address = site.server.address()?;
    let mut plan = Vec::new();
    Plan::new(Kind::RefreshOnly, DRIFTS, DRIFTS, 7).write(&mut plan)?;
    let plan = String::from_utf8(plan)?;
    push(&site, "warm", &plan)?;
    let audience = runtime.block_on(Audience::open(address, &site.token, READING))?;
    let before = site.server.memory()?.0;
    let streams = runtime.block_on(unread(address, &site.token, stalled))?;
    let mut watch = Watch::new(address, &streams)?;
    let mut most = before;
    let started = Instant::now();
    std::thread::scope(|scope| -> Outcome<()> {
        let pushing =
            scope.spawn(|| (0..SCANS).try_for_each(|n| push(&site, &format!("flood/{n}"), &plan)));
        while !pushing.is_finished() || (!watch.is_over() && started.elapsed() < GIVE_UP) {
            most = most.max(site.server.memory()?.0);
            watch.look()?;
            std::thread::sleep(LOOK);
        }
        pushing.join().map_err(|_| "the pushing panicked")?
    })?;
    let newest = newest(runtime, &site)?;
    audience.wait_for(newest, Duration::from_secs(60));
    let whose = if stalled == 0 { "alone" } else { "that read" };
    faults(report, &audience, newest, whose);
    if stalled > 0 {
        watch.tell(report);
    }
    runtime.block_on(async move { drop((streams, audience)) });
    site.stop()?;
    Ok(most - before)
}

/// A stream that is opened now begins after the newest event.
fn newest(runtime: &Runtime, site: &Site) -> Outcome<u64> {
    let opening = Audience::open(site.server.address()?, &site.token, 1);
    let audience = runtime.block_on(opening)?;
    let first = audience.listeners.first().ok_or("nobody listens")?;
    let newest = lock(first).newest();
    runtime.block_on(async move { drop(audience) });
    Ok(newest)
}

fn push(site: &Site, workspace: &str, plan: &str) -> Outcome<()> {
    site.make(&format!("/api/v1/scans?workspace={workspace}"), plan)?;
    Ok(())
}

/// The server's ends of connections, as the kernel tells of them.
struct Watch {
    server: u16,
    /// By the client's port.
    ends: HashMap<u16, End>,
}

struct End {
    queued: u64,
    /// When it last took a byte.
    full_since: Instant,
    dropped_after: Option<Duration>,
}

impl Watch {
    fn new(server: SocketAddr, streams: &[TcpStream]) -> Outcome<Self> {
        let now = Instant::now();
        let end = |stream: &TcpStream| -> Outcome<(u16, End)> {
            let end = End {
                queued: 0,
                full_since: now,
                dropped_after: None,
            };
            Ok((stream.local_addr()?.port(), end))
        };
        Ok(Self {
            server: server.port(),
            ends: streams.iter().map(end).collect::<Outcome<_>>()?,
        })
    }

    fn is_over(&self) -> bool {
        self.ends.values().all(|end| end.dropped_after.is_some())
    }

    fn look(&mut self) -> Outcome<()> {
        let open = established(self.server)?;
        let now = Instant::now();
        for (port, end) in &mut self.ends {
            match open.get(port) {
                Some(queued) if *queued == end.queued => {}
                Some(queued) => {
                    end.queued = *queued;
                    end.full_since = now;
                }
                None if end.dropped_after.is_none() => {
                    end.dropped_after = Some(now - end.full_since);
                }
                None => {}
            }
        }
        Ok(())
    }

    fn tell(&self, report: &mut Report) {
        let dropped: Vec<Duration> = self.ends.values().filter_map(|e| e.dropped_after).collect();
        let ends = [dropped.iter().min(), dropped.iter().max()];
        let [soonest, latest] = ends.map(|time| time.map_or(f64::INFINITY, Duration::as_secs_f64));
        let queued = self.ends.values().map(|end| end.queued).max();
        let all = self.ends.len();
        report.line(
            "dropped, from when their buffers are full",
            format!("{soonest:.1} to {latest:.1} s, {} of {all}", dropped.len()),
            format!(
                "{PATIENCE_S} s ({} KiB in the kernel for one)",
                queued.unwrap_or_default() >> 10
            ),
            Some(if dropped.len() == all {
                latest / PATIENCE_S
            } else {
                f64::INFINITY
            }),
            Goal::AtMost(1.0),
        );
    }
}

/// The clients' ports of a server's open connections, and how many bytes wait to be sent on each.
///
/// Source: proc_pid_net(5), /proc/net/tcp. State 01 is ESTABLISHED.
fn established(server: u16) -> Outcome<HashMap<u16, u64>> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let port = |address: &str| {
        let (_, port) = address.rsplit_once(':')?;
        u16::from_str_radix(port, 16).ok()
    };
    let row = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (port(fields.next()?)?, port(fields.next()?)?);
        let is_open = fields.next()? == "01";
        let (queued, _) = fields.next()?.split_once(':')?;
        let queued = u64::from_str_radix(queued, 16).ok()?;
        (local == server && is_open).then_some((remote, queued))
    };
    Ok(table.lines().filter_map(row).collect())
}
