//! A small company that does random things.

use std::collections::HashSet;
use std::sync::Arc;

use driftsentry::actor::{Actor, Role};
use driftsentry::alerts::{self, Patience};
use driftsentry::drifts::decide::{self, ByHand, Decide};
use driftsentry::drifts::{Record, ResolvedHow, overdue};
use driftsentry::error::{Error, Result};
use driftsentry::ids::{AlertId, DriftId, UserId, WorkspaceId};
use driftsentry::ingest::State;
use driftsentry::ingest::scan::{Change, address_key};
use driftsentry::ingest::{Content, Difference, Finding, Format, Kind, Observed, Scan, ScanStatus};
use driftsentry::money::Cents;
use driftsentry::scans::{self, Push};
use driftsentry::store::tables::{ALERTS, DRIFTS};
use driftsentry::store::{
    Batch, FILE_NAME, Options, Order, Range, Reads, SAVED_FILE, Store, View, Writes,
};
use driftsentry::time::Timestamp;
use driftsentry::workspaces::{self, Details, silence};

use proptest::prelude::*;
use serde_json::json;

use crate::accounts;

/// The addresses there are: with wildcards, capitals and letters that change their length when folded.
pub(crate) const ADDRESSES: [&str; 7] = [
    "aws_security_group.web",
    "aws_instance.app[\"100%\"]",
    "module.Shop_A.aws_db_instance.main",
    "module.shopXA.aws_db_instance.main",
    "aws_s3_bucket.İstanbul",
    "aws_instance.app[\"blue\"]",
    "a.b",
];

pub(crate) const WORKSPACES: [&str; 2] = ["shop/prod", "shop/staging"];

/// One finding: an address, live values, a kind, and perhaps the address it had before.
pub(crate) type Found = (usize, u8, Kind, Option<usize>);

/// One run of a tool.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) workspace: usize,
    pub(crate) status: ScanStatus,
    /// A refresh-only run doesn't look for unapplied code.
    pub(crate) refresh_only: bool,
    pub(crate) found: Vec<Found>,
    pub(crate) in_sync: Vec<usize>,
    pub(crate) key: Option<u8>,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Scan(Run),
    ScanAgain,
    /// Which drift of all, which decision.
    Decide(usize, u8),
    Comment(usize),
    Create(usize, Found, Option<i64>),
    Price(usize, Option<i64>),
    DeleteWorkspace(usize, bool),
    ReadAlert(usize),
    ReadAllAlerts,
    /// Who, and what becomes of the account, its sessions or the keys.
    Account(usize, u8),
    /// How often a workspace should be scanned, in hours.
    Expect(usize, Option<u8>),
    /// It is looked for what did not happen in time.
    Round,
    /// Hours go by.
    Wait(i64),
}

pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::Modified),
        1 => Just(Kind::Missing),
        1 => Just(Kind::Unmanaged),
        2 => Just(Kind::Pending),
        1 => Just(Kind::StateOnly),
    ]
}

pub(crate) fn found() -> impl Strategy<Value = Found> {
    let moved = prop_oneof![4 => Just(None), 1 => (0..ADDRESSES.len()).prop_map(Some)];
    (0..ADDRESSES.len(), 0..3_u8, kind(), moved)
}

pub(crate) fn run() -> impl Strategy<Value = Run> {
    let status = prop_oneof![
        4 => Just(ScanStatus::Complete),
        2 => Just(ScanStatus::Partial),
        1 => Just(ScanStatus::Failed),
    ];
    (
        0..WORKSPACES.len(),
        status,
        prop::bool::weighted(0.2),
        prop::collection::vec(found(), 0..6),
        prop::collection::vec(0..ADDRESSES.len(), 0..4),
        prop_oneof![3 => Just(None), 1 => (0..3_u8).prop_map(Some)],
    )
        .prop_map(
            |(workspace, status, refresh_only, found, in_sync, key)| Run {
                workspace,
                status,
                refresh_only,
                found,
                in_sync,
                key,
            },
        )
}

