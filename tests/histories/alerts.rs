//! Which alerts a history makes: each thing that happens or doesn't, once.

use std::collections::{BTreeMap, BTreeSet};

use driftsentry::alerts::{Record, Type};
use driftsentry::drifts::Status;
use driftsentry::ingest::{Kind, ScanStatus};
use driftsentry::severity::Severity;
use driftsentry::workspaces;
use proptest::prelude::*;

use crate::world::{Deed, Found, Run, WORKSPACES, World, deeds};

const DAY_MS: i64 = 86_400_000;

/// What shows a critical drift: an open security group.
const CRITICAL: Found = (0, 0, Kind::Modified, None);

/// What shows a warning.
const WARNING: Found = (1, 0, Kind::Modified, None);

fn run(status: ScanStatus, found: &[Found]) -> Run {
    Run {
        workspace: 0,
        status,
        refresh_only: false,
        found: found.to_vec(),
        in_sync: Vec::new(),
        key: None,
    }
}

fn complete(found: &[Found]) -> Deed {
    Deed::Scan(run(ScanStatus::Complete, found))
}

fn failed(cause: usize) -> Deed {
    Deed::Scan(Run {
        in_sync: vec![0; cause],
        ..run(ScanStatus::Failed, &[])
    })
}

fn of(world: &World, about: Type) -> Vec<Record> {
    let mut all = world.alerts();
    all.retain(|alert| alert.about == about);
    all
}

/// What comes after each deed: so many alerts of a type, and how many of them unread.
#[track_caller]
fn makes(about: Type, deeds: &[(Deed, (usize, usize))]) -> World {
    let mut world = World::new(Vec::new());
    for (nth, (deed, expected)) in deeds.iter().enumerate() {
        world.act(deed);
        let alerts = of(&world, about);
        let unread = alerts.iter().filter(|alert| alert.read.is_none()).count();
        assert_eq!((alerts.len(), unread), *expected, "deed {nth}: {deed:?}");
    }
    world
}

#[test]
fn a_critical_drift_that_waits_for_a_day_is_told_of_once() {
    let world = makes(
        Type::ApprovalNeeded,
        &[
            (complete(&[CRITICAL, WARNING]), (0, 0)),
            (Deed::Round, (0, 0)),
            (Deed::Wait(12), (0, 0)),
            (Deed::Decide(0, 0), (0, 0)),
            // Merely seen again makes it no younger.
            (complete(&[CRITICAL, WARNING]), (0, 0)),
            (Deed::Wait(12), (0, 0)),
            (Deed::Round, (1, 1)),
            (Deed::Wait(30), (1, 1)),
            (Deed::Round, (1, 1)),
            (Deed::Decide(0, 1), (1, 0)),
            (Deed::Round, (1, 0)),
        ],
    );
    let drift = &world.drifts()[0];
    assert_eq!(drift.severity, Severity::Critical);
    let alert = &of(&world, Type::ApprovalNeeded)[0];
    assert_eq!(
        (alert.drift_id, alert.scan_id, alert.severity),
        (Some(drift.id), None, Severity::Critical)
    );
    assert_eq!(
        alert.message,
        "aws_security_group.web in shop/prod has been critical since 2026-03-01 09:01 UTC, and nobody has decided: approve, \
         reject or resolve it."
    );
    // Its version counts what people did: triaged and approved.
    assert_eq!(drift.version, 3);
}

#[test]
fn the_day_begins_when_a_drift_becomes_critical_and_ends_to_the_minute() {
    let worse = (1, 0, Kind::Missing, None);
    let mut world = World::new(Vec::new());
    world.act(&complete(&[WARNING]));
    world.act(&Deed::Wait(100));
    assert_eq!(world.round(), 0, "a warning may wait");
    world.act(&complete(&[worse]));
    let critical = world.now;
    assert_eq!(world.drifts()[0].critical_since, Some(critical));
    // Each of a round's two changes is a minute later.
    world.now = critical.plus_ms(DAY_MS - 180_000);
    assert_eq!(world.round(), 0);
    assert_eq!(world.round(), 1);
    assert_eq!(world.round(), 0);
    // Less grave and critical again: it was told of.
    for found in [WARNING, worse] {
        world.act(&complete(&[found]));
        world.act(&Deed::Wait(48));
        assert_eq!(world.round(), 0);
    }
}

