//! The contract's call for backups.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use poem_openapi::OpenApi;
use tokio::sync::mpsc::Receiver;

use super::delivery::{self, Said};
use super::folder::file_name;
use super::{Manifest, Turns};
use crate::error::Error;
use crate::http::download::{Formats, ZSTD};
use crate::http::{Admin, BackupFailure, Download, Tag};
use crate::store::Store;
use crate::time::Timestamp;

/// Backups over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// One at a time.
    pub turns: Turns,
}

/// An archive, as `driftsentry restore` takes it.
#[derive(Debug, Clone, Copy)]
struct Archive;

impl Formats for Archive {
    const CONTENT_TYPES: &'static [&'static str] = &[ZSTD];
    const DESCRIPTION: &'static str = "The backup, streamed: a tar, compressed with zstd.";
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operations")]
impl Api {
    /// Take a backup
    ///
    /// A consistent copy of all data as it is at this moment, taken while changes go on, and checked before the answer
    /// begins: allow a second for each 40 MB of the database until then. Whoever has it has everything, with the keys
    /// `fingerprint.key` and `audit.key`: keep it as secret as the data directory. `driftsentry backup verify` tells whether
    /// what arrived is whole; an answer that breaks off is no backup. One is taken at a time; the audit log has it as
    /// `backup_taken`.
    #[oai(path = "/admin/backup", method = "post", operation_id = "takeBackup")]
    async fn take(&self, who: Admin) -> Result<Download<Archive>, BackupFailure> {
        let turn = self.turns.take()?;
        let now = Timestamp::now();
        let mut heard = delivery::begin(self.store.clone(), who.into_actor(), turn, now)?;
        let manifest = made(&mut heard).await?;
        let name = file_name(manifest.taken_at);
        Ok(Download::new(ZSTD, pieces(heard)).named(name))
    }
}

/// Waits until the backup is taken and checked.
async fn made(heard: &mut Receiver<Said>) -> Result<Box<Manifest>, Error> {
    loop {
        match heard.recv().await {
            Some(Said::Made(manifest)) => return Ok(manifest),
            Some(Said::Progress(_)) => {}
            Some(Said::Failed(error)) => return Err(error),
            Some(Said::Piece(_) | Said::Done) | None => {
                return Err(Error::internal("a backup ended before it was made"));
            }
        }
    }
}

/// The archive's bytes. One that breaks off ends with an error, so that the client sees no end.
fn pieces(heard: Receiver<Said>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(heard, |mut heard| async move {
        loop {
            match heard.recv().await {
                Some(Said::Piece(bytes)) => return Ok(Some((bytes, heard))),
                Some(Said::Done) => return Ok(None),
                Some(Said::Progress(_) | Said::Made(_)) => {}
                Some(Said::Failed(error)) => {
                    tracing::error!(%error, "A backup broke off while it was handed over");
                    return Err(io::Error::other("the backup broke off"));
                }
                None => return Err(io::Error::other("the backup broke off")),
            }
        }
    })
}
