//! Backups: taken while the server works, kept, tried out, put back. What is damaged is refused before anything is touched,
//! and a kill leaves the old data or the new.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use driftsentry::backup::Manifest;
use driftsentry::backup::archive::{self, Archive};
use driftsentry::backup::restore::{Source, restore};
use driftsentry::check;
use driftsentry::store::FILE_NAME;
use driftsentry::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Answer, App, Plan, driftsentry, driftsentry_with};

/// A temporary directory, and paths in it as text.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(TempDir::with_prefix("driftsentry-test-").expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        text(&self.path(name))
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path is text").to_owned()
}

/// A stopped store with some history in it.
pub(crate) fn demo(dir: &Path, drifts: u32) {
    driftsentry_with(
        &[("DRIFTSENTRY_DEMO_PASSWORD", "seven rusty anchors")],
        &[
            "demo",
            "--drifts",
            &drifts.to_string(),
            "--data-dir",
            &text(dir),
        ],
        b"",
    )
    .expect(0);
}

/// A backup of a store, over HTTP.
#[track_caller]
fn take(app: &App) -> Answer {
    app.as_admin().post("/admin/backup", &json!({}))
}

/// The one backup in a data directory's own directory of backups.
#[track_caller]
fn backups(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir.join("backups"))
        .expect("a directory of backups")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "zst"))
        .collect();
    found.sort();
    found
}

/// Demands that a stopped store is sound.
#[track_caller]
fn is_sound(dir: &Path) {
    driftsentry(&["check", "--data-dir", &text(dir)], b"").expect(0);
}

