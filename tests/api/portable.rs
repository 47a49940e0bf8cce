//! Exporting and importing: all data as lines of JSON, and the same store of them again.

use std::fs;
use std::path::{Path, PathBuf};

use driftsentry::store::backup::{TableDigest, digests};
use driftsentry::store::{FILE_NAME, verify_file};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{App, driftsentry, driftsentry_with};

fn text(path: &Path) -> String {
    path.to_str().expect("a path is text").to_owned()
}

/// A stopped store with some history in it, and the digests of its tables.
fn demo(dir: &Path) -> Vec<TableDigest> {
    driftsentry_with(
        &[("DRIFTSENTRY_DEMO_PASSWORD", "seven rusty anchors")],
        &["demo", "--drifts", "60", "--data-dir", &text(dir)],
        b"",
    )
    .expect(0);
    digests_of(dir)
}

fn digests_of(dir: &Path) -> Vec<TableDigest> {
    let verified = verify_file(&dir.join(FILE_NAME), 1 << 20).expect("it opens");
    digests(&verified.snapshot, &mut |_| Ok(())).expect("its rows")
}

/// A store, its export, and a place for another one.
fn exported() -> (TempDir, PathBuf, PathBuf, Vec<TableDigest>) {
    let scratch = TempDir::with_prefix("driftsentry-test-").expect("a temporary directory");
    let dir = scratch.path().join("data");
    let before = demo(&dir);
    let file = scratch.path().join("e.ndjson");
    let said = driftsentry(
        &[
            "export",
            "--output",
            &text(&file),
            "--data-dir",
            &text(&dir),
        ],
        b"",
    )
    .expect(0);
    assert!(said.stderr.contains("Exported"), "{}", said.stderr);
    let to = scratch.path().join("to");
    (scratch, file, to, before)
}

#[test]
fn a_round_trip_gives_an_equal_store() {
    let (_scratch, file, to, before) = exported();
    let said = driftsentry(&["import", &text(&file), "--data-dir", &text(&to)], b"").expect(0);
    assert!(said.stdout.contains("fingerprint.key"), "{}", said.stdout);
    // Every row of every table: counters, indexes, the audit chain.
    assert_eq!(digests_of(&to), before);
    driftsentry(&["check", "--data-dir", &text(&to)], b"").expect(0);
    let said = driftsentry(
        &["audit", "verify", "--json", "--data-dir", &text(&to)],
        b"",
    )
    .expect(0);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["valid"], true);

    // Not over what is there.
    let said = driftsentry(&["import", &text(&file), "--data-dir", &text(&to)], b"").expect(65);
    assert!(said.stderr.contains("there is a store"), "{}", said.stderr);
}

#[test]
fn an_export_reads_by_name_and_holds_no_secret() {
    let (_scratch, file, _, _) = exported();
    let lines = fs::read_to_string(&file).expect("the export");
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(rows[0]["driftsentryExport"], 1);
    assert_eq!(
        rows.last().expect("lines")["end"]["rows"].as_u64(),
        Some(rows.len() as u64 - 2)
    );
    let of = |table: &str| {
        let rows = rows.iter().filter(|row| row["table"] == table);
        rows.cloned().collect::<Vec<_>>()
    };
    let drift = &of("drifts.v1")[0];
    assert!(drift["value"]["address"].is_string(), "{drift}");
    assert_eq!(drift["key"], drift["value"]["id"]);
    assert!(of("drift_states.v1")[0]["value"]["expected"].is_object());
    assert!(
        of("counters.v1")
            .iter()
            .any(|row| row["key"]["counter"] == "drifts.total")
    );
    let user = &of("users.v1")[0]["value"];
    assert!(user.to_string().contains("$argon2id$"), "{user}");
    // Nothing has fallen back on bytes but what has no names.
    for row in &rows {
        let table = row["table"].as_str().unwrap_or_default();
        let has_names = !["meta.v1", "journal.v1"].contains(&table);
        assert!(!has_names || row["value"].get("bytes").is_none(), "{row}");
    }
    for word in ["seven rusty anchors", "PRIVATE"] {
        assert!(!lines.contains(word));
    }
}

