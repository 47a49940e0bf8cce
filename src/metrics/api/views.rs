//! Metrics as the contract shows them.

use poem_openapi::Object;
use serde::Serialize;

use super::super::{Count, Summary, Trend, TrendPoint};
use crate::drifts::{Severity, Status};
use crate::http::Money;
use crate::money::DEFAULT_CURRENCY;
use crate::time::Timestamp;

/// How many by severity.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "CountBySeverity")]
pub struct BySeverityView {
    /// Critical ones.
    critical: u64,
    /// Warnings.
    warning: u64,
    /// For the record.
    info: u64,
}

/// How many by status.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "CountByStatus")]
pub struct ByStatusView {
    /// Found, and nobody has looked.
    detected: u64,
    /// Owned, undecided.
    triaged: u64,
    /// To be reverted.
    approved: u64,
    /// The live value stays.
    rejected: u64,
    /// Over.
    resolved: u64,
}

/// How many by kind.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "CountByKind")]
pub struct ByKindView {
    /// There, with other values.
    modified: u64,
    /// Gone from the cloud.
    missing: u64,
    /// In the cloud and in no code.
    unmanaged: u64,
    /// The code has changed and is not applied yet.
    pending: u64,
    /// Differs from the last recorded state only.
    state_only: u64,
}

fn of(counts: &[Count], name: &str) -> u64 {
    let found = counts.iter().find(|(counted, _)| *counted == name);
    found.map_or(0, |(_, count)| *count)
}

impl From<&[Count]> for BySeverityView {
    fn from(counts: &[Count]) -> Self {
        Self {
            critical: of(counts, "critical"),
            warning: of(counts, "warning"),
            info: of(counts, "info"),
        }
    }
}

impl From<&[Count]> for ByStatusView {
    fn from(counts: &[Count]) -> Self {
        Self {
            detected: of(counts, "detected"),
            triaged: of(counts, "triaged"),
            approved: of(counts, "approved"),
            rejected: of(counts, "rejected"),
            resolved: of(counts, "resolved"),
        }
    }
}

impl From<&[Count]> for ByKindView {
    fn from(counts: &[Count]) -> Self {
        Self {
            modified: of(counts, "modified"),
            missing: of(counts, "missing"),
            unmanaged: of(counts, "unmanaged"),
            pending: of(counts, "pending"),
            state_only: of(counts, "state_only"),
        }
    }
}

/// Drifts as they are now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "DriftFigures", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct DriftFiguresView {
    /// All of them, resolved ones too.
    total: u64,
    /// Detected, triaged or approved: somebody has to do something.
    open: u64,
    /// All by status.
    by_status: ByStatusView,
    /// All by severity.
    by_severity: BySeverityView,
    /// Open ones by severity.
    open_by_severity: BySeverityView,
    /// All by kind.
    by_kind: ByKindView,
}

/// Alerts as they are now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "AlertFigures")]
pub struct AlertFiguresView {
    /// All of them.
    total: u64,
    /// Those that nobody has read.
    unread: u64,
}

/// What the drifts cost as they are now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "CostFigures", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct CostFiguresView {
    /// What the open ones cost a month; negative where they save.
    total_monthly_impact: Money,
    /// What reverting the approved ones will save a month.
    projected_savings: Money,
    /// The currency of both.
    currency: String,
    /// Open ones whose cost nobody knows: they stand in neither sum.
    unpriced: u64,
}

/// Scans of the asked days.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ScanFigures", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct ScanFiguresView {
    /// All of them.
    total: u64,
    /// Failed ones.
    failed: u64,
    /// When the newest was taken in, whenever that was; null before the first.
    last_at: Option<Timestamp>,
}

/// Workspaces as they are now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "WorkspaceFigures")]
pub struct WorkspaceFiguresView {
    /// All of them.
    total: u64,
    /// Those with open drifts.
    drifted: u64,
    /// Those that were not scanned as expected.
    silent: u64,
}

