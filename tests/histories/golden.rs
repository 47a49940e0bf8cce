//! Records as earlier programs wrote them: today's must read each, and mean the same by it.
//!
//! With `DRIFTSENTRY_WRITE_GOLDEN=1`, files that are missing are written from today's types; one that is there is never
//! touched. A field that is added changes no file: the old ones show that its default is right.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use driftsentry::ingest::{Kind, ScanStatus};
use driftsentry::store::tables::{
    ALERTS, AUDIT, DRIFTS, EVENTS, IDEMPOTENCY, SCANS, TIMELINE, WORKSPACES,
};
use driftsentry::store::{Order, Range, Reads, Rows, codec};
use driftsentry::{alerts, audit, drifts, events, scans, workspaces};
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::world::{Deed, Run, World};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.msgpack"))
}

/// Compares one file with what it says in words.
fn compare<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str) {
    let stored = std::fs::read(path(name)).unwrap_or_else(|error| {
        panic!("{name}: {error}: write it with DRIFTSENTRY_WRITE_GOLDEN=1 cargo test golden")
    });
    let meaning: T = codec::decode(&stored).unwrap();
    let again: T = codec::decode(&codec::encode(&meaning).unwrap()).unwrap();
    assert_eq!(again, meaning, "{name}");
    // Each field that was written is still written, with the same value: none was dropped or renamed.
    let fields = |bytes: &[u8]| -> BTreeMap<String, Told> { codec::decode(bytes).unwrap() };
    let today = fields(&codec::encode(&meaning).unwrap());
    for (field, value) in fields(&stored) {
        assert_eq!(today.get(&field), Some(&value), "{name}: {field}");
    }
}

/// Any stored value, in words: ids are bytes, which JSON has none of.
#[derive(Debug, PartialEq)]
struct Told(String);

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Teller)
    }
}

struct Teller;

