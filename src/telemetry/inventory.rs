//! What is stored, for `/metrics`: drifts, workspaces, alerts, the trail. Read at each scrape from one state, from
//! counters that every change keeps.
//!
//! Where the store can't be read for a moment, these metrics are absent: the ones of the store say why.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::audit;
use crate::drifts::index::{Index, field};
use crate::drifts::query::{self, Query, Sort};
use crate::drifts::records::counters;
use crate::drifts::{Severity, Status};
use crate::error::Result;
use crate::ids::WorkspaceId;
use crate::listing::Filter;
use crate::metrics;
use crate::store::{Counter, Reads, State, Store, keys::Key};
use crate::telemetry::figures::{Figures, about, seconds};
use crate::telemetry::metrics::Metrics;
use crate::time::Timestamp;
use crate::{alerts, workspaces};

/// How many workspaces have series of their own. The rest is told as one, [`REST`].
const MOST_WORKSPACES: usize = 1_000;

/// The label of all workspaces without series of their own: no workspace can be named so.
const REST: &str = "(other)";

/// The statuses of drifts that wait for a decision.
const UNDECIDED: [Status; 2] = [Status::Detected, Status::Triaged];

/// Shows what is stored.
pub fn register(metrics: &Metrics, store: Store, drifts: Arc<Index>, signer: Arc<audit::Signer>) {
    metrics.at_each_scrape("inventory", move |figures| {
        let now = Timestamp::now();
        // While the database is opened again a reader would wait: a scrape waits for nobody.
        if matches!(store.state(), State::Ready | State::Full) {
            match Inventory::taken(&store, &drifts, now) {
                Ok(inventory) => inventory.tell(figures)?,
                Err(error) => {
                    tracing::debug!(%error, "What is stored could not be counted for /metrics");
                }
            }
        }
        figures.counter(
            about(
                "audit_checkpoints",
                "Checkpoints of the audit log that were signed into the program's log since the start",
            ),
            signer.signed(),
        )
    });
}

/// Everything that is told, of one moment.
#[derive(Debug, PartialEq)]
struct Inventory {
    by_status: Vec<metrics::Count>,
    workspaces: Workspaces,
    oldest_undecided_ms: [i64; 3],
    decided: u64,
    decided_ms: u64,
    resolved: u64,
    resolved_ms: u64,
    alerts_unread: u64,
    audit_entries: u64,
}

/// The workspaces, those with the gravest drifts first.
#[derive(Debug, Default, PartialEq)]
struct Workspaces {
    total: u64,
    silent: u64,
    named: Vec<Workspace>,
    rest: [u64; 3],
}

/// What is told of one workspace.
#[derive(Debug, PartialEq)]
struct Workspace {
    name: String,
    open: [u64; 3],
    is_silent: bool,
    scanned_at: Option<Timestamp>,
}

impl Inventory {
    fn taken(store: &Store, drifts: &Index, now: Timestamp) -> Result<Self> {
        let mut oldest_undecided_ms = [0; 3];
        for (oldest, severity) in oldest_undecided_ms.iter_mut().zip(Severity::ALL) {
            *oldest = waiting_ms(store, drifts, severity, now)?;
        }
        let read = &*store.snapshot()?;
        let sum = |counter: Counter| -> Result<u64> {
            let mut sum = 0_i64;
            read.counters_under(&counter, &mut |_, count| {
                sum = sum.saturating_add(count);
                Ok(())
            })?;
            Ok(u64::try_from(sum).unwrap_or(0))
        };
        Ok(Self {
            by_status: metrics::by_status(read)?,
            workspaces: Workspaces::of(open_by_workspace(read)?, workspaces::all(read)?, now),
            oldest_undecided_ms,
            decided: sum(counters::decided())?,
            decided_ms: sum(counters::decided_ms())?,
            resolved: sum(counters::ended())?,
            resolved_ms: sum(counters::ended_ms())?,
            alerts_unread: u64::try_from(read.counter(&alerts::unread())?).unwrap_or(0),
            audit_entries: audit::newest(read)?,
        })
    }

