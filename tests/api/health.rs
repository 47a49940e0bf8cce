//! Health under each fault: what probes hear, at once and truly; and `driftsentry health`, which asks for them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{Answer, App, Client, driftsentry, driftsentry_with};

/// Asks until an answer is as it should be.
#[track_caller]
fn until(what: &str, patience_s: u64, mut ask: impl FnMut() -> Option<Answer>) -> Answer {
    let asked = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        let waited = asked.elapsed();
        assert!(waited.as_secs() < patience_s, "{what}: not in {waited:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for a readiness with this status.
#[track_caller]
fn ready(client: &Client, status: u16, patience_s: u64) -> Answer {
    until(&format!("readiness {status}"), patience_s, || {
        let answer = client.get_root("/health/ready");
        (answer.status == status).then_some(answer)
    })
}

/// What a check of a readiness says.
fn said(answer: &Answer, check: &str) -> String {
    let checks = &answer.json()["checks"];
    checks[check].as_str().unwrap_or_default().to_owned()
}

/// A sample of `/metrics`.
#[track_caller]
fn sample(client: &Client, name: &str) -> f64 {
    let text = client.get_root("/metrics").expect(200).body_text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().expect("a number")
}

/// `driftsentry health` of a server's address.
#[track_caller]
fn probed(url: &str, code: i32) -> String {
    driftsentry(&["health", "--url", url], b"")
        .expect(code)
        .stdout
}

/// A fault in a running server's system calls; over when dropped.
struct Fault(Child);

impl Fault {
    /// `inject` as strace(1) has it.
    #[track_caller]
    fn begin(app: &App, inject: &str) -> Self {
        let note = app.scratch("strace.err");
        let errors = fs::File::create(&note).expect("a file");
        let child = Command::new("strace")
            .args(["-f", "-p", &app.pid().to_string(), "-o", "/dev/null", "-e"])
            .arg(format!(
                "trace={}",
                inject.split(':').next().expect("calls")
            ))
            .args(["-e", &format!("inject={inject}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("strace runs: scripts/test installs it");
        let fault = Self(child);
        let asked = Instant::now();
        while !fs::read_to_string(&note).is_ok_and(|said| said.contains("attached")) {
            let waited = asked.elapsed();
            let said = fs::read_to_string(&note);
            assert!(waited.as_secs() < 10, "strace does not attach: {said:?}");
            thread::sleep(Duration::from_millis(20));
        }
        // It attaches to one thread after the other.
        thread::sleep(Duration::from_millis(200));
        fault
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string()
}

#[test]
fn probes_are_answered_while_the_database_is_opened() {
    let mut app = App::stopped();
    let (data, port) = (app.data_dir(), free_port());
    fs::create_dir(&data).expect("made");
    // Reading the key waits for somebody who writes it: so does opening.
    let key = data.join("fingerprint.key");
    let made = Command::new("mkfifo").arg(&key).status().expect("mkfifo");
    assert!(made.success());
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    thread::scope(|scope| {
        let starting = scope.spawn(|| {
            app.start_on(&port);
            app
        });
        let answer = until("an answer", 20, || {
            client.try_send("GET", "/health/ready", &[], None).ok()
        });
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.json()["status"], "not_ready");
        assert_eq!(said(&answer, "server"), "starting");
        let live = client.get_root("/health/live").expect(200);
        assert_eq!(live.json()["status"], "alive");
        client.get_root("/health/detailed").expect(200);
        let refused = client.get("/drifts").expect(503).code("UNAVAILABLE");
        assert!(refused.header("retry-after").is_some());
        client.get_root("/").expect(200);
        assert!(sample(&client, "driftsentry_ready ").abs() < f64::EPSILON);
        let url = format!("http://127.0.0.1:{port}");
        assert_eq!(probed(&url, 1), "not ready: server: starting\n");

        fs::write(&key, format!("{}\n", "ab".repeat(32))).expect("written");
        let app = starting.join().expect("it starts");
        ready(&client, 200, 5);
        app.as_engineer().new_drift("i-1");
        assert_eq!(probed(&url, 0), "ready\n");
    });
}

#[test]
fn a_stuck_writer_is_told_and_forgotten_once_it_goes_on() {
    let app = App::start();
    let (client, engineer) = (app.as_nobody(), app.as_engineer());
    engineer.new_drift("i-1");
    let fault = Fault::begin(&app, "fdatasync,fsync:delay_enter=14s");
    let waiting = thread::spawn(move || engineer.create("i-2", Value::Null));
    let answer = ready(&client, 503, 30);
    let writer = said(&answer, "writer");
    assert!(writer.starts_with("no progress for 1"), "{writer}");
    assert_eq!(said(&answer, "database"), "ok", "reads go on");
    client.get_root("/health/live").expect(200);
    assert!(sample(&client, "driftsentry_store_writer_busy_seconds ") >= 10.0);
    assert!(sample(&client, r#"driftsentry_health_check{check="writer"} "#).abs() < f64::EPSILON);
    let facts = client.get_root("/health/detailed").expect(200).json()["facts"].clone();
    assert!(
        facts["writerBusyMilliseconds"].as_u64() >= Some(10_000),
        "{facts}"
    );
    assert!(facts["queueDepth"].as_u64() >= Some(1), "{facts}");
    let moved_ms = facts["clockMovedMilliseconds"].as_i64().expect("told");
    assert!(moved_ms.abs() < 1_000, "nobody set the clock: {facts}");
    assert!(probed(app.url(), 1).starts_with("not ready: writer: no progress"));

    drop(fault);
    ready(&client, 200, 30);
    waiting.join().expect("an answer").expect(201);
    let slow = lines(&app, "A request was slow");
    assert!(!slow.is_empty(), "the change waited for more than a second");
    for line in slow {
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["route"], "/api/v1/drifts");
    }
}

#[test]
fn a_failing_disk_is_told_and_the_store_opened_again() {
    let app = App::start();
    let (client, engineer) = (app.as_nobody(), app.as_engineer());
    engineer.new_drift("i-1");
    let fault = Fault::begin(&app, "fdatasync,fsync:error=EIO");
    engineer.create("i-2", Value::Null).expect(503);
    let answer = ready(&client, 503, 10);
    assert_eq!(said(&answer, "database"), "reopening after a failed write");
    // Neither waits for the database.
    let asked = Instant::now();
    let degraded = r#"driftsentry_store_state{state="degraded"} "#;
    assert!((sample(&client, degraded) - 1.0).abs() < f64::EPSILON);
    client.get_root("/health/detailed").expect(200);
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert!(probed(app.url(), 1).contains("database: reopening"));

    drop(fault);
    ready(&client, 200, 15);
    assert!(sample(&client, "driftsentry_store_commit_failures_total ") >= 1.0);
    assert!(sample(&client, "driftsentry_store_reopenings_total ") >= 1.0);
    engineer.create("i-3", Value::Null).expect(201);
}

#[test]
fn a_full_disk_is_told_and_heals() {
    let mut app = App::stopped();
    let data = app.data_dir();
    fs::create_dir(&data).expect("made");
    let data = data.to_str().expect("a path").to_owned();
    let mount = "mount -t tmpfs -o size=96m,mode=0700 none \"$0\" && exec \"$@\"";
    app.wrap(&["unshare", "-rm", "sh", "-c", mount, &data]);
    let least = (48 << 20).to_string();
    app.set(&[("DRIFTSENTRY_STORE_MIN_FREE_BYTES", least)]);
    app.start_again();
    let (client, engineer) = (app.as_nobody(), app.as_engineer());
    engineer.new_drift("i-1");
    ready(&client, 200, 5);
    let free = sample(&client, "driftsentry_store_disk_free_bytes ");
    assert!(free > 48e6 && free < 101e6, "of the tmpfs: {free}");

    // Its own file system, seen from here.
    let filler = format!("/proc/{}/root{data}/filler", app.pid());
    fs::write(&filler, vec![1; 60 << 20]).expect("room for it");
    let answer = ready(&client, 503, 10);
    assert!(said(&answer, "disk").starts_with("almost full"));
    assert_eq!(said(&answer, "database"), "ok");
    assert!(probed(app.url(), 1).starts_with("not ready: disk: almost full"));
    engineer.get("/drifts").expect(200);
    engineer.create("i-2", Value::Null).expect(507);

    fs::remove_file(&filler).expect("removed");
    ready(&client, 200, 10);
    engineer.create("i-2", Value::Null).expect(201);
}

#[test]
fn a_server_that_drains_takes_no_more_probes() {
    let app = App::start();
    let address = app.url().strip_prefix("http://").expect("an address");
    // A request under way: its body is still to come.
    let mut slow = TcpStream::connect(address).expect("connected");
    let login = json!({"email": "a@b.example", "password": "x"}).to_string();
    write!(
        slow,
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        login.len()
    )
    .expect("sent");
    thread::sleep(Duration::from_millis(300));
    let pid = i32::try_from(app.pid()).expect("a process id");
    kill_process(Pid::from_raw(pid).expect("not 0"), Signal::TERM).expect("a signal is sent");
    let asked = Instant::now();
    let mut told = probed_any(app.url());
    while told.0 != Some(69) {
        assert!(asked.elapsed() < Duration::from_secs(3), "{told:?}");
        told = probed_any(app.url());
    }
    assert!(told.1.starts_with("unreachable: "), "{told:?}");
    // What was under way is answered.
    slow.write_all(login.as_bytes()).expect("sent");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

fn probed_any(url: &str) -> (Option<i32>, String) {
    let output = driftsentry(&["health", "--url", url], b"");
    (output.code, output.stdout)
}

#[test]
fn the_probe_follows_the_servers_configuration() {
    let app = App::start();
    let address = app.url().strip_prefix("http://").expect("an address");
    let port = address.rsplit(':').next().expect("a port");
    for listen in [address, &format!("0.0.0.0:{port}")] {
        let said = driftsentry_with(
            &[
                ("DRIFTSENTRY_LISTEN", listen),
                ("HTTP_PROXY", "http://127.0.0.1:1"),
            ],
            &["health"],
            b"",
        );
        assert_eq!(said.expect(0).stdout, "ready\n", "{listen}");
    }
    let config = app.scratch("config.toml");
    fs::write(&config, format!("listen = '{address}'")).expect("written");
    let config = config.to_str().expect("a path");
    let said = driftsentry(&["health", "--config", config, "--live", "--json"], b"");
    let said: Value = serde_json::from_str(&said.expect(0).stdout).expect("JSON");
    assert_eq!(said["status"], "alive");
    let said = driftsentry(&["health", "--config", config, "--ready", "--json"], b"");
    let said: Value = serde_json::from_str(&said.expect(0).stdout).expect("JSON");
    assert_eq!(said["checks"]["database"], "ok");

    driftsentry(&["health", "--listen", "127.0.0.1:0"], b"").expect(78);
    driftsentry(&["health", "--listen", "nowhere"], b"").expect(78);
    driftsentry(&["health", "--ready", "--live"], b"").expect(64);
    driftsentry(&["health", "--url", app.url(), "--config", config], b"").expect(64);
}

#[test]
fn the_probe_trusts_the_servers_own_certificate_at_home_only() {
    let issued = rcgen::generate_simple_self_signed(["drift.example".to_owned()]).expect("issued");
    let files = tempfile::tempdir().expect("a directory");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    fs::write(&cert, issued.cert.pem()).expect("written");
    fs::write(&key, issued.signing_key.serialize_pem()).expect("written");
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let (cert, key) = (text(&cert), text(&key));
    let tls = [
        ("DRIFTSENTRY_TLS_CERT", &*cert),
        ("DRIFTSENTRY_TLS_KEY", &*key),
    ];
    let app = App::configured(&tls);
    let address = app.url().strip_prefix("https://").expect("an address");
    let said = driftsentry_with(&tls, &["health", "--listen", address], b"");
    assert_eq!(said.expect(0).stdout, "ready\n");
    // Of one that is named, the name counts.
    let said = driftsentry(&["health", "--url", app.url()], b"").expect(69);
    assert!(said.stdout.contains("ertificate"), "{}", said.stdout);
}

#[test]
fn the_probe_says_so_where_nothing_or_a_stranger_answers() {
    let port = free_port();
    let said = driftsentry(&["health", "--listen", &format!("127.0.0.1:{port}")], b"");
    let said = said.expect(69).stdout;
    assert!(said.starts_with("unreachable: http://127.0.0.1:"), "{said}");
    assert_eq!(said.lines().count(), 1);

    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let asked = Instant::now();
    let said = driftsentry(&["health", "--listen", &address, "--json"], b"").expect(69);
    let waited = asked.elapsed();
    assert!(
        waited > Duration::from_secs(2) && waited < Duration::from_secs(5),
        "{waited:?}"
    );
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["status"], "unreachable");

    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", stranger.local_addr().expect("an address"));
    let answering = thread::spawn(move || {
        let (mut stream, _) = stranger.accept().expect("a probe");
        let mut asked = [0; 1024];
        let _ = stream.read(&mut asked);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
            .expect("sent");
    });
    let said = driftsentry(&["health", "--url", &url], b"")
        .expect(1)
        .stdout;
    assert!(said.contains("is no DriftSentry server"), "{said}");
    answering.join().expect("answered");
}

/// The server's log lines with this message.
fn lines(app: &App, message: &str) -> Vec<Value> {
    let log = app.log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["message"] == message)
        .collect()
}

#[test]
fn each_request_is_one_line_in_the_log() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    let headers = [("x-correlation-id", "told-in-the-log")];
    let body = json!({"reason": "agreed with the team"});
    let path = format!("/drifts/{id}/approve");
    engineer.post_with(&path, &headers, &body).expect(200);
    let written = || -> Vec<Value> {
        let all = lines(&app, "Request").into_iter();
        all.filter(|line| line["correlation_id"] == headers[0].1)
            .collect()
    };
    let asked = Instant::now();
    while written().is_empty() {
        assert!(asked.elapsed() < Duration::from_secs(5), "no line");
        thread::sleep(Duration::from_millis(20));
    }
    let [line] = &written()[..] else {
        panic!("one line, not {:?}", written());
    };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["method"], "POST");
    assert_eq!(line["route"], "/api/v1/drifts/{id}/approve");
    assert_eq!(line["status"], 200);
    assert_eq!(line["user"], "engineer@test.example");
    assert_eq!(line["request_bytes"], body.to_string().len());
    assert!(line["response_bytes"].as_u64() > Some(100), "{line}");
    assert!(line["duration_ms"].as_f64() > Some(0.0), "{line}");
    assert!(!line.to_string().contains(&id), "no raw path: {line}");
}
