//! Servers as processes: started, asked, measured, ended.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::Outcome;

/// How long a server may take until it is ready: ten million drifts take a while where their index has to be built.
const PATIENCE: Duration = Duration::from_secs(900);

/// A server that this program started, and ends when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: String,
    /// From its start to its first answer that it is ready.
    pub(crate) started_in: Duration,
}

/// An answer: the status, and the body.
pub(crate) type Answer = (u16, Vec<u8>);

impl Server {
    /// Starts a program that says where it listens in its first line, and waits for `ready` to answer 200.
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: &str,
        args: &[S],
        variables: &[(&str, &str)],
        ready: &str,
    ) -> Outcome<Self> {
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(args)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Read by nobody, but written: what the log costs is part of the figures.
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child
            .stdout
            .take()
            .ok_or("its standard output is not there")?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut line)?;
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .map(str::to_owned);
        let address =
            address.ok_or_else(|| format!("{program} does not say where it listens: {line}"))?;
        Self::ready(child, address, started, ready)
    }

    /// Starts a program that listens at this address, and waits for `ready` to answer 200.
    pub(crate) fn start_at(command: &mut Command, address: &str, ready: &str) -> Outcome<Self> {
        let started = Instant::now();
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn()?;
        Self::ready(child, address.to_owned(), started, ready)
    }

    fn ready(child: Child, address: String, started: Instant, ready: &str) -> Outcome<Self> {
        let mut server = Self {
            child,
            address,
            started_in: Duration::ZERO,
        };
        while !matches!(server.get(ready, None), Ok((200, _))) {
            if started.elapsed() > PATIENCE {
                return Err(format!("{} is not ready after {PATIENCE:?}", server.address).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        server.started_in = started.elapsed();
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Outcome<SocketAddr> {
        Ok(self.address.parse()?)
    }

    /// Asks once, on a connection of its own.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Outcome<Answer> {
        let token = token.map_or(String::new(), |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        self.ask(&format!("GET {path} HTTP/1.1\r\n{token}"), "")
    }

    /// Asks for an answer in this coding.
    pub(crate) fn get_as(&self, path: &str, coding: &str) -> Outcome<Answer> {
        self.ask(
            &format!("GET {path} HTTP/1.1\r\nAccept-Encoding: {coding}\r\n"),
            "",
        )
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &str) -> Outcome<Answer> {
        let token = token.map_or(String::new(), |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let head = format!(
            "POST {path} HTTP/1.1\r\n{token}Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        self.ask(&head, body)
    }

    fn ask(&self, head: &str, body: &str) -> Outcome<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{head}Host: {}\r\nConnection: close\r\n\r\n{body}",
            self.address
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let end = memchr::memmem::find(&bytes, b"\r\n\r\n")
            .ok_or("an answer without an end of its head")?;
        let status = std::str::from_utf8(&bytes[..end])?
            .split(' ')
            .nth(1)
            .ok_or("no status")?
            .parse()?;
        Ok((status, bytes.split_off(end + 4)))
    }

    /// Memory in RAM now, and the most there was, in MiB.
    pub(crate) fn memory(&self) -> Outcome<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |label: &str| -> Outcome<f64> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(label))
                .ok_or("no such line")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
        };
        Ok((of("VmRSS:")?, of("VmHWM:")?))
    }

    /// Forgets what the most memory was until now.
    pub(crate) fn forget_peak(&self) -> Outcome<()> {
        // proc_pid_clear_refs(5): 5 resets the peak resident set size.
        Ok(std::fs::write(
            format!("/proc/{}/clear_refs", self.child.id()),
            "5",
        )?)
    }

    /// The processor's time that it has used.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // proc_pid_stat(5): fields 14 and 15, in ticks; the name before may hold spaces, and ends with the last bracket.
        let after = stat.rsplit_once(") ").ok_or("no name in its stat")?.1;
        let ticks = after
            .split(' ')
            .skip(11)
            .take(2)
            .map(str::parse::<u64>)
            .sum::<Result<u64, _>>()?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
