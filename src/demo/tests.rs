//! The demonstration shows everything there is to see.

use std::collections::BTreeSet;

use super::*;
use crate::audit;
use crate::check;
use crate::drifts::Status;
use crate::ingest::{Kind, ScanStatus};
use crate::metrics;
use crate::severity::Severity;
use crate::store::Options;
use crate::store::tables::AUDIT;
use crate::{keys, users};

fn filled(seed: u64, drifts: u64) -> (tempfile::TempDir, Store, Timestamp) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        ..Options::new(dir.path())
    })
    .unwrap();
    let now = Timestamp::now();
    let password = PasswordHash::decoy();
    fill(&store, Plan { seed, drifts, now }, password, |_| {}).unwrap();
    (dir, store, now)
}

fn drifts(store: &Store) -> Vec<Record> {
    let rows: Vec<(DriftId, Record)> = store
        .read(|read| read.rows(&DRIFTS, &Range::all(), Order::Ascending, usize::MAX))
        .unwrap();
    rows.into_iter().map(|(_, drift)| drift).collect()
}

#[test]
fn it_shows_a_month_with_everything_in_it_and_is_sound() {
    let (_dir, store, now) = filled(42, 400);
    let read = store.snapshot().unwrap();
    let report = check::snapshot(&read).unwrap();
    assert!(report.sound, "{report}");

    let drifts = drifts(&store);
    assert!((360..=460).contains(&drifts.len()), "{}", drifts.len());
    for status in Status::ALL {
        assert!(
            drifts.iter().any(|drift| drift.status == status),
            "{status:?}"
        );
    }
    for severity in Severity::ALL {
        assert!(
            drifts.iter().any(|drift| drift.severity == severity),
            "{severity:?}"
        );
    }
    for kind in [
        Kind::Modified,
        Kind::Missing,
        Kind::Unmanaged,
        Kind::Pending,
        Kind::StateOnly,
    ] {
        assert!(drifts.iter().any(|drift| drift.kind == kind), "{kind:?}");
    }
    assert!(
        drifts
            .iter()
            .any(|drift| drift.status == Status::Detected && drift.severity == Severity::Critical)
    );
    assert!(drifts.iter().any(|drift| drift.recurrence_of.is_some()));
    assert!(drifts.iter().any(|drift| drift.cost.is_none()));
    assert!(
        drifts
            .iter()
            .any(|drift| drift.cost.is_some_and(|cost| cost.0 < 0))
    );
    assert!(drifts.iter().all(|drift| drift.updated_at <= now));

    let scans: Vec<(crate::ids::ScanId, scans::Record)> = read
        .rows(&SCANS, &Range::all(), Order::Ascending, usize::MAX)
        .unwrap();
    for status in [
        ScanStatus::Complete,
        ScanStatus::Partial,
        ScanStatus::Failed,
    ] {
        assert!(
            scans.iter().any(|(_, scan)| scan.status == status),
            "{status:?}"
        );
    }

    let alerts: Vec<(AlertId, alerts::Record)> = read
        .rows(&ALERTS, &Range::all(), Order::Ascending, usize::MAX)
        .unwrap();
    for about in Type::ALL {
        let of = alerts.iter().filter(|(_, alert)| alert.about == about);
        let read = of.clone().filter(|(_, alert)| alert.read.is_some());
        assert!(of.count() > read.count(), "{about:?}");
    }

    // The server that starts over it finds nothing that should have been told a while ago.
    assert_eq!(silence::untold(&*read, 10, now).unwrap(), []);
    let late = now.plus_ms(-Patience::default().undecided_ms - 120_000);
    let untold = drifts.iter().filter_map(Record::undecided_since);
    assert_eq!(untold.filter(|since| *since < late).count(), 0);

    let summary = metrics::summary(&*read, 30, now).unwrap();
    assert_eq!(summary.workspaces, 12);
    assert_eq!(summary.workspaces_silent, 1);
    assert!(summary.unread > 0 && summary.unread < summary.alerts);
    assert!(summary.mean_hours_to_decide.is_some() && summary.mean_hours_to_resolve.is_some());
    let trend = metrics::trend(&*read, 30, now).unwrap();
    let different: BTreeSet<Cents> = trend.points.iter().map(|point| point.cost).collect();
    assert!(different.len() > 15, "{different:?}");
    let deciders: BTreeSet<String> = drifts
        .iter()
        .filter_map(|drift| drift.approved.as_ref().map(|decision| decision.by.clone()))
        .collect();
    assert!(deciders.len() > 2, "{deciders:?}");
    assert!(
        fill(
            &store,
            Plan {
                seed: 1,
                drifts: 1,
                now
            },
            PasswordHash::decoy(),
            |_| {}
        )
        .is_err()
    );
}

/// What happened, without ids and moments.
fn story(store: &Store) -> Vec<(String, String, String)> {
    let drifts = drifts(store);
    let mut story: Vec<_> = drifts
        .iter()
        .map(|drift| {
            (
                drift.address.clone(),
                drift.resource_id.clone(),
                format!("{:?} {:?} {:?}", drift.status, drift.severity, drift.cost),
            )
        })
        .collect();
    let told: Vec<(u64, audit::Entry)> = store
        .read(|read| read.rows(&AUDIT, &Range::all(), Order::Ascending, usize::MAX))
        .unwrap();
    story.extend(told.into_iter().map(|(_, entry)| {
        (
            entry.action.name().to_owned(),
            entry.actor_email,
            entry.correlation_id,
        )
    }));
    story
}

#[test]
fn whoever_did_something_has_an_account_or_a_key() {
    let (_dir, store, _) = filled(42, 200);
    let read = store.snapshot().unwrap();
    let told: Vec<(u64, audit::Entry)> = read
        .rows(&AUDIT, &Range::all(), Order::Ascending, usize::MAX)
        .unwrap();
    let mut keys_used = 0;
    for (_, entry) in told.iter().skip(1) {
        let id = entry.actor_id;
        match entry.actor_email.strip_prefix("api-key:") {
            Some(name) => {
                let key = keys::by_id(&*read, crate::ids::KeyId(id.0)).unwrap();
                assert_eq!(key.name, name);
                assert_eq!(key.scope.role(), entry.actor_role);
                assert!(key.last_used_at.is_some());
                keys_used += 1;
            }
            None => {
                let user = users::by_id(&*read, id).unwrap();
                assert_eq!(user.email.as_str(), entry.actor_email);
                assert_eq!(user.role, entry.actor_role);
            }
        }
    }
    assert!(keys_used > 50, "{keys_used}");
    let all = users::all(&*read).unwrap();
    assert!(all.iter().any(|user| user.last_login_at.is_some()));
    for (email, role) in SIGN_IN_AS {
        assert!(
            all.iter()
                .any(|user| user.email.as_str() == email && user.role == role),
            "{email}"
        );
    }
}

#[test]
fn one_seed_tells_one_story_and_another_tells_another() {
    let stories = [(7, 60), (7, 60), (8, 60)].map(|(seed, drifts)| story(&filled(seed, drifts).1));
    assert!(stories[0] == stories[1]);
    assert!(stories[0] != stories[2]);
}

#[test]
fn a_large_one_has_as_many_drifts_as_asked_for() {
    let (_dir, store, _) = filled(3, 7_500);
    let total = store
        .read(|read| read.counter(&records::counters::total()))
        .unwrap();
    assert!((7_000..8_000).contains(&total), "{total}");
    let report = check::snapshot(&store.snapshot().unwrap()).unwrap();
    assert!(report.sound, "{report}");
}
