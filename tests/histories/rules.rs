//! What scans and decisions do to drifts, whatever came before.

use std::collections::{BTreeMap, BTreeSet};

use driftsentry::drifts::{Identity, Record, ResolvedHow, Status, timeline};
use driftsentry::ids::{AlertId, DriftId, WorkspaceId};
use driftsentry::ingest::scan::Facet;
use driftsentry::ingest::{Content, Kind, ScanStatus};
use driftsentry::store::tables::{
    ALERTS, ALERTS_BY_DRIFT, AUDIT, DRIFT_DIFFERENCES, DRIFT_STATES, DRIFTS, DRIFTS_LATEST,
    DRIFTS_OPEN, IDEMPOTENCY, TIMELINE,
};
use driftsentry::store::{Order, Range, Reads};
use driftsentry::{alerts, audit};
use proptest::prelude::*;

use crate::world::{ADDRESSES, Deed, Run, WORKSPACES, World, deeds, found, run};

/// Everything stored of drifts and their alerts but when and how often they were seen. (A scan that fails again says so
/// again.)
fn standing(world: &World) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for mut drift in world.drifts() {
        drift.last_seen_at = drift.created_at;
        drift.seen_count = 1;
        all.push((b"drift".to_vec(), format!("{drift:?}").into_bytes()));
    }
    world
        .store
        .read(|read| {
            for table in [
                DRIFT_DIFFERENCES.table,
                DRIFT_STATES.table,
                DRIFTS_OPEN.table,
                DRIFTS_LATEST.table,
                TIMELINE.table,
                ALERTS_BY_DRIFT.table,
            ] {
                read.visit(table, &Range::all(), Order::Ascending, &mut |key, value| {
                    all.push((key.to_vec(), value.to_vec()));
                    Ok(std::ops::ControlFlow::Continue(()))
                })?;
            }
            let alerts: Vec<(AlertId, alerts::Record)> =
                read.rows(&ALERTS, &Range::all(), Order::Ascending, usize::MAX)?;
            for (id, alert) in alerts {
                if alert.drift_id.is_some() {
                    all.push((id.0.as_bytes().to_vec(), format!("{alert:?}").into_bytes()));
                }
            }
            Ok(())
        })
        .unwrap();
    all
}

/// The unresolved drifts of a workspace.
fn unresolved(world: &World, workspace: usize) -> BTreeMap<Identity, Record> {
    world
        .drifts()
        .into_iter()
        .filter(|drift| {
            drift.workspace == WORKSPACES[workspace] && drift.status != Status::Resolved
        })
        .map(|drift| (drift.identity(), drift))
        .collect()
}

/// Each resource's findings, the first one of each.
fn shown(run: &Run) -> BTreeMap<(Facet, &'static str), (Kind, u8)> {
    let mut shown = BTreeMap::new();
    for (address, values, kind, _) in &run.found {
        shown
            .entry((kind.facet(), ADDRESSES[*address]))
            .or_insert((*kind, *values));
    }
    shown
}

fn without_moves(run: Run) -> Run {
    Run {
        found: run
            .found
            .into_iter()
            .map(|(address, values, kind, _)| (address, values, kind, None))
            .collect(),
        key: None,
        ..run
    }
}

