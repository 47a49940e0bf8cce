use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::tables::{AUDIT, DRIFTS, WORKSPACES_BY_NAME};
use super::*;
use crate::ids::DriftId;

pub(super) fn named(name: &str, delta: i64) -> Writes {
    let mut writes = Writes::new();
    writes
        .put(&WORKSPACES_BY_NAME, &name.to_owned(), &delta)
        .unwrap();
    writes.count(Counter::new("test"), delta);
    writes
}

pub(super) fn stored(store: &Store, name: &str) -> Option<i64> {
    store
        .read(|read| read.get(&WORKSPACES_BY_NAME, &name.to_owned()))
        .unwrap()
}

pub(super) fn open(dir: &Path) -> Store {
    Store::open(Options {
        min_free_bytes: Some(0),
        ..Options::new(dir)
    })
    .unwrap()
}

/// A store, and how many changes each of its commits has.
pub(super) fn open_counting(dir: &Path) -> (Store, Arc<Mutex<Vec<usize>>>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&batches);
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        on_commit: Box::new(move |commit| seen.lock().unwrap().push(commit.changes)),
        ..Options::new(dir)
    })
    .unwrap();
    (store, batches)
}

#[test]
fn a_change_is_seen_after_it_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store
        .write_blocking(|_, _| Ok(((), named("a", 3))))
        .unwrap();
    assert_eq!(stored(&store, "a"), Some(3));
    store.close();
    assert!(matches!(
        store.write_blocking(|_, _| Ok(((), named("b", 1)))),
        Err(Error::Unavailable(_))
    ));
    let store = open(dir.path());
    assert_eq!(stored(&store, "a"), Some(3));
    assert_eq!(
        store
            .read(|read| read.counter(&Counter::new("test")))
            .unwrap(),
        3
    );
}

#[test]
fn a_refused_or_panicking_change_writes_nothing_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for i in 0..60 {
            let store = &store;
            scope.spawn(move || {
                let result = store.write_blocking(move |_, _| {
                    let writes = named(&format!("n{i}"), 1);
                    match i % 3 {
                        0 => Ok(((), writes)),
                        1 => Err(Error::conflict("no")),
                        _ => panic!("a broken change"),
                    }
                });
                match i % 3 {
                    0 => assert!(result.is_ok()),
                    1 => assert!(matches!(result, Err(Error::Conflict { .. }))),
                    _ => assert!(matches!(result, Err(Error::Internal(_)))),
                }
            });
        }
    });
    assert_eq!(
        store
            .read(|read| read.counter(&Counter::new("test")))
            .unwrap(),
        20
    );
    for i in 0..60 {
        assert_eq!(stored(&store, &format!("n{i}")).is_some(), i % 3 == 0);
    }
}

#[test]
fn a_change_reads_what_the_ones_before_it_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                store.write_blocking(|read, _| {
                    let before: i64 = read
                        .get(&WORKSPACES_BY_NAME, &"sum".to_owned())?
                        .unwrap_or(0);
                    let mut writes = Writes::new();
                    writes.put(&WORKSPACES_BY_NAME, &"sum".to_owned(), &(before + 1))?;
                    Ok(((), writes))
                })
            });
        }
    });
    assert_eq!(stored(&store, "sum"), Some(40));
}

/// How many changes the commits had, in order of size, where each of so many callers comes back with its next change a
/// little later than the caller before it.
fn batches_of(callers: u32, apart: Duration) -> Vec<usize> {
    let dir = tempfile::tempdir().unwrap();
    let (store, batches) = open_counting(dir.path());
    let together = Barrier::new(callers as usize);
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let (store, together) = (&store, &together);
            scope.spawn(move || {
                together.wait();
                for _ in 0..20 {
                    std::thread::sleep(apart * caller);
                    store
                        .write_blocking(|_, _| Ok(((), named("a", 1))))
                        .unwrap();
                }
            });
        }
    });
    store.close();
    let mut batches = std::mem::take(&mut *batches.lock().unwrap());
    batches.sort_unstable();
    batches
}

#[test]
fn a_crowd_that_comes_back_shares_its_commits() {
    let batches = batches_of(32, Duration::from_micros(150));
    assert!(batches[batches.len() / 2] >= 16, "{batches:?}");
}

#[test]
fn a_few_callers_do_not_wait_for_each_other() {
    let batches = batches_of(3, Duration::from_millis(6));
    assert_eq!(batches[batches.len() / 2], 1, "{batches:?}");
}

