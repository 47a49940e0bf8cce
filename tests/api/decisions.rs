//! Triage, approve, reject, resolve; comments and the timeline.

use serde_json::{Value, json};

use crate::harness::{App, Client};

const STATUSES: [&str; 5] = ["detected", "triaged", "approved", "rejected", "resolved"];

/// Each action, the status it leads to, and the statuses it may start from.
const MOVES: [(&str, &str, &[&str]); 4] = [
    ("triage", "triaged", &["detected"]),
    ("approve", "approved", &["detected", "triaged"]),
    ("reject", "rejected", &["detected", "triaged"]),
    (
        "resolve",
        "resolved",
        &["detected", "triaged", "approved", "rejected"],
    ),
];

/// A new drift brought to a status.
#[track_caller]
fn in_status(client: &Client, name: &str, status: &str) -> String {
    let id = client.new_drift(name);
    if let Some((action, ..)) = MOVES.iter().find(|(_, to, _)| *to == status) {
        client.decide(&id, action).expect(200);
    }
    assert_eq!(client.drift(&id)["status"], status);
    id
}

#[test]
fn every_move_is_allowed_or_refused_by_the_table() {
    let app = App::start();
    let engineer = app.as_engineer();
    for from in STATUSES {
        for (action, to, allowed) in MOVES {
            let id = in_status(&engineer, &format!("{from}-{action}"), from);
            let before = engineer.drift(&id);
            let answer = engineer.decide(&id, action);
            if allowed.contains(&from) {
                assert_eq!(
                    answer.expect(200).text("/data/status"),
                    to,
                    "{action} from {from}"
                );
            } else {
                let message = answer.expect(409).code("CONFLICT").message();
                assert!(
                    message.contains(from) && message.contains(to),
                    "both states of {from} → {to}: {message}"
                );
                assert_eq!(
                    engineer.drift(&id),
                    before,
                    "a refused {action} of a {from} drift changes nothing"
                );
            }
        }
    }
}

#[test]
fn a_drift_says_what_can_be_done_with_it() {
    let app = App::start();
    let engineer = app.as_engineer();
    for status in STATUSES {
        let drift = engineer.drift(&in_status(&engineer, status, status));
        for (action, _, allowed) in MOVES {
            let flag = format!("can{}{}", action[..1].to_uppercase(), &action[1..]);
            assert_eq!(
                drift[&flag],
                allowed.contains(&status),
                "{flag} of a {status} drift"
            );
        }
    }
}

#[test]
fn a_decision_is_kept_with_its_reason_and_its_maker() {
    let app = App::start();
    let engineer = app.as_engineer();
    let approved = engineer.new_drift("i-1");
    let drift = engineer
        .approve(&approved, "the port was opened by mistake")
        .expect(200)
        .data();
    assert_eq!(drift["approvalReason"], "the port was opened by mistake");
    assert!(
        drift["approvedAt"].is_string() && !drift["approvedBy"].is_null(),
        "{drift}"
    );
    assert_eq!(drift["rejectedAt"], Value::Null);
    let rejected = engineer.new_drift("i-2");
    let drift = engineer
        .reject(&rejected, "the load asks for it now")
        .expect(200)
        .data();
    assert_eq!(drift["rejectionReason"], "the load asks for it now");
    assert!(
        drift["rejectedAt"].is_string() && !drift["rejectedBy"].is_null(),
        "{drift}"
    );
    let resolved = engineer.new_drift("i-3");
    let drift = engineer
        .resolve(&resolved, "acknowledged")
        .expect(200)
        .data();
    assert!(drift["resolvedAt"].is_string(), "{drift}");
    assert_eq!(drift["resolvedHow"], "acknowledged");
    let triaged = engineer.new_drift("i-4");
    let body = json!({"note": "looks odd", "assignee": "kim@example.com"});
    let drift = engineer
        .post(&format!("/drifts/{triaged}/triage"), &body)
        .expect(200)
        .data();
    assert_eq!(drift["assignee"], "kim@example.com");
    assert_eq!(engineer.drifts("assignee=kim%40example.com").len(), 1);
}

