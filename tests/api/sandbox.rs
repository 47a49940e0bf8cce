//! What the program does fits the sandbox that `systemd/driftsentry.service` puts it in: its system calls, the files it
//! opens and writes, the sockets it makes. Told by strace while it does all its main work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{ADMIN, App, Stream, fixture_path};

/// The directives of a unit, each with all its values in order.
struct Unit(BTreeMap<String, Vec<String>>);

impl Unit {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("systemd")
            .join(name);
        let text = fs::read_to_string(&path).expect("the unit is there");
        let mut directives: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with(['#', '['])) {
            if let Some((name, value)) = line.split_once('=') {
                let values = directives.entry(name.to_owned()).or_default();
                values.push(value.to_owned());
            }
        }
        Self(directives)
    }

    #[track_caller]
    fn all(&self, name: &str) -> &[String] {
        self.0.get(name).unwrap_or_else(|| panic!("no {name}="))
    }

    #[track_caller]
    fn one(&self, name: &str) -> &str {
        let [value] = self.all(name) else {
            panic!("{name}= stands there more than once");
        };
        value
    }

    /// The system calls that its `SystemCallFilter=` lets through.
    fn calls(&self) -> BTreeSet<String> {
        let sets = call_sets();
        let mut allowed = BTreeSet::new();
        for (index, filter) in self.all("SystemCallFilter").iter().enumerate() {
            let denied = filter.strip_prefix('~');
            assert_eq!(
                denied.is_none(),
                index == 0,
                "first what is allowed, then what is not"
            );
            let mut named = BTreeSet::new();
            for name in denied.unwrap_or(filter).split_whitespace() {
                expand(name, &sets, &mut named);
            }
            if denied.is_some() {
                allowed.retain(|call| !named.contains(call));
            } else {
                allowed = named;
            }
        }
        allowed
    }

    fn families(&self) -> BTreeSet<&str> {
        self.one("RestrictAddressFamilies")
            .split_whitespace()
            .collect()
    }
}

/// systemd's sets of system calls, by name.
fn call_sets() -> BTreeMap<String, Vec<String>> {
    let told = Command::new("systemd-analyze")
        .arg("syscall-filter")
        .output();
    let told = told
        .expect("systemd-analyze runs: apt-get install systemd")
        .stdout;
    let told = String::from_utf8(told).expect("UTF-8");
    let (mut sets, mut name) = (BTreeMap::<String, Vec<String>>::new(), String::new());
    for line in told.lines() {
        let word = line.trim();
        if line.starts_with('@') {
            word.clone_into(&mut name);
        } else if line.starts_with(' ') && !word.starts_with('#') && !word.is_empty() {
            sets.entry(name.clone()).or_default().push(word.to_owned());
        }
    }
    assert!(
        sets.len() > 20 && sets.contains_key("@system-service"),
        "{told}"
    );
    sets
}

fn expand(name: &str, sets: &BTreeMap<String, Vec<String>>, into: &mut BTreeSet<String>) {
    if !name.starts_with('@') {
        into.insert(name.to_owned());
        return;
    }
    for member in sets
        .get(name)
        .unwrap_or_else(|| panic!("systemd knows no {name}"))
    {
        expand(member, sets, into);
    }
}

/// What strace wrote.
struct Trace(Vec<Call>);

/// One system call.
struct Call {
    name: String,
    /// From the opening bracket on: arguments and, where it came back at once, the result.
    rest: String,
}

impl Trace {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("strace runs: apt-get install strace");
        let calls = text.lines().filter_map(|line| {
            let (_thread, line) = line.split_once(' ')?;
            let (name, rest) = line.trim_start().split_once('(')?;
            let is_name = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            (is_name && !name.is_empty()).then(|| Call {
                name: name.to_owned(),
                rest: rest.to_owned(),
            })
        });
        Self(calls.collect())
    }

    fn names(&self) -> BTreeSet<String> {
        self.0.iter().map(|call| call.name.clone()).collect()
    }

    fn of<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Call> {
        self.0
            .iter()
            .filter(move |call| names.contains(&call.name.as_str()))
    }
}

