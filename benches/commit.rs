//! Durable, audited approvals by 64 callers at once, on a copy of a filled store.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use driftsentry::drifts::decide::{self, Decide};
use driftsentry::drifts::index::field;
use driftsentry::drifts::query::{self, Query};
use driftsentry::ids::DriftId;
use driftsentry::listing::Filter;
use driftsentry::server::Data;
use driftsentry::store::{Commit, FILE_NAME, Options};

use crate::estate;
use crate::harness::{Goal, Outcome, Report, Times, scratch, size};

const CALLERS: usize = 64;
/// At least this many detected drifts are in the smallest store.
const DECISIONS: usize = 2_560;
/// What a two-phase commit costs: it syncs the new pages, and then the header that points to them.
const SYNCS_A_COMMIT: f64 = 2.0;
/// PocketBase 0.40.6 on a quiet machine of two cores: status changes a second, neither synced nor audited.
const PEER: f64 = 2_080.0;

pub(crate) fn run(report: &mut Report, sizes: &[u64]) -> Outcome<()> {
    report.subject("approvals, 64 callers at once: durable and audited");
    for drifts in sizes {
        let dir = scratch()?.join("commit");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir)?;
        std::fs::copy(estate::of(*drifts)?.join(FILE_NAME), dir.join(FILE_NAME))?;
        one(report, *drifts, &dir)?;
        std::fs::remove_dir_all(&dir)?;
    }
    report.note(format!(
        "Approvals: fsyncs are commits as the store counts them, times {SYNCS_A_COMMIT} for two phases. The peer's figure was measured elsewhere, on a quiet machine of two cores."
    ));
    Ok(())
}

fn one(report: &mut Report, drifts: u64, dir: &Path) -> Outcome<()> {
    let commits = Arc::new(Mutex::new(Vec::<Commit>::new()));
    let seen = Arc::clone(&commits);
    let data = Data::open(Options {
        on_commit: Box::new(move |commit| {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(commit);
        }),
        ..Options::new(dir)
    })?;
    let detected = Query {
        filters: vec![Filter {
            field: field::STATUS,
            any_of: vec!["detected".to_owned()],
        }],
        ..Query::default()
    };
    let found = query::page(&data.store, &data.drifts, &detected, DECISIONS)?.drifts;
    let ids: Arc<[DriftId]> = found.iter().map(|drift| drift.id).collect();

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let started = Instant::now();
    let waits = runtime.block_on(approve_all(&data, &ids))?;
    let took = started.elapsed();
    data.store.close();

    let commits = commits.lock().unwrap_or_else(PoisonError::into_inner);
    let decisions = ids.len() as f64;
    let rate = decisions / took.as_secs_f64();
    let syncs = commits.len() as f64 * SYNCS_A_COMMIT / decisions;
    let committing = Times::of(commits.iter().map(|commit| commit.took).collect());
    let bytes = commits.iter().map(|commit| commit.bytes).sum::<usize>() as f64;
    let at = format!("at {}", size(drifts));
    report.line(
        format!("decisions, {at}"),
        format!("{rate:.0}/s"),
        format!("peer {PEER}/s"),
        Some(rate / PEER),
        Goal::AtLeast(3.0),
    );
    report.line(
        format!("fsyncs a decision, {at}"),
        format!("{syncs:.4}"),
        format!("{} decisions, {} commits", ids.len(), commits.len()),
        Some(syncs),
        Goal::AtMost(0.05),
    );
    report.line(
        format!("a caller's wait, {at}"),
        waits.text(),
        String::new(),
        None,
        Goal::None,
    );
    report.line(
        format!("a commit, {at}"),
        committing.text(),
        format!(
            "{:.1} changes, {:.0} bytes a change",
            decisions / commits.len() as f64,
            bytes / decisions
        ),
        None,
        Goal::None,
    );
    Ok(())
}

async fn approve_all(data: &Data, ids: &Arc<[DriftId]>) -> Outcome<Times> {
    let next = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, ids, next) = (data.store.clone(), Arc::clone(ids), Arc::clone(&next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let by = estate::actor();
                    let approve = Decide::Approve {
                        reason: "the port was opened by mistake".to_owned(),
                    };
                    let started = Instant::now();
                    store
                        .write(move |read, now| decide::decide(read, id, None, &approve, &by, now))
                        .await?;
                    waits.push(started.elapsed());
                }
                Outcome::Ok(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for caller in callers {
        waits.extend(caller.await??);
    }
    Ok(Times::of(waits))
}
