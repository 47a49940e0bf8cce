//! One running server.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{Client, Output, driftsentry_with};

/// How long a start may take before the test fails.
const START: Duration = Duration::from_secs(30);

/// The first administrator's address and password.
pub(crate) const ADMIN: (&str, &str) = ("root@test.example", "seven rusty anchors");

/// Everybody else's password.
pub(crate) const PASSWORD: &str = "eleven quiet lanterns";

/// A server over a temporary data directory. Dropping it kills the server; a failing test prints the end of its log.
pub(crate) struct App {
    dir: TempDir,
    child: Option<Child>,
    url: String,
    environment: Vec<(&'static str, String)>,
    /// What it is to serve on, where somebody else listens.
    socket: Option<OwnedFd>,
    /// What starts it, with its arguments; nothing for the binary itself.
    wrapping: Vec<String>,
    /// Whether the first administrator is left to `environment`.
    newcomer: bool,
    /// The access tokens of those who have signed in, by role.
    tokens: Mutex<HashMap<&'static str, String>>,
}

impl App {
    /// A server over an empty data directory.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let mut app = Self::stopped();
        app.start_again();
        app
    }

    /// An empty data directory, its server not yet started.
    pub(crate) fn stopped() -> Self {
        Self {
            dir: TempDir::with_prefix("driftsentry-test-").expect("a temporary directory"),
            child: None,
            url: String::new(),
            environment: Vec::new(),
            socket: None,
            wrapping: Vec::new(),
            newcomer: false,
            tokens: Mutex::default(),
        }
    }

