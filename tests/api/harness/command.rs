//! The command line, run to its end.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a command may take; one that hangs, such as a server that should have refused to start, is killed.
const LONGEST: Duration = Duration::from_secs(30);

/// What a command said, and its exit code.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) arguments: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "driftsentry {}\n--- stdout\n{}\n--- stderr\n{}",
            self.arguments,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Runs `driftsentry` with these arguments and this text on stdin.
#[track_caller]
pub(crate) fn driftsentry<A: AsRef<OsStr>>(arguments: &[A], stdin: &[u8]) -> Output {
    driftsentry_with(&[], arguments, stdin)
}

/// The same with these environment variables.
#[track_caller]
pub(crate) fn driftsentry_with<A: AsRef<OsStr>>(
    environment: &[(&str, &str)],
    arguments: &[A],
    stdin: &[u8],
) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftsentry"))
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("stdin is piped");
    let stdin = stdin.to_vec();
    // It may end without reading all of it.
    let feeding = thread::spawn(move || drop(input.write_all(&stdin)));
    let stdout = drained(child.stdout.take().expect("stdout is piped"));
    let stderr = drained(child.stderr.take().expect("stderr is piped"));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("its status") {
            break status;
        }
        if started.elapsed() > LONGEST {
            // `code` is none then, which no test expects.
            let _ = child.kill();
        }
        thread::sleep(Duration::from_millis(2));
    };
    feeding.join().expect("stdin is written");
    Output {
        arguments: arguments
            .iter()
            .map(|argument| argument.as_ref().to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
        code: status.code(),
        stdout: stdout.join().expect("stdout is read"),
        stderr: stderr.join().expect("stderr is read"),
    }
}

/// All that a pipe says, read as it comes so that the other end never waits.
fn drained(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