#[test]
fn what_counts_as_no_drift_and_what_was_decided_is_never_needed() {
    for kind in [Kind::Pending, Kind::StateOnly] {
        let no_drift = (0, 0, kind, None);
        makes(
            Type::ApprovalNeeded,
            &[
                (complete(&[no_drift]), (0, 0)),
                (Deed::Wait(48), (0, 0)),
                (Deed::Round, (0, 0)),
            ],
        );
    }
    for decision in [1, 3, 5] {
        makes(
            Type::ApprovalNeeded,
            &[
                (complete(&[CRITICAL]), (0, 0)),
                (Deed::Decide(0, decision), (0, 0)),
                (Deed::Wait(48), (0, 0)),
                (Deed::Round, (0, 0)),
            ],
        );
    }
}

#[test]
fn an_approved_drift_that_is_still_there_after_a_day_is_told_of_once() {
    let partial = Deed::Scan(run(ScanStatus::Partial, &[CRITICAL, WARNING]));
    let shown = || complete(&[CRITICAL, WARNING]);
    let changed = complete(&[CRITICAL, (1, 1, Kind::Modified, None)]);
    let about = Type::RemediationFailed;
    let world = makes(
        about,
        &[
            (shown(), (0, 0)),
            (Deed::Wait(48), (0, 0)),
            (shown(), (0, 0)),
            (Deed::Decide(0, 1), (0, 0)),
            (Deed::Decide(1, 1), (0, 0)),
            (Deed::Wait(23), (0, 0)),
            (shown(), (0, 0)),
            (Deed::Wait(1), (0, 0)),
            // It looked at a part only.
            (partial, (0, 0)),
            (failed(0), (0, 0)),
            // Seen as before, and with other values.
            (changed, (2, 2)),
            (shown(), (2, 2)),
            (Deed::Wait(48), (2, 2)),
            (shown(), (2, 2)),
            (complete(&[]), (2, 0)),
        ],
    );
    let alerts = of(&world, about);
    let severities: BTreeSet<Severity> = alerts.iter().map(|alert| alert.severity).collect();
    assert_eq!(
        severities,
        BTreeSet::from([Severity::Warning, Severity::Critical])
    );
    for alert in &alerts {
        let drifts = world.drifts();
        let drift = drifts.iter().find(|drift| Some(drift.id) == alert.drift_id);
        assert_eq!(
            drift.and_then(|drift| drift.unremedied_at),
            Some(alert.created_at)
        );
        assert!(
            alert.message.contains("was approved on 2026-03-03 09:0"),
            "{alert:?}"
        );
    }
    assert!(alerts[0].scan_id.is_some() && alerts[0].scan_id == alerts[1].scan_id);
}

#[test]
fn even_a_harmless_one_that_is_still_there_is_a_warning() {
    let tags = (1, 2, Kind::Modified, None);
    let about = Type::RemediationFailed;
    let mut world = World::new(Vec::new());
    world.act(&complete(&[tags]));
    world.act(&Deed::Decide(0, 1));
    world.act(&Deed::Wait(25));
    world.act(&complete(&[tags]));
    assert_eq!(of(&world, about)[0].severity, Severity::Warning);
    // A change of the code that waits is not what was to be reverted.
    let pending = (1, 0, Kind::Pending, None);
    makes(
        about,
        &[
            (complete(&[pending]), (0, 0)),
            (Deed::Decide(0, 1), (0, 0)),
            (Deed::Wait(48), (0, 0)),
            (complete(&[pending]), (0, 0)),
        ],
    );
}

