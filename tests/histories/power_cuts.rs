//! The power goes while the store writes: what was acknowledged is there, and what is there is whole.
//!
//! A simulated disk keeps what was synced. Of what was not, any sectors are kept and any are lost, in any of the versions
//! that were written, and the file's length may be the old one. Every such image has to open, to be sound, and to hold
//! in each table what some commit left: the last one before the cut, or the one that was under way.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use driftsentry::check;
use driftsentry::drifts::decide;
use driftsentry::error::Result;
use driftsentry::store::tables::{ALL, META};
use driftsentry::store::{
    Disk, FILE_NAME, Options, Order, Range, Reads, Row, Snapshot, Store, Table, View,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use sha2::{Digest, Sha256};

use crate::world::{World, deeds, somebody};

/// How many images are looked at, where `TEST_POWER_CUTS` doesn't ask for more.
const IMAGES: usize = 300;
/// At most so many of one history.
const OF_ONE: usize = 100;
/// One of so many calls of the disk is cut, and so many images are made of that moment.
const CUT: u64 = 24;
const OF_A_MOMENT: usize = 3;
const SECTOR: usize = 512;

/// What the disk held after a cut, and how many commits readers had seen by then.
struct Image {
    bytes: Vec<u8>,
    commits: usize,
}

#[derive(Debug, Default)]
struct Platter {
    /// What stays.
    synced: Vec<u8>,
    /// What a reader sees.
    written: Vec<u8>,
    /// By sector, every version that was written since the last sync.
    unsynced: BTreeMap<usize, Vec<[u8; SECTOR]>>,
}

impl Platter {
    fn remember(&mut self, from: usize, to: usize) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let mut version = [0; SECTOR];
            let start = (sector * SECTOR).min(self.written.len());
            let end = (start + SECTOR).min(self.written.len());
            version[..end - start].copy_from_slice(&self.written[start..end]);
            self.unsynced.entry(sector).or_default().push(version);
        }
    }

    /// What may be left when the power goes now.
    fn cut(&self, chance: &mut fastrand::Rng) -> Vec<u8> {
        let size = if chance.bool() {
            self.synced.len()
        } else {
            self.written.len()
        };
        let mut left = self.synced.clone();
        left.resize(size, 0);
        let kept = [0.0, 0.1, 0.5, 0.9, 1.0][chance.usize(..5)];
        for (sector, versions) in &self.unsynced {
            let start = sector * SECTOR;
            if start < size && chance.f64() < kept {
                let end = (start + SECTOR).min(size);
                // Mostly the newest: a disk's cache holds one version.
                let version = match chance.u8(..4) {
                    0 => chance.usize(..versions.len()),
                    _ => versions.len() - 1,
                };
                left[start..end].copy_from_slice(&versions[version][..end - start]);
            }
        }
        left
    }
}

/// The simulated disk and what it is cut by.
struct Machine {
    platter: Platter,
    chance: fastrand::Rng,
    /// Cuts happen from when the store was made.
    is_armed: bool,
    images: Vec<Image>,
    model: Arc<Model>,
}

#[derive(Clone)]
struct Simulated(Arc<Mutex<Machine>>);

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Simulated")
    }
}

impl Simulated {
    fn new(bytes: Vec<u8>, seed: u64, model: &Arc<Model>) -> Self {
        Self(Arc::new(Mutex::new(Machine {
            platter: Platter {
                synced: bytes.clone(),
                written: bytes,
                ..Platter::default()
            },
            chance: fastrand::Rng::with_seed(seed),
            is_armed: false,
            images: Vec::new(),
            model: Arc::clone(model),
        })))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Platter) -> T) -> io::Result<T> {
        let mut machine = self.lock();
        let Machine {
            platter,
            chance,
            is_armed,
            images,
            model,
        } = &mut *machine;
        let result = work(platter);
        if *is_armed && chance.u64(..CUT) == 0 {
            let commits = model.commits();
            for _ in 0..OF_A_MOMENT {
                let bytes = platter.cut(chance);
                images.push(Image { bytes, commits });
            }
        }
        Ok(result)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Machine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn images(&self) -> Vec<Image> {
        std::mem::take(&mut self.lock().images)
    }
}

impl Disk for Simulated {
    fn size(&self) -> io::Result<u64> {
        Ok(self.lock().platter.written.len() as u64)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.with(|platter| {
            let before = platter.written.len();
            platter.written.resize(size as usize, 0);
            // What is cut off and comes back is 0, whatever was there.
            platter.remember(before.min(size as usize), before.max(size as usize));
        })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let machine = self.lock();
        let from = offset as usize;
        let bytes = machine.platter.written.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|platter| {
            let (from, to) = (offset as usize, offset as usize + bytes.len());
            if platter.written.len() < to {
                platter.written.resize(to, 0);
            }
            platter.written[from..to].copy_from_slice(bytes);
            platter.remember(from, to);
        })
    }

    fn sync(&self) -> io::Result<()> {
        // The power may go before it is done, and right after.
        self.with(|_| ())?;
        self.with(|platter| {
            let Platter {
                synced,
                written,
                unsynced,
            } = platter;
            synced.resize(written.len(), 0);
            for sector in std::mem::take(unsynced).into_keys() {
                let start = (sector * SECTOR).min(written.len());
                let end = (start + SECTOR).min(written.len());
                synced[start..end].copy_from_slice(&written[start..end]);
            }
        })
    }
}

