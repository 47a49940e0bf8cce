//! Watches the certificate's files, and serves what they hold once both belong together again.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use crate::server::Supervisor;
use crate::server::certificate::{Certificate, Current};

/// How often the files are looked at: what renews them writes one after the other.
const LOOK: Duration = Duration::from_millis(500);

/// Where a certificate comes from and goes to.
pub(crate) struct Renewal {
    cert: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    /// What the files looked like when they were read last.
    read: Stamps,
    /// What they looked like when they could not be used; told once they stay like that.
    doubtful: Option<Stamps>,
}

/// What tells that a file has changed, of both files; none for one that can't be looked at.
type Stamps = [Option<Stamp>; 2];

/// A file's device, inode, size, and times of its last change in seconds and nanoseconds.
type Stamp = (u64, u64, u64, [i64; 4]);

impl Renewal {
    /// From these files, which have just been read.
    pub(crate) fn of(cert: &Path, key: &Path, current: Arc<Current>) -> Self {
        Self {
            // What changed since they were read is found at the first look.
            read: [None, None],
            doubtful: None,
            cert: cert.to_owned(),
            key: key.to_owned(),
            current,
        }
    }

    /// Watches from now on, and tells the supervisor when it reads because it was asked to.
    ///
    /// # Errors
    /// When the system takes no signal handler.
    pub(crate) fn start(mut self, supervisor: Supervisor) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                let asked = next_look(&mut hangup).await;
                let reloading = asked.then(|| supervisor.reloading());
                // Files may be on a slow disk: not on a thread that serves.
                let looked = tokio::task::spawn_blocking(move || {
                    self.look(asked);
                    self
                });
                let looked = looked.await;
                drop(reloading);
                match looked {
                    Ok(renewal) => self = renewal,
                    Err(_) => return tracing::error!("Watching the TLS certificate panicked"),
                }
            }
        });
        Ok(())
    }

    /// Serves what the files hold where they have changed, or where the operator `asked`.
    fn look(&mut self, asked: bool) {
        let now = [stamp(&self.cert), stamp(&self.key)];
        if !asked && now == self.read {
            return;
        }
        match Certificate::load(&self.cert, &self.key) {
            Ok(certificate) => {
                (self.read, self.doubtful) = (now, None);
                let fingerprint = certificate.fingerprint();
                if self.current.replace(certificate) || asked {
                    tracing::info!(sha256 = fingerprint, "The TLS certificate was read anew");
                }
            }
            // Between two writes the files don't fit: that passes. What stays is worth a line, once.
            Err(_) if !asked && self.doubtful != Some(now) => self.doubtful = Some(now),
            Err(error) => {
                self.read = now;
                tracing::error!(
                    cause = %error,
                    "The TLS certificate can't be renewed: the one before is served on"
                );
            }
        }
    }
}

/// Whether the operator asked for it, by SIGHUP.
async fn next_look(hangup: &mut Signal) -> bool {
    tokio::select! {
        _ = hangup.recv() => true,
        () = sleep(LOOK) => false,
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    let times = [
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
    ];
    Some((file.dev(), file.ino(), file.size(), times))
}
