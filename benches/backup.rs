//! Hot backups under full write load: how fast, what they cost the writers, and that each can be put back.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use driftsentry::backup::delivery::{self, Said};
use driftsentry::backup::restore::{Source, restore};
use driftsentry::backup::{Stage, Turns};
use driftsentry::drifts::ResolvedHow;
use driftsentry::drifts::decide::{Decide, comment, decide};
use driftsentry::ids::DriftId;
use driftsentry::server::Data;
use driftsentry::store::{Commit, FILE_NAME, Options};
use driftsentry::time::Timestamp;
use tokio::sync::watch;

use crate::harness::{Goal, Outcome, Report, Times, median, scratch};
use crate::{estate, works};

/// A store of about 40 MB, before the writers make it larger.
const DRIFTS: u64 = 10_000;
const CALLERS: usize = 64;
/// Backups of one store: the audit log keeps all that the writers do, so that it would grow without end.
const A_STORE: u32 = 2;
/// How often a caller comments between two decisions.
const COMMENTS: usize = 10;
/// How long the writers write before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long each stage of the backups took.
#[derive(Default)]
struct Stages {
    copying: Duration,
    checking: Duration,
    packing: Duration,
}

/// What the writers did within some time.
#[derive(Default)]
struct Written {
    changes: usize,
    over: Duration,
    commits: Vec<Duration>,
    /// The slowest commit of each stretch of time.
    slowest: Vec<Duration>,
}

impl Written {
    fn add(&mut self, commits: &[Commit], over: Duration) {
        self.changes += commits.iter().map(|commit| commit.changes).sum::<usize>();
        self.over += over;
        self.commits
            .extend(commits.iter().map(|commit| commit.took));
        self.slowest
            .extend(commits.iter().map(|commit| commit.took).max());
    }

    fn rate(&self) -> f64 {
        self.changes as f64 / self.over.as_secs_f64()
    }

    /// What the slowest commit of a stretch is in the middle, in milliseconds.
    fn typical_slowest(&self) -> f64 {
        let all = self.slowest.iter().map(|time| time.as_secs_f64() * 1e3);
        median(all.collect())
    }
}

/// All that was measured.
#[derive(Default)]
struct Measured {
    /// How many backups could be put back, and were sound.
    put_back: u32,
    /// Of databases and of archives.
    copied_bytes: u64,
    packed_bytes: u64,
    largest_bytes: u64,
    stages: Stages,
    restoring: Duration,
    slowest_restore: Duration,
    with: Written,
    without: Written,
}

pub(crate) fn run(report: &mut Report, backups: u32) -> Outcome<()> {
    report.subject("hot backups while 64 callers write")?;
    let filled = estate::of(DRIFTS)?.join(FILE_NAME);
    let mut measured = Measured::default();
    let mut left = backups;
    while left > 0 {
        let dir = scratch()?.join("backup");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir)?;
        std::fs::copy(&filled, dir.join(FILE_NAME))?;
        let now = left.min(A_STORE);
        measure(&mut measured, now, &dir)?;
        left -= now;
        std::fs::remove_dir_all(&dir)?;
        eprintln!("  {} of {backups} backups", backups - left);
    }
    tell(report, backups, &measured);
    Ok(())
}

/// Takes backups of one store and puts each back.
fn measure(measured: &mut Measured, backups: u32, dir: &Path) -> Outcome<()> {
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
    let taken = || std::mem::take(&mut *commits.lock().unwrap_or_else(PoisonError::into_inner));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (go, may_go) = watch::channel(true);
    let ids = works::detected(&data, DRIFTS as usize)?;
    let each = ids.len() / CALLERS;
    let writers: Vec<_> = ids
        .chunks_exact(each)
        .take(CALLERS)
        .map(|ids| runtime.spawn(write(data.clone(), ids.to_vec(), may_go.clone())))
        .collect();
    std::thread::sleep(WARM_UP);

    let archive = dir.join("b.tar.zst");
    for n in 0..backups {
        taken();
        let started = Instant::now();
        let (database_bytes, bytes) = take(&data, &archive, &mut measured.stages)?;
        let took = started.elapsed();
        measured.with.add(&taken(), took);
        measured.copied_bytes += database_bytes;
        measured.packed_bytes += bytes;
        measured.largest_bytes = measured.largest_bytes.max(database_bytes);
        if n == 0 {
            // As long without one, so that as much else can come between.
            std::thread::sleep(took);
            measured.without.add(&taken(), took);
        }

        go.send(false)?;
        let to = dir.join("to");
        let started = Instant::now();
        let restored = Source::open(&archive)
            .and_then(|mut source| restore(&mut source, &to, None, Timestamp::now(), &mut |_| {}));
        match restored {
            Ok(_) => measured.put_back += 1,
            Err(error) => eprintln!("  a backup can't be put back: {error}"),
        }
        let took = started.elapsed();
        measured.restoring += took;
        measured.slowest_restore = measured.slowest_restore.max(took);
        let _ = std::fs::remove_dir_all(&to);
        go.send(true)?;
    }
    // A channel that is closed lets through who needs not wait.
    go.send(false)?;
    drop(go);
    for writer in writers {
        runtime.block_on(writer)??;
    }
    data.store.close();
    Ok(())
}

