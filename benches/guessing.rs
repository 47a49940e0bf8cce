//! Guessing passwords: what a try's time tells, and what a flood of tries costs those who read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use driftsentry::actor::{Actor, Role};
use driftsentry::error::Error;
use driftsentry::server::Data;
use driftsentry::store::{Options, Writes};
use driftsentry::users::{self, Change, New, Password, PasswordHash};

use crate::estate;
use crate::harness::{Goal, Outcome, Report, Times, ratio, scratch};
use crate::http::{serve, sign_in};
use crate::processes::Server;

/// Tries of each kind whose times are compared.
const TRIES: usize = 200;
/// Accounts that they are spread over: fifteen failures of each are free.
const ACCOUNTS: usize = 20;
/// How far apart the middle times may lie, in milliseconds.
const APART_MS: f64 = 2.0;
/// Connections that guess.
const GUESSERS: usize = 64;
/// How long is read with and without them.
const READ_FOR: Duration = Duration::from_secs(5);

pub(crate) fn run(report: &mut Report) -> Outcome<()> {
    report.subject("guessing: what the time of a failed sign-in tells")?;
    let dir = scratch()?.join("guessing");
    let _ = std::fs::remove_dir_all(&dir);
    times_of_failures(report, &dir)?;
    std::fs::remove_dir_all(&dir)?;
    report.subject("guessing: reading while 64 connections guess")?;
    flood(report)
}

fn times_of_failures(report: &mut Report, dir: &std::path::Path) -> Outcome<()> {
    let data = Data::open(Options::new(dir))?;
    let kinds = ["unknown account", "wrong password", "disabled account"];
    let hash = PasswordHash::of(&Password::one_time()?)?;
    for (kind, disabled) in [(kinds[1], false), (kinds[2], true)] {
        for number in 0..ACCOUNTS {
            account(&data, &email(kind, number), hash.clone(), disabled)?;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut times: [Vec<Duration>; 3] = Default::default();
    for n in 0..TRIES * 3 {
        // Each kind first, second and third in its turn.
        let kind = (n + n / 3) % 3;
        let by = Actor {
            ip_address: Some(format!("198.18.{}.{}", n / 250, n % 250)),
            ..Actor::system("")
        };
        let email = email(kinds[kind], n / 3 % ACCOUNTS);
        let started = Instant::now();
        let tried = runtime.block_on(data.desk.sign_in(&email, "a wrong guess".to_owned(), &by));
        times[kind].push(started.elapsed());
        if !matches!(tried, Err(Error::Unauthenticated)) {
            return Err(format!("{email}: {tried:?}").into());
        }
    }
    let times = times.map(Times::of);
    for (kind, times) in kinds.iter().zip(&times) {
        report.line(*kind, times.text(), "", None, Goal::None);
    }
    let medians = times.map(|times| times.median());
    let apart = medians.iter().max().copied().unwrap_or_default()
        - medians.iter().min().copied().unwrap_or_default();
    let apart_ms = apart.as_secs_f64() * 1e3;
    report.line(
        "how far apart their medians are",
        format!("{apart:.1?}"),
        format!("{APART_MS} ms"),
        Some(apart_ms / APART_MS),
        Goal::AtMost(1.0),
    );
    data.store.close();
    Ok(())
}

fn email(kind: &str, number: usize) -> String {
    format!("{}-{number}@bench.example.com", kind.replace(' ', "-"))
}

fn account(data: &Data, email: &str, password: PasswordHash, disabled: bool) -> Outcome<()> {
    let by = Actor::system("");
    let email: users::Email = email.parse()?;
    data.store.write_blocking(move |read, now| {
        let new = New {
            email: email.clone(),
            role: Role::Viewer,
            first_name: None,
            last_name: None,
            password: password.clone(),
            must_change_password: false,
        };
        users::create(read, new, &by, now)
    })?;
    if disabled {
        let change = Change {
            disabled: Some(true),
            ..Change::default()
        };
        let all = data.store.read(users::all)?;
        let by = Actor::system("");
        data.store.write_blocking(move |read, now| {
            let mut writes = Writes::new();
            for user in &all {
                if !user.disabled && user.email.as_str().starts_with("disabled") {
                    writes.add(users::update(read, user.id, &change, &by, now)?.1);
                }
            }
            Ok(((), writes))
        })?;
    }
    Ok(())
}

/// Reads from one connection, alone and while others guess: each guess at another account from another address, so that
/// none has to wait and all want to be hashed.
fn flood(report: &mut Report) -> Outcome<()> {
    let kept = estate::of(10_000)?;
    let dir = scratch()?.join("flooded");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir(&dir)?;
    for entry in std::fs::read_dir(&kept)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), dir.join(entry.file_name()))?;
        }
    }
    let server = serve(&dir, &[("DRIFTSENTRY_TRUSTED_PROXIES", "127.0.0.1")])?;
    let token = sign_in(&server)?;
    let (_, alone) = read_for(&server, &token)?;
    let stop = AtomicBool::new(false);
    let (tries, hashed) = (AtomicU64::new(0), AtomicU64::new(0));
    let (pace, flooded) = std::thread::scope(|scope| -> Outcome<_> {
        for guesser in 0..GUESSERS {
            let (server, stop, tries, hashed) = (&server, &stop, &tries, &hashed);
            scope.spawn(move || guess(server, guesser, stop, tries, hashed));
        }
        std::thread::sleep(Duration::from_secs(1));
        let before = tries.load(Ordering::Relaxed);
        let read = read_for(&server, &token);
        let made = tries.load(Ordering::Relaxed) - before;
        stop.store(true, Ordering::Relaxed);
        let (took, times) = read?;
        Ok((made as f64 / took.as_secs_f64(), times))
    })?;
    for (percent, what) in [(50, "half"), (99, "99 of 100")] {
        let (with, without) = (at(&flooded, percent), at(&alone, percent));
        report.line(
            format!("a list of 20 drifts, {what} within"),
            format!("{with:.1?}"),
            format!("{without:.1?} without the flood"),
            Some(ratio(with, without)),
            Goal::None,
        );
    }
    report.note(format!(
        "Guessing: {pace:.0} tries a second arrived while was read; {} of {} were compared with a password, the others sent away.",
        hashed.load(Ordering::Relaxed),
        tries.load(Ordering::Relaxed)
    ));
    server.stop()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// A connection that is kept.
