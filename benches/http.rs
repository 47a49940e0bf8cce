//! The built program under `wrk`, against the same answers from memory; its start, its memory, its size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use driftsentry::server::Data;
use driftsentry::store::Options;

use crate::estate;
use crate::harness::{Goal, Outcome, Report, median, ratio, scratch, size};
use crate::limit;
use crate::processes::Server;
use crate::works::{self, Work};
use crate::wrk::{self, Load};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_driftsentry");
pub(crate) const READY: &str = "/health/ready";
/// Limit and product take turns so many times, so many seconds each.
const ROUNDS: usize = 3;
const SECONDS: u32 = 1;
/// The account that signs in, where the program asks who one is.
const EMAIL: &str = "admin@bench.example.com";
const PASSWORD: &str = "a-bench-password-of-27-chars";
const MIB: f64 = 1024.0 * 1024.0;

/// The product over a store of one size.
struct Site {
    drifts: u64,
    server: Server,
    token: String,
    works: Vec<Work>,
}

pub(crate) fn run(report: &mut Report, sizes: &[u64]) -> Outcome<()> {
    report.subject("the program");
    let bytes = std::fs::metadata(PROGRAM)?.len() as f64 / MIB;
    at_most(report, "size of the binary", bytes, "MiB", 25.0);
    idle(report)?;
    let mut sites = Vec::new();
    for drifts in sizes {
        sites.push(site(report, *drifts)?);
    }
    report.subject("over HTTP: 32 connections, kept alive");
    let bodies = Bodies::fetch(&sites)?;
    let program = std::env::current_exe()?;
    let program = program.to_str().ok_or("this program's path is no text")?;
    let start = |mode: &str| {
        let dir = bodies.dir.to_string_lossy().into_owned();
        Server::start(program, &[limit::COMMAND, mode, &dir], &[], "/0")
    };
    let limits = Limits {
        stack: start(limit::STACK)?,
        bare: start(limit::BARE)?,
    };
    for n in 0..sites.first().map_or(0, |site| site.works.len()) {
        one_work(report, &sites, &bodies, &limits, n)?;
    }
    for site in &sites {
        let (_, peak) = site.server.memory()?;
        at_most(
            report,
            &format!("memory, most under this load, {}", size(site.drifts)),
            peak,
            "MiB",
            300.0,
        );
    }
    for site in sites {
        site.server.stop()?;
    }
    report.note("Over HTTP: the limit is the same serve loop, middleware and log with answers from memory; bare is hyper and poem alone. Limit and product take turns; the median of the turns counts.");
    Ok(())
}

/// A figure that stands for itself.
fn at_most(report: &mut Report, work: &str, figure: f64, unit: &str, most: f64) {
    report.line(
        work,
        format!("{figure:.1} {unit}"),
        format!("{most} {unit}"),
        Some(figure / most),
        Goal::AtMost(1.0),
    );
}

