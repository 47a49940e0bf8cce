//! The trend and the summary against a recount of everything that happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftsentry::drifts::{Record, Status, records};
use driftsentry::ids::{AlertId, ScanId};
use driftsentry::ingest::ScanStatus;
use driftsentry::metrics::{self, Figures};
use driftsentry::store::tables::{ALERTS, SCANS};
use driftsentry::store::{Order, Range, Reads, View};
use driftsentry::time::Day;
use driftsentry::{alerts, scans};
use proptest::prelude::*;

use crate::world::{World, deeds, open};

fn cents(drifts: &[Record], of: impl Fn(Status) -> bool) -> i64 {
    drifts
        .iter()
        .filter(|drift| of(drift.status))
        .filter_map(|drift| drift.cost)
        .map(|cost| cost.0)
        .sum()
}

fn count(drifts: &[Record], of: impl Fn(&Record) -> bool) -> u64 {
    drifts.iter().filter(|drift| of(drift)).count() as u64
}

/// The mean in hours, of moments since drifts were made, within the last days.
fn mean_hours(spans: impl Iterator<Item = (Day, i64)>, first: Day) -> Option<f64> {
    let spans: Vec<i64> = spans
        .filter(|(day, _)| *day >= first)
        .map(|(_, ms)| ms)
        .collect();
    let sum: i64 = spans.iter().sum();
    (!spans.is_empty()).then(|| sum as f64 / spans.len() as f64 / 3_600_000.0)
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 0.005_01,
        (one, other) => one == other,
    }
}