/// What is in a directory: each file's path and content, the sockets and the backups left out.
pub(crate) fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(content(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

#[test]
fn a_backup_is_taken_while_the_server_runs_and_put_back() {
    let mut app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let taken = take(&app).expect(200);
    assert_eq!(taken.header("content-type"), Some("application/zstd"));
    let disposition = taken.header("content-disposition").expect("a name");
    assert!(
        disposition.contains("driftsentry-20") && disposition.contains(".tar.zst"),
        "{disposition}"
    );
    let file = app.scratch("b.tar.zst");
    fs::write(&file, &taken.body).expect("the backup is written");
    let drift = engineer.drifts("status=open")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    engineer.approve(&drift, "it is to be reverted").expect(200);
    let entries = app.as_admin().all("/audit-logs", "action=backup_taken");
    assert_eq!(entries.len(), 1, "{entries:#?}");
    assert!(entries[0]["details"]["databaseBytes"].as_u64() > Some(0));

    let said = driftsentry(&["backup", "verify", &text(&file)], b"").expect(0);
    assert!(
        said.stdout.contains("The backup is whole"),
        "{}",
        said.stdout
    );

    // Not while somebody has the store open.
    let data = text(&app.data_dir());
    let refused = driftsentry(&["restore", &text(&file), "--data-dir", &data], b"").expect(69);
    assert!(
        refused.stderr.contains("stop it first"),
        "{}",
        refused.stderr
    );
    assert!(app.stop().success());
    let said = driftsentry(&["restore", &text(&file), "--data-dir", &data], b"").expect(0);
    assert!(said.stdout.contains("before-restore-"), "{}", said.stdout);
    assert!(said.stdout.contains("checkpoints"), "{}", said.stdout);
    is_sound(&app.data_dir());

    app.start_again();
    let admin = app.as_admin();
    assert_eq!(admin.drift(&drift)["status"], "detected", "as it was then");
    assert_eq!(
        admin.get("/audit-logs/verify").expect(200).data()["valid"],
        true
    );
    let restored = admin.all("/audit-logs", "action=backup_restored");
    assert_eq!(restored.len(), 1);
    assert!(restored[0]["actorEmail"] == "local@driftsentry.local");

    // What was there before is whole, and is found.
    let before: Vec<PathBuf> = fs::read_dir(app.data_dir())
        .expect("the data directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| text(path).contains("before-restore-"))
        .collect();
    assert_eq!(before.len(), 1);
    is_sound(&before[0]);
}

#[test]
fn a_backup_holds_what_restoring_needs_and_nobody_else_can_read_it() {
    let app = App::start();
    let dir = app.data_dir();
    let said = driftsentry(&["backup", "--json", "--data-dir", &text(&dir)], b"").expect(0);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let file = PathBuf::from(said["file"].as_str().expect("a path"));
    let mode = fs::metadata(&file)
        .expect("the backup")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(dir.join("backups"))
        .expect("the directory")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let archive = Archive::open(&file).expect("it is whole");
    let names: Vec<&str> = archive
        .manifest
        .parts
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    assert_eq!(names, ["driftsentry.redb", "fingerprint.key", "audit.key"]);
    assert_eq!(said["rows"], json!(archive.manifest.rows()));
    assert!(
        archive
            .manifest
            .tables
            .iter()
            .all(|table| table.sha256 != [0; 32])
    );

    // Ordinary tools open it.
    let bytes = fs::read(&file).expect("the backup");
    let plain = zstd::decode_all(bytes.as_slice()).expect("zstd reads it");
    assert_eq!(&plain[..13], b"manifest.json");
}

#[test]
fn backups_are_listed_verified_told_of_and_tried_out() {
    let app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let dir = text(&app.data_dir());
    let none = driftsentry(&["backup", "list", "--data-dir", &dir], b"").expect(0);
    assert!(none.stdout.contains("No backups"), "{}", none.stdout);
    let none = driftsentry(&["backup", "drill", "--data-dir", &dir], b"").expect(66);
    assert!(
        none.stderr.contains("driftsentry backup"),
        "{}",
        none.stderr
    );
    let facts = |name: &str| {
        app.as_nobody()
            .get_root("/health/detailed")
            .expect(200)
            .json()["facts"][name]
            .clone()
    };
    assert!(facts("lastBackup").is_null());

    let taken = driftsentry(&["backup", "--data-dir", &dir], b"").expect(0);
    assert!(taken.stdout.contains("verified"), "{}", taken.stdout);
    assert!(taken.stderr.contains("copying"), "{}", taken.stderr);
    let [file] = backups(&app.data_dir()).try_into().expect("one backup");
    let last = facts("lastBackup");
    assert_eq!(
        last["file"],
        json!(file.file_name().expect("a name").to_str())
    );
    assert_eq!(last["bytes"], json!(fs::metadata(&file).expect("it").len()));

    let listed = driftsentry(&["backup", "list", "--data-dir", &dir], b"").expect(0);
    assert!(
        listed.stdout.contains("0 min") && listed.stdout.contains("on 20"),
        "{}",
        listed.stdout
    );
    let drilled = driftsentry(&["backup", "drill", "--data-dir", &dir], b"").expect(0);
    assert!(
        drilled.stdout.contains("can be put back"),
        "{}",
        drilled.stdout
    );
    assert_eq!(facts("lastBackupDrill")["passed"], true);
    assert_eq!(
        fs::read_dir(app.data_dir().join("backups"))
            .expect("it")
            .count(),
        2
    );
    let metrics = app.as_nobody().get_root("/metrics").expect(200).body_text();
    for name in [
        "driftsentry_backup_last_success_timestamp_seconds ",
        "driftsentry_backup_last_success_size_bytes ",
        "driftsentry_backup_last_success_duration_seconds ",
        "driftsentry_backup_last_drill_passed 1",
    ] {
        assert!(metrics.contains(name), "{name} in\n{metrics}");
    }

    // One that somebody put there is listed as what it is.
    let other = file.with_file_name("driftsentry-20200101T000000.000Z.tar.zst");
    fs::copy(&file, &other).expect("a copy");
    let broken = file.with_file_name("driftsentry-20200102T000000.000Z.tar.zst");
    fs::write(&broken, "broken").expect("a file");
    let listed = driftsentry(&["backup", "list", "--data-dir", &dir], b"")
        .expect(0)
        .stdout;
    assert!(
        listed.contains("not yet") && listed.contains("DAMAGED"),
        "{listed}"
    );
    driftsentry(
        &["backup", "verify", &text(&other), "--data-dir", &dir],
        b"",
    )
    .expect(0);
    let listed = driftsentry(&["backup", "list", "--data-dir", &dir], b"")
        .expect(0)
        .stdout;
    assert!(!listed.contains("not yet"), "{listed}");

    // A drill that fails says so, and is told of.
    let mut bytes = fs::read(&file).expect("the backup");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("the backup");
    let failed = driftsentry(&["backup", "drill", "--data-dir", &dir], b"").expect(65);
    assert!(failed.stderr.contains("is damaged"), "{}", failed.stderr);
    assert_eq!(facts("lastBackupDrill")["passed"], false);
}

#[test]
fn what_the_policy_no_longer_keeps_is_removed_and_nothing_else() {
    let scratch = Scratch::new();
    let dir = scratch.path("data");
    demo(&dir, 20);
    let dir = text(&dir);
    let folder = scratch.text("kept");
    let kept = [
        ("DRIFTSENTRY_BACKUP_DIR", folder.as_str()),
        ("DRIFTSENTRY_BACKUP_KEEP_HOURLY", "1"),
        ("DRIFTSENTRY_BACKUP_KEEP_DAILY", "0"),
        ("DRIFTSENTRY_BACKUP_KEEP_WEEKLY", "0"),
    ];
    driftsentry_with(&kept, &["backup", "--data-dir", &dir], b"").expect(0);
    let folder = scratch.path("kept");
    let names = || {
        let mut names: Vec<String> = fs::read_dir(&folder)
            .expect("it")
            .map(|entry| entry.expect("it").file_name().into_string().expect("text"))
            .filter(|name| name != "backups.json")
            .collect();
        names.sort();
        names
    };
    let [first] = names().try_into().expect("one backup");
    // Not named as ours, not verified: they stay, and count for nothing.
    fs::copy(folder.join(&first), folder.join("mine.tar.zst")).expect("a copy");
    let unverified = "driftsentry-20200101T000000.000Z.tar.zst";
    fs::copy(folder.join(&first), folder.join(unverified)).expect("a copy");
    let said = driftsentry_with(&kept, &["backup", "--data-dir", &dir], b"").expect(0);
    assert!(
        said.stdout.contains(&format!("removed {first}")),
        "{}",
        said.stdout
    );
    let left = names();
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(left.contains(&"mine.tar.zst".to_owned()) && left.contains(&unverified.to_owned()));
    assert!(!left.contains(&first));
}

#[test]
fn one_backup_is_taken_at_a_time() {
    let app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let dir = app.data_dir();
    let admin = app.as_admin();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let over_http: Vec<_> = (0..4)
            .map(|_| {
                let admin = admin.clone();
                thread::spawn(move || admin.post("/admin/backup", &json!({})))
            })
            .collect();
        for answer in over_http {
            let answer = answer.join().expect("an answer");
            if answer.status == 409 {
                let answer = answer.code("CONFLICT");
                assert!(answer.body_text().contains("wait until that is done"));
                statuses.push(409);
            } else {
                statuses.push(answer.expect(200).status);
            }
        }
    }
    assert!(
        statuses.contains(&200) && statuses.contains(&409),
        "{statuses:?}"
    );

    let mut codes = Vec::new();
    for _ in 0..5 {
        let commands: Vec<_> = (0..3)
            .map(|n| {
                let (dir, out) = (text(&dir), text(&app.scratch(&format!("{n}.tar.zst"))));
                thread::spawn(move || {
                    driftsentry(&["backup", "--output", &out, "--data-dir", &dir], b"")
                })
            })
            .collect();
        for command in commands {
            let output = command.join().expect("it ends");
            if output.code == Some(75) {
                assert!(output.stderr.contains("try again"), "{}", output.stderr);
            }
            codes.push(output.code);
        }
        if codes.contains(&Some(75)) {
            break;
        }
    }
    assert!(
        codes.contains(&Some(0)) && codes.contains(&Some(75)),
        "{codes:?}"
    );
    assert!(
        codes.iter().all(|code| [Some(0), Some(75)].contains(code)),
        "{codes:?}"
    );
    // The turn comes back.
    take(&app).expect(200);
}

#[test]
fn a_backup_passes_through_a_pipe_and_a_stopped_store_gives_one_too() {
    let scratch = Scratch::new();
    let dir = scratch.path("data");
    demo(&dir, 50);
    let file = scratch.path("b.tar.zst");
    // By a shell, whose pipe takes bytes.
    let piped = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "'{}' backup --output - --data-dir '{}' | cat > '{}'",
            env!("CARGO_BIN_EXE_driftsentry"),
            dir.display(),
            file.display()
        ))
        .status()
        .expect("a shell");
    assert!(piped.success());
    let archive = Archive::open(&file).expect("it is whole");
    assert!(archive.manifest.rows() > 50);
    is_sound(&dir);
    let nowhere = driftsentry(&["backup", "--data-dir", &scratch.text("none")], b"").expect(66);
    assert!(nowhere.stderr.contains("no store"), "{}", nowhere.stderr);
    let nowhere = driftsentry(
        &[
            "backup",
            "--data-dir",
            &text(&dir),
            "--output",
            &scratch.text("no/such/dir/b"),
        ],
        b"",
    )
    .expect(73);
    assert!(
        nowhere.stderr.contains("Nothing can be written"),
        "{}",
        nowhere.stderr
    );
}