fn cents() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 4 => (-50_000..90_000_i64).prop_map(Some)]
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => run().prop_map(Deed::Scan),
        1 => Just(Deed::ScanAgain),
        5 => (0..50_usize, 0..6_u8).prop_map(|(at, what)| Deed::Decide(at, what)),
        1 => (0..50_usize).prop_map(Deed::Comment),
        2 => (0..WORKSPACES.len(), found(), cents()).prop_map(|(w, f, c)| Deed::Create(w, f, c)),
        3 => (0..50_usize, cents()).prop_map(|(at, c)| Deed::Price(at, c)),
        1 => (0..WORKSPACES.len(), any::<bool>()).prop_map(|(w, r)| Deed::DeleteWorkspace(w, r)),
        1 => (0..20_usize).prop_map(Deed::ReadAlert),
        1 => Just(Deed::ReadAllAlerts),
        3 => (0..3_usize, 0..11_u8).prop_map(|(who, what)| Deed::Account(who, what)),
        1 => (0..WORKSPACES.len(), prop::option::of(1..20_u8)).prop_map(|(w, h)| Deed::Expect(w, h)),
        2 => Just(Deed::Round),
        2 => (1..30_i64).prop_map(Deed::Wait),
    ]
}

pub(crate) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(deed(), 1..30)
}

/// A finding as a tool would report it.
pub(crate) fn finding((address, values, kind, moved): Found) -> Finding {
    let path = if values == 2 { "/tags/Owner" } else { "/size" };
    let address_text = ADDRESSES[address];
    Finding {
        address: address_text.to_owned(),
        previous_address: moved.map(|at| ADDRESSES[at].to_owned()),
        deposed: None,
        kind,
        resource_type: address_text
            .rsplit('.')
            .nth(1)
            .unwrap_or("thing")
            .to_owned(),
        provider: None,
        resource_id: format!("ID-{address}_x"),
        region: (address % 2 == 0).then(|| "eu-west-1".to_owned()),
        account_id: None,
        expected: Some(State::from(&json!({"size": 0}))),
        actual: (kind != Kind::Missing).then(|| State::from(&json!({"size": values}))),
        difference: vec![
            Difference {
                pointer: path.to_owned(),
                expected: json!("a"),
                actual: json!(values),
                change: Change::Changed,
                sensitive: false,
            },
            // Sorted by step, as a walk through a state gives it, not by its bytes.
            Difference {
                pointer: format!("{path}-class"),
                expected: json!(1.50),
                actual: json!(null),
                change: Change::Removed,
                sensitive: false,
            },
        ],
        content: Content([values; 32]),
    }
}

/// A run as a scan.
pub(crate) fn scan(run: &Run) -> Scan {
    Scan {
        format: Format::TerraformPlan,
        tool: "terraform".to_owned(),
        tool_version: Some("1.13.0".to_owned()),
        status: run.status,
        started_at: None,
        resources: 40,
        redacted: 0,
        findings: run.found.iter().copied().map(finding).collect(),
        observed: Observed {
            live: true,
            pending: !run.refresh_only,
            unmanaged: !run.refresh_only,
            in_sync: run
                .in_sync
                .iter()
                .map(|at| address_key(ADDRESSES[*at], None))
                .collect::<HashSet<_>>(),
        },
        problems: match run.status {
            ScanStatus::Failed => vec![format!("cause {}", run.in_sync.len() % 2)],
            _ => Vec::new(),
        },
    }
}

/// Somebody.
pub(crate) fn somebody() -> Actor {
    Actor {
        id: UserId(uuid::Uuid::from_u128(7)),
        email: "mara@shop.example".to_owned(),
        role: Role::Engineer,
        ip_address: None,
        user_agent: None,
        correlation_id: "test".to_owned(),
    }
}

/// A store with a clock of its own.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    last: Option<Run>,
}

impl World {
    pub(crate) fn new(views: Vec<Arc<dyn View>>) -> Self {
        Self::with(|options| Options { views, ..options })
    }

