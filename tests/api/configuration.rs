//! The configuration as an operator meets it: checked before the start, shown with its origins, reloaded at SIGHUP.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{ADMIN, App, Stream, driftsentry, driftsentry_with};

const TOKEN: &str = "planted-0123456789-token";

/// A configuration file with this text.
fn written(app: &App, text: &str) -> String {
    let path = app.scratch("driftsentry.toml");
    fs::write(&path, text).expect("written");
    path.to_str().expect("a path").to_owned()
}

fn hang_up(app: &App) {
    let pid = i32::try_from(app.pid()).expect("a process id");
    kill_process(Pid::from_raw(pid).expect("not 0"), Signal::HUP).expect("a signal is sent");
}

/// The log lines with this message, once there are so many.
#[track_caller]
fn told(app: &App, message: &str, count: usize) -> Vec<Value> {
    let asked = Instant::now();
    loop {
        let log = app.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let found: Vec<Value> = lines
            .filter(|line: &Value| line["message"] == message)
            .collect();
        if found.len() >= count {
            return found;
        }
        assert!(
            asked.elapsed() < Duration::from_secs(10),
            "{count} × {message:?} in\n{log}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_mistake_is_told_at_once_each_in_a_line_with_its_place() {
    let app = App::stopped();
    let file = written(
        &app,
        "listen = 'here'\nlog.levl = 'info'\n[limits]\nstreams = 0\n[tls]\ncert = '/c'\n",
    );
    let environment = [("DRIFTSENTRY_STORE_CACHE_BYTES", "lots")];
    for command in [
        &["config", "check", "--config", &file][..],
        &["config", "show", "--config", &file],
        &["serve", "--config", &file],
    ] {
        let said = driftsentry_with(&environment, command, b"").expect(78);
        assert_eq!(said.stdout, "");
        let lines: Vec<&str> = said.stderr.lines().collect();
        assert_eq!(lines[0], "driftsentry: the configuration has 5 mistakes");
        for (line, wanted) in lines[1..].iter().zip([
            format!("{file}:1: listen must be an address and a port such as 127.0.0.1:8420, not \"here\""),
            format!("{file}:2: log.levl is no key: did you mean log.level?"),
            format!("{file}:4: limits.streams must be a whole number from 1 to 1000000, not \"0\""),
            format!("{file}:6: tls.cert needs its private key: set tls.key (--tls-key) too, or neither"),
            "DRIFTSENTRY_STORE_CACHE_BYTES: store.cache_bytes must be a size from 1 MiB to 64 GiB, such as 64 MiB or a number of bytes, not \"lots\"".to_owned(),
        ]) {
            assert_eq!(*line, wanted);
        }
        assert_eq!(lines.len(), 6, "{said:?}");
    }
}

#[test]
fn a_configuration_that_is_right_but_can_t_be_used_is_found_before_the_start() {
    let app = App::stopped();
    let missing = app.scratch("nowhere.pem");
    let missing = missing.to_str().expect("a path");
    for (text, wanted) in [
        ("listen = '0.0.0.0:8420'".to_owned(), "in the clear"),
        (
            format!("[tls]\ncert = '{missing}'\nkey = '{missing}'"),
            "nowhere.pem",
        ),
        (format!("auth.token_keys_file = '{missing}'"), "nowhere.pem"),
    ] {
        let file = written(&app, &text);
        let said = driftsentry(&["config", "check", "--config", &file], b"").expect(78);
        assert!(said.stderr.contains(wanted), "{said:?}");
    }
    let said = driftsentry(&["config", "check", "--config", missing], b"").expect(78);
    assert!(said.stderr.contains(missing), "{said:?}");
    let file = written(&app, "listen = '127.0.0.1:1'\nlog.level = 'warn'");
    let said = driftsentry(&["config", "check", "--config", &file], b"").expect(0);
    assert!(
        said.stdout.starts_with("The configuration is right: 2 of "),
        "{said:?}"
    );
}

#[test]
fn every_value_is_shown_with_its_origin_and_no_secret() {
    let app = App::stopped();
    let file = written(
        &app,
        &format!("log.level = 'warn'\nlimits.streams = 7\nmetrics.token = '{TOKEN}'"),
    );
    let credentials = app.scratch("credentials");
    fs::create_dir(&credentials).expect("made");
    fs::write(credentials.join("admin.password"), "seven rusty anchors").expect("written");
    let environment = [
        ("DRIFTSENTRY_LIMITS_STREAMS", "9"),
        (
            "CREDENTIALS_DIRECTORY",
            credentials.to_str().expect("a path"),
        ),
    ];
    let command = [
        "config",
        "show",
        "--config",
        &file,
        "--listen",
        "127.0.0.1:7",
    ];
    let text = driftsentry_with(&environment, &command, b"")
        .expect(0)
        .stdout;
    let command = [&command[..], &["--json"]].concat();
    let json = driftsentry_with(&environment, &command, b"")
        .expect(0)
        .stdout;
    for secret in [TOKEN, "rusty"] {
        assert!(
            !text.contains(secret) && !json.contains(secret),
            "{text}{json}"
        );
    }
    let all: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    let value = |key: &str| {
        let found = all.iter().find(|value| value["key"] == key);
        let found = found.unwrap_or_else(|| panic!("{key} in {json}"));
        (found["value"].clone(), found["origin"].clone())
    };
    let line = format!("{file}:1");
    let here = |name: &str| credentials.join(name).to_str().expect("a path").to_owned();
    for (key, shown, origin) in [
        ("listen", "127.0.0.1:7", "--listen"),
        ("limits.streams", "9", "DRIFTSENTRY_LIMITS_STREAMS"),
        ("log.level", "warn", line.as_str()),
        ("limits.connections", "4096", "default"),
        ("metrics.token", "(hidden)", &format!("{file}:3")),
        (
            "admin.password_file",
            &here("admin.password"),
            "$CREDENTIALS_DIRECTORY/admin.password",
        ),
    ] {
        assert_eq!(value(key), (shown.into(), origin.into()), "{key}");
        assert!(
            text.contains(&format!("# {origin}\n")),
            "{origin} in {text}"
        );
    }
    assert_eq!(value("log.file"), (Value::Null, "not set: no file".into()));
    // What is printed can be read again.
    fs::write(&file, text).expect("written");
    driftsentry(&["config", "check", "--config", &file], b"").expect(0);
}

#[test]
fn the_example_is_a_configuration() {
    let app = App::stopped();
    let example = driftsentry(&["config", "example"], b"").expect(0).stdout;
    let file = written(&app, &example);
    driftsentry(&["config", "check", "--config", &file], b"").expect(0);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/config.toml");
    assert_eq!(fs::read_to_string(committed).expect("text"), example);
}

/// The status of a request for the metrics with this token, as a proxy's client.
fn scraped(app: &App, token: &str) -> u16 {
    app.as_nobody()
        .send(
            "GET",
            "/metrics",
            &[
                ("authorization", &format!("Bearer {token}")),
                ("x-forwarded-for", "192.0.2.1"),
            ],
            None,
        )
        .status
}

#[test]
fn a_reload_takes_over_what_it_can_and_says_what_needs_a_restart() {
    let mut app = App::stopped();
    let first = format!(
        "limits.body_bytes = '1 MiB'\nstore.cache_bytes = '64 MiB'\n[metrics]\ntoken = '{TOKEN}'"
    );
    let file = written(&app, &first);
    app.set(&[("DRIFTSENTRY_CONFIG", file)]);
    app.start_again();
    let large = json!({"email": "x".repeat(20_000), "password": "y"});
    let status = |app: &App| app.as_nobody().post("/auth/login", &large).status;
    assert_ne!(status(&app), 413);

    let other = "another-0123456789-token";
    let second = format!(
        "log.level = 'debug'\nlimits.body_bytes = '16 KiB'\nlimits.streams = 1\nstore.cache_bytes = '32 MiB'\n\
         trusted_proxies = ['127.0.0.1']\nalerts.approval_needed_after = '2h'\n[metrics]\ntoken = '{other}'"
    );
    written(&app, &second);
    hang_up(&app);
    let ended = told(&app, "The configuration was reloaded", 1);
    assert_eq!(
        (&ended[0]["changed"], &ended[0]["restart_needed"]),
        (&6.into(), &1.into())
    );
    let changes = told(&app, "A setting was changed", 6);
    let change = |key: &str| {
        let found = changes.iter().find(|line| line["setting"] == key);
        found
            .unwrap_or_else(|| panic!("{key} in {changes:?}"))
            .clone()
    };
    let level = change("log.level");
    assert_eq!(
        (&level["from"], &level["to"]),
        (&"info".into(), &"debug".into())
    );
    assert!(
        level["origin"]
            .as_str()
            .is_some_and(|origin| origin.ends_with("driftsentry.toml:1"))
    );
    assert_eq!(change("metrics.token")["to"], "(hidden)");
    let waiting = told(&app, "A changed setting needs a restart", 1);
    assert_eq!(waiting[0]["setting"], "store.cache_bytes");
    assert_eq!(
        (&waiting[0]["from"], &waiting[0]["to"]),
        (&"64 MiB".into(), &"32 MiB".into())
    );

    // Each of them holds.
    assert_eq!(status(&app), 413);
    assert_eq!((scraped(&app, TOKEN), scraped(&app, other)), (401, 200));
    let viewer = app.as_viewer();
    let _listening = Stream::open(&viewer, "", None);
    assert_eq!(Stream::try_open(&viewer, "", None).err(), Some(503));
    let mut silent =
        TcpStream::connect(app.url().trim_start_matches("http://")).expect("connected");
    silent
        .write_all(b"\x16\x03\x01nonsense\r\n\r\n")
        .expect("sent");
    told(&app, "A connection ended early", 1);
    assert!(!app.log().contains(TOKEN) && !app.log().contains(other));

    // What waits for a restart is told again, and nothing else.
    hang_up(&app);
    let ended = told(&app, "The configuration was reloaded", 2);
    assert_eq!(
        (&ended[1]["changed"], &ended[1]["restart_needed"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn a_broken_file_changes_nothing_at_a_reload_and_every_mistake_is_told() {
    let mut app = App::stopped();
    let file = written(&app, &format!("[metrics]\ntoken = '{TOKEN}'"));
    app.set(&[("DRIFTSENTRY_CONFIG", file.clone())]);
    app.start_again();
    written(
        &app,
        "log.level = 'debug'\ntrusted_proxies = ['127.0.0.1']\nlimits.streams = 'many'\nmetrics.token = 'short'\nx = [\n",
    );
    hang_up(&app);
    let refused = told(
        &app,
        "The configuration was not reloaded: everything stays as it was",
        1,
    );
    let mistakes = told(&app, "The configuration has a mistake", 3);
    let texts: Vec<&str> = mistakes
        .iter()
        .filter_map(|line| line["mistake"].as_str())
        .collect();
    for wanted in [
        format!("{file}:3: limits.streams must be a whole number"),
        format!("{file}:4: metrics.token must be 16 to 256 visible"),
    ] {
        assert!(
            texts.iter().any(|text| text.starts_with(&wanted)),
            "{wanted} in {texts:?}"
        );
    }
    assert_eq!(refused[0]["mistakes"], texts.len());
    // The token is the one before.
    assert_eq!((scraped(&app, TOKEN), scraped(&app, "short")), (200, 401));
    fs::remove_file(&file).expect("removed");
    hang_up(&app);
    told(
        &app,
        "The configuration was not reloaded: everything stays as it was",
        2,
    );
    app.as_viewer().get("/drifts").expect(200);
}

#[test]
fn what_belongs_to_a_request_is_logged_with_its_correlation_id() {
    // Requests' own lines are left out at this level; what belongs to them is not.
    let app = App::configured(&[("DRIFTSENTRY_LOG_LEVEL", "warn")]);
    let nobody = app.as_nobody();
    let signed_in = nobody.sign_in(ADMIN.0, ADMIN.1).expect(200);
    let spent = json!({"refreshToken": signed_in.text("/data/refreshToken")});
    nobody.post("/auth/refresh", &spent).expect(200);
    let thief = [
        ("user-agent", "somebody else's program"),
        ("x-correlation-id", "ticket-77"),
    ];
    nobody
        .post_with("/auth/refresh", &thief, &spent)
        .expect(401);
    let told = told(
        &app,
        "A spent refresh token came back: its session is revoked",
        1,
    );
    assert_eq!(told[0]["correlation_id"], "ticket-77");
}