/// The program with nothing to do.
fn idle(report: &mut Report) -> Outcome<()> {
    let dir = scratch()?.join("empty");
    let _ = std::fs::remove_dir_all(&dir);
    let server = serve(&dir, &[])?;
    std::thread::sleep(Duration::from_millis(500));
    at_most(
        report,
        "memory idle, no drifts",
        server.memory()?.0,
        "MiB",
        40.0,
    );
    at_most(
        report,
        "start to ready, no drifts",
        server.started_in.as_secs_f64(),
        "s",
        1.0,
    );
    server.stop()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Starts the program on a data directory, with an account where it knows accounts, and with these settings.
pub(crate) fn serve(dir: &Path, settings: &[(&str, &str)]) -> Outcome<Server> {
    let dir = dir.to_str().ok_or("the data directory's path is no text")?;
    let args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", dir];
    let account = [
        ("DRIFTSENTRY_ADMIN_EMAIL", EMAIL),
        ("DRIFTSENTRY_ADMIN_PASSWORD", PASSWORD),
    ];
    Server::start(PROGRAM, &args, &[&account, settings].concat(), READY)
}

fn site(report: &mut Report, drifts: u64) -> Outcome<Site> {
    let dir = estate::of(drifts)?;
    let data = Data::open(Options::new(&dir))?;
    let works = works::all(&data, drifts)?;
    data.store.close();
    let server = serve(&dir, &[])?;
    let of = size(drifts);
    at_most(
        report,
        &format!("start to ready, {of}"),
        server.started_in.as_secs_f64(),
        "s",
        1.0,
    );
    std::thread::sleep(Duration::from_millis(500));
    at_most(
        report,
        &format!("memory after the start, {of}"),
        server.memory()?.0,
        "MiB",
        300.0,
    );
    let token = sign_in(&server)?;
    Ok(Site {
        drifts,
        server,
        token,
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

struct Limits {
    stack: Server,
    bare: Server,
}

/// Answers of the product as files for the limit, and both's paths as files for `wrk`.
struct Bodies {
    dir: PathBuf,
    /// Which questions have an answer at all.
    served: Vec<Vec<bool>>,
}

impl Bodies {
    fn fetch(sites: &[Site]) -> Outcome<Self> {
        let dir = scratch()?.join("bodies");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir)?;
        let mut bodies = Self {
            dir,
            served: Vec::new(),
        };
        let mut number = 0;
        for (s, site) in sites.iter().enumerate() {
            let mut served = Vec::new();
            for (n, work) in site.works.iter().enumerate() {
                let mut limit_paths = String::new();
                let mut paths = String::new();
                let mut all_there = true;
                for path in work.paths() {
                    let (status, body) = site.server.get(path, Some(&site.token))?;
                    if status == 404 && path.starts_with("/api/v1/metrics") {
                        all_there = false;
                        break;
                    }
                    if status != 200 {
                        return Err(format!(
                            "{path} answers {status}: {}",
                            String::from_utf8_lossy(&body)
                        )
                        .into());
                    }
                    std::fs::write(bodies.dir.join(number.to_string()), body)?;
                    limit_paths += &format!("/{number}\n");
                    paths += &format!("{path}\n");
                    number += 1;
                }
                std::fs::write(bodies.paths(s, n, "limit"), limit_paths)?;
                std::fs::write(bodies.paths(s, n, "product"), paths)?;
                served.push(all_there);
            }
            bodies.served.push(served);
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
    sites: &[Site],
    bodies: &Bodies,
    limits: &Limits,
    n: usize,
) -> Outcome<()> {
    let mut first: Option<Duration> = None;
    for (s, site) in sites.iter().enumerate() {
        let work = &site.works[n];
        let name = format!("{}, {}", work.name, size(site.drifts));
        if !bodies.served[s][n] {
            report.line(
                name,
                "not served",
                String::new(),
                None,
                Goal::AtLeast(work.share),
            );
            continue;
        }
        let limit_paths = bodies.paths(s, n, "limit");
        let (mut product, mut stack, mut bare) =
            (Turns::default(), Turns::default(), Turns::default());
        for _ in 0..ROUNDS {
            bare.0
                .push(wrk::load(&limits.bare.url(), &limit_paths, None, SECONDS)?);
            stack
                .0
                .push(wrk::load(&limits.stack.url(), &limit_paths, None, SECONDS)?);
            let paths = bodies.paths(s, n, "product");
            product.0.push(wrk::load(
                &site.server.url(),
                &paths,
                Some(&site.token),
                SECONDS,
            )?);
            // What the load left behind must not slow the next turn.
            site.server
                .get("/api/v1/drifts?limit=1", Some(&site.token))?;
            if product.per_second() == 0.0 {
                break;
            }
        }
        report.line(
            name,
            product.text(),
            format!(
                "limit {:.0}/s (bare {:.0}/s)",
                stack.per_second(),
                bare.per_second()
            ),
            Some(product.per_second() / stack.per_second()),
            Goal::AtLeast(work.share),
        );
        match first {
            None => first = Some(product.median()),
            Some(small) => report.line(
                format!(
                    "{}, flat from {} to {}",
                    work.name,
                    size(sites[0].drifts),
                    size(site.drifts)
                ),
                product.text(),
                format!("{small:.2?}"),
                // No answer within a turn has no median: it is not flat.
                Some(if product.per_second() > 0.0 {
                    ratio(product.median(), small)
                } else {
                    f64::INFINITY
                }),
                Goal::AtMost(1.5),
            ),
        }
    }
    Ok(())
}
