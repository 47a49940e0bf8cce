//! Numbers for people: counts, costs and their trend, read from counters that every change keeps exact.

pub mod api;
mod figures;

pub use figures::Figures;

use crate::drifts::records::{self, counters};
use crate::drifts::{Severity, Status};
use crate::error::Result;
use crate::money::Cents;
use crate::store::{Counter, Order, Range, Reads, keys::Key, tables::SCANS};
use crate::time::{Day, Timestamp};
use crate::{alerts, scans, workspaces};

/// A name and how many.
pub type Count = (&'static str, u64);

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// All drifts.
    pub drifts: u64,
    /// Those somebody has to do something about.
    pub open: u64,
    /// All drifts by status.
    pub by_status: Vec<Count>,
    /// All drifts by severity.
    pub by_severity: Vec<Count>,
    /// Open drifts by severity.
    pub open_by_severity: Vec<Count>,
    /// All drifts by kind.
    pub by_kind: Vec<Count>,
    /// All alerts.
    pub alerts: u64,
    /// Those that nobody has read.
    pub unread: u64,
    /// What the open drifts cost a month.
    pub monthly_impact: Cents,
    /// What reverting the approved ones will save a month.
    pub projected_savings: Cents,
    /// Open drifts whose cost nobody knows.
    pub unpriced: u64,
    /// Scans of the asked days.
    pub scans: u64,
    /// Failed ones among them.
    pub scans_failed: u64,
    /// When the newest scan was taken in.
    pub last_scan_at: Option<Timestamp>,
    /// All workspaces.
    pub workspaces: u64,
    /// Those with open drifts.
    pub workspaces_drifted: u64,
    /// Those that were not scanned as expected.
    pub workspaces_silent: u64,
    /// Hours from found to approved or rejected, for decisions of the asked days.
    pub mean_hours_to_decide: Option<f64>,
    /// Hours from found to resolved, for the ends of the asked days.
    pub mean_hours_to_resolve: Option<f64>,
}

/// The kinds, as the API writes them.
const KINDS: [&str; 5] = ["modified", "missing", "unmanaged", "pending", "state_only"];

fn count(read: &impl Reads, counter: &Counter) -> Result<u64> {
    Ok(u64::try_from(read.counter(counter)?).unwrap_or(0))
}

fn counts<const N: usize>(
    read: &impl Reads,
    names: [&'static str; N],
    counter: impl Fn(&str) -> Counter,
) -> Result<Vec<Count>> {
    names
        .into_iter()
        .map(|name| Ok((name, count(read, &counter(name))?)))
        .collect()
}

/// The days that end today.
fn last_days(today: Day, days: u16) -> impl DoubleEndedIterator<Item = Day> {
    (today.0 - i32::from(days) + 1..=today.0).map(Day)
}

/// The sum of a counter that is kept by day.
fn sum(read: &impl Reads, today: Day, days: u16, counter: impl Fn(Day) -> Counter) -> Result<i64> {
    last_days(today, days)
        .map(|day| read.counter(&counter(day)))
        .sum()
}

/// All drifts by severity.
///
/// # Errors
/// What reading says.
pub fn by_severity(read: &impl Reads) -> Result<Vec<Count>> {
    counts(read, Severity::ALL.map(Severity::name), counters::severity)
}

/// All drifts by status.
///
/// # Errors
/// What reading says.
pub fn by_status(read: &impl Reads) -> Result<Vec<Count>> {
    counts(read, Status::ALL.map(Status::name), counters::status)
}

/// Everything at a glance; the last groups are bounded to so many days.
///
/// # Errors
/// What reading says.
pub fn summary(read: &impl Reads, days: u16, now: Timestamp) -> Result<Summary> {
    summary_with(read, Health::of(read, now)?, days, now)
}

/// How the workspaces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Health {
    /// All of them.
    total: u64,
    /// Those with open drifts.
    drifted: u64,
    /// Those that were not scanned as expected.
    silent: u64,
}

impl Health {
    /// Looks at each of them.
    fn of(read: &impl Reads, now: Timestamp) -> Result<Self> {
        let workspaces = workspaces::all(read)?;
        let mut drifted = 0;
        for workspace in &workspaces {
            let open = records::open_by_severity(read, workspace.id)?;
            drifted += u64::from(open.iter().any(|open| *open > 0));
        }
        let silent = workspaces.iter().filter(|one| one.is_silent(now));
        Ok(Self {
            total: workspaces.len() as u64,
            drifted,
            silent: silent.count() as u64,
        })
    }
}

