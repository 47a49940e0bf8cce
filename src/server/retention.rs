//! Removing what is over, as the administrator's policy says: looked for once an hour, first at the start.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::error::Result;
use crate::http::blocking;
use crate::retention::{self, Found, Item, Limits, Place, Step};
use crate::server::Data;
use crate::telemetry::lifecycle::{Lifecycle, Phase};
use crate::time::Timestamp;

/// How many rows are looked at in one go.
const LOOKED_AT_ONCE: usize = 5_000;
/// How many things are removed in one change, and in one run with its entry in the audit log.
const REMOVED_AT_ONCE: usize = 50;
const OF_A_RUN: usize = 20_000;

/// Removes what is over, now and every hour, until the server drains.
pub async fn run_hourly(data: Data, lifecycle: Lifecycle) {
    let mut rounds = interval(Duration::from_secs(3_600));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = lifecycle.reached(Phase::Draining) => return,
            _ = rounds.tick() => round(&data, &lifecycle).await,
        }
    }
}

/// Removes what is over by now. Stops early where the server does.
async fn round(data: &Data, lifecycle: &Lifecycle) {
    let policy = *data.retention.get();
    if policy.is_off() {
        return;
    }
    let limits = policy.limits(Timestamp::now());
    loop {
        match run(data, &limits, lifecycle).await {
            Ok(0) => return,
            Ok(removed) => tracing::info!(removed, "Removed what is no longer kept"),
            Err(error) => {
                tracing::warn!(%error, "What is no longer kept could not be removed: tried again in an hour");
                return;
            }
        }
        if lifecycle.phase() >= Phase::Draining {
            return;
        }
    }
}

/// One run; how many things it removed.
async fn run(data: &Data, limits: &Limits, lifecycle: &Lifecycle) -> Result<usize> {
    let (items, moved) = look(data, limits).await?;
    let all = [items.as_slice(), &moved].concat();
    let mut entry = Some(retention::entry_of(limits, &all));
    let mut removed = 0;
    // What was moved is looked for in all of its workspace: others get their turn between two of them.
    for items in items.chunks(REMOVED_AT_ONCE).chain(moved.chunks(1)) {
        let mut items = items.to_vec();
        while !items.is_empty() {
            if lifecycle.phase() >= Phase::Draining {
                return Ok(removed);
            }
            let before = items.len();
            let step = Step {
                items,
                entry: entry.take(),
            };
            let limits = *limits;
            items = data
                .store
                .write(move |read, now| retention::apply(read, &step, &limits, now))
                .await?;
            removed += before - items.len();
        }
    }
    Ok(removed)
}

/// What is due, at most so much as one run takes; drifts whose resource was moved apart.
async fn look(data: &Data, limits: &Limits) -> Result<(Vec<Item>, Vec<Item>)> {
    let mut found = Found::default();
    let mut place = Some(Place::start());
    while let Some(here) = place {
        if found.items.len() >= OF_A_RUN {
            found.items.truncate(OF_A_RUN);
            return Ok((found.items, Vec::new()));
        }
        let (store, limits) = (data.store.clone(), *limits);
        (place, found) = blocking(move || {
            let next = store
                .read(|read| retention::look(read, &limits, &here, LOOKED_AT_ONCE, &mut found))?;
            Ok((next, found))
        })
        .await?;
    }
    found.moved.sort_unstable_by_key(|(at, _)| *at);
    let moved = found.moved.into_iter().map(|(_, id)| Item::Drift(id));
    Ok((found.items, moved.collect()))
}