fn complete(run: Run) -> Run {
    Run {
        workspace: 0,
        status: ScanStatus::Complete,
        refresh_only: false,
        key: None,
        ..run
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_earlier_scans_does_not_change_where_they_end(
        scans in prop::collection::vec(run(), 1..6),
        last in run(),
        turn in any::<prop::sample::Index>(),
    ) {
        let last = complete(last);
        let mut turned = scans.clone();
        turned.rotate_left(turn.index(scans.len()));
        turned.reverse();
        let ends = [scans, turned].map(|scans| {
            let mut world = World::new(Vec::new());
            for run in scans.into_iter().map(complete).chain([last.clone()]) {
                world.push(&run).unwrap();
            }
            unresolved(&world, 0)
                .into_iter()
                .map(|(identity, drift)| (identity, (drift.kind, drift.content, drift.status)))
                .collect::<BTreeMap<_, _>>()
        });
        prop_assert_eq!(&ends[0], &ends[1]);
        let expected: BTreeMap<_, _> = shown(&last)
            .into_iter()
            .map(|((facet, address), (kind, values))| {
                let identity = Identity { facet, address: address.to_owned(), deposed: String::new() };
                (identity, (kind, Content([values; 32]), Status::Detected))
            })
            .collect();
        prop_assert_eq!(&ends[0], &expected);
    }

    #[test]
    fn the_same_scan_again_changes_nothing_but_when_it_was_seen(deeds in deeds(), run in run()) {
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
        }
        let run = Run { key: None, ..run };
        world.push(&run).unwrap();
        let once = (standing(&world), unresolved(&world, run.workspace));
        let second = world.push(&run).unwrap();
        let twice = (standing(&world), unresolved(&world, run.workspace));
        prop_assert!(once.0 == twice.0);
        prop_assert_eq!(
            (second.counts.new, second.counts.changed, second.counts.resolved),
            (0, 0, 0)
        );
        for (identity, drift) in &twice.1 {
            let times = drift.seen_count - once.1[identity].seen_count;
            let is_shown = shown(&run).contains_key(&(identity.facet, identity.address.as_str()));
            prop_assert_eq!(times, u64::from(is_shown));
        }
    }

    #[test]
    fn a_scan_does_to_each_drift_what_its_status_says(deeds in deeds(), run in run()) {
        let run = without_moves(run);
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
        }
        let before = unresolved(&world, run.workspace);
        world.push(&run).unwrap();
        let after = unresolved(&world, run.workspace);
        let all: BTreeMap<DriftId, Record> =
            world.drifts().into_iter().map(|drift| (drift.id, drift)).collect();
        let shown = shown(&run);
        let in_sync: BTreeSet<&str> = run.in_sync.iter().map(|at| ADDRESSES[*at]).collect();

        for (identity, old) in &before {
            let new = &all[&old.id];
            let Some((kind, values)) = shown.get(&(identity.facet, identity.address.as_str())) else {
                let looked = identity.facet == Facet::Live || !run.refresh_only;
                let proves = match run.status {
                    ScanStatus::Complete => true,
                    ScanStatus::Partial => in_sync.contains(identity.address.as_str()),
                    ScanStatus::Failed => false,
                };
                if looked && proves && old.scan_id.is_some() {
                    let how = if old.status == Status::Approved {
                        ResolvedHow::AutoRemediate
                    } else {
                        ResolvedHow::ManualFix
                    };
                    prop_assert_eq!(new.resolved.as_ref().map(|end| end.how), Some(how));
                } else {
                    prop_assert_eq!(new, old);
                }
                continue;
            };
            let changed = *kind != old.kind || Content([*values; 32]) != old.content;
            match (old.status, changed) {
                (Status::Rejected, true) => {
                    prop_assert_eq!(
                        new.resolved.as_ref().map(|end| end.how),
                        Some(ResolvedHow::Acknowledged)
                    );
                    let next = &after[identity];
                    prop_assert_eq!(next.recurrence_of, Some(old.id));
                    prop_assert_eq!(next.status, Status::Detected);
                }
                (status, _) => {
                    prop_assert_eq!(new.status, status);
                    prop_assert_eq!(&new.approved, &old.approved);
                    prop_assert_eq!(new.seen_count, old.seen_count + 1);
                    prop_assert_eq!((new.kind, new.content), (*kind, Content([*values; 32])));
                    prop_assert_eq!(new.cost, old.cost);
                }
            }
        }
        // What it shows is there now, and nothing else is new.
        for (facet, address) in shown.keys() {
            let identity = Identity {
                facet: *facet,
                address: (*address).to_owned(),
                deposed: String::new(),
            };
            prop_assert!(after.contains_key(&identity));
        }
        for identity in after.keys() {
            let is_shown = shown.contains_key(&(identity.facet, identity.address.as_str()));
            prop_assert!(is_shown || before.contains_key(identity));
        }
    }

    #[test]
    fn ids_ascend_and_each_change_of_a_drift_is_on_record(deeds in deeds(), one in found()) {
        let mut world = World::new(Vec::new());
        world.act(&Deed::Create(0, one, None));
        for deed in &deeds {
            world.act(deed);
        }
        let drifts = world.drifts();
        prop_assert!(drifts.windows(2).all(|two| two[0].created_at <= two[1].created_at));
        let told: Vec<(u64, audit::Entry)> = world
            .store
            .read(|read| read.rows(&AUDIT, &Range::all(), Order::Ascending, usize::MAX))
            .unwrap();
        for drift in drifts {
            // Each version of a drift has its entry; comments have one without a version.
            let versions = told
                .iter()
                .filter(|(_, entry)| entry.drift_id == Some(drift.id))
                .filter(|(_, entry)| {
                    !matches!(entry.action, audit::Action::DriftCommented | audit::Action::AlertRead)
                })
                .count();
            prop_assert_eq!(versions as u64, drift.version);
        }
    }
}

