//! What has to be done now and then: noting when keys were used, removing sessions that have expired, changing token keys,
//! telling what did not happen in time, removing what is over.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::error::Result;
use crate::events::audience::Audience;
use crate::server::{Data, overdue};
use crate::sessions::key_ring::KeyRing;
use crate::telemetry::lifecycle::{Lifecycle, Phase};
use crate::time::Timestamp;
use crate::{events, keys, sessions};

/// How often there is a round of all chores.
const ROUND: Duration = Duration::from_secs(60);

/// How many rounds apart expired sessions are swept out.
const SWEEPS: u64 = 60;

/// How many events are removed in one change.
const PRUNED_AT_ONCE: usize = 1_000;

/// How often it is looked whether all who listen still may.
const AUDIENCE_ROUND: Duration = Duration::from_secs(1);

/// How long a key of our own signs tokens, in milliseconds: 30 days.
const KEY_AGE_MS: i64 = 30 * 86_400_000;

/// Where the keys of access tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKeys {
    /// A file of ours, which is made and changed here.
    Own(PathBuf),
    /// A file that somebody else looks after, such as a systemd credential.
    Given(PathBuf),
}

impl TokenKeys {
    /// The keys as the file has them, made where it is ours and missing.
    ///
    /// # Errors
    /// As [`KeyRing::load_or_make`].
    pub fn load(&self) -> Result<KeyRing> {
        match self {
            Self::Own(path) => KeyRing::load_or_make(path, Timestamp::now()),
            Self::Given(path) => KeyRing::load(path),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(path) | Self::Given(path) => path,
        }
    }
}

/// Does the chores until the server drains, then what must not be left undone.
pub async fn run(data: Data, lifecycle: Lifecycle) {
    let mut rounds = interval_at(Instant::now() + ROUND, ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = changed_at(data.token_keys.path());
    let mut round = 0_u64;
    look_after_keys(&data, &mut seen);
    overdue::round(&data, &lifecycle).await;
    loop {
        tokio::select! {
            () = lifecycle.reached(Phase::Closing) => break,
            _ = rounds.tick() => {}
        }
        note_uses(&data, false).await;
        prune_events(&data).await;
        if round.is_multiple_of(SWEEPS) {
            sweep(&data).await;
        }
        look_after_keys(&data, &mut seen);
        overdue::round(&data, &lifecycle).await;
        round += 1;
    }
    note_uses(&data, true).await;
}

/// Writes when keys were last used: rarely, since each request uses one.
async fn note_uses(data: &Data, all: bool) {
    let uses = data.gate.keys.unwritten(all);
    if uses.is_empty() {
        return;
    }
    let noted = data.store.write(move |read, _| keys::used(read, &uses));
    if let Err(error) = noted.await {
        tracing::warn!(%error, "When API keys were last used could not be written: tried again in a minute");
    }
}

/// Removes events that need not be kept any longer, in small steps.
async fn prune_events(data: &Data) {
    loop {
        let pruned = data
            .store
            .write(|read, now| events::prune(read, PRUNED_AT_ONCE, now));
        match pruned.await {
            Ok(PRUNED_AT_ONCE) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "Old events could not be removed: tried again in a minute");
                return;
            }
        }
    }
}

/// Has everybody stop listening whose session or key has ended, within a second.
pub async fn watch_audience(audience: Arc<Audience>, lifecycle: Lifecycle) {
    let mut rounds = tokio::time::interval(AUDIENCE_ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = lifecycle.reached(Phase::Closing) => return,
            _ = rounds.tick() => audience.sweep(Timestamp::now()),
        }
    }
}

async fn sweep(data: &Data) {
    match data
        .store
        .write(|read, now| sessions::sweep(read, now))
        .await
    {
        Ok(0) => {}
        Ok(swept) => tracing::info!(sessions = swept, "Removed sessions that had expired"),
        Err(error) => {
            tracing::warn!(%error, "Expired sessions could not be removed: tried again in an hour");
        }
    }
}

/// Makes a new key when ours has grown old, and takes over keys that somebody else has changed.
fn look_after_keys(data: &Data, seen: &mut Option<SystemTime>) {
    let taken = match &data.token_keys {
        TokenKeys::Own(path) => renew_own(path),
        TokenKeys::Given(path) => {
            let changed = changed_at(path);
            if changed == *seen {
                return;
            }
            *seen = changed;
            KeyRing::load(path).map(Some)
        }
    };
    match taken {
        Ok(None) => {}
        Ok(Some(ring)) => {
            tracing::info!(
                key.id = ring.newest_id(),
                "Access tokens are signed with another key from now on"
            );
            data.gate.tokens.replace_ring(ring);
        }
        Err(error) => tracing::error!(%error, "The keys of access tokens stay as they are"),
    }
}

fn renew_own(path: &Path) -> Result<Option<KeyRing>> {
    let ring = KeyRing::load(path)?;
    if !ring.is_older_than(KEY_AGE_MS, Timestamp::now()) {
        return Ok(None);
    }
    let ring = ring.rotated(Timestamp::now())?;
    ring.save(path)?;
    Ok(Some(ring))
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|file| file.modified())
        .ok()
}
