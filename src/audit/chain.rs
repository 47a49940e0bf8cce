//! The hash chain over the audit log.

use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use super::Entry;
use super::index::newest;
use crate::error::Result;
use crate::store::tables::AUDIT;
use crate::store::{Order, Range, Reads, codec, keys::Key};

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

/// What verifying the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the newest entry; zeros where there is none.
    pub head: [u8; 32],
    /// The number of the first entry that is not what was written.
    pub first_bad: Option<u64>,
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
}

impl Default for Walk {
    fn default() -> Self {
        let verdict = Verdict {
            entries: 0,
            head: [0; 32],
            first_bad: None,
        };
        Self {
            verdict,
            next: Vec::new(),
        }
    }
}

impl Walk {
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
    pub fn verdict(self) -> Verdict {
        self.verdict
    }

    fn visit(&mut self, key: &[u8], value: &[u8]) {
        let verdict = &mut self.verdict;
        let expected = verdict.entries + 1;
        verdict.entries = expected;
        let sound = u64::from_bytes(key) == Some(expected)
            && codec::decode::<Entry>(value).is_ok_and(|entry| {
                let sound = entry.seq == expected
                    && entry.prev_hash == verdict.head
                    && entry.hash == hash(&entry);
                verdict.head = entry.hash;
                sound
            });
        if !sound && verdict.first_bad.is_none() {
            verdict.first_bad = Some(expected);
        }
        self.next.clear();
        self.next.extend_from_slice(key);
        self.next.push(0);
    }

    /// The log's own count is kept beside it: entries cut off the end are missed there.
    fn end(&mut self, read: &impl Reads) -> Result<()> {
        let verdict = &mut self.verdict;
        let counted = newest(read)?;
        if counted != verdict.entries && verdict.first_bad.is_none() {
            verdict.first_bad = Some(verdict.entries.min(counted) + 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::audit::{Action, Draft, record};
    use crate::store::{Options, Store, Writes};

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
}