struct Kept(BufReader<TcpStream>);

impl Kept {
    fn open(server: &Server) -> Outcome<Self> {
        let url = server.url();
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads its answer; the status.
    fn ask(&mut self, request: &str) -> Outcome<u16> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next().unwrap_or_default().parse()?;
            } else if let Some(rest) = line.strip_prefix("content-length:") {
                length = rest.trim().parse()?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(status)
    }
}

/// Reads a list again and again: how long it took in all, and each time, sorted.
fn read_for(server: &Server, token: &str) -> Outcome<(Duration, Vec<Duration>)> {
    let mut connection = Kept::open(server)?;
    let request = format!(
        "GET /api/v1/drifts?limit=20 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < READ_FOR {
        let asked = Instant::now();
        let status = connection.ask(&request)?;
        times.push(asked.elapsed());
        if status != 200 {
            return Err(format!("reading answers {status}").into());
        }
    }
    times.sort_unstable();
    Ok((started.elapsed(), times))
}

fn at(times: &[Duration], percent: usize) -> Duration {
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).copied().unwrap_or_default()
}

/// Guesses until it is told to stop, each time as somebody else.
fn guess(
    server: &Server,
    guesser: usize,
    stop: &AtomicBool,
    tries: &AtomicU64,
    hashed: &AtomicU64,
) {
    let Ok(mut connection) = Kept::open(server) else {
        return;
    };
    for n in 0_usize.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let body =
            format!(r#"{{"email":"a{guesser}-{n}@bench.example.com","password":"a wrong guess"}}"#);
        let request = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: 10.{guesser}.{}.{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            n / 250 % 250,
            n % 250,
            body.len()
        );
        match connection.ask(&request) {
            Ok(401) => hashed.fetch_add(1, Ordering::Relaxed),
            Ok(_) => 0,
            Err(_) => return,
        };
        tries.fetch_add(1, Ordering::Relaxed);
    }
}
