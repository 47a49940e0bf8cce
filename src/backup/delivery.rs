//! A backup on its way to whoever asked: taken on a thread of its own, handed over in pieces.

use std::io::{self, BufWriter, Write};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Manifest, Progress, Turn, take};
use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::time::Timestamp;

/// How large the pieces are, in bytes, and how many may wait.
const PIECE_BYTES: usize = 256 << 10;
const PIECES: usize = 8;

/// What is heard of a backup, in this order.
#[derive(Debug)]
pub enum Said {
    /// How far it is; now and then.
    Progress(Progress),
    /// It is taken, checked and on record: its bytes follow.
    Made(Box<Manifest>),
    /// The next bytes of the archive.
    Piece(Bytes),
    /// That was all.
    Done,
    /// It broke off.
    Failed(Error),
}

/// Begins to take a backup. Whoever drops the receiver stops it. The turn is kept until all is handed over.
///
/// # Errors
/// `Internal`, where no thread can be started.
pub fn begin(store: Store, by: Actor, turn: Turn, now: Timestamp) -> Result<Receiver<Said>> {
    let (out, heard) = channel(PIECES);
    std::thread::Builder::new()
        .name("backup".to_owned())
        .spawn(move || {
            let end = match deliver(&store, &by, now, &out) {
                Ok(()) => Said::Done,
                Err(error) => Said::Failed(error),
            };
            drop(turn);
            // Whoever has left hears no end.
            let _ = out.blocking_send(end);
        })
        .map_err(Error::internal)?;
    Ok(heard)
}

fn deliver(store: &Store, by: &Actor, now: Timestamp, out: &Sender<Said>) -> Result<()> {
    let started = Instant::now();
    let mut tell = |progress: Progress| match out.try_send(Said::Progress(progress)) {
        Err(TrySendError::Closed(_)) => Err(left()),
        // The next one tells as much.
        _ => Ok(()),
    };
    let taken = take(store, by, now, &mut tell)?;
    let ready = started.elapsed();
    out.blocking_send(Said::Made(Box::new(taken.manifest.clone())))
        .map_err(|_| left())?;
    let mut pieces = BufWriter::with_capacity(PIECE_BYTES, Pieces(out));
    let written = taken
        .write(&mut pieces, &mut tell)
        .and_then(|bytes| pieces.flush().map(|()| bytes));
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(_) if out.is_closed() => return Err(left()),
        Err(error) => return Err(Error::internal(error)),
    };
    tracing::info!(
        bytes,
        database_bytes = taken.manifest.database_bytes,
        rows = taken.manifest.rows(),
        ready_ms = u64::try_from(ready.as_millis()).unwrap_or(u64::MAX),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "A backup was taken and handed over"
    );
    Ok(())
}

fn left() -> Error {
    Error::conflict("Whoever asked for the backup has left: nothing is kept of it.")
}

struct Pieces<'s>(&'s Sender<Said>);

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Said::Piece(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
