//! The commands that need no server, and `push`, which talks to one.

use serde_json::Value;

use crate::harness::{
    App, FIXTURES, PASSWORD, Plan, driftsentry, driftsentry_with, fixture, fixture_path, read_drift,
};

/// A fixture's path as an argument.
fn path(name: &str) -> String {
    fixture_path(name).to_string_lossy().into_owned()
}

/// How many of a plan's drifts a report counts: what the configuration doesn't care about is left out.
fn reported(name: &str) -> usize {
    read_drift(name)
        .values()
        .filter(|kind| **kind != "state_only")
        .count()
}

#[test]
fn report_exits_by_what_it_found() {
    for name in FIXTURES {
        let file = format!("{name}.refresh.json");
        let code = if reported(&file) == 0 { 0 } else { 2 };
        driftsentry(&["report", &path(&file)], b"").expect(code);
    }
    driftsentry(&["report", &path("12-accepted.plan.json")], b"").expect(0);
    driftsentry(&["report", &path("21-first-plan.plan.json")], b"").expect(0);
    driftsentry(&["report", &path("06-mixed.plan.json")], b"").expect(2);
}

#[test]
fn report_reads_stdin() {
    driftsentry(&["report", "-"], &fixture("02-updates.plan.json")).expect(2);
    driftsentry(&["report", "-"], &fixture("01-no-drift.plan.json")).expect(0);
}

#[test]
fn report_names_every_drifted_address() {
    for name in ["05-modules-foreach.refresh.json", "06-mixed.plan.json"] {
        for arguments in [
            vec!["report", "--output", "json"],
            vec!["report", "--output", "markdown"],
            vec!["report"],
        ] {
            let file = path(name);
            let mut arguments = arguments;
            arguments.push(&file);
            let output = driftsentry(&arguments, b"").expect(2);
            // A table may wrap a long address and JSON and Markdown escape one: its letters are what counts.
            let letters = |text: &str| {
                text.chars()
                    .filter(|c| c.is_alphanumeric())
                    .collect::<String>()
            };
            let said = letters(&output.stdout);
            for address in read_drift(name)
                .keys()
                .filter(|address| address.len() < 40 && address.is_ascii())
            {
                assert!(
                    said.contains(&letters(address)),
                    "{arguments:?}: {address} in {}",
                    output.stdout
                );
            }
        }
    }
}

#[test]
fn report_writes_json_for_programs() {
    let output = driftsentry(
        &[
            "report",
            "--output",
            "json",
            &path("02-updates.refresh.json"),
        ],
        b"",
    )
    .expect(2);
    let report: Value =
        serde_json::from_str(&output.stdout).expect("JSON and nothing else on stdout");
    assert!(report.is_object(), "{report}");
    for address in read_drift("02-updates.refresh.json").keys() {
        assert!(
            report
                .to_string()
                .contains(&serde_json::to_string(address).expect("text")),
            "{address}"
        );
    }
}

#[test]
fn report_shows_the_rest_when_asked() {
    let file = path("12-accepted.plan.json");
    let without = driftsentry(&["report", &file], b"").expect(0).stdout;
    let with = driftsentry(&["report", "--all", &file], b"")
        .expect(0)
        .stdout;
    assert!(!without.contains("aws_instance.bastion"), "{without}");
    assert!(with.contains("aws_instance.bastion"), "{with}");
}

#[test]
fn report_says_what_is_wrong_and_what_to_do() {
    for name in [
        "empty.json",
        "plan-human.txt",
        "state-show.json",
        "tfplan.bin",
        "truncated.json",
        "future-format.json",
    ] {
        let output =
            driftsentry(&["report", &path(&format!("wrong-inputs/{name}"))], b"").expect(1);
        assert!(
            output.stderr.len() > 20 && !output.stderr.contains("panicked"),
            "{name}: {}",
            output.stderr
        );
    }
    let missing = driftsentry(&["report", "/no/such/file.json"], b"").expect(1);
    assert!(
        missing.stderr.contains("/no/such/file.json"),
        "{}",
        missing.stderr
    );
}

