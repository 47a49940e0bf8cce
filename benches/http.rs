//! The built program under `wrk`, against the same answers from memory; its start, its memory, its size.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use driftsentry::server::Data;
use driftsentry::store::{FILE_NAME, Options};

use crate::harness::{Goal, Outcome, Report, median, most_of, ratio, scratch, size};
use crate::peer::{Pace, Peer};
use crate::processes::Server;
use crate::works::{self, Work};
use crate::wrk::{self, Load};
use crate::{estate, first_load, limit};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_driftsentry");
pub(crate) const READY: &str = "/health/ready";
/// Limit and product take turns so many times, so many seconds each, after one turn that isn't counted.
const ROUNDS: usize = 3;
const SECONDS: u32 = 1;
/// The account that signs in, where the program asks who one is.
const EMAIL: &str = "admin@bench.example.com";
const PASSWORD: &str = "a-bench-password-of-27-chars";
/// How long a token is used: a little less than it lives.
const TOKEN_AGE: Duration = Duration::from_secs(600);
/// How often Prometheus asks; the median counts.
const SCRAPES: usize = 11;
const MIB: f64 = 1024.0 * 1024.0;
/// How many times the peer's answers a second ours are to be.
const OVER_PEER: f64 = 50.0;

/// The product over a store of one size.
struct Site {
    drifts: u64,
    server: Server,
    token: String,
    signed_in: Instant,
    works: Vec<Work>,
}

