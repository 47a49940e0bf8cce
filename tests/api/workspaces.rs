//! Workspaces: made by hand or by a first scan.

use serde_json::{Value, json};

use crate::harness::{App, encode};

#[test]
fn a_workspace_is_made_changed_and_deleted() {
    let app = App::start();
    let admin = app.as_admin();
    let body = json!({
        "name": "shop/prod", "environment": "production", "labels": {"team": "payments"}, "expectedEvery": "6h",
        "description": "the shop",
    });
    let made = admin.post("/workspaces", &body).expect(201).data();
    for (field, value) in body.as_object().expect("an object") {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["silent"], false);
    let path = format!("/workspaces/{}", made["id"].as_str().expect("an id"));
    assert_eq!(admin.get(&path).expect(200).text("/data/name"), "shop/prod");
    admin
        .post("/workspaces", &body)
        .expect(409)
        .code("CONFLICT");
    let changed = admin
        .patch(
            &path,
            &json!({"description": "another", "expectedEvery": "1d"}),
        )
        .expect(200)
        .data();
    assert_eq!(
        (&changed["description"], &changed["expectedEvery"]),
        (&json!("another"), &json!("1d"))
    );
    assert_eq!(
        changed["environment"], "production",
        "what is not named stays"
    );
    let cleared = admin
        .patch(&path, &json!({"expectedEvery": null}))
        .expect(200)
        .data();
    assert_eq!(cleared["expectedEvery"], Value::Null);
    admin.delete(&path).expect_any(&[200, 204]);
    admin.get(&path).expect(404).code("NOT_FOUND");
}

#[test]
fn a_name_has_rules() {
    let app = App::start();
    let admin = app.as_admin();
    let longest = "x".repeat(128);
    for name in ["a", "shop/prod", "a.b_c-d/e", "9", &longest] {
        admin
            .post("/workspaces", &json!({ "name": name }))
            .expect(201);
    }
    let long = "x".repeat(129);
    for name in [
        "", "A", "a b", "-a", "a-", "/a", "a/", ".a", "a_", "ä", "a\u{0}b", "a%b", &long,
    ] {
        admin
            .post("/workspaces", &json!({ "name": name }))
            .expect(400)
            .code("VALIDATION_ERROR")
            .field("name");
    }
    admin
        .post("/workspaces", &json!({}))
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn an_interval_is_a_duration() {
    let app = App::start();
    let admin = app.as_admin();
    for (n, every) in ["6h", "1d", "30m"].into_iter().enumerate() {
        admin
            .post(
                "/workspaces",
                &json!({"name": format!("ok{n}"), "expectedEvery": every}),
            )
            .expect(201);
    }
    for every in [
        json!(""),
        json!("soon"),
        json!("6"),
        json!("-1h"),
        json!("0m"),
        json!(6),
        json!("99999999999d"),
    ] {
        let answer = admin.post(
            "/workspaces",
            &json!({"name": "wrong", "expectedEvery": every}),
        );
        answer.expect(400).code("VALIDATION_ERROR");
    }
}

#[test]
fn a_scan_makes_its_workspace() {
    let app = App::start();
    let engineer = app.as_engineer();
    let scan = engineer
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let workspaces = engineer.all("/workspaces", "");
    assert_eq!(workspaces.len(), 1);
    let workspace = &workspaces[0];
    assert_eq!(workspace["name"], "shop/prod");
    assert!(
        workspace.to_string().contains(&scan.text("/data/id")),
        "its last scan: {workspace}"
    );
    let drifts = engineer.drifts("status=open");
    let open: i64 = ["critical", "warning", "info"]
        .iter()
        .map(|severity| {
            let counted = drifts
                .iter()
                .filter(|drift| drift["severity"] == *severity)
                .count();
            let said = number(workspace, severity);
            assert_eq!(
                Some(i64::try_from(counted).expect("small")),
                said,
                "{severity} in {workspace}"
            );
            said.unwrap_or(0)
        })
        .sum();
    assert_eq!(open, 6);
}

/// The number under a key of this name, wherever it stands.
fn number(value: &Value, name: &str) -> Option<i64> {
    let object = value.as_object()?;
    object
        .get(name)
        .and_then(Value::as_i64)
        .or_else(|| object.values().find_map(|inner| number(inner, name)))
}

#[test]
fn workspaces_are_found_by_name() {
    let app = App::start();
    let admin = app.as_admin();
    for name in ["shop/prod", "shop/staging", "billing"] {
        admin.workspace(name);
    }
    assert_eq!(admin.all("/workspaces", "").len(), 3);
    let found = admin.all("/workspaces", &format!("name={}", encode("shop/prod")));
    assert_eq!(found.len(), 1);
    assert_eq!(admin.all("/workspaces", "name=nothing").len(), 0);
}

#[test]
fn one_with_open_drifts_is_not_deleted_by_mistake() {
    let app = App::start();
    let admin = app.as_admin();
    admin.push("shop/prod", "07-scan1.refresh.json").expect(201);
    let id = admin.all("/workspaces", "")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    admin
        .delete(&format!("/workspaces/{id}"))
        .expect(409)
        .code("CONFLICT");
    assert_eq!(admin.drifts("status=open").len(), 6);
    admin
        .delete(&format!("/workspaces/{id}?resolve=nonsense"))
        .expect(400)
        .code("VALIDATION_ERROR");
    admin
        .delete(&format!("/workspaces/{id}?resolve=acknowledged"))
        .expect_any(&[200, 204]);
    assert_eq!(admin.all("/workspaces", "").len(), 0);
    assert_eq!(admin.drifts("status=open").len(), 0);
    for drift in admin.drifts("status=resolved") {
        assert_eq!(drift["resolvedHow"], "acknowledged");
    }
    assert_eq!(
        admin
            .get("/metrics/summary")
            .expect(200)
            .number("/data/drifts/open"),
        0
    );
}
