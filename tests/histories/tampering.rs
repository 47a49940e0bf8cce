//! Each single thing that is wrong is found and named.

use std::sync::Arc;

use driftsentry::check::{self, Report};
use driftsentry::drifts::{Record, Status, records};
use driftsentry::error::Result;
use driftsentry::ids::AlertId;
use driftsentry::ingest::{Kind, ScanStatus};
use driftsentry::store::tables::*;
use driftsentry::store::{
    Batch, Counter, FILE_NAME, Order, Range, Reads, Rows, View, Writes, keys::Key,
};
use driftsentry::time::Day;
use driftsentry::{alerts, audit, drifts, events, scans, workspaces};

use crate::world::{Deed, Run, World, open, open_saving};

/// A store in which everything stands that can be tampered with.
fn filled() -> World {
    let mut world = World::new(Vec::new());
    let run = |found: Vec<(usize, u8, Kind, Option<usize>)>| Run {
        workspace: 0,
        status: ScanStatus::Complete,
        refresh_only: false,
        found,
        in_sync: Vec::new(),
        key: Some(1),
    };
    let first = run(vec![
        (0, 0, Kind::Modified, None),
        (1, 1, Kind::Modified, None),
        (2, 0, Kind::Missing, None),
        (3, 2, Kind::Pending, None),
    ]);
    let later = Run {
        key: None,
        ..run(vec![
            (0, 1, Kind::Modified, None),
            (1, 1, Kind::Modified, None),
        ])
    };
    for deed in [
        Deed::Scan(first),
        Deed::Price(0, Some(1_200)),
        Deed::Price(1, Some(700)),
        Deed::Decide(1, 1),
        Deed::Scan(later),
        Deed::Comment(0),
        Deed::Account(0, 0),
        Deed::Account(0, 1),
        Deed::Account(0, 2),
        Deed::Account(0, 3),
    ] {
        world.act(&deed);
    }
    world
}

/// The same store later, when what should have happened hasn't.
fn overdue() -> World {
    let mut world = filled();
    let run = Run {
        workspace: 0,
        status: ScanStatus::Complete,
        refresh_only: false,
        found: vec![(0, 1, Kind::Modified, None), (1, 1, Kind::Modified, None)],
        in_sync: Vec::new(),
        key: None,
    };
    for deed in [
        Deed::Wait(30),
        Deed::Scan(run.clone()),
        Deed::Expect(0, Some(1)),
        Deed::Wait(9),
        Deed::Round,
        Deed::Scan(Run {
            workspace: 1,
            status: ScanStatus::Failed,
            ..run
        }),
    ] {
        world.act(&deed);
    }
    world
}