/// Answers a second of the peer: at a size, to a question.
type Paces = HashMap<(u64, &'static str), Pace>;

/// Asks stores of these sizes, and the peer at those.
pub(crate) fn run(report: &mut Report, sizes: &[u64], peer_sizes: &[u64]) -> Outcome<()> {
    program(report)?;
    let idle = idle(report)?;
    let mut works = Vec::new();
    for drifts in sizes {
        let data = Data::open(Options::new(estate::of(*drifts)?))?;
        works.push(works::all(&data, *drifts)?);
        data.store.close();
    }
    let mut paces = Paces::new();
    let mut without = None;
    for (drifts, works) in sizes.iter().zip(&works) {
        if peer_sizes.contains(drifts)
            && let Err(error) = ask_peer(&mut paces, *drifts, works)
        {
            without = Some(error);
        }
    }
    let mut sites = Vec::new();
    for (drifts, works) in sizes.iter().zip(works) {
        sites.push(site(report, *drifts, works, idle)?);
    }
    report.subject("over HTTP: 32 connections, kept alive")?;
    let bodies = Bodies::fetch(&sites)?;
    let this = std::env::current_exe()?;
    let this = this.to_str().ok_or("this program's path is no text")?;
    let dir = bodies.dir.to_string_lossy().into_owned();
    let limit = Server::start(this, &[limit::COMMAND, &dir], &[], "/0")?;
    for n in 0..sites.first().map_or(0, |site| site.works.len()) {
        one_work(report, &mut sites, &bodies, &limit, n, &paces)?;
    }
    for site in &sites {
        let (_, peak) = site.server.memory()?;
        let work = format!("memory, most under this load, {}", size(site.drifts));
        report.at_most(&work, peak, "MiB", most_of(site.drifts, 300.0));
    }
    for site in sites {
        site.server.stop()?;
    }
    report.note("The limit is the same serve loop, middleware and log with the same answers from memory. Limit and product take turns; the first isn't counted, the median of the others is. Flat: the median latency of wrk against that at the first size.");
    report.note("The peer is PocketBase 0.40.6 on the same machine in the same run, holding the same drifts' main columns without their states; it searches one field of our three. As it comes: indexes on what is asked; tuned: two more of several columns, and its request log off.");
    if let Some(error) = without {
        report.note(format!("The peer could not be asked: {error}."));
    }
    Ok(())
}

/// What the program is before it does anything.
fn program(report: &mut Report) -> Outcome<()> {
    report.subject("the program")?;
    let bytes = std::fs::metadata(PROGRAM)?.len() as f64 / MIB;
    report.at_most("size of the binary", bytes, "MiB", 25.0);
    Ok(())
}

/// The program with nothing to do: the memory it takes, in MiB.
fn idle(report: &mut Report) -> Outcome<f64> {
    let dir = scratch()?.join("empty");
    let _ = std::fs::remove_dir_all(&dir);
    let first = serve(&dir, &[])?;
    report.at_most(
        "first load of the UI, gzip",
        first_load::bytes(&first)? as f64 / 1e3,
        "KB",
        150.0,
    );
    // The first start hashes a password, whose memory stays: not what an idle server takes.
    first.stop()?;
    let server = serve(&dir, &[])?;
    std::thread::sleep(Duration::from_millis(500));
    let memory = server.memory()?.0;
    report.at_most("memory idle, no drifts", memory, "MiB", 40.0);
    let started = server.started_in.as_secs_f64();
    report.at_most("start to ready, no drifts", started, "s", 1.0);
    server.stop()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(memory)
}

/// How fast the peer answers, as it comes and tuned.
fn ask_peer(paces: &mut Paces, drifts: u64, works: &[Work]) -> Outcome<()> {
    eprintln!("asking the peer, {}", size(drifts));
    let peer = Peer::start(drifts)?;
    for tuned in [false, true] {
        peer.tune(tuned)?;
        for work in works {
            if work.peer_paths().next().is_none() {
                continue;
            }
            let rate = peer.asked(work.peer_paths())?;
            eprintln!(
                "  {}{}: {rate:.1}/s",
                work.name,
                if tuned { ", tuned" } else { "" }
            );
            let pace = paces.entry((drifts, work.name)).or_default();
            match tuned {
                true => pace.tuned = rate,
                false => pace.as_it_comes = rate,
            }
        }
    }
    peer.stop()
}

/// Starts the program on a data directory, with an account where it knows accounts, and with these settings.
pub(crate) fn serve(dir: &Path, settings: &[(&str, &str)]) -> Outcome<Server> {
    Server::start(
        PROGRAM,
        &serve_args(dir)?,
        &[&account(), settings].concat(),
        READY,
    )
}

/// The program's arguments to serve a data directory.
pub(crate) fn serve_args(dir: &Path) -> Outcome<[String; 5]> {
    let dir = dir.to_str().ok_or("the data directory's path is no text")?;
    Ok(["serve", "--listen", "127.0.0.1:0", "--data-dir", dir].map(str::to_owned))
}

/// The account that is made at the first start.
pub(crate) fn account() -> [(&'static str, &'static str); 2] {
    [
        ("DRIFTSENTRY_ADMIN_EMAIL", EMAIL),
        ("DRIFTSENTRY_ADMIN_PASSWORD", PASSWORD),
    ]
}

fn site(report: &mut Report, drifts: u64, works: Vec<Work>, idle: f64) -> Outcome<Site> {
    let dir = estate::of(drifts)?;
    let of = size(drifts);
    // With hardly any pages cached, what is left is what is kept of each drift.
    let bare = serve(&dir, &[("DRIFTSENTRY_STORE_CACHE_BYTES", "1048576")])?;
    std::thread::sleep(Duration::from_millis(500));
    let index = (bare.memory()?.0 - idle) * MIB / drifts as f64;
    bare.stop()?;
    let on_disk = std::fs::metadata(dir.join(FILE_NAME))?.blocks() as f64 * 512.0 / drifts as f64;
    report.figure(
        format!("bytes a drift in memory, on disk, {of}"),
        format!("{index:.0}, {on_disk:.0}"),
    );
    let server = serve(&dir, &[])?;
    let started = server.started_in.as_secs_f64();
    report.at_most(
        &format!("start to ready, {of}"),
        started,
        "s",
        most_of(drifts, 1.0),
    );
    std::thread::sleep(Duration::from_millis(500));
    let memory = server.memory()?.0;
    report.at_most(
        &format!("memory after the start, {of}"),
        memory,
        "MiB",
        most_of(drifts, 300.0),
    );
    let mut scrapes = Vec::new();
    for _ in 0..SCRAPES {
        let asked = Instant::now();
        server.get("/metrics", None)?;
        scrapes.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    report.at_most(
        &format!("a scrape of /metrics, {of}"),
        median(scrapes),
        "ms",
        // Of 2,000 workspaces, which a million drifts have here.
        most_of(drifts, 50.0),
    );
    Ok(Site {
        drifts,
        token: sign_in(&server)?,
        signed_in: Instant::now(),
        server,
        works,
    })
}

/// An access token.
pub(crate) fn sign_in(server: &Server) -> Outcome<String> {
    let body = serde_json::json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let (status, body) = server.post("/api/v1/auth/login", None, &body)?;
    let answer: serde_json::Value = serde_json::from_slice(&body)?;
    let token = answer["data"]["accessToken"].as_str();
    let token = token.ok_or_else(|| format!("signing in answers {status}: {answer}"))?;
    Ok(token.to_owned())
}

/// Answers of the product as files for the limit, and both's paths as files for `wrk`.
struct Bodies {
    dir: PathBuf,
}

impl Bodies {
    fn fetch(sites: &[Site]) -> Outcome<Self> {
        let dir = scratch()?.join("bodies");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir)?;
        let bodies = Self { dir };
        let mut number = 0;
        for (s, site) in sites.iter().enumerate() {
            for (n, work) in site.works.iter().enumerate() {
                let mut limit_paths = String::new();
                let mut paths = String::new();
                for path in work.paths() {
                    let (status, body) = site.server.get(path, Some(&site.token))?;
                    if status != 200 {
                        let said = String::from_utf8_lossy(&body);
                        return Err(format!("{path} answers {status}: {said}").into());
                    }
                    std::fs::write(bodies.dir.join(number.to_string()), body)?;
                    limit_paths += &format!("/{number}\n");
                    paths += &format!("{path}\n");
                    number += 1;
                }
                std::fs::write(bodies.paths(s, n, "limit"), limit_paths)?;
                std::fs::write(bodies.paths(s, n, "product"), paths)?;
            }
        }
        Ok(bodies)
    }

    fn paths(&self, site: usize, work: usize, of: &str) -> PathBuf {
        self.dir.join(format!("{site}-{work}-{of}.txt"))
    }
}

/// The turns of one server.
#[derive(Default)]
struct Turns(Vec<Load>);

impl Turns {
    fn text(&self) -> String {
        match self.per_second() {
            rate if rate > 0.0 => format!("{rate:.0}/s, median {:.2?}", self.median()),
            _ => format!("no answer within {SECONDS} s"),
        }
    }

    fn per_second(&self) -> f64 {
        median(self.0.iter().map(|load| load.per_second).collect())
    }

    fn median(&self) -> Duration {
        Duration::from_secs_f64(median(
            self.0
                .iter()
                .map(|load| load.median.as_secs_f64())
                .collect(),
        ))
    }
}

fn one_work(
    report: &mut Report,
    sites: &mut [Site],
    bodies: &Bodies,
    limit: &Server,
    n: usize,
    paces: &Paces,
) -> Outcome<()> {
    let mut first: Option<(u64, Duration)> = None;
    for (s, site) in sites.iter_mut().enumerate() {
        if site.signed_in.elapsed() > TOKEN_AGE {
            site.token = sign_in(&site.server)?;
            site.signed_in = Instant::now();
        }
        let work = &site.works[n];
        let (mut product, mut stack) = (Turns::default(), Turns::default());
        // What is first read from the disk is not what is measured, no more than of the peer.
        for round in 0..=ROUNDS {
            let paths = bodies.paths(s, n, "limit");
            let of_stack = wrk::load(&limit.url(), &paths, None, SECONDS)?;
            let paths = bodies.paths(s, n, "product");
            let token = Some(site.token.as_str());
            let of_product = wrk::load(&site.server.url(), &paths, token, SECONDS)?;
            // What the load left behind must not slow the next turn.
            site.server.get("/api/v1/drifts?limit=1", token)?;
            if round == 0 {
                continue;
            }
            stack.0.push(of_stack);
            product.0.push(of_product);
            if product.per_second() == 0.0 {
                break;
            }
        }
        let rate = product.per_second();
        let line = report.line(
            format!("{}, {}", work.name, size(site.drifts)),
            product.text(),
            format!("limit {:.0}/s", stack.per_second()),
            Some(rate / stack.per_second()),
            Goal::AtLeast(work.share),
        );
        if let Some(pace) = paces.get(&(site.drifts, work.name)) {
            // One by id has no goal over the peer: it is a share of the limit.
            let goal = match work.share {
                0.5 => Goal::AtLeast(OVER_PEER),
                _ => Goal::None,
            };
            line.peer(pace.text(), rate / pace.best(), goal);
        }
        let Some((small, fast)) = first else {
            first = Some((site.drifts, product.median()));
            continue;
        };
        // No answer within a turn has no median: it is not flat.
        let flat = if rate > 0.0 {
            ratio(product.median(), fast)
        } else {
            f64::INFINITY
        };
        report.line(
            format!(
                "{}, flat from {} to {}",
                work.name,
                size(small),
                size(site.drifts)
            ),
            format!("{:.2?}", product.median()),
            format!("{fast:.2?}"),
            Some(flat),
            Goal::AtMost(1.5),
        );
    }
    Ok(())
}