/// How fast drifts of the asked days were dealt with.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ResolutionFigures", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct ResolutionFiguresView {
    /// Hours from found to approved or rejected; null where nothing was decided.
    mean_time_to_decide_hours: Option<f64>,
    /// Hours from found to resolved; null where nothing was resolved.
    mean_time_to_resolve_hours: Option<f64>,
}

/// Everything at a glance.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Summary")]
pub struct SummaryView {
    /// Drifts as they are now.
    drifts: DriftFiguresView,
    /// Alerts as they are now.
    alerts: AlertFiguresView,
    /// What the drifts cost as they are now.
    cost: CostFiguresView,
    /// Scans of the asked days.
    scans: ScanFiguresView,
    /// Workspaces as they are now.
    workspaces: WorkspaceFiguresView,
    /// How fast drifts of the asked days were dealt with.
    resolution: ResolutionFiguresView,
}

impl From<Summary> for SummaryView {
    fn from(summary: Summary) -> Self {
        Self {
            drifts: DriftFiguresView {
                total: summary.drifts,
                open: summary.open,
                by_status: summary.by_status.as_slice().into(),
                by_severity: summary.by_severity.as_slice().into(),
                open_by_severity: summary.open_by_severity.as_slice().into(),
                by_kind: summary.by_kind.as_slice().into(),
            },
            alerts: AlertFiguresView {
                total: summary.alerts,
                unread: summary.unread,
            },
            cost: CostFiguresView {
                total_monthly_impact: summary.monthly_impact.into(),
                projected_savings: summary.projected_savings.into(),
                currency: DEFAULT_CURRENCY.to_owned(),
                unpriced: summary.unpriced,
            },
            scans: ScanFiguresView {
                total: summary.scans,
                failed: summary.scans_failed,
                last_at: summary.last_scan_at,
            },
            workspaces: WorkspaceFiguresView {
                total: summary.workspaces,
                drifted: summary.workspaces_drifted,
                silent: summary.workspaces_silent,
            },
            resolution: ResolutionFiguresView {
                mean_time_to_decide_hours: summary.mean_hours_to_decide,
                mean_time_to_resolve_hours: summary.mean_hours_to_resolve,
            },
        }
    }
}

/// One day of the cost trend.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "TrendPoint", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct TrendPointView {
    /// The day in UTC, such as `2026-11-22`.
    date: String,
    /// What the drifts that were open at its end cost a month.
    cost: Money,
    /// The same without those that were approved by then: they were to be reverted.
    projected_cost: Money,
}

impl From<TrendPoint> for TrendPointView {
    fn from(point: TrendPoint) -> Self {
        Self {
            date: point.day.to_string(),
            cost: point.cost.into(),
            projected_cost: point.projected.into(),
        }
    }
}

/// What the trend comes to now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "TrendSummary", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct TrendSummaryView {
    /// What the open drifts cost a month.
    total_cost_usd: Money,
    /// The same without the approved ones.
    projected_monthly_cost: Money,
    /// What reverting every open drift that costs money would save a month.
    savings_potential: Money,
}

/// The cost trend.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "CostTrend")]
pub struct TrendView {
    /// One point a day, the oldest first, without gaps.
    trend: Vec<TrendPointView>,
    /// What it comes to now.
    summary: TrendSummaryView,
}

impl From<Trend> for TrendView {
    fn from(trend: Trend) -> Self {
        Self {
            trend: trend.points.into_iter().map(Into::into).collect(),
            summary: TrendSummaryView {
                total_cost_usd: trend.total.into(),
                projected_monthly_cost: trend.projected.into(),
                savings_potential: trend.savings.into(),
            },
        }
    }
}

/// The share of one severity.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "SeverityShare")]
pub struct SeverityShareView {
    /// The severity.
    severity: Severity,
    /// How many drifts have it.
    count: u64,
    /// Of all drifts, with two decimals at most; 0 where there are none.
    percentage: f64,
}

/// The share of one status.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "StatusShare")]
pub struct StatusShareView {
    /// The status.
    status: Status,
    /// How many drifts have it.
    count: u64,
    /// Of all drifts, with two decimals at most; 0 where there are none.
    percentage: f64,
}

