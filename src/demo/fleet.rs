//! What a large demonstration is filled with: the tills and gateways of hundreds of shops, each a workspace of its own,
//! scanned once a week. Nothing is remembered between scans: each resource's fate follows from its number.

use super::Deed;
use super::company::Cloud;
use super::month::{DAYS, bulk, identity, scan_of};
use super::resources::{Resource, Site};
use super::staff::PIPELINES;
use crate::ingest::ScanStatus;

/// How many drifts one shop has in the month.
const OF_A_SHOP: u64 = 1_000;

/// How many times each shop is scanned.
const ROUNDS: u64 = 4;

const ROUND_MS: i64 = DAYS * 86_400_000 / ROUNDS as i64;

const CITIES: [&str; 8] = [
    "berlin", "hamburg", "lyon", "milano", "porto", "krakow", "gent", "aarhus",
];

/// The scans and decisions of the fleet, in the order of time.
pub(super) struct Fleet {
    seed: u64,
    shops: u64,
    drifts: u64,
    /// Which scan comes next, of all rounds together, and whether its decisions are still to come.
    scan: u64,
    decisions: Option<(i64, Deed)>,
}

impl Fleet {
    /// A fleet with so many drifts.
    pub(super) fn new(seed: u64, drifts: u64) -> Self {
        Self {
            seed,
            shops: drifts.div_ceil(OF_A_SHOP),
            drifts,
            scan: 0,
            decisions: None,
        }
    }

    /// What a shop's scan shows: what has drifted by then and is not put right yet.
    fn shown(&self, shop: u64, round: u64) -> (Vec<Resource>, Vec<Resource>) {
        let mut shown = Vec::new();
        let mut undecided = Vec::new();
        let in_shop = OF_A_SHOP.min(self.drifts - shop * OF_A_SHOP);
        for index in 0..in_shop {
            let number = 1_000_000 + shop * OF_A_SHOP + index;
            let mut rng =
                fastrand::Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let from = rng.u64(..ROUNDS);
            let until = if rng.u8(..100) < 35 {
                from + 1 + rng.u64(..2)
            } else {
                ROUNDS
            };
            let resource = Resource::new(&mut rng, Cloud::Aws, number);
            if (from..until).contains(&round) {
                if from == round && rng.u8(..100) < 15 {
                    undecided.push(resource.clone());
                }
                shown.push(resource);
            }
        }
        (shown, undecided)
    }
}

impl Iterator for Fleet {
    type Item = (i64, Deed);

    fn next(&mut self) -> Option<(i64, Deed)> {
        if let Some(decisions) = self.decisions.take() {
            return Some(decisions);
        }
        if self.scan >= self.shops * ROUNDS {
            return None;
        }
        let (round, shop) = (self.scan / self.shops, self.scan % self.shops);
        self.scan += 1;
        let city = CITIES[usize::try_from(shop).unwrap_or(0) % CITIES.len()];
        let workspace = format!("stores/{city}-{shop:04}");
        let account = format!("{:012}", 300_000_000_000 + shop);
        let site = Site {
            region: "eu-central-1",
            account: &account,
        };
        let at = |part: u64| {
            let within = i64::try_from(shop * 2 + part).unwrap_or(0);
            let rounds = i64::try_from(round).unwrap_or(0);
            rounds * ROUND_MS + ROUND_MS * within / i64::try_from(self.shops * 2).unwrap_or(1)
        };
        let (shown, undecided) = self.shown(shop, round);
        let findings = shown
            .iter()
            .map(|resource| resource.finding(site))
            .collect();
        if !undecided.is_empty() {
            let mut rng = fastrand::Rng::with_seed(self.seed ^ self.scan);
            let (decision, by) = bulk(&mut rng);
            let deed = Deed::Decide {
                workspace: workspace.clone(),
                on: undecided.iter().map(identity).collect(),
                decision,
                by: by.into(),
            };
            self.decisions = Some((at(1), deed));
        }
        let scan = scan_of(
            ScanStatus::Complete,
            findings,
            Default::default(),
            Vec::new(),
            800,
        );
        let commit = format!("{:040x}", u128::from(self.seed ^ round) << 80 | 0x00c0_ffee);
        let deed = Deed::Scan {
            workspace,
            scan: Box::new(scan),
            commit,
            by: PIPELINES[1],
        };
        Some((at(0), deed))
    }
}
