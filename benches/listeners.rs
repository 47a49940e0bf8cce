//! Clients of the stream of events: what each of them heard, and when.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::harness::Outcome;

/// How many are opened at once: no more than a server's backlog takes without a retry.
const OPENING: usize = 128;
/// How long the opening of one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one listener has heard so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The number that it began after.
    pub(crate) from: Option<u64>,
    /// Each event's number, and when it came.
    pub(crate) events: Vec<(u64, Instant)>,
    /// Whether it was told to read anew, or that its token expired.
    pub(crate) is_reset: bool,
    pub(crate) has_ended: bool,
    /// The number that the next event will have.
    at: Option<u64>,
    /// The line that has not wholly arrived.
    rest: Vec<u8>,
}

impl Heard {
    fn take(&mut self, bytes: &[u8], now: Instant) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut lines = rest.as_slice();
        while let Some(end) = memchr::memchr(b'\n', lines) {
            self.line(&lines[..end], now);
            lines = &lines[end + 1..];
        }
        self.rest = lines.to_vec();
    }

    /// One line. Sizes of chunks stand between events, on lines of their own: none looks like a field.
    fn line(&mut self, line: &[u8], now: Instant) {
        if let Some(number) = line.strip_prefix(b"id: ") {
            self.at = std::str::from_utf8(number)
                .ok()
                .and_then(|text| text.parse().ok());
        } else if line == b"event: reset" || line == b"event: expired" {
            self.is_reset = true;
        } else if line.starts_with(b"event: ") {
            self.events.push((self.at.unwrap_or_default(), now));
        } else if line.is_empty() && self.from.is_none() {
            self.from = self.at;
        }
    }

    /// How many of the events up to this number did not come, and how many came more than once or out of order.
    pub(crate) fn faults(&self, up_to: u64) -> (u64, u64) {
        let mut next = self.from.unwrap_or_default() + 1;
        let (mut lost, mut again) = (0, 0);
        for (seq, _) in &self.events {
            match seq.checked_sub(next) {
                Some(missing) => {
                    lost += missing;
                    next = seq + 1;
                }
                None => again += 1,
            }
        }
        (lost + (up_to + 1).saturating_sub(next), again)
    }

    /// The number of the newest event that it knows of.
    pub(crate) fn newest(&self) -> u64 {
        let last = self.events.last().map(|(seq, _)| *seq);
        last.or(self.from).unwrap_or_default()
    }
}

/// One who listens.
pub(crate) type Listener = Arc<Mutex<Heard>>;

pub(crate) fn lock(listener: &Listener) -> MutexGuard<'_, Heard> {
    listener.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those who listen; gone when dropped.
pub(crate) struct Audience {
    pub(crate) listeners: Vec<Listener>,
    _tasks: JoinSet<()>,
}

impl Audience {
    /// Opens so many streams, and waits until each has its greeting.
    pub(crate) async fn open(server: SocketAddr, token: &str, count: usize) -> Outcome<Self> {
        let permits = Arc::new(Semaphore::new(OPENING));
        let mut opening = JoinSet::new();
        for _ in 0..count {
            let (permits, head) = (permits.clone(), head(token));
            opening.spawn(async move {
                let _permit = permits.acquire_owned().await?;
                tokio::time::timeout(PATIENCE, greeted(server, head)).await?
            });
        }
        let (mut listeners, mut tasks) = (Vec::with_capacity(count), JoinSet::new());
        while let Some(opened) = opening.join_next().await {
            let (stream, heard) = opened??;
            let listener = Arc::new(Mutex::new(heard));
            listeners.push(listener.clone());
            tasks.spawn_on(listen(stream, listener), &Handle::current());
        }
        Ok(Self {
            listeners,
            _tasks: tasks,
        })
    }

    /// Waits until all have come to this number, or the time is over.
    pub(crate) fn wait_for(&self, number: u64, at_most: Duration) {
        let until = Instant::now() + at_most;
        let all_there = || {
            let mut all = self.listeners.iter();
            all.all(|each| lock(each).newest() >= number)
        };
        while !all_there() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Events that did not come, that came again, and streams that were cut off, of all listeners.
    pub(crate) fn faults(&self, up_to: u64) -> (u64, u64, u64) {
        let mut all = (0, 0, 0);
        for listener in &self.listeners {
            let heard = lock(listener);
            let (lost, again) = heard.faults(up_to);
            all.0 += lost;
            all.1 += again;
            all.2 += u64::from(heard.is_reset || heard.has_ended);
        }
        all
    }
}

fn head(token: &str) -> String {
    format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Asks, and reads until the stream has greeted.
async fn greeted(server: SocketAddr, head: String) -> Outcome<(TcpStream, Heard)> {
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut heard = Heard::default();
    let mut bytes = [0; 2048];
    let mut is_first = true;
    while heard.from.is_none() {
        let length = stream.read(&mut bytes).await?;
        if length == 0 || (is_first && !bytes[..length].starts_with(b"HTTP/1.1 200")) {
            let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
            return Err(format!("a stream is refused: {said}").into());
        }
        is_first = false;
        heard.take(&bytes[..length], Instant::now());
    }
    Ok((stream, heard))
}

async fn listen(mut stream: TcpStream, listener: Listener) {
    let mut bytes = [0; 2048];
    loop {
        match stream.read(&mut bytes).await {
            Ok(length) if length > 0 => lock(&listener).take(&bytes[..length], Instant::now()),
            _ => break,
        }
    }
    lock(&listener).has_ended = true;
}

/// Opens streams that are never read, with as small a buffer as the system grants.
pub(crate) async fn unread(
    server: SocketAddr,
    token: &str,
    count: usize,
) -> Outcome<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(2048)?;
        let mut stream = socket.connect(server).await?;
        stream.write_all(head(token).as_bytes()).await?;
        streams.push(stream);
    }
    Ok(streams)
}
