//! One decision on many drifts.

use serde_json::{Value, json};

use crate::harness::App;

#[test]
fn each_drift_has_its_own_result() {
    let app = App::start();
    let engineer = app.as_engineer();
    let nobody = "01990000-0000-7000-8000-000000000000";
    let (open, done) = (engineer.new_drift("i-1"), engineer.new_drift("i-2"));
    engineer.resolve(&done, "manual-fix").expect(200);
    let body =
        json!({"action": "approve", "ids": [open, done, nobody], "reason": "agreed with the team"});
    let bulk = engineer.post("/drifts/bulk", &body).expect(200);
    assert_eq!(
        ["total", "succeeded", "failed"].map(|field| bulk.number(&format!("/data/{field}"))),
        [3, 1, 2]
    );
    let results = bulk.at("/data/results");
    assert_eq!(
        (&results[0]["id"], &results[0]["ok"], &results[0]["error"]),
        (&json!(open), &json!(true), &Value::Null)
    );
    assert_eq!(
        (&results[1]["id"], &results[1]["ok"]),
        (&json!(done), &json!(false))
    );
    assert_eq!(
        results[1]["error"]["code"], "CONFLICT",
        "what the single call would say: {results}"
    );
    assert_eq!(
        results[2]["error"]["code"], "NOT_FOUND",
        "what the single call would say: {results}"
    );
    assert_eq!(engineer.drift(&open)["status"], "approved");
    assert_eq!(
        app.as_admin()
            .all("/audit-logs", "action=drift_approved")
            .len(),
        1
    );
}

#[test]
fn a_filter_decides_on_what_was_seen_or_on_nothing() {
    let app = App::start();
    let engineer = app.as_engineer();
    for n in 0..5 {
        let workspace = if n < 3 { "shop/prod" } else { "shop/staging" };
        engineer
            .create(&format!("i-{n}"), json!({ "workspace": workspace }))
            .expect(201);
    }
    let bulk = |expected: i64| {
        let filter = json!({"workspace": "shop/prod", "status": "open"});
        let body = json!({"action": "resolve", "filter": filter, "expectedTotal": expected, "resolvedHow": "manual-fix"});
        engineer.post("/drifts/bulk", &body)
    };
    for wrong in [2, 4, 0] {
        bulk(wrong).expect(409).code("CONFLICT");
    }
    assert_eq!(engineer.drifts("status=open").len(), 5, "it did nothing");
    assert_eq!(bulk(3).expect(200).number("/data/succeeded"), 3);
    assert_eq!(engineer.drifts("status=resolved").len(), 3);
    assert_eq!(
        engineer.drifts("status=open&workspace=shop/staging").len(),
        2
    );
}

#[test]
fn every_action_works_in_bulk() {
    let app = App::start();
    let engineer = app.as_engineer();
    for (action, status, rest) in [
        ("triage", "triaged", json!({"assignee": "kim@example.com"})),
        (
            "approve",
            "approved",
            json!({"reason": "it is to be reverted"}),
        ),
        (
            "reject",
            "rejected",
            json!({"reason": "it is to stay as it is"}),
        ),
        (
            "resolve",
            "resolved",
            json!({"resolvedHow": "acknowledged"}),
        ),
    ] {
        let id = engineer.new_drift(action);
        let mut body = json!({"action": action, "ids": [id]});
        for (name, value) in rest.as_object().expect("an object") {
            body[name] = value.clone();
        }
        assert_eq!(
            engineer
                .post("/drifts/bulk", &body)
                .expect(200)
                .number("/data/succeeded"),
            1,
            "{action}"
        );
        assert_eq!(engineer.drift(&id)["status"], status);
    }
}

#[test]
fn what_is_missing_or_too_much_is_refused() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    let many: Vec<&str> = std::iter::repeat_n(id.as_str(), 1001).collect();
    for body in [
        json!({"action": "approve", "ids": [id]}),
        json!({"action": "approve", "ids": [id], "reason": "short"}),
        json!({"action": "resolve", "ids": [id]}),
        json!({"action": "dance", "ids": [id]}),
        json!({"action": "triage"}),
        json!({"action": "triage", "filter": {"status": "open"}}),
        json!({"action": "triage", "ids": [id], "filter": {"status": "open"}, "expectedTotal": 1}),
        json!({"action": "triage", "ids": ["not-an-id"]}),
        json!({"action": "triage", "ids": many}),
        json!({"action": "triage", "filter": {"colour": "red"}, "expectedTotal": 1}),
    ] {
        engineer
            .post("/drifts/bulk", &body)
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    assert_eq!(engineer.drift(&id)["status"], "detected");
}

#[test]
fn a_thousand_at_once_are_decided() {
    let app = App::start();
    let engineer = app.as_engineer();
    let mut plan = crate::harness::Plan::refresh_only();
    for n in 0..1000 {
        plan = plan.updated(
            &format!("aws_instance.n{n}"),
            json!({"size": 1}),
            json!({"size": 2}),
        );
    }
    engineer.push_bytes("w", &plan.bytes(), &[]).expect(201);
    let body = json!({
        "action": "reject", "filter": {"workspace": "w", "status": "open"}, "expectedTotal": 1000,
        "reason": "a test of the load",
    });
    assert_eq!(
        engineer
            .post("/drifts/bulk", &body)
            .expect(200)
            .number("/data/succeeded"),
        1000
    );
    assert_eq!(
        engineer
            .get("/drifts?status=rejected&limit=1")
            .expect(200)
            .number("/data/pagination/total"),
        1000
    );
}