#[test]
fn an_export_of_a_running_server_is_of_one_moment() {
    let app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let data = text(&app.data_dir());
    let said = driftsentry(&["export", "--data-dir", &data], b"").expect(0);
    let to = app.scratch("to");
    driftsentry(
        &["import", "-", "--data-dir", &text(&to)],
        said.stdout.as_bytes(),
    )
    .expect(0);
    driftsentry(&["check", "--data-dir", &text(&to)], b"").expect(0);
    let none = app.scratch("none");
    let said = driftsentry(&["export", "--data-dir", &text(&none)], b"").expect(66);
    assert!(said.stderr.contains("--data-dir"), "{}", said.stderr);
}

#[test]
fn what_was_changed_or_cut_off_is_refused_with_its_line() {
    let (_scratch, file, to, _) = exported();
    let whole = fs::read_to_string(&file).expect("the export");
    let lines: Vec<&str> = whole.lines().collect();
    let count = lines.len();
    let import = |text_of_it: &str| {
        let said = driftsentry(
            &["import", "-", "--data-dir", &text(&to)],
            text_of_it.as_bytes(),
        )
        .expect(65);
        assert!(!to.join(FILE_NAME).exists() && !to.join("restore.part").exists());
        assert!(
            said.stderr.contains("Nothing was imported"),
            "{}",
            said.stderr
        );
        said.stderr
    };
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let line_of = |said: &str, line: usize| {
        assert!(
            said.contains(&format!("Line {line} of the export:")),
            "{said}"
        );
    };

    // One value, in the middle.
    let at = lines
        .iter()
        .position(|line| line.contains("\"table\":\"drifts.v1\""))
        .expect("a drift");
    let mut changed = lines.clone();
    let other = lines[at]
        .replace("critical", "info")
        .replace("warning", "info");
    let other = if other == lines[at] {
        lines[at].replace("info", "critical")
    } else {
        other
    };
    changed[at] = &other;
    line_of(&import(&joined(&changed)), at + 1);
    // A line removed, doubled, exchanged.
    let mut removed = lines.clone();
    removed.remove(at);
    line_of(&import(&joined(&removed)), at + 1);
    let mut doubled = lines.clone();
    doubled.insert(at, lines[at]);
    line_of(&import(&joined(&doubled)), at + 2);
    let mut exchanged = lines.clone();
    exchanged.swap(at, at + 1);
    line_of(&import(&joined(&exchanged)), at + 1);
    // Cut off, between lines and within one.
    line_of(&import(&joined(&lines[..count - 1])), count);
    line_of(&import(&whole[..whole.len() - 5]), count);
    line_of(&import(&format!("{whole}\n")), count + 1);
    // Something else.
    line_of(&import("{\"hello\": 1}\n"), 1);
    line_of(&import(""), 1);
}

#[test]
fn compacting_gives_room_back_and_loses_nothing() {
    let scratch = TempDir::with_prefix("driftsentry-test-").expect("a temporary directory");
    let dir = scratch.path().join("data");
    let before = demo(&dir);
    let said = driftsentry(&["compact", "--data-dir", &text(&dir)], b"").expect(0);
    assert!(said.stdout.contains("takes"), "{}", said.stdout);
    assert_eq!(digests_of(&dir), before);
    driftsentry(&["check", "--data-dir", &text(&dir)], b"").expect(0);
    let none = scratch.path().join("none");
    driftsentry(&["compact", "--data-dir", &text(&none)], b"").expect(66);
    let app = App::start();
    let said = driftsentry(&["compact", "--data-dir", &text(&app.data_dir())], b"").expect(69);
    assert!(said.stderr.contains("stop the running"), "{}", said.stderr);
}