#[test]
fn report_writes_no_escape_codes_into_a_pipe() {
    let output = driftsentry(&["report", &path("02-updates.refresh.json")], b"").expect(2);
    assert!(!output.stdout.contains('\u{1b}'), "{}", output.stdout);
}

#[test]
fn an_address_does_not_drive_the_terminal() {
    let plan = Plan::refresh_only().deleted(
        "aws_instance.\u{1b}[2Jx",
        serde_json::json!({"id": "\u{1b}]0;owned\u{7}"}),
    );
    for output in ["markdown", "json"] {
        let said = driftsentry(&["report", "--output", output, "-"], &plan.bytes())
            .expect(2)
            .stdout;
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{7}'),
            "{said:?}"
        );
    }
    let said = driftsentry(&["report", "-"], &plan.bytes())
        .expect(2)
        .stdout;
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{7}'),
        "{said:?}"
    );
}

#[test]
fn push_sends_what_report_finds() {
    let app = App::start();
    for raw in [false, true] {
        for name in [
            "02-updates.plan.json",
            "04-sensitive.refresh.json",
            "01-no-drift.plan.json",
            "13-moved.refresh.json",
        ] {
            let workspace = format!(
                "{}/{}",
                if raw { "raw" } else { "redacted" },
                name.split('.').next().expect("a name")
            );
            let file = path(name);
            let mut arguments = vec![
                "push",
                &file,
                "--server",
                app.url(),
                "--workspace",
                &workspace,
                "--commit",
                "4f1c2d3",
            ];
            if raw {
                arguments.push("--raw");
            }
            let code = if reported(name) == 0 { 0 } else { 2 };
            app.driftsentry(&arguments, b"").expect(code);
            let drifts = app
                .as_viewer()
                .drifts(&format!("workspace={workspace}&status=open"));
            let found: Vec<&str> = drifts
                .iter()
                .filter_map(|drift| drift["resourceAddress"].as_str())
                .collect();
            for address in read_drift(name).keys() {
                assert!(
                    found.contains(&address.as_str()),
                    "{address} of {workspace} in {found:?}"
                );
            }
            let scan = &app
                .as_viewer()
                .all("/scans", &format!("workspace={workspace}"))[0];
            assert_eq!(
                (&scan["commit"], &scan["status"]),
                (&Value::from("4f1c2d3"), &Value::from("complete"))
            );
        }
    }
}

#[test]
fn push_redacted_or_raw_is_the_same_drift() {
    let app = App::start();
    let file = path("04-sensitive.plan.json");
    let push = |raw: &[&str]| {
        let mut arguments = vec![
            "push",
            &file,
            "--server",
            app.url(),
            "--workspace",
            "shop/prod",
        ];
        arguments.extend_from_slice(raw);
        app.driftsentry(&arguments, b"").expect(2);
        let scans = app.as_viewer().get("/scans?limit=1").expect(200);
        ["drifted", "new", "unchanged"]
            .map(|field| scans.number(&format!("/data/items/0/counts/{field}")))
    };
    let [drifted, new, _] = push(&[]);
    assert_eq!((drifted, new), (8, 8));
    assert_eq!(push(&[]), [8, 0, 8]);
    let [drifted, new, _] = push(&["--raw"]);
    assert_eq!(
        (drifted, new),
        (8, 0),
        "the same resources, whoever hid their secrets"
    );
}

#[test]
fn push_says_when_no_server_answers() {
    let file = path("02-updates.plan.json");
    let output = driftsentry(
        &[
            "push",
            &file,
            "--server",
            "http://127.0.0.1:9",
            "--workspace",
            "w",
        ],
        b"",
    )
    .expect(1);
    assert!(output.stderr.contains("127.0.0.1:9"), "{}", output.stderr);
}

