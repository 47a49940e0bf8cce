//! Health, metrics for machines, the contract, the start and the stop.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Answer, App, driftsentry};

/// A field of a health answer, wrapped in `data` or not.
#[track_caller]
fn field(answer: &Answer, name: &str) -> Value {
    let body = answer.json();
    let value = if body["data"].is_object() {
        &body["data"][name]
    } else {
        &body[name]
    };
    value.clone()
}

#[test]
fn health_is_told() {
    let app = App::start();
    let viewer = app.as_viewer();
    for (path, status) in [
        ("/health", "ok"),
        ("/health/live", "alive"),
        ("/health/ready", "ready"),
    ] {
        let answer = viewer.get_root(path).expect(200);
        assert_eq!(field(&answer, "status"), status, "{path}");
    }
    assert_eq!(
        field(&viewer.get_root("/health/ready"), "checks")["database"],
        "ok"
    );
    let detailed = app
        .as_nobody()
        .get_root("/health/detailed")
        .expect(200)
        .body_text();
    assert!(detailed.contains(env!("CARGO_PKG_VERSION")), "{detailed}");
}

#[test]
fn metrics_are_openmetrics() {
    let app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let id = app.as_engineer().new_drift("i-1");
    app.as_engineer().drift(&id);
    let metrics = app.as_viewer().get_root("/metrics").expect(200);
    assert!(
        metrics
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = metrics.body_text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(
            line.starts_with("driftsentry_") || line.starts_with("process_"),
            "{line}"
        );
    }
    assert!(
        text.contains("/api/v1/drifts/"),
        "routes keep their prefix: {text}"
    );
    assert!(!text.contains(&id), "a route's template, never its path");
}

#[test]
fn it_stops_within_two_seconds_and_starts_ready() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let asked = Instant::now();
    let status = app.stop();
    assert!(status.success(), "a clean stop exits 0, not {status}");
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "it took {:?}",
        asked.elapsed()
    );
    app.start_again();
    app.as_viewer().get_root("/health/ready").expect(200);
    assert_eq!(app.as_viewer().drifts("status=open").len(), 6);
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let app = App::start();
    let data = app.data_dir();
    let data = data.to_str().expect("a path");
    let second = driftsentry(
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", data],
        b"",
    );
    assert!(
        second.code.is_some_and(|code| code != 0),
        "it must end by itself: {second:?}"
    );
    assert!(!second.stderr.contains("panicked"), "{}", second.stderr);
    assert!(
        second.stderr.len() > 20,
        "it must say why: {}",
        second.stderr
    );
    app.as_viewer().get_root("/health/ready").expect(200);
}

#[test]
fn the_contract_is_one_and_the_same() {
    let app = App::start();
    let served = app.as_viewer().get_root("/openapi.json").expect(200).json();
    let printed = driftsentry(&["openapi"], b"").expect(0).stdout;
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/driftsentry.json");
    let committed = fs::read(&committed).expect("openapi/driftsentry.json is committed");
    let committed: Value = serde_json::from_slice(&committed).expect("JSON");
    let hint = "run `driftsentry openapi > openapi/driftsentry.json`";
    assert_eq!(committed["paths"], printed["paths"], "{hint}");
    assert_eq!(committed["components"], printed["components"], "{hint}");
    assert_eq!(served["paths"], printed["paths"]);
    assert_eq!(served["components"], printed["components"]);
}

#[test]
fn every_operation_documents_its_answers() {
    let printed = driftsentry(&["openapi"], b"").expect(0).stdout;
    let contract: Value = serde_json::from_str(&printed).expect("JSON");
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, operations) in contract["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let name = format!("{} {path}", method.to_uppercase());
            let has = |status: &str| operation["responses"].get(status).is_some();
            if !operation["responses"]
                .as_object()
                .is_some_and(|all| all.keys().any(|status| status.starts_with('2')))
            {
                wrong.push(format!("{name}: no success"));
            }
            let id = operation["operationId"].as_str().unwrap_or_default();
            if id.is_empty() || !ids.insert(id.to_owned()) {
                wrong.push(format!("{name}: operationId {id:?} is missing or taken"));
            }
            if operation["summary"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{name}: no summary"));
            }
            if path.contains("/health") || path.contains("/metrics") && !path.contains("/metrics/")
            {
                continue;
            }
            let mut needed = vec!["500"];
            if path.contains('{') {
                needed.extend(["400", "404"]);
            }
            if operation.get("requestBody").is_some() {
                needed.extend(["400", "413", "415"]);
            }
            wrong.extend(
                needed
                    .iter()
                    .filter(|status| !has(status))
                    .map(|status| format!("{name}: no {status}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_contract_holds_every_call() {
    let printed = driftsentry(&["openapi"], b"").expect(0).stdout;
    let contract: Value = serde_json::from_str(&printed).expect("JSON");
    let base = contract["servers"][0]["url"].as_str().unwrap_or_default();
    let known: BTreeSet<String> = contract["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, operations)| {
            let path = if path.starts_with("/api/v1") {
                path.clone()
            } else {
                format!("{base}{path}")
            };
            let methods = operations.as_object().expect("operations").keys();
            methods
                .map(move |method| format!("{} {path}", method.to_uppercase()))
                .collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<String> = [
        "GET /drifts",
        "POST /drifts",
        "GET /drifts/{id}",
        "GET /drifts/{id}/timeline",
        "POST /drifts/{id}/triage",
        "POST /drifts/{id}/approve",
        "POST /drifts/{id}/reject",
        "POST /drifts/{id}/resolve",
        "POST /drifts/{id}/comments",
        "POST /drifts/bulk",
        "GET /drifts/export",
        "GET /alerts",
        "GET /alerts/unread-count",
        "POST /alerts/{id}/mark-read",
        "POST /alerts/mark-all-read",
        "GET /workspaces",
        "POST /workspaces",
        "GET /workspaces/{id}",
        "PATCH /workspaces/{id}",
        "DELETE /workspaces/{id}",
        "POST /scans",
        "GET /scans",
        "GET /scans/{id}",
        "GET /metrics/summary",
        "GET /metrics/cost-trend",
        "GET /metrics/severity-distribution",
        "GET /metrics/status-distribution",
        "GET /audit-logs",
        "GET /audit-logs/verify",
    ]
    .iter()
    .map(|call| call.replacen(" /", " /api/v1/", 1))
    .filter(|call| !known.contains(call))
    .collect();
    assert!(missing.is_empty(), "{missing:?} of {known:?}");
}

#[test]
fn the_docs_load_nothing_from_elsewhere() {
    let app = App::start();
    let mut docs = app.as_viewer().get_root("/docs");
    if let Some(next) = docs.header("location").map(str::to_owned) {
        docs = app.as_viewer().get_root(&next);
    }
    let page = docs.expect(200).body_text();
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.contains(attribute), "{page}");
    }
    assert!(page.to_lowercase().contains("swagger"), "{page}");
}
