//! Scan after scan: what is new, changed, unchanged, resolved and back again.

use serde_json::{Value, json};

use crate::harness::{Answer, App, Client, Plan};

const W: &str = "shop/prod";
const WEB: &str = "aws_instance.web";

/// New, changed, unchanged, resolved.
#[track_caller]
fn counts(scan: &Answer) -> [i64; 4] {
    ["new", "changed", "unchanged", "resolved"]
        .map(|field| scan.number(&format!("/data/counts/{field}")))
}

fn sized(size: &str) -> Plan {
    Plan::refresh_only().updated(
        WEB,
        json!({"id": "i-1", "size": "small"}),
        json!({"id": "i-1", "size": size}),
    )
}

#[track_caller]
fn push(client: &Client, plan: &Plan) -> [i64; 4] {
    counts(&client.push_bytes(W, &plan.bytes(), &[]).expect(201))
}

fn id_of(drift: &Value) -> &str {
    drift["id"].as_str().expect("an id")
}

#[test]
fn an_estate_is_followed_over_four_scans() {
    for suffix in ["refresh.json", "plan.json"] {
        let app = App::start();
        let engineer = app.as_engineer();
        let scan = |n: u8| {
            counts(
                &engineer
                    .push(W, &format!("07-scan{n}.{suffix}"))
                    .expect(201),
            )
        };
        assert_eq!(scan(1), [6, 0, 0, 0], "first, {suffix}");
        let role = engineer.drift_at(W, "aws_iam_role.app", "open");
        // One of the changed ones is a password, hidden both times: its fingerprint tells.
        assert_eq!(scan(2), [2, 3, 1, 2], "second, {suffix}");
        let gone = engineer.drift(id_of(&role));
        assert_eq!(
            (&gone["kind"], &gone["status"]),
            (&json!("missing"), &json!("detected")),
            "the same drift moved on"
        );
        let fixed = engineer.drift_at(W, "aws_instance.web[0]", "resolved");
        assert_eq!(fixed["resolvedHow"], "manual-fix");
        assert_eq!(scan(3), [0, 0, 6, 0], "third, {suffix}");
        assert_eq!(scan(4), [0, 0, 0, 6], "fourth, {suffix}");
        assert_eq!(engineer.drifts("status=open").len(), 0);
        assert_eq!(scan(1), [6, 0, 0, 0], "all of it again, {suffix}");
        for drift in engineer.drifts("status=open") {
            let before =
                engineer.drift(drift["recurrenceOf"].as_str().expect("it happened before"));
            assert_eq!(before["resourceAddress"], drift["resourceAddress"]);
            assert_eq!(before["status"], "resolved");
        }
    }
}

#[test]
fn pushing_twice_changes_only_when_it_was_last_seen() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer.push(W, "02-updates.plan.json").expect(201);
    let before = engineer.drifts("include=state&sortBy=createdAt&sortOrder=asc");
    let (alerts, timeline) = (engineer.all("/alerts", ""), |drift: &Value| {
        engineer
            .get(&format!("/drifts/{}/timeline", id_of(drift)))
            .expect(200)
            .data()
    });
    let timelines: Vec<Value> = before.iter().map(&timeline).collect();
    assert_eq!(
        counts(&engineer.push(W, "02-updates.plan.json").expect(201)),
        [0, 0, 7, 0]
    );
    let after = engineer.drifts("include=state&sortBy=createdAt&sortOrder=asc");
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after["seenCount"], 2, "{after}");
        assert!(
            after["lastSeenAt"].as_str() > before["lastSeenAt"].as_str(),
            "{after}"
        );
        let mut same = after.clone();
        for field in ["lastSeenAt", "seenCount", "scanId", "updatedAt"] {
            same[field] = before[field].clone();
        }
        assert_eq!(&same, before);
    }
    assert_eq!(engineer.all("/alerts", ""), alerts);
    assert_eq!(after.iter().map(&timeline).collect::<Vec<_>>(), timelines);
}

