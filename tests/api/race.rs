//! Two people deciding at once.

use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::Value;

use crate::harness::{Answer, App, Client};

/// Both decisions on one drift, sent together.
fn together(client: &Client, id: &str, actions: [&'static str; 2]) -> [Answer; 2] {
    let barrier = Arc::new(Barrier::new(2));
    actions
        .map(|action| {
            let (client, id, barrier) = (client.clone(), id.to_owned(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                client.decide(&id, action)
            })
        })
        .map(|deciding| {
            deciding
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
}

#[track_caller]
fn one_wins(actions: [&'static str; 2]) {
    let app = App::start();
    let engineer = app.as_engineer();
    for round in 0..20 {
        let id = engineer.new_drift(&format!("i-{round}"));
        let answers = together(&engineer, &id, actions);
        let winners: Vec<&Answer> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .collect();
        let [winner] = winners[..] else {
            panic!("round {round}: exactly one wins: {answers:?}");
        };
        let status = winner.text("/data/status");
        let loser = answers
            .iter()
            .find(|answer| answer.status != 200)
            .expect("one loses");
        let message = loser.clone().expect(409).code("CONFLICT").message();
        assert!(
            message.contains(&status),
            "the loser reads the winner's decision, {status}: {message}"
        );

        assert_eq!(engineer.drift(&id)["status"], status.as_str());
        let decisions: Vec<Value> = app
            .as_admin()
            .all("/audit-logs", &format!("driftId={id}"))
            .into_iter()
            .filter(|entry| {
                entry["action"] == "drift_approved" || entry["action"] == "drift_rejected"
            })
            .collect();
        assert_eq!(
            decisions.len(),
            1,
            "round {round}: one audit entry: {decisions:?}"
        );
        assert_eq!(decisions[0]["action"], format!("drift_{status}"));
    }
}

#[test]
fn of_two_approvals_one_wins() {
    one_wins(["approve", "approve"]);
}

#[test]
fn of_an_approval_and_a_rejection_one_wins() {
    one_wins(["approve", "reject"]);
}

#[test]
fn two_pushes_of_one_workspace_do_not_double_its_drifts() {
    let app = App::start();
    let barrier = Arc::new(Barrier::new(4));
    let pushing: Vec<_> = (0..4)
        .map(|_| {
            let (client, barrier) = (app.as_engineer(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                client
                    .push("shop/prod", "02-updates.plan.json")
                    .expect(201)
                    .number("/data/counts/new")
            })
        })
        .collect();
    let new: i64 = pushing
        .into_iter()
        .map(|push| {
            push.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
        .sum();
    assert_eq!(new, 7, "each drift was new once");
    assert_eq!(app.as_viewer().drifts("status=all").len(), 7);
}
