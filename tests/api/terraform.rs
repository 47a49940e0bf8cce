//! Terraform itself, end to end: its own plan of its own state.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{App, driftsentry};

/// Whether Terraform can be run here; where not, says that the story was left out.
fn installed() -> bool {
    let found = Command::new("terraform")
        .arg("version")
        .env("CHECKPOINT_DISABLE", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!(
            "SKIPPED: terraform is not installed, so nothing was tested against its own output"
        );
    }
    found
}

#[track_caller]
fn terraform(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .env("TF_INPUT", "0")
        .stdin(Stdio::null())
        .output()
        .expect("terraform runs");
    assert!(
        output.status.success(),
        "terraform {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Applies two resources of the built-in provider, which needs no download.
#[track_caller]
fn applied(folder: &Path) {
    fs::create_dir_all(folder).expect("a directory");
    let configuration = r#"
        variable "token" {
          type      = string
          sensitive = true
          default   = "terraform-e2e-t0ken"
        }
        resource "terraform_data" "greeting" { input = "hello" }
        resource "terraform_data" "odd" {
          for_each = toset(["a b", "dotted.key"])
          input    = { name = each.key, token = var.token }
        }
    "#;
    fs::write(folder.join("main.tf"), configuration).expect("it is written");
    terraform(folder, &["init", "-no-color"]);
    terraform(folder, &["apply", "-auto-approve", "-no-color"]);
}

/// Changes the state behind Terraform's back, as another tool would: a new serial, another value.
#[track_caller]
fn tamper(folder: &Path, change: impl Fn(&mut Value)) {
    let file = folder.join("terraform.tfstate");
    let mut state: Value =
        serde_json::from_slice(&fs::read(&file).expect("a state")).expect("JSON");
    state["serial"] = json!(state["serial"].as_u64().expect("a serial") + 1);
    for resource in state["resources"].as_array_mut().expect("resources") {
        change(resource);
    }
    fs::write(&file, state.to_string()).expect("it is written");
}

#[track_caller]
fn plan(folder: &Path, options: &[&str]) -> Vec<u8> {
    let mut arguments = vec!["plan", "-no-color", "-out", "tfplan"];
    arguments.extend_from_slice(options);
    terraform(folder, &arguments);
    terraform(folder, &["show", "-json", "tfplan"])
}

#[test]
fn an_applied_configuration_has_no_drift() {
    if !installed() {
        return;
    }
    let app = App::start();
    let folder = app.scratch("estate");
    applied(&folder);
    for options in [&["-refresh-only"][..], &[]] {
        let body = plan(&folder, options);
        driftsentry(&["report", "-"], &body).expect(0);
        let scan = app
            .as_engineer()
            .push_bytes("estate", &body, &[])
            .expect(201);
        assert_eq!(
            (
                scan.number("/data/counts/drifted"),
                scan.text("/data/status")
            ),
            (0, "complete".to_owned())
        );
    }
}

#[test]
fn what_apply_would_change_is_pending_until_it_is_applied() {
    if !installed() {
        return;
    }
    let mut app = App::start();
    let folder = app.scratch("estate");
    applied(&folder);
    // The built-in provider keeps no live object, so its refresh takes the state's word: the next plan wants to
    // change the value back, which is not drift but a change waiting to be applied.
    tamper(&folder, |resource| {
        if resource["name"] == "greeting" {
            for side in ["input", "output"] {
                resource["instances"][0]["attributes"][side]["value"] = json!("tampered");
            }
        }
    });
    let body = plan(&folder, &[]);
    driftsentry(&["report", "-"], &body).expect(0);
    let all = driftsentry(&["report", "--all", "-"], &body)
        .expect(0)
        .stdout;
    assert!(all.contains("terraform_data.greeting"), "{all}");

    let engineer = app.as_engineer();
    let scan = engineer.push_bytes("estate", &body, &[]).expect(201);
    assert_eq!(
        (
            scan.number("/data/counts/drifted"),
            scan.number("/data/counts/pending")
        ),
        (0, 1)
    );
    let drift = engineer.drift_at("estate", "terraform_data.greeting", "open");
    assert_eq!(
        (&drift["kind"], &drift["severity"]),
        (&json!("pending"), &json!("info"))
    );
    assert_eq!(drift["difference"]["/input"]["expected"], "hello");
    assert_eq!(drift["difference"]["/input"]["actual"], "tampered");

    terraform(&folder, &["apply", "-auto-approve", "-no-color"]);
    engineer
        .push_bytes("estate", &plan(&folder, &[]), &[])
        .expect(201);
    engineer.drift_at("estate", "terraform_data.greeting", "resolved");
    app.stop();
}

#[test]
fn a_resource_that_left_the_state_is_pending() {
    if !installed() {
        return;
    }
    let app = App::start();
    let folder = app.scratch("estate");
    applied(&folder);
    terraform(&folder, &["state", "rm", "terraform_data.odd[\"a b\"]"]);
    let body = plan(&folder, &[]);
    let scan = app
        .as_engineer()
        .push_bytes("estate", &body, &[])
        .expect(201);
    assert_eq!(
        (
            scan.number("/data/counts/drifted"),
            scan.number("/data/counts/pending")
        ),
        (0, 1)
    );
    let drift = app
        .as_viewer()
        .drift_at("estate", "terraform_data.odd[\"a b\"]", "open");
    let drift = app.as_viewer().drift(drift["id"].as_str().expect("an id"));
    assert!(
        !drift.to_string().contains("terraform-e2e-t0ken"),
        "{drift}"
    );
}

#[test]
fn the_binary_plan_is_answered_with_the_command_that_reads_it() {
    if !installed() {
        return;
    }
    let app = App::start();
    let folder = app.scratch("estate");
    applied(&folder);
    plan(&folder, &[]);
    let binary = fs::read(folder.join("tfplan")).expect("a plan");
    let message = app
        .as_engineer()
        .push_bytes("estate", &binary, &[])
        .expect(422)
        .message();
    assert!(message.contains("terraform show -json"), "{message}");
}
