//! What a tool marks as sensitive leaves no trace: not in an answer, an event, a log line or the file.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{App, Plan, driftsentry, expected, fixture_path};

/// Fixtures whose drift or surroundings hold secrets.
const TELLING: [&str; 6] = [
    "04-sensitive.refresh.json",
    "04-sensitive.plan.json",
    "06-mixed.plan.json",
    "07-scan1.refresh.json",
    "11-outputs.plan.json",
    "21-first-plan.plan.json",
];

/// Fails for each secret found in a text.
#[track_caller]
fn holds_none(place: &str, bytes: &[u8], secrets: &[String]) {
    for secret in secrets {
        let needle = secret.as_bytes();
        if let Some(at) = bytes
            .windows(needle.len())
            .position(|window| window == needle)
        {
            let around = &bytes[at.saturating_sub(120)..(at + needle.len() + 120).min(bytes.len())];
            panic!(
                "{place} tells the secret {secret:?}: …{}…",
                String::from_utf8_lossy(around)
            );
        }
    }
}

/// Everything a client can read, each with its name.
fn all_answers(app: &App) -> Vec<(String, Vec<u8>)> {
    let admin = app.as_admin();
    let mut answers = Vec::new();
    let mut ask = |path: String| {
        let answer = admin.get_root(&path);
        answers.push((path, answer.body));
    };
    let mut ids = Vec::new();
    for drift in admin.drifts("include=state&status=all") {
        ids.push(drift["id"].as_str().expect("an id").to_owned());
    }
    for id in &ids {
        ask(format!("/api/v1/drifts/{id}"));
        ask(format!("/api/v1/drifts/{id}/timeline"));
    }
    for scan in admin.all("/scans", "") {
        ask(format!(
            "/api/v1/scans/{}",
            scan["id"].as_str().expect("an id")
        ));
    }
    for path in [
        "/api/v1/drifts?include=state&limit=100",
        "/api/v1/drifts/export?format=csv",
        "/api/v1/drifts/export?format=ndjson",
        "/api/v1/alerts?limit=100",
        "/api/v1/workspaces?limit=100",
        "/api/v1/audit-logs?limit=100",
        "/api/v1/audit-logs?format=ndjson",
        "/metrics",
        "/health/detailed",
    ] {
        ask(path.to_owned());
    }
    answers.push(("/api/v1/events".to_owned(), events(app)));
    answers
}

/// What the event stream replays within a second.
fn events(app: &App) -> Vec<u8> {
    let host = app.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .expect("a timeout");
    let request = format!(
        "GET /api/v1/events?after=0 HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let (mut bytes, mut part) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(read @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
    }
    bytes
}

/// Every file below a folder, as it is and with each zstd frame in it unpacked.
fn stored(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            stored(&path, found);
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        let name = path.display().to_string();
        for at in bytes
            .windows(4)
            .enumerate()
            .filter(|(_, window)| *window == [0x28, 0xb5, 0x2f, 0xfd])
            .map(|(at, _)| at)
        {
            let mut unpacked = Vec::new();
            if let Ok(frame) = zstd::stream::read::Decoder::new(&bytes[at..]) {
                // A frame that was overwritten in part still tells what it told.
                let _ = frame
                    .single_frame()
                    .take(64 << 20)
                    .read_to_end(&mut unpacked);
            }
            found.push((format!("{name}, unpacked at byte {at}"), unpacked));
        }
        found.push((name, bytes));
    }
}

/// Looks everywhere, while the server runs and after it stopped.
#[track_caller]
fn nowhere(app: &mut App, secrets: &[String]) {
    for (path, body) in all_answers(app) {
        holds_none(&path, &body, secrets);
    }
    app.stop();
    holds_none("the log", app.log().as_bytes(), secrets);
    let mut files = Vec::new();
    stored(&app.data_dir(), &mut files);
    assert!(!files.is_empty(), "no file in the data directory");
    for (name, bytes) in files {
        holds_none(&name, &bytes, secrets);
    }
}

