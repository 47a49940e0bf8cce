//! The server's side of the socket.
//!
//! A request is one line of JSON, and so is the answer; then the connection is closed. While the answer is in the making,
//! empty lines say that somebody works on it.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use super::place::{NAME, Place, UNFINISHED};
use super::{Answer, Kind, MOST_BYTES, Refused, Request, backups, parse, run};
use crate::error::Error;
use crate::http::context::new_correlation_id;
use crate::server::Data;

/// How long the other side may take to send a request, or to take an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often an empty line says that the answer is in the making.
const BEAT: Duration = Duration::from_secs(2);

/// How many requests may be under way.
const AT_ONCE: usize = 8;

/// A socket that is listened on. Dropping it removes it.
#[derive(Debug)]
pub struct Socket {
    accepting: JoinHandle<()>,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "The control socket could not be removed");
        }
    }
}

/// Listens in the data directory, whose store this process has open. Where that fails the server is none the worse:
/// commands then need it stopped, and the log says so.
///
/// Must be called within the runtime.
pub fn listen(dir: &Path, data: &Data) -> Option<Socket> {
    match bind(dir) {
        Ok(listener) => Some(Socket {
            accepting: tokio::spawn(accept(listener, data.clone())),
            path: dir.join(NAME),
        }),
        Err(error) => {
            tracing::warn!(
                %error,
                "The control socket can't be made: commands such as `driftsentry audit verify` need the server stopped"
            );
            None
        }
    }
}

/// A listener that only its owner can reach. Whatever lies at its place is from a server that is gone: the store has one
/// process at a time.
fn bind(dir: &Path) -> io::Result<UnixListener> {
    let unfinished = dir.join(UNFINISHED);
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&Place::of(dir, UNFINISHED)?.path)?;
    std::fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
    std::fs::rename(&unfinished, dir.join(NAME))?;
    Ok(listener)
}

async fn accept(listener: UnixListener, data: Data) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let data = data.clone();
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, data).await {
                        tracing::debug!(%error, "A control connection broke off");
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "The control socket can't take a connection");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Whether a process of this user may use the socket of a server that runs as `own`: the same user, and root.
fn may_use(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

/// Takes one request and answers it.
async fn talk(mut stream: UnixStream, data: Data) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let id = new_correlation_id();
    let span = tracing::error_span!("command", correlation_id = &*id);
    answer(&mut stream, data, peer).instrument(span).await
}

/// Hears a request, does what it asks for and answers.
async fn answer(stream: &mut UnixStream, data: Data, peer: u32) -> io::Result<()> {
    let answer = match hear(stream, peer).await {
        Ok(request) => {
            tracing::info!(command = request.name(), peer.uid = peer, "Control request");
            if request == Request::Backup {
                return backups::hand_over(stream, data, peer).await;
            }
            work(stream, request, data, peer).await
        }
        Err(refused) => Answer::Error(refused),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    say(stream, &line).await
}

async fn say(stream: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(bytes)).await?
}

/// The request of somebody who may make one.
async fn hear(stream: &mut UnixStream, peer: u32) -> Result<Request, Refused> {
    let own = rustix::process::geteuid().as_raw();
    if !may_use(peer, own) {
        tracing::warn!(peer.uid = peer, "A control connection was refused");
        return Err(Refused::new(
            Kind::Forbidden,
            "Only the server's own user and root may use its control socket: run the command as one of them.",
        ));
    }
    let mut line = Vec::new();
    let mut limited = BufReader::new(stream).take(MOST_BYTES as u64);
    let read = timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await;
    match read {
        Ok(Ok(_)) if line.ends_with(b"\n") => parse(&line),
        Ok(Ok(_)) => Err(Refused::new(
            Kind::Invalid,
            format!(
                "The request is cut off, or longer than {MOST_BYTES} bytes: send less at once, or stop the server and \
                 run the command on its data directory."
            ),
        )),
        Ok(Err(error)) => Err(Refused::new(
            Kind::Unavailable,
            format!("The request can't be read ({error}): try again."),
        )),
        Err(_) => Err(Refused::new(
            Kind::Unavailable,
            "No request came within 10 s: send one line of JSON.",
        )),
    }
}

/// Does the work on a thread of its own, and tells the other side meanwhile that it goes on.
async fn work(stream: &mut UnixStream, request: Request, data: Data, peer: u32) -> Answer {
    let span = tracing::Span::current();
    let mut working =
        tokio::task::spawn_blocking(move || span.in_scope(|| run(&request, &data, peer)));
    let done = loop {
        tokio::select! {
            done = &mut working => break done,
            () = sleep(BEAT) => {
                // Whoever has left is found out when the answer is sent.
                let _ = say(stream, b"\n").await;
            }
        }
    };
    let result = done.unwrap_or_else(|panic| Err(Error::internal(panic).into()));
    result.map_or_else(
        |refused| {
            if refused.kind == Kind::Internal {
                tracing::error!(error = %refused, "A control request failed");
            }
            Answer::Error(refused)
        },
        Answer::Ok,
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::control::client::{self, Way};
    use crate::store::Options;

    fn data(dir: &Path) -> Data {
        Data::open(Options {
            min_free_bytes: Some(0),
            ..Options::new(dir)
        })
        .unwrap()
    }

    fn verify() -> Request {
        Request::AuditVerify {
            checkpoints: Vec::new(),
            public_key: None,
        }
    }

    /// What the socket answers to raw bytes.
    fn raw(dir: &Path, bytes: &[u8]) -> String {
        let place = Place::of(dir, NAME).unwrap();
        let mut stream = std::os::unix::net::UnixStream::connect(&place.path).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn only_the_same_user_and_root_may_use_it() {
        assert!(may_use(1000, 1000) && may_use(0, 1000) && may_use(0, 0));
        assert!(!may_use(1001, 1000) && !may_use(1000, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_socket_is_private_answers_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let data = data(dir.path());
        // From a server that was killed.
        drop(std::os::unix::net::UnixListener::bind(dir.path().join(NAME)).unwrap());
        let socket = listen(dir.path(), &data).unwrap();
        let mode = std::fs::metadata(dir.path().join(NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!dir.path().join(UNFINISHED).exists());
        let done = client::call(dir.path(), &verify()).unwrap();
        assert_eq!(done.way, Way::Server);
        assert_eq!(done.value["valid"], true, "{}", done.value);
        let ok = raw(dir.path(), b"{\"command\":\"audit_verify\"}\n");
        assert!(ok.starts_with(r#"{"ok":{"#) && ok.ends_with('\n'), "{ok}");
        for wrong in [
            "\n",
            "hello\n",
            "{\"command\":\"dance\"}\n",
            "{\"command\":\"audit_verify\"}",
        ] {
            let said = raw(dir.path(), wrong.as_bytes());
            assert!(
                said.starts_with(r#"{"error":{"kind":"invalid""#),
                "{wrong}: {said}"
            );
        }
        drop(socket);
        assert!(!dir.path().join(NAME).exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_path_is_no_hindrance() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(120)).join("e".repeat(120));
        let data = data(&deep);
        let socket = listen(&deep, &data).unwrap();
        let done = client::call(&deep, &verify()).unwrap();
        assert_eq!(done.way, Way::Server);
        drop(socket);
        assert!(!deep.join(NAME).exists());
        data.store.close();
        let done = client::call(&deep, &verify()).unwrap();
        assert_eq!(done.way, Way::Store);
    }
}
