//! A believable month of a shop's drift, to look at DriftSentry before there is data of one's own.
//!
//! Everything goes through the features as it would from outside, at moments of the past month: trail, counters, alerts
//! and trend come about as they always do. The same seed gives the same drifts and decisions; ids and moments follow the
//! clock.

mod company;
mod fleet;
mod month;
mod patterns;
mod resources;
mod staff;
mod story;

use std::sync::Arc;

use crate::alerts::{self, Patience, Type};
use crate::drifts::decide::{self, ByHand, Decide};
use crate::drifts::{Identity, Record, overdue, records};
use crate::error::{Error, Result};
use crate::ids::{AlertId, DriftId};
use crate::ingest::scan::{Finding, Scan};
use crate::money::Cents;
use crate::scans::{self, Push};
use crate::store::tables::{ALERTS, DRIFTS, SCANS, WORKSPACES};
use crate::store::{Batch, Order, Range, Reads, Store, Writes};
use crate::time::Timestamp;
use crate::users::PasswordHash;
use crate::workspaces::{self, Details, silence};
use fleet::Fleet;
use month::{DAYS, Month};
pub use staff::SIGN_IN_AS;
use staff::{Doer, Seen};
use story::Story;

/// The month's own workspaces hold at most so many drifts; what is asked for beyond that drifts in the fleet.
const MOST_OF_MONTH: u64 = 4_000;

/// So many deeds wait for one commit, or so many findings.
const AT_ONCE: usize = 24;
const FINDINGS_AT_ONCE: usize = 2_000;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The same seed gives the same story.
    pub seed: u64,
    /// How many drifts, about.
    pub drifts: u64,
    /// The moment at which the story ends.
    pub now: Timestamp,
}

/// One thing that happens.
#[derive(Debug)]
enum Deed {
    /// A workspace is set up: its place in the company's list.
    Workspace(usize),
    Scan {
        workspace: String,
        scan: Box<Scan>,
        commit: String,
        by: Doer,
    },
    ByHand {
        workspace: String,
        finding: Box<Finding>,
        cents: Option<i64>,
        by: Doer,
    },
    Decide {
        workspace: String,
        on: Vec<Identity>,
        decision: Decide,
        by: Doer,
    },
    Comment {
        workspace: String,
        on: Identity,
        body: String,
        by: Doer,
    },
    Price {
        workspace: String,
        on: Identity,
        cents: i64,
        by: Doer,
    },
    /// Somebody goes through the oldest unread alerts of the last ones.
    ReadAlerts { most: usize, by: Doer },
    /// It is looked who waits for a decision in a workspace.
    Undecided { workspace: String },
    /// It is looked whether a workspace is still scanned.
    Silent { workspace: String },
}

impl Deed {
    fn findings(&self) -> usize {
        match self {
            Self::Scan { scan, .. } => scan.findings.len(),
            _ => 1,
        }
    }

    /// Who does it; nobody where the server itself does.
    fn by(&self) -> Option<Doer> {
        match self {
            Self::Undecided { .. } | Self::Silent { .. } => None,
            Self::Workspace(_) => Some(Doer::Person(staff::ADMIN)),
            Self::Scan { by, .. }
            | Self::ByHand { by, .. }
            | Self::Decide { by, .. }
            | Self::Comment { by, .. }
            | Self::Price { by, .. }
            | Self::ReadAlerts { by, .. } => Some(*by),
        }
    }
}