#[test]
fn a_log_counts_without_gaps_and_shows_each_entry_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..2_u64 {
        let store = open(dir.path());
        for i in 1..=3 {
            let expected = round * 3 + i;
            store
                .write_blocking(move |_, _| {
                    let mut writes = Writes::new();
                    writes.append(
                        &AUDIT,
                        Box::new(move |number, previous| {
                            assert_eq!(number, expected);
                            assert_eq!(previous.is_some(), number > 1);
                            if let Some(previous) = previous {
                                assert_eq!(codec::decode::<u64>(previous).unwrap(), number - 1);
                            }
                            Ok(Appended {
                                value: codec::encode(&number).unwrap(),
                                rows: Vec::new(),
                            })
                        }),
                    );
                    Ok(((), writes))
                })
                .unwrap();
        }
        store.close();
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<Vec<u8>>>);

impl View for Seen {
    fn tables(&self) -> &[Table] {
        const { &[WORKSPACES_BY_NAME.table] }
    }
    fn load(&self, read: &Snapshot) -> Result<()> {
        let mut keys = Vec::new();
        read.visit(
            WORKSPACES_BY_NAME.table,
            &Range::all(),
            super::Order::Ascending,
            &mut |key, _| {
                keys.push(key.to_vec());
                Ok(std::ops::ControlFlow::Continue(()))
            },
        )?;
        *self.0.lock().unwrap() = keys;
        Ok(())
    }
    fn apply(&self, rows: &[&Row]) -> Result<()> {
        self.0
            .lock()
            .unwrap()
            .extend(rows.iter().map(|row| row.key.clone()));
        Ok(())
    }
}

#[test]
fn views_and_tables_are_always_of_one_state() {
    let dir = tempfile::tempdir().unwrap();
    let view = Arc::new(Seen::default());
    let options = Options {
        min_free_bytes: Some(0),
        views: vec![view.clone() as Arc<dyn View>],
        ..Options::new(dir.path())
    };
    let store = Store::open(options).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let (snapshot, seen) = store.with_views(|_| view.0.lock().unwrap().len()).unwrap();
                let rows: Vec<(String, i64)> = snapshot
                    .rows(
                        &WORKSPACES_BY_NAME,
                        &Range::all(),
                        super::Order::Ascending,
                        usize::MAX,
                    )
                    .unwrap();
                assert_eq!(rows.len(), seen);
            }
        });
        for i in 0..100 {
            store
                .write_blocking(move |_, _| Ok(((), named(&format!("{i}"), 1))))
                .unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// A file that fails when told to, as a dying disk does.
#[derive(Debug)]
struct Faulty {
    file: FileBackend,
    failing: Arc<AtomicBool>,
}

impl Faulty {
    fn check(&self) -> std::io::Result<()> {
        if self.failing.load(Ordering::SeqCst) {
            Err(std::io::Error::other("the disk is dying"))
        } else {
            Ok(())
        }
    }
}

impl Disk for Faulty {
    fn size(&self) -> std::io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file.read(offset, out)
    }
    fn set_size(&self, size: u64) -> std::io::Result<()> {
        self.check()?;
        self.file.set_len(size)
    }
    fn sync(&self) -> std::io::Result<()> {
        self.check()?;
        self.file.sync_data()
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.check()?;
        self.file.write(offset, bytes)
    }
}

fn on_a_dying_disk(dir: &Path, fatal: Arc<AtomicUsize>) -> (Store, Arc<AtomicBool>) {
    let failing = Arc::new(AtomicBool::new(false));
    let (path, fails) = (dir.join("faulty.redb"), Arc::clone(&failing));
    let disk = move || -> Box<dyn Disk> {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .unwrap();
        Box::new(Faulty {
            file: FileBackend::new(file).unwrap(),
            failing: Arc::clone(&fails),
        })
    };
    let options = Options {
        min_free_bytes: Some(0),
        disk: Some(Box::new(disk)),
        on_fatal: Box::new(move |_| {
            fatal.fetch_add(1, Ordering::SeqCst);
        }),
        ..Options::new(dir)
    };
    (Store::open(options).unwrap(), failing)
}

