//! One scan: what each fixture becomes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{App, FIXTURES, Plan, fixture, read_drift};

/// Address to kind of a workspace's open drifts, those of unapplied commits aside.
#[track_caller]
fn listed(app: &App, workspace: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    app.as_viewer()
        .drifts(&format!(
            "workspace={workspace}&status=open&kind=modified,missing,state_only,unmanaged"
        ))
        .iter()
        .map(|drift| (text(&drift["resourceAddress"]), text(&drift["kind"])))
        .collect()
}

#[track_caller]
fn becomes_what_drifted(suffix: &str) {
    let app = App::start();
    let mut failures = Vec::new();
    for name in FIXTURES {
        let file = format!("{name}.{suffix}");
        if name == "scale-100-scan2" && suffix == "plan.json" {
            continue; // There is no such plan.
        }
        let expected: BTreeMap<String, String> = read_drift(&file)
            .into_iter()
            .map(|(address, kind)| (address, kind.to_owned()))
            .collect();
        let workspace = format!("estate/{name}");
        let scan = app.as_engineer().push(&workspace, &file).expect(201);
        assert_eq!(scan.text("/data/status"), "complete", "{file}");
        let listed = listed(&app, &workspace);
        if scan.number("/data/counts/drifted") != i64::try_from(expected.len()).expect("small")
            || listed != expected
        {
            failures.push(format!(
                "{file}: counts {}\n  listed   {listed:?}\n  expected {expected:?}",
                scan.at("/data/counts")
            ));
        }
        let count = |field: &str| scan.number(&format!("/data/counts/{field}"));
        assert_eq!(
            count("new") + count("changed") + count("unchanged"),
            count("drifted"),
            "{file}"
        );
        assert_eq!(
            (count("resolved"), count("changed"), count("unchanged")),
            (0, 0, 0),
            "{file}: first of its workspace"
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_refresh_only_plan_becomes_what_drifted() {
    becomes_what_drifted("refresh.json");
}

#[test]
fn a_normal_plan_becomes_what_drifted() {
    becomes_what_drifted("plan.json");
}

#[test]
fn a_thousand_resources_are_read() {
    let app = App::start();
    let expected = read_drift("scale-1000-scan1.refresh.json");
    let scan = app
        .as_engineer()
        .push("big", "scale-1000-scan1.refresh.json")
        .expect(201);
    assert_eq!(
        scan.number("/data/counts/drifted"),
        i64::try_from(expected.len()).expect("small")
    );
    assert_eq!(listed(&app, "big").len(), expected.len());
}

#[test]
fn a_scan_tells_where_it_came_from() {
    let app = App::start();
    let engineer = app.as_engineer();
    let body = fixture("02-updates.plan.json");
    let path = "/api/v1/scans?workspace=shop%2Fprod&commit=4f1c2d3";
    let scan = engineer
        .send(
            "POST",
            path,
            &[("content-type", "application/json")],
            Some(&body),
        )
        .expect(201);
    let data = scan.data();
    assert_eq!(data["workspace"], "shop/prod");
    assert_eq!(
        (&data["tool"], &data["toolVersion"]),
        (&json!("terraform"), &json!("1.11.4"))
    );
    assert_eq!(data["commit"], "4f1c2d3");
    assert_eq!(data["problems"], json!([]));
    assert!(data["pushedBy"].is_string(), "{data}");
    assert_eq!(data["counts"]["resources"], 44);
    assert_eq!(data["counts"]["suppressed"], 0);
    let id = scan.text("/data/id");
    assert_eq!(
        engineer.get(&format!("/scans/{id}")).expect(200).data(),
        data
    );
    assert_eq!(engineer.all("/scans", "workspace=shop/prod").len(), 1);
    assert_eq!(engineer.all("/scans", "workspace=other").len(), 0);
    assert_eq!(engineer.all("/scans", "status=failed").len(), 0);
    for drift in engineer.drifts("workspace=shop/prod") {
        assert_eq!(drift["scanId"], id.as_str());
        assert_eq!(drift["detectedBy"], "api");
        assert!(drift["severityReason"].is_string(), "{drift}");
    }
}

#[test]
fn a_plan_of_code_not_yet_applied_is_pending_not_drift() {
    let app = App::start();
    let scan = app
        .as_engineer()
        .push("shop/prod", "12-accepted.plan.json")
        .expect(201);
    assert_eq!(scan.number("/data/counts/drifted"), 0);
    assert_eq!(scan.number("/data/counts/pending"), 2);
    let pending = app.as_viewer().drifts("workspace=shop/prod&kind=pending");
    let mut addresses: Vec<&Value> = pending
        .iter()
        .map(|drift| &drift["resourceAddress"])
        .collect();
    addresses.sort_by_key(|address| address.to_string());
    assert_eq!(addresses, ["aws_instance.bastion", "aws_instance.web[0]"]);
    assert!(
        pending.iter().all(|drift| drift["severity"] == "info"),
        "{pending:?}"
    );
    assert_eq!(app.as_viewer().all("/alerts", "").len(), 0);
}

#[test]
fn a_first_plan_is_all_pending() {
    let app = App::start();
    let scan = app
        .as_engineer()
        .push("new", "21-first-plan.plan.json")
        .expect(201);
    assert_eq!(scan.number("/data/counts/drifted"), 0);
    let plan: Value = serde_json::from_slice(&fixture("21-first-plan.plan.json")).expect("JSON");
    let creates = plan["resource_changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter(|change| {
            change["mode"] == "managed" && change["change"]["actions"] == json!(["create"])
        });
    assert_eq!(
        scan.number("/data/counts/pending"),
        i64::try_from(creates.count()).expect("small")
    );
}

#[test]
fn expected_is_the_plans_target_and_actual_is_live() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = Plan::normal()
        .updated(
            "aws_instance.web",
            json!({"id": "i-1", "size": "recorded"}),
            json!({"id": "i-1", "size": "live"}),
        )
        .change(
            "aws_instance.web",
            &["update"],
            json!({"id": "i-1", "size": "live"}),
            json!({"id": "i-1", "size": "target"}),
        );
    engineer.push_bytes("w", &plan.bytes(), &[]).expect(201);
    let drift = engineer.drift(
        engineer.drift_at("w", "aws_instance.web", "open")["id"]
            .as_str()
            .expect("an id"),
    );
    assert_eq!(drift["kind"], "modified");
    assert_eq!(drift["difference"]["/size"]["expected"], "target");
    assert_eq!(drift["difference"]["/size"]["actual"], "live");
    assert_eq!(drift["difference"]["/size"]["change"], "changed");
    assert_eq!(drift["difference"]["/size"]["sensitive"], false);
    assert_eq!(drift["expectedState"]["size"], "target");
    assert_eq!(drift["actualState"]["size"], "live");
    assert_eq!(drift["resourceId"], "i-1");
}

#[test]
fn a_difference_covers_both_sides() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = Plan::refresh_only().updated(
        "aws_instance.web",
        json!({"only_declared": 1, "both": 1, "a/b~c": 1}),
        json!({"both": 2, "only_live": 1, "a/b~c": 2}),
    );
    engineer.push_bytes("w", &plan.bytes(), &[]).expect(201);
    let drift = engineer.drift_at("w", "aws_instance.web", "open");
    let difference = drift["difference"].as_object().expect("an object");
    let changes: BTreeMap<&str, &str> = difference
        .iter()
        .map(|(pointer, entry)| (pointer.as_str(), entry["change"].as_str().expect("a text")))
        .collect();
    let expected = [
        ("/a~1b~0c", "changed"),
        ("/both", "changed"),
        ("/only_declared", "removed"),
        ("/only_live", "added"),
    ];
    assert_eq!(changes, BTreeMap::from(expected));
    assert_eq!(difference["/only_live"]["expected"], Value::Null);
}