impl Call {
    /// The texts among its arguments.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.rest.split('"').skip(1).step_by(2)
    }
}

/// Demands that all that was done fits a unit, with the directories that it may write.
#[track_caller]
fn fits(trace: &Trace, unit: &Unit, writable: &[&Path]) {
    let allowed = unit.calls();
    let is_root = rustix::process::geteuid().is_root();
    let refused: Vec<String> = trace
        .names()
        .difference(&allowed)
        .filter(|call| !(is_root && call.as_str() == AS_ROOT))
        .cloned()
        .collect();
    assert!(refused.is_empty(), "the filter refuses {refused:?}");

    let families = unit.families();
    for socket in trace.of(&["socket", "socketpair"]) {
        let family = socket.rest.split(',').next().unwrap_or_default();
        assert!(
            families.contains(family),
            "RestrictAddressFamilies= refuses {}",
            socket.rest
        );
    }

    // ProtectSystem=strict, with StateDirectory= and LogsDirectory=.
    assert_eq!(unit.one("ProtectSystem"), "strict");
    let may_write = |path: &str| {
        let path = Path::new(path);
        path.is_relative()
            || path == Path::new("/dev/null")
            || writable.iter().any(|dir| path.starts_with(dir))
    };
    let changing = [
        "mkdir",
        "mkdirat",
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "unlinkat",
        "rmdir",
        "chmod",
        "fchmodat",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
        "truncate",
        "utimensat",
    ];
    for call in trace.of(&changing) {
        for path in call.texts() {
            assert!(
                may_write(path),
                "ProtectSystem= refuses {}({}",
                call.name,
                call.rest
            );
        }
    }
    for call in trace.of(&["open", "openat", "creat"]) {
        let path = call.texts().next().unwrap_or_default();
        if ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"]
            .iter()
            .any(|flag| call.rest.contains(flag))
        {
            assert!(
                may_write(path),
                "ProtectSystem= refuses {}({}",
                call.name,
                call.rest
            );
        }
        // ProcSubset=pid: of /proc, processes alone are there.
        assert_eq!(unit.one("ProcSubset"), "pid");
        if let Some(rest) = path.strip_prefix("/proc/") {
            let first = rest.split('/').next().unwrap_or_default();
            let is_process = first == "self"
                || first == "thread-self"
                || first.bytes().all(|byte| byte.is_ascii_digit());
            assert!(
                is_process || DISPENSABLE.contains(&path),
                "ProcSubset= hides {path}"
            );
        }
        // ProtectHome=yes and PrivateDevices=yes.
        for hidden in ["/home/", "/root/", "/run/user/"] {
            let is_ours = writable.iter().any(|dir| Path::new(path).starts_with(dir));
            assert!(
                is_ours || !path.starts_with(hidden),
                "ProtectHome= hides {path}"
            );
        }
    }

    // MemoryDenyWriteExecute=yes.
    assert_eq!(unit.one("MemoryDenyWriteExecute"), "yes");
    for call in trace.of(&["mmap", "mprotect", "pkey_mprotect", "shmat"]) {
        assert!(
            !call.rest.contains("PROT_EXEC"),
            "MemoryDenyWriteExecute= may refuse {}({}",
            call.name,
            call.rest
        );
    }
    // NoExecPaths=: no other program is started. RestrictNamespaces=, RestrictSUIDSGID=, RestrictRealtime=.
    let starts = trace.of(&["execve", "execveat"]).count();
    let programs = trace
        .of(&["execve"])
        .filter(|call| call.rest.contains("driftsentry\""));
    assert_eq!(programs.count(), starts, "it starts another program");
    for call in trace.of(&["clone", "clone3", "unshare", "setns"]) {
        assert!(
            !call.rest.contains("CLONE_NEW"),
            "RestrictNamespaces= refuses {}({}",
            call.name,
            call.rest
        );
    }
    for call in trace.of(&["chmod", "fchmod", "fchmodat", "openat", "mkdir"]) {
        assert!(
            !call.rest.contains("S_IS"),
            "RestrictSUIDSGID= refuses {}({}",
            call.name,
            call.rest
        );
    }
}