    /// A running server with settings of its own, by environment variable.
    #[track_caller]
    pub(crate) fn configured(environment: &[(&'static str, &str)]) -> Self {
        let mut app = Self::stopped();
        let owned = environment
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        app.environment.extend(owned);
        app.start_again();
        app
    }

    /// Settings for the next start, by environment variable.
    pub(crate) fn set(&mut self, environment: &[(&'static str, String)]) {
        self.environment.extend(environment.iter().cloned());
    }

    /// A running server whose first administrator nobody configured, but by these environment variables.
    #[track_caller]
    pub(crate) fn unconfigured(environment: &[(&'static str, &str)]) -> Self {
        let mut app = Self::stopped();
        app.unconfigure(environment);
        app.start_again();
        app
    }

    /// Leaves the first administrator to these environment variables.
    pub(crate) fn unconfigure(&mut self, environment: &[(&'static str, &str)]) {
        self.newcomer = true;
        let owned = environment
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.environment.extend(owned);
    }

    /// Starts the server over what the data directory holds.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.start_on("0");
    }

    /// The same on this port.
    #[track_caller]
    pub(crate) fn start_on(&mut self, port: &str) {
        assert!(self.child.is_none(), "it is running already");
        let out = self.dir.path().join("stdout.log");
        let said_before = fs::metadata(&out).map_or(0, |file| file.len());
        let append = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Stdio::from(file.expect("a log file"))
        };
        let mut child = self
            .command(port)
            .stdout(append(&out))
            .stderr(append(&self.dir.path().join("stderr.log")))
            .spawn()
            .expect("the binary runs");

        let started = Instant::now();
        loop {
            let said = fs::read(&out).unwrap_or_default();
            let said =
                String::from_utf8_lossy(&said[usize::try_from(said_before).expect("small")..])
                    .into_owned();
            if let Some((first, _)) = said.split_once('\n') {
                self.child = Some(child);
                let Some(url) = first.trim_end().strip_prefix("listening on ") else {
                    panic!("the first line of stdout must be `listening on URL`, not {first:?}");
                };
                self.url = url.to_owned();
                return;
            }
            if let Some(status) = child.try_wait().expect("the server's status") {
                panic!("the server ended at once with {status}:\n{}", self.log());
            }
            if started.elapsed() > START {
                self.child = Some(child);
                panic!(
                    "the server did not say where it listens within {START:?}:\n{}",
                    self.log()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What starts it on this port.
    fn command(&self, port: &str) -> Command {
        let mut command = self.program();
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--data-dir")
            .arg(self.data_dir())
            .current_dir(self.dir.path())
            .env("RUST_BACKTRACE", "1")
            // How full the machine's own disk is, is not what is tried here.
            .env("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "0")
            .envs(self.first_admin())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The binary, with a socket handed to it where there is one. A shell puts it in its place: the descriptor is 3, and
    /// the process is the one that the variables name.
    fn program(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_driftsentry");
        let Some(socket) = &self.socket else {
            let mut words = self.wrapping.iter().map(String::as_str).chain([binary]);
            let mut program = Command::new(words.next().unwrap_or(binary));
            program.args(words).stdin(Stdio::null());
            return program;
        };
        let hand_over = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
        let mut program = Command::new("sh");
        let own = socket.try_clone().expect("another descriptor");
        program
            .args(["-c", hand_over, binary])
            .stdin(Stdio::from(own));
        program
    }

    /// Starts it on this socket from now on, which outlives it.
    pub(crate) fn hand(&mut self, socket: impl Into<OwnedFd>) {
        self.socket = Some(socket.into());
    }

    /// Starts it where it can't start; how it ends.
    #[track_caller]
    pub(crate) fn fails_on(&self, port: &str) -> ExitStatus {
        let mut child = self
            .command(port)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let asked = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("its status") {
                return status;
            }
            if asked.elapsed() > START {
                let _ = child.kill();
                panic!("it starts, and should not");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it by way of another program from now on, which has to put it in its place: the process is the server's.
    pub(crate) fn wrap(&mut self, words: &[&str]) {
        self.wrapping = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn ended(&mut self, patience: Duration) -> ExitStatus {
        let asked = Instant::now();
        loop {
            let child = self.child.as_mut().expect("it is running");
            if let Some(status) = child.try_wait().expect("the server's status") {
                self.child = None;
                return status;
            }
            assert!(asked.elapsed() < patience, "it goes on and on");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it is running");
        kill_process(Pid::from_child(child), signal).expect("a signal is sent");
    }

    /// The first administrator, where it is the usual one.
    fn first_admin(&self) -> Vec<(&'static str, &'static str)> {
        if self.newcomer {
            return Vec::new();
        }
        vec![
            ("DRIFTSENTRY_ADMIN_EMAIL", ADMIN.0),
            ("DRIFTSENTRY_ADMIN_PASSWORD", ADMIN.1),
        ]
    }

    /// Ends it as a power cut would end the process: `SIGKILL`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends it as an operator does: `SIGTERM`, then waits.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it is running");
        kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal is sent");
        let asked = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("the server's status") {
                return status;
            }
            if asked.elapsed() > Duration::from_secs(15) {
                let _ = child.kill();
                let _ = child.wait();
                panic!(
                    "the server did not stop within 15 s of SIGTERM:\n{}",
                    self.log()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops and starts it over the same data.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(status.success(), "a clean stop exits 0, not {status}");
        self.start_again();
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where its data is.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside the data, for the test's own use.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The server's process id.
    #[track_caller]
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it is running").id()
    }

    /// All it said so far, on stdout and stderr.
    pub(crate) fn log(&self) -> String {
        ["stdout.log", "stderr.log"]
            .map(|name| fs::read(self.dir.path().join(name)).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }

    /// Somebody without a credential.
    pub(crate) fn as_nobody(&self) -> Client {
        Client::new(&self.url)
    }

    /// Who only reads.
    #[track_caller]
    pub(crate) fn as_viewer(&self) -> Client {
        self.signed_in("viewer")
    }

    /// Who decides and pushes.
    #[track_caller]
    pub(crate) fn as_engineer(&self) -> Client {
        self.signed_in("engineer")
    }

    /// Who manages workspaces and reads the audit log.
    #[track_caller]
    pub(crate) fn as_admin(&self) -> Client {
        self.signed_in("admin")
    }

    /// Somebody with this role: the first administrator, or an account made by them.
    #[track_caller]
    fn signed_in(&self, role: &'static str) -> Client {
        let known = self
            .tokens
            .lock()
            .expect("no test panics here")
            .get(role)
            .cloned();
        let token = known.unwrap_or_else(|| {
            let token = if role == "admin" {
                self.as_nobody().access_token(ADMIN.0, ADMIN.1)
            } else {
                let email = self.new_user(role, role);
                self.as_nobody().access_token(&email, PASSWORD)
            };
            let mut tokens = self.tokens.lock().expect("no test panics here");
            tokens.insert(role, token.clone());
            token
        });
        self.as_nobody().with_credential(&token)
    }

    /// Runs `driftsentry` with an API key that may push.
    #[track_caller]
    pub(crate) fn driftsentry<A: AsRef<OsStr>>(&self, arguments: &[A], stdin: &[u8]) -> Output {
        let key = self.ingest_key();
        driftsentry_with(&[("DRIFTSENTRY_API_KEY", &key)], arguments, stdin)
    }

    /// An API key that may push.
    #[track_caller]
    pub(crate) fn ingest_key(&self) -> String {
        let known = self
            .tokens
            .lock()
            .expect("no test panics here")
            .get("ingest")
            .cloned();
        known.unwrap_or_else(|| {
            let key = self.new_key("ci", "ingest", &[]);
            let mut tokens = self.tokens.lock().expect("no test panics here");
            tokens.insert("ingest", key.clone());
            key
        })
    }

    /// A new account with [`PASSWORD`]; its address.
    #[track_caller]
    pub(crate) fn new_user(&self, name: &str, role: &str) -> String {
        let email = format!("{name}@test.example");
        let body = json!({"email": email, "role": role, "password": PASSWORD});
        self.as_admin().post("/users", &body).expect(201);
        email
    }

    /// A new API key.
    #[track_caller]
    pub(crate) fn new_key(&self, name: &str, scope: &str, workspaces: &[&str]) -> String {
        let body = json!({"name": name, "scope": scope, "workspaces": workspaces});
        self.as_admin()
            .post("/api-keys", &body)
            .expect(201)
            .text("/data/key")
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- the end of the server's log\n{}\n---", tail.join("\n"));
        }
    }
}
