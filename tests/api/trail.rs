//! The audit log's proof: checkpoints in the program's log, and `driftsentry audit`.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use driftsentry::audit::Entry;
use driftsentry::store::tables::{AUDIT, META};
use driftsentry::store::{Batch, Options, Reads, Store, Writes, keys::Key};
use serde_json::{Value, json};

use crate::harness::{App, Output, Plan, driftsentry};

/// Every checkpoint's sequence number in a server's log, in order.
fn checkpoints(log: &str) -> Vec<u64> {
    log.lines()
        .filter(|line| line.contains("\"Audit checkpoint\""))
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let text = line["checkpoint"].as_str().expect("a text").to_owned();
            let mut parts = text.split(':');
            assert_eq!(parts.next(), Some("driftsentry-audit-checkpoint"));
            assert_eq!(parts.next(), Some("v1"));
            parts.nth(1).expect("a number").parse().expect("a number")
        })
        .collect()
}

/// `driftsentry audit verify` over the app's data, its checkpoints from standard input.
fn verify(app: &App, more: &[&str], stdin: &str) -> Output {
    let data = app.data_dir();
    let mut arguments = vec![
        "audit",
        "verify",
        "--data-dir",
        data.to_str().expect("a path"),
    ];
    arguments.extend(more);
    driftsentry(&arguments, stdin.as_bytes())
}