#[test]
fn a_silence_is_told_of_once_and_ends_with_a_scan() {
    let about = Type::WorkspaceSilent;
    let world = makes(
        about,
        &[
            (complete(&[]), (0, 0)),
            (Deed::Wait(1_000), (0, 0)),
            // Nobody expects anything.
            (Deed::Round, (0, 0)),
            (complete(&[]), (0, 0)),
            (Deed::Expect(0, Some(6)), (0, 0)),
            (Deed::Wait(11), (0, 0)),
            (Deed::Round, (0, 0)),
            (Deed::Wait(1), (0, 0)),
            (Deed::Round, (1, 1)),
            (Deed::Round, (1, 1)),
            (Deed::Wait(48), (1, 1)),
            // Still silent by what is expected now: the same silence.
            (Deed::Expect(0, Some(10)), (1, 1)),
            (Deed::Round, (1, 1)),
            // A failed scan is one.
            (failed(0), (1, 0)),
            (Deed::Round, (1, 0)),
            (Deed::Wait(21), (1, 0)),
            (Deed::Round, (2, 1)),
            // Somebody reads it: that ends no silence.
            (Deed::ReadAllAlerts, (2, 0)),
            (Deed::Round, (2, 0)),
            (complete(&[]), (2, 0)),
            (Deed::Wait(21), (2, 0)),
            (Deed::Round, (3, 1)),
            // What is expected now allows it.
            (Deed::Expect(0, Some(19)), (3, 0)),
            (Deed::Round, (3, 0)),
            (Deed::Wait(19), (3, 0)),
            (Deed::Round, (4, 1)),
            (Deed::Expect(0, None), (4, 0)),
            (Deed::Round, (4, 0)),
        ],
    );
    let alert = &of(&world, about)[0];
    assert_eq!(
        (alert.workspace.as_str(), alert.severity, alert.scan_id),
        (WORKSPACES[0], Severity::Warning, None)
    );
    assert_eq!(
        alert.message,
        "shop/prod was last scanned on 2026-04-12 01:04 UTC, though a scan is expected every 6h: see whether its pipeline runs."
    );
}

#[test]
fn a_deleted_workspace_leaves_nothing_to_read() {
    for (about, deeds) in [
        (
            Type::WorkspaceSilent,
            [
                complete(&[]),
                Deed::Expect(0, Some(1)),
                Deed::Wait(9),
                Deed::Round,
            ],
        ),
        (
            Type::ScanFailed,
            [failed(0), failed(0), failed(0), failed(0)],
        ),
    ] {
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
        }
        let unread = |world: &World| {
            let of = of(world, about);
            of.iter().filter(|alert| alert.read.is_none()).count()
        };
        assert_eq!(unread(&world), 1);
        world.act(&Deed::DeleteWorkspace(0, true));
        assert_eq!(unread(&world), 0);
    }
}

#[test]
fn a_scan_that_goes_on_failing_for_one_cause_is_told_of_once() {
    let partial = Deed::Scan(run(ScanStatus::Partial, &[]));
    makes(
        Type::ScanFailed,
        &[
            (failed(0), (1, 1)),
            (failed(0), (1, 1)),
            (failed(0), (1, 1)),
            (failed(1), (2, 2)),
            (failed(1), (2, 2)),
            (failed(0), (3, 3)),
            (Deed::ReadAllAlerts, (3, 0)),
            (failed(0), (4, 1)),
            (failed(0), (4, 1)),
            (complete(&[]), (4, 1)),
            (failed(0), (5, 2)),
            (partial, (5, 2)),
            (failed(0), (6, 3)),
            // Another workspace's failing is its own.
            (
                Deed::Scan(Run {
                    workspace: 1,
                    ..run(ScanStatus::Failed, &[])
                }),
                (7, 4),
            ),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_thing_is_told_once_and_nothing_overdue_is_left(deeds in deeds()) {
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
        }
        world.round();
        prop_assert_eq!(world.round(), 0, "a round leaves nothing to the next");

        let mut told = BTreeMap::new();
        for alert in world.alerts() {
            if let Some(drift) = alert.drift_id
                && alert.about != Type::DriftDetected
            {
                *told.entry((drift, alert.about.name())).or_insert(0) += 1;
            }
        }
        prop_assert!(told.values().all(|times| *times == 1), "{:?}", told);
        for drift in world.drifts() {
            let waits = matches!(drift.status, Status::Detected | Status::Triaged)
                && drift.severity == Severity::Critical
                && drift.kind.is_drift();
            let since = drift.critical_since.unwrap_or(drift.first_seen_at);
            let is_told = told.contains_key(&(drift.id, "approval_needed"));
            if waits && since.plus_ms(DAY_MS) <= world.now.plus_ms(-60_000) {
                prop_assert!(is_told, "{:?}", drift);
            }
            if is_told {
                prop_assert!(drift.first_seen_at.plus_ms(DAY_MS) <= world.now);
            }
            if drift.resolved.is_some() {
                let unread = world.alerts().into_iter().any(|alert| {
                    alert.drift_id == Some(drift.id) && alert.read.is_none()
                });
                prop_assert!(!unread, "an alert of a resolved drift is unread");
            }
        }
        for workspace in world.store.read(workspaces::all).unwrap() {
            prop_assert_eq!(
                workspace.silent_alert.is_some(),
                workspace.is_silent(world.now),
                "{:?}", workspace
            );
        }
    }
}
