//! The chain and the checkpoints together: what nobody can have rewritten, and what was.

use serde::{Deserialize, Serialize};

use super::chain::Walk;
use super::{Checkpoint, PublicKey};
use crate::error::Result;
use crate::hex;
use crate::store::{self, Reads, Store};
use crate::time::Timestamp;

/// How many checkpoints that disagree are told in full.
const TOLD: usize = 10;

/// What verifying the log against checkpoints found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Whether the chain is whole and every checkpoint agrees with it.
    pub valid: bool,
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the newest one, in hexadecimal.
    pub head: String,
    /// The number of the first entry that is not what was written.
    pub first_bad: Option<u64>,
    /// What that means, a sentence without a full stop.
    pub meaning: Option<String>,
    /// How many different checkpoints were given.
    pub checkpoints: u64,
    /// How many of them agree.
    pub agreed: u64,
    /// The newest of those that agree.
    pub newest_agreed: Option<Agreed>,
    /// What the first of the others say, each a sentence without a full stop.
    pub problems: Vec<String>,
}

/// A checkpoint that agrees with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreed {
    /// Its entry: all up to this one are what they were.
    pub seq: u64,
    /// When it was signed.
    pub at: Timestamp,
}

/// Verifies the chain, and that it is the one the checkpoints were made of.
///
/// # Errors
/// What reading says. What is found wrong is no error: see [`Proof::valid`].
pub fn verify_with(
    read: &impl Reads,
    checkpoints: &[Checkpoint],
    key: &PublicKey,
) -> Result<Proof> {
    let mut examination = Examination::of(checkpoints);
    examination.walk.on(read, u64::MAX)?;
    Ok(examination.proof(store::instance(read)?, key))
}

/// [`verify_with`] in stretches, so that a server with a long log goes on working.
#[derive(Debug)]
pub struct Examination {
    walk: Walk,
    checkpoints: Vec<Checkpoint>,
}

impl Examination {
    /// An examination that is still to come.
    pub fn of(checkpoints: &[Checkpoint]) -> Self {
        let mut checkpoints = checkpoints.to_vec();
        checkpoints.sort_by_key(|checkpoint| (checkpoint.seq, checkpoint.at));
        // A line is often kept twice: by the program, and by whoever collects logs.
        checkpoints.dedup();
        Self {
            walk: Walk::noting(checkpoints.iter().map(|checkpoint| checkpoint.seq)),
            checkpoints,
        }
    }

    /// Examines a store's log.
    ///
    /// # Errors
    /// As [`verify_with`].
    pub fn through(mut self, store: &Store, key: &PublicKey) -> Result<Proof> {
        self.walk.through(store)?;
        Ok(self.proof(store.read(store::instance)?, key))
    }

    fn proof(&self, instance: [u8; 16], key: &PublicKey) -> Proof {
        let verdict = self.walk.verdict();
        let mut proof = Proof {
            valid: true,
            entries: verdict.entries,
            head: hex::encode(&verdict.head),
            first_bad: verdict.first_bad,
            meaning: verdict.meaning(),
            checkpoints: self.checkpoints.len() as u64,
            agreed: 0,
            newest_agreed: None,
            problems: Vec::new(),
        };
        for checkpoint in &self.checkpoints {
            match self.contradiction(checkpoint, instance, key, verdict.entries) {
                None => {
                    proof.agreed += 1;
                    proof.newest_agreed = Some(Agreed {
                        seq: checkpoint.seq,
                        at: checkpoint.at,
                    });
                }
                Some(problem) if proof.problems.len() < TOLD => proof.problems.push(problem),
                Some(_) => {}
            }
        }
        proof.valid = proof.first_bad.is_none() && proof.agreed == proof.checkpoints;
        proof
    }