fn tell(report: &mut Report, backups: u32, measured: &Measured) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let copied = mb(measured.copied_bytes);
    let rate = |over: Duration| format!("{:.0} MB/s", copied / over.as_secs_f64());
    report.line(
        format!(
            "{backups} backups of {:.0} MB, each put back and checked",
            copied / f64::from(backups)
        ),
        format!("{} of {backups}", measured.put_back),
        format!(
            "archives of {:.0} MB",
            mb(measured.packed_bytes) / f64::from(backups)
        ),
        Some(f64::from(measured.put_back) / f64::from(backups)),
        Goal::AtLeast(1.0),
    );
    let stages = &measured.stages;
    report.line(
        "copying, while an old state is held",
        rate(stages.copying),
        "50 MB/s",
        Some(copied / stages.copying.as_secs_f64() / 50.0),
        Goal::AtLeast(1.0),
    );
    let whole = stages.copying + stages.checking + stages.packing;
    for (name, over) in [
        ("checking", stages.checking),
        ("compressing and handing over", stages.packing),
        ("all of a backup", whole),
        ("putting back, verified and checked", measured.restoring),
    ] {
        report.figure(name, rate(over));
    }
    let restored = measured.slowest_restore.as_secs_f64();
    let hundred = measured.restoring.as_secs_f64() / copied * 100.0;
    report.line(
        "putting 100 MB back",
        format!("{hundred:.1} s"),
        "30 s",
        Some(hundred / 30.0),
        Goal::AtMost(1.0),
    );
    let (with, without) = (&measured.with, &measured.without);
    report.line(
        "the slowest commit of a backup's time, in the middle",
        format!("{:.1} ms", with.typical_slowest()),
        format!("{:.1} ms in as long without", without.typical_slowest()),
        Some(with.typical_slowest() / without.typical_slowest()),
        Goal::AtMost(2.0),
    );
    report.figure(
        "a commit during backups",
        Times::of(with.commits.clone()).text(),
    );
    report.figure(
        "a commit without",
        Times::of(without.commits.clone()).text(),
    );
    report.line(
        "decisions and comments during backups",
        format!("{:.0}/s", with.rate()),
        format!("{:.0}/s without", without.rate()),
        Some(with.rate() / without.rate()),
        Goal::None,
    );
    report.note(format!(
        "Backups: 64 callers decide and comment without a pause, but while a backup is put back; after each {A_STORE} backups they begin anew on a copy of the first store, since the audit log keeps all they do. The largest had {:.0} MB; the slowest was put back in {restored:.1} s.",
        mb(measured.largest_bytes)
    ));
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

/// Takes each drift through its life with comments between the decisions.
fn lives(ids: &[DriftId]) -> Vec<(DriftId, Option<Decide>)> {
    let triage = Decide::Triage {
        assignee: Some("ada@example.com".to_owned()),
        note: None,
    };
    let approve = Decide::Approve {
        reason: "the port was opened by mistake".to_owned(),
    };
    let resolve = Decide::Resolve {
        how: ResolvedHow::AutoRemediate,
        note: None,
    };
    let mut all = Vec::new();
    for id in ids {
        for decision in [&triage, &approve, &resolve] {
            all.push((*id, Some(decision.clone())));
            all.extend(std::iter::repeat_n((*id, None), COMMENTS));
        }
    }
    all
}

/// Does all of it, one change after another, then comments on the same drifts, as long as it may.
async fn write(
    data: Data,
    ids: Vec<DriftId>,
    mut may_go: watch::Receiver<bool>,
) -> driftsentry::Result<()> {
    let comments = ids.iter().cycle().map(|id| (*id, None));
    for (id, decision) in lives(&ids).into_iter().chain(comments) {
        if may_go.wait_for(|may| *may).await.is_err() {
            break;
        }
        let by = estate::actor();
        data.store
            .write(move |read, now| {
                let writes = match &decision {
                    Some(decision) => decide(read, id, None, decision, &by, now)?.1,
                    None => comment(read, id, "seen, and left as it is", &by, now)?.1,
                };
                Ok(((), writes))
            })
            .await?;
    }
    Ok(())
}