/// What root alone does: it leaves new files to the owner of their directory. The service is not root.
const AS_ROOT: &str = "fchown";

/// What the allocator and the runtime look for beyond the processes of `/proc`, and do without.
const DISPENSABLE: [&str; 1] = ["/proc/sys/vm/overcommit_memory"];

/// Has the server's system calls written to a file, from its next start on.
fn watch(app: &mut App, file: &Path) {
    let file = file.to_str().expect("a path");
    // `-D`: the process is the server, and strace beside it.
    app.wrap(&["strace", "-D", "-f", "-s", "200", "-o", file]);
}

/// Runs the program under strace to its end.
#[track_caller]
fn traced(file: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let output = Command::new("strace")
        .args(["-f", "-s", "200", "-o"])
        .arg(file)
        .arg(env!("CARGO_BIN_EXE_driftsentry"))
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(std::env::temp_dir())
        .output();
    output.expect("strace runs: apt-get install strace")
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Waits until strace has written the end of the server.
fn settled(file: &Path) {
    let asked = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        let last = text.trim_end().lines().last().unwrap_or_default();
        if last.contains("+++") || asked.elapsed() > Duration::from_secs(5) {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Everything that a server does for those who use it over HTTP.
fn all_day(app: &App) {
    let engineer = app.as_engineer();
    engineer
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let mut stream = Stream::open(&app.as_viewer(), "", None);
    let drift = engineer.new_drift("i-1");
    stream.next().expect("an event");
    engineer
        .approve(&drift, "the port was opened by mistake")
        .expect(200);
    let viewer = app.as_viewer();
    for path in [
        "/drifts",
        "/alerts",
        "/scans",
        "/metrics/summary",
        "/metrics/cost-trend",
        "/drifts/export?format=csv",
    ] {
        viewer.get(path).expect(200);
    }
    let key = app.ingest_key();
    app.as_nobody()
        .with_credential(&key)
        .push("shop/prod", "02-updates.plan.json")
        .expect(201);
    let admin = app.as_admin();
    admin.get("/audit-logs/verify").expect(200);
    for path in [
        "/health/live",
        "/health/ready",
        "/health/detailed",
        "/metrics",
        "/docs",
        "/",
        "/openapi.json",
    ] {
        app.as_nobody().get_root(path);
    }
    // Long enough for the writer to settle down, and for a look at the certificate.
    thread::sleep(Duration::from_millis(2_500));
}

#[test]
fn what_the_server_does_fits_its_sandbox() {
    let files = tempfile::tempdir().expect("a temporary directory");
    let trace = |n: usize| files.path().join(format!("trace{n}"));
    let mut app = App::stopped();
    let logs = app.scratch("logs");
    fs::create_dir(&logs).expect("made");
    let ear = crate::harness::Ear::at(&app.scratch("notify.sock"));
    app.set(&[
        (
            "DRIFTSENTRY_LOG_FILE",
            logs.join("log.json").display().to_string(),
        ),
        (
            "NOTIFY_SOCKET",
            app.scratch("notify.sock").display().to_string(),
        ),
        ("WATCHDOG_USEC", "1000000".to_owned()),
    ]);
    let data = app.data_dir();
    let data_dir = data.to_str().expect("a path").to_owned();

    // In the clear, the first start: everything is made. A clean stop.
    watch(&mut app, &trace(0));
    app.start_again();
    all_day(&app);
    app.signal(Signal::HUP);
    thread::sleep(Duration::from_millis(200));
    // What commands on the machine ask of it.
    for (n, arguments) in [
        &["user", "list", "--data-dir", &data_dir][..],
        &["user", "reset-password", ADMIN.0, "--data-dir", &data_dir],
        &["audit", "verify", "--data-dir", &data_dir],
        &["backup", "--data-dir", &data_dir],
        &["backup", "drill", "--data-dir", &data_dir],
    ]
    .into_iter()
    .enumerate()
    {
        succeeds(&traced(&trace(10 + n), &[], arguments));
    }
    assert!(ear.count("WATCHDOG=1") > 0);
    assert!(app.stop().success());
    settled(&trace(0));

    // With TLS, over what a crash left.
    watch(&mut app, &trace(1));
    app.start_again();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    app.kill();
    settled(&trace(1));
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
    for (name, file, text) in [
        ("DRIFTSENTRY_TLS_CERT", "cert.pem", issued.cert.pem()),
        (
            "DRIFTSENTRY_TLS_KEY",
            "key.pem",
            issued.signing_key.serialize_pem(),
        ),
    ] {
        let path = app.scratch(file);
        fs::write(&path, text).expect("written");
        app.set(&[(name, path.display().to_string())]);
    }
    watch(&mut app, &trace(2));
    app.start_again();
    shakes_hands(app.url());
    app.signal(Signal::HUP);
    thread::sleep(Duration::from_secs(1));
    assert!(app.log().contains("The TLS certificate was read anew"));
    assert!(app.stop().success());
    settled(&trace(2));

    let unit = Unit::read("driftsentry.service");
    let writable: [&Path; 2] = [&data, &logs];
    let mut made = BTreeSet::new();
    for n in [0, 1, 2] {
        let trace = Trace::read(&trace(n));
        fits(&trace, &unit, &writable);
        made.extend(trace.names());
    }
    // strace has seen what matters.
    for call in [
        "accept4",
        "fdatasync",
        "sendto",
        "epoll_wait",
        "clone3",
        "statfs",
    ] {
        assert!(made.contains(call), "{call} is not among {made:?}");
    }

    // What commands ask of the running server needs no more than backups have.
    let backup = Unit::read("driftsentry-backup.service");
    for n in 10..15 {
        fits(&Trace::read(&trace(n)), &backup, &writable);
    }
}

/// A handshake by a client that trusts nobody: far enough for the server to have done its part.
fn shakes_hands(url: &str) {
    use std::io::{Read, Write};
    let address = url.strip_prefix("https://").expect("TLS");
    let roots = rustls::RootCertStore::empty();
    let config = rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_root_certificates(roots)
    .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let connection =
        rustls::ClientConnection::new(std::sync::Arc::new(config), name).expect("a client");
    let tcp = std::net::TcpStream::connect(address).expect("a connection");
    let mut stream = rustls::StreamOwned::new(connection, tcp);
    let refused = stream
        .write_all(b"GET /")
        .and_then(|()| stream.read(&mut [0; 1]))
        .expect_err("nobody is trusted");
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

#[test]
fn what_commands_do_on_a_stopped_store_fits_the_sandbox_of_backups() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    assert!(app.stop().success());
    let files = tempfile::tempdir().expect("a temporary directory");
    let data = app.data_dir();
    let data_dir = data.to_str().expect("a path");
    let demo = app.scratch("demo");
    let demo_dir = demo.to_str().expect("a path");
    let plan: PathBuf = fixture_path("02-updates.plan.json");
    let plan = plan.to_str().expect("a path");
    let unit = Unit::read("driftsentry-backup.service");
    for (n, arguments) in [
        &["check", "--data-dir", data_dir][..],
        &["audit", "verify", "--data-dir", data_dir],
        &["user", "list", "--data-dir", data_dir],
        &["backup", "--data-dir", data_dir],
        &["backup", "list", "--data-dir", data_dir],
        &["backup", "drill", "--data-dir", data_dir],
        &["demo", "--data-dir", demo_dir],
        &["report", plan],
        &["openapi"],
    ]
    .into_iter()
    .enumerate()
    {
        let file = files.path().join(format!("trace{n}"));
        let output = traced(
            &file,
            &[("DRIFTSENTRY_DEMO_PASSWORD", "seven rusty anchors")],
            arguments,
        );
        // `report` says with 2 that something drifted.
        assert!(
            matches!(output.status.code(), Some(0 | 2)),
            "{arguments:?}: {output:?}"
        );
        fits(&Trace::read(&file), &unit, &[&data, &demo]);
    }
}