/// Tampers, and gives what a check of the closed file says.
fn after(
    mut world: World,
    tamper: impl Fn(&Batch<'_>, &mut Writes) -> Result<()> + Send + 'static,
) -> Report {
    world
        .write(move |read, _| {
            let mut writes = Writes::new();
            tamper(read, &mut writes)?;
            Ok(((), writes))
        })
        .unwrap();
    world.store.close();
    check::file(&world.dir.path().join(FILE_NAME)).unwrap()
}

#[track_caller]
fn finds(
    check: &str,
    says: &str,
    tamper: impl Fn(&Batch<'_>, &mut Writes) -> Result<()> + Send + 'static,
) {
    finds_in(filled(), check, says, tamper);
}

#[track_caller]
fn finds_in(
    world: World,
    check: &str,
    says: &str,
    tamper: impl Fn(&Batch<'_>, &mut Writes) -> Result<()> + Send + 'static,
) {
    let report = after(world, tamper);
    let told = report.checks.iter().any(|one| {
        one.name == check
            && one.wrong > 0
            && one.problems.iter().any(|problem| problem.contains(says))
    });
    assert!(!report.sound && told, "{check}: {says}\n{report}");
}

fn first<K: Key>(read: &Batch<'_>, rows: &Rows<K>) -> Result<K> {
    Ok(read
        .keys(rows, &Range::all(), Order::Ascending, 1)?
        .remove(0))
}

fn last<K: Key>(read: &Batch<'_>, rows: &Rows<K>) -> Result<K> {
    Ok(read
        .keys(rows, &Range::all(), Order::Descending, 1)?
        .remove(0))
}

#[test]
fn what_nobody_touched_is_sound() {
    let report = after(overdue(), |_, _| Ok(()));
    assert!(report.sound, "{report}");
    let report = after(filled(), |_, _| Ok(()));
    assert!(report.sound, "{report}");
    let empty: Vec<&str> = report
        .checks
        .iter()
        .filter(|check| check.looked_at == 0)
        .map(|check| check.name)
        .collect();
    assert!(empty.is_empty(), "nothing to look at: {empty:?}");
}

#[test]
fn a_journal_that_lost_a_commit() {
    finds("journal of changed rows", "keys and says", |_, writes| {
        writes.delete(&JOURNAL, &1);
        Ok(())
    });
}

#[test]
fn a_saved_index_that_does_not_say_what_the_rows_say() {
    let saved = || -> Vec<Arc<dyn View>> {
        vec![
            Arc::new(drifts::index::Index::default()),
            Arc::new(alerts::index::Index::default()),
            Arc::new(scans::index::Index::default()),
        ]
    };
    let mut world = filled();
    world.store.close();
    open_saving(world.dir.path(), saved(), Some(1)).close();
    world.store = open(world.dir.path(), Vec::new());
    let report = after(world.gone_on(world.copied(), Vec::new()), |_, _| Ok(()));
    let looked_at = |name| report.checks.iter().find(|check| check.name == name);
    assert!(
        report.sound && looked_at("saved index").is_some(),
        "{report}"
    );
    let changed = world.write(|read, _| {
        let mut drift = records::by_id(read, last(read, &DRIFTS)?)?;
        drift.assignee = Some("somebody@else.example".to_owned());
        let mut writes = Writes::new();
        writes.put(&DRIFTS, &drift.id, &drift)?;
        Ok(((), writes))
    });
    changed.unwrap();
    // The journal forgets that commit.
    finds_in(world, "saved index", "has other values", |read, writes| {
        writes.delete(&JOURNAL, &last(read, &JOURNAL)?);
        Ok(())
    });
}

#[test]
fn counters_that_are_off_or_missing_or_too_many() {
    let counters = "counters against a recount";
    finds(counters, "drifts.total: stands at 5", |_, writes| {
        writes.count(records::counters::total(), 1);
        Ok(())
    });
    finds(counters, "alerts.total: is missing", |read, writes| {
        writes.count(alerts::total(), -read.counter(&alerts::total())?);
        Ok(())
    });
    finds(counters, "drifts.kind strange: stands at 3", |_, writes| {
        writes.count(records::counters::kind("strange"), 3);
        Ok(())
    });
    finds(counters, "scans.on 2001-01-01", |_, writes| {
        writes.count(scans::on(Day(11_323)), 1);
        Ok(())
    });
    finds(
        counters,
        "cost.open_moves: all days together",
        |_, writes| {
            let moves = records::counters::open_cost_moves();
            writes.count(records::counters::on(moves, Day(20_000)), 5);
            Ok(())
        },
    );
    finds(counters, "drifts.decided_ms", |_, writes| {
        let decided = records::counters::decided_ms();
        writes.count(records::counters::on(decided, Day(20_513)), 1);
        Ok(())
    });
    finds(counters, "nonsense", |_, writes| {
        writes.count(Counter::new("nonsense"), 1);
        Ok(())
    });
}

#[test]
fn index_rows_that_are_gone_or_lead_elsewhere() {
    finds(
        "index of unresolved drifts",
        "doesn't lead to it",
        |read, writes| {
            writes.delete(&DRIFTS_OPEN, &first(read, &DRIFTS_OPEN)?);
            Ok(())
        },
    );
    finds(
        "index of unresolved drifts",
        "leads to no unresolved drift",
        |read, writes| {
            let key = first(read, &DRIFTS_OPEN)?;
            writes.point(
                &DRIFTS_OPEN,
                &(key.0, key.1, "x".to_owned(), key.3),
                &last(read, &DRIFTS)?,
            );
            Ok(())
        },
    );
    finds("index of newest drifts", "leads nowhere", |read, writes| {
        writes.delete(&DRIFTS_LATEST, &first(read, &DRIFTS_LATEST)?);
        Ok(())
    });
    finds(
        "index of newest drifts",
        "leads to no drift of that resource",
        |read, writes| {
            writes.point(
                &DRIFTS_LATEST,
                &first(read, &DRIFTS_LATEST)?,
                &last(read, &DRIFTS)?,
            );
            Ok(())
        },
    );
    finds("alerts", "missing or leads elsewhere", |read, writes| {
        writes.delete(&ALERTS_BY_DRIFT, &first(read, &ALERTS_BY_DRIFT)?);
        Ok(())
    });
    finds(
        "index of alerts by drift",
        "which is not its own",
        |read, writes| {
            let (_, alert) = first(read, &ALERTS_BY_DRIFT)?;
            writes.mark(&ALERTS_BY_DRIFT, &(last(read, &DRIFTS)?, alert));
            Ok(())
        },
    );
    finds("workspaces", "workspaces_by_name", |read, writes| {
        writes.delete(&WORKSPACES_BY_NAME, &first(read, &WORKSPACES_BY_NAME)?);
        Ok(())
    });
    finds(
        "index of workspaces by name",
        "no workspace of that name",
        |read, writes| {
            writes.point(
                &WORKSPACES_BY_NAME,
                &"other".to_owned(),
                &first(read, &WORKSPACES)?,
            );
            Ok(())
        },
    );
    finds(
        "index of drifts by scan",
        "no such drift",
        |read, writes| {
            let (scan, _) = first(read, &SCAN_DRIFTS)?;
            let nobody = driftsentry::ids::DriftId(uuid::Uuid::from_u128(3));
            writes.put_bytes(&SCAN_DRIFTS, &(scan, nobody), vec![0]);
            Ok(())
        },
    );
    finds("audit entries", "missing in the index", |read, writes| {
        writes.delete(&AUDIT_BY_DRIFT, &first(read, &AUDIT_BY_DRIFT)?);
        Ok(())
    });
    finds(
        "index of audit entries by drift",
        "which is not about it",
        |read, writes| {
            writes.mark(&AUDIT_BY_DRIFT, &(last(read, &DRIFTS)?, 1));
            Ok(())
        },
    );
    finds(
        "remembered idempotency keys",
        "missing in the index by end",
        |read, writes| {
            writes.delete(&IDEMPOTENCY_BY_END, &first(read, &IDEMPOTENCY_BY_END)?);
            Ok(())
        },
    );
    finds(
        "remembered idempotency keys",
        "leads to no such key",
        |read, writes| {
            writes.delete(&IDEMPOTENCY, &first(read, &IDEMPOTENCY)?);
            Ok(())
        },
    );
}

#[test]
fn rows_that_are_gone_or_spoiled() {
    finds(
        "differences and states",
        "its states are missing",
        |read, writes| {
            writes.delete(&DRIFT_STATES, &first(read, &DRIFTS)?);
            Ok(())
        },
    );
    finds(
        "differences and states",
        "can't be unpacked",
        |read, writes| {
            writes.put_bytes(&DRIFT_STATES, &first(read, &DRIFTS)?, b"not zstd".to_vec());
            Ok(())
        },
    );
    finds(
        "differences and states",
        "its difference is missing",
        |read, writes| {
            writes.delete(&DRIFT_DIFFERENCES, &first(read, &DRIFTS)?);
            Ok(())
        },
    );
    finds(
        "differences and states",
        "not the one it was recorded with",
        |read, writes| {
            // The fourth drift differs in other attributes.
            let other = records::difference_of(read, last(read, &DRIFTS)?)?;
            writes.put_bytes(
                &DRIFT_DIFFERENCES,
                &first(read, &DRIFTS)?,
                other.into_bytes(),
            );
            Ok(())
        },
    );
    finds(
        "differences and states",
        "there is no such drift",
        |read, writes| {
            writes.delete(&DRIFTS, &last(read, &DRIFTS)?);
            Ok(())
        },
    );
    finds("timelines", "there is no such drift", |read, writes| {
        writes.delete(&DRIFTS, &first(read, &DRIFTS)?);
        Ok(())
    });
    finds("timelines", "it has no timeline", |read, writes| {
        let drift = first(read, &DRIFTS)?;
        for entry in driftsentry::drifts::timeline::of(read, drift)? {
            writes.delete(&TIMELINE, &(drift, entry.id));
        }
        Ok(())
    });
    finds("drifts", "drifts.v1 DriftId(", |read, writes| {
        writes.put_bytes(&DRIFTS, &first(read, &DRIFTS)?, vec![1, 0x80]);
        Ok(())
    });
    finds("drifts", "its scan", |read, writes| {
        writes.delete(&SCANS, &first(read, &SCANS)?);
        Ok(())
    });
    finds(
        "drifts",
        "is unresolved, but its workspace",
        |read, writes| {
            writes.delete(&WORKSPACES, &first(read, &WORKSPACES)?);
            Ok(())
        },
    );
    finds(
        "drifts",
        "its status and its resolution don't fit",
        |read, writes| edit(read, writes, |drift| drift.status = Status::Resolved),
    );
    finds("counters against a recount", "cost.open", |read, writes| {
        edit(read, writes, |drift| drift.cost = None)
    });
    finds("drifts", "that it continues", |read, writes| {
        edit(read, writes, |drift| drift.recurrence_of = Some(drift.id))
    });
    finds("workspaces", "its newest scan", |read, writes| {
        writes.delete(&SCANS, &last(read, &SCANS)?);
        Ok(())
    });
    finds("scans", "don't add up", |read, writes| {
        let id = first(read, &SCANS)?;
        let mut scan: scans::Record = scans::by_id(read, id)?;
        scan.counts.new += 1;
        writes.put(&SCANS, &id, &scan)
    });
    finds("alerts", "its drift", |read, writes| {
        writes.delete(&DRIFTS, &first(read, &DRIFTS)?);
        Ok(())
    });
    finds(
        "counters against a recount",
        "alerts.unread",
        |read, writes| {
            let id = first(read, &ALERTS)?;
            let mut alert = alerts::by_id(read, id)?;
            alert.read = match alert.read {
                Some(_) => None,
                None => Some(alerts::Reading {
                    at: alert.created_at,
                    by: "x".to_owned(),
                }),
            };
            writes.put(&ALERTS, &id, &alert)
        },
    );
    finds("workspaces", "its record says", |read, writes| {
        let id = first(read, &WORKSPACES)?;
        let mut workspace = workspaces::by_id(read, id)?;
        workspace.id = driftsentry::ids::WorkspaceId(uuid::Uuid::from_u128(9));
        writes.put(&WORKSPACES, &id, &workspace)
    });
}

fn edit(read: &Batch<'_>, writes: &mut Writes, change: impl Fn(&mut Record)) -> Result<()> {
    let mut drift = records::by_id(read, first(read, &DRIFTS)?)?;
    change(&mut drift);
    writes.put(&DRIFTS, &drift.id, &drift)
}

#[test]
fn what_was_told_and_who_says_so_disagree() {
    let drifts = |says: &str, change: fn(&mut Record)| {
        finds_in(overdue(), "drifts", says, move |read, writes| {
            for (id, mut drift) in all(read, &DRIFTS)? {
                change(&mut drift);
                writes.put(&DRIFTS, &id, &drift)?;
            }
            Ok(())
        });
    };
    drifts("approval_needed of", |drift| {
        drift.reminded_at = drift.reminded_at.map(|at| at.plus_ms(1));
    });
    drifts("remediation_failed of", |drift| {
        drift.unremedied_at = drift.unremedied_at.map(|at| at.plus_ms(1));
    });
    drifts("was never approved", |drift| {
        drift.unremedied_at = drift.unremedied_at.or(Some(drift.created_at));
    });
    drifts("but isn't critical", |drift| {
        drift.critical_since = Some(drift.created_at);
    });
    let says = "doesn't say that it was told of";
    for about in [
        alerts::Type::ApprovalNeeded,
        alerts::Type::RemediationFailed,
    ] {
        finds_in(overdue(), "alerts", says, move |read, writes| {
            let told: Vec<(AlertId, alerts::Record)> = all(read, &ALERTS)?;
            let alert = told.into_iter().find(|(_, alert)| alert.about == about);
            let id = alert.and_then(|(_, alert)| alert.drift_id).unwrap();
            let mut drift = records::by_id(read, id)?;
            (drift.reminded_at, drift.unremedied_at) = (None, None);
            writes.put(&DRIFTS, &id, &drift)
        });
    }
    let workspaces = |says: &str, change: fn(&mut workspaces::Record)| {
        finds_in(overdue(), "workspaces", says, move |read, writes| {
            for (id, mut workspace) in all(read, &WORKSPACES)? {
                change(&mut workspace);
                writes.put(&WORKSPACES, &id, &workspace)?;
            }
            Ok(())
        });
    };
    let not_its_own = "is not there or not its own";
    workspaces(not_its_own, |workspace| {
        workspace.silent_alert = workspace.silent_alert.or(workspace.failed_alert);
    });
    workspaces(not_its_own, |workspace| {
        workspace.silent_alert = Some(AlertId(uuid::Uuid::from_u128(9)));
    });
    workspaces("its newest scan didn't fail", |workspace| {
        workspace.failed_alert = workspace.failed_alert.or(workspace.silent_alert);
    });
}

fn all<K: Key, V: serde::de::DeserializeOwned>(
    read: &Batch<'_>,
    rows: &Rows<K>,
) -> Result<Vec<(K, V)>> {
    read.rows(rows, &Range::all(), Order::Ascending, usize::MAX)
}

#[test]
fn logs_that_were_edited_or_cut() {
    finds("audit chain", "is gone", |read, writes| {
        writes.delete(&AUDIT, &last(read, &AUDIT)?);
        Ok(())
    });
    finds("audit chain", "entry 3", |read, writes| {
        let mut entry: audit::Entry = read.get(&AUDIT, &3)?.unwrap();
        entry.actor_email = "somebody@else.example".to_owned();
        writes.put(&AUDIT, &3, &entry)
    });
    finds("events", "follows on 3", |_, writes| {
        writes.delete(&EVENTS, &4);
        Ok(())
    });
    finds("events", "is the newest, but", |read, writes| {
        writes.delete(&EVENTS, &last(read, &EVENTS)?);
        Ok(())
    });
    finds("events", "it says it is 2", |read, writes| {
        let event: events::Event = read.get(&EVENTS, &2)?.unwrap();
        writes.put(&EVENTS, &1, &event)
    });
    finds("the store's own records", "instance: is 00", |_, writes| {
        writes.put_bytes(&META, &"instance".to_owned(), vec![0]);
        Ok(())
    });
}

#[test]
fn a_damaged_page_is_found_wherever_it_lies() {
    let world = filled();
    world.store.close();
    let path = world.dir.path().join(FILE_NAME);
    let whole = std::fs::read(&path).unwrap();
    let before = check::file(&path).unwrap();
    assert!(before.sound, "{before}");
    assert!(std::fs::read(&path).unwrap() == whole, "the check wrote");
    // Text of a row: what a flipped bit there says, only a checksum can tell.
    let needle = b"mara@shop.example";
    let places: Vec<usize> = memchr::memmem::find_iter(&whole, needle).collect();
    let mut found = 0;
    for at in &places {
        let mut damaged = whole.clone();
        damaged[*at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        // Pages of older states lie about, which nobody reads.
        if !check::file(&path).is_ok_and(|report| report.sound) {
            found += 1;
        }
    }
    assert!(found > 0, "{} places, none found", places.len());
}