#[test]
fn a_failed_write_is_not_acknowledged_and_the_store_reopens_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let fatal = Arc::new(AtomicUsize::new(0));
    let (store, failing) = on_a_dying_disk(dir.path(), Arc::clone(&fatal));
    store
        .write_blocking(|_, _| Ok(((), named("before", 1))))
        .unwrap();

    failing.store(true, Ordering::SeqCst);
    let refused = store.write_blocking(|_, _| Ok(((), named("lost", 1))));
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.state(), State::Degraded(_)));
    failing.store(false, Ordering::SeqCst);

    let mut commits = store.commits();
    while store.state() != State::Ready {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(commits.has_changed().unwrap() || *commits.borrow_and_update() > 0);
    assert_eq!(stored(&store, "before"), Some(1));
    store
        .write_blocking(|_, _| Ok(((), named("after", 1))))
        .unwrap();
    assert_eq!(stored(&store, "after"), Some(1));
    let all: Vec<String> = store
        .read(|read| {
            read.keys(
                &WORKSPACES_BY_NAME,
                &Range::all(),
                super::Order::Ascending,
                9,
            )
        })
        .unwrap();
    let counted = store
        .read(|read| read.counter(&Counter::new("test")))
        .unwrap();
    assert_eq!(
        counted,
        i64::try_from(all.len()).unwrap(),
        "a failed change is whole or absent: {all:?}"
    );
    assert_eq!(fatal.load(Ordering::SeqCst), 0);
}

#[test]
fn a_disk_that_stays_broken_ends_in_one_fatal_call() {
    let dir = tempfile::tempdir().unwrap();
    let fatal = Arc::new(AtomicUsize::new(0));
    let (store, failing) = on_a_dying_disk(dir.path(), Arc::clone(&fatal));
    failing.store(true, Ordering::SeqCst);
    assert!(
        store
            .write_blocking(|_, _| Ok(((), named("lost", 1))))
            .is_err()
    );
    while store.state() != State::Closed {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(fatal.load(Ordering::SeqCst), 1);
    assert!(matches!(
        store.write_blocking(|_, _| Ok(((), named("late", 1)))),
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(store.snapshot(), Err(Error::Unavailable(_))));
}

#[test]
fn a_full_disk_refuses_writes_and_goes_on_reading() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path())
        .write_blocking(|_, _| Ok(((), named("a", 1))))
        .unwrap();
    let store = loop {
        // The first store closes when its last clone is dropped, on its own thread.
        let options = Options {
            min_free_bytes: Some(u64::MAX),
            ..Options::new(dir.path())
        };
        if let Ok(store) = Store::open(options) {
            break store;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(matches!(
        store.write_blocking(|_, _| Ok(((), named("b", 1)))),
        Err(Error::Full)
    ));
    assert_eq!(store.state(), State::Full);
    assert_eq!(stored(&store, "a"), Some(1));
    assert_eq!(stored(&store, "b"), None);
}

#[test]
fn vital_changes_may_use_what_is_kept_free() {
    let dir = tempfile::tempdir().unwrap();
    let disk = rustix::fs::statvfs(dir.path()).unwrap();
    let options = Options {
        // Twice what is free: too much for ordinary changes, and less than four times it.
        min_free_bytes: Some(disk.f_bavail * disk.f_frsize * 2),
        ..Options::new(dir.path())
    };
    let store = Store::open(options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let ordinary = || store.write(|_, _| Ok(((), named("b", 1))));
        let vital = store.write_vital(|_, _| Ok(((), named("a", 1))));
        assert!(matches!(ordinary().await, Err(Error::Full)));
        // Also where both wait for the same batch.
        let (vital, ordinary) = tokio::join!(vital, ordinary());
        vital.unwrap();
        assert!(matches!(ordinary, Err(Error::Full)));
    });
    assert_eq!(stored(&store, "a"), Some(1));
    assert_eq!(stored(&store, "b"), None);
}

#[test]
fn a_database_in_use_or_of_another_kind_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let busy = Store::open(Options::new(dir.path()))
        .unwrap_err()
        .to_string();
    assert!(busy.contains("in use by another process"), "{busy}");
    store.close();

    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join(FILE_NAME), vec![7; 10_000]).unwrap();
    let wrong = Store::open(Options::new(other.path()))
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("no DriftSentry database"), "{wrong}");
}

#[test]
fn keys_of_every_table_can_be_read_from_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for table in tables::ALL {
        let mut rows = 0;
        store
            .read(|read| {
                read.visit(
                    *table,
                    &Range::all(),
                    super::Order::Descending,
                    &mut |_, _| {
                        rows += 1;
                        Ok(std::ops::ControlFlow::Continue(()))
                    },
                )
            })
            .unwrap();
        assert_eq!(rows > 0, table.name == "meta.v1", "{}", table.name);
    }
    assert!(
        !store
            .read(|read| read.has(&DRIFTS, &DriftId::new(Timestamp::now())))
            .unwrap()
    );
}
