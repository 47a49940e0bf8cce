//! What started this program and looks after it: systemd, or whatever else speaks its notification protocol.
//!
//! It hears when requests are served, what goes on meanwhile, and that the program still works. Where nothing listens,
//! as in a container or on a terminal, nothing is said and nothing else changes.
//!
//! Source: sd_notify(3). A message is one datagram of lines, `NAME=value` each.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::store::LONGEST_STAGE;

/// How long a message may wait for a supervisor that doesn't read; then it is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest status, in bytes: it is one line of `systemctl status`.
const LONGEST_STATUS: usize = 400;

/// The supervisor of this process, where there is one. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Supervisor(Option<Arc<Channel>>);

#[derive(Debug)]
struct Channel {
    socket: UnixDatagram,
    address: SocketAddr,
    /// Within which time it wants to hear that the program works.
    watchdog: Option<Duration>,
    told: Mutex<Told>,
}

/// What it knows.
#[derive(Debug, Default)]
struct Told {
    status: String,
    is_ready: bool,
    is_stopping: bool,
    /// How many reloads are under way.
    reloads: usize,
}

/// A reload under way; over when dropped.
#[derive(Debug)]
#[must_use = "the reload is over when this is dropped"]
pub struct Reloading(Supervisor);

impl Supervisor {
    /// The one that the environment names: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` with `WATCHDOG_PID`.
    ///
    /// The variables stay: this program starts no other, so nobody inherits them.
    pub fn from_environment() -> Self {
        let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        let (period, pid) = (env::var("WATCHDOG_USEC"), env::var("WATCHDOG_PID"));
        let watchdog = watchdog(
            period.ok().as_deref(),
            pid.ok().as_deref(),
            std::process::id(),
        );
        // What names no socket is nobody.
        Self(open(&name, watchdog).ok().map(Arc::new))
    }

    /// Within which time it wants to hear [`Supervisor::alive`]; none where it doesn't watch.
    pub fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref().and_then(|channel| channel.watchdog)
    }

    /// Whether somebody listens.
    pub fn listens(&self) -> bool {
        self.0.is_some()
    }

    /// Says what goes on, a line for people. What was said last is not said again.
    pub fn status(&self, text: &str) {
        let Some(channel) = &self.0 else { return };
        let line = one_line(text);
        let mut told = channel.told();
        if told.status != line {
            channel.send(&format!("STATUS={line}"));
            told.status = line;
        }
    }

    /// Says what goes on, and that it may take up to [`LONGEST_STAGE`]: a start that goes on is not given up.
    pub fn takes_long(&self, text: &str) {
        let Some(channel) = &self.0 else { return };
        let extension = LONGEST_STAGE.as_micros();
        channel.send(&format!("EXTEND_TIMEOUT_USEC={extension}"));
        self.status(text);
    }

    /// Says that requests are served; nothing where the stop has begun meanwhile.
    pub fn ready(&self, text: &str) {
        let Some(channel) = &self.0 else { return };
        let line = one_line(text);
        let mut told = channel.told();
        if told.is_stopping {
            return;
        }
        told.is_ready = true;
        channel.send(&format!("READY=1\nSTATUS={line}"));
        told.status = line;
    }

    /// Says that the configuration is read anew, until what is returned is dropped.
    pub fn reloading(&self) -> Reloading {
        if let Some(channel) = &self.0 {
            let mut told = channel.told();
            told.reloads += 1;
            if told.may_reload() && told.reloads == 1 {
                channel.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()));
            }
        }
        Reloading(self.clone())
    }

    /// Says that the program works.
    pub fn alive(&self) {
        if let Some(channel) = &self.0 {
            channel.send("WATCHDOG=1");
        }
    }

    /// Says that the program stops, as it was asked to.
    pub fn stopping(&self, text: &str) {
        let Some(channel) = &self.0 else { return };
        let line = one_line(text);
        let mut told = channel.told();
        told.is_stopping = true;
        channel.send(&format!("STOPPING=1\nSTATUS={line}"));
        told.status = line;
    }

    /// Says why the program ends without having been asked to, with its exit status.
    pub fn failed(&self, errno: rustix::io::Errno, exit_status: u8, text: &str) {
        let Some(channel) = &self.0 else { return };
        let line = one_line(text);
        let errno = errno.raw_os_error();
        channel.send(&format!(
            "STOPPING=1\nSTATUS={line}\nERRNO={errno}\nEXIT_STATUS={exit_status}"
        ));
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        if let Some(channel) = &self.0.0 {
            let mut told = channel.told();
            told.reloads -= 1;
            if told.may_reload() && told.reloads == 0 {
                channel.send("READY=1");
            }
        }
    }
}

impl Told {
    /// Reloading is told between the start and the stop: `READY=1` would belie both.
    fn may_reload(&self) -> bool {
        self.is_ready && !self.is_stopping
    }
}

