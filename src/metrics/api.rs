//! The contract's section on metrics for people.

pub mod views;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use self::views::{SeverityDistributionView, StatusDistributionView, SummaryView, TrendView};
use super::Figures;
use crate::error::Result;
use crate::http::{ApiResult, Days, ReadFailure, Tag, Viewer, ok};
use crate::store::{Snapshot, Store};
use crate::time::Timestamp;

/// Metrics for people over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// Its counts in memory.
    pub figures: Arc<Figures>,
}

/// As the rules count days.
fn days(asked: Option<Days>) -> u16 {
    u16::try_from(asked.unwrap_or_default().get()).unwrap_or(u16::MAX)
}

impl Api {
    /// Looks at the counts and the tables of one state.
    fn look<T>(&self, look: impl FnOnce(&Figures, &Snapshot) -> Result<T>) -> Result<T> {
        let (_, seen) = self.store.with_views(|read| look(&self.figures, read))?;
        seen
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Metrics")]
impl Api {
    /// See everything at a glance
    ///
    /// `days` bounds the scans and the times to decide and resolve; everything else is as of now. Exact at all times.
    #[oai(path = "/metrics/summary", method = "get", operation_id = "getSummary")]
    async fn summary(
        &self,
        _who: Viewer,
        /// How many days to look back, today included: 30 where it isn't said.
        days: Query<Option<Days>>,
    ) -> ApiResult<SummaryView, ReadFailure> {
        let days = self::days(days.0);
        let summary = self.look(|figures, read| figures.summary(read, days, Timestamp::now()))?;
        ok(summary.into())
    }

    /// See how the cost of open drifts moved
    #[oai(
        path = "/metrics/cost-trend",
        method = "get",
        operation_id = "getCostTrend"
    )]
    async fn cost_trend(
        &self,
        _who: Viewer,
        /// How many days to look back, today included: 30 where it isn't said.
        days: Query<Option<Days>>,
    ) -> ApiResult<TrendView, ReadFailure> {
        let days = self::days(days.0);
        let trend = self.look(|figures, read| figures.trend(read, days, Timestamp::now()))?;
        ok(trend.into())
    }

    /// See how drifts spread over the severities
    #[oai(
        path = "/metrics/severity-distribution",
        method = "get",
        operation_id = "getSeverityDistribution"
    )]
    async fn severity_distribution(
        &self,
        _who: Viewer,
    ) -> ApiResult<SeverityDistributionView, ReadFailure> {
        let counts = self.look(Figures::by_severity)?;
        ok(counts.as_slice().into())
    }

    /// See how drifts spread over the statuses
    #[oai(
        path = "/metrics/status-distribution",
        method = "get",
        operation_id = "getStatusDistribution"
    )]
    async fn status_distribution(
        &self,
        _who: Viewer,
    ) -> ApiResult<StatusDistributionView, ReadFailure> {
        let counts = self.look(Figures::by_status)?;
        ok(counts.as_slice().into())
    }
}
