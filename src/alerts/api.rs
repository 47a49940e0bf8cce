//! The contract's section on alerts.

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::index::{Index, field};
use super::{Record, Type};
use crate::alerts;
use crate::drifts::Severity;
use crate::error::Result;
use crate::http::lists::Choice;
use crate::http::words::{choices, word_type};
use crate::http::{
    AnyOf, AnyText, ApiResult, Cursor, Page, PageLimit, PageNumber, PageQuery, ReadFailure, Tag,
    Viewer, ViewerWithin, WriteFailure, ok,
};
use crate::ids::{AlertId, DriftId, ScanId};
use crate::listing::{Filter, Place};
use crate::store::Store;
use crate::time::Timestamp;

/// How many alerts one change marks as read: others' changes go in between.
const MARKED_AT_ONCE: usize = 1000;

word_type!(Type, "AlertType", [
    "drift_detected" => Type::DriftDetected, "approval_needed" => Type::ApprovalNeeded,
    "remediation_failed" => Type::RemediationFailed, "scan_failed" => Type::ScanFailed,
    "workspace_silent" => Type::WorkspaceSilent,
]);

impl Choice for Type {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

/// Alerts over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// The alerts in memory.
    pub index: Arc<Index>,
}

/// Something that somebody should look at.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Alert", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    /// Its id.
    id: AlertId,
    /// The drift it is about; null where it is about none.
    drift_id: Option<DriftId>,
    /// The scan it came from; null where it came from none.
    scan_id: Option<ScanId>,
    /// The workspace's name.
    workspace: String,
    /// What it is about.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    about: Type,
    /// How much it matters.
    severity: Severity,
    /// A few words.
    title: String,
    /// A sentence.
    message: String,
    /// Whether somebody has read it, or has decided on its drift.
    is_read: bool,
    /// When it was read; null while it isn't.
    read_at: Option<Timestamp>,
    /// Who read it, by email address; null while nobody has.
    read_by: Option<String>,
    /// When it was made.
    created_at: Timestamp,
}

impl From<Record> for AlertView {
    fn from(alert: Record) -> Self {
        Self {
            id: alert.id,
            drift_id: alert.drift_id,
            scan_id: alert.scan_id,
            workspace: alert.workspace,
            about: alert.about,
            severity: alert.severity,
            title: alert.title,
            message: alert.message,
            is_read: alert.read.is_some(),
            read_at: alert.read.as_ref().map(|reading| reading.at),
            read_by: alert.read.map(|reading| reading.by),
            created_at: alert.created_at,
        }
    }
}

/// How many.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "AlertCount")]
pub struct CountView {
    /// How many alerts.
    count: u64,
}

/// Keeps alerts that are read, or those that aren't.
fn read_is(is_read: bool) -> Filter {
    Filter {
        field: field::IS_READ,
        any_of: vec![is_read.to_string()],
    }
}