#[test]
fn another_live_value_updates_the_open_drift() {
    let app = App::start();
    let engineer = app.as_engineer();
    assert_eq!(push(&engineer, &sized("large")), [1, 0, 0, 0]);
    let drift = engineer.drift_at(W, WEB, "open");
    assert_eq!(push(&engineer, &sized("huge")), [0, 1, 0, 0]);
    let after = engineer.drift(id_of(&drift));
    assert_eq!(after["difference"]["/size"]["actual"], "huge");
    assert_eq!(after["actualState"]["size"], "huge");
    assert_eq!(after["firstSeenAt"], drift["firstSeenAt"]);
    let timeline = engineer
        .get(&format!("/drifts/{}/timeline", id_of(&drift)))
        .expect(200)
        .data();
    let entries = timeline["items"]
        .as_array()
        .or(timeline.as_array())
        .expect("a list")
        .len();
    assert!(entries >= 2, "detected, then changed: {timeline}");
}

#[test]
fn an_approved_drift_stays_approved_when_its_value_changes() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let drift = engineer.drift_at(W, WEB, "open");
    engineer
        .approve(id_of(&drift), "it was opened by mistake")
        .expect(200);
    assert_eq!(push(&engineer, &sized("huge")), [0, 1, 0, 0]);
    let after = engineer.drift(id_of(&drift));
    assert_eq!(
        (&after["status"], &after["approvalReason"]),
        (&json!("approved"), &json!("it was opened by mistake"))
    );
    assert_eq!(push(&engineer, &Plan::refresh_only()), [0, 0, 0, 1]);
    assert_eq!(
        engineer.drift(id_of(&drift))["resolvedHow"],
        "auto-remediate",
        "it was approved, and is gone"
    );
}

#[test]
fn a_rejected_drift_was_accepted_for_its_value_only() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let drift = engineer.drift_at(W, WEB, "open");
    engineer
        .reject(id_of(&drift), "the load asks for it now")
        .expect(200);
    assert_eq!(
        push(&engineer, &sized("large")),
        [0, 0, 1, 0],
        "still accepted"
    );
    assert_eq!(engineer.drift(id_of(&drift))["status"], "rejected");
    let scan = push(&engineer, &sized("huge"));
    let old = engineer.drift(id_of(&drift));
    assert_eq!(
        (&old["status"], &old["resolvedHow"]),
        (&json!("resolved"), &json!("acknowledged")),
        "{scan:?}"
    );
    assert_eq!(old["difference"]["/size"]["actual"], "large");
    let new = engineer.drift_at(W, WEB, "open");
    assert_eq!(
        (&new["recurrenceOf"], &new["status"]),
        (&drift["id"], &json!("detected"))
    );
}

#[test]
fn what_a_person_resolved_returns_as_a_new_drift() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let drift = engineer.drift_at(W, WEB, "open");
    engineer.resolve(id_of(&drift), "manual-fix").expect(200);
    assert_eq!(push(&engineer, &sized("large")), [1, 0, 0, 0]);
    assert_eq!(
        engineer.drift_at(W, WEB, "open")["recurrenceOf"],
        drift["id"]
    );
}

#[test]
fn a_partial_scan_resolves_only_what_it_saw_in_sync() {
    let app = App::start();
    let engineer = app.as_engineer();
    let state = json!({"id": "i", "size": "small"});
    let live = json!({"id": "i", "size": "large"});
    let both = Plan::refresh_only()
        .updated("aws_instance.a", state.clone(), live.clone())
        .updated("aws_instance.b", state.clone(), live);
    assert_eq!(push(&engineer, &both), [2, 0, 0, 0]);
    let blind = Plan::refresh_only().with("complete", json!(false));
    let scan = engineer.push_bytes(W, &blind.bytes(), &[]).expect(201);
    assert_eq!(
        (scan.text("/data/status"), counts(&scan)),
        ("partial".to_owned(), [0, 0, 0, 0])
    );
    let targeted = Plan::normal()
        .in_sync("aws_instance.a", state)
        .with("complete", json!(false));
    assert_eq!(push(&engineer, &targeted), [0, 0, 0, 1]);
    engineer.drift_at(W, "aws_instance.a", "resolved");
    engineer.drift_at(W, "aws_instance.b", "open");
}

#[test]
fn a_failed_scan_resolves_nothing() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let failed = Plan::normal()
        .in_sync(WEB, json!({"id": "i-1", "size": "small"}))
        .with("errored", json!(true));
    let scan = engineer.push_bytes(W, &failed.bytes(), &[]).expect(201);
    assert_eq!(
        (scan.text("/data/status"), counts(&scan)),
        ("failed".to_owned(), [0, 0, 0, 0])
    );
    engineer.drift_at(W, WEB, "open");
    let alerts = engineer.all("/alerts", "type=scan_failed");
    assert_eq!(alerts.len(), 1, "somebody should know: {alerts:?}");
}

