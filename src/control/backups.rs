//! Backups over the socket: lines that tell how far it is, the line with the manifest, then the archive's bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream as Blocking;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::client::{Reached, Way, reach, silent};
use super::{Answer, Kind, MOST_BYTES, Refused, Request, operator, parse};
use crate::backup::archive::Watched;
use crate::backup::delivery::{self, Said};
use crate::backup::{Manifest, Progress, take};
use crate::error::Error;
use crate::server::Data;
use crate::time::Timestamp;

/// How long the other side may take for a piece: it may be writing to a slow disk.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often an empty line says that somebody works on it.
const BEAT: Duration = Duration::from_secs(2);

/// The server's side.
pub(super) async fn hand_over(stream: &mut UnixStream, data: Data, peer: u32) -> io::Result<()> {
    let by = operator(&Request::Backup, peer);
    let begun = match data.backups.take() {
        Ok(turn) => delivery::begin(data.store, by, turn, Timestamp::now()).map_err(Refused::from),
        Err(busy) => Err(Refused::new(Kind::Busy, busy.to_string())),
    };
    let mut heard = match begun {
        Ok(heard) => heard,
        Err(refused) => return say(stream, &Answer::Error(refused)).await,
    };
    let mut is_made = false;
    loop {
        let said = match timeout(BEAT, heard.recv()).await {
            Ok(Some(said)) => said,
            Ok(None) => break,
            // A check of much takes long, and tells nothing meanwhile.
            Err(_) if !is_made => {
                timeout(PATIENCE, stream.write_all(b"\n")).await??;
                continue;
            }
            Err(_) => continue,
        };
        match said {
            Said::Progress(progress) if !is_made => {
                say(stream, &Answer::Progress(progress)).await?
            }
            Said::Progress(_) => {}
            Said::Made(manifest) => {
                is_made = true;
                say(stream, &Answer::Ok(serde_json::to_value(&manifest)?)).await?;
            }
            Said::Piece(bytes) => timeout(PATIENCE, stream.write_all(&bytes)).await??,
            Said::Done => break,
            Said::Failed(error) => {
                tracing::error!(%error, "A backup failed");
                if !is_made {
                    say(stream, &Answer::Error(error.into())).await?;
                }
                // Else the archive has no end, which its reader sees.
                break;
            }
        }
    }
    stream.shutdown().await
}

async fn say(stream: &mut UnixStream, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    timeout(PATIENCE, stream.write_all(&line)).await?
}

/// The commands' side: has a backup taken by the running server, or takes it of the stopped one's store. The archive goes
/// to `out` as it comes, and is whole where this succeeds.
///
/// # Errors
/// The server's own, what is in the way of either, and writing's own.
pub fn backup(
    dir: &Path,
    now: Timestamp,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Manifest, Way), Refused> {
    match reach(dir)? {
        Reached::Server(stream) => ask(stream, out, tell).map(|manifest| (manifest, Way::Server)),
        Reached::Store(data) => {
            let by = operator(&Request::Backup, rustix::process::getuid().as_raw());
            let mut tell = |progress| {
                tell(progress);
                Ok(())
            };
            let taken = take(&data.store, &by, now, &mut tell);
            data.store.close();
            let taken = taken?;
            taken
                .write(out, &mut tell)
                .map_err(|error| cannot_write(&error))?;
            out.flush().map_err(|error| cannot_write(&error))?;
            Ok((taken.manifest, Way::Store))
        }
    }
}

fn ask(
    mut stream: Blocking,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(Progress),
) -> Result<Manifest, Refused> {
    let broken = |error: io::Error| silent(&error);
    stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
    let mut line = serde_json::to_vec(&Request::Backup).map_err(Error::internal)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(broken)?;
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let manifest = loop {
        let mut line = Vec::new();
        (&mut reader)
            .take(MOST_BYTES as u64)
            .read_until(b'\n', &mut line)
            .map_err(broken)?;
        match line.as_slice() {
            [] => return Err(silent(&io::ErrorKind::UnexpectedEof.into())),
            b"\n" => continue,
            _ => {}
        }
        match parse(&line)? {
            Answer::Progress(progress) => tell(progress),
            Answer::Error(refused) => return Err(refused),
            Answer::Ok(value) => {
                break serde_json::from_value::<Manifest>(value).map_err(Error::internal)?;
            }
        }
    };
    let mut watched = Watched::new(out);
    loop {
        let piece = reader.fill_buf().map_err(broken)?;
        let length = piece.len();
        if length == 0 {
            break;
        }
        watched
            .write_all(piece)
            .map_err(|error| cannot_write(&error))?;
        reader.consume(length);
    }
    watched.flush().map_err(|error| cannot_write(&error))?;
    if !watched.is_whole() {
        return Err(Refused::new(
            Kind::Unavailable,
            "The server broke off while it handed the backup over, and what arrived is none: see its log, then try again.",
        ));
    }
    Ok(manifest)
}

fn cannot_write(error: &io::Error) -> Refused {
    Refused::new(
        Kind::Full,
        format!("The backup can't be written ({error}): check the disk, then try again."),
    )
}
