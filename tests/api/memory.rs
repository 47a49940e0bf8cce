//! A plan of a gigabyte is read in the memory of one resource.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::harness::{App, fixture_path};

/// What the command line must cope with; `DRIFTSENTRY_TEST_PLAN_BYTES` makes it smaller on a small machine.
const LARGE_BYTES: u64 = 1_000_000_000;
/// How much more than at rest it may use.
const MOST_KIB: u64 = 64 * 1024;

fn large_bytes() -> u64 {
    let asked = std::env::var("DRIFTSENTRY_TEST_PLAN_BYTES").ok();
    asked.map_or(LARGE_BYTES, |bytes| {
        bytes.parse().expect("a number of bytes")
    })
}

/// The generator, built beside the binary as an example.
fn make_plan(bytes: u64) -> Child {
    let program =
        PathBuf::from(env!("CARGO_BIN_EXE_driftsentry")).with_file_name("examples/make_plan");
    Command::new(&program)
        .args([
            "--bytes",
            &bytes.to_string(),
            "--drift",
            "50",
            "--seed",
            "1",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}: build it with `cargo build --example make_plan`",
                program.display()
            )
        })
}

/// The most memory a process ever had resident, in KiB; none when it has ended.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The exit code and peak of a command that reads a generated plan from a pipe.
fn fed(arguments: &[&str], key: &str, bytes: u64) -> (Option<i32>, u64) {
    let mut generator = make_plan(bytes);
    let plan = generator.stdout.take().expect("stdout is piped");
    let mut reader = command(arguments, key, Stdio::from(plan));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_kib(reader.id()).unwrap_or(0));
        if let Some(status) = reader.try_wait().expect("its status") {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let _ = generator.kill();
    let _ = generator.wait();
    (status.code(), peak)
}

/// The memory of a command that waits for the first byte of its plan.
fn at_rest(arguments: &[&str], key: &str) -> u64 {
    let mut reader = command(arguments, key, Stdio::piped());
    thread::sleep(Duration::from_millis(500));
    let peak = peak_kib(reader.id()).expect("it waits for its input");
    let _ = reader.kill();
    let _ = reader.wait();
    peak
}

fn command(arguments: &[&str], key: &str, stdin: Stdio) -> Child {
    Command::new(env!("CARGO_BIN_EXE_driftsentry"))
        .args(arguments)
        .env("DRIFTSENTRY_API_KEY", key)
        .stdin(stdin)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs")
}

#[track_caller]
fn within(what: &str, rest: u64, peak: u64) {
    eprintln!("{what}: {rest} KiB at rest, {peak} KiB at its peak");
    assert!(
        peak > 0 && peak <= rest + MOST_KIB,
        "{what}: {rest} KiB at rest, {peak} KiB at its peak"
    );
}

#[test]
fn report_reads_a_gigabyte() {
    let rest = at_rest(&["report", "-"], "");
    let (code, peak) = fed(&["report", "-"], "", large_bytes());
    assert_eq!(code, Some(2), "the plan has drift");
    within("report", rest, peak);
}

#[test]
fn push_reads_a_gigabyte() {
    let app = App::start();
    let small = fixture_path("02-updates.plan.json");
    let small = small.to_str().expect("a path").to_owned();
    // The server's own first push counts as rest: its caches are filled once.
    let warm = ["push", &small, "--server", app.url(), "--workspace", "warm"];
    assert_eq!(
        command(&warm, &app.ingest_key(), Stdio::null())
            .wait()
            .expect("it ends")
            .code(),
        Some(2)
    );
    let arguments = ["push", "-", "--server", app.url(), "--workspace", "large"];
    let (rest, server_rest) = (
        at_rest(&arguments, &app.ingest_key()),
        peak_kib(app.pid()).expect("it runs"),
    );
    let (code, peak) = fed(&arguments, &app.ingest_key(), large_bytes());
    assert_eq!(code, Some(2), "the plan has drift");
    within("push", rest, peak);
    within(
        "the server",
        server_rest,
        peak_kib(app.pid()).expect("it runs"),
    );
    assert_eq!(
        app.as_viewer()
            .drifts("workspace=large&kind=modified,missing")
            .len(),
        50
    );
}

#[test]
fn the_server_reads_a_raw_gigabyte() {
    // What it takes by default is 256 MiB of one body.
    let app = App::configured(&[("DRIFTSENTRY_LIMITS_SCAN_BYTES", "2GiB")]);
    let arguments = [
        "push",
        "-",
        "--raw",
        "--server",
        app.url(),
        "--workspace",
        "large",
    ];
    let (rest, server_rest) = (
        at_rest(&arguments, &app.ingest_key()),
        peak_kib(app.pid()).expect("it runs"),
    );
    let (code, peak) = fed(&arguments, &app.ingest_key(), large_bytes());
    assert_eq!(code, Some(2), "the plan has drift");
    within("push --raw", rest, peak);
    within(
        "the server",
        server_rest,
        peak_kib(app.pid()).expect("it runs"),
    );
}
