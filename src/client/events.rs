//! Follows a server's events: reads the stream, and notices when it has gone silent.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::{CallError, Client};

/// A server says something every 15 seconds: after three silences the connection is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// One event as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, as text; none where it had none.
    pub id: Option<String>,
    /// What happened; `message` where that wasn't said.
    pub event: String,
    /// What is told of it.
    pub data: String,
}

/// A stream of events, read on a thread of its own.
#[derive(Debug)]
pub struct Events {
    messages: Receiver<Message>,
}

/// Puts lines together to messages.
///
/// Source: HTML Living Standard, 9.2.6 "Interpreting an event stream".
#[derive(Debug, Default)]
struct Parser {
    id: Option<String>,
    event: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// Takes one line without its end; gives the message that it completes.
    ///
    /// A number that comes without an event is a message of its own here, of the event `id`: who is cut off before the first
    /// event has to know it.
    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let parts = std::mem::take(self);
            let event = match (parts.has_data, parts.event.is_empty()) {
                (true, true) => "message".to_owned(),
                (true, false) => parts.event,
                (false, _) if parts.id.is_some() => "id".to_owned(),
                (false, _) => return None,
            };
            return Some(Message {
                id: parts.id,
                event,
                data: parts.data,
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            // Comments, `retry` (the pauses are our own), and what later versions say.
            _ => {}
        }
        None
    }
}

impl Client {
    /// Follows the events of some topics, after a number where there is one.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn events(&self, topics: Option<&str>, after: Option<&str>) -> Result<Events, CallError> {
        let mut request = self
            .signed(self.agent.get(format!("{}/api/v1/events", self.server)))
            .header("accept", "text/event-stream");
        if let Some(topics) = topics {
            request = request.query("topics", topics);
        }
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.call().map_err(|cause| self.unreachable(cause))?;
        let kind = response.headers().get("content-type");
        let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if response.status() != ureq::http::StatusCode::OK || !is_stream {
            return Err(match self.answer::<serde_json::Value>(Ok(response)) {
                Err(error) => error,
                Ok(_) => CallError::Stranger(self.server.clone(), 200),
            });
        }
        let (send, messages) = sync_channel(64);
        let mut lines = BufReader::new(response.into_body().into_reader());
        // A read can't be given up: the thread ends with its connection, or when nobody takes what it reads.
        std::thread::spawn(move || {
            let (mut parser, mut line) = (Parser::default(), Vec::new());
            loop {
                line.clear();
                match (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line) {
                    Ok(1..) if line.ends_with(b"\n") => {}
                    _ => return,
                }
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\r', '\n']);
                // A comment is a sign of life, and nothing else.
                let message = if text.starts_with(':') {
                    Some(Message {
                        id: None,
                        event: String::new(),
                        data: String::new(),
                    })
                } else {
                    parser.line(text)
                };
                if message.is_some_and(|message| send.send(message).is_err()) {
                    return;
                }
            }
        });
        Ok(Events { messages })
    }
}

impl Events {
    /// The next event; none where the stream has ended or gone silent.
    pub fn next_message(&mut self) -> Option<Message> {
        loop {
            match self.messages.recv_timeout(SILENCE) {
                Ok(message) if message.event.is_empty() => {}
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(Option<String>, String, String)> {
        let mut parser = Parser::default();
        text.lines()
            .filter_map(|line| parser.line(line))
            .map(|message| (message.id, message.event, message.data))
            .collect()
    }

    #[test]
    fn lines_become_messages() {
        let told = parsed(
            ": hello\nretry: 2000\nid: 7\n\nid: 8\nevent: drift:created\ndata: {\"a\":1}\n\ndata:x\ndata: y\n\nevent: lost\n\n",
        );
        let wanted = [
            (Some("7"), "id", ""),
            (Some("8"), "drift:created", "{\"a\":1}"),
            (None, "message", "x\ny"),
        ];
        let wanted = wanted
            .map(|(id, event, data)| (id.map(str::to_owned), event.to_owned(), data.to_owned()));
        assert_eq!(told, wanted);
    }
}
