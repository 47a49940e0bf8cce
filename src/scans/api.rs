//! The contract's section on scans, but for taking them in.

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::index::{Index, field, status_name};
use super::{Counts, Part, Record, by_id, drifts_of};
use crate::error::{Error, Result};
use crate::http::lists::Choice;
use crate::http::page::{Cursor, Page, PageLimit, PageNumber, PageQuery, Start};
use crate::http::words::{choices, word_type};
use crate::http::{AnyOf, AnyText, ApiResult, ReadFailure, Tag, Viewer, ok};
use crate::ids::{DriftId, ScanId};
use crate::ingest::{Format, ScanStatus};
use crate::listing::Filter;
use crate::store::Store;
use crate::store::keys::Key;
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
struct CountsView {
    /// Managed resources that were looked at.
    resources: u64,
    /// Live states that differ from the recorded ones: new, changed and unchanged together.
    drifted: u64,
    /// Drifts that were not known.
    new: u64,
    /// Known drifts with other values now.
    changed: u64,
    /// Known drifts as before.
    unchanged: u64,
    /// Drifts that are gone.
    resolved: u64,
    /// Findings that a rule kept out.
    suppressed: u64,
    /// Values that were hidden in what is kept.
    redacted: u64,
    /// Of the drifted: those that the configuration does not care about.
    state_only: u64,
    /// Changes of the code that are not applied yet.
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
    /// Its version.
    tool_version: Option<String>,
    /// How much it proves: `partial` looked at a part, `failed` broke off.
    status: ScanStatus,
    /// When the tool ran; when the scan was taken in where the output doesn't say it.
    started_at: Timestamp,
    /// When it was taken in.
    finished_at: Timestamp,
    /// Who pushed it.
    pushed_by: String,
    /// The commit that the tool ran on.
    commit: Option<String>,
    /// What it found.
    counts: CountsView,
    /// What a person should know about it, a sentence each.
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

/// A drift that a scan made, changed or ended.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ScanDrift", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct ScanDriftView {
    /// The drift.
    drift_id: DriftId,
    /// What the scan did with it.
    part: Part,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Scans")]
impl Api {
    /// List scans, the newest first
    #[oai(path = "/scans", method = "get", operation_id = "listScans")]
    async fn list_scans(
        &self,
        _who: Viewer,
        /// Any of these workspaces, by name.
        workspace: Query<Option<AnyText>>,
        /// Any of these statuses.
        status: Query<Option<AnyOf<ScanStatus>>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<ScanView>, ReadFailure> {
        let mut filters = Vec::new();
        let workspaces = AnyText::filter(workspace.0);
        if !workspaces.is_empty() {
            filters.push(Filter {
                field: field::WORKSPACE,
                any_of: workspaces,
            });
        }
        let statuses = AnyOf::filter(status.0);
        if !statuses.is_empty() {
            let any_of = statuses
                .into_iter()
                .map(|status| status_name(status).to_owned())
                .collect();
            filters.push(Filter {
                field: field::STATUS,
                any_of,
            });
        }
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let after = match &query.start {
            Start::Page(_) => None,
            Start::After(cursor) => Some(ScanId::from_bytes(cursor.bytes()).ok_or_else(|| {
                Error::invalid(
                    "cursor",
                    "must be a nextCursor of an earlier page of the same list",
                )
            })?),
        };
        let limit = query.limit as usize;
        let (read, (mut ids, total)) = self
            .store
            .with_views(|_| self.index.page(&filters, after, query.offset(), limit + 1))?;
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids
            .last()
            .filter(|_| more)
            .map(|last| Cursor::new(last.to_bytes()));
        let items = ids
            .into_iter()
            .map(|id| by_id(&*read, id).map(ScanView::from));
        ok(Page::new(
            items.collect::<Result<_>>()?,
            total,
            &query,
            next,
        ))
    }

    /// Read a scan
    #[oai(path = "/scans/:id", method = "get", operation_id = "getScan")]
    async fn get_scan(&self, _who: Viewer, id: Path<ScanId>) -> ApiResult<ScanView> {
        ok(self.store.read(|read| by_id(read, id.0))?.into())
    }

    /// List what a scan made, changed and ended
    ///
    /// Drifts that it merely saw again are counted, not listed.
    #[oai(
        path = "/scans/:id/drifts",
        method = "get",
        operation_id = "listDriftsOfScan"
    )]
    async fn list_drifts_of_scan(
        &self,
        _who: Viewer,
        id: Path<ScanId>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
    ) -> ApiResult<Page<ScanDriftView>> {
        let query = PageQuery::new(page.0, limit.0, None);
        let read = self.store.snapshot()?;
        by_id(&*read, id.0)?;
        let all = drifts_of(&*read, id.0)?;
        let total = all.len() as u64;
        let skip = usize::try_from(query.offset()).unwrap_or(usize::MAX);
        let items = all
            .into_iter()
            .skip(skip)
            .take(query.limit as usize)
            .map(|(drift_id, part)| ScanDriftView { drift_id, part })
            .collect();
        ok(Page::new(items, total, &query, None))
    }
}