fn filters(
    is_read: Option<bool>,
    severity: Option<AnyOf<Severity>>,
    about: Option<AnyOf<Type>>,
    workspace: Option<AnyText>,
) -> Vec<Filter> {
    let severities = AnyOf::filter(severity).into_iter().map(Severity::name);
    let types = AnyOf::filter(about).into_iter().map(Type::name);
    let mut filters: Vec<Filter> = is_read.map(read_is).into_iter().collect();
    for (field, any_of) in [
        (field::SEVERITY, severities.map(str::to_owned).collect()),
        (field::TYPE, types.map(str::to_owned).collect()),
        (field::WORKSPACE, AnyText::filter(workspace)),
    ] {
        let any_of: Vec<String> = any_of;
        if !any_of.is_empty() {
            filters.push(Filter { field, any_of });
        }
    }
    filters
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Alerts")]
impl Api {
    /// List alerts, the newest first
    #[oai(path = "/alerts", method = "get", operation_id = "listAlerts")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each query parameter is one argument of the operation"
    )]
    async fn list_alerts(
        &self,
        who: ViewerWithin,
        /// About this drift.
        #[oai(name = "driftId")]
        drift_id: Query<Option<DriftId>>,
        /// Read ones or unread ones.
        #[oai(name = "isRead")]
        is_read: Query<Option<bool>>,
        /// Any of these severities.
        severity: Query<Option<AnyOf<Severity>>>,
        /// Any of these types.
        #[oai(name = "type")]
        about: Query<Option<AnyOf<Type>>>,
        /// Any of these workspaces, by name.
        workspace: Query<Option<AnyText>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while alerts arrive.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<AlertView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let place = query.place()?;
        let filters = filters(
            is_read.0,
            severity.0,
            about.0,
            who.reach().narrow(workspace.0),
        );
        let (read, found) = self.store.with_views(|read| -> Result<_> {
            let within = drift_id.0.map(|drift| alerts::ids_of(read, drift));
            let within = within.transpose()?;
            Ok(self
                .index
                .page(&filters, within.as_deref(), place, query.reach()))
        })?;
        let (mut ids, total) = found?;
        let next = query.cut(&mut ids, |id| Cursor::new(id.0.into_bytes()));
        let items = ids
            .into_iter()
            .map(|id| alerts::by_id(&*read, id).map(AlertView::from));
        ok(Page::new(
            items.collect::<Result<_>>()?,
            total,
            &query,
            next,
        ))
    }

    /// Count the unread alerts
    ///
    /// Critical ones only, for somebody who chose so.
    #[oai(
        path = "/alerts/unread-count",
        method = "get",
        operation_id = "countUnreadAlerts"
    )]
    async fn unread_count(&self, who: ViewerWithin) -> ApiResult<CountView, ReadFailure> {
        let severity = who
            .wants_critical_only()
            .then(|| AnyOf::only(Severity::Critical));
        let filters = filters(Some(false), severity, None, who.reach().narrow(None));
        let (_, (_, count)) = self
            .store
            .with_views(|_| self.index.page(&filters, None, Place::Skip(0), 0))?;
        ok(CountView { count })
    }

    /// Mark an alert as read
    ///
    /// One that is read already stays as it is: the first reading stands.
    #[oai(
        path = "/alerts/:id/mark-read",
        method = "post",
        operation_id = "markAlertRead"
    )]
    async fn mark_read(
        &self,
        who: ViewerWithin,
        id: Path<AlertId>,
    ) -> ApiResult<AlertView, WriteFailure> {
        let alert = self.store.read(|read| alerts::by_id(read, id.0))?;
        who.reach().find(&alert.workspace, "alert")?;
        let (id, by) = (id.0, who.into_actor());
        let alert = self
            .store
            .write(move |read, now| alerts::mark_read(read, id, &by, now))
            .await?;
        ok(alert.into())
    }

    /// Mark every alert as read
    ///
    /// Every one that is unread now: those that arrive meanwhile stay unread. Answers how many it marked. Where it fails
    /// midway, some are marked: do it again.
    #[oai(
        path = "/alerts/mark-all-read",
        method = "post",
        operation_id = "markAllAlertsRead"
    )]
    async fn mark_all_read(&self, who: Viewer) -> ApiResult<CountView, WriteFailure> {
        let by = who.into_actor();
        let unread = [read_is(false)];
        let (mut count, mut place) = (0, Place::Skip(0));
        loop {
            let (_, (ids, _)) = self
                .store
                .with_views(|_| self.index.page(&unread, None, place, MARKED_AT_ONCE))?;
            let Some(oldest) = ids.last() else {
                return ok(CountView { count });
            };
            place = Place::After(oldest.0);
            let by = by.clone();
            count += self
                .store
                .write(move |read, now| alerts::mark_all_read(read, &ids, &by, now))
                .await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;

    #[test]
    fn a_view_has_the_contracts_fields() {
        let now = Timestamp::now();
        let mut alert = Record {
            id: AlertId::new(now),
            drift_id: None,
            scan_id: None,
            workspace: "shop/prod".to_owned(),
            about: Type::ScanFailed,
            severity: Severity::Warning,
            title: "Scan failed".to_owned(),
            message: "The scan failed.".to_owned(),
            read: None,
            created_at: now,
        };
        let unread = agreed(&AlertView::from(alert.clone()));
        assert_eq!(unread["type"], "scan_failed");
        assert!(unread["driftId"].is_null() && unread["readBy"].is_null());
        alert.read = Some(alerts::Reading {
            at: now,
            by: "a@b".to_owned(),
        });
        let read = agreed(&AlertView::from(alert));
        assert_eq!(
            (&read["isRead"], &read["readBy"]),
            (&true.into(), &"a@b".into())
        );
    }

    #[test]
    fn every_type_is_a_word() {
        for about in Type::ALL {
            assert_eq!(crate::http::words::word(&about), Some(about.name()));
        }
    }
}