    /// What a checkpoint says against the log, where it does.
    fn contradiction(
        &self,
        checkpoint: &Checkpoint,
        instance: [u8; 16],
        key: &PublicKey,
        entries: u64,
    ) -> Option<String> {
        let Checkpoint { seq, at, .. } = checkpoint;
        if !checkpoint.is_signed_by(key) {
            return Some(format!(
                "the checkpoint of entry {seq} of {at} does not hold: its line was changed, or it was signed with another \
                 key than {key}"
            ));
        }
        if checkpoint.instance != instance {
            return Some(format!(
                "the checkpoint of entry {seq} of {at} is of another store (instance {}; this one is {}): the log is \
                 another server's, or the store was exchanged",
                hex::encode(&checkpoint.instance),
                hex::encode(&instance)
            ));
        }
        let stored = match seq {
            0 => Some([0; 32]),
            _ => self.walk.noted(*seq),
        };
        match stored {
            Some(hash) if hash == checkpoint.head => None,
            Some(_) => Some(format!(
                "the log was rewritten: entry {seq} is not the one that a checkpoint of {at} was signed for"
            )),
            None if *seq > entries => Some(format!(
                "the log was cut: a checkpoint of entry {seq} signed on {at} exists, the log ends at {entries}"
            )),
            None => Some(format!(
                "entry {seq} is gone or can't be read: a checkpoint of it was signed on {at}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::audit::{Action, Draft, Entry, Signer, record};
    use crate::store::tables::{AUDIT, META};
    use crate::store::{Options, Writes, keys::Key};

    struct Log {
        _dir: tempfile::TempDir,
        store: Store,
        signer: Signer,
    }

    impl Log {
        fn of(entries: u64) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(Options {
                min_free_bytes: Some(0),
                ..Options::new(dir.path())
            })
            .unwrap();
            let change = move |_: &store::Batch<'_>, now| {
                let mut writes = Writes::new();
                for _ in 0..entries {
                    let by = Actor::system("test");
                    record(&mut writes, &by, Action::UserLogin, Draft::default(), now);
                }
                Ok(((), writes))
            };
            store.write_blocking(change).unwrap();
            Self {
                _dir: dir,
                store,
                signer: Signer::of([7; 32]).unwrap(),
            }
        }

        fn at(&self, seq: u64) -> Checkpoint {
            let entry: Entry = self
                .store
                .read(|read| read.get(&AUDIT, &seq))
                .unwrap()
                .unwrap();
            let instance = self.store.read(store::instance).unwrap();
            self.signer
                .sign(instance, seq, entry.hash, entry.created_at)
        }

        fn cut_to(&self, last: u64, of: u64) {
            let change = move |_: &store::Batch<'_>, _| {
                let mut writes = Writes::new();
                for seq in last + 1..=of {
                    writes.delete(&AUDIT, &seq);
                }
                writes.put_bytes(&META, &"log.audit.v1".to_owned(), last.to_bytes());
                Ok(((), writes))
            };
            self.store.write_blocking(change).unwrap();
        }

        fn proof(&self, checkpoints: &[Checkpoint]) -> Proof {
            let key = self.signer.public_key();
            let whole = self
                .store
                .read(|read| verify_with(read, checkpoints, &key))
                .unwrap();
            let stretched = Examination::of(checkpoints).through(&self.store, &key);
            assert_eq!(stretched.unwrap(), whole);
            whole
        }
    }

    #[test]
    fn checkpoints_of_the_log_agree() {
        let log = Log::of(12);
        let now = log.at(12).at;
        let stop = log.store.read(|read| log.signer.checkpoint(read, now));
        let proof = log.proof(&[stop.unwrap(), log.at(3), log.at(12), log.at(3)]);
        assert!(proof.valid, "{proof:?}");
        assert_eq!((proof.checkpoints, proof.agreed), (2, 2));
        assert_eq!(proof.newest_agreed.unwrap().seq, 12);
    }

    #[test]
    fn an_empty_log_has_its_checkpoint() {
        let log = Log::of(0);
        let read = log.store.snapshot().unwrap();
        let checkpoint = log.signer.checkpoint(&*read, Timestamp::default()).unwrap();
        assert!(log.proof(&[checkpoint]).valid);
    }

    #[test]
    fn a_cut_that_was_mended_is_told_by_a_checkpoint() {
        let log = Log::of(12);
        let (third, last) = (log.at(3), log.at(12));
        log.cut_to(7, 12);
        assert!(log.proof(&[]).valid);
        let proof = log.proof(&[third, last]);
        assert!(!proof.valid);
        assert_eq!((proof.agreed, proof.first_bad), (1, None));
        let said = &proof.problems[0];
        assert!(
            said.starts_with("the log was cut: a checkpoint of entry 12 signed on 20")
                && said.ends_with("exists, the log ends at 7"),
            "{said}"
        );
    }

    #[test]
    fn a_checkpoint_of_elsewhere_or_by_another_key_disagrees() {
        let (log, other) = (Log::of(3), Log::of(3));
        let proof = log.proof(&[other.at(3)]);
        assert!(proof.problems[0].contains("another store"), "{proof:?}");
        let forged = Signer::of([8; 32]).unwrap();
        let last = log.at(3);
        let forged = forged.sign(last.instance, 3, last.head, last.at);
        let proof = log.proof(&[forged]);
        assert!(proof.problems[0].contains("does not hold"), "{proof:?}");
        let elsewhere = log.signer.sign(last.instance, 2, last.head, last.at);
        let proof = log.proof(&[elsewhere]);
        assert!(proof.problems[0].contains("rewritten"), "{proof:?}");
        assert!(!proof.valid);
    }

    #[test]
    fn many_that_disagree_are_counted_and_few_told() {
        let log = Log::of(1);
        let last = log.at(1);
        let later = |seq| log.signer.sign(last.instance, seq, last.head, last.at);
        let checkpoints: Vec<Checkpoint> = (2..50).map(later).collect();
        let proof = log.proof(&checkpoints);
        assert_eq!((proof.checkpoints, proof.agreed), (48, 0));
        assert_eq!(proof.problems.len(), TOLD);
    }
}