#[test]
fn a_reason_is_10_to_1000_characters() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    for action in ["approve", "reject"] {
        for reason in [
            "",
            "too short",
            &"x".repeat(1001),
            "nul\u{0} in the middle of it",
        ] {
            let path = format!("/drifts/{id}/{action}");
            let answer = engineer.post(&path, &json!({ "reason": reason }));
            answer.expect(400).code("VALIDATION_ERROR").field("reason");
        }
        engineer
            .post(&format!("/drifts/{id}/{action}"), &json!({}))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    assert_eq!(engineer.drift(&id)["status"], "detected");
    engineer.approve(&id, "漢字で十文字の理由だ").expect(200);
    let other = engineer.new_drift("i-2");
    engineer.reject(&other, &"é".repeat(1000)).expect(200);
}

#[test]
fn how_it_was_resolved_is_one_of_three() {
    let app = App::start();
    let engineer = app.as_engineer();
    for how in ["auto-remediate", "manual-fix", "acknowledged"] {
        let id = engineer.new_drift(how);
        assert_eq!(
            engineer
                .resolve(&id, how)
                .expect(200)
                .text("/data/resolvedHow"),
            how
        );
    }
    let id = engineer.new_drift("i-1");
    engineer
        .resolve(&id, "prayer")
        .expect(400)
        .code("VALIDATION_ERROR");
    engineer
        .post(&format!("/drifts/{id}/resolve"), &json!({}))
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn if_match_guards_a_decision() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    let etag = |id: &str| {
        let answer = engineer.get(&format!("/drifts/{id}")).expect(200);
        answer.header("etag").expect("an ETag").to_owned()
    };
    let old = etag(&id);
    assert!(old.ends_with('"'), "an ETag is quoted: {old}");
    assert_eq!(etag(&id), old, "it is stable");
    engineer.triage(&id).expect(200);
    let new = etag(&id);
    assert_ne!(new, old);
    let approve = |tag: &str| {
        let body = json!({"reason": "agreed with the whole team"});
        engineer.post_with(
            &format!("/drifts/{id}/approve"),
            &[("if-match", tag)],
            &body,
        )
    };
    approve(&old).expect(412).code("PRECONDITION_FAILED");
    approve("\"nonsense\"")
        .expect(412)
        .code("PRECONDITION_FAILED");
    assert_eq!(engineer.drift(&id)["status"], "triaged");
    approve(&new).expect(200);
}

#[test]
fn a_comment_shows_in_the_timeline() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    engineer
        .comment(&id, "who opened this?\n<b>not markup</b> 漢")
        .expect_any(&[200, 201]);
    engineer
        .comment(&id, &"x".repeat(4000))
        .expect_any(&[200, 201]);
    for body in ["", &"x".repeat(4001), "nul\u{0}"] {
        engineer
            .comment(&id, body)
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    let texts = timeline(&engineer, &id).to_string();
    assert!(texts.contains("who opened this?"), "{texts}");
    assert_eq!(engineer.drift(&id)["status"], "detected");
}

#[test]
fn the_timeline_is_oldest_first_and_says_who() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    engineer
        .post(
            &format!("/drifts/{id}/triage"),
            &json!({"note": "to be looked at"}),
        )
        .expect(200);
    engineer
        .comment(&id, "a comment in between")
        .expect_any(&[200, 201]);
    engineer.approve(&id, "it is to be reverted").expect(200);
    engineer.resolve(&id, "manual-fix").expect(200);
    let timeline = timeline(&engineer, &id);
    let entries = timeline.as_array().expect("a list");
    let position = |text: &str| {
        let found = entries
            .iter()
            .position(|entry| entry.to_string().contains(text));
        found.unwrap_or_else(|| panic!("{text:?} is nowhere in {timeline}"))
    };
    let order = [
        "to be looked at",
        "a comment in between",
        "it is to be reverted",
        "manual-fix",
    ]
    .map(position);
    assert!(order.is_sorted(), "{order:?} in {timeline}");
    let times: Vec<&str> = entries
        .iter()
        .map(|entry| entry["timestamp"].as_str().expect("a time"))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    for entry in entries {
        for field in [
            "id",
            "timestamp",
            "actorEmail",
            "actorRole",
            "action",
            "message",
            "metadata",
        ] {
            assert!(entry.get(field).is_some(), "{field} is missing in {entry}");
        }
    }
    let approval = &entries[order[2]];
    assert!(
        approval["actorEmail"].is_string() && approval["actorRole"].is_string(),
        "{approval}"
    );
}

/// The entries of a drift's timeline, a plain list or a page of one.
#[track_caller]
fn timeline(client: &Client, id: &str) -> Value {
    let data = client
        .get(&format!("/drifts/{id}/timeline"))
        .expect(200)
        .data();
    data.get("items").cloned().unwrap_or(data)
}
