//! `driftsentry report`, run as a person runs it.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking what went wrong"
)]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/terraform/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let packed = format!("{path}.gz");
    if Path::new(&packed).exists() {
        packed
    } else {
        path
    }
}

fn driftsentry(args: &[&str], input: Option<&str>) -> Output {
    let stdin = input.map_or(Stdio::null(), |path| File::open(path).unwrap().into());
    Command::new(env!("CARGO_BIN_EXE_driftsentry"))
        .args(args)
        .stdin(stdin)
        .output()
        .unwrap()
}

fn code(args: &[&str]) -> i32 {
    driftsentry(args, None).status.code().unwrap()
}

#[test]
fn the_exit_code_says_what_was_found() {
    assert_eq!(code(&["report", &fixture("01-no-drift.refresh.json")]), 0);
    assert_eq!(code(&["report", &fixture("02-updates.refresh.json")]), 2);
    assert_eq!(
        code(&["report", &fixture("03-deletes.plan.json"), "-o", "json"]),
        2
    );
    // A commit that is not applied yet is no drift, shown or not.
    assert_eq!(
        code(&["report", &fixture("12-accepted.plan.json"), "--all"]),
        0
    );
    assert_eq!(code(&["report", &fixture("wrong-inputs/tfplan.bin")]), 1);
    assert_eq!(code(&["report", &fixture("nowhere.json")]), 1);
    for wrong in [
        &["report"][..],
        &["bogus"],
        &["report", "x", "--output", "pdf"],
        &[],
    ] {
        assert_eq!(code(wrong), 64, "{wrong:?}");
    }
    assert_eq!(code(&["report", "--help"]), 0);
    assert_eq!(code(&["--version"]), 0);
}

#[test]
fn standard_input_is_read_compressed_or_not() {
    let from =
        |file: &str| driftsentry(&["report", "-", "--output", "json"], Some(&fixture(file))).stdout;
    let report: serde_json::Value =
        serde_json::from_slice(&from("scale-1000-scan1.refresh.json")).unwrap();
    assert_eq!(
        (&report["drifted"], &report["resources"]),
        (&100.into(), &1_000.into())
    );
    let report: serde_json::Value = serde_json::from_slice(&from("06-mixed.refresh.json")).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 4);
}

#[test]
fn an_error_says_the_way_out_and_prints_nothing_else() {
    let output = driftsentry(&["report", &fixture("wrong-inputs/state-show.json")], None);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("terraform show -json tfplan > plan.json"),
        "{message}"
    );
    assert!(
        output.stdout.is_empty() && message.lines().count() == 1,
        "{message}"
    );
}
