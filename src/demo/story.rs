//! Everything that happens, in the order of time: what the month and the fleet plan, and somebody who looks in between
//! whether what should have happened has.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::iter::Peekable;

use super::Deed;
use super::company;
use super::fleet::Fleet;
use super::month::{DAYS, Month};
use crate::alerts::Patience;
use crate::workspaces::Every;

const END_MS: i64 = DAYS * 86_400_000;

/// What is overdue is found so long after it became so.
const ROUND_MS: i64 = 60_000;

/// The deeds of all, each with its milliseconds since the start.
pub(super) struct Story {
    month: Peekable<Month>,
    fleet: Peekable<Fleet>,
    /// When to look at which workspace for what; a number keeps ties in order.
    looks: BinaryHeap<Reverse<(i64, u64, Look)>>,
    planned: u64,
    /// When each workspace was last scanned.
    scanned: HashMap<String, i64>,
}

/// What somebody looks for in a workspace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// Whether what was found then was decided on.
    Undecided(String),
    /// Whether it was scanned after this moment.
    Silent(String, i64),
}

impl Story {
    pub(super) fn new(month: Month, fleet: Fleet) -> Self {
        Self {
            month: month.peekable(),
            fleet: fleet.peekable(),
            looks: BinaryHeap::new(),
            planned: 0,
            scanned: HashMap::new(),
        }
    }

    /// After what was found now, somebody looks whether it was decided on; after a scan, whether there was another.
    fn plan_looks(&mut self, at_ms: i64, deed: &Deed) {
        let (Deed::Scan { workspace, .. } | Deed::ByHand { workspace, .. }) = deed else {
            return;
        };
        let undecided_ms = Patience::default().undecided_ms;
        self.plan(at_ms + undecided_ms, Look::Undecided(workspace.clone()));
        if matches!(deed, Deed::Scan { .. }) {
            let every = company::WORKSPACES
                .iter()
                .find(|known| known.name == workspace)
                .and_then(|known| known.expected_every?.parse::<Every>().ok());
            if let Some(every) = every {
                self.plan(
                    at_ms + 2 * every.ms(),
                    Look::Silent(workspace.clone(), at_ms),
                );
            }
            self.scanned.insert(workspace.clone(), at_ms);
        }
    }

    fn plan(&mut self, due_ms: i64, look: Look) {
        let at_ms = due_ms + ROUND_MS;
        if at_ms < END_MS {
            self.planned += 1;
            self.looks.push(Reverse((at_ms, self.planned, look)));
        }
    }

    /// The look that is due before anything else happens.
    fn look(&mut self) -> Option<(i64, Deed)> {
        let planned = [
            self.month.peek().map(|(at_ms, _)| *at_ms),
            self.fleet.peek().map(|(at_ms, _)| *at_ms),
        ];
        let next = planned.into_iter().flatten().min().unwrap_or(END_MS);
        loop {
            let Reverse((due, ..)) = self.looks.peek()?;
            if *due > next {
                return None;
            }
            let Reverse((due, _, look)) = self.looks.pop()?;
            let deed = match look {
                Look::Undecided(workspace) => Deed::Undecided { workspace },
                Look::Silent(workspace, since) if self.scanned[&workspace] <= since => {
                    Deed::Silent { workspace }
                }
                Look::Silent(..) => continue,
            };
            return Some((due, deed));
        }
    }
}

impl Iterator for Story {
    type Item = (i64, Deed);

    fn next(&mut self) -> Option<(i64, Deed)> {
        if let Some(look) = self.look() {
            return Some(look);
        }
        let (at_ms, deed) = match (self.month.peek(), self.fleet.peek()) {
            (Some((a, _)), Some((b, _))) if b < a => self.fleet.next(),
            (Some(_), _) => self.month.next(),
            (None, _) => self.fleet.next(),
        }?;
        self.plan_looks(at_ms, &deed);
        Some((at_ms, deed))
    }
}