impl<'de> Visitor<'de> for Teller {
    type Value = Told;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Told, E> {
        Ok(Told(value.to_string()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Told, E> {
        Ok(Told(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Told, E> {
        Ok(Told(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Told, E> {
        Ok(Told(format!("{value:?}")))
    }
    fn visit_bytes<E>(self, value: &[u8]) -> Result<Told, E> {
        Ok(Told(format!("{value:02x?}")))
    }
    fn visit_unit<E>(self) -> Result<Told, E> {
        Ok(Told("nothing".to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Told, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element::<Told>()? {
            all.push(one.0);
        }
        Ok(Told(format!("[{}]", all.join(", "))))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Told, A::Error> {
        let mut all = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Told>()? {
            all.push(format!("{key}: {}", value.0));
        }
        Ok(Told(format!("{{{}}}", all.join(", "))))
    }
}

#[test]
fn records_of_earlier_programs_mean_the_same_today() {
    write_missing();
    compare::<drifts::Record>("drift");
    compare::<drifts::Record>("drift_decided");
    compare::<drifts::Record>("drift_reminded");
    compare::<drifts::Record>("drift_unremedied");
    compare::<drifts::timeline::Entry>("timeline");
    compare::<alerts::Record>("alert");
    compare::<alerts::Record>("alert_read");
    compare::<workspaces::Record>("workspace");
    compare::<workspaces::Record>("workspace_silent");
    compare::<workspaces::Record>("workspace_failing");
    compare::<scans::Record>("scan");
    compare::<audit::Entry>("audit");
    compare::<events::Event>("event");
    let replay = std::fs::read(path("idempotency")).unwrap();
    let replay: scans::Replay = codec::decode(&replay).unwrap();
    assert!(replay.until.unix_ms() > 0);
}

/// Golden files of one record.
fn read<T: DeserializeOwned>(name: &str) -> T {
    codec::decode(&std::fs::read(path(name)).unwrap()).unwrap()
}

#[test]
fn a_drift_from_before_it_was_kept_waits_since_it_was_first_seen() {
    let old: drifts::Record = read("drift");
    assert_eq!(old.critical_since, None);
    assert_eq!(old.undecided_since(), Some(old.first_seen_at));
    let reminded: drifts::Record = read("drift_reminded");
    assert!(reminded.critical_since.is_some() && reminded.reminded_at.is_some());
    let unremedied: drifts::Record = read("drift_unremedied");
    assert!(unremedied.unremedied_at.is_some());
    let silent: workspaces::Record = read("workspace_silent");
    let failing: workspaces::Record = read("workspace_failing");
    assert!(silent.silent_alert.is_some() && failing.failed_alert.is_some());
}

fn write_missing() {
    if std::env::var_os("DRIFTSENTRY_WRITE_GOLDEN").is_none() {
        return;
    }
    let mut world = World::new(Vec::new());
    let run = |found| Run {
        workspace: 0,
        status: ScanStatus::Complete,
        refresh_only: false,
        found,
        in_sync: Vec::new(),
        key: Some(1),
    };
    for deed in [
        Deed::Scan(run(vec![
            (0, 0, Kind::Modified, None),
            (1, 1, Kind::Missing, None),
        ])),
        Deed::Price(0, Some(-1_299)),
        Deed::Decide(0, 0),
        Deed::Decide(0, 1),
        Deed::Scan(Run {
            key: None,
            ..run(Vec::new())
        }),
        Deed::Scan(Run {
            key: None,
            ..run(vec![(0, 1, Kind::Modified, None)])
        }),
    ] {
        world.act(&deed);
    }
    write(&world, "drift", &DRIFTS, Order::Descending);
    write(&world, "drift_decided", &DRIFTS, Order::Ascending);
    write(&world, "timeline", &TIMELINE, Order::Descending);
    write(&world, "alert", &ALERTS, Order::Descending);
    write(&world, "alert_read", &ALERTS, Order::Ascending);
    write(&world, "workspace", &WORKSPACES, Order::Ascending);
    write(&world, "scan", &SCANS, Order::Ascending);
    write(&world, "audit", &AUDIT, Order::Descending);
    write(&world, "event", &EVENTS, Order::Descending);
    write(&world, "idempotency", &IDEMPOTENCY, Order::Ascending);

    // What nobody did in time.
    let mut world = World::new(Vec::new());
    let found = vec![(0, 0, Kind::Modified, None), (1, 0, Kind::Modified, None)];
    let shown = Run {
        key: None,
        ..run(found)
    };
    for deed in [
        Deed::Scan(shown.clone()),
        Deed::Decide(1, 1),
        Deed::Wait(30),
        Deed::Scan(shown.clone()),
        Deed::Expect(0, Some(1)),
        Deed::Wait(9),
        Deed::Round,
        Deed::Scan(Run {
            workspace: 1,
            status: ScanStatus::Failed,
            ..shown
        }),
    ] {
        world.act(&deed);
    }
    write(&world, "drift_reminded", &DRIFTS, Order::Ascending);
    // What the failed scan found is the newest.
    write_nth(&world, "drift_unremedied", &DRIFTS, Order::Ascending, 1);
    write(&world, "workspace_silent", &WORKSPACES, Order::Ascending);
    write(&world, "workspace_failing", &WORKSPACES, Order::Descending);
}

/// Writes the first row of a table as it is stored, where there is no file yet.
fn write<K>(world: &World, name: &str, rows: &Rows<K>, order: Order) {
    write_nth(world, name, rows, order, 0);
}

/// The same of another row than the first.
fn write_nth<K>(world: &World, name: &str, rows: &Rows<K>, order: Order, nth: usize) {
    if path(name).exists() {
        return;
    }
    let (mut bytes, mut left) = (Vec::new(), nth);
    world
        .store
        .read(|read| {
            read.visit(rows.table, &Range::all(), order, &mut |_, value| {
                bytes = value.to_vec();
                left = match left.checked_sub(1) {
                    Some(left) => left,
                    None => return Ok(std::ops::ControlFlow::Break(())),
                };
                Ok(std::ops::ControlFlow::Continue(()))
            })
        })
        .unwrap();
    std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
    std::fs::write(path(name), bytes).unwrap();
}
