//! `driftsentry serve` as an operator meets it: the built program, its first line, its signals, its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_driftsentry");

/// A server on a free port, in a directory of its own.
struct Running {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

fn command(data: &tempfile::TempDir) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg("--data-dir").arg(data.path());
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn start() -> Running {
    let data = tempfile::tempdir().unwrap();
    let mut child = command(&data)
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let address = first
        .trim()
        .strip_prefix("listening on http://")
        .expect(&first);
    Running {
        address: address.to_owned(),
        child,
        _data: data,
    }
}

fn fails(arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().unwrap();
    command(&data).args(arguments).output().unwrap()
}

impl Running {
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn ask(&self, method: &str, path: &str) -> String {
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        ))
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_failure_looks_the_same() {
    let server = start();
    for (method, path, status, code) in [
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("POST", "/nothing", 404, "NOT_FOUND"),
        ("DELETE", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/docs", 405, "METHOD_NOT_ALLOWED"),
        ("BREW", "/health/ready", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/health?search=%00", 400, "VALIDATION_ERROR"),
        ("GET", "/%ff", 404, "NOT_FOUND"),
    ] {
        let answer = server.ask(method, path);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{method} {path}: {answer}"
        );
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], code, "{method} {path}");
        let trace_id = body["error"]["traceId"].as_str().unwrap();
        assert!(head.contains(&format!("x-correlation-id: {trace_id}\r\n")));
        assert_eq!(
            status == 405,
            head.contains("\r\nallow: GET, HEAD, OPTIONS\r\n")
        );
    }
}

#[test]
fn every_answer_has_the_security_headers() {
    let server = start();
    for path in [
        "/",
        "/docs",
        "/docs/init.js",
        "/openapi.json",
        "/health",
        "/metrics",
        "/api/v1/x",
        "/x",
    ] {
        let answer = server.ask("GET", path);
        let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
        for header in [
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "permissions-policy: ",
            "content-security-policy: default-src 'none'",
            "cache-control: no-",
            "x-correlation-id: ",
        ] {
            assert!(head.contains(header), "{path}: {header} in\n{head}");
        }
        assert!(!head.contains("unsafe-inline"), "{path}");
    }
}

#[test]
fn head_and_options_are_answered() {
    let server = start();
    let answer = server.ask("HEAD", "/health/live");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200 ") && body.is_empty(),
        "{answer}"
    );
    assert!(!head.contains("content-length: 0"), "{head}");
    let answer = server.ask("OPTIONS", "/health/live");
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("allow: GET, HEAD, OPTIONS"));
}

#[test]
fn the_contract_is_the_same_from_the_server_and_the_command() {
    let server = start();
    let served = server.ask("GET", "/openapi.json");
    let printed = Command::new(PROGRAM)
        .arg("openapi")
        .output()
        .unwrap()
        .stdout;
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(served.split_once("\r\n\r\n").unwrap().1, printed);
}

#[test]
fn a_signal_stops_it_gracefully_and_soon() {
    for signal in ["-TERM", "-INT"] {
        let mut server = start();
        assert!(server.ask("GET", "/health/ready").contains("\"ready\""));
        let begun = Instant::now();
        server.signal(signal);
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_second_signal_stops_it_at_once() {
    let mut server = start();
    // An upload that does not come to its end holds a graceful stop up.
    let mut upload = TcpStream::connect(&server.address).unwrap();
    let head = format!(
        "POST /api/v1/scans HTTP/1.1\r\nhost: {}\r\ncontent-length: 10\r\n",
        server.address
    );
    upload.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    std::thread::sleep(Duration::from_millis(50));
    server.signal("-TERM");
    let begun = Instant::now();
    let status = server.child.wait().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(matches!(status.code(), Some(143 | 0)), "{status}");
}

#[test]
fn a_port_in_use_is_told() {
    let server = start();
    let failed = fails(&["--listen", &server.address]);
    assert_eq!(failed.status.code(), Some(69));
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(
        told.contains("in use") && told.contains("--listen"),
        "{told}"
    );
}

#[test]
fn in_the_clear_only_loopback_addresses_are_listened_on() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8420"] {
        let failed = fails(&["--listen", address]);
        assert_eq!(failed.status.code(), Some(78), "{address}");
        let told = String::from_utf8_lossy(&failed.stderr);
        for way_out in ["--tls-cert", "loopback", "allow_insecure_http"] {
            assert!(told.contains(way_out), "{way_out} in {told}");
        }
    }
}

#[test]
fn an_operator_may_waive_tls_and_is_warned() {
    let data = tempfile::tempdir().unwrap();
    let mut child = command(&data)
        .args(["--listen", "0.0.0.0:0"])
        .env("DRIFTSENTRY_ALLOW_INSECURE_HTTP", "true")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut first, mut warned) = (String::new(), String::new());
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut warned).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(first.starts_with("listening on http://0.0.0.0:"), "{first}");
    assert!(
        warned.contains("WARN") && warned.contains("in the clear"),
        "{warned}"
    );
}

#[test]
fn a_certificate_without_a_key_or_of_nothing_is_a_mistake() {
    let failed = fails(&["--tls-cert", "/nowhere/cert.pem"]);
    assert_eq!(failed.status.code(), Some(78));
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(told.contains("--tls-key"), "{told}");
    let both = ["--tls-cert", "/nowhere/c", "--tls-key", "/nowhere/k"];
    let failed = fails(&[&["--listen", "127.0.0.1:0"][..], &both].concat());
    assert_eq!(failed.status.code(), Some(78));
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(told.contains("can't read /nowhere/c"), "{told}");
}

#[test]
fn mistakes_end_with_their_exit_code() {
    assert_eq!(fails(&["--nonsense"]).status.code(), Some(64));
    assert_eq!(fails(&["--listen", "nowhere"]).status.code(), Some(78));
    assert_eq!(
        fails(&["--config", "/nowhere/config.toml"]).status.code(),
        Some(78)
    );
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data");
    let failed = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&below)
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(73));
}

#[test]
fn without_descriptors_it_waits_instead_of_spinning() {
    let data = tempfile::tempdir().unwrap();
    let script =
        format!("ulimit -n 64; exec {PROGRAM} serve --listen 127.0.0.1:0 --data-dir \"$0\"");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .arg(data.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let address = first
        .trim()
        .strip_prefix("listening on http://")
        .unwrap()
        .to_owned();
    let server = Running {
        child,
        address,
        _data: data,
    };

    let held: Vec<_> = (0..100)
        .filter_map(|_| TcpStream::connect(&server.address).ok())
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let before = cpu_ticks(server.child.id());
    std::thread::sleep(Duration::from_secs(1));
    let used = cpu_ticks(server.child.id()) - before;
    assert!(used <= 10, "{used} ticks of 10 ms in one second");
    drop(held);
    std::thread::sleep(Duration::from_millis(1_000));
    assert!(server.ask("GET", "/health").contains("\"ok\""));
}

/// Processor time of a process, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    fields
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum()
}
