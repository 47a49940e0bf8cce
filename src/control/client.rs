//! The commands' side: asks the running server, or the store itself where none runs.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::place::{NAME, Place};
use super::{Answer, Kind, MOST_BYTES, Refused, Request, parse, run};
use crate::backup::restore;
use crate::server::Data;
use crate::store::{self, FILE_NAME, Options};

/// How long the server may say nothing at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often and how long to wait for a server that has the store open and does not listen: it starts, or stops.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The running server.
    Server,
    /// This process, on the store of a stopped one.
    Store,
}

impl Way {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Store => "store",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The answer.
    pub value: Value,
    /// Who gave it.
    pub way: Way,
}

/// Has a request done by the server that runs on a data directory; where none does, opens the store and does it here.
///
/// # Errors
/// The request's own, and what is in the way of either.
pub fn call(dir: &Path, request: &Request) -> Result<Done, Refused> {
    let (value, way) = match reach(dir)? {
        Reached::Server(stream) => (ask(stream, request)?, Way::Server),
        Reached::Store(data) => {
            let result = run(request, &data, rustix::process::getuid().as_raw());
            data.store.close();
            (result?, Way::Store)
        }
    };
    Ok(Done { value, way })
}

/// Who can do it.
pub(super) enum Reached {
    /// A running server.
    Server(UnixStream),
    /// This process, with the store of a stopped one.
    Store(Box<Data>),
}

/// Reaches the server that runs on a data directory, or the store itself.
pub(super) fn reach(dir: &Path) -> Result<Reached, Refused> {
    for _ in 0..TRIES {
        if let Some(stream) = connect(dir)? {
            return Ok(Reached::Server(stream));
        }
        if let Some(data) = open(dir)? {
            return Ok(Reached::Store(Box::new(data)));
        }
        std::thread::sleep(PAUSE);
    }
    Err(unheard(dir))
}

fn unheard(dir: &Path) -> Refused {
    Refused::new(
        Kind::Unavailable,
        format!(
            "The store in {} is open in another process that does not listen on {NAME} there: where a server is starting \
             or stopping, try again in a moment; else stop that process first.",
            dir.display()
        ),
    )
}

/// Has a request done by the server that runs on a data directory, and never here.
///
/// # Errors
/// The request's own; `Unavailable` where none answers.
pub fn ask_server(dir: &Path, request: &Request) -> Result<Value, Refused> {
    for _ in 0..TRIES {
        if let Some(stream) = connect(dir)? {
            return ask(stream, request);
        }
        std::thread::sleep(PAUSE);
    }
    Err(unheard(dir))
}

/// The server's socket; none where nobody listens.
fn connect(dir: &Path) -> Result<Option<UnixStream>, Refused> {
    let connected = Place::of(dir, NAME).and_then(|place| UnixStream::connect(&place.path));
    match connected {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Ok(None),
            ErrorKind::PermissionDenied => Err(not_allowed(dir)),
            _ => Err(silent(&error)),
        },
    }
}

fn not_allowed(dir: &Path) -> Refused {
    Refused::new(
        Kind::Forbidden,
        format!(
            "This user may not use the data directory {}: run the command as the server's own user or as root.",
            dir.display()
        ),
    )
}

pub(super) fn silent(error: &io::Error) -> Refused {
    Refused::new(
        Kind::Unavailable,
        format!(
            "The server does not answer on its control socket ({error}): see its log, and restart it if it hangs."
        ),
    )
}

/// Sends the request and waits for the answer.
fn ask(mut stream: UnixStream, request: &Request) -> Result<Value, Refused> {
    let mut line = serde_json::to_vec(request)
        .map_err(|error| Refused::new(Kind::Internal, error.to_string()))?;
    line.push(b'\n');
    if line.len() > MOST_BYTES {
        return Err(Refused::new(
            Kind::Invalid,
            format!(
                "The request has {} bytes and a running server takes {MOST_BYTES}: ask for less at once, or stop the \
                 server first.",
                line.len()
            ),
        ));
    }
    let answer = send(&mut stream, &line).map_err(|error| silent(&error))?;
    if answer.is_empty() {
        let left = io::Error::from(ErrorKind::UnexpectedEof);
        return Err(silent(&left));
    }
    match parse(&answer)? {
        Answer::Ok(value) => Ok(value),
        Answer::Error(refused) => Err(refused),
        Answer::Progress(_) => Err(Refused::new(
            Kind::Internal,
            "The server told its progress where it was to answer.",
        )),
    }
}

/// The line that answers; empty where the server left without.
fn send(stream: &mut UnixStream, line: &[u8]) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(line)?;
    let mut reader = BufReader::new(stream).take(MOST_BYTES as u64);
    let mut answer = Vec::new();
    // Empty lines say that the answer is in the making.
    while answer == b"\n" || answer.is_empty() {
        answer.clear();
        if reader.read_until(b'\n', &mut answer)? == 0 {
            break;
        }
    }
    Ok(answer)
}

/// Makes sure that there is a store in a directory: a command does not make one where the name is mistyped.
///
/// # Errors
/// `NoStore`, `Forbidden` or `Unavailable`, with what to do.
pub fn look_for_store(dir: &Path) -> Result<(), Refused> {
    let file = dir.join(FILE_NAME);
    let Err(error) = std::fs::metadata(&file) else {
        return Ok(());
    };
    Err(match error.kind() {
        ErrorKind::PermissionDenied => not_allowed(dir),
        // Cut off between two renames: opening it brings the store to its place.
        ErrorKind::NotFound if restore::is_unfinished(dir) => return Ok(()),
        ErrorKind::NotFound | ErrorKind::NotADirectory => Refused::new(
            Kind::NoStore,
            format!(
                "There is no store in {}: name the server's data directory with --data-dir.",
                dir.display()
            ),
        ),
        _ => Refused::new(Kind::Unavailable, format!("{}: {error}.", file.display())),
    })
}

/// The store of a server that does not run; none where another process has it open.
fn open(dir: &Path) -> Result<Option<Data>, Refused> {
    look_for_store(dir)?;
    match Data::open(Options::new(dir)) {
        Ok(data) => Ok(Some(data)),
        Err(_) if store::is_held(dir) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify() -> Request {
        Request::AuditVerify {
            checkpoints: Vec::new(),
            public_key: None,
        }
    }

    #[test]
    fn a_directory_without_a_store_is_told_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let refused = call(dir.path(), &verify()).unwrap_err();
        assert_eq!(refused.kind, Kind::NoStore);
        assert!(refused.message.contains("--data-dir"), "{refused}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_stopped_store_is_asked_itself_and_a_held_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let data = Data::open(Options::new(dir.path())).unwrap();
        let refused = call(dir.path(), &verify()).unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert!(
            refused.message.contains("open in another process"),
            "{refused}"
        );
        data.store.close();
        let done = call(dir.path(), &verify()).unwrap();
        assert_eq!(done.way, Way::Store);
        assert_eq!(done.value["entries"], 0);
        // It was closed again.
        assert!(call(dir.path(), &verify()).is_ok());
    }
}
