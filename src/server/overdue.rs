//! What did not happen in time: looked for once a minute, and told by alerts.
//!
//! A round finds what is due in memory or by one short look, and writes in small steps, so that other changes go in between.

use crate::drifts::overdue;
use crate::error::Result;
use crate::server::Data;
use crate::telemetry::lifecycle::{Lifecycle, Phase};
use crate::time::Timestamp;
use crate::workspaces::silence;

/// How many alerts are made in one change.
const MADE_AT_ONCE: usize = 250;

/// What somebody waits for in vain.
#[derive(Debug, Clone, Copy)]
enum Missing {
    /// A workspace's next scan.
    Scan,
    /// A critical drift's decision.
    Decision,
}

/// Makes the alerts that are due now. Stops early where the server does.
pub(super) async fn round(data: &Data, lifecycle: &Lifecycle) {
    for missing in [Missing::Scan, Missing::Decision] {
        match missing.tell_all(data, lifecycle).await {
            Ok(0) => {}
            Ok(alerts) => tracing::info!(alerts, "Made alerts about {}", missing.name()),
            Err(error) => {
                let about = missing.name();
                tracing::warn!(%error, "Alerts about {about} could not be made: tried again in a minute");
            }
        }
    }
}

impl Missing {
    fn name(self) -> &'static str {
        match self {
            Self::Scan => "workspaces that are not scanned",
            Self::Decision => "critical drifts that nobody decides on",
        }
    }

    /// Makes all alerts that are due, and gives their number.
    async fn tell_all(self, data: &Data, lifecycle: &Lifecycle) -> Result<usize> {
        let mut made = 0;
        while lifecycle.phase() < Phase::Closing {
            let step = match self {
                Self::Scan => tell_of_silence(data).await?,
                Self::Decision => remind(data).await?,
            };
            made += step;
            if step < MADE_AT_ONCE {
                break;
            }
        }
        Ok(made)
    }
}

async fn tell_of_silence(data: &Data) -> Result<usize> {
    let now = Timestamp::now();
    let silent = data
        .store
        .read(|read| silence::untold(read, MADE_AT_ONCE, now))?;
    if silent.is_empty() {
        return Ok(0);
    }
    let told = data
        .store
        .write(move |read, now| silence::tell(read, &silent, now));
    told.await
}

async fn remind(data: &Data) -> Result<usize> {
    let patience = data.patience;
    let due = Timestamp::now().plus_ms(-patience.undecided_ms);
    let (_, undecided) = data
        .store
        .with_views(|_| data.drifts.undecided_since(due, MADE_AT_ONCE))?;
    if undecided.is_empty() {
        return Ok(0);
    }
    let reminded = data
        .store
        .write(move |read, now| overdue::remind(read, &undecided, patience, now));
    reminded.await
}
