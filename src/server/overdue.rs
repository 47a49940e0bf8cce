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
            Ok(alerts) => tracing::info!(
                alerts,
                about = missing.name(),
                "Made alerts about what did not happen"
            ),
            Err(error) => {
                let about = missing.name();
                tracing::warn!(%error, about, "Alerts could not be made: tried again in a minute");
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
    let patience = *data.patience.get();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::alerts;
    use crate::drifts::decide::{self, ByHand};
    use crate::drifts::records;
    use crate::ids::WorkspaceId;
    use crate::ingest::{Content, Finding, Kind};
    use crate::severity::Severity;
    use crate::store::{Options, Reads, Writes};
    use crate::workspaces::{self, Details};

    /// More than one change takes.
    const MANY: usize = 2 * MADE_AT_ONCE + 100;

    fn finding(number: usize) -> Finding {
        Finding {
            address: format!("aws_instance.i{number}"),
            previous_address: None,
            deposed: None,
            kind: Kind::Missing,
            resource_type: "aws_instance".to_owned(),
            provider: None,
            resource_id: format!("i-{number}"),
            region: None,
            account_id: None,
            expected: None,
            actual: None,
            difference: Vec::new(),
            content: Content([1; 32]),
        }
    }

    /// Workspaces that should be scanned each hour, and critical drifts, all made so many hours ago.
    async fn filled(hours: i64) -> (tempfile::TempDir, Data) {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        };
        let data = Data::open(options).unwrap();
        let then = Timestamp::now().plus_ms(-hours * 3_600_000);
        let by = Actor::system("test");
        let made = data.store.write(move |read, _| {
            let mut writes = Writes::new();
            let every = Details {
                expected_every: Some(Some("1h".parse().unwrap())),
                ..Details::default()
            };
            for number in 0..MANY {
                let name = format!("shop/{number}");
                writes.add(workspaces::create(read, &name, &every, &by, then)?.1);
            }
            writes.add(workspaces::create(read, "unexpected", &Details::default(), &by, then)?.1);
            Ok(((), writes))
        });
        made.await.unwrap();
        let by = Actor::system("test");
        let made = data.store.write(move |read, _| {
            let mut writes = Writes::new();
            let said = ByHand {
                workspace: "unexpected".to_owned(),
                severity: Some(Severity::Critical),
                ..ByHand::default()
            };
            for number in 0..MANY {
                let finding = finding(number);
                writes.add(decide::create(read, &finding, &said, &by, then)?.1);
            }
            Ok(((), writes))
        });
        made.await.unwrap();
        (dir, data)
    }

    fn alerts_made(data: &Data) -> usize {
        let made = data.store.read(|read| read.counter(&alerts::total()));
        // Each drift made one when it was found.
        usize::try_from(made.unwrap()).unwrap() - MANY
    }

    #[tokio::test]
    async fn a_round_tells_all_that_is_due_and_the_next_one_nothing() {
        let (_dir, data) = filled(25).await;
        let lifecycle = Lifecycle::new();
        round(&data, &lifecycle).await;
        assert_eq!(alerts_made(&data), 2 * MANY);
        let seq = data.feed.newest();
        round(&data, &lifecycle).await;
        assert_eq!((alerts_made(&data), data.feed.newest()), (2 * MANY, seq));
    }

    #[tokio::test]
    async fn what_is_not_due_waits_and_what_ends_meanwhile_is_left_alone() {
        let (_dir, data) = filled(23).await;
        let lifecycle = Lifecycle::new();
        round(&data, &lifecycle).await;
        assert_eq!(alerts_made(&data), MANY, "silent workspaces only");
        // Found just before, gone when the change runs.
        let now = Timestamp::now();
        let gone = [WorkspaceId::new(now)];
        let none = data
            .store
            .write(move |read, now| silence::tell(read, &gone, now));
        assert_eq!(none.await.unwrap(), 0);
        let due = Timestamp::now();
        let (read, waiting) = data
            .store
            .with_views(|_| data.drifts.undecided_since(due, 3))
            .unwrap();
        assert_eq!(waiting.len(), 3);
        let oldest = records::by_id(&*read, waiting[0]).unwrap();
        assert!(oldest.undecided_since().is_some());
        let patience = *data.patience.get();
        let early = data
            .store
            .write(move |read, now| overdue::remind(read, &waiting, patience, now));
        assert_eq!(early.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_server_that_stops_makes_none() {
        let (_dir, data) = filled(25).await;
        let lifecycle = Lifecycle::new();
        lifecycle.set(Phase::Closing);
        round(&data, &lifecycle).await;
        assert_eq!(alerts_made(&data), 0);
    }
}