#[test]
fn a_thousand_damaged_backups_are_refused_and_touch_nothing() {
    let scratch = Scratch::new();
    let dir = scratch.path("data");
    demo(&dir, 30);
    let file = scratch.path("b.tar.zst");
    driftsentry(
        &[
            "backup",
            "--output",
            &text(&file),
            "--data-dir",
            &text(&dir),
        ],
        b"",
    )
    .expect(0);
    let whole = fs::read(&file).expect("the backup");
    let damaged = scratch.path("damaged.tar.zst");
    let mut random = fastrand::Rng::with_seed(20261128);
    for round in 0..1_000 {
        let mut bytes = whole.clone();
        if round % 4 == 0 {
            bytes.truncate(random.usize(0..whole.len()));
        } else {
            let at = random.usize(0..whole.len());
            bytes[at] ^= random.u8(1..=255);
        }
        fs::write(&damaged, &bytes).expect("a file");
        assert!(Source::open(&damaged).is_err(), "round {round}");
        if round % 100 == 1 {
            let before = content(&dir);
            let refused = driftsentry(
                &["restore", &text(&damaged), "--data-dir", &text(&dir)],
                b"",
            )
            .expect(65);
            assert!(refused.stderr.contains("is damaged"), "{}", refused.stderr);
            assert!(content(&dir) == before, "something was touched");
            let nowhere = scratch.path("new");
            driftsentry(
                &["restore", &text(&damaged), "--data-dir", &text(&nowhere)],
                b"",
            )
            .expect(65);
            assert!(!nowhere.exists());
        }
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let scratch = Scratch::new();
    let dir = scratch.text("data");
    demo(&scratch.path("data"), 20);
    let file = scratch.path("b.tar.zst");
    driftsentry(
        &["backup", "--output", &text(&file), "--data-dir", &dir],
        b"",
    )
    .expect(0);
    let to = scratch.text("to");
    let restore = |file: &Path| driftsentry(&["restore", &text(file), "--data-dir", &to], b"");

    let said = restore(&scratch.path("none")).expect(66).stderr;
    assert!(said.contains("there is no file"), "{said}");
    let other = scratch.path("other");
    fs::write(
        &other,
        "a letter to somebody, long enough to have been something else",
    )
    .expect("it");
    let said = restore(&other).expect(65).stderr;
    assert!(said.contains("is no backup of DriftSentry"), "{said}");

    // Of a version that is not there yet.
    let mut opened = Archive::open(&file).expect("it is whole");
    let mut manifest = opened.manifest.clone();
    manifest.schema = 99;
    manifest.version = "9.9.9".to_owned();
    let mut parts = Vec::new();
    opened
        .each_part(&mut |_, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            parts.push(bytes);
            Ok(())
        })
        .expect("its parts");
    let write = |manifest: &Manifest, parts: &[Vec<u8>]| {
        let mut readers: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let mut readers: Vec<&mut dyn Read> = readers
            .iter_mut()
            .map(|reader| reader as &mut dyn Read)
            .collect();
        let path = scratch.path("made.tar.zst");
        let mut out = fs::File::create(&path).expect("a file");
        archive::write(&mut out, manifest, &mut readers).expect("it is written");
        path
    };
    let said = restore(&write(&manifest, &parts)).expect(65).stderr;
    assert!(
        said.contains("install driftsentry 9.9.9 or newer"),
        "{said}"
    );

    // Sealed, and not what its manifest says of its rows.
    let mut manifest = opened.manifest.clone();
    manifest.tables[0].rows += 1;
    let said = restore(&write(&manifest, &parts)).expect(65).stderr;
    assert!(said.contains("rows are not those"), "{said}");
    assert!(content(Path::new(&to)).is_empty());
    is_sound(&scratch.path("data"));
}

