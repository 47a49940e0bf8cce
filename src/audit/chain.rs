//! The hash chain over the audit log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use super::Entry;
use super::index::newest;
use crate::error::Result;
use crate::store::tables::AUDIT;
use crate::store::{Order, Range, Reads, Store, codec, keys::Key};

/// How many entries are verified from one snapshot: an old snapshot keeps old pages in the file.
const STRETCH: u64 = 20_000;

/// The hash of an entry: SHA-256 over the hash before it and each field, each with its length in front (eight bytes,
/// big-endian), absent ones as a length of all ones.
pub(super) fn hash(entry: &Entry) -> [u8; 32] {
    let mut sha = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => {
            sha.update((bytes.len() as u64).to_be_bytes());
            sha.update(bytes);
        }
        None => sha.update(u64::MAX.to_be_bytes()),
    };
    let text = |text: &'_ Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    part(Some(&entry.prev_hash));
    part(Some(&entry.seq.to_be_bytes()));
    part(Some(entry.id.0.as_bytes()));
    part(Some(entry.action.name().as_bytes()));
    part(entry.drift_id.as_ref().map(|id| id.0.as_bytes().as_slice()));
    part(Some(entry.actor_id.0.as_bytes()));
    part(Some(entry.actor_email.as_bytes()));
    part(Some(entry.actor_role.to_string().as_bytes()));
    part(text(&entry.old_value).as_deref());
    part(text(&entry.new_value).as_deref());
    part(text(&entry.details).as_deref());
    part(text(&entry.ip_address).as_deref());
    part(text(&entry.user_agent).as_deref());
    part(Some(entry.correlation_id.as_bytes()));
    part(Some(&entry.created_at.unix_ms().to_be_bytes()));
    sha.finalize().into()
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is none of that number, though later ones are there.
    Gone,
    /// There is something at its place that is no entry.
    Unreadable,
    /// It says it is the entry of another number.
    Misplaced,
    /// It is not what its hash was made of.
    Altered,
    /// Its hash is its own, but does not cover the entry before as that is now.
    Unchained,
    /// It and those after it up to this number have been written, and are not there.
    CutOff(u64),
    /// It is there, and the log's own count does not know it.
    Uncounted,
}

/// What verifying the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the newest entry; zeros where there is none.
    pub head: [u8; 32],
    /// The number of the first entry that is not what was written.
    pub first_bad: Option<u64>,
    /// What is wrong with that one.
    pub flaw: Option<Flaw>,
}

impl Verdict {
    fn wrong(&mut self, seq: u64, flaw: Flaw) {
        if self.first_bad.is_none() {
            self.first_bad = Some(seq);
            self.flaw = Some(flaw);
        }
    }

    /// What the first bad entry means, a sentence without a full stop; none where all are what was written.
    pub fn meaning(&self) -> Option<String> {
        let seq = self.first_bad?;
        Some(match self.flaw? {
            Flaw::Gone => format!("entry {seq} is gone"),
            Flaw::Unreadable => format!("entry {seq} can't be read: its bytes were changed"),
            Flaw::Misplaced => {
                format!("entry {seq} is another entry, which was put in its place")
            }
            Flaw::Altered => format!("entry {seq} was changed after it was written"),
            Flaw::Unchained => format!(
                "entry {seq} does not follow on the entry before: one of them was exchanged or changed after it was \
                 written"
            ),
            Flaw::CutOff(last) if last == seq => {
                format!("entry {seq}, the newest, was cut off and is gone")
            }
            Flaw::CutOff(last) => {
                format!("entries {seq} to {last}, the newest, were cut off and are gone")
            }
            Flaw::Uncounted => format!(
                "entry {seq} is past the log's own count: it was added by something else, or the count was changed"
            ),
        })
    }
}

/// Walks the whole log and compares each entry with its hash, its number and the entry before.
///
/// # Errors
/// What reading says. A broken chain is no error: see [`Verdict::first_bad`].
pub fn verify(read: &impl Reads) -> Result<Verdict> {
    let mut walk = Walk::default();
    walk.on(read, u64::MAX)?;
    Ok(walk.verdict())
}