    /// The same, its store opened with other options.
    pub(crate) fn with(other: impl FnOnce(Options) -> Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            min_free_bytes: Some(0),
            ..Options::new(dir.path())
        };
        Self {
            store: Store::open(other(options)).unwrap(),
            dir,
            now: "2026-03-01T09:00:00Z".parse().unwrap(),
            last: None,
        }
    }

    /// One that saves its views whenever so many rows have changed.
    pub(crate) fn saving(views: Vec<Arc<dyn View>>, after: u64) -> Self {
        let mut world = Self::new(Vec::new());
        world.store.close();
        world.store = open_saving(world.dir.path(), views, Some(after));
        world
    }

    /// What a crash at this moment leaves on the disk.
    pub(crate) fn copied(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in [FILE_NAME, SAVED_FILE] {
            if let Err(error) = std::fs::copy(self.dir.path().join(name), dir.path().join(name)) {
                assert_eq!(
                    (name, error.kind()),
                    (SAVED_FILE, std::io::ErrorKind::NotFound)
                );
            }
        }
        dir
    }

    /// The company goes on from what lies in a directory.
    pub(crate) fn gone_on(&self, dir: tempfile::TempDir, views: Vec<Arc<dyn View>>) -> Self {
        Self {
            store: open_saving(dir.path(), views, Some(1)),
            dir,
            now: self.now,
            last: None,
        }
    }

    pub(crate) fn write<T: Send + 'static>(
        &mut self,
        change: impl Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send + 'static,
    ) -> Result<T> {
        self.now = self.now.plus_ms(60_000);
        let now = self.now;
        self.store.write_blocking(move |read, _| change(read, now))
    }

    pub(crate) fn push(&mut self, run: &Run) -> Result<scans::Record> {
        let scan = scan(run);
        let push = Push {
            workspace: WORKSPACES[run.workspace].to_owned(),
            commit: None,
            idempotency_key: run.key.map(|key| format!("key {key}")),
        };
        self.last = Some(run.clone());
        self.write(move |read, now| {
            scans::receive(read, &scan, &push, Patience::default(), &somebody(), now)
        })
    }

    /// Does it. What the rules refuse is no mistake; any other failure is.
    pub(crate) fn act(&mut self, deed: &Deed) {
        let result = self.attempt(deed);
        if let Err(error) = result {
            assert!(
                matches!(error, Error::Conflict { .. } | Error::NotFound(_)),
                "{deed:?}: {error}"
            );
        }
    }

    fn attempt(&mut self, deed: &Deed) -> Result<()> {
        match deed.clone() {
            Deed::Scan(run) => self.push(&run).map(drop),
            Deed::ScanAgain => match self.last.clone() {
                Some(run) => self.push(&run).map(drop),
                None => Ok(()),
            },
            Deed::Decide(at, what) => self.on_drift(at, move |read, id, now| {
                decide::decide(read, id, None, &decision(what), &somebody(), now).map(second)
            }),
            Deed::Comment(at) => self.on_drift(at, |read, id, now| {
                decide::comment(read, id, "Looked at it.", &somebody(), now).map(second)
            }),
            Deed::Price(at, cents) => self.on_drift(at, move |read, id, now| {
                decide::price(read, id, cents.map(Cents), &somebody(), now).map(second)
            }),
            Deed::Create(workspace, found, cents) => self
                .write(move |read, now| {
                    let said = ByHand {
                        workspace: WORKSPACES[workspace].to_owned(),
                        cost: cents.map(Cents),
                        ..ByHand::default()
                    };
                    decide::create(read, &finding(found), &said, &somebody(), now)
                })
                .map(drop),
            Deed::DeleteWorkspace(workspace, resolve) => self.write(move |read, now| {
                let known = workspaces::by_name(read, WORKSPACES[workspace])?
                    .ok_or(Error::NotFound("workspace"))?;
                decide::close_workspace(read, known.id, resolve, &somebody(), now)
            }),
            Deed::ReadAlert(at) => {
                let ids = self.alert_ids();
                match ids.get(at % ids.len().max(1)).copied() {
                    Some(id) => self
                        .write(move |read, now| alerts::mark_read(read, id, &somebody(), now))
                        .map(drop),
                    None => Ok(()),
                }
            }
            Deed::ReadAllAlerts => {
                let ids = self.alert_ids();
                self.write(move |read, now| {
                    // Twice each: naming one again must not count it again.
                    let twice: Vec<AlertId> = ids.iter().chain(&ids).copied().collect();
                    alerts::mark_all_read(read, &twice, &somebody(), now)
                })
                .map(drop)
            }
            Deed::Account(who, what) => accounts::act(self, who, what),
            Deed::Expect(workspace, hours) => self.expect(workspace, hours),
            Deed::Round => {
                self.round();
                Ok(())
            }
            Deed::Wait(hours) => {
                self.now = self.now.plus_ms(hours * 3_600_000);
                Ok(())
            }
        }
    }

    /// Says how often a workspace should be scanned.
    fn expect(&mut self, workspace: usize, hours: Option<u8>) -> Result<()> {
        let every = hours.map(|hours| format!("{hours}h").parse().unwrap());
        let details = Details {
            expected_every: Some(every),
            ..Details::default()
        };
        self.write(move |read, now| {
            let known = workspaces::by_name(read, WORKSPACES[workspace])?
                .ok_or(Error::NotFound("workspace"))?;
            workspaces::update(read, known.id, &details, &somebody(), now)
        })
        .map(drop)
    }

    /// Tells what did not happen in time, and how many alerts that made.
    pub(crate) fn round(&mut self) -> usize {
        // Whatever there is, though little of it is due.
        let drifts: Vec<DriftId> = self.drifts().iter().map(|drift| drift.id).collect();
        let all = self.store.read(workspaces::all).unwrap();
        let all: Vec<WorkspaceId> = all.iter().map(|workspace| workspace.id).collect();
        let silent = self.write(move |read, now| silence::tell(read, &all, now));
        let patience = Patience::default();
        let undecided = self.write(move |read, now| overdue::remind(read, &drifts, patience, now));
        silent.unwrap() + undecided.unwrap()
    }

    /// Every alert, oldest first.
    pub(crate) fn alerts(&self) -> Vec<alerts::Record> {
        let rows: Vec<(AlertId, alerts::Record)> = self
            .store
            .read(|read| read.rows(&ALERTS, &Range::all(), Order::Ascending, usize::MAX))
            .unwrap();
        rows.into_iter().map(|(_, alert)| alert).collect()
    }

    fn on_drift(
        &mut self,
        at: usize,
        change: impl Fn(&Batch<'_>, DriftId, Timestamp) -> Result<Writes> + Send + 'static,
    ) -> Result<()> {
        let drifts = self.drifts();
        match drifts.get(at % drifts.len().max(1)).map(|drift| drift.id) {
            Some(id) => self.write(move |read, now| Ok(((), change(read, id, now)?))),
            None => Ok(()),
        }
    }

    /// Every drift, oldest first.
    pub(crate) fn drifts(&self) -> Vec<Record> {
        let rows: Vec<(DriftId, Record)> = self
            .store
            .read(|read| read.rows(&DRIFTS, &Range::all(), Order::Ascending, usize::MAX))
            .unwrap();
        rows.into_iter().map(|(_, drift)| drift).collect()
    }

    fn alert_ids(&self) -> Vec<AlertId> {
        self.store
            .read(|read| read.keys(&ALERTS, &Range::all(), Order::Ascending, usize::MAX))
            .unwrap()
    }
}

fn second<A, B>((_, second): (A, B)) -> B {
    second
}

fn decision(what: u8) -> Decide {
    let reason = "a reason that is long enough".to_owned();
    match what {
        0 => Decide::Triage {
            assignee: Some("li@shop.example".to_owned()),
            note: None,
        },
        1 | 2 => Decide::Approve { reason },
        3 | 4 => Decide::Reject { reason },
        _ => Decide::Resolve {
            how: ResolvedHow::ManualFix,
            note: None,
        },
    }
}

pub(crate) fn open(dir: &std::path::Path, views: Vec<Arc<dyn View>>) -> Store {
    open_saving(dir, views, None)
}

pub(crate) fn open_saving(
    dir: &std::path::Path,
    views: Vec<Arc<dyn View>>,
    after: Option<u64>,
) -> Store {
    Store::open(Options {
        min_free_bytes: Some(0),
        save_views_after: after,
        views,
        ..Options::new(dir)
    })
    .unwrap()
}