#[test]
fn a_copy_from_before_an_upgrade_is_listed_and_put_back() {
    let scratch = Scratch::new();
    let dir = scratch.path("data");
    demo(&dir, 20);
    let copy = dir.join("driftsentry.before-schema-3.redb");
    fs::copy(dir.join(FILE_NAME), &copy).expect("a copy");
    let said = driftsentry(&["backup", "list", "--data-dir", &text(&dir)], b"")
        .expect(0)
        .stdout;
    assert!(
        said.contains("before-schema-3") && said.contains("copy before an upgrade"),
        "{said}"
    );
    fs::write(dir.join(FILE_NAME), "lost").expect("a file");
    driftsentry(&["restore", &text(&copy), "--data-dir", &text(&dir)], b"").expect(0);
    is_sound(&dir);
}

/// How long the slowest of the rounds of a kill test waits before it kills.
const LATEST_KILL_MS: u64 = 400;

/// Runs a command and kills it after a while; whether it ended by itself before.
fn killed(arguments: &[&str], after: Duration) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftsentry"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let started = Instant::now();
    while started.elapsed() < after {
        if child.try_wait().expect("its status").is_some() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[test]
fn a_kill_loses_nothing_and_leaves_nothing_half() {
    let scratch = Scratch::new();
    let (old, new) = (scratch.path("old"), scratch.path("new"));
    demo(&old, 60);
    demo(&new, 90);
    let file = scratch.text("b.tar.zst");
    driftsentry(
        &["backup", "--output", &file, "--data-dir", &text(&new)],
        b"",
    )
    .expect(0);
    let export = scratch.text("e.ndjson");
    driftsentry(
        &["export", "--output", &export, "--data-dir", &text(&new)],
        b"",
    )
    .expect(0);
    let drifts = |dir: &Path| {
        let report = check::file(&dir.join(FILE_NAME)).expect("it opens");
        assert!(report.sound, "{report}");
        let drifts = report.checks.iter().find(|check| check.name == "drifts");
        drifts.expect("the drifts").looked_at
    };
    let (few, many) = (drifts(&old), drifts(&new));
    assert!(few < many);
    let work = scratch.path("work");
    let again = || {
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).expect("a directory");
        for entry in fs::read_dir(&old).expect("it").flatten() {
            if entry.path().is_file() {
                fs::copy(entry.path(), work.join(entry.file_name())).expect("a copy");
            }
        }
    };
    let mut random = fastrand::Rng::with_seed(9);
    let mut ended = [0; 4];
    for _ in 0..6 {
        let mut wait = || Duration::from_millis(random.u64(1..LATEST_KILL_MS));
        again();
        let data = text(&work);
        ended[0] += u32::from(killed(&["backup", "--data-dir", &data], wait()));
        assert_eq!(drifts(&work), few);
        for kept in fs::read_dir(work.join("backups"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = kept.file_name().into_string().expect("text");
            if name.ends_with(".tar.zst") {
                Archive::open(&kept.path()).expect("what has its name is whole");
            }
        }

        ended[1] += u32::from(killed(&["compact", "--data-dir", &data], wait()));
        assert_eq!(drifts(&work), few);

        ended[2] += u32::from(killed(&["restore", &file, "--data-dir", &data], wait()));
        // Whoever comes next goes on from there: here a command that opens the store.
        driftsentry(&["audit", "verify", "--data-dir", &data], b"").expect(0);
        let found = drifts(&work);
        assert!(
            [few, many].contains(&found),
            "{found} is neither {few} nor {many}"
        );
        assert!(!work.join("restore.ready").exists() && !work.join("restore.part").exists());
        driftsentry(&["restore", &file, "--data-dir", &data], b"").expect(0);
        assert_eq!(drifts(&work), many);

        let empty = scratch.path("imported");
        let _ = fs::remove_dir_all(&empty);
        ended[3] += u32::from(killed(
            &["import", &export, "--data-dir", &text(&empty)],
            wait(),
        ));
        if empty.join(FILE_NAME).exists() {
            assert_eq!(drifts(&empty), many);
        } else {
            driftsentry(&["import", &export, "--data-dir", &text(&empty)], b"").expect(0);
            assert_eq!(drifts(&empty), many);
        }
        assert!(!empty.join("restore.part").exists());
    }
    assert!(
        ended.iter().all(|count| *count < 6),
        "nothing was killed: {ended:?}"
    );
    // A server that finds unfinished files removes them.
    fs::write(work.join(".driftsentry-unfinished-00"), "left").expect("a file");
    driftsentry(&["audit", "verify", "--data-dir", &text(&work)], b"").expect(0);
    assert!(!work.join(".driftsentry-unfinished-00").exists());
}

/// Ten in the ordinary tests; more with `DRIFTSENTRY_TEST_BACKUPS`.
fn how_many() -> usize {
    let more = std::env::var("DRIFTSENTRY_TEST_BACKUPS");
    more.ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

#[test]
fn hot_backups_under_load_are_each_consistent() {
    let app = App::start();
    let stop = Arc::new(AtomicBool::new(false));
    let pushing: Vec<_> = (0..2)
        .map(|n| {
            let (client, stop) = (app.as_engineer(), Arc::clone(&stop));
            thread::spawn(move || {
                let mut pushed = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let mut plan = Plan::refresh_only();
                    for i in 0..20 {
                        let address = format!("aws_instance.of{i}");
                        plan = plan.updated(&address, json!({"n": 0}), json!({"n": pushed}));
                    }
                    let path = format!("/api/v1/scans?workspace=w{n}");
                    let headers = [("content-type", "application/json")];
                    client
                        .send("POST", &path, &headers, Some(&plan.bytes()))
                        .expect(201);
                    pushed += 1;
                    // Two cores serve, write and copy: a pause keeps a debug build's check from taking minutes.
                    thread::sleep(Duration::from_millis(20));
                }
                pushed
            })
        })
        .collect();
    let scratch = Scratch::new();
    let mut entries = Vec::new();
    for n in 0..how_many() {
        let file = scratch.path("b.tar.zst");
        fs::write(&file, &take(&app).expect(200).body).expect("it is written");
        let to = scratch.path(&format!("to{n}"));
        let mut source = Source::open(&file).expect("it is whole");
        // Restoring checks every table against every other, and the audit chain.
        let restored = restore(&mut source, &to, None, Timestamp::now(), &mut |_| {})
            .unwrap_or_else(|error| panic!("backup {n}: {error}"));
        entries.push(restored.audit_entries);
        fs::remove_dir_all(&to).expect("it goes");
    }
    stop.store(true, Ordering::Relaxed);
    let pushed: u32 = pushing
        .into_iter()
        .map(|thread| thread.join().expect("it pushes"))
        .sum();
    assert!(
        entries.is_sorted_by(|a, b| a < b),
        "each is of a later state: {entries:?}"
    );
    assert!(pushed > 20, "the load was {pushed} pushes only");
    let verdict = app.as_admin().get("/audit-logs/verify").expect(200).data();
    assert_eq!(verdict["valid"], true);
}