    fn tell(&self, figures: &mut Figures<'_>) -> fmt::Result {
        self.tell_drifts(figures)?;
        self.workspaces.tell(figures)?;
        figures.gauge(
            about("alerts_unread", "Alerts that nobody has read"),
            self.alerts_unread,
        )?;
        figures.counter(
            about(
                "audit_entries",
                "Entries of the audit log since the database was made",
            ),
            self.audit_entries,
        )
    }

    fn tell_drifts(&self, figures: &mut Figures<'_>) -> fmt::Result {
        figures.gauges(
            about("drifts", "Drifts by status, resolved ones too"),
            self.by_status
                .iter()
                .map(|(status, count)| ([("status", *status)], *count)),
        )?;
        figures.gauges(
            seconds(
                "drifts_oldest_undecided",
                "How long the drift that has waited longest for a decision has waited, by severity; 0 where none waits",
            ),
            Severity::ALL
                .into_iter()
                .zip(self.oldest_undecided_ms)
                .map(|(severity, ms)| ([("severity", severity.name())], ms as f64 / 1_000.0)),
        )?;
        figures.counter(
            about(
                "drifts_decided",
                "Drifts approved or rejected since the database was made",
            ),
            self.decided,
        )?;
        figures.fractional_counter(
            seconds(
                "drifts_decision_wait",
                "How long decided drifts had waited, from found to approved or rejected, all together",
            ),
            self.decided_ms as f64 / 1_000.0,
        )?;
        figures.counter(
            about(
                "drifts_resolved",
                "Drifts resolved since the database was made",
            ),
            self.resolved,
        )?;
        figures.fractional_counter(
            seconds(
                "drifts_resolution_wait",
                "How long resolved drifts had lasted, from found to resolved, all together",
            ),
            self.resolved_ms as f64 / 1_000.0,
        )
    }
}

impl Workspaces {
    fn of(
        open: HashMap<WorkspaceId, [u64; 3]>,
        all: Vec<workspaces::Record>,
        now: Timestamp,
    ) -> Self {
        let mut named: Vec<Workspace> = all
            .into_iter()
            .map(|record| Workspace {
                open: open.get(&record.id).copied().unwrap_or_default(),
                is_silent: record.is_silent(now),
                scanned_at: record.last_scan.map(|scan| scan.at),
                name: record.name,
            })
            .collect();
        let total = named.len() as u64;
        let silent = named.iter().filter(|each| each.is_silent).count() as u64;
        // What matters most keeps its name; else the order of names stays, so that series come and go as little as can be.
        named.sort_by_key(|each| std::cmp::Reverse((each.open, each.is_silent)));
        let mut rest = [0; 3];
        for each in named.drain(MOST_WORKSPACES.min(named.len())..) {
            for (rest, open) in rest.iter_mut().zip(each.open) {
                *rest += open;
            }
        }
        Self {
            total,
            silent,
            named,
            rest,
        }
    }

    fn tell(&self, figures: &mut Figures<'_>) -> fmt::Result {
        let rest = (self.total > self.named.len() as u64).then_some((REST, self.rest));
        let named = self.named.iter().map(|each| (&*each.name, each.open));
        figures.gauges(
            about(
                "drifts_open",
                "Drifts that somebody has to do something about, by workspace and severity; beyond 1,000 workspaces those with the fewest are (other)",
            ),
            named.chain(rest).flat_map(|(name, open)| {
                let by_severity = Severity::ALL.into_iter().zip(open);
                by_severity.map(move |(severity, count)| {
                    let labels = [("workspace", name), ("severity", severity.name())];
                    (labels, count)
                })
            }),
        )?;
        figures.gauge(about("workspaces", "Workspaces"), self.total)?;
        figures.gauge(
            about(
                "workspaces_silent",
                "Workspaces that were not scanned within twice the time that is expected",
            ),
            self.silent,
        )?;
        figures.gauges(
            about(
                "workspace_silent",
                "1 for each workspace that was not scanned within twice the time that is expected",
            ),
            self.named
                .iter()
                .filter(|each| each.is_silent)
                .map(|each| ([("workspace", &*each.name)], 1_u64)),
        )?;
        figures.gauges(
            seconds(
                "workspace_last_scan_timestamp",
                "When a workspace's newest scan was taken in, in Unix time",
            ),
            self.named.iter().filter_map(|each| {
                let at = each.scanned_at?.unix_ms() as f64 / 1_000.0;
                Some(([("workspace", &*each.name)], at))
            }),
        )
    }
}

