//! Databases of released versions: each is put back, checked, opened, and tells what it told then.
//!
//! `tests/fixtures/databases/README.md` says how they are made.

use std::fs;
use std::path::PathBuf;

use driftsentry::actor::Role;
use driftsentry::backup::archive::Archive;
use serde_json::{Value, json};

use crate::harness::{App, driftsentry};

/// Everybody's password in the fixtures.
const PASSWORD: &str = "seven rusty anchors";

/// The backups of released versions.
fn fixtures() -> Vec<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/databases");
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "zst"))
        .collect();
    found.sort();
    found
}

/// What the API tells of a store, without what depends on when it is asked.
fn told(app: &App) -> Value {
    let email = driftsentry::demo::SIGN_IN_AS
        .iter()
        .find(|(_, role)| *role == Role::Admin)
        .map(|(email, _)| *email)
        .expect("somebody administers");
    let token = app.as_nobody().access_token(email, PASSWORD);
    let client = app.as_nobody().with_credential(&token);
    let get = |path: &str| client.get(path).expect(200).data();
    let drifts = client.drifts("status=all");
    let first = &drifts[0];
    let id = first["id"].as_str().expect("an id");
    let mut drift = get(&format!("/drifts/{id}"));
    // What may be done now, and what was not done in time, depends on when it is asked.
    for now in [
        "canTriage",
        "canApprove",
        "canReject",
        "canResolve",
        "alertCount",
    ] {
        drift[now].take();
    }
    json!({
        "drifts": get("/metrics/summary")["drifts"],
        "drift": drift,
        "timeline": get(&format!("/drifts/{id}/timeline")),
        "oldest": drifts.last(),
        "workspaces": client.all("/workspaces", "").iter().map(|one| one["name"].clone()).collect::<Vec<_>>(),
        "scans": client.all("/scans", "").len(),
        "alerts": client.all("/alerts", "type=drift_detected").len(),
        "users": client.all("/users", "").len(),
        "audit": {
            "valid": get("/audit-logs/verify")["valid"],
            "scans": client.all("/audit-logs", "action=scan_received").len(),
        },
    })
}

/// Demands that everything that was told is told still; what was added since may be there.
#[track_caller]
fn holds(then: &Value, now: &Value, at: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (name, value) in then {
                let at = format!("{at}/{name}");
                holds(value, now.get(name).unwrap_or(&Value::Null), &at);
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            for (n, (then, now)) in then.iter().zip(now).enumerate() {
                holds(then, now, &format!("{at}/{n}"));
            }
        }
        _ => assert_eq!(then, now, "{at}"),
    }
}

#[test]
fn a_database_of_each_version_is_opened_checked_and_read() {
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for file in fixtures {
        let path = file.to_str().expect("text");
        let manifest = Archive::open(&file).expect("the fixture is whole").manifest;
        let mut app = App::stopped();
        let dir = app.data_dir();
        let dir = dir.to_str().expect("text");
        driftsentry(&["restore", path, "--data-dir", dir], b"").expect(0);
        driftsentry(&["check", "--data-dir", dir], b"").expect(0);
        app.unconfigure(&[]);
        app.start_again();
        let told = told(&app);
        let rows = |table: &str| {
            let table = manifest.tables.iter().find(|one| one.name == table);
            table.expect("a table").rows
        };
        assert_eq!(told["drifts"]["total"], json!(rows("drifts.v1")));
        assert_eq!(told["audit"]["valid"], true);
        let golden = file.with_extension("").with_extension("json");
        if std::env::var("DRIFTSENTRY_TEST_GOLDEN").is_ok() && !golden.exists() {
            fs::write(&golden, format!("{told:#}\n")).expect("it is written");
        }
        let then = fs::read(&golden).expect("what was told then");
        let then: Value = serde_json::from_slice(&then).expect("JSON");
        holds(&then, &told, "");
    }
}