#[test]
fn push_passes_on_what_the_server_refuses() {
    let app = App::start();
    let file = path("02-updates.plan.json");
    let output = app
        .driftsentry(
            &[
                "push",
                &file,
                "--server",
                app.url(),
                "--workspace",
                "NOT A NAME",
            ],
            b"",
        )
        .expect(1);
    assert!(
        output.stderr.to_lowercase().contains("workspace"),
        "{}",
        output.stderr
    );
}

#[test]
fn check_tells_a_whole_store_from_a_damaged_one() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    app.stop();
    let data = app.data_dir();
    let data = data.to_str().expect("a path");
    driftsentry(&["check", "--data-dir", data], b"").expect(0);
    for entry in std::fs::read_dir(data).expect("a directory") {
        let file = entry.expect("an entry").path();
        let mut bytes = std::fs::read(&file).unwrap_or_default();
        if bytes.len() > 64 * 1024 {
            bytes[..4096].fill(0xff);
            std::fs::write(&file, bytes).expect("it is written");
            let damaged = driftsentry(&["check", "--data-dir", data], b"");
            assert!(damaged.code.is_some_and(|code| code != 0), "{damaged:?}");
            assert!(!damaged.stderr.contains("panicked"), "{}", damaged.stderr);
            return;
        }
    }
    panic!("no database file in {data}");
}

#[test]
fn demo_fills_an_empty_directory() {
    let mut app = App::stopped();
    let data = app.data_dir();
    let command = ["demo", "--data-dir", data.to_str().expect("a path")];
    let weak = driftsentry_with(&[("DRIFTSENTRY_DEMO_PASSWORD", "demo")], &command, b"").expect(65);
    assert!(weak.stderr.contains("12 to 128"), "{weak:?}");
    let given = [("DRIFTSENTRY_DEMO_PASSWORD", PASSWORD)];
    let said = driftsentry_with(&given, &command, b"").expect(0).stdout;
    assert!(!said.contains(PASSWORD), "{said}");
    app.start_again();
    let somebody = |role: &str| {
        let line = said.lines().find(|line| line.ends_with(role));
        let email = line.and_then(|line| line.split_whitespace().next());
        let token = app
            .as_nobody()
            .access_token(email.expect("an address"), PASSWORD);
        app.as_nobody().with_credential(&token)
    };
    let (viewer, admin) = (somebody("reads"), somebody("administers"));
    somebody("decides").get("/drifts").expect(200);
    let drifts = viewer.drifts("status=all");
    assert!(drifts.len() >= 5, "{} drifts", drifts.len());
    assert!(viewer.all("/workspaces", "").len() >= 2);
    // Whoever the trail names is there.
    let users = admin.all("/users", "");
    assert!(users.len() >= 6, "{users:?}");
    assert!(users.iter().any(|user| user["lastLoginAt"].is_string()));
    assert_eq!(admin.get("/api-keys").expect(200).items().len(), 3);
    assert_eq!(
        admin
            .get("/audit-logs/verify")
            .expect(200)
            .at("/data/valid"),
        Value::from(true)
    );
}

#[test]
fn demo_prints_a_password_where_none_is_given() {
    let mut app = App::stopped();
    let data = app.data_dir();
    let data = data.to_str().expect("a path");
    let command = ["demo", "--drifts", "20", "--data-dir", data];
    let said = driftsentry(&command, b"").expect(0).stdout;
    let line = said.lines().find(|line| line.contains("(shown this once)"));
    let password = line.and_then(|line| line.split_whitespace().next());
    app.start_again();
    app.as_nobody()
        .sign_in("elena.rossi@brightcart.example", password.expect("one"))
        .expect(200);
}