/// Fills an empty store. Everybody's account has this password. `tell` hears how many deeds are done, now and then.
///
/// # Errors
/// `Conflict`, with what to do, when the store holds something; else what writing says.
pub fn fill(
    store: &Store,
    plan: Plan,
    password: &PasswordHash,
    mut tell: impl FnMut(u64),
) -> Result<()> {
    if !store.read(is_empty)? {
        return Err(Error::conflict(
            "There is data in this directory already: name an empty or a new one with --data-dir.",
        ));
    }
    let start = plan.now.plus_ms(-DAYS * 86_400_000);
    let of_month = plan.drifts.min(MOST_OF_MONTH);
    let month = Month::new(plan.seed, of_month);
    let mut story = Story::new(month, Fleet::new(plan.seed, plan.drifts - of_month));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(Error::internal)?;
    employ(store, password, start)?;
    let mut seen = Seen::default();
    let mut nth = 0;
    loop {
        let mut changes = Vec::new();
        let mut findings = 0;
        while changes.len() < AT_ONCE && findings < FINDINGS_AT_ONCE {
            let Some((at_ms, deed)) = story.next() else {
                break;
            };
            nth += 1;
            findings += deed.findings();
            let then = start.plus_ms(at_ms);
            if let Some(by) = deed.by() {
                seen.note(by, then);
            }
            changes.push(perform(store, deed, then, nth));
        }
        if changes.is_empty() {
            return store.write_blocking(move |read, _| Ok(((), seen.write(read)?)));
        }
        // Queued in their order, and made durable together.
        runtime.block_on(in_order(changes))?;
        tell(nth);
    }
}

/// Gives everybody their account or key.
fn employ(store: &Store, password: &PasswordHash, now: Timestamp) -> Result<()> {
    let hash = password.clone();
    store.write_blocking(move |read, _| Ok(((), staff::admin(read, &hash, now)?)))?;
    let hash = password.clone();
    store.write_blocking(move |read, _| Ok(((), staff::everybody_else(read, &hash, now)?)))
}

