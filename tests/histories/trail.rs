//! Ten thousand random tamperings with the audit log: each is found.
//!
//! What is tampered with are the rows themselves, by somebody who can write the file, knows the format, hashes entries anew
//! and mends the count. They do not have the key that signs checkpoints, nor the logs in which those are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use driftsentry::actor::{Actor, Role};
use driftsentry::audit::{
    self, Action, Checkpoint, Draft, Entry, Flaw, Proof, Signer, record, verify_with,
};
use driftsentry::error::Result;
use driftsentry::ids::{AuditId, DriftId, UserId};
use driftsentry::ingest::{Kind, ScanStatus};
use driftsentry::store::tables::{AUDIT, META};
use driftsentry::store::{
    self, Order, Range, Reads, Store, Table, Visit, Writes, codec, keys::Key,
};
use driftsentry::time::Timestamp;
use fastrand::Rng;
use sha2::{Digest, Sha256};

use crate::world::{Deed, Run, World};

/// How many tamperings are tried on the rows, and how many of these in the real file too.
const TRIALS: u64 = 10_000;
const IN_FILE: u64 = 200;

/// The log and what counts it, as rows that can be changed at will.
#[derive(Clone, PartialEq)]
struct Log {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    meta: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Log {
    fn of(store: &Store) -> Self {
        let rows = |table: Table| {
            let mut rows = BTreeMap::new();
            let mut keep = |key: &[u8], value: &[u8]| {
                rows.insert(key.to_vec(), value.to_vec());
                Ok(ControlFlow::Continue(()))
            };
            store
                .read(|read| read.visit(table, &Range::all(), Order::Ascending, &mut keep))
                .unwrap();
            rows
        };
        Self {
            entries: rows(AUDIT.table),
            meta: rows(META.table),
        }
    }

    fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    fn get(&self, seq: u64) -> Entry {
        codec::decode(&self.entries[&seq.to_bytes()]).unwrap()
    }

    fn put(&mut self, seq: u64, entry: &Entry) {
        self.entries
            .insert(seq.to_bytes(), codec::encode(entry).unwrap());
    }

    /// All entries in order.
    fn list(&self) -> Vec<Entry> {
        let entries = self.entries.values();
        entries.map(|value| codec::decode(value).unwrap()).collect()
    }

    /// Other entries in place of all, numbered and counted as they come.
    fn replace(&mut self, entries: Vec<Entry>) {
        self.entries.clear();
        for (seq, mut entry) in (1..).zip(entries) {
            entry.seq = seq;
            self.put(seq, &entry);
        }
        self.count(self.len());
    }

    /// Hashes every entry anew from this one on, as the program would have.
    fn hash_from(&mut self, first: u64) {
        let mut before = match first {
            1 => [0; 32],
            _ => self.get(first - 1).hash,
        };
        for seq in first..=self.len() {
            let mut entry = self.get(seq);
            entry.prev_hash = before;
            entry.hash = hash(&entry);
            before = entry.hash;
            self.put(seq, &entry);
        }
    }

    fn count(&mut self, newest: u64) {
        self.meta
            .insert("log.audit.v1".to_owned().to_bytes(), newest.to_bytes());
    }
}

impl Reads for Log {
    fn get_bytes(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.rows(table).get(key).cloned())
    }

    fn visit(&self, table: Table, range: &Range, order: Order, visit: Visit<'_>) -> Result<()> {
        assert!(order == Order::Ascending && range.end.is_none());
        for (key, value) in self.rows(table).range(range.start.clone()..) {
            if visit(key, value)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl Log {
    fn rows(&self, table: Table) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        if table == AUDIT.table {
            &self.entries
        } else {
            assert!(table == META.table);
            &self.meta
        }
    }
}

/// The hash of an entry, made from the documented format by other code than the product's.
fn hash(entry: &Entry) -> [u8; 32] {
    let optional = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
    let parts: [Option<Vec<u8>>; 15] = [
        Some(entry.prev_hash.to_vec()),
        Some(entry.seq.to_be_bytes().to_vec()),
        Some(entry.id.0.as_bytes().to_vec()),
        Some(entry.action.name().into()),
        entry.drift_id.map(|id| id.0.as_bytes().to_vec()),
        Some(entry.actor_id.0.as_bytes().to_vec()),
        Some(entry.actor_email.clone().into_bytes()),
        Some(entry.actor_role.to_string().into_bytes()),
        optional(&entry.old_value),
        optional(&entry.new_value),
        optional(&entry.details),
        optional(&entry.ip_address),
        optional(&entry.user_agent),
        Some(entry.correlation_id.clone().into_bytes()),
        Some(entry.created_at.unix_ms().to_be_bytes().to_vec()),
    ];
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Some(part) => {
                bytes.extend((part.len() as u64).to_be_bytes());
                bytes.extend(part);
            }
            None => bytes.extend([0xff; 8]),
        }
    }
    Sha256::digest(&bytes).into()
}

