//! The contract's section on scans, but for taking them in.

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::index::{Index, field, status_name};
use super::{Counts, Part, Record};
use crate::drifts::{Severity, Status, records};
use crate::error::Result;
use crate::http::lists::Choice;
use crate::http::words::{choices, word_type};
use crate::http::{
    AnyOf, AnyText, ApiResult, Cursor, IngestWithin, Page, PageLimit, PageNumber, PageQuery,
    ReadFailure, Tag, blocking, ok,
};
use crate::ids::{DriftId, ScanId};
use crate::ingest::{Format, Kind, ScanStatus};
use crate::listing::Filter;
use crate::scans;
use crate::store::{Reads, Store};
use crate::time::Timestamp;

word_type!(ScanStatus, "ScanStatus", [
    "complete" => ScanStatus::Complete, "partial" => ScanStatus::Partial, "failed" => ScanStatus::Failed,
]);
word_type!(Format, "Format", [
    "terraform-plan" => Format::TerraformPlan, "driftsentry-scan" => Format::DriftsentryScan,
]);
word_type!(Part, "ScanPart", [
    "found" => Part::Found, "changed" => Part::Changed, "resolved" => Part::Resolved,
]);

impl Choice for ScanStatus {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

impl Choice for Part {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

/// Scans over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// The scans in memory.
    pub index: Arc<Index>,
}

/// What a scan found, in numbers.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ScanCounts", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// Managed resources it looked at.
    resources: u64,
    /// Live states that differ: `new + changed + unchanged`.
    drifted: u64,
    /// Drifts that were not known.
    new: u64,
    /// Known drifts with other values.
    changed: u64,
    /// Known drifts as before.
    unchanged: u64,
    /// Drifts that are gone.
    resolved: u64,
    /// Findings that a rule kept out.
    suppressed: u64,
    /// Values that were hidden.
    redacted: u64,
    /// Of the drifted: those that the configuration does not care about.
    state_only: u64,
    /// Changes of the code that are not applied yet: no drift.
    pending: u64,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        Self {
            resources: counts.resources,
            drifted: counts.drifted,
            new: counts.new,
            changed: counts.changed,
            unchanged: counts.unchanged,
            resolved: counts.resolved,
            suppressed: counts.suppressed,
            redacted: counts.redacted,
            state_only: counts.state_only,
            pending: counts.pending,
        }
    }
}

/// One run of a tool over a workspace.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Scan", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct ScanView {
    /// Its id.
    id: ScanId,
    /// The workspace's name.
    workspace: String,
    /// What the body was.
    format: Format,
    /// The tool that made it.
    tool: String,
    /// The tool's version; null where it doesn't say.
    tool_version: Option<String>,
    /// How much it proves: a `partial` one looked at a part, a `failed` one resolves nothing.
    status: ScanStatus,
    /// When the tool ran; when the scan was taken in, where the output doesn't say.
    started_at: Timestamp,
    /// When it was taken in.
    finished_at: Timestamp,
    /// Who pushed it.
    pushed_by: String,
    /// The commit it was made from; null where nobody said.
    commit: Option<String>,
    /// What it found, in numbers.
    counts: CountsView,
    /// What a person should know, a sentence each.
    problems: Vec<String>,
}

impl From<Record> for ScanView {
    fn from(scan: Record) -> Self {
        Self {
            id: scan.id,
            workspace: scan.workspace,
            format: scan.format,
            tool: scan.tool,
            tool_version: scan.tool_version,
            status: scan.status,
            started_at: scan.started_at.unwrap_or(scan.finished_at),
            finished_at: scan.finished_at,
            pushed_by: scan.pushed_by,
            commit: scan.commit,
            counts: scan.counts.into(),
            problems: scan.problems,
        }
    }
}

/// What a scan did with one drift, and how that drift stands now.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ScanDrift", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct ScanDriftView {
    /// The drift.
    drift_id: DriftId,
    /// What the scan did: it found the drift, changed it, or resolved it.
    part: Part,
    /// The resource's address in code.
    resource_address: String,
    /// The resource's type.
    resource_type: String,
    /// How it is at odds, as of now.
    kind: Kind,
    /// How much it matters, as of now.
    severity: Severity,
    /// Where it stands, as of now.
    status: Status,
}

