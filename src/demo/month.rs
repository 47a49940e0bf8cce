//! What happens in the month: who scans when, what drifts, who decides what. Only a plan: the same seed gives the same one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Deed;
use super::company::{APPROVALS, COMMENTS, FAILURES, NOTES, REJECTIONS, WORKSPACES};
use super::resources::{Resource, Site, unmanaged};
use super::staff::{DECIDERS, FINOPS, PIPELINES, Person};
use crate::drifts::decide::Decide;
use crate::drifts::{Identity, ResolvedHow};
use crate::ingest::scan::{Finding, Format, Observed, Scan, ScanStatus, address_key};

/// How long the story is.
pub(super) const DAYS: i64 = 30;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const END_MS: i64 = DAYS * DAY_MS;

/// Where a drift of the plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Open,
    Triaged,
    Approved,
    Rejected,
}

#[derive(Debug)]
struct Live {
    resource: Resource,
    stand: Stand,
    /// Scans since it came to stand there.
    scans: u32,
    /// A decision is on its way.
    waits: bool,
}

#[derive(Debug, Default)]
struct Place {
    live: Vec<Live>,
    /// What was resolved and may come back.
    gone: Vec<Resource>,
}

/// Something that the plan has yet to work out, at its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Scan(usize),
    Look(usize, String),
    ByHand,
    ReadAlerts,
}

/// The month, deed by deed, in the order of time.
pub(super) struct Month {
    rng: fastrand::Rng,
    /// How many drifts are to be made in all, and how many are.
    drifts: u64,
    made: u64,
    places: Vec<Place>,
    /// Milliseconds since the start, a number that keeps ties in order, what comes.
    next: BinaryHeap<Reverse<(i64, u64, Next)>>,
    planned: u64,
    ready: VecDeque<(i64, Deed)>,
    numbers: u64,
    last_ms: i64,
}

impl Month {
    /// The plan of this seed, with so many drifts.
    pub(super) fn new(seed: u64, drifts: u64) -> Self {
        let mut month = Self {
            rng: fastrand::Rng::with_seed(seed),
            drifts,
            made: 0,
            places: WORKSPACES.iter().map(|_| Place::default()).collect(),
            next: BinaryHeap::new(),
            planned: 0,
            ready: VecDeque::new(),
            numbers: 100,
            last_ms: 0,
        };
        for at in 0..WORKSPACES.len() {
            month.ready.push_back((0, Deed::Workspace(at)));
            let first = month.rng.i64(HOUR_MS..6 * HOUR_MS);
            month.plan(first, Next::Scan(at));
        }
        for _ in 0..(drifts / 50).clamp(1, 40) {
            let at = month.rng.i64(DAY_MS..END_MS);
            month.plan(at, Next::ByHand);
        }
        for day in 1..DAYS {
            month.plan(day * DAY_MS + 8 * HOUR_MS, Next::ReadAlerts);
        }
        month
    }

    fn plan(&mut self, at_ms: i64, next: Next) {
        if at_ms < END_MS {
            self.planned += 1;
            self.next.push(Reverse((at_ms, self.planned, next)));
        }
    }

    fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(..from.len())]
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// How many drifts should have been made by now; a quarter stands there on the first day.
    fn due(&self, at_ms: i64) -> u64 {
        let share = u64::try_from(at_ms * 100 / END_MS).unwrap_or(100);
        let by_now = if share > 97 {
            self.drifts
        } else {
            self.drifts / 4 + self.drifts * 3 / 4 * share / 100
        };
        by_now.saturating_sub(self.made)
    }

    fn work(&mut self, at_ms: i64, next: Next) {
        match next {
            Next::Scan(at) => self.scan(at_ms, at),
            Next::Look(at, address) => self.look(at_ms, at, &address),
            Next::ByHand => {
                self.numbers += 1;
                self.made += 1;
                let finding = unmanaged(&mut self.rng, self.numbers, WORKSPACES[0].account);
                let deed = Deed::ByHand {
                    workspace: WORKSPACES[self.rng.usize(..4)].name.to_owned(),
                    finding: Box::new(finding),
                    cents: self.rng.bool().then(|| self.rng.i64(500..30_000)),
                    by: self.one(&DECIDERS).into(),
                };
                self.ready.push_back((at_ms, deed));
            }
            Next::ReadAlerts => {
                let deed = Deed::ReadAlerts {
                    most: self.rng.usize(1..6),
                    by: self.one(&DECIDERS).into(),
                };
                self.ready.push_back((at_ms, deed));
            }
        }
    }

    /// A pipeline runs.
    fn scan(&mut self, at_ms: i64, at: usize) {
        let workspace = &WORKSPACES[at];
        let every = DAY_MS / i64::from(workspace.scans_a_day);
        let later = at_ms + every + self.rng.i64(-every / 8..every / 8);
        if workspace
            .silent_for_days
            .is_none_or(|days| later < END_MS - days * DAY_MS)
        {
            self.plan(later, Next::Scan(at));
        }
        let first = at_ms < 6 * HOUR_MS;
        let (status, problems) = match self.rng.u8(..100) {
            _ if first => (ScanStatus::Complete, Vec::new()),
            0 => (ScanStatus::Failed, vec![self.one(&FAILURES).to_owned()]),
            1..5 => (
                ScanStatus::Partial,
                vec![
                    "The plan was made with -target: only a part of the workspace was looked at."
                        .to_owned(),
                ],
            ),
            _ => (ScanStatus::Complete, Vec::new()),
        };
        let mut in_sync = std::collections::HashSet::new();
        let mut findings = Vec::new();
        let mut priced = Vec::new();
        if status != ScanStatus::Failed {
            let ended = self.ended(at, at_ms);
            in_sync.extend(ended.iter().map(|one| address_key(&one.address(), None)));
            self.changed(at);
            priced = self.begun(at, at_ms, first);
            let site = site(at);
            findings = self.places[at]
                .live
                .iter()
                .map(|live| live.resource.finding(site))
                .collect();
            self.planned_looks(at, at_ms);
            // Not before: what comes back has to be missed by one scan first.
            self.forget_some(at, ended);
        }
        let nightly = workspace.scans_a_day < 3;
        let commit = format!(
            "{:040x}",
            u128::from(self.rng.u64(..)) << 90 | u128::from(self.rng.u64(..))
        );
        let scan = scan_of(status, findings, in_sync, problems, 60 + 35 * at as u64);
        self.ready.push_back((
            at_ms,
            Deed::Scan {
                workspace: workspace.name.to_owned(),
                scan: Box::new(scan),
                commit,
                by: PIPELINES[usize::from(nightly)],
            },
        ));
        for resource in priced {
            if let Some(cents) = resource.cents() {
                let deed = Deed::Price {
                    workspace: workspace.name.to_owned(),
                    on: identity(&resource),
                    cents,
                    by: FINOPS,
                };
                self.ready.push_back((at_ms + 1_000, deed));
            }
        }
    }

    /// What is no longer there: approved drifts are reverted by the next applies, others now and then put right by hand.
    fn ended(&mut self, at: usize, at_ms: i64) -> Vec<Resource> {
        let mut place = std::mem::take(&mut self.places[at]);
        let mut ended = Vec::new();
        // Some of what was approved last still stands at the end.
        let percent = if at_ms > END_MS - DAY_MS { 5 } else { 50 };
        place.live.retain(|live| {
            let gone = match live.stand {
                Stand::Approved => live.scans > 1 && self.rng.u8(..100) < percent,
                Stand::Rejected => false,
                Stand::Open | Stand::Triaged => live.scans > 3 && self.rng.u8(..200) < 1,
            };
            if gone {
                ended.push(live.resource.clone());
            }
            !gone
        });
        self.places[at] = place;
        ended
    }

    /// Remembers what may come back; the oldest are forgotten.
    fn forget_some(&mut self, at: usize, ended: Vec<Resource>) {
        let gone = &mut self.places[at].gone;
        gone.extend(ended);
        if gone.len() > 64 {
            gone.drain(..32);
        }
    }

    /// What has other values now, or another address.
    fn changed(&mut self, at: usize) {
        let mut place = std::mem::take(&mut self.places[at]);
        for live in &mut place.live {
            live.scans += 1;
            match self.rng.u16(..1_000) {
                // Missing ones have no values to change.
                0..3 if !live.waits && live.resource.kind() != crate::ingest::Kind::Missing => {
                    live.resource.values = self.rng.u64(..);
                    if live.stand == Stand::Rejected {
                        // It was accepted for the old values only: a new one begins.
                        live.stand = Stand::Open;
                        live.scans = 0;
                        self.made += 1;
                    }
                }
                3 if !live.waits => live.resource.renamed = true,
                _ => {}
            }
        }
        self.places[at] = place;
    }

    /// What drifts for the first time, or again.
    fn begun(&mut self, at: usize, at_ms: i64, first: bool) -> Vec<Resource> {
        let due = self.due(at_ms);
        let share = if first {
            // Each workspace has its part of what stands there when scanning begins.
            self.drifts / 4 / WORKSPACES.len() as u64 + 1
        } else {
            (self.drifts / 400).max(1) * self.rng.u64(1..5)
        };
        // The sandbox drifts more, and the last scans make up for what is missing.
        let wanted = if at_ms > END_MS - DAY_MS {
            due
        } else {
            share.min(due)
        };
        let mut begun = Vec::new();
        for _ in 0..wanted {
            let again = !self.places[at].gone.is_empty() && self.chance(12);
            let resource = if again {
                let gone = &mut self.places[at].gone;
                let which = self.rng.usize(..gone.len());
                gone.swap_remove(which)
            } else {
                self.numbers += 1;
                Resource::new(&mut self.rng, WORKSPACES[at].cloud, self.numbers)
            };
            self.made += 1;
            begun.push(resource.clone());
            self.places[at].live.push(Live {
                resource,
                stand: Stand::Open,
                scans: 0,
                waits: false,
            });
        }
        begun
    }

    /// Somebody will look at some of what stands there.
    fn planned_looks(&mut self, at: usize, at_ms: i64) {
        let every = 24 / i64::from(WORKSPACES[at].scans_a_day).max(1);
        for index in 0..self.places[at].live.len() {
            let live = &self.places[at].live[index];
            let percent = match (live.stand, live.waits) {
                (Stand::Open, false) => 10,
                (Stand::Triaged, false) => 20,
                _ => 0,
            };
            if !self.chance(percent) {
                continue;
            }
            let address = self.places[at].live[index].resource.address();
            let when = at_ms + self.rng.i64(10..every.max(1) * 50) * MINUTE_MS;
            self.places[at].live[index].waits = true;
            self.plan(when, Next::Look(at, address));
        }
    }

    /// Somebody looks at a drift and decides, or says something.
    fn look(&mut self, at_ms: i64, at: usize, address: &str) {
        // It may be gone by now, or back and waiting for another look.
        let found = self.places[at]
            .live
            .iter()
            .position(|live| live.waits && live.resource.address() == address);
        let Some(index) = found else { return };
        let by = self.one(&DECIDERS);
        let dice = self.rng.u8(..100);
        let stand = self.places[at].live[index].stand;
        let on = identity(&self.places[at].live[index].resource);
        let workspace = WORKSPACES[at].name.to_owned();
        if self.chance(25) {
            let body = self.one(&COMMENTS).to_owned();
            let deed = Deed::Comment {
                workspace: workspace.clone(),
                on: on.clone(),
                body,
                by: by.into(),
            };
            self.ready.push_back((at_ms, deed));
        }
        let (decision, next) = match (stand, dice) {
            (Stand::Open, 0..35) => (
                Decide::Triage {
                    assignee: Some(self.one(&DECIDERS).email().to_owned()),
                    note: if self.chance(40) {
                        Some(self.one(&NOTES).to_owned())
                    } else {
                        None
                    },
                },
                Some(Stand::Triaged),
            ),
            (_, 0..75) => (
                Decide::Approve {
                    reason: self.one(&APPROVALS).to_owned(),
                },
                Some(Stand::Approved),
            ),
            (_, 75..93) => (
                Decide::Reject {
                    reason: self.one(&REJECTIONS).to_owned(),
                },
                Some(Stand::Rejected),
            ),
            _ => (
                Decide::Resolve {
                    how: ResolvedHow::ManualFix,
                    note: Some("Put right in the console, the next scan will agree.".to_owned()),
                },
                None,
            ),
        };
        match next {
            Some(stand) => {
                let live = &mut self.places[at].live[index];
                (live.stand, live.scans, live.waits) = (stand, 0, false);
            }
            None => {
                let live = self.places[at].live.swap_remove(index);
                self.places[at].gone.push(live.resource);
            }
        }
        self.ready.push_back((
            at_ms,
            Deed::Decide {
                workspace,
                on: vec![on],
                decision,
                by: by.into(),
            },
        ));
    }
}