#[test]
fn a_workspace_resolves_only_its_own() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let other = engineer
        .push_bytes("shop/staging", &Plan::refresh_only().bytes(), &[])
        .expect(201);
    assert_eq!(counts(&other), [0, 0, 0, 0]);
    engineer.drift_at(W, WEB, "open");
}

#[test]
fn a_refresh_only_scan_does_not_resolve_what_is_pending() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer.push(W, "12-accepted.plan.json").expect(201);
    engineer.push(W, "12-accepted.refresh.json").expect(201);
    assert_eq!(
        engineer.drifts("kind=pending&status=open").len(),
        2,
        "it did not look at the code"
    );
    let applied = engineer.push(W, "01-no-drift.plan.json").expect(201);
    assert_eq!(
        engineer.drifts("kind=pending&status=open").len(),
        0,
        "{}",
        applied.at("/data/counts")
    );
}

#[test]
fn a_rename_moves_the_drift_along() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &sized("large"));
    let drift = engineer.drift_at(W, WEB, "open");
    let moved = Plan::refresh_only()
        .updated(
            "aws_instance.front",
            json!({"id": "i-1", "size": "small"}),
            json!({"id": "i-1", "size": "large"}),
        )
        .moved_from(WEB);
    let [new, changed, unchanged, resolved] = push(&engineer, &moved);
    assert_eq!((new, changed + unchanged, resolved), (0, 1, 0));
    let after = engineer.drift(id_of(&drift));
    assert_eq!(
        (&after["resourceAddress"], &after["status"]),
        (&json!("aws_instance.front"), &json!("detected"))
    );
}

#[test]
fn a_mere_rename_is_no_drift() {
    let app = App::start();
    let scan = app
        .as_engineer()
        .push(W, "13-moved.refresh.json")
        .expect(201);
    assert_eq!(scan.number("/data/counts/drifted"), 1);
    app.as_viewer().drift_at(W, "aws_instance.front[0]", "open");
}

#[test]
fn an_idempotency_key_makes_a_push_happen_once() {
    let app = App::start();
    let engineer = app.as_engineer();
    let key = [("idempotency-key", "ci-run-4711")];
    let body = sized("large").bytes();
    let first = engineer.push_bytes(W, &body, &key).expect(201);
    let again = engineer.push_bytes(W, &body, &key).expect_any(&[200, 201]);
    assert_eq!(first.data(), again.data(), "the same answer");
    assert_eq!(engineer.drift_at(W, WEB, "open")["seenCount"], 1);
    assert_eq!(engineer.all("/scans", "").len(), 1);
    engineer
        .push_bytes(W, &body, &[("idempotency-key", "ci-run-4712")])
        .expect(201);
    assert_eq!(engineer.drift_at(W, WEB, "open")["seenCount"], 2);
}

#[test]
fn an_idempotency_key_outlives_a_restart() {
    let mut app = App::start();
    let key = [("idempotency-key", "ci-run-4711")];
    let body = sized("large").bytes();
    let first = app
        .as_engineer()
        .push_bytes(W, &body, &key)
        .expect(201)
        .text("/data/id");
    app.restart();
    let again = app
        .as_engineer()
        .push_bytes(W, &body, &key)
        .expect_any(&[200, 201])
        .text("/data/id");
    assert_eq!(first, again);
    assert_eq!(app.as_viewer().all("/scans", "").len(), 1);
}

#[test]
fn all_is_as_it_was_after_a_restart() {
    let mut app = App::start();
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    let everything = |app: &App| {
        let viewer = app.as_admin();
        let lists =
            ["/drifts", "/scans", "/alerts", "/audit-logs"].map(|path| viewer.all(path, ""));
        (
            lists,
            viewer
                .get("/metrics/severity-distribution")
                .expect(200)
                .data(),
        )
    };
    let before = everything(&app);
    app.restart();
    assert_eq!(everything(&app), before);
    assert_eq!(
        counts(
            &app.as_engineer()
                .push(W, "02-updates.plan.json")
                .expect(201)
        ),
        [0, 0, 7, 0]
    );
}