/// A log of varied entries, most of them written by the rules, and checkpoints of some, the newest among them.
fn filled() -> (World, Vec<Checkpoint>, Signer) {
    let mut world = World::new(Vec::new());
    for round in 0..4_u8 {
        world.act(&Deed::Scan(Run {
            workspace: usize::from(round % 2),
            status: ScanStatus::Complete,
            refresh_only: false,
            found: (0..5)
                .map(|at| (at, round % 3, Kind::Modified, None))
                .collect(),
            in_sync: vec![5],
            key: None,
        }));
        for at in 0..7 {
            world.act(&Deed::Comment(at));
            world.act(&Deed::Decide(at, round + u8::from(at > 3)));
        }
        world.act(&Deed::Create(
            usize::from(round % 2),
            (6, round, Kind::Missing, None),
            None,
        ));
        world.act(&Deed::ReadAllAlerts);
    }
    for n in 0..8_u32 {
        let by = Actor {
            id: UserId(uuid::Uuid::from_u128(u128::from(n))),
            email: format!("person-{n}@shop.example"),
            role: [Role::Viewer, Role::Engineer, Role::Admin][n as usize % 3],
            ip_address: (n % 2 == 0).then(|| format!("10.0.0.{n}")),
            user_agent: (n % 3 == 0).then(|| "a-browser/1.0".to_owned()),
            correlation_id: format!("request-{n}"),
        };
        let action = Action::ALL[n as usize * 3];
        let write = world.write(move |_, now| {
            let draft = Draft {
                drift: None,
                old_value: (n % 2 == 0).then(|| serde_json::json!({"role": "viewer"})),
                new_value: (n % 3 == 0).then(|| serde_json::json!({"role": "admin", "n": n})),
                details: (n % 4 == 0).then(|| serde_json::json!({"why": "ämter — 審"})),
            };
            let mut writes = Writes::new();
            record(&mut writes, &by, action, draft, now);
            Ok(((), writes))
        });
        write.unwrap();
    }
    let signer = Signer::of([7; 32]).unwrap();
    let log = Log::of(&world.store);
    let instance = store::instance(&log).unwrap();
    let sign = |seq: u64| {
        let entry = log.get(seq);
        signer.sign(instance, seq, entry.hash, entry.created_at)
    };
    let checkpoints = [10, log.len() / 2, log.len()].map(sign).to_vec();
    (world, checkpoints, signer)
}

/// Another text than this.
fn other_text(rng: &mut Rng, text: &str) -> String {
    match rng.u8(0..4) {
        0 => format!("{text} "),
        1 if !text.is_empty() => text.chars().skip(1).collect(),
        2 if text.to_uppercase() != text => text.to_uppercase(),
        _ => format!("{}{text}", rng.alphabetic()),
    }
}

fn other_option(rng: &mut Rng, text: &Option<String>) -> Option<String> {
    match text {
        Some(_) if rng.bool() => None,
        Some(text) => Some(other_text(rng, text)),
        // Absent and empty are not the same.
        None if rng.bool() => Some(String::new()),
        None => Some("{\"forged\":true}".to_owned()),
    }
}

fn other_id(rng: &mut Rng, id: uuid::Uuid) -> uuid::Uuid {
    uuid::Uuid::from_u128(id.as_u128() ^ (1 << rng.u32(0..128)))
}