impl Channel {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never fails: what can't be sent is lost, and the next message may get through.
    fn send(&self, message: &str) {
        if let Err(error) = self.socket.send_to_addr(message.as_bytes(), &self.address) {
            tracing::debug!(cause = %error, "The service manager could not be told something");
        }
    }
}

fn open(name: &OsStr, watchdog: Option<Duration>) -> io::Result<Channel> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(Channel {
        socket,
        address: address(name)?,
        watchdog,
        told: Mutex::default(),
    })
}

/// A path, or a name in the abstract namespace, which is written with `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is neither an absolute path nor @ and a name",
        )),
    }
}

/// How often this process has to be heard of: another's watchdog is none of ours.
fn watchdog(period_us: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    let period = period_us?.parse().ok().filter(|period| *period > 0)?;
    let is_ours = pid.is_none_or(|pid| pid.parse() == Ok(own));
    is_ours.then(|| Duration::from_micros(period))
}

/// A text as one line: what a newline would begin is another variable.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST_STATUS));
    for word in text.split_whitespace() {
        let gap = if line.is_empty() { "" } else { " " };
        if line.len() + gap.len() + word.len() > LONGEST_STATUS {
            line.push('…');
            break;
        }
        // Writing to a text can't fail.
        let _ = write!(line, "{gap}{word}");
    }
    line
}

fn monotonic_us() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A supervisor, and what hears it.
    fn heard() -> (Supervisor, impl FnMut() -> String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let ear = UnixDatagram::bind(&path).unwrap();
        ear.set_nonblocking(true).unwrap();
        let supervisor = Supervisor(Some(Arc::new(open(path.as_os_str(), None).unwrap())));
        let hear = move || {
            let _ = &dir;
            let mut buffer = [0; 4096];
            match ear.recv(&mut buffer) {
                Ok(length) => String::from_utf8(buffer[..length].to_vec()).unwrap(),
                Err(_) => String::new(),
            }
        };
        (supervisor, hear)
    }

    #[test]
    fn a_reload_is_told_while_serving_alone() {
        let (supervisor, mut hear) = heard();
        drop(supervisor.reloading());
        assert_eq!(hear(), "", "it has not begun to serve");
        supervisor.ready("serving");
        assert_eq!(hear(), "READY=1\nSTATUS=serving");
        let (first, second) = (supervisor.reloading(), supervisor.reloading());
        let begun = hear();
        assert!(begun.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{begun}");
        drop(first);
        assert_eq!(hear(), "", "another one goes on");
        drop(second);
        assert_eq!(hear(), "READY=1");
        let last = supervisor.reloading();
        assert!(hear().starts_with("RELOADING=1\n"));
        supervisor.stopping("stopping");
        assert_eq!(hear(), "STOPPING=1\nSTATUS=stopping");
        drop(last);
        supervisor.ready("serving");
        assert_eq!(hear(), "", "it stops");
    }

    #[test]
    fn a_status_is_one_line_and_said_once() {
        let (supervisor, mut hear) = heard();
        supervisor.status("one\ntwo\r\n READY=1");
        assert_eq!(hear(), "STATUS=one two READY=1");
        supervisor.status("one two  READY=1");
        assert_eq!(hear(), "");
        supervisor.status(&"word ".repeat(1_000));
        let long = hear();
        assert!(
            long.len() < LONGEST_STATUS + 20 && long.ends_with('…'),
            "{long}"
        );
        supervisor.failed(rustix::io::Errno::IO, 74, "the disk\nis gone");
        assert_eq!(
            hear(),
            "STOPPING=1\nSTATUS=the disk is gone\nERRNO=5\nEXIT_STATUS=74"
        );
    }

    #[test]
    fn a_watchdog_is_for_the_process_it_names() {
        let seconds = |period, pid| watchdog(period, pid, 7).map(|each| each.as_secs());
        assert_eq!(seconds(Some("30000000"), Some("7")), Some(30));
        assert_eq!(seconds(Some("30000000"), None), Some(30));
        assert_eq!(seconds(Some("30000000"), Some("8")), None);
        assert_eq!(seconds(Some("30000000"), Some("")), None);
        assert_eq!(seconds(Some("0"), Some("7")), None);
        assert_eq!(seconds(Some("soon"), None), None);
        assert_eq!(seconds(None, Some("7")), None);
    }

    #[test]
    fn a_socket_has_a_path_or_an_abstract_name() {
        assert!(
            address(OsStr::new("/run/notify"))
                .unwrap()
                .as_pathname()
                .is_some()
        );
        let named = address(OsStr::new("@a/b")).unwrap();
        assert_eq!(named.as_abstract_name(), Some(b"a/b".as_slice()));
        assert!(address(OsStr::new("run/notify")).is_err());
        assert!(address(OsStr::new(&"/x".repeat(100))).is_err());
    }
}