/// Changes rows of a stopped server's store.
fn tamper(app: &App, change: impl Fn(&Batch<'_>, &mut Writes) + Send + 'static) {
    let store = Store::open(Options {
        min_free_bytes: Some(0),
        ..Options::new(app.data_dir())
    })
    .expect("it is stopped");
    store
        .write_blocking(move |read, _| {
            let mut writes = Writes::new();
            change(read, &mut writes);
            Ok(((), writes))
        })
        .expect("it is written");
    store.close();
}

/// Cuts the newest entries off and mends the count.
fn cut_to(app: &App, last: u64) {
    tamper(app, move |read, writes| {
        let mut seq = last + 1;
        while read.has(&AUDIT, &seq).expect("it is read") {
            writes.delete(&AUDIT, &seq);
            seq += 1;
        }
        assert!(seq > last + 1, "nothing was cut");
        writes.put_bytes(&META, &"log.audit.v1".to_owned(), last.to_bytes());
    });
}

#[test]
fn a_checkpoint_is_signed_at_the_start_and_at_a_clean_stop() {
    let mut app = App::start();
    let admin = app.as_admin();
    admin.new_drift("i-1");
    admin.new_drift("i-2");
    let entries = admin
        .get("/audit-logs/verify")
        .expect(200)
        .number("/data/entries");
    let entries = u64::try_from(entries).expect("a count");
    app.restart();
    app.stop();
    let log = app.log();
    let signed = checkpoints(&log);
    assert_eq!(signed.len(), 4, "{log}");
    assert!(signed[0] < entries, "{signed:?}");
    assert_eq!(signed[1..], [entries; 3]);
    let out = verify(&app, &["--checkpoints", "-"], &log).expect(0).stdout;
    assert!(
        out.contains("4 of 4 agree") && out.contains("stopped server's"),
        "{out}"
    );
    let key = app.data_dir().join("audit.key");
    let mode = fs::metadata(key).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn checkpoints_are_written_whatever_the_level_and_format() {
    for settings in [
        ("DRIFTSENTRY_LOG_LEVEL", "error"),
        ("DRIFTSENTRY_LOG_FORMAT", "pretty"),
    ] {
        let mut app = App::configured(&[settings]);
        app.as_admin().new_drift("i-1");
        app.stop();
        let out = verify(&app, &["--checkpoints", "-"], &app.log()).expect(0);
        assert!(out.stdout.contains("2 of 2 agree"), "{}", out.stdout);
    }
}

#[test]
fn each_thousand_entries_are_signed_while_the_server_runs() {
    let mut app = App::start();
    let admin = app.as_admin();
    let mut plan = Plan::refresh_only();
    for n in 0..1_100 {
        plan = plan.deleted(&format!("aws_instance.web{n}"), json!({"id": n}));
    }
    admin
        .push_bytes("shop/prod", &plan.bytes(), &[])
        .expect(201);
    let ids: Vec<Value> = admin
        .drifts("workspace=shop/prod")
        .into_iter()
        .map(|drift| drift["id"].clone())
        .collect();
    for ids in ids.chunks(100) {
        let body = json!({"action": "reject", "ids": ids, "reason": "agreed with the team"});
        admin.post("/drifts/bulk", &body).expect(200);
    }
    let entries = admin
        .get("/audit-logs/verify")
        .expect(200)
        .number("/data/entries");
    assert!(entries > 1_000, "{entries}");
    // Log lines are written by a thread of their own.
    let asked = Instant::now();
    while !checkpoints(&app.log()).contains(&1_000) {
        assert!(asked.elapsed() < Duration::from_secs(10), "{}", app.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let file = app.scratch("collected.log");
    fs::write(&file, app.log()).expect("written");
    let file = file.to_str().expect("a path").to_owned();

    let said = verify(&app, &["--json", "--checkpoints", &file], "").expect(0);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["valid"], true, "{said}");
    assert_eq!(said["by"], "server", "{said}");
    assert_eq!(said["entries"].as_i64(), Some(entries), "{said}");
    assert_eq!(said["agreed"], said["checkpoints"], "{said}");

    app.kill();
    cut_to(&app, 900);
    verify(&app, &[], "").expect(0);
    let out = verify(&app, &["--checkpoints", &file], "")
        .expect(65)
        .stdout;
    assert!(
        out.contains("the log was cut: a checkpoint of entry 1000 signed on 20"),
        "{out}"
    );
    assert!(out.contains("the log ends at 900"), "{out}");
}

#[test]
fn the_running_server_verifies_its_own_log() {
    let mut app = App::start();
    app.as_admin().new_drift("i-1");
    let socket = app.data_dir().join("control.sock");
    let metadata = fs::metadata(&socket).expect("a socket");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let out = verify(&app, &[], "").expect(0).stdout;
    assert!(
        out.contains("The audit log is whole.") && out.contains("the running server"),
        "{out}"
    );
    assert!(out.contains("none given"), "{out}");
    let head = app
        .as_admin()
        .get("/audit-logs/verify")
        .expect(200)
        .text("/data/head");
    assert!(out.contains(&head), "{out}");
    // A killed server leaves its socket behind: the next one takes its place.
    app.kill();
    assert!(socket.exists());
    verify(&app, &[], "").expect(0);
    app.start_again();
    let out = verify(&app, &[], "").expect(0).stdout;
    assert!(out.contains("the running server"), "{out}");
    app.stop();
    assert!(!socket.exists(), "a clean stop removes it");
}

#[test]
fn an_edited_entry_is_named() {
    let mut app = App::start();
    for n in 0..5 {
        app.as_admin().new_drift(&format!("i-{n}"));
    }
    app.stop();
    tamper(&app, |read, writes| {
        let mut entry: Entry = read.get(&AUDIT, &3).expect("read").expect("it is there");
        entry.actor_email = "somebody@else.example".to_owned();
        writes.put(&AUDIT, &3, &entry).expect("encoded");
    });
    let out = verify(&app, &[], "").expect(65).stdout;
    assert!(
        out.contains("NOT what was written") && out.contains("First bad entry: 3: entry 3 was"),
        "{out}"
    );
    // The running server says the same.
    app.start_again();
    let said = verify(&app, &["--json"], "").expect(65);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(
        (&said["valid"], &said["firstBad"], &said["by"]),
        (&json!(false), &json!(3), &json!("server")),
        "{said}"
    );
}

#[test]
fn a_cut_end_whose_count_was_mended_is_found_by_the_logs() {
    let mut app = App::start();
    for n in 0..5 {
        app.as_admin().new_drift(&format!("i-{n}"));
    }
    app.stop();
    let log = app.log();
    let newest = *checkpoints(&log).last().expect("one at the stop");
    cut_to(&app, newest - 2);
    let out = verify(&app, &[], "").expect(0).stdout;
    assert!(out.contains("none given"), "{out}");
    let out = verify(&app, &["--checkpoints", "-"], &log)
        .expect(65)
        .stdout;
    assert!(out.contains("the log was cut"), "{out}");
    // A new start signs what it finds, and the old checkpoint still contradicts.
    app.start_again();
    verify(&app, &["--checkpoints", "-"], &app.log()).expect(65);
}

#[test]
fn the_public_key_tells_whose_checkpoints_they_are() {
    let mut app = App::start();
    app.stop();
    let log = app.log();
    let data = app.data_dir();
    let arguments = [
        "audit",
        "public-key",
        "--data-dir",
        data.to_str().expect("a path"),
    ];
    let key = driftsentry(&arguments, b"").expect(0).stdout;
    let key = key.trim();
    assert_eq!(key.len(), 64);
    verify(&app, &["--public-key", key, "--checkpoints", "-"], &log).expect(0);
    // Somebody exchanges the key and has the server sign with another.
    fs::write(data.join("audit.key"), "07".repeat(32)).expect("written");
    let out = verify(&app, &["--checkpoints", "-"], &log)
        .expect(65)
        .stdout;
    assert!(out.contains("signed with another key"), "{out}");
    app.start_again();
    app.stop();
    let after = app.log()[log.len()..].to_owned();
    let after = after.as_str();
    verify(&app, &["--checkpoints", "-"], after).expect(0);
    verify(&app, &["--public-key", key, "--checkpoints", "-"], after).expect(65);
}

#[test]
fn what_cannot_be_verified_is_told() {
    let app = App::start();
    let none = verify(&app, &["--checkpoints", "-"], "a log without any\n").expect(65);
    assert!(none.stderr.contains("no checkpoint in there"), "{none:?}");
    let missing = verify(&app, &["--checkpoints", "/no/such.log"], "").expect(66);
    assert!(missing.stderr.contains("/no/such.log"), "{missing:?}");
    let key = verify(&app, &["--public-key", "12"], "").expect(64);
    assert!(key.stderr.contains("64 hexadecimal"), "{key:?}");
    let nowhere = app.scratch("nowhere");
    let nowhere = nowhere.to_str().expect("a path");
    for command in ["verify", "public-key"] {
        let out = driftsentry(&["audit", command, "--data-dir", nowhere], b"").expect(66);
        assert!(out.stderr.contains("--data-dir"), "{out:?}");
    }
    assert!(!Path::new(nowhere).exists());
}

#[test]
fn a_store_that_is_open_elsewhere_is_told() {
    let app = App::stopped();
    let store = Store::open(Options::new(app.data_dir())).expect("opened");
    let out = verify(&app, &[], "").expect(69);
    assert!(
        out.stderr.contains("open in another process"),
        "{}",
        out.stderr
    );
    store.close();
    verify(&app, &[], "").expect(0);
}