impl Iterator for Month {
    type Item = (i64, Deed);

    fn next(&mut self) -> Option<(i64, Deed)> {
        while self.ready.is_empty() {
            let Reverse((at_ms, _, next)) = self.next.pop()?;
            self.work(at_ms, next);
        }
        let (at_ms, deed) = self.ready.pop_front()?;
        // A price is known a second after its scan, when the next thing may have begun already.
        self.last_ms = self.last_ms.max(at_ms);
        Some((self.last_ms, deed))
    }
}

fn site(at: usize) -> Site<'static> {
    let workspace = &WORKSPACES[at];
    Site {
        region: workspace.region,
        account: workspace.account,
    }
}

/// What a resource's drift is known by.
pub(super) fn identity(resource: &Resource) -> Identity {
    Identity {
        facet: resource.kind().facet(),
        address: resource.address(),
        deposed: String::new(),
    }
}

/// A run of Terraform.
pub(super) fn scan_of(
    status: ScanStatus,
    findings: Vec<Finding>,
    in_sync: std::collections::HashSet<crate::ingest::scan::AddressKey>,
    problems: Vec<String>,
    resources: u64,
) -> Scan {
    let redacted = findings
        .iter()
        .flat_map(|finding| &finding.difference)
        .filter(|one| one.sensitive)
        .count() as u64;
    Scan {
        format: Format::TerraformPlan,
        tool: "terraform".to_owned(),
        tool_version: Some("1.13.4".to_owned()),
        status,
        started_at: None,
        resources: resources + findings.len() as u64,
        redacted,
        findings,
        observed: Observed {
            live: true,
            pending: true,
            unmanaged: false,
            in_sync: if status == ScanStatus::Partial {
                in_sync
            } else {
                Default::default()
            },
        },
        problems,
    }
}

/// Decides for many at one time, as people do with what a hundred shops have in common.
pub(super) fn bulk(rng: &mut fastrand::Rng) -> (Decide, Person) {
    let by = DECIDERS[rng.usize(..DECIDERS.len())];
    let decision = if rng.bool() {
        Decide::Approve {
            reason: APPROVALS[rng.usize(..APPROVALS.len())].to_owned(),
        }
    } else {
        Decide::Reject {
            reason: REJECTIONS[rng.usize(..REJECTIONS.len())].to_owned(),
        }
    };
    (decision, by)
}