/// All drifts by severity.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "SeverityDistribution")]
pub struct SeverityDistributionView {
    /// Each severity, the gravest first.
    data: Vec<SeverityShareView>,
    /// All drifts.
    total: u64,
}

/// All drifts by status.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "StatusDistribution")]
pub struct StatusDistributionView {
    /// Each status, in the order of a drift's life.
    data: Vec<StatusShareView>,
    /// All drifts.
    total: u64,
}

fn total(counts: &[Count]) -> u64 {
    counts.iter().map(|(_, count)| count).sum()
}

/// A share in percent, rounded to hundredths; 0 of nothing.
fn percentage(count: u64, total: u64) -> f64 {
    let (count, total) = (u128::from(count), u128::from(total));
    let hundredths = (count * 10_000 + total / 2).checked_div(total).unwrap_or(0);
    // At most 10,000: exact.
    u32::try_from(hundredths).map_or(0.0, f64::from) / 100.0
}

impl From<&[Count]> for SeverityDistributionView {
    fn from(counts: &[Count]) -> Self {
        let total = total(counts);
        let share = |severity: Severity| {
            let count = of(counts, severity.name());
            let percentage = percentage(count, total);
            SeverityShareView {
                severity,
                count,
                percentage,
            }
        };
        Self {
            data: Severity::ALL.into_iter().map(share).collect(),
            total,
        }
    }
}

impl From<&[Count]> for StatusDistributionView {
    fn from(counts: &[Count]) -> Self {
        let total = total(counts);
        let share = |status: Status| {
            let count = of(counts, status.name());
            let percentage = percentage(count, total);
            StatusShareView {
                status,
                count,
                percentage,
            }
        };
        Self {
            data: Status::ALL.into_iter().map(share).collect(),
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::agreement::agreed;
    use crate::metrics;
    use crate::money::Cents;
    use crate::store::{Options, Store};

    #[test]
    fn a_percentage_has_two_decimals_and_none_of_nothing() {
        for (count, total, said) in [
            (0, 0, 0.0),
            (1, 3, 33.33),
            (2, 3, 66.67),
            (1, 1, 100.0),
            (1, 8, 12.5),
            (u64::MAX, u64::MAX, 100.0),
        ] {
            let found = percentage(count, total);
            assert!((found - said).abs() < 1e-9, "{count} of {total}: {found}");
        }
        assert_eq!(serde_json::to_string(&percentage(1, 3)).unwrap(), "33.33");
    }

    #[test]
    fn views_have_the_contracts_fields_also_of_an_empty_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(dir.path())).unwrap();
        let now = Timestamp::now();
        let summary = store.read(|read| metrics::summary(read, 30, now)).unwrap();
        let mut view = agreed(&SummaryView::from(summary.clone()));
        assert_eq!(
            view["resolution"].take(),
            json!({"meanTimeToDecideHours": null, "meanTimeToResolveHours": null})
        );
        assert_eq!(view["drifts"]["byKind"]["state_only"], 0);
        assert!(view["scans"]["lastAt"].is_null());
        let decided = Summary {
            mean_hours_to_decide: Some(1.25),
            monthly_impact: Cents(-205),
            ..summary
        };
        let view = agreed(&SummaryView::from(decided));
        assert_eq!(view["resolution"]["meanTimeToDecideHours"], json!(1.25));
        assert_eq!(view["cost"]["totalMonthlyImpact"].to_string(), "-2.05");
        let trend = store.read(|read| metrics::trend(read, 7, now)).unwrap();
        let view = agreed(&TrendView::from(trend));
        assert_eq!(view["trend"].as_array().unwrap().len(), 7);
        let counts = [("critical", 1), ("warning", 2), ("info", 0)];
        let view = agreed(&SeverityDistributionView::from(counts.as_slice()));
        assert_eq!(
            view,
            json!({"total": 3, "data": [
                {"severity": "critical", "count": 1, "percentage": 33.33},
                {"severity": "warning", "count": 2, "percentage": 66.67},
                {"severity": "info", "count": 0, "percentage": 0.0},
            ]})
        );
        agreed(&StatusDistributionView::from([].as_slice()));
    }
}