fn summary_with(
    read: &impl Reads,
    workspaces: Health,
    days: u16,
    now: Timestamp,
) -> Result<Summary> {
    let today = now.day();
    let by_status = by_status(read)?;
    let open = Status::ALL
        .iter()
        .zip(&by_status)
        .filter(|(status, _)| status.is_open())
        .map(|(_, (_, n))| n)
        .sum();
    let mean_hours = |ms: fn() -> Counter, number: fn() -> Counter| -> Result<Option<f64>> {
        let number = sum(read, today, days, |day| counters::on(number(), day))?;
        let ms = sum(read, today, days, |day| counters::on(ms(), day))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a mean for people, rounded to hundredths anyway"
        )]
        Ok((number > 0).then(|| (ms as f64 / number as f64 / 36_000.0).round() / 100.0))
    };
    Ok(Summary {
        drifts: count(read, &counters::total())?,
        open,
        by_status,
        by_severity: by_severity(read)?,
        open_by_severity: counts(
            read,
            Severity::ALL.map(Severity::name),
            counters::open_severity,
        )?,
        by_kind: counts(read, KINDS, counters::kind)?,
        alerts: count(read, &alerts::total())?,
        unread: count(read, &alerts::unread())?,
        monthly_impact: Cents(read.counter(&counters::open_cost())?),
        projected_savings: Cents(read.counter(&counters::approved_cost())?),
        unpriced: count(read, &counters::unpriced())?,
        scans: u64::try_from(sum(read, today, days, scans::on)?).unwrap_or(0),
        scans_failed: u64::try_from(sum(read, today, days, scans::failed_on)?).unwrap_or(0),
        last_scan_at: newest_scan(read)?,
        workspaces: workspaces.total,
        workspaces_drifted: workspaces.drifted,
        workspaces_silent: workspaces.silent,
        mean_hours_to_decide: mean_hours(counters::decided_ms, counters::decided)?,
        mean_hours_to_resolve: mean_hours(counters::ended_ms, counters::ended)?,
    })
}

fn newest_scan(read: &impl Reads) -> Result<Option<Timestamp>> {
    let newest = read.rows::<_, scans::Record>(&SCANS, &Range::all(), Order::Descending, 1)?;
    Ok(newest.into_iter().next().map(|(_, scan)| scan.finished_at))
}

/// One day of the cost trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendPoint {
    /// The day, in UTC.
    pub day: Day,
    /// Monthly cents of the drifts that were open at its end.
    pub cost: Cents,
    /// The same without the ones that were approved by then: they are to be reverted.
    pub projected: Cents,
}

/// The cost trend of so many days, oldest first, and what it comes to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// One point a day, no gaps.
    pub points: Vec<TrendPoint>,
    /// Monthly cents of the open drifts.
    pub total: Cents,
    /// The same without the approved ones.
    pub projected: Cents,
    /// What reverting every open drift that costs money would save.
    pub savings: Cents,
}

/// The cost trend: from what it is now, back through what moved each day.
///
/// # Errors
/// What reading says.
pub fn trend(read: &impl Reads, days: u16, now: Timestamp) -> Result<Trend> {
    let today = now.day();
    let mut open = read.counter(&counters::open_cost())?;
    let mut approved = read.counter(&counters::approved_cost())?;
    let total = Cents(open);
    let projected = Cents(open - approved);
    // Moves written after today (the clock was set back since) are not part of today yet.
    for (moves, sum) in [
        (counters::open_cost_moves(), &mut open),
        (counters::approved_cost_moves(), &mut approved),
    ] {
        read.counters_under(&moves, &mut |day, moved| {
            if Day::from_bytes(day).is_some_and(|day| day > today) {
                *sum -= moved;
            }
            Ok(())
        })?;
    }
    let mut points = Vec::with_capacity(usize::from(days));
    for day in last_days(today, days).rev() {
        points.push(TrendPoint {
            day,
            cost: Cents(open),
            projected: Cents(open - approved),
        });
        open -= read.counter(&counters::on(counters::open_cost_moves(), day))?;
        approved -= read.counter(&counters::on(counters::approved_cost_moves(), day))?;
    }
    points.reverse();
    Ok(Trend {
        points,
        total,
        projected,
        savings: Cents(read.counter(&counters::savings())?),
    })
}
