//! A stream of events, read on a thread of its own.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Client;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A stream under way. Dropping it closes the connection with the next thing that arrives.
pub(crate) struct Stream {
    pub(crate) headers: Vec<(String, String)>,
    lines: Receiver<String>,
    /// The last number that was told, with an event or without.
    pub(crate) last_id: Option<u64>,
}

impl Stream {
    /// Opens `GET /api/v1/events?QUERY`.
    #[track_caller]
    pub(crate) fn open(client: &Client, query: &str, after: Option<u64>) -> Self {
        Self::try_open(client, query, after).expect("the stream opens")
    }

    pub(crate) fn try_open(client: &Client, query: &str, after: Option<u64>) -> Result<Self, u16> {
        let after = after.map(|after| after.to_string());
        let headers: Vec<(&str, &str)> = after
            .iter()
            .map(|after| ("last-event-id", after.as_str()))
            .collect();
        let (head, body) = client
            .stream(&format!("/api/v1/events?{query}"), &headers)
            .map_err(|_| 0_u16)?;
        if head.status.as_u16() != 200 {
            return Err(head.status.as_u16());
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()))
            .collect();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(body).lines() {
                let Ok(line) = line else { return };
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            headers,
            lines,
            last_id: None,
        })
    }

    /// The next event; none at the stream's end. Comments and lone numbers are read over.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Event> {
        self.next_within(PATIENCE)
            .expect("an event, or the end, has to come")
    }

    /// The next event within some time: `Ok(None)` at the stream's end, `Err` where the time is over.
    pub(crate) fn next_within(&mut self, patience: Duration) -> Result<Option<Event>, ()> {
        let until = Instant::now() + patience;
        let (mut id, mut name, mut data) = (None, String::new(), None);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => return Err(()),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            };
            match line.split_once(':') {
                Some(("id", value)) => id = value.trim().parse().ok(),
                Some(("event", value)) => value.trim().clone_into(&mut name),
                Some(("data", value)) => data = serde_json::from_str(value.trim()).ok(),
                _ if line.is_empty() => {
                    self.last_id = id.or(self.last_id);
                    if let Some(data) = data.take() {
                        return Ok(Some(Event {
                            id: id.unwrap_or(0),
                            name,
                            data,
                        }));
                    }
                    id = None;
                }
                _ => {}
            }
        }
    }

    /// So many events.
    #[track_caller]
    pub(crate) fn take(&mut self, count: usize) -> Vec<Event> {
        (0..count)
            .map(|_| self.next().expect("the stream goes on"))
            .collect()
    }
}