#[test]
fn a_pushed_secret_is_nowhere() {
    let mut app = App::start();
    let mut secrets = Vec::new();
    for (n, name) in TELLING.into_iter().enumerate() {
        secrets.extend(expected(name.split('.').next().expect("a name")).secrets);
        let file = fixture_path(name);
        let file = file.to_str().expect("a path");
        for raw in [false, true] {
            let workspace = format!("w{n}-{raw}");
            let mut arguments = vec![
                "push",
                file,
                "--server",
                app.url(),
                "--workspace",
                &workspace,
            ];
            if raw {
                arguments.push("--raw");
            }
            let output = app.driftsentry(&arguments, b"");
            assert!(matches!(output.code, Some(0 | 2)), "{output:?}");
            holds_none(
                &format!("push {name}"),
                format!("{}{}", output.stdout, output.stderr).as_bytes(),
                &secrets,
            );
        }
    }
    for drift in app.as_viewer().drifts("status=open&workspace=w0-true") {
        app.as_engineer()
            .approve(drift["id"].as_str().expect("an id"), "it is to be reverted")
            .expect(200);
    }
    secrets.sort();
    secrets.dedup();
    nowhere(&mut app, &secrets);
}

#[test]
fn a_report_tells_no_secret() {
    for name in TELLING {
        let secrets = expected(name.split('.').next().expect("a name")).secrets;
        let file = fixture_path(name);
        let file = file.to_str().expect("a path");
        for output in [
            vec![],
            vec!["--output", "json"],
            vec!["--output", "markdown"],
        ] {
            let mut arguments = vec!["report", "--all", file];
            arguments.extend(output);
            let said = driftsentry(&arguments, b"");
            assert!(matches!(said.code, Some(0 | 2)), "{said:?}");
            holds_none(
                &format!("{arguments:?}"),
                format!("{}{}", said.stdout, said.stderr).as_bytes(),
                &secrets,
            );
        }
    }
}

#[test]
fn a_refused_body_is_not_quoted() {
    let mut app = App::start();
    let secret = "correct-horse-battery-staple".to_owned();
    for body in [
        format!(
            "{{\"format_version\":\"1.2\",\"resource_drift\":[{{\"address\":\"a.b\",\"password\":\"{secret}\"!}}]}}"
        ),
        format!("{{\"format_version\":\"1.2\",\"resource_drift\":\"{secret}\"}}"),
        format!("{{\"values\":{{\"password\":\"{secret}\"}}}}"),
        format!("password = {secret}"),
    ] {
        let answer = app
            .as_engineer()
            .push_bytes("w", body.as_bytes(), &[])
            .expect_any(&[400, 422]);
        holds_none("the refusal", &answer.body, std::slice::from_ref(&secret));
        let said = driftsentry(&["report", "-"], body.as_bytes()).expect(1);
        holds_none(
            "the refusal",
            said.stderr.as_bytes(),
            std::slice::from_ref(&secret),
        );
    }
    nowhere(&mut app, &[secret]);
}

/// A plan with a secret in every shape that a mark may take, and those secrets.
fn every_shape() -> (Plan, Vec<String>) {
    let mut secrets = Vec::new();
    let mut secret = |name: &str| {
        let value = format!(
            "s3cr3t-{name}-{:08x}",
            0x9e37_79b9_u32.wrapping_mul(secrets.len() as u32 + 1)
        );
        secrets.push(value.clone());
        value
    };
    let plan = Plan::refresh_only()
        .updated(
            "aws_a.leaf",
            json!({"v": secret("a-was"), "n": 1}),
            json!({"v": secret("a-is"), "n": 2}),
        )
        .sensitive(json!({"v": true}))
        .updated(
            "aws_b.whole",
            json!({"x": secret("b-was"), "y": {"z": [secret("b-deep")]}}),
            json!({"x": secret("b-is")}),
        )
        .sensitive(json!(true))
        .updated(
            "aws_c.list",
            json!({"l": ["open", secret("c-was")]}),
            json!({"l": ["open", secret("c-is"), "more"]}),
        )
        .sensitive(json!({"l": [false, true]}))
        .updated(
            "aws_d.map",
            json!({"m": {"k": secret("d-was")}}),
            json!({"m": {"k": secret("d-is"), "new": secret("d-new")}}),
        )
        .sensitive(json!({"m": true}))
        .updated(
            "aws_e.nested",
            json!({"block": [{"inner": [{"pw": secret("e-was"), "user": "admin"}]}]}),
            json!({"block": [{"inner": [{"pw": secret("e-is"), "user": "root"}]}]}),
        )
        .sensitive(json!({"block": [{"inner": [{"pw": true}]}]}));
    let copied = secret("f-copied");
    let plan = plan
        // A mark does not follow a copy.
        .updated("aws_f.copy", json!({"tags": {"token": "none"}, "tags_all": {"token": "none"}}), json!({"tags": {"token": copied}, "tags_all": {"token": copied}}))
        .sensitive(json!({"tags": {"token": true}}))
        .updated("aws_g.document", json!({"doc": "{\"user\":\"a\"}"}), json!({"doc": format!("{{\"user\":\"a\",\"token\":\"{copied}\"}}")}))
        .sensitive(json!({}))
        .deleted("aws_h.gone", json!({"pw": secret("h-was"), "id": "h"}))
        .sensitive(json!({"pw": true}))
        .with("variables", json!({"token": {"value": secret("variable")}}))
        .with("output_changes", json!({"out": {"actions": ["update"], "before": secret("out-was"), "after": secret("out-is"), "before_sensitive": true, "after_sensitive": true}}))
        .with("prior_state", json!({"values": {"root_module": {"resources": [{"values": {"pw": secret("prior")}}]}}}))
        .with("configuration", json!({"provider_config": {"aws": {"expressions": {"token": {"constant_value": secret("provider")}}}}}));
    (plan, secrets)
}

