//! Metrics as they are documented and used: the table in `assets/monitoring`, the dashboard, the alert rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{App, Client};

/// Those that tell of what can't be had in a test's time; unit tests show them.
const LATER: [&str; 1] = ["driftsentry_workspace_silent"];

/// Those that are there with TLS only.
const WITH_TLS: [&str; 1] = ["driftsentry_tls_certificate_expiry_timestamp_seconds"];

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/monitoring");
    fs::read_to_string(path.join(name)).expect("it is committed")
}

/// A server that everything has happened to.
#[track_caller]
fn lively() -> App {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "05-modules-foreach.plan.json")
        .expect(201);
    engineer
        .push("shop/staging", "07-scan1.refresh.json")
        .expect(201);
    engineer.push_bytes("shop/prod", b"{}", &[]).expect(422);
    let drifts = engineer.drifts("status=open");
    engineer
        .decide(drifts[0]["id"].as_str().expect("an id"), "approve")
        .expect(200);
    app
}

#[track_caller]
fn scraped(client: &Client, accept: &str) -> String {
    let answer = client.send("GET", "/metrics", &[("accept", accept)], None);
    answer.expect(200).body_text()
}

/// Names and types as a scrape in the older text has them, where they are the series'.
fn told(classic: &str) -> BTreeMap<String, String> {
    let types = classic
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Names and types as the table has them.
fn documented() -> BTreeMap<String, String> {
    let text = file("README.md");
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let is_metric = name.starts_with("driftsentry_") || name.starts_with("process_");
        is_metric.then_some((name.to_owned(), cells.next()?.to_owned()))
    });
    rows.collect()
}

#[test]
fn every_metric_is_documented_and_there() {
    let app = lively();
    let mut told = told(&scraped(&app.as_nobody(), "text/plain"));
    let mut documented = documented();
    for name in LATER.into_iter().chain(WITH_TLS) {
        assert!(documented.remove(name).is_some(), "{name}");
        told.remove(name);
    }
    assert_eq!(told, documented);
}