impl ScanDriftView {
    /// One part of a scan, with the drift it is about.
    ///
    /// # Errors
    /// What reading says.
    fn read(read: &impl Reads, (drift_id, part): (DriftId, Part)) -> Result<Self> {
        let drift = records::by_id(read, drift_id)?;
        Ok(Self {
            drift_id,
            part,
            resource_address: drift.address,
            resource_type: drift.resource_type,
            kind: drift.kind,
            severity: drift.severity,
            status: drift.status,
        })
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Scans")]
impl Api {
    /// List scans, the newest first
    #[oai(path = "/scans", method = "get", operation_id = "listScans")]
    async fn list_scans(
        &self,
        who: IngestWithin,
        /// Any of these workspaces, by name.
        workspace: Query<Option<AnyText>>,
        /// Any of these statuses.
        status: Query<Option<AnyOf<ScanStatus>>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while scans arrive.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<ScanView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let place = query.place()?;
        let statuses = AnyOf::filter(status.0).into_iter().map(status_name);
        let filters: Vec<Filter> = [
            (
                field::WORKSPACE,
                AnyText::filter(who.reach().narrow(workspace.0)),
            ),
            (field::STATUS, statuses.map(str::to_owned).collect()),
        ]
        .into_iter()
        .filter(|(_, any_of)| !any_of.is_empty())
        .map(|(field, any_of)| Filter { field, any_of })
        .collect();
        let (read, (mut ids, total)) = self
            .store
            .with_views(|_| self.index.page(&filters, place, query.reach()))?;
        let next = query.cut(&mut ids, |id| Cursor::new(id.0.into_bytes()));
        let items = ids
            .into_iter()
            .map(|id| scans::by_id(&*read, id).map(ScanView::from));
        ok(Page::new(
            items.collect::<Result<_>>()?,
            total,
            &query,
            next,
        ))
    }

    /// Read a scan
    #[oai(path = "/scans/:id", method = "get", operation_id = "getScan")]
    async fn get_scan(&self, who: IngestWithin, id: Path<ScanId>) -> ApiResult<ScanView> {
        let scan = self.store.read(|read| scans::by_id(read, id.0))?;
        who.reach().find(&scan.workspace, "scan")?;
        ok(scan.into())
    }

    /// List the drifts that a scan found, changed or resolved
    ///
    /// Those it merely saw again are not among them.
    #[oai(
        path = "/scans/:id/drifts",
        method = "get",
        operation_id = "listDriftsOfScan"
    )]
    async fn list_scan_drifts(
        &self,
        who: IngestWithin,
        id: Path<ScanId>,
        /// Any of these: `found`, `changed`, `resolved`.
        part: Query<Option<AnyOf<Part>>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<ScanDriftView>> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let (place, parts) = (query.place()?, AnyOf::filter(part.0));
        let store = self.store.clone();
        // A scan's first push can have found a hundred thousand of them.
        let read = move || {
            let read = store.snapshot()?;
            let scan = scans::by_id(&*read, id.0)?;
            who.reach().find(&scan.workspace, "scan")?;
            let mut found = scans::drifts_of(&*read, id.0, &parts, place, query.reach())?;
            let next = query.cut(&mut found.parts, |(drift, _)| {
                Cursor::new(drift.0.into_bytes())
            });
            let parts = found.parts.into_iter();
            let items = parts.map(|part| ScanDriftView::read(&*read, part));
            let items = items.collect::<Result<_>>()?;
            Ok(Page::new(items, found.total, &query, next))
        };
        ok(blocking(read).await?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::agreement::agreed;
    use crate::ids::WorkspaceId;

    #[test]
    fn a_view_has_the_contracts_fields() {
        let now = Timestamp::from_unix_ms(0);
        let view = agreed(&ScanView::from(Record {
            id: ScanId::new(now),
            workspace_id: WorkspaceId::new(now),
            workspace: "shop/prod".to_owned(),
            format: Format::TerraformPlan,
            tool: "terraform".to_owned(),
            tool_version: None,
            status: ScanStatus::Partial,
            started_at: None,
            finished_at: now,
            pushed_by: "a@b".to_owned(),
            commit: None,
            counts: Counts::default(),
            problems: vec!["One thing.".to_owned()],
        }));
        assert_eq!(
            (&view["format"], &view["status"], &view["toolVersion"]),
            (&json!("terraform-plan"), &json!("partial"), &json!(null))
        );
        agreed(&ScanDriftView {
            drift_id: DriftId::new(now),
            part: Part::Found,
            resource_address: "a.b".to_owned(),
            resource_type: "a".to_owned(),
            kind: Kind::StateOnly,
            severity: Severity::Info,
            status: Status::Detected,
        });
    }
}
