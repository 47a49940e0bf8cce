//! Drifts made by hand.

use serde_json::{Value, json};

use crate::harness::App;

#[test]
fn a_drift_is_made_by_hand() {
    let app = App::start();
    let engineer = app.as_engineer();
    let made = engineer
        .create(
            "i-1",
            json!({"severity": "critical", "costImpactMonthly": 560.64, "accountId": "111122223333", "detectedBy": "manual"}),
        )
        .expect(201);
    let drift = engineer.drift(&made.text("/data/id"));
    for (field, value) in [
        ("workspace", json!("by-hand")),
        ("resourceId", json!("i-1")),
        ("resourceType", json!("aws_instance")),
        ("resourceAddress", json!("aws_instance.i-1")),
        ("region", json!("eu-west-1")),
        ("accountId", json!("111122223333")),
        ("severity", json!("critical")),
        ("status", json!("detected")),
        ("kind", json!("modified")),
        ("detectedBy", json!("manual")),
        ("currency", json!("USD")),
        ("expectedState", json!({"instance_type": "t3.micro"})),
        ("actualState", json!({"instance_type": "m5.4xlarge"})),
        ("scanId", Value::Null),
        ("recurrenceOf", Value::Null),
        ("canApprove", json!(true)),
    ] {
        assert_eq!(drift[field], value, "{field}");
    }
    assert_eq!(drift["costImpactMonthly"].as_f64(), Some(560.64));
    assert_eq!(
        drift["difference"]["/instance_type"]["actual"],
        "m5.4xlarge"
    );
    let only_listed = engineer.drifts("status=all");
    assert_eq!(only_listed.len(), 1);
    assert!(
        only_listed[0]
            .get("expectedState")
            .is_none_or(Value::is_null),
        "a list item leaves the states out"
    );
}

#[test]
fn the_least_that_is_needed_is_enough() {
    let app = App::start();
    let body = json!({
        "resourceId": "i-1", "resourceType": "aws_instance", "region": "eu-west-1",
        "expectedState": {"tags": {"a": 1}}, "actualState": {"tags": {"a": 2}},
    });
    let made = app.as_engineer().post("/drifts", &body).expect(201);
    assert_eq!(
        made.text("/data/severity"),
        "info",
        "decided by the rules: only a tag changed"
    );
}

#[test]
fn what_is_needed_is_asked_for() {
    let app = App::start();
    let engineer = app.as_engineer();
    for field in [
        "resourceId",
        "resourceType",
        "region",
        "expectedState",
        "actualState",
    ] {
        let mut body = json!({
            "resourceId": "i-1", "resourceType": "aws_instance", "region": "eu-west-1",
            "expectedState": {"a": 1}, "actualState": {"a": 2},
        });
        body.as_object_mut().expect("an object").remove(field);
        let said = engineer
            .post("/drifts", &body)
            .expect(400)
            .code("VALIDATION_ERROR")
            .body_text();
        assert!(said.contains(field), "it must name {field}: {said}");
    }
    assert_eq!(engineer.drifts("status=all").len(), 0);
}

#[test]
fn two_equal_states_are_no_drift() {
    let app = App::start();
    let engineer = app.as_engineer();
    for actual in [
        json!({"a": 1, "b": {"c": [1, 2]}}),
        json!({"b": {"c": [1, 2]}, "a": 1}),
    ] {
        let equal = json!({"expectedState": {"a": 1, "b": {"c": [1, 2]}}, "actualState": actual});
        engineer
            .create("i-1", equal)
            .expect(400)
            .code("VALIDATION_ERROR");
    }
}

#[test]
fn the_same_resource_again_within_the_hour_is_a_conflict() {
    let app = App::start();
    let engineer = app.as_engineer();
    let first = engineer.new_drift("i-1");
    let again = engineer
        .create("i-1", Value::Null)
        .expect(409)
        .code("CONFLICT");
    assert_eq!(again.text("/error/details/existingId"), first);
    engineer.create("i-2", Value::Null).expect(201);
    engineer.resolve(&first, "manual-fix").expect(200);
    let next = engineer.create("i-1", Value::Null).expect(201);
    assert_ne!(next.text("/data/id"), first, "a resolved one is final");
}

#[test]
fn a_secret_made_by_hand_is_not_kept() {
    let app = App::start();
    let engineer = app.as_engineer();
    let states = json!({
        "expectedState": {"password": "correct-horse-1"}, "actualState": {"password": "battery-staple-2"},
    });
    let made = engineer.create("i-1", states).expect(201);
    let id = made.text("/data/id");
    let read = engineer.get(&format!("/drifts/{id}")).expect(200);
    for answer in [made, read] {
        for secret in ["correct-horse-1", "battery-staple-2"] {
            assert!(
                !answer.body_text().contains(secret),
                "{}",
                answer.body_text()
            );
        }
        assert_eq!(
            answer.at("/data/difference/~1password/sensitive"),
            json!(true)
        );
        assert_eq!(
            answer.at("/data/difference/~1password/actual"),
            json!("(sensitive)")
        );
    }
}
