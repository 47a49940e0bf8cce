//! `kill -9` in the middle of pushes: what was acknowledged is there, what is there is whole.

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{App, Client, Plan, driftsentry};

/// How often the server is killed, where `TEST_KILLS` doesn't ask for more, and at most over one store.
const ROUNDS: u64 = 25;
const WORKSPACES: usize = 4;
/// Resources that drift in each scan, with another value each time.
const STANDING: usize = 5;

/// What one workspace's client knows.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// The last generation that was sent.
    sent: u64,
    /// The last one that the server acknowledged.
    acknowledged: u64,
}

/// The scan of a generation: all standing drifts have its number, and one drift is of this generation alone.
fn plan(generation: u64) -> Vec<u8> {
    let mut plan = Plan::refresh_only();
    for n in 0..STANDING {
        plan = plan.updated(
            &format!("aws_instance.standing{n}"),
            json!({"generation": 0, "padding": "x".repeat(500)}),
            json!({"generation": generation, "padding": "x".repeat(500)}),
        );
    }
    let own = format!("aws_instance.only{generation}");
    plan.deleted(&own, json!({"generation": generation}))
        .bytes()
}

/// Pushes generation after generation until the server is gone.
fn push_until_it_dies(client: &Client, workspace: usize, mut known: Known) -> Known {
    loop {
        known.sent += 1;
        let path = format!("/api/v1/scans?workspace=w{workspace}");
        let headers = [("content-type", "application/json")];
        match client.try_send("POST", &path, &headers, Some(&plan(known.sent))) {
            Ok(answer) if answer.status == 201 => known.acknowledged = known.sent,
            Ok(answer) => panic!("{}: {}", answer.status, answer.body_text()),
            Err(_) => return known,
        }
    }
}

/// Demands that a workspace holds one generation wholly, and which one that may be. Returns it.
#[track_caller]
fn is_whole(client: &Client, workspace: usize, known: Known) -> u64 {
    let open = client.drifts(&format!("workspace=w{workspace}&status=open&include=state"));
    let scans = client.all("/scans", &format!("workspace=w{workspace}"));
    let generation = u64::try_from(scans.len()).expect("small");
    assert!(
        generation >= known.acknowledged && generation <= known.sent,
        "w{workspace}: {generation} scans, of {known:?}: an acknowledged one is lost or one came from nowhere"
    );
    if generation == 0 {
        assert_eq!(open.len(), 0, "w{workspace}: drifts without a scan");
        return 0;
    }
    assert_eq!(open.len(), STANDING + 1, "w{workspace} at {generation}");
    for drift in &open {
        let address = drift["resourceAddress"].as_str().expect("an address");
        if address.contains("only") {
            assert_eq!(
                address,
                format!("aws_instance.only{generation}"),
                "w{workspace}: the last scan's own"
            );
        } else {
            assert_eq!(
                drift["actualState"]["generation"],
                json!(generation),
                "w{workspace}: {address}"
            );
            assert_eq!(
                drift["seenCount"],
                json!(generation),
                "w{workspace}: {address}"
            );
        }
    }
    let resolved = client
        .get(&format!(
            "/drifts?workspace=w{workspace}&status=resolved&limit=1"
        ))
        .expect(200);
    assert_eq!(
        u64::try_from(resolved.number("/data/pagination/total")),
        Ok(generation - 1),
        "w{workspace}: each earlier generation's own is resolved"
    );
    for scan in &scans {
        assert_eq!(scan["status"], "complete", "w{workspace}: {scan}");
        assert_eq!(
            scan["counts"]["drifted"],
            json!(STANDING + 1),
            "w{workspace}: {scan}"
        );
    }
    generation
}

/// Demands that totals kept in passing equal a recount, and that the audit chain holds.
#[track_caller]
fn adds_up(client: &Client) {
    let mut counted: BTreeMap<String, i64> = BTreeMap::new();
    for drift in client.drifts("status=all") {
        *counted
            .entry(drift["status"].as_str().expect("a status").to_owned())
            .or_default() += 1;
    }
    let summary = client.get("/metrics/summary").expect(200).data();
    for status in ["detected", "triaged", "approved", "rejected", "resolved"] {
        let said = summary["drifts"]["byStatus"][status].as_i64().unwrap_or(0);
        assert_eq!(
            said,
            counted.get(status).copied().unwrap_or(0),
            "{status} in {summary}"
        );
    }
    let verdict = client.get("/audit-logs/verify").expect(200).data();
    assert_eq!(verdict["valid"], Value::Bool(true), "{verdict}");
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let wanted = std::env::var("TEST_KILLS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    for first in (0..wanted).step_by(ROUNDS as usize) {
        kill_again_and_again(first..wanted.min(first + ROUNDS));
    }
}

/// Kills one server in each of the rounds. No two rounds are the same.
fn kill_again_and_again(rounds: Range<u64>) {
    let mut app = App::start();
    let mut known = [Known::default(); WORKSPACES];
    let number = rounds.end - rounds.start;
    for round in rounds {
        let pushing: Vec<_> = known
            .iter()
            .enumerate()
            .map(|(workspace, known)| {
                let (client, known) = (app.as_engineer(), *known);
                thread::spawn(move || push_until_it_dies(&client, workspace, known))
            })
            .collect();
        // Another moment each round, and each run the same.
        thread::sleep(Duration::from_micros(40_000 + round * 37_139 % 260_000));
        app.kill();
        for (known, pushing) in known.iter_mut().zip(pushing) {
            *known = pushing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }

        let data = app.data_dir();
        driftsentry(
            &["check", "--data-dir", data.to_str().expect("a path")],
            b"",
        )
        .expect(0);
        app.start_again();
        let client = app.as_admin();
        for (workspace, known) in known.iter_mut().enumerate() {
            let generation = is_whole(&client, workspace, *known);
            // The next generation follows what is there: an unanswered push may have come through.
            *known = Known {
                sent: generation,
                acknowledged: generation,
            };
        }
        if round % 5 == 4 {
            adds_up(&client);
        }
    }
    let total: u64 = known.iter().map(|known| known.acknowledged).sum();
    assert!(
        total > number,
        "only {total} pushes came through in {number} rounds"
    );
}

#[test]
fn a_decision_outlives_a_kill() {
    let mut app = App::start();
    let engineer = app.as_engineer();
    let ids: Vec<String> = (0..10)
        .map(|n| engineer.new_drift(&format!("i-{n}")))
        .collect();
    for id in &ids {
        engineer.approve(id, "it is to be reverted").expect(200);
    }
    app.kill();
    app.start_again();
    let client = app.as_admin();
    for id in &ids {
        assert_eq!(client.drift(id)["status"], "approved");
    }
    assert_eq!(client.all("/audit-logs", "action=drift_approved").len(), 10);
    adds_up(&client);
}

#[test]
fn a_kill_within_a_start_does_no_harm() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    for _ in 0..5 {
        app.kill();
        app.start_again();
    }
    assert_eq!(app.as_viewer().drifts("status=open").len(), 6);
    adds_up(&app.as_admin());
}
