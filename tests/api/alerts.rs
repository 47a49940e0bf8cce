//! Alerts: what makes one, and how it is read.

use std::thread;
use std::time::Duration;

use driftsentry::actor::Actor;
use driftsentry::check;
use driftsentry::store::{FILE_NAME, Options, Store};
use driftsentry::workspaces::{self, Details};
use serde_json::{Value, json};

use crate::harness::{App, Client, Plan, Stream};

const WEB: &str = "aws_instance.web";
const DB: &str = "aws_db_instance.main";

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
            "scanId",
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

#[test]
fn what_nobody_did_in_time_is_told_once() {
    let mut app = App::stopped();
    app.set(&[
        ("DRIFTSENTRY_ALERTS_APPROVAL_NEEDED_AFTER", "1s".to_owned()),
        (
            "DRIFTSENTRY_ALERTS_REMEDIATION_FAILED_AFTER",
            "1s".to_owned(),
        ),
    ]);
    app.start_again();
    let engineer = app.as_engineer();
    let both = tagged().deleted(DB, json!({"size": "large"}));
    push(&engineer, &both);
    let web = engineer.drift_at("shop/prod", WEB, "open");
    let web = web["id"].as_str().expect("an id").to_owned();
    engineer.approve(&web, "it was a mistake").expect(200);
    engineer
        .triage(&id_of(&engineer.drift_at("shop/prod", DB, "open")))
        .expect(200);
    let mut stream = Stream::open(&app.as_viewer(), "topics=alerts", None);
    thread::sleep(Duration::from_millis(1_100));

    let scan = engineer
        .push_bytes("shop/prod", &both.bytes(), &[])
        .expect(201);
    let told = stream.next().expect("it goes on");
    assert_eq!(
        (told.name.as_str(), &told.data["type"]),
        ("alert:created", &json!("remediation_failed"))
    );
    let failed = &alerts(&engineer, "type=remediation_failed")[0];
    assert_eq!(failed["severity"], "warning", "though its drift is info");
    assert_eq!(
        (&failed["driftId"], &failed["scanId"]),
        (&json!(web), &json!(scan.text("/data/id")))
    );
    assert_eq!(told.data["scanId"], failed["scanId"]);
    push(&engineer, &both);

    // It is looked for at each start.
    for _ in 0..2 {
        app.restart();
        let viewer = app.as_viewer();
        let mut stream = Stream::open(&viewer, "topics=alerts", Some(told.id));
        let told = stream.next().expect("it goes on");
        assert_eq!(
            (&told.data["type"], &told.data["severity"]),
            (&json!("approval_needed"), &json!("critical"))
        );
        for about in ["approval_needed", "remediation_failed"] {
            let query = format!("isRead=false&type={about}");
            assert_eq!(alerts(&viewer, &query).len(), 1, "{about}");
        }
    }
    let engineer = app.as_engineer();
    let needed = &alerts(&engineer, "type=approval_needed")[0];
    let drift = engineer.drift_at("shop/prod", DB, "triaged");
    assert_eq!(
        (&needed["driftId"], &needed["scanId"]),
        (&drift["id"], &Value::Null)
    );
    assert_eq!(engineer.drift(&id_of(&drift))["alertCount"], 2);
    engineer
        .approve(&id_of(&drift), "it was deleted by mistake")
        .expect(200);
    push(&engineer, &Plan::refresh_only());
    assert_eq!(unread(&engineer), 0, "decided on, or reverted");
    app.stop();
    let report = check::file(&app.data_dir().join(FILE_NAME)).expect("a database");
    assert!(report.sound, "{report}");
}

#[test]
fn a_workspace_that_is_not_scanned_is_told_of_once() {
    let mut app = App::stopped();
    set_up_hours_ago(&app, 13, "shop/prod", "6h");
    set_up_hours_ago(&app, 11, "shop/staging", "6h");
    for _ in 0..2 {
        app.start_again();
        let mut stream = Stream::open(&app.as_viewer(), "topics=alerts", Some(0));
        let told = stream.next().expect("it goes on").data;
        assert_eq!(
            (&told["type"], &told["workspace"], &told["severity"]),
            (
                &json!("workspace_silent"),
                &json!("shop/prod"),
                &json!("warning")
            )
        );
        assert_eq!(alerts(&app.as_viewer(), "").len(), 1);
        app.kill();
    }
    app.start_again();
    let engineer = app.as_engineer();
    let mut stream = Stream::open(&app.as_viewer(), "topics=alerts", None);
    push(&engineer, &Plan::refresh_only());
    assert_eq!(stream.next().expect("it goes on").name, "alert:read");
    let read = &alerts(&engineer, "type=workspace_silent")[0];
    assert_eq!(
        (&read["isRead"], &read["readBy"]),
        (&json!(true), &json!("engineer@test.example"))
    );
}

#[test]
fn less_is_expected_of_a_workspace_and_its_silence_is_over() {
    let mut app = App::stopped();
    set_up_hours_ago(&app, 13, "shop/prod", "6h");
    app.start_again();
    let admin = app.as_admin();
    let mut stream = Stream::open(&admin, "topics=alerts", Some(0));
    assert_eq!(stream.next().expect("it goes on").name, "alert:created");
    let id = id_of(&admin.all("/workspaces", "")[0]);
    let expect = |every: Value| {
        admin
            .patch(
                &format!("/workspaces/{id}"),
                &json!({"expectedEvery": every}),
            )
            .expect(200)
    };
    assert_eq!(expect(json!("5h")).at("/data/silent"), json!(true));
    assert_eq!(unread(&admin), 1, "it still is silent");
    assert_eq!(expect(json!("1d")).at("/data/silent"), json!(false));
    assert_eq!(unread(&admin), 0);
}

#[test]
fn one_cause_of_failing_makes_one_alert_until_it_is_read() {
    let app = App::start();
    let engineer = app.as_engineer();
    let errored = Plan::normal().with("errored", json!(true));
    let failed = |count| {
        push(&engineer, &errored);
        assert_eq!(alerts(&engineer, "type=scan_failed").len(), count);
    };
    failed(1);
    failed(1);
    engineer.post_empty("/alerts/mark-all-read").expect(200);
    failed(2);
    failed(2);
    push(&engineer, &Plan::normal());
    failed(3);
    engineer
        .push_bytes("shop/staging", &errored.bytes(), &[])
        .expect(201);
    assert_eq!(alerts(&engineer, "type=scan_failed").len(), 4);
}

#[track_caller]
fn id_of(view: &Value) -> String {
    view["id"].as_str().expect("an id").to_owned()
}

/// A workspace that was set up so many hours ago, and never scanned.
fn set_up_hours_ago(app: &App, hours: i64, name: &'static str, every: &str) {
    let options = Options {
        min_free_bytes: Some(0),
        ..Options::new(app.data_dir())
    };
    let store = Store::open(options).expect("a store");
    let details = Details {
        expected_every: Some(Some(every.parse().expect("an interval"))),
        ..Details::default()
    };
    let made = store.write_blocking(move |read, now| {
        let (by, then) = (Actor::system("test"), now.plus_ms(-hours * 3_600_000));
        workspaces::create(read, name, &details, &by, then)
    });
    made.expect("it is made");
    store.close();
}