#[test]
fn noise_is_no_drift() {
    let app = App::start();
    let quiet = Plan::refresh_only()
        .updated(
            "aws_a.x",
            json!({"v": null, "n": 1, "list": []}),
            json!({"v": "", "n": 1.0}),
        )
        .updated(
            "aws_b.x",
            json!({"policy": "{\"a\":1,\"b\":[1,2]}"}),
            json!({"policy": "{ \"b\": [1, 2], \"a\": 1 }"}),
        )
        .updated(
            "aws_c.x",
            json!({"set": ["a", "b", "c"]}),
            json!({"set": ["c", "a", "b"]}),
        );
    let scan = app
        .as_engineer()
        .push_bytes("w", &quiet.bytes(), &[])
        .expect(201);
    assert_eq!(
        scan.number("/data/counts/drifted"),
        0,
        "{:?}",
        listed(&app, "w")
    );
}

#[test]
fn numbers_keep_every_digit() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = String::from_utf8(
        Plan::refresh_only()
            .updated("aws_a.x", json!({"n": 1}), json!({"n": 424_242}))
            .bytes(),
    )
    .expect("text")
    .replace("424242", "9007199254740993");
    engineer.push_bytes("w", plan.as_bytes(), &[]).expect(201);
    let id = engineer.drift_at("w", "aws_a.x", "open")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let body = engineer
        .get(&format!("/drifts/{id}"))
        .expect(200)
        .body_text();
    assert!(body.contains("9007199254740993"), "{body}");
}

#[test]
fn severities_follow_the_shipped_rules() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = Plan::refresh_only()
        .updated(
            "aws_iam_role.app",
            json!({"max_session_duration": 3600}),
            json!({"max_session_duration": 43200}),
        )
        .updated(
            "aws_security_group.web",
            json!({"ingress": []}),
            json!({"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]}),
        )
        .updated(
            "aws_db_instance.main",
            json!({"publicly_accessible": false}),
            json!({"publicly_accessible": true}),
        )
        .deleted("aws_instance.gone", json!({"id": "i-9"}))
        .updated(
            "aws_instance.tagged",
            json!({"tags": {"team": "a"}}),
            json!({"tags": {"team": "b"}}),
        )
        .updated(
            "aws_instance.sized",
            json!({"instance_type": "t3.micro"}),
            json!({"instance_type": "m5.large"}),
        );
    engineer.push_bytes("w", &plan.bytes(), &[]).expect(201);
    for (address, severity) in [
        ("aws_iam_role.app", "critical"),
        ("aws_security_group.web", "critical"),
        ("aws_db_instance.main", "critical"),
        ("aws_instance.gone", "critical"),
        ("aws_instance.tagged", "info"),
        ("aws_instance.sized", "warning"),
    ] {
        let drift = engineer.drift_at("w", address, "open");
        assert_eq!(
            drift["severity"], severity,
            "{address}: {}",
            drift["severityReason"]
        );
    }
}