type Performed<'a> = std::pin::Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Waits for all, having asked each once in this order: the store queues a change when it is first asked for.
async fn in_order(changes: Vec<Performed<'_>>) -> Result<()> {
    let mut waiting: Vec<Option<Performed<'_>>> = changes.into_iter().map(Some).collect();
    std::future::poll_fn(move |context| {
        let mut pending = false;
        for slot in &mut waiting {
            if let Some(change) = slot {
                match change.as_mut().poll(context) {
                    std::task::Poll::Ready(Ok(())) => *slot = None,
                    std::task::Poll::Ready(Err(error)) => {
                        return std::task::Poll::Ready(Err(error));
                    }
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(Ok(()))
        }
    })
    .await
}

/// Whether nothing was ever written.
fn is_empty(read: &crate::store::Snapshot) -> Result<bool> {
    for table in [DRIFTS.table, SCANS.table, WORKSPACES.table] {
        let mut empty = true;
        read.visit(table, &Range::all(), Order::Ascending, &mut |_, _| {
            empty = false;
            Ok(std::ops::ControlFlow::Break(()))
        })?;
        if !empty {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Does one thing, as if it were then.
fn perform(store: &Store, deed: Deed, then: Timestamp, nth: u64) -> Performed<'_> {
    let deed = Arc::new(deed);
    Box::pin(async move {
        store
            .write(move |read, _| Ok(((), writes_of(read, &deed, then, nth)?)))
            .await
    })
}

fn writes_of(read: &Batch<'_>, deed: &Deed, now: Timestamp, nth: u64) -> Result<Writes> {
    match deed {
        Deed::Workspace(at) => set_up(read, *at, nth, now),
        Deed::Scan {
            workspace,
            scan,
            commit,
            by,
        } => {
            let push = Push {
                workspace: workspace.clone(),
                commit: Some(commit.clone()),
                idempotency_key: None,
            };
            let patience = Patience::default();
            scans::receive(read, scan, &push, patience, &by.acting(nth), now)
                .map(|(_, writes)| writes)
        }
        Deed::ByHand {
            workspace,
            finding,
            cents,
            by,
        } => {
            let said = ByHand {
                workspace: workspace.clone(),
                cost: cents.map(Cents),
                ..ByHand::default()
            };
            decide::create(read, finding, &said, &by.acting(nth), now).map(|(_, writes)| writes)
        }
        Deed::Decide {
            workspace,
            on,
            decision,
            by,
        } => {
            let mut writes = Writes::new();
            for identity in on {
                let drift = drift_of(read, workspace, identity)?;
                let by = by.acting(nth);
                writes.add(decide::decide(read, drift.id, None, decision, &by, now)?.1);
            }
            Ok(writes)
        }
        Deed::Comment {
            workspace,
            on,
            body,
            by,
        } => {
            let drift = drift_of(read, workspace, on)?;
            decide::comment(read, drift.id, body, &by.acting(nth), now).map(|(_, writes)| writes)
        }
        Deed::Price {
            workspace,
            on,
            cents,
            by,
        } => {
            let drift = drift_of(read, workspace, on)?;
            let cost = Some(Cents(*cents));
            decide::price(read, drift.id, cost, &by.acting(nth), now).map(|(_, writes)| writes)
        }
        Deed::ReadAlerts { most, by } => read_alerts(read, *most, *by, nth, now),
        Deed::Undecided { workspace } => remind(read, workspace, now),
        Deed::Silent { workspace } => {
            let workspace = named(read, workspace)?;
            silence::tell(read, &[workspace.id], now).map(|(_, writes)| writes)
        }
    }
}

fn set_up(read: &Batch<'_>, at: usize, nth: u64, now: Timestamp) -> Result<Writes> {
    let workspace = &company::WORKSPACES[at];
    let every = workspace
        .expected_every
        .map(|every| every.parse().map_err(Error::internal))
        .transpose()?;
    let labels = [("team", workspace.team), ("company", "brightcart")];
    let details = Details {
        environment: Some(Some(workspace.environment.to_owned())),
        labels: Some(
            labels
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ),
        expected_every: Some(every),
        description: Some(Some(workspace.description.to_owned())),
    };
    let by = Doer::Person(staff::ADMIN).acting(nth);
    workspaces::create(read, workspace.name, &details, &by, now).map(|(_, writes)| writes)
}

fn named(read: &Batch<'_>, workspace: &str) -> Result<workspaces::Record> {
    workspaces::by_name(read, workspace)?.ok_or(Error::NotFound("workspace"))
}

/// The unresolved drift of a resource.
fn drift_of(read: &Batch<'_>, workspace: &str, identity: &Identity) -> Result<Record> {
    let workspace = named(read, workspace)?;
    records::open_of(read, workspace.id, identity)?.ok_or_else(|| {
        Error::internal(format!(
            "the demonstration decides on {}, which has not drifted",
            identity.address
        ))
    })
}

/// Makes the alerts about a workspace's drifts that wait for a decision.
fn remind(read: &Batch<'_>, workspace: &str, now: Timestamp) -> Result<Writes> {
    let mut waiting = records::open_in(read, named(read, workspace)?.id)?;
    waiting.retain(|drift| drift.undecided_since().is_some());
    let waiting: Vec<DriftId> = waiting.into_iter().map(|drift| drift.id).collect();
    overdue::remind(read, &waiting, Patience::default(), now).map(|(_, writes)| writes)
}

/// Marks some of the newest unread alerts as read.
fn read_alerts(
    read: &Batch<'_>,
    most: usize,
    by: Doer,
    nth: u64,
    now: Timestamp,
) -> Result<Writes> {
    let newest: Vec<(AlertId, alerts::Record)> =
        read.rows(&ALERTS, &Range::all(), Order::Descending, 4 * most)?;
    let unread: Vec<AlertId> = newest
        .into_iter()
        // Nobody notices the pipeline that broke.
        .filter(|(_, alert)| alert.read.is_none() && alert.about != Type::WorkspaceSilent)
        .map(|(id, _)| id)
        .take(most)
        .collect();
    let mut writes = Writes::new();
    for id in unread {
        writes.add(alerts::mark_read(read, id, &by.acting(nth), now)?.1);
    }
    Ok(writes)
}

#[cfg(test)]
mod tests;