/// Every row as a hash, and what all of them were after each commit.
#[derive(Debug, Default)]
struct Model(Mutex<States>);

#[derive(Debug, Default)]
struct States {
    rows: HashMap<(&'static str, Vec<u8>), u128>,
    now: u128,
    after: Vec<u128>,
}

impl States {
    fn set(&mut self, table: Table, key: &[u8], value: Option<&[u8]>) {
        // Of what the store notes for itself, only the ends of its logs follow from commits.
        if table == META.table && !key.windows(4).any(|part| part == b"log.") {
            return;
        }
        let place = (table.name, key.to_vec());
        let hash = value.map(|value| {
            let mut hash = Sha256::new();
            for part in [table.name.as_bytes(), key, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            let hash = hash.finalize();
            u128::from_be_bytes(std::array::from_fn(|at| hash[at]))
        });
        let before = match hash {
            Some(hash) => self.rows.insert(place, hash),
            None => self.rows.remove(&place),
        };
        self.now ^= before.unwrap_or_default() ^ hash.unwrap_or_default();
    }
}

impl Model {
    fn lock(&self) -> std::sync::MutexGuard<'_, States> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many commits readers have seen.
    fn commits(&self) -> usize {
        self.lock().after.len()
    }
}

impl View for Model {
    fn tables(&self) -> &[Table] {
        ALL
    }

    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut states = States::default();
        for table in ALL {
            read.visit(
                *table,
                &Range::all(),
                Order::Ascending,
                &mut |key, value| {
                    states.set(*table, key, Some(value));
                    Ok(std::ops::ControlFlow::Continue(()))
                },
            )?;
        }
        states.after = vec![states.now];
        *self.lock() = states;
        Ok(())
    }

    fn apply(&self, rows: &[&Row]) -> Result<()> {
        let mut states = self.lock();
        for row in rows {
            states.set(row.table, &row.key, row.value.as_deref());
        }
        let now = states.now;
        states.after.push(now);
        Ok(())
    }
}

/// Opens what a cut left, as the next start of the program does, and demands that it is one of these states.
fn is_whole(image: &Image, allowed: &[u128], what: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE_NAME);
    std::fs::write(&file, &image.bytes).unwrap();
    let report = check::file(&file).unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
    assert!(report.sound, "{what}:\n{report}");
    let model = Arc::new(Model::default());
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        views: vec![model.clone() as Arc<dyn View>],
        ..Options::new(dir.path())
    });
    let store = store.unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = model.lock().now;
    assert!(
        allowed.contains(&found),
        "{what}: the store holds neither what was acknowledged last nor what was under way"
    );
    store.close();
}

/// The same, on a disk that loses its power again while the store is opened and closed. Returns how many such images
/// were looked at.
fn opens_though_cut(image: &Image, allowed: &[u128], seed: u64) -> usize {
    let model = Arc::new(Model::default());
    let disk = Simulated::new(image.bytes.clone(), seed, &model);
    disk.lock().is_armed = true;
    let dir = tempfile::tempdir().unwrap();
    let again = disk.clone();
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        disk: Some(Box::new(move || Box::new(again.clone()))),
        views: vec![model as Arc<dyn View>],
        ..Options::new(dir.path())
    });
    store.unwrap().close();
    let images = disk.images();
    for image in &images {
        is_whole(image, allowed, &format!("a cut while opening, seed {seed}"));
    }
    images.len()
}

/// Many change something at once, so that batches hold more than one change.
fn crowd(world: &World) {
    let now = world.now;
    let drifts = world.drifts();
    std::thread::scope(|scope| {
        for drift in drifts
            .iter()
            .cycle()
            .take(if drifts.is_empty() { 0 } else { 8 })
        {
            scope.spawn(|| {
                let id = drift.id;
                world.store.write_blocking(move |read, _| {
                    decide::comment(read, id, "Looked at it.", &somebody(), now)
                })
            });
        }
    });
}

#[test]
fn what_was_acknowledged_outlives_a_power_cut() {
    let wanted = std::env::var("TEST_POWER_CUTS");
    let wanted = wanted.map_or(IMAGES, |text| text.parse().expect("a number"));
    let mut histories = TestRunner::deterministic();
    let (mut seen, mut seed) = (0, 0);
    while seen < wanted {
        seed += 1;
        let deeds = deeds().new_tree(&mut histories).unwrap().current();
        let model = Arc::new(Model::default());
        let disk = Simulated::new(Vec::new(), seed, &model);
        let (again, view) = (disk.clone(), model.clone() as Arc<dyn View>);
        let mut world = World::with(|options| Options {
            disk: Some(Box::new(move || Box::new(again.clone()))),
            views: vec![view],
            ..options
        });
        disk.lock().is_armed = true;
        let mut of_this = 0;
        for (number, deed) in deeds.iter().enumerate() {
            world.act(deed);
            if number % 4 == 3 {
                crowd(&world);
            }
            for image in disk.images() {
                if of_this >= OF_ONE || seen >= wanted {
                    break;
                }
                let after = model.lock().after.clone();
                let under_way = after.len().min(image.commits + 1);
                let allowed = &after[image.commits - 1..under_way];
                let what = format!(
                    "history {seed}, deed {number}, commit {}: {deed:?}",
                    image.commits
                );
                is_whole(&image, allowed, &what);
                seen += 1;
                of_this += 1;
                if of_this % 10 == 0 {
                    seen += opens_though_cut(&image, allowed, seed ^ of_this as u64);
                }
            }
        }
        world.store.close();
    }
}
