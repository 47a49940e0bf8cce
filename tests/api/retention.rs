//! Retention: what is over is removed where an administrator says so, in small steps, on record; counts stay exact.

use std::thread;
use std::time::{Duration, Instant};

use driftsentry::actor::Role;
use serde_json::Value;

use crate::harness::{App, driftsentry, driftsentry_with};

/// Everybody's password in the demonstration.
const PASSWORD: &str = "seven rusty anchors";

/// A server on a month of history, with settings of its own.
fn on_a_month(settings: &[(&'static str, &str)]) -> App {
    let mut app = App::stopped();
    let dir = app.data_dir();
    driftsentry_with(
        &[("DRIFTSENTRY_DEMO_PASSWORD", PASSWORD)],
        &[
            "demo",
            "--drifts",
            "300",
            "--data-dir",
            dir.to_str().expect("text"),
        ],
        b"",
    )
    .expect(0);
    app.unconfigure(settings);
    app.start_again();
    // Alerts about what was not done in time are made at the start.
    thread::sleep(Duration::from_secs(1));
    app
}

/// What is told in all: drifts, resolved ones, scans, alerts.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    drifts: Value,
    scans: Value,
    alerts: Value,
    trend: Value,
}

fn told(app: &App, admin: &str) -> Told {
    let client = app.as_nobody().with_credential(admin);
    let summary = client.get("/metrics/summary?days=365").expect(200).data();
    Told {
        drifts: summary["drifts"].clone(),
        scans: summary["scans"]["total"].clone(),
        alerts: summary["alerts"].clone(),
        trend: client.get("/metrics/cost-trend?days=40").expect(200).data(),
    }
}

#[test]
fn nothing_is_removed_unless_it_is_said() {
    let app = on_a_month(&[]);
    let admin = app.as_nobody().access_token(&first_admin(), PASSWORD);
    let before = told(&app, &admin);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(told(&app, &admin), before);
    let client = app.as_nobody().with_credential(&admin);
    assert_eq!(
        client.all("/audit-logs", "action=retention_applied").len(),
        0
    );
}

/// Whom the demonstration says to sign in as.
fn first_admin() -> String {
    driftsentry::demo::SIGN_IN_AS
        .iter()
        .find(|(_, role)| *role == Role::Admin)
        .map(|(email, _)| (*email).to_owned())
        .expect("somebody administers")
}

#[test]
fn what_is_over_is_removed_and_counts_stay_exact() {
    let mut app = on_a_month(&[]);
    let admin = app.as_nobody().access_token(&first_admin(), PASSWORD);
    let before = told(&app, &admin);
    assert!(app.stop().success());
    app.unconfigure(&[
        ("DRIFTSENTRY_RETENTION_RESOLVED_DRIFTS", "10d"),
        ("DRIFTSENTRY_RETENTION_SCANS", "2w"),
        ("DRIFTSENTRY_RETENTION_READ_ALERTS", "7d"),
    ]);
    app.start_again();
    let client = app.as_nobody().with_credential(&admin);
    let started = Instant::now();
    let after = loop {
        let entries = client.all("/audit-logs", "action=retention_applied");
        let now = told(&app, &admin);
        thread::sleep(Duration::from_millis(300));
        if !entries.is_empty() && told(&app, &admin) == now {
            break now;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{now:?}");
    };
    let number = |value: &Value| value.as_i64().expect("a number");
    let resolved = |told: &Told| number(&told.drifts["byStatus"]["resolved"]);
    assert!(resolved(&after) < resolved(&before), "{after:?}");
    assert_eq!(after.drifts["open"], before.drifts["open"]);
    assert!(number(&after.scans) < number(&before.scans));
    assert!(number(&after.alerts["total"]) < number(&before.alerts["total"]));
    assert_eq!(after.alerts["unread"], before.alerts["unread"]);
    assert_eq!(after.trend, before.trend, "costs are told as they were");

    let entries = client.all("/audit-logs", "action=retention_applied");
    assert_eq!(entries.len(), 1, "one for the run: {entries:#?}");
    let details = &entries[0]["details"];
    assert_eq!(
        number(&details["resolvedDrifts"]["count"]),
        number(&before.drifts["total"]) - number(&after.drifts["total"])
    );
    assert_eq!(
        number(&details["scans"]["count"]),
        number(&before.scans) - number(&after.scans)
    );
    assert_eq!(entries[0]["actorEmail"], "system@driftsentry.local");

    // Lists know of it, and nothing younger is gone.
    let listed = client.drifts("status=resolved");
    assert_eq!(i64::try_from(listed.len()), Ok(resolved(&after)));
    let oldest = entries[0]["details"]["resolvedDrifts"]["before"]
        .as_str()
        .expect("a moment");
    assert!(
        listed
            .iter()
            .all(|drift| drift["resolvedAt"].as_str() >= Some(oldest))
    );
    assert_eq!(
        client.get("/audit-logs/verify").expect(200).data()["valid"],
        true
    );

    // Killed or stopped, the store is sound, and a second run finds nothing.
    app.kill();
    let dir = app.data_dir();
    let dir = dir.to_str().expect("text");
    driftsentry(&["check", "--data-dir", dir], b"").expect(0);
    app.start_again();
    thread::sleep(Duration::from_secs(1));
    let again = told(&app, &admin);
    let less = number(&after.drifts["total"]) - number(&again.drifts["total"]);
    assert!(
        (0..3).contains(&less),
        "what became over in these seconds: {less}"
    );
    assert!(number(&after.scans) - number(&again.scans) < 3);
}

#[test]
fn a_span_that_is_none_is_told() {
    for (name, value) in [
        ("DRIFTSENTRY_RETENTION_RESOLVED_DRIFTS", "6d"),
        ("DRIFTSENTRY_RETENTION_SCANS", "1y"),
        ("DRIFTSENTRY_RETENTION_READ_ALERTS", "0"),
    ] {
        let said = driftsentry_with(&[(name, value)], &["serve", "--listen", "127.0.0.1:0"], b"")
            .expect(78)
            .stderr;
        assert!(said.contains(name) && said.contains("400d"), "{said}");
    }
}