/// Open drifts by workspace, in the order of [`Severity::ALL`].
fn open_by_workspace(read: &impl Reads) -> Result<HashMap<WorkspaceId, [u64; 3]>> {
    let mut open: HashMap<WorkspaceId, [u64; 3]> = HashMap::new();
    read.counters_under(&counters::open_in(), &mut |mut key, count| {
        let workspace = WorkspaceId::decode(&mut key);
        let severity = String::decode(&mut key);
        let place = Severity::ALL
            .iter()
            .position(|known| Some(known.name()) == severity.as_deref());
        if let (Some(workspace), Some(place)) = (workspace, place) {
            open.entry(workspace).or_default()[place] = u64::try_from(count).unwrap_or(0);
        }
        Ok(())
    })?;
    Ok(open)
}

/// How long the undecided drift of a severity that was found first has waited, in milliseconds.
fn waiting_ms(store: &Store, drifts: &Index, severity: Severity, now: Timestamp) -> Result<i64> {
    let only = |field, any_of: &[&str]| Filter {
        field,
        any_of: any_of.iter().map(|name| (*name).to_owned()).collect(),
    };
    let longest_first = Query {
        filters: vec![
            only(field::STATUS, &UNDECIDED.map(Status::name)),
            only(field::SEVERITY, &[severity.name()]),
        ],
        sort: Sort::Created,
        descending: false,
        ..Query::default()
    };
    let found = query::page(store, drifts, &longest_first, 1)?;
    let waited_ms = found
        .drifts
        .first()
        .map(|drift| now.unix_ms() - drift.created_at.unix_ms());
    Ok(waited_ms.unwrap_or(0).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspaces::Record;

    fn workspace(n: u32) -> Record {
        let now = Timestamp::from_unix_ms(1_000);
        Record::new(&format!("team/w{n:05}"), now)
    }

    #[test]
    fn beyond_the_bound_the_gravest_keep_their_names() {
        let all: Vec<Record> = (0..2_500).map(workspace).collect();
        let mut open = HashMap::new();
        // The last by name is the gravest; 1,200 have a warning.
        open.insert(all[2_499].id, [1, 0, 0]);
        for record in &all[1_000..2_200] {
            open.insert(record.id, [0, 2, 0]);
        }
        let gravest = all[2_499].name.clone();
        let told = Workspaces::of(open, all, Timestamp::from_unix_ms(2_000));
        assert_eq!(
            (told.total, told.silent, told.named.len()),
            (2_500, 0, 1_000)
        );
        assert_eq!(told.named[0].name, gravest);
        assert_eq!(told.named[1].name, "team/w01000");
        assert_eq!(told.rest, [0, 201 * 2, 0]);

        let metrics = Metrics::new();
        metrics.at_each_scrape("test", move |figures| told.tell(figures));
        let text = metrics.text();
        let series = text.matches("\ndriftsentry_drifts_open{").count();
        assert_eq!(series, 3 * 1_001);
        let rest = r#"driftsentry_drifts_open{workspace="(other)",severity="warning"} 402"#;
        assert!(text.contains(rest), "{rest}");
        assert!(workspaces::check_name("name", REST).is_err());
    }

    #[test]
    fn few_workspaces_have_no_rest() {
        let told = Workspaces::of(
            HashMap::new(),
            vec![workspace(1)],
            Timestamp::from_unix_ms(0),
        );
        let metrics = Metrics::new();
        metrics.at_each_scrape("test", move |figures| told.tell(figures));
        let text = metrics.text();
        assert!(!text.contains(r#"workspace="(other)""#), "{text}");
        let clean = r#"driftsentry_drifts_open{workspace="team/w00001",severity="critical"} 0"#;
        assert!(text.contains(clean), "{text}");
    }
}
