//! What a scan with 1,000 findings costs before anything is written, against few and many known drifts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use driftsentry::alerts::Patience;
use driftsentry::drifts::Identity;
use driftsentry::drifts::reconcile::{Place, Step, counts, reconcile};
use driftsentry::ids::{DriftId, ScanId, WorkspaceId};
use driftsentry::ingest::{Facet, Finding, Scan};
use driftsentry::scans::{self, Push};
use driftsentry::store::{Options, Snapshot, Store};
use driftsentry::time::Timestamp;

use crate::estate;
use crate::harness::{Goal, Outcome, Report, Times, ratio, size};

const FINDINGS: u64 = 1_000;
const RUNS: usize = 15;

/// How a scan relates to what is known.
#[derive(Clone, Copy)]
enum Case {
    Unchanged,
    Changed,
    New,
}

impl Case {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Unchanged, "unchanged"),
        (Self::Changed, "changed"),
        (Self::New, "new"),
    ];

    fn scan(self) -> Scan {
        let findings = (0..FINDINGS).map(|i| match self {
            Self::Unchanged => estate::finding(i),
            Self::Changed => Finding {
                content: estate::finding(i + 500_000_000).content,
                ..estate::finding(i)
            },
            Self::New => estate::finding(i + 500_000_000),
        });
        estate::scan(findings.collect(), Timestamp::now())
    }
}

pub(crate) fn run(report: &mut Report, sizes: &[u64]) -> Outcome<()> {
    report.subject("reconciling a scan with 1,000 findings")?;
    for (case, name) in Case::ALL {
        let mut first = None;
        for drifts in sizes {
            let times = pure(case, *drifts)?;
            line(
                report,
                &format!("pure, all {name}"),
                *drifts,
                &times,
                &mut first,
            );
        }
    }
    for (case, name) in Case::ALL {
        let mut first = None;
        for drifts in sizes {
            let store = Store::open(Options::new(estate::of(*drifts)?))?;
            let times = stored(case, &store.snapshot()?)?;
            store.close();
            line(
                report,
                &format!("reading the store, all {name}"),
                *drifts,
                &times,
                &mut first,
            );
        }
    }
    report.note("Reconciling: no write is applied; \"reading the store\" also makes the rows, alerts, audit entries and events.");
    Ok(())
}

fn line(report: &mut Report, work: &str, drifts: u64, times: &Times, first: &mut Option<Duration>) {
    let median = times.median();
    let (against, flatness, goal) = match *first {
        None => (String::new(), None, Goal::None),
        Some(small) => (
            format!("{small:.1?} at the first size"),
            Some(ratio(median, small)),
            Goal::AtMost(1.5),
        ),
    };
    first.get_or_insert(median);
    report.line(
        format!("{work}, {} known", size(drifts)),
        times.text(),
        against,
        flatness,
        goal,
    );
}

/// The rule alone, with everything known in memory.
fn pure(case: Case, drifts: u64) -> Outcome<Times> {
    let now = Timestamp::now();
    let place = Place {
        workspace_id: WorkspaceId::new(now),
        workspace: "bench/thousand",
        scan_id: ScanId::new(now),
    };
    let made = reconcile(
        &Case::Unchanged.scan(),
        Vec::new(),
        |_| Ok(None),
        &place,
        Patience::default(),
        now,
    )?;
    let open: Vec<_> = made
        .into_iter()
        .filter_map(|step| match step {
            Step::New { after, .. } => Some(*after),
            _ => None,
        })
        .collect();
    let known: HashMap<Identity, DriftId> = (0..drifts)
        .map(|i| {
            let identity = Identity {
                facet: Facet::Live,
                address: estate::address(i + FINDINGS),
                deposed: String::new(),
            };
            (identity, DriftId::new(now))
        })
        .collect();
    let scan = case.scan();
    let mut opens = vec![open; RUNS + 1];
    Times::measure(RUNS, || {
        let open = opens.pop().unwrap_or_default();
        let latest = |identity: &Identity| Ok(known.get(identity).copied());
        let steps = reconcile(&scan, open, latest, &place, Patience::default(), now)?;
        check(
            case,
            counts(&steps).unchanged,
            counts(&steps).changed,
            counts(&steps).new,
        )?;
        Ok(steps)
    })
}

/// All that the writer runs for a scan, short of applying it.
fn stored(case: Case, read: &Arc<Snapshot>) -> Outcome<Times> {
    let scan = case.scan();
    let push = Push {
        workspace: estate::THOUSAND.to_owned(),
        ..Push::default()
    };
    let by = estate::actor();
    Times::measure(RUNS, || {
        let (record, writes) = scans::receive(
            &**read,
            &scan,
            &push,
            Patience::default(),
            &by,
            Timestamp::now(),
        )?;
        check(
            case,
            record.counts.unchanged,
            record.counts.changed,
            record.counts.new,
        )?;
        Ok(writes)
    })
}

fn check(case: Case, unchanged: u64, changed: u64, new: u64) -> Outcome<()> {
    let met = match case {
        Case::Unchanged => unchanged,
        Case::Changed => changed,
        Case::New => new,
    };
    // An unapplied change counts apart, and none is among these.
    if met == FINDINGS {
        Ok(())
    } else {
        Err(format!("{unchanged} unchanged, {changed} changed, {new} new of {FINDINGS}").into())
    }
}