#[test]
fn push_says_which_key_it_needs() {
    let app = App::start();
    let read = app.new_key("reader", "read", &[]);
    let elsewhere = app.new_key("elsewhere", "ingest", &["other"]);
    let wrong = ["", "nonsense", &read, &elsewhere];
    for key in wrong {
        let arguments = [
            "push",
            "-",
            "--workspace",
            "shop/prod",
            "--server",
            app.url(),
        ];
        let stdin = fixture("02-updates.plan.json");
        let said = driftsentry_with(&[("DRIFTSENTRY_API_KEY", key)], &arguments, &stdin).expect(1);
        assert!(
            said.stderr
                .contains("Set DRIFTSENTRY_API_KEY to a key with the scope ingest"),
            "{said:?}"
        );
        assert!(key.is_empty() || !said.stderr.contains(key), "{said:?}");
    }
    let file = app.scratch("key");
    std::fs::write(&file, format!("{}\n", app.ingest_key())).expect("written");
    let file = file.to_str().expect("a path");
    let arguments = [
        "push",
        "-",
        "--workspace",
        "shop/prod",
        "--server",
        app.url(),
        "--api-key-file",
        file,
    ];
    driftsentry(&arguments, &fixture("02-updates.plan.json")).expect(2);
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = driftsentry(&["completions", shell], b"").expect(0);
        assert!(output.stdout.contains("driftsentry"), "{shell}");
    }
}

#[test]
fn a_wrong_argument_is_a_usage_error() {
    for arguments in [
        vec!["dance"],
        vec!["report"],
        vec!["push", "x"],
        vec!["report", "--output", "xml", "-"],
    ] {
        let output = driftsentry(&arguments, b"");
        assert!(
            output.code.is_some_and(|code| code != 0 && code != 2),
            "2 means drift: {output:?}"
        );
        assert!(output.stderr.contains("--help"), "{output:?}");
    }
    let help = driftsentry(&["--help"], b"").expect(0).stdout;
    for command in [
        "serve",
        "report",
        "push",
        "check",
        "demo",
        "user",
        "openapi",
        "completions",
    ] {
        assert!(help.contains(command), "{command} in {help}");
    }
}

#[test]
fn every_command_has_a_page_in_the_manual_without_a_warning() {
    let list = driftsentry(&["man", "--list"], b"").expect(0).stdout;
    let names: Vec<&str> = list.lines().collect();
    for name in ["serve", "user", "user add", "config check", "doctor", "man"] {
        assert!(names.contains(&name), "{name} in {list}");
    }
    let pages = std::iter::once(vec!["man"]).chain(
        names
            .iter()
            .map(|name| std::iter::once("man").chain(name.split(' ')).collect()),
    );
    for arguments in pages {
        let page = driftsentry(&arguments, b"").expect(0).stdout;
        assert!(page.contains(".TH DRIFTSENTRY"), "{arguments:?}: {page}");
        let help = [&arguments[1..], &["--help"]].concat();
        let help = driftsentry(&help, b"").expect(0).stdout;
        // The page has the flags that the help has.
        for flag in help
            .split_whitespace()
            .filter(|word| word.starts_with("--") && word.len() > 3)
        {
            let flag = flag.trim_matches(|c: char| !c.is_alphanumeric());
            let in_roff = flag.replace('-', "\\-");
            assert!(page.contains(&in_roff), "{flag} in {arguments:?}");
        }
        warned_of(&arguments, &page);
    }
    let unknown = driftsentry(&["man", "dance"], b"").expect(64);
    assert!(unknown.stderr.contains("man --list"), "{unknown:?}");
}

/// Demands that groff, where it is there, has nothing to say about a page.
fn warned_of(arguments: &[&str], page: &str) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let groff = Command::new("groff")
        .args(["-man", "-ww", "-z", "-Tutf8"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut groff) = groff else { return };
    let mut input = groff.stdin.take().expect("stdin is piped");
    input.write_all(page.as_bytes()).expect("written");
    drop(input);
    let said = groff.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said, "", "{arguments:?}");
}