/// A walk through the log that can be taken in stretches, each over newer tables than the one before: entries are
/// only ever added.
#[derive(Debug)]
pub struct Walk {
    verdict: Verdict,
    /// The first key that was not visited yet.
    next: Vec<u8>,
    /// The hashes to remember, by number; none for those that were not met.
    noted: BTreeMap<u64, Option<[u8; 32]>>,
}

impl Default for Walk {
    fn default() -> Self {
        let verdict = Verdict {
            entries: 0,
            head: [0; 32],
            first_bad: None,
            flaw: None,
        };
        Self {
            verdict,
            next: Vec::new(),
            noted: BTreeMap::new(),
        }
    }
}

impl Walk {
    /// A walk that remembers the hashes of these entries.
    pub(super) fn noting(seqs: impl Iterator<Item = u64>) -> Self {
        Self {
            noted: seqs.map(|seq| (seq, None)).collect(),
            ..Self::default()
        }
    }

    /// The hash that the entry of this number has, where it was to be remembered and was met.
    pub(super) fn noted(&self, seq: u64) -> Option<[u8; 32]> {
        self.noted.get(&seq).copied().flatten()
    }

    /// Walks through all of a store's log without holding it up.
    ///
    /// # Errors
    /// What reading says.
    pub fn through(&mut self, store: &Store) -> Result<()> {
        while store.read(|read| self.on(read, STRETCH))? {}
        Ok(())
    }