/// Demands that counts in memory are those of the tables, now and as time goes by.
fn compare_figures(world: &World, figures: &Figures, days: u16) -> Result<(), TestCaseError> {
    for hours in [0, 3, 20, 40, 1] {
        let at = world.now.plus_ms(hours * 3_600_000);
        let compared = world.store.with_views(|read| {
            let same = |is_same: bool, what: &str| is_same.then_some(()).ok_or(what.to_owned());
            let summary = figures.summary(read, days, at).unwrap();
            let plainly = metrics::summary(read, days, at).unwrap();
            same(summary == plainly, &format!("{summary:?} {plainly:?}"))?;
            let trend = figures.trend(read, days, at).unwrap();
            same(trend == metrics::trend(read, days, at).unwrap(), "trend")?;
            let counts = (
                figures.by_severity(read).unwrap(),
                figures.by_status(read).unwrap(),
            );
            let plainly = (
                metrics::by_severity(read).unwrap(),
                metrics::by_status(read).unwrap(),
            );
            same(counts == plainly, "distributions")
        });
        prop_assert_eq!(compared.unwrap().1, Ok(()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_trend_is_what_stood_at_each_days_end(deeds in deeds(), days in 1..20_u16) {
        let mut world = World::new(Vec::new());
        // What stood after the last thing that happened on a day.
        let mut stood: BTreeMap<Day, (i64, i64)> = BTreeMap::new();
        for deed in &deeds {
            world.act(deed);
            let drifts = world.drifts();
            let now = (
                cents(&drifts, Status::is_open),
                cents(&drifts, |status| status == Status::Approved),
            );
            stood.insert(world.now.day(), now);
        }
        let read = world.store.snapshot().unwrap();
        let trend = metrics::trend(&*read, days, world.now).unwrap();
        prop_assert_eq!(trend.points.len(), usize::from(days));
        prop_assert_eq!(trend.points.last().map(|point| point.day), Some(world.now.day()));
        for point in &trend.points {
            let (open, approved) = stood
                .range(..=point.day)
                .next_back()
                .map_or((0, 0), |(_, stood)| *stood);
            prop_assert_eq!((point.cost.0, point.projected.0), (open, open - approved), "{}", point.day);
        }
        let drifts = world.drifts();
        let savings: i64 = drifts
            .iter()
            .filter(|drift| drift.status.is_open())
            .filter_map(|drift| drift.cost)
            .map(|cost| cost.0.max(0))
            .sum();
        prop_assert_eq!(trend.savings.0, savings);
        prop_assert_eq!(trend.total.0, cents(&drifts, Status::is_open));
    }

    #[test]
    fn the_summary_is_a_recount(deeds in deeds(), days in 1..20_u16) {
        let figures = Arc::new(Figures::default());
        let mut world = World::new(vec![figures.clone() as Arc<dyn View>]);
        for deed in &deeds {
            world.act(deed);
            compare_figures(&world, &figures, days)?;
        }
        world.store.close();
        let figures = Arc::new(Figures::default());
        world.store = open(world.dir.path(), vec![figures.clone() as Arc<dyn View>]);
        compare_figures(&world, &figures, days)?;
        let read = world.store.snapshot().unwrap();
        let summary = metrics::summary(&*read, days, world.now).unwrap();
        let drifts = world.drifts();
        let is_open = |drift: &Record| drift.status.is_open();
        prop_assert_eq!(summary.drifts, drifts.len() as u64);
        prop_assert_eq!(summary.open, count(&drifts, is_open));
        for (name, number) in &summary.by_status {
            prop_assert_eq!(*number, count(&drifts, |drift| drift.status.name() == *name));
        }
        for (name, number) in &summary.by_severity {
            prop_assert_eq!(*number, count(&drifts, |drift| drift.severity.name() == *name));
        }
        for (name, number) in &summary.open_by_severity {
            let named = count(&drifts, |drift| is_open(drift) && drift.severity.name() == *name);
            prop_assert_eq!(*number, named);
        }
        for (name, number) in &summary.by_kind {
            prop_assert_eq!(*number, count(&drifts, |drift| records::kind_name(drift) == *name));
        }
        prop_assert_eq!(summary.unpriced, count(&drifts, |drift| is_open(drift) && drift.cost.is_none()));
        prop_assert_eq!(summary.monthly_impact.0, cents(&drifts, Status::is_open));
        prop_assert_eq!(
            summary.projected_savings.0,
            cents(&drifts, |status| status == Status::Approved)
        );

        let alerts: Vec<(AlertId, alerts::Record)> =
            read.rows(&ALERTS, &Range::all(), Order::Ascending, usize::MAX).unwrap();
        prop_assert_eq!(summary.alerts, alerts.len() as u64);
        let unread = alerts.iter().filter(|(_, alert)| alert.read.is_none()).count();
        prop_assert_eq!(summary.unread, unread as u64);

        let first = Day(world.now.day().0 - i32::from(days) + 1);
        let scans: Vec<(ScanId, scans::Record)> =
            read.rows(&SCANS, &Range::all(), Order::Ascending, usize::MAX).unwrap();
        let recent: Vec<&scans::Record> = scans
            .iter()
            .map(|(_, scan)| scan)
            .filter(|scan| scan.finished_at.day() >= first)
            .collect();
        prop_assert_eq!(summary.scans, recent.len() as u64);
        let failed = recent.iter().filter(|scan| scan.status == ScanStatus::Failed).count();
        prop_assert_eq!(summary.scans_failed, failed as u64);
        prop_assert_eq!(summary.last_scan_at, scans.last().map(|(_, scan)| scan.finished_at));

        let known = driftsentry::workspaces::all(&*read).unwrap();
        prop_assert_eq!(summary.workspaces, known.len() as u64);
        let drifted = known
            .iter()
            .filter(|one| drifts.iter().any(|drift| is_open(drift) && drift.workspace_id == one.id))
            .count();
        prop_assert_eq!(summary.workspaces_drifted, drifted as u64);

        let decided = mean_hours(
            drifts.iter().filter_map(|drift| {
                let decision = drift.approved.as_ref().or(drift.rejected.as_ref())?;
                Some((decision.at.day(), decision.at.unix_ms() - drift.created_at.unix_ms()))
            }),
            first,
        );
        prop_assert!(close(summary.mean_hours_to_decide, decided), "{:?} {:?}", summary, decided);
        let ended = mean_hours(
            drifts.iter().filter_map(|drift| {
                let end = drift.resolved.as_ref()?;
                Some((end.at.day(), end.at.unix_ms() - drift.created_at.unix_ms()))
            }),
            first,
        );
        prop_assert!(close(summary.mean_hours_to_resolve, ended), "{:?} {:?}", summary, ended);
    }
}
