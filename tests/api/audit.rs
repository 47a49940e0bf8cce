//! The audit log: an entry for each change, chained.

use serde_json::{Value, json};

use crate::harness::{App, Client, driftsentry};

const FIELDS: [&str; 16] = [
    "seq",
    "id",
    "action",
    "driftId",
    "actorId",
    "actorEmail",
    "actorRole",
    "oldValue",
    "newValue",
    "details",
    "ipAddress",
    "userAgent",
    "correlationId",
    "createdAt",
    "prevHash",
    "hash",
];

fn log(client: &Client, query: &str) -> Vec<Value> {
    client.all("/audit-logs", query)
}

#[track_caller]
fn is_whole(client: &Client) {
    let verdict = client.get("/audit-logs/verify").expect(200).data();
    assert_eq!(verdict["valid"], true, "{verdict}");
    assert_eq!(verdict["firstBad"], Value::Null, "{verdict}");
    let entries = i64::try_from(log(client, "").len()).expect("small");
    assert_eq!(verdict["entries"].as_i64(), Some(entries), "{verdict}");
}

#[test]
fn every_change_has_its_entry() {
    let app = App::start();
    let admin = app.as_admin();
    let drift = |name: &str| {
        admin
            .create(name, json!({"severity": "critical"}))
            .expect(201)
            .text("/data/id")
    };
    let (one, two, three) = (drift("i-1"), drift("i-2"), drift("i-3"));
    drift("i-4");
    admin.triage(&one).expect(200);
    admin.comment(&one, "what is this?").expect_any(&[200, 201]);
    admin.approve(&one, "it is to be reverted").expect(200);
    admin.reject(&two, "it is to stay as it is").expect(200);
    admin.resolve(&three, "manual-fix").expect(200);
    admin.push("shop/prod", "07-scan1.refresh.json").expect(201);
    admin.push("shop/prod", "07-scan2.refresh.json").expect(201);
    let alert = admin.all("/alerts", "isRead=false")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    admin
        .post_empty(&format!("/alerts/{alert}/mark-read"))
        .expect(200);
    admin.post_empty("/alerts/mark-all-read").expect(200);
    for (action, least) in [
        ("drift_created", 4),
        ("drift_triaged", 1),
        ("drift_commented", 1),
        ("drift_approved", 1),
        ("drift_rejected", 1),
        ("drift_resolved", 1),
        ("scan_received", 2),
        ("alert_read", 1),
        ("alerts_marked_all_read", 1),
    ] {
        let entries = log(&admin, &format!("action={action}"));
        assert!(
            entries.len() >= least,
            "{action}: {} entries",
            entries.len()
        );
        assert!(entries.iter().all(|entry| entry["action"] == action));
    }
    is_whole(&admin);
}

#[test]
fn an_entry_says_who_what_and_from_where() {
    let app = App::start();
    let admin = app.as_admin();
    let id = admin.new_drift("i-1");
    let headers = [
        ("x-correlation-id", "ticket-42"),
        ("user-agent", "a-test/1.0"),
    ];
    let body = json!({"reason": "it is to be reverted"});
    admin
        .post_with(&format!("/drifts/{id}/approve"), &headers, &body)
        .expect(200);
    let entries = log(&admin, "action=drift_approved");
    let entry = &entries[0];
    for field in FIELDS {
        assert!(entry.get(field).is_some(), "{field} is missing in {entry}");
    }
    assert_eq!(entry["driftId"], id.as_str());
    assert_eq!(entry["correlationId"], "ticket-42");
    assert_eq!(entry["userAgent"], "a-test/1.0");
    assert_eq!(entry["ipAddress"], "127.0.0.1");
    assert!(
        entry["actorEmail"].is_string() && entry["actorRole"].is_string(),
        "{entry}"
    );
    assert!(
        entry["oldValue"].to_string().contains("detected"),
        "{entry}"
    );
    assert!(
        entry["newValue"].to_string().contains("approved"),
        "{entry}"
    );
}

#[test]
fn entries_are_newest_first_and_chained() {
    let app = App::start();
    let admin = app.as_admin();
    for n in 0..30 {
        admin.new_drift(&format!("i-{n}"));
    }
    let entries = log(&admin, "");
    let seq = |entry: &Value| entry["seq"].as_i64().expect("a number");
    for two in entries.windows(2) {
        assert_eq!(seq(&two[0]), seq(&two[1]) + 1, "newest first, without gaps");
        assert_eq!(two[0]["prevHash"], two[1]["hash"]);
        assert_ne!(two[0]["hash"], two[1]["hash"]);
    }
    let verdict = admin.get("/audit-logs/verify").expect(200).data();
    assert_eq!(verdict["head"], entries[0]["hash"]);
    is_whole(&admin);
}

#[test]
fn the_log_is_filtered_and_exported() {
    let app = App::start();
    let admin = app.as_admin();
    let (one, _) = (admin.new_drift("i-1"), admin.new_drift("i-2"));
    admin.triage(&one).expect(200);
    let all = log(&admin, "");
    let actor = all[0]["actorId"].as_str().expect("an id").to_owned();
    assert_eq!(log(&admin, &format!("driftId={one}")).len(), 2);
    assert_eq!(
        log(&admin, &format!("actorId={actor}&action=drift_created")).len(),
        2
    );
    assert_eq!(log(&admin, "from=2099-01-01T00:00:00Z").len(), 0);
    assert_eq!(log(&admin, "to=2020-01-01T00:00:00Z").len(), 0);
    assert_eq!(log(&admin, "from=2020-01-01T00:00:00Z").len(), all.len());
    for wrong in ["driftId=1", "actorId=1", "action=danced", "from=then"] {
        admin
            .get(&format!("/audit-logs?{wrong}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    let export = admin.get("/audit-logs?format=ndjson").expect(200);
    assert!(
        export
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-ndjson"))
    );
    let text = export.body_text();
    assert_eq!(text.lines().count(), all.len());
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).expect("an entry a line");
        assert!(all.contains(&entry), "{entry}");
    }
}

#[test]
fn no_call_changes_an_entry() {
    let app = App::start();
    let admin = app.as_admin();
    admin.new_drift("i-1");
    let id = log(&admin, "")[0]["id"].as_str().expect("an id").to_owned();
    for method in ["DELETE", "PUT", "PATCH", "POST"] {
        for path in [
            "/api/v1/audit-logs".to_owned(),
            format!("/api/v1/audit-logs/{id}"),
        ] {
            let json = [("content-type", "application/json")];
            admin
                .send(method, &path, &json, Some(b"{}"))
                .expect_any(&[404, 405]);
        }
    }
    is_whole(&admin);
}

#[test]
fn a_refused_decision_leaves_no_entry() {
    let app = App::start();
    let admin = app.as_admin();
    let id = admin.new_drift("i-1");
    admin.resolve(&id, "manual-fix").expect(200);
    let before = log(&admin, "").len();
    admin.approve(&id, "it is too late for that").expect(409);
    admin.approve(&id, "short").expect(400);
    admin.push("w", "wrong-inputs/truncated.json").expect(422);
    assert_eq!(log(&admin, "").len(), before);
}

#[test]
fn the_chain_goes_on_after_a_restart() {
    let mut app = App::start();
    app.as_admin().new_drift("i-1");
    app.restart();
    app.as_admin().new_drift("i-2");
    is_whole(&app.as_admin());
    app.stop();
    let data = app.data_dir();
    driftsentry(
        &["check", "--data-dir", data.to_str().expect("a path")],
        b"",
    )
    .expect(0);
}
