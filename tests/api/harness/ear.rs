//! What a service manager hears of the server.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a test waits for what has to be said.
const PATIENCE: Duration = Duration::from_secs(20);

/// One datagram, and when it came.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) at: Instant,
    pub(crate) text: String,
}

impl Said {
    /// The value of a line of it.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut lines = self.text.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Listens as a service manager does, on a thread of its own.
pub(crate) struct Ear {
    said: Arc<Mutex<Vec<Said>>>,
    is_over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Ear {
    /// Listens at a path.
    pub(crate) fn at(path: &Path) -> Self {
        Self::on(UnixDatagram::bind(path).expect("a socket"))
    }

    /// Listens at a name in the abstract namespace.
    pub(crate) fn named(name: &str) -> Self {
        let address = SocketAddr::from_abstract_name(name).expect("a name");
        Self::on(UnixDatagram::bind_addr(&address).expect("a socket"))
    }

    fn on(socket: UnixDatagram) -> Self {
        let step = Some(Duration::from_millis(50));
        socket.set_read_timeout(step).expect("a timeout");
        let (said, is_over) = (Arc::<Mutex<Vec<Said>>>::default(), Arc::default());
        let (hears, ends) = (Arc::clone(&said), Arc::<AtomicBool>::clone(&is_over));
        let listening = thread::spawn(move || {
            let mut buffer = [0; 8 << 10];
            while !ends.load(Ordering::Relaxed) {
                if let Ok(length) = socket.recv(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    let at = Instant::now();
                    hears.lock().expect("no panic").push(Said { at, text });
                }
            }
        });
        Self {
            said,
            is_over,
            listening: Some(listening),
        }
    }

    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<Said> {
        self.said.lock().expect("no panic").clone()
    }

    /// How often a line was said.
    pub(crate) fn count(&self, line: &str) -> usize {
        let has = |said: &&Said| said.text.lines().any(|each| each == line);
        self.all().iter().filter(has).count()
    }

    /// Waits until something is said after a moment; which is it.
    #[track_caller]
    pub(crate) fn wait(&self, after: Instant, what: impl Fn(&Said) -> bool) -> Said {
        let until = Instant::now() + PATIENCE;
        loop {
            let heard = self.all();
            if let Some(said) = heard.iter().find(|said| said.at > after && what(said)) {
                return said.clone();
            }
            assert!(Instant::now() < until, "it is not said: {heard:#?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}