/// Changes one field to another value. The hashes and the number are fields as well, unless told otherwise.
fn edit(rng: &mut Rng, entry: &mut Entry, with_chain: bool) {
    match rng.u8(0..if with_chain { 16 } else { 13 }) {
        0 => entry.id = AuditId(other_id(rng, entry.id.0)),
        1 => {
            let others: Vec<Action> = Action::ALL
                .into_iter()
                .filter(|action| *action != entry.action)
                .collect();
            entry.action = others[rng.usize(0..others.len())];
        }
        2 => {
            entry.drift_id = match entry.drift_id {
                Some(_) if rng.bool() => None,
                Some(id) => Some(DriftId(other_id(rng, id.0))),
                None => Some(DriftId(uuid::Uuid::from_u128(rng.u128(..)))),
            }
        }
        3 => entry.actor_id = UserId(other_id(rng, entry.actor_id.0)),
        4 => entry.actor_email = other_text(rng, &entry.actor_email),
        5 => {
            entry.actor_role = match entry.actor_role {
                Role::Engineer => Role::Viewer,
                _ => Role::Engineer,
            }
        }
        6 => entry.old_value = other_option(rng, &entry.old_value),
        7 => entry.new_value = other_option(rng, &entry.new_value),
        8 => entry.details = other_option(rng, &entry.details),
        9 => entry.ip_address = other_option(rng, &entry.ip_address),
        10 => entry.user_agent = other_option(rng, &entry.user_agent),
        11 => entry.correlation_id = other_text(rng, &entry.correlation_id),
        12 => {
            let by = rng.i64(1..10_000_000_000);
            let by = if rng.bool() { by } else { -by };
            entry.created_at = entry.created_at.plus_ms(by);
        }
        13 => entry.seq ^= 1 << rng.u32(0..63),
        14 => entry.prev_hash[rng.usize(0..32)] ^= 1 << rng.u32(0..8),
        _ => entry.hash[rng.usize(0..32)] ^= 1 << rng.u32(0..8),
    }
}

/// Changes raw bytes.
fn scribble(rng: &mut Rng, value: &mut Vec<u8>) {
    match rng.u8(0..5) {
        0 | 1 => {
            let at = rng.usize(0..value.len());
            value[at] ^= 1 << rng.u32(0..8);
        }
        2 => {
            value.remove(rng.usize(0..value.len()));
        }
        3 => value.insert(rng.usize(0..=value.len()), rng.u8(..)),
        _ => value.truncate(rng.usize(0..value.len())),
    }
}

/// One way to forge history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tampering {
    /// A field of one entry.
    Edit,
    /// The same, with the entry's own hash made anew.
    EditAndHash,
    /// The same, and every later entry hashed anew.
    EditAndHashAll,
    /// Any bytes of a row.
    Scribble,
    /// Some entries are gone.
    Delete,
    /// The same, the gap closed and all hashed and counted anew.
    DeleteAndHashAll,
    /// The newest are gone.
    Cut,
    /// The same, and the count mended.
    CutAndCount,
    /// Two rows in each other's place.
    Swap,
    /// Two entries in each other's place, all hashed anew.
    SwapAndHashAll,
    /// An entry in another's place.
    Copy,
    /// An entry that never was, between others, all numbered, hashed and counted anew.
    InsertAndHashAll,
    /// A row under a key that is none.
    OddKey,
    /// Only the log's count.
    Count,
    /// Everything is gone.
    Empty,
}

const TAMPERINGS: [Tampering; 15] = [
    Tampering::Edit,
    Tampering::EditAndHash,
    Tampering::EditAndHashAll,
    Tampering::Scribble,
    Tampering::Delete,
    Tampering::DeleteAndHashAll,
    Tampering::Cut,
    Tampering::CutAndCount,
    Tampering::Swap,
    Tampering::SwapAndHashAll,
    Tampering::Copy,
    Tampering::InsertAndHashAll,
    Tampering::OddKey,
    Tampering::Count,
    Tampering::Empty,
];

/// Two different entries.
fn two(rng: &mut Rng, last: u64) -> (u64, u64) {
    let one = rng.u64(1..=last);
    let step = rng.u64(1..last);
    (one, (one - 1 + step) % last + 1)
}

