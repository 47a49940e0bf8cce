//! Callers that each wait for their answer, on a connection that is kept: for requests that are made once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::harness::{Outcome, Times};

/// A request without what all requests have: `POST /path`, and its body.
pub(crate) type Asked = (String, &'static str);

/// One connection.
pub(crate) struct Caller {
    stream: TcpStream,
    /// What each request has.
    head: String,
    bytes: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(address: &str, token: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            head: format!(
                "HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            ),
            bytes: Vec::new(),
        })
    }

    /// Asks, and reads the answer, which has to be 200.
    pub(crate) fn ask(&mut self, (line, body): &Asked) -> Outcome<()> {
        let length = body.len();
        let request = format!("{line} {}Content-Length: {length}\r\n\r\n{body}", self.head);
        self.stream.write_all(request.as_bytes())?;
        self.bytes.clear();
        let mut piece = [0; 65_536];
        while !is_whole(&self.bytes) {
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err(format!("{line}: the server hangs up").into());
            }
            self.bytes.extend_from_slice(&piece[..read]);
        }
        if !self.bytes.starts_with(b"HTTP/1.1 200") {
            return Err(format!("{line}: {}", String::from_utf8_lossy(&self.bytes)).into());
        }
        Ok(())
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(answer, b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => answer.len() >= head + 4 + length,
        // In chunks: the last one is empty.
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

/// Makes each request once, by so many callers: how many a second, and what each waited.
pub(crate) fn once(
    address: &str,
    token: &str,
    requests: &[Asked],
    callers: usize,
) -> Outcome<(f64, Times)> {
    let next = AtomicUsize::new(0);
    let connected = (0..callers).map(|_| Caller::new(address, token));
    let connected = connected.collect::<Outcome<Vec<_>>>()?;
    let started = Instant::now();
    let waits = std::thread::scope(|scope| -> Outcome<Vec<_>> {
        let calling: Vec<_> = connected
            .into_iter()
            .map(|mut caller| {
                let next = &next;
                scope.spawn(move || -> Outcome<Vec<_>> {
                    let mut waits = Vec::new();
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let asked = Instant::now();
                        caller.ask(request)?;
                        waits.push(asked.elapsed());
                    }
                    Ok(waits)
                })
            })
            .collect();
        let mut waits = Vec::new();
        for caller in calling {
            waits.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok(waits)
    })?;
    let rate = requests.len() as f64 / started.elapsed().as_secs_f64();
    Ok((rate, Times::of(waits)))
}