#[test]
fn every_shape_of_mark_is_understood() {
    let (plan, secrets) = every_shape();
    let mut app = App::start();
    let file = app.scratch("plan.json");
    fs::write(&file, plan.bytes()).expect("it is written");
    let file = file.to_str().expect("a path");
    for arguments in [
        vec!["report", "--all", file],
        vec!["report", "--all", "--output", "json", file],
        vec![
            "push",
            file,
            "--server",
            app.url(),
            "--workspace",
            "redacted",
        ],
        vec![
            "push",
            file,
            "--server",
            app.url(),
            "--workspace",
            "raw",
            "--raw",
        ],
    ] {
        let said = app.driftsentry(&arguments, b"").expect(2);
        holds_none(
            &format!("{arguments:?}"),
            format!("{}{}", said.stdout, said.stderr).as_bytes(),
            &secrets,
        );
    }
    for workspace in ["redacted", "raw"] {
        let drift = app.as_viewer().drift_at(workspace, "aws_a.leaf", "open");
        assert_eq!(
            drift["difference"]["/v"],
            json!({"expected": "(sensitive)", "actual": "(sensitive)", "change": "changed", "sensitive": true}),
            "that it changed is told, {workspace}"
        );
        assert_eq!(
            drift["difference"]["/n"]["actual"], 2,
            "what is not secret stays readable, {workspace}"
        );
        let nested = app
            .as_viewer()
            .drift_at(workspace, "aws_e.nested", "open")
            .to_string();
        assert!(
            nested.contains("root"),
            "what is not secret stays readable, {workspace}: {nested}"
        );
        let scans = app
            .as_viewer()
            .all("/scans", &format!("workspace={workspace}"));
        assert!(
            scans[0]["counts"]["redacted"].as_i64() > Some(0),
            "{}",
            scans[0]
        );
    }
    nowhere(&mut app, &secrets);
}

#[test]
fn another_secret_value_is_another_content() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = |live: &str| {
        Plan::refresh_only()
            .updated("aws_db.main", json!({"pw": "was"}), json!({ "pw": live }))
            .sensitive(json!({"pw": true}))
            .bytes()
    };
    let counts = |live: &str| {
        let scan = engineer
            .push_bytes("w", &plan(live), &[])
            .expect(201)
            .at("/data/counts");
        ["new", "changed", "unchanged"].map(|field| scan[field].as_i64().unwrap_or(-1))
    };
    assert_eq!(counts("one"), [1, 0, 0]);
    assert_eq!(counts("one"), [0, 0, 1]);
    assert_eq!(counts("two"), [0, 1, 0]);
    let shown: Value = engineer.drift_at("w", "aws_db.main", "open");
    assert_eq!(shown["difference"]["/pw"]["actual"], "(sensitive)");
}