fn tamper(rng: &mut Rng, log: &mut Log) -> Tampering {
    let what = TAMPERINGS[rng.usize(0..TAMPERINGS.len())];
    let last = log.len();
    let seq = rng.u64(1..=last);
    match what {
        Tampering::Edit => {
            let mut entry = log.get(seq);
            edit(rng, &mut entry, true);
            log.put(seq, &entry);
        }
        Tampering::EditAndHash | Tampering::EditAndHashAll => {
            let mut entry = log.get(seq);
            edit(rng, &mut entry, false);
            entry.hash = hash(&entry);
            log.put(seq, &entry);
            if what == Tampering::EditAndHashAll {
                log.hash_from(seq);
            }
        }
        Tampering::Scribble => scribble(rng, log.entries.get_mut(&seq.to_bytes()).unwrap()),
        Tampering::Delete | Tampering::DeleteAndHashAll => {
            let end = (seq + rng.u64(1..4)).min(last + 1);
            for gone in seq..end {
                log.entries.remove(&gone.to_bytes());
            }
            if what == Tampering::DeleteAndHashAll {
                let left = log.list();
                log.replace(left);
                log.hash_from(seq.min(log.len().max(1)));
            }
        }
        Tampering::Cut | Tampering::CutAndCount => {
            for gone in seq..=last {
                log.entries.remove(&gone.to_bytes());
            }
            if what == Tampering::CutAndCount {
                log.count(seq - 1);
            }
        }
        Tampering::Swap | Tampering::SwapAndHashAll => {
            let (one, other) = two(rng, last);
            let (first, second) = (log.get(one), log.get(other));
            log.put(one, &second);
            log.put(other, &first);
            if what == Tampering::SwapAndHashAll {
                let swapped = log.list();
                log.replace(swapped);
                log.hash_from(one.min(other));
            }
        }
        Tampering::Copy => {
            let (from, to) = two(rng, last);
            let mut entry = log.get(from);
            // Perhaps with the number that belongs there.
            if rng.bool() {
                entry.seq = to;
            }
            log.put(to, &entry);
        }
        Tampering::InsertAndHashAll => {
            let mut entries = log.list();
            let mut forged = entries[rng.usize(0..entries.len())].clone();
            edit(rng, &mut forged, false);
            entries.insert(rng.usize(0..entries.len()), forged);
            log.replace(entries);
            log.hash_from(1);
        }
        Tampering::OddKey => {
            let mut key = seq.to_bytes();
            match rng.u8(0..3) {
                0 => key.push(rng.u8(..)),
                1 => drop(key.pop()),
                _ => key = (last + rng.u64(1..1_000)).to_bytes(),
            }
            let value = log.entries[&seq.to_bytes()].clone();
            log.entries.insert(key, value);
        }
        Tampering::Count => match rng.u8(0..4) {
            0 => log
                .meta
                .remove(&"log.audit.v1".to_owned().to_bytes())
                .map(drop)
                .unwrap(),
            1 => log.count(last + rng.u64(1..1_000)),
            2 => log.count(rng.u64(0..last)),
            _ => {
                let short = vec![0; rng.usize(0..8)];
                log.meta.insert("log.audit.v1".to_owned().to_bytes(), short);
            }
        },
        Tampering::Empty => {
            log.entries.clear();
            log.count(0);
        }
    }
    what
}

/// The log after the tampering of this seed, and which that was.
fn tampered(whole: &Log, seed: u64) -> (Log, Tampering) {
    let mut rng = Rng::with_seed(seed);
    loop {
        let mut log = whole.clone();
        let what = tamper(&mut rng, &mut log);
        // Writing what is there already is no tampering.
        if log != *whole {
            return (log, what);
        }
    }
}

#[test]
fn every_one_of_ten_thousand_tamperings_is_found() {
    let (world, checkpoints, signer) = filled();
    let whole = Log::of(&world.store);
    let key = signer.public_key();
    assert!((60..=200).contains(&whole.len()), "{}", whole.len());
    for entry in whole.list() {
        assert_eq!(hash(&entry), entry.hash, "the documented format");
    }
    let untouched = verify_with(&whole, &checkpoints, &key).unwrap();
    assert!(untouched.valid && untouched.agreed == 3, "{untouched:?}");

    let (mut found, mut missed) = (0, Vec::new());
    let mut by: BTreeMap<Tampering, (u64, u64)> = BTreeMap::new();
    for seed in 0..TRIALS {
        let (log, what) = tampered(&whole, seed);
        let proof = verify_with(&log, &checkpoints, &key).unwrap();
        if proof.valid || (proof.meaning.is_none() && proof.problems.is_empty()) {
            missed.push((seed, what));
        } else {
            found += 1;
            let (chain, checkpoint) = by.entry(what).or_default();
            *chain += u64::from(proof.first_bad.is_some());
            *checkpoint += u64::from(proof.first_bad.is_none());
        }
    }
    println!("found by the chain, by checkpoints alone: {by:?}");
    assert_eq!(found, TRIALS, "missed, by seed: {missed:?}");
    assert_eq!(by.len(), TAMPERINGS.len());
    // What the chain can't know is what checkpoints are for.
    for what in [
        Tampering::EditAndHashAll,
        Tampering::DeleteAndHashAll,
        Tampering::CutAndCount,
        Tampering::SwapAndHashAll,
        Tampering::InsertAndHashAll,
        Tampering::Empty,
    ] {
        assert!(by[&what].1 > 0, "{what:?}: {by:?}");
    }
}