fn push(found: Vec<(usize, u8, Kind, Option<usize>)>) -> Run {
    Run {
        workspace: 0,
        status: ScanStatus::Complete,
        refresh_only: false,
        found,
        in_sync: Vec::new(),
        key: None,
    }
}

#[test]
fn a_drift_that_moved_away_is_not_what_comes_back_where_it_was() {
    let mut world = World::new(Vec::new());
    world
        .push(&push(vec![(0, 0, Kind::Modified, None)]))
        .unwrap();
    // Another resource now stands where the moved one stood.
    world
        .push(&push(vec![
            (1, 0, Kind::Modified, Some(0)),
            (0, 1, Kind::Modified, None),
        ]))
        .unwrap();
    let drifts = world.drifts();
    assert_eq!(drifts.len(), 2);
    assert_eq!(drifts[0].address, ADDRESSES[1]);
    assert_eq!(drifts[1].recurrence_of, None);

    // Nor when a person puts it on record.
    let mut world = World::new(Vec::new());
    for found in [(0, 0, None), (1, 0, Some(0))] {
        world
            .push(&push(vec![(found.0, found.1, Kind::Modified, found.2)]))
            .unwrap();
    }
    world.act(&Deed::Create(0, (0, 2, Kind::Modified, None), None));
    assert_eq!(world.drifts()[1].recurrence_of, None);
}

#[test]
fn one_that_is_put_on_record_again_continues_the_one_it_replaces() {
    let mut world = World::new(Vec::new());
    let found = (0, 0, Kind::Modified, None);
    world.act(&Deed::Create(0, found, None));
    world.act(&Deed::Wait(2));
    world.act(&Deed::Create(0, found, None));
    let drifts = world.drifts();
    assert_eq!(drifts[0].status, Status::Resolved);
    assert_eq!(drifts[1].recurrence_of, Some(drifts[0].id));
}

#[test]
fn a_key_that_is_used_again_after_its_day_is_remembered_for_a_whole_one() {
    let mut world = World::new(Vec::new());
    let with_key = |key| Run {
        key: Some(key),
        ..push(Vec::new())
    };
    let first = world.push(&with_key(1)).unwrap();
    world.act(&Deed::Wait(24));
    // Its first end is now, within the millisecond: not yet one to be cleared away.
    world.now = first.finished_at.plus_ms(24 * 3_600_000 - 60_000);
    let second = world.push(&with_key(1)).unwrap();
    assert_ne!(second.id, first.id);
    world.push(&with_key(2)).unwrap();
    assert_eq!(world.push(&with_key(1)).unwrap().id, second.id);
    let remembered: Vec<(String, String)> = world
        .store
        .read(|read| read.keys(&IDEMPOTENCY, &Range::all(), Order::Ascending, 10))
        .unwrap();
    assert_eq!(remembered.len(), 2);
}

#[test]
fn a_price_is_on_record_and_a_resolved_drift_keeps_its_own() {
    let mut world = World::new(Vec::new());
    world
        .push(&push(vec![(0, 0, Kind::Modified, None)]))
        .unwrap();
    for cents in [Some(1_250), Some(1_250), None, Some(99)] {
        world.act(&Deed::Price(0, cents));
    }
    world.act(&Deed::Decide(0, 5));
    world.act(&Deed::Price(0, Some(7)));
    let drift = world.drifts().remove(0);
    assert_eq!(drift.cost.map(|cents| cents.0), Some(99));
    assert_eq!(drift.version, 5);
    let told = world
        .store
        .read(|read| timeline::of(read, drift.id))
        .unwrap();
    assert_eq!(told[1].message, "Costs 12.50 USD a month.");
    assert_eq!(told.len(), 5);
}

#[test]
fn a_workspace_made_anew_under_its_name_begins_without_drifts() {
    let mut world = World::new(Vec::new());
    world
        .push(&push(vec![(0, 0, Kind::Modified, None)]))
        .unwrap();
    world.act(&Deed::DeleteWorkspace(0, true));
    world.push(&push(Vec::new())).unwrap();
    let ids: BTreeSet<WorkspaceId> = world
        .store
        .read(driftsentry::workspaces::all)
        .unwrap()
        .into_iter()
        .map(|workspace| workspace.id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert!(!ids.contains(&world.drifts()[0].workspace_id));
    let keys: Vec<DriftId> = world
        .store
        .read(|read| read.keys(&DRIFTS, &Range::all(), Order::Ascending, 9))
        .unwrap();
    assert_eq!(keys.len(), 1);
}
