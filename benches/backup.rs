//! Hot backups under full write load: how fast, what they cost the writers, and that each can be put back.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use driftsentry::audit::{self, Action, Draft};
use driftsentry::backup::delivery::{self, Said};
use driftsentry::backup::restore::{Source, restore};
use driftsentry::backup::{Stage, Turns};
use driftsentry::server::Data;
use driftsentry::store::{Commit, FILE_NAME, Options, Writes, disk_bytes};
use driftsentry::time::Timestamp;
use serde_json::json;

use crate::estate;
use crate::harness::{Goal, Outcome, Report, Times, scratch};

/// A store of about 100 MB.
const DRIFTS: u64 = 60_000;
const CALLERS: usize = 64;
/// How long the writers are watched without a backup.
const ALONE: Duration = Duration::from_secs(10);

/// How long each stage of the backups took.
#[derive(Default)]
struct Stages {
    copying: Duration,
    checking: Duration,
    packing: Duration,
}

pub(crate) fn run(report: &mut Report, backups: u32) -> Outcome<()> {
    report.subject("hot backups while 64 callers write")?;
    let dir = scratch()?.join("backup");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir(&dir)?;
    std::fs::copy(estate::of(DRIFTS)?.join(FILE_NAME), dir.join(FILE_NAME))?;
    measure(report, backups, &dir)?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn measure(report: &mut Report, backups: u32, dir: &Path) -> Outcome<()> {
    let commits = Arc::new(Mutex::new(Vec::<Commit>::new()));
    let seen = Arc::clone(&commits);
    let data = Data::open(Options {
        min_free_bytes: Some(0),
        on_commit: Box::new(move |commit| {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(commit);
        }),
        ..Options::new(dir)
    })?;
    let taken = || {
        let mut commits = commits.lock().unwrap_or_else(PoisonError::into_inner);
        let changes: usize = commits.iter().map(|commit| commit.changes).sum();
        let times: Vec<Duration> = commits.drain(..).map(|commit| commit.took).collect();
        (changes, times)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..CALLERS {
        runtime.spawn(write(data.clone(), Arc::clone(&stop)));
    }
    std::thread::sleep(Duration::from_secs(2));
    taken();
    std::thread::sleep(ALONE);
    let (changes, alone) = taken();
    let slowest_alone = alone.iter().max().copied().unwrap_or_default();
    let rate_alone = changes as f64 / ALONE.as_secs_f64();

    let archive = dir.join("b.tar.zst");
    let (mut copied, mut packed) = (0, 0);
    let mut stages = Stages::default();
    let (mut slowest, mut all, mut with_changes) = (Duration::ZERO, Vec::new(), 0);
    let mut with_time = Duration::ZERO;
    let mut restoring = Duration::ZERO;
    for n in 0..backups {
        taken();
        let started = Instant::now();
        let (database_bytes, bytes) = take(&data, &archive, &mut stages)?;
        with_time += started.elapsed();
        let (changes, times) = taken();
        with_changes += changes;
        slowest = slowest.max(times.iter().max().copied().unwrap_or_default());
        all.extend(times);
        copied += database_bytes;
        packed += bytes;
        let to = dir.join("to");
        let started = Instant::now();
        let mut source = Source::open(&archive)?;
        restore(&mut source, &to, None, Timestamp::now(), &mut |_| {})
            .map_err(|error| format!("backup {n} can't be put back: {error}"))?;
        restoring += started.elapsed();
        std::fs::remove_dir_all(&to)?;
    }
    stop.store(true, Ordering::Relaxed);
    runtime.shutdown_timeout(Duration::from_secs(5));
    data.store.close();

    let mb = copied as f64 / 1e6;
    let rate = |over: Duration| format!("{:.0} MB/s", mb / over.as_secs_f64());
    let none = || (String::new(), None, Goal::None);
    report.line(
        format!(
            "{backups} backups of {:.0} MB, each put back and checked",
            mb / f64::from(backups)
        ),
        format!("{backups} of {backups}"),
        format!(
            "archives of {:.0} MB",
            packed as f64 / 1e6 / f64::from(backups)
        ),
        Some(1.0),
        Goal::AtLeast(1.0),
    );
    report.line(
        "copying, while an old state is held".to_owned(),
        rate(stages.copying),
        "50 MB/s".to_owned(),
        Some(mb / stages.copying.as_secs_f64() / 50.0),
        Goal::AtLeast(1.0),
    );
    let whole = stages.copying + stages.checking + stages.packing;
    for (name, over) in [
        ("checking", stages.checking),
        ("compressing and handing over", stages.packing),
        ("all of it", whole),
        ("putting back, verified and checked", restoring),
    ] {
        let (against, ratio, goal) = none();
        report.line(name.to_owned(), rate(over), against, ratio, goal);
    }
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    report.line(
        "the slowest commit during a backup".to_owned(),
        ms(slowest),
        format!("{} without", ms(slowest_alone)),
        Some(slowest.as_secs_f64() / slowest_alone.as_secs_f64()),
        Goal::AtMost(2.0),
    );
    let (against, ratio, goal) = none();
    report.line(
        "a commit without a backup".to_owned(),
        Times::of(alone).text(),
        against,
        ratio,
        goal,
    );
    let (against, ratio, goal) = none();
    report.line(
        "a commit during a backup".to_owned(),
        Times::of(all).text(),
        against,
        ratio,
        goal,
    );
    report.line(
        "changes a second during a backup".to_owned(),
        format!("{:.0}/s", with_changes as f64 / with_time.as_secs_f64()),
        format!("{rate_alone:.0}/s without"),
        Some(with_changes as f64 / with_time.as_secs_f64() / rate_alone),
        Goal::None,
    );
    report.note(format!(
        "Backups: the database's file takes {:.0} MB after them.",
        disk_bytes(&dir.join(FILE_NAME)) as f64 / 1e6
    ));
    Ok(())
}

/// One backup into a file: the sizes of the database and of the archive.
fn take(data: &Data, to: &Path, stages: &mut Stages) -> Outcome<(u64, u64)> {
    let turn = Turns::default().take()?;
    let mut heard = delivery::begin(data.store.clone(), estate::actor(), turn, Timestamp::now())?;
    let mut out = std::fs::File::create(to)?;
    let mut stage = (Stage::Copying, Instant::now());
    let (mut database_bytes, mut bytes) = (0, 0);
    while let Some(said) = heard.blocking_recv() {
        let next = match said {
            Said::Progress(progress) => progress.stage,
            Said::Made(manifest) => {
                database_bytes = manifest.database_bytes;
                Stage::Packing
            }
            Said::Piece(piece) => {
                std::io::Write::write_all(&mut out, &piece)?;
                bytes += piece.len() as u64;
                Stage::Packing
            }
            Said::Done => {
                stages.packing += stage.1.elapsed();
                return Ok((database_bytes, bytes));
            }
            Said::Failed(error) => return Err(error.into()),
        };
        if next != stage.0 {
            let took = stage.1.elapsed();
            match stage.0 {
                Stage::Copying => stages.copying += took,
                Stage::Checking => stages.checking += took,
                Stage::Packing => stages.packing += took,
            }
            stage = (next, Instant::now());
        }
    }
    Err("a backup broke off".into())
}

/// Writes audited changes, one after another.
async fn write(data: Data, stop: Arc<AtomicBool>) {
    let mut n = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let by = estate::actor();
        let written = data
            .store
            .write(move |_, now| {
                let mut writes = Writes::new();
                let draft = Draft {
                    details: Some(json!({"n": n, "text": "the port was opened by mistake"})),
                    ..Draft::default()
                };
                audit::record(&mut writes, &by, Action::AlertRead, draft, now);
                Ok(((), writes))
            })
            .await;
        if written.is_err() {
            return;
        }
    }
}