#[test]
fn the_dashboard_and_the_rules_name_metrics_that_are_there() {
    let mut known: BTreeSet<String> = documented().into_keys().collect();
    for (name, kind) in documented() {
        if kind == "histogram" {
            known.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        }
    }
    let dashboard: Value = serde_json::from_str(&file("grafana-dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let mut used: String = targets
        .filter_map(|target| target["expr"].as_str())
        .collect::<Vec<_>>()
        .join("\n");
    used.push_str(&file("prometheus-rules.yml"));
    let words = used.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names: BTreeSet<&str> = words
        .filter(|word| word.starts_with("driftsentry_") || word.starts_with("process_"))
        .collect();
    assert!(names.len() > 50, "{names:?}");
    let unknown: Vec<_> = names
        .iter()
        // Of the backups.
        .filter(|name| !known.contains(**name) && !name.starts_with("driftsentry_backup_"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    // And each metric but a few is looked at by one of them.
    let unused: Vec<String> = documented()
        .into_keys()
        .filter(|name| !names.iter().any(|used| used.starts_with(name.as_str())))
        .collect();
    assert_eq!(
        unused,
        [
            "driftsentry_password_hashes_total",
            "driftsentry_store_written_bytes_total",
            "driftsentry_workspaces",
            "process_threads",
            "process_virtual_memory_bytes",
        ]
        .into_iter()
        .filter(|name| !names.iter().any(|used| used.starts_with(name)))
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_scrape_is_what_its_reader_asks_for() {
    let app = App::start();
    let client = app.as_nobody();
    let kind = |accept: &str| {
        let answer = client.send("GET", "/metrics", &[("accept", accept)], None);
        let answer = answer.expect(200);
        assert_eq!(answer.header("vary"), Some("accept"));
        answer.header("content-type").expect("a type").to_owned()
    };
    // As Prometheus 2.42 and 3 ask.
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(kind(prometheus), open_metrics);
    assert_eq!(kind("*/*"), open_metrics);
    assert_eq!(
        kind("text/plain"),
        "text/plain; version=0.0.4; charset=utf-8"
    );

    let text = scraped(&client, prometheus);
    assert!(text.ends_with("\n# EOF\n"));
    let mut last = String::new();
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# UNIT ") {
            let (name, unit) = said.split_once(' ').expect("a unit");
            assert!(name.ends_with(&format!("_{unit}")), "{line}");
        } else if let Some(said) = line.strip_prefix("# HELP ") {
            let (name, help) = said.split_once(' ').expect("a help");
            assert!(help.ends_with('.') && help.len() > 6, "{line}");
            last = name.to_owned();
        } else if !line.starts_with('#') {
            // All samples of a metric stand together, after what is said of it.
            assert!(line.starts_with(&last), "{line} after {last}");
        }
    }
    let classic = scraped(&client, "text/plain");
    assert!(!classic.contains("# EOF") && !classic.contains("# UNIT"));
}

#[test]
fn open_drifts_are_told_by_workspace_as_they_are() {
    let app = lively();
    let text = scraped(&app.as_nobody(), "*/*");
    let mut told = 0;
    for (workspace, severity) in [("shop/prod", "critical"), ("shop/staging", "warning")]
        .into_iter()
        .flat_map(|(workspace, _)| ["critical", "warning", "info"].map(|each| (workspace, each)))
    {
        let line =
            format!(r#"driftsentry_drifts_open{{workspace="{workspace}",severity="{severity}"}} "#);
        let found = text.lines().find_map(|each| each.strip_prefix(&line));
        let found: usize = found.expect(&line).parse().expect("a number");
        let query = format!("workspace={workspace}&severity={severity}&status=open");
        assert_eq!(found, app.as_viewer().drifts(&query).len(), "{line}");
        told += found;
    }
    assert_eq!(told, app.as_viewer().drifts("status=open").len());
    for line in [
        r#"driftsentry_scans_total{format="unknown",outcome="refused"} 1"#,
        "driftsentry_drifts_decided_total 1",
        r#"driftsentry_drifts{status="approved"} 1"#,
        "driftsentry_workspaces 2",
        "driftsentry_workspaces_silent 0",
        r#"driftsentry_workspace_last_scan_timestamp_seconds{workspace="shop/prod"} "#,
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[test]
fn a_repeated_push_is_counted_as_one() {
    let app = App::start();
    let engineer = app.as_engineer();
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_drift": [], "resource_changes": [], "complete": true, "applyable": false, "errored": false});
    for _ in 0..3 {
        let headers = [("idempotency-key", "once")];
        engineer
            .push_bytes("shop/prod", plan.to_string().as_bytes(), &headers)
            .expect(201);
    }
    let text = scraped(&app.as_nobody(), "*/*");
    let repeated = r#"driftsentry_scans_total{format="terraform-plan",outcome="repeated"} 2"#;
    assert!(text.contains(repeated), "{text}");
}

#[test]
fn the_certificates_end_is_told() {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("params");
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let cert = params.self_signed(&key).expect("issued");
    let files = tempfile::tempdir().expect("a directory");
    let paths = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    for (path, text) in paths.iter().zip([cert.pem(), key.serialize_pem()]) {
        fs::write(path, text).expect("written");
    }
    let [cert, key] = paths.map(|path| path.to_str().expect("a path").to_owned());
    let app = App::configured(&[
        ("DRIFTSENTRY_TLS_CERT", &cert),
        ("DRIFTSENTRY_TLS_KEY", &key),
    ]);
    let agent = ureq::Agent::config_builder()
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .disable_verification(true)
                .build(),
        )
        .build()
        .new_agent();
    let mut answer = agent
        .get(format!("{}/metrics", app.url()))
        .call()
        .expect("a scrape");
    let text = answer.body_mut().read_to_string().expect("text");
    let line = format!("{} 2208988800.0\n", WITH_TLS[0]);
    assert!(text.contains(&line), "{text}");
}
