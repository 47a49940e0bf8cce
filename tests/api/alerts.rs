//! Alerts: what makes one, and how it is read.

use serde_json::{Value, json};

use crate::harness::{App, Client, Plan};

const WEB: &str = "aws_instance.web";

fn alerts(client: &Client, query: &str) -> Vec<Value> {
    client.all("/alerts", query)
}

/// How many alerts are unread, by the count of its own.
#[track_caller]
fn unread(client: &Client) -> i64 {
    let data = client.get("/alerts/unread-count").expect(200).data();
    let count = data
        .as_i64()
        .or_else(|| data["count"].as_i64())
        .or_else(|| data["unread"].as_i64());
    count.unwrap_or_else(|| panic!("a count, not {data}"))
}

#[track_caller]
fn push(client: &Client, plan: &Plan) {
    client
        .push_bytes("shop/prod", &plan.bytes(), &[])
        .expect(201);
}

fn tagged() -> Plan {
    Plan::refresh_only().updated(
        WEB,
        json!({"tags": {"team": "a"}}),
        json!({"tags": {"team": "b"}}),
    )
}

fn gone() -> Plan {
    Plan::refresh_only().deleted(WEB, json!({"tags": {"team": "a"}}))
}

#[test]
fn each_new_critical_drift_makes_one_alert() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let critical = engineer.drifts("severity=critical");
    assert!(
        critical.len() >= 2,
        "a deleted bucket and an opened security group are critical: {critical:?}"
    );
    let made = alerts(&engineer, "");
    assert_eq!(made.len(), critical.len());
    for alert in &made {
        for field in [
            "id",
            "driftId",
            "workspace",
            "type",
            "severity",
            "title",
            "message",
            "isRead",
            "readAt",
            "readBy",
            "createdAt",
        ] {
            assert!(alert.get(field).is_some(), "{field} is missing in {alert}");
        }
        assert_eq!(
            (&alert["type"], &alert["severity"]),
            (&json!("drift_detected"), &json!("critical"))
        );
        assert_eq!(
            (&alert["isRead"], &alert["readAt"]),
            (&json!(false), &Value::Null)
        );
        assert!(
            critical.iter().any(|drift| drift["id"] == alert["driftId"]),
            "{alert}"
        );
    }
    assert_eq!(unread(&engineer), i64::try_from(made.len()).expect("small"));
    engineer
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    assert_eq!(alerts(&engineer, "").len(), made.len(), "merely seen again");
}

#[test]
fn one_that_gets_worse_makes_another() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &tagged());
    assert_eq!(alerts(&engineer, "").len(), 0, "a tag is info");
    push(&engineer, &gone());
    assert_eq!(
        engineer.drift_at("shop/prod", WEB, "open")["severity"],
        "critical"
    );
    assert_eq!(alerts(&engineer, "type=drift_detected").len(), 1);
    push(&engineer, &gone());
    assert_eq!(alerts(&engineer, "").len(), 1);
}

#[test]
fn one_that_returns_makes_another() {
    let app = App::start();
    let engineer = app.as_engineer();
    for (plan, count) in [(gone(), 1), (Plan::refresh_only(), 1), (gone(), 2)] {
        push(&engineer, &plan);
        assert_eq!(alerts(&engineer, "type=drift_detected").len(), count);
    }
}

#[test]
fn a_decision_reads_the_drifts_alerts() {
    let app = App::start();
    let engineer = app.as_engineer();
    for action in ["approve", "reject", "resolve"] {
        let made = engineer
            .create(action, json!({"severity": "critical"}))
            .expect(201);
        let id = made.text("/data/id");
        let of = format!("driftId={id}");
        assert_eq!(alerts(&engineer, &of).len(), 1, "{action}");
        assert_eq!(engineer.drift(&id)["alertCount"], 1);
        engineer.decide(&id, action).expect(200);
        let read = &alerts(&engineer, &of)[0];
        assert_eq!(read["isRead"], true, "{action}: {read}");
        assert!(
            read["readAt"].is_string() && !read["readBy"].is_null(),
            "{action}: {read}"
        );
    }
    assert_eq!(unread(&engineer), 0);
}

#[test]
fn an_alert_is_marked_read_once() {
    let app = App::start();
    let viewer = app.as_viewer();
    app.as_engineer()
        .create("i-1", json!({"severity": "critical"}))
        .expect(201);
    let id = alerts(&viewer, "isRead=false")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/alerts/{id}/mark-read");
    viewer.post_empty(&path).expect(200);
    let read = alerts(&viewer, "isRead=true");
    assert_eq!((read.len(), &read[0]["isRead"]), (1, &json!(true)));
    viewer.post_empty(&path).expect(200);
    assert_eq!(
        alerts(&viewer, "")[0]["readAt"],
        read[0]["readAt"],
        "the first reading stands"
    );
    assert_eq!(
        app.as_admin().all("/audit-logs", "action=alert_read").len(),
        1,
        "and is written down once"
    );
    assert_eq!(unread(&viewer), 0);
}

#[test]
fn all_are_marked_read_at_once() {
    let app = App::start();
    let engineer = app.as_engineer();
    for n in 0..5 {
        engineer
            .create(&format!("i-{n}"), json!({"severity": "critical"}))
            .expect(201);
    }
    assert_eq!(unread(&engineer), 5);
    assert_eq!(
        engineer
            .post_empty("/alerts/mark-all-read")
            .expect(200)
            .number("/data/count"),
        5
    );
    assert_eq!(unread(&engineer), 0);
    assert_eq!(
        engineer
            .post_empty("/alerts/mark-all-read")
            .expect(200)
            .number("/data/count"),
        0
    );
    assert_eq!(alerts(&engineer, "isRead=true").len(), 5);
}

#[test]
fn alerts_are_filtered() {
    let app = App::start();
    let engineer = app.as_engineer();
    push(&engineer, &gone());
    engineer
        .create("i-1", json!({"severity": "critical"}))
        .expect(201);
    for (query, count) in [
        ("workspace=shop/prod", 1),
        ("workspace=by-hand", 1),
        ("workspace=none", 0),
        ("severity=critical", 2),
        ("severity=info", 0),
        ("type=drift_detected", 2),
        ("type=scan_failed", 0),
        ("isRead=false", 2),
        ("isRead=true", 0),
    ] {
        assert_eq!(alerts(&engineer, query).len(), count, "{query}");
    }
    for wrong in ["isRead=maybe", "type=fire", "severity=high", "driftId=7"] {
        engineer
            .get(&format!("/alerts?{wrong}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
}