    /// Walks on over so many entries; says whether some may be left.
    ///
    /// # Errors
    /// What reading says.
    pub fn on(&mut self, read: &impl Reads, limit: u64) -> Result<bool> {
        let range = Range {
            start: std::mem::take(&mut self.next),
            end: None,
        };
        self.next.clone_from(&range.start);
        let mut left = limit;
        read.visit(AUDIT.table, &range, Order::Ascending, &mut |key, value| {
            self.visit(key, value);
            left -= 1;
            Ok(if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        if left > 0 {
            self.end(read)?;
        }
        Ok(left == 0)
    }

    /// What it found so far.
    pub fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    fn visit(&mut self, key: &[u8], value: &[u8]) {
        let expected = self.verdict.entries + 1;
        self.verdict.entries = expected;
        if let Some(flaw) = self.look_at(expected, key, value) {
            self.verdict.wrong(expected, flaw);
        }
        self.next.clear();
        self.next.extend_from_slice(key);
        self.next.push(0);
    }

    /// What is wrong with the row at the place of an entry. Its hash is what the next one is compared with, right or not:
    /// only the first flaw is told.
    fn look_at(&mut self, expected: u64, key: &[u8], value: &[u8]) -> Option<Flaw> {
        let seq = u64::from_bytes(key);
        let Ok(entry) = codec::decode::<Entry>(value) else {
            return Some(Flaw::Unreadable);
        };
        let before = std::mem::replace(&mut self.verdict.head, entry.hash);
        if let Some(noted) = seq.and_then(|seq| self.noted.get_mut(&seq)) {
            *noted = Some(entry.hash);
        }
        match seq {
            None => return Some(Flaw::Unreadable),
            Some(seq) if seq > expected => return Some(Flaw::Gone),
            Some(seq) if seq < expected => return Some(Flaw::Uncounted),
            Some(_) => {}
        }
        // The hash covers what the bytes say. That they say it in other bytes than were written is a change too.
        let rewritten = || codec::encode(&entry).is_ok_and(|bytes| bytes != value);
        if entry.seq != expected {
            Some(Flaw::Misplaced)
        } else if entry.hash != hash(&entry) || rewritten() {
            Some(Flaw::Altered)
        } else if entry.prev_hash != before {
            Some(Flaw::Unchained)
        } else {
            None
        }
    }

    /// The log's own count is kept beside it: entries cut off the end are missed there.
    fn end(&mut self, read: &impl Reads) -> Result<()> {
        let counted = newest(read)?;
        let entries = self.verdict.entries;
        if entries < counted {
            self.verdict.wrong(entries + 1, Flaw::CutOff(counted));
        } else if entries > counted {
            self.verdict.wrong(counted + 1, Flaw::Uncounted);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::audit::{Action, Draft, record};
    use crate::store::{Options, Writes};

    fn filled(entries: u32) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        })
        .unwrap();
        for i in 0..entries {
            store
                .write_blocking(move |_, now| {
                    let mut writes = Writes::new();
                    let draft = Draft {
                        new_value: Some(serde_json::json!({"n": i})),
                        ..Draft::default()
                    };
                    record(
                        &mut writes,
                        &Actor::system("test"),
                        Action::DriftCommented,
                        draft,
                        now,
                    );
                    Ok(((), writes))
                })
                .unwrap();
        }
        (dir, store)
    }

    fn tamper(store: &Store, change: impl Fn(&mut Writes, &dyn Fn(u64) -> Entry) + Send + 'static) {
        store
            .write_blocking(move |read, _| {
                let entry = |seq: u64| read.get(&AUDIT, &seq).unwrap().unwrap();
                let mut writes = Writes::new();
                change(&mut writes, &entry);
                Ok(((), writes))
            })
            .unwrap();
    }

    #[test]
    fn a_whole_chain_is_sound() {
        let (_dir, store) = filled(20);
        let verdict = store.read(verify).unwrap();
        assert_eq!((verdict.entries, verdict.first_bad), (20, None));
    }

    #[test]
    fn a_walk_in_stretches_finds_what_one_walk_finds() {
        let (_dir, store) = filled(20);
        let stretched = |limit: u64| {
            let mut walk = Walk::default();
            while store.read(|read| walk.on(read, limit)).unwrap() {}
            walk.verdict()
        };
        for bad in [None, Some(13)] {
            let whole = store.read(verify).unwrap();
            assert_eq!((whole.entries, whole.first_bad), (20, bad));
            for limit in [1, 3, 10, 20, 21] {
                assert_eq!(stretched(limit), whole, "{limit}");
            }
            tamper(&store, |writes, entry| {
                let mut entry = entry(13);
                entry.actor_email = "somebody@else".to_owned();
                writes.put(&AUDIT, &13, &entry).unwrap();
            });
        }
    }

    #[test]
    fn an_edit_is_found_even_with_its_own_hash_made_anew() {
        let (_dir, store) = filled(20);
        tamper(&store, |writes, entry| {
            let mut seventh = entry(7);
            seventh.actor_email = "somebody@else".to_owned();
            seventh.hash = hash(&seventh);
            writes.put(&AUDIT, &7, &seventh).unwrap();
        });
        assert_eq!(store.read(verify).unwrap().first_bad, Some(8));
    }

    #[test]
    fn a_removal_a_swap_and_a_cut_end_are_found() {
        let (_dir, store) = filled(20);
        tamper(&store, |writes, _| writes.delete(&AUDIT, &5));
        assert_eq!(store.read(verify).unwrap().first_bad, Some(5));

        let (_dir, store) = filled(20);
        tamper(&store, |writes, entry| {
            writes.put(&AUDIT, &3, &entry(4)).unwrap();
            writes.put(&AUDIT, &4, &entry(3)).unwrap();
        });
        assert_eq!(store.read(verify).unwrap().first_bad, Some(3));

        let (_dir, store) = filled(20);
        tamper(&store, |writes, _| writes.delete(&AUDIT, &20));
        assert_eq!(store.read(verify).unwrap().first_bad, Some(20));
    }

    #[test]
    fn an_entry_that_says_the_same_in_other_bytes_is_found() {
        let (_dir, store) = filled(3);
        store
            .write_blocking(|read, _| {
                let mut value = read.get_bytes(AUDIT.table, &2_u64.to_bytes())?.unwrap();
                let at = memchr::memmem::find(&value, b"details").unwrap();
                value[at + 6] = b'z';
                let same = |bytes| codec::decode::<Entry>(bytes).unwrap();
                assert_eq!(same(&value), read.get(&AUDIT, &2)?.unwrap());
                let mut writes = Writes::new();
                writes.put_bytes(&AUDIT, &2, value);
                Ok(((), writes))
            })
            .unwrap();
        let verdict = store.read(verify).unwrap();
        assert_eq!(verdict.flaw, Some(Flaw::Altered));
    }
}