/// Writes what differs between two logs to the store that holds the first.
fn write(store: &Store, from: &Log, to: &Log) {
    let (from, to) = (from.clone(), to.clone());
    let change = move |_: &store::Batch<'_>, _: Timestamp| {
        let mut writes = Writes::new();
        for key in from.entries.keys().chain(to.entries.keys()) {
            let seq = u64::from_bytes(key).expect("a number");
            match to.entries.get(key) {
                Some(value) => writes.put_bytes(&AUDIT, &seq, value.clone()),
                None => writes.delete(&AUDIT, &seq),
            }
        }
        let counted = "log.audit.v1".to_owned();
        match to.meta.get(&counted.to_bytes()) {
            Some(value) => writes.put_bytes(&META, &counted, value.clone()),
            None => writes.delete(&META, &counted),
        }
        Ok(((), writes))
    };
    store.write_blocking(change).unwrap();
}

#[test]
fn tamperings_are_found_in_the_file_itself() {
    let (world, checkpoints, signer) = filled();
    let whole = Log::of(&world.store);
    let key = signer.public_key();
    let proof = || -> Proof {
        audit::Examination::of(&checkpoints)
            .through(&world.store, &key)
            .unwrap()
    };
    let mut found = 0;
    for seed in 0..TRIALS {
        let (log, what) = tampered(&whole, seed);
        // Only whole numbers are keys that the store writes.
        if log.entries.keys().any(|key| key.len() != 8) {
            continue;
        }
        write(&world.store, &whole, &log);
        let after = proof();
        assert!(!after.valid, "seed {seed}: {what:?}");
        assert_eq!(after, verify_with(&log, &checkpoints, &key).unwrap());
        write(&world.store, &log, &whole);
        found += 1;
        if found == IN_FILE {
            break;
        }
    }
    assert_eq!(found, IN_FILE);
    assert!(proof().valid, "put back");
}

/// What the first bad entry is told to be.
#[track_caller]
fn tells(flaw: Flaw, first_bad: u64, says: &str, change: impl Fn(&mut Log)) {
    let (world, ..) = filled();
    let mut log = Log::of(&world.store);
    change(&mut log);
    let verdict = audit::verify(&log).unwrap();
    assert_eq!(verdict.first_bad, Some(first_bad), "{verdict:?}");
    assert_eq!(verdict.flaw, Some(flaw));
    let meaning = verdict.meaning().unwrap();
    assert!(meaning.contains(says), "{meaning}");
}

#[test]
fn a_flaw_is_told_by_its_name() {
    tells(Flaw::Altered, 7, "entry 7 was changed", |log| {
        let mut entry = log.get(7);
        entry.actor_role = Role::Viewer;
        log.put(7, &entry);
    });
    tells(Flaw::Unchained, 8, "entry 8 does not follow", |log| {
        let mut entry = log.get(7);
        entry.actor_role = Role::Viewer;
        entry.hash = hash(&entry);
        log.put(7, &entry);
    });
    tells(Flaw::Gone, 7, "entry 7 is gone", |log| {
        log.entries.remove(&7_u64.to_bytes());
    });
    tells(Flaw::Misplaced, 7, "another entry", |log| {
        let entry = log.get(9);
        log.put(7, &entry);
    });
    tells(Flaw::Unreadable, 7, "can't be read", |log| {
        log.entries.insert(7_u64.to_bytes(), vec![1, 0x80]);
    });
    let last = Log::of(&filled().0.store).len();
    tells(Flaw::CutOff(last), last - 1, "were cut off", |log| {
        log.entries.remove(&last.to_bytes());
        log.entries.remove(&(last - 1).to_bytes());
    });
    tells(
        Flaw::Uncounted,
        last + 1,
        "past the log's own count",
        |log| {
            let mut entry = log.get(last);
            entry.seq = last + 1;
            log.put(last + 1, &entry);
            log.hash_from(last + 1);
        },
    );
}

#[test]
fn an_entry_encodes_to_the_bytes_it_was_stored_as() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/audit.msgpack");
    let stored = std::fs::read(path).unwrap();
    let entry: Entry = codec::decode(&stored).unwrap();
    assert_eq!(codec::encode(&entry).unwrap(), stored);
}
