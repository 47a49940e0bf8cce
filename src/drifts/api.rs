//! The contract's section on drifts.

mod bulk;
mod export;
mod filters;
mod known;
pub mod views;

use std::sync::Arc;

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};

use self::filters::{FilterBody, SortBy, SortOrder};
pub use self::known::Known;
use self::views::{DriftItemView, DriftView, EntryView, Show, TimelineView};
use crate::actor::{Actor, Role};
use crate::drifts::decide::{self, ByHand, Decide};
use crate::drifts::index::Index;
use crate::drifts::{DetectedBy, ResolvedHow, Severity, Status, query, records, timeline};
use crate::error::{Error, Result};
use crate::http::download::CsvOrNdjson;
use crate::http::page::{Cursor, Page, PageLimit, PageNumber, PageQuery};
use crate::http::words::word_type;
use crate::http::{
    AnyOf, AnyText, ApiResult, CreateFailure, Created, Download, Encoded, EngineerWithin,
    FindFailure, IfMatch, Json, JsonObject, Line, Money, Nullable, Reach, ReadFailure,
    StreamFailure, Tag, Tagged, Text, ViewerWithin, WriteFailure, created, ok, tagged,
};
use crate::ids::DriftId;
use crate::ingest::{self, FingerprintKey, Kind};
use crate::store::Store;
use crate::time::Timestamp;

/// The workspace of drifts that are put on record without naming one.
const MANUAL: &str = "manual";

/// Drifts over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// The drifts in memory.
    pub index: Arc<Index>,
    /// The secret behind the fingerprints of live values.
    pub fingerprint_secret: [u8; 32],
    /// Views that were written out before.
    pub known: Known,
}

/// What a list shows beside the summary of each drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Include {
    State,
}

word_type!(Include, "Include", ["state" => Include::State]);

/// Why somebody decides as they do.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Reasoned {
    /// Why: 10 to 1,000 characters, for the people who ask later.
    reason: Text<10, 1000>,
}

/// Who takes care of a drift.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Triage {
    /// What to know about it.
    note: Option<Text<1, 4000>>,
    /// Who takes care of it, an email address or a team's name.
    assignee: Option<Line<1, 200>>,
}

/// How a drift ended.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct Resolve {
    /// How.
    resolved_how: ResolvedHow,
    /// What to know about it.
    note: Option<Text<1, 4000>>,
}

/// A comment.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct Comment {
    /// The comment's text.
    body: Text<1, 4000>,
}

/// A drift that somebody puts on record.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewDrift {
    /// The workspace's name; `manual` where none is named.
    workspace: Option<Line<1, 128>>,
    /// The cloud's own id of the resource.
    resource_id: Line<1, 1024>,
    /// The resource's type, such as `aws_security_group`.
    resource_type: Line<1, 256>,
    /// The resource's address in code; its id where it has none.
    resource_address: Option<Line<1, 1024>>,
    /// The region.
    region: Line<1, 128>,
    /// The account, subscription or project.
    account_id: Option<Line<1, 128>>,
    /// The declared state; null where no code declares it.
    expected_state: Nullable<JsonObject>,
    /// The live state; null where it is gone.
    actual_state: Nullable<JsonObject>,
    /// How much it matters; by the rules where it isn't said.
    severity: Option<Severity>,
    /// What it costs a month in USD; negative where it saves.
    cost_impact_monthly: Option<Money>,
    /// What found it; `manual` where it isn't said.
    detected_by: Option<DetectedBy>,
    /// How it is at odds; by the states where it isn't said.
    kind: Option<Kind>,
}

impl Api {
    /// One decision on one drift.
    async fn decide(
        &self,
        who: EngineerWithin,
        id: DriftId,
        if_match: Option<IfMatch>,
        decision: Decide,
    ) -> Result<Tagged<Encoded<DriftView>>> {
        self.within(id, who.reach())?;
        let by = who.into_actor();
        let versions = if_match.and_then(|if_match| if_match.versions());
        let drift = self
            .store
            .write(move |read, now| {
                decide::decide(read, id, versions.as_deref(), &decision, &by, now)
            })
            .await?;
        self.whole(drift.id, true)
    }

    /// A drift's workspace is for good, so that looking before deciding is enough.
    fn within(&self, id: DriftId, reach: &Reach) -> Result<()> {
        match reach {
            Reach::All => Ok(()),
            Reach::Only(_) => self.store.read(|read| {
                let drift = records::by_id(read, id)?;
                reach.find(&drift.workspace, "drift")
            }),
        }
    }

    /// A drift with all that belongs to it.
    fn whole(&self, id: DriftId, may_decide: bool) -> Result<Tagged<Encoded<DriftView>>> {
        let read = self.store.snapshot()?;
        let (drift, tag) = self.known.whole(&read, id, may_decide)?;
        tagged(drift, tag)
    }
}

fn may_decide(who: &Actor) -> bool {
    who.role >= Role::Engineer
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Drifts")]
impl Api {
    /// List drifts
    ///
    /// Filters take a comma-separated list each, and `all` for no filter. The total is exact. `pending` and `state_only`
    /// drifts are listed too: ask for `kind=modified,missing,unmanaged` to see only what left the code.
    #[oai(path = "/drifts", method = "get", operation_id = "listDrifts")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each query parameter is one argument of the operation"
    )]
    async fn list_drifts(
        &self,
        who: ViewerWithin,
        /// Any of these statuses; `open` stands for `detected,triaged,approved`.
        status: Query<Option<AnyOf<Status>>>,
        /// Any of these severities.
        severity: Query<Option<AnyOf<Severity>>>,
        /// Any of these kinds.
        kind: Query<Option<AnyOf<Kind>>>,
        /// Any of these resource types.
        #[oai(name = "resourceType")]
        resource_type: Query<Option<AnyText>>,
        /// Any of these regions.
        region: Query<Option<AnyText>>,
        /// Any of these workspaces, by name.
        workspace: Query<Option<AnyText>>,
        /// Assigned to any of these.
        assignee: Query<Option<AnyText>>,
        /// A literal part of the resource id, address or type, case aside.
        search: Query<Option<Line<0, 512>>>,
        /// Detected at this time or later.
        #[oai(name = "detectedFrom")]
        detected_from: Query<Option<Timestamp>>,
        /// Detected before this time.
        #[oai(name = "detectedTo")]
        detected_to: Query<Option<Timestamp>>,
        /// What to sort by: `createdAt` where it isn't said. Ties go by id.
        #[oai(name = "sortBy")]
        sort_by: Query<Option<SortBy>>,
        /// Which end comes first: `desc` where it isn't said.
        #[oai(name = "sortOrder")]
        sort_order: Query<Option<SortOrder>>,
        /// `state` for the states too: they can be large.
        include: Query<Option<Include>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while rows arrive.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<Encoded<DriftItemView>>, ReadFailure> {
        let filter = FilterBody {
            status: status.0,
            severity: severity.0,
            kind: kind.0,
            resource_type: resource_type.0,
            region: region.0,
            workspace: who.reach().narrow(workspace.0),
            assignee: assignee.0,
            search: search.0,
            detected_from: detected_from.0,
            detected_to: detected_to.0,
        };
        let page = PageQuery::new(page.0, limit.0, cursor.0);
        let show = if include.0.is_some() {
            Show::States
        } else {
            Show::Summary
        };
        let asked = filters::placed(filter.into_query(), sort_by.0, sort_order.0, &page)?;
        // One row more than asked for tells whether a page follows.
        let limit = page.limit as usize;
        let (read, mut found) = query::ids(&self.store, &self.index, &asked, limit + 1)?;
        let more = found.ids.len() > limit;
        found.ids.truncate(limit);
        let mut items = Vec::with_capacity(found.ids.len());
        let mut next = None;
        for id in found.ids {
            let (item, after) = self.known.item(&read, id, show, asked.sort)?;
            items.push(item);
            next = Some(after);
        }
        let next = next
            .filter(|_| more)
            .and_then(|next| filters::cursor(&asked, &next));
        ok(Page::new(items, found.total, &page, next))
    }

    /// Put a drift on record by hand
    ///
    /// Values under names such as `password` or `token` are hidden: only that they differ is kept.
    #[oai(path = "/drifts", method = "post", operation_id = "createDrift")]
    async fn create_drift(
        &self,
        who: EngineerWithin,
        body: Json<NewDrift>,
    ) -> Result<Created<Encoded<DriftView>>, CreateFailure> {
        let body = body.0;
        let workspace = body.workspace.map_or(MANUAL.to_owned(), String::from);
        who.reach().enter(&workspace)?;
        let key = FingerprintKey::for_workspace(&self.fingerprint_secret, &workspace);
        let resource_id = body.resource_id.into_string();
        let finding = ingest::by_hand(
            ingest::ByHand {
                address: body
                    .resource_address
                    .map_or_else(|| resource_id.clone(), String::from),
                resource_id,
                resource_type: body.resource_type.into_string(),
                region: body.region.into_string(),
                account_id: body.account_id.map(String::from),
                kind: body.kind,
                expected: body.expected_state.0.map(Into::into),
                actual: body.actual_state.0.map(Into::into),
            },
            &key,
        )?;
        let said = ByHand {
            workspace,
            severity: body.severity,
            cost: body.cost_impact_monthly.map(|money| money.0),
            detected_by: body.detected_by,
        };
        let by = who.into_actor();
        let drift = self
            .store
            .write(move |read, now| decide::create(read, &finding, &said, &by, now))
            .await?;
        let read = self.store.snapshot()?;
        let location = format!("/api/v1/drifts/{}", drift.id);
        created(self.known.whole(&read, drift.id, true)?.0, location)
    }

    /// Read a drift
    #[oai(path = "/drifts/:id", method = "get", operation_id = "getDrift")]
    async fn get_drift(
        &self,
        who: ViewerWithin,
        id: Path<DriftId>,
    ) -> Result<Tagged<Encoded<DriftView>>, FindFailure> {
        self.within(id.0, who.reach())?;
        Ok(self.whole(id.0, may_decide(&who))?)
    }

    /// Read a drift's timeline, oldest first
    #[oai(
        path = "/drifts/:id/timeline",
        method = "get",
        operation_id = "getDriftTimeline"
    )]
    async fn timeline(&self, who: ViewerWithin, id: Path<DriftId>) -> ApiResult<TimelineView> {
        let read = self.store.snapshot()?;
        let drift = records::by_id(&*read, id.0)?;
        who.reach().find(&drift.workspace, "drift")?;
        let items = timeline::of(&*read, id.0)?
            .into_iter()
            .map(EntryView::try_from);
        ok(TimelineView {
            items: items.collect::<Result<_>>()?,
        })
    }

    /// Triage a drift: it is somebody's, undecided
    #[oai(
        path = "/drifts/:id/triage",
        method = "post",
        operation_id = "triageDrift"
    )]
    async fn triage_drift(
        &self,
        who: EngineerWithin,
        id: Path<DriftId>,
        /// Only where the drift still has this version.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<Triage>,
    ) -> Result<Tagged<Encoded<DriftView>>, WriteFailure> {
        let decision = Decide::Triage {
            assignee: body.0.assignee.map(String::from),
            note: body.0.note.map(String::from),
        };
        Ok(self.decide(who, id.0, if_match.0, decision).await?)
    }

    /// Approve a drift: the live value is to be reverted
    ///
    /// DriftSentry itself changes no infrastructure: the next scan that no longer shows the drift resolves it.
    #[oai(
        path = "/drifts/:id/approve",
        method = "post",
        operation_id = "approveDrift"
    )]
    async fn approve_drift(
        &self,
        who: EngineerWithin,
        id: Path<DriftId>,
        /// Only where the drift still has this version.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<Reasoned>,
    ) -> Result<Tagged<Encoded<DriftView>>, WriteFailure> {
        let decision = Decide::Approve {
            reason: body.0.reason.into_string(),
        };
        Ok(self.decide(who, id.0, if_match.0, decision).await?)
    }

    /// Reject a drift: the live value stays, the code should follow
    #[oai(
        path = "/drifts/:id/reject",
        method = "post",
        operation_id = "rejectDrift"
    )]
    async fn reject_drift(
        &self,
        who: EngineerWithin,
        id: Path<DriftId>,
        /// Only where the drift still has this version.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<Reasoned>,
    ) -> Result<Tagged<Encoded<DriftView>>, WriteFailure> {
        let decision = Decide::Reject {
            reason: body.0.reason.into_string(),
        };
        Ok(self.decide(who, id.0, if_match.0, decision).await?)
    }

    /// Resolve a drift: it is over
    #[oai(
        path = "/drifts/:id/resolve",
        method = "post",
        operation_id = "resolveDrift"
    )]
    async fn resolve_drift(
        &self,
        who: EngineerWithin,
        id: Path<DriftId>,
        /// Only where the drift still has this version.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<Resolve>,
    ) -> Result<Tagged<Encoded<DriftView>>, WriteFailure> {
        let decision = Decide::Resolve {
            how: body.0.resolved_how,
            note: body.0.note.map(String::from),
        };
        Ok(self.decide(who, id.0, if_match.0, decision).await?)
    }

    /// Comment on a drift
    #[oai(
        path = "/drifts/:id/comments",
        method = "post",
        operation_id = "commentOnDrift"
    )]
    async fn comment_on_drift(
        &self,
        who: EngineerWithin,
        id: Path<DriftId>,
        body: Json<Comment>,
    ) -> Result<Created<EntryView>, CreateFailure> {
        self.within(id.0, who.reach())?;
        let (id, by, text) = (id.0, who.into_actor(), body.0.body.into_string());
        let entry = self
            .store
            .write(move |read, now| decide::comment(read, id, &text, &by, now))
            .await?;
        created(
            EntryView::try_from(entry)?,
            format!("/api/v1/drifts/{id}/timeline"),
        )
    }

    /// Decide on many drifts at once
    ///
    /// Names up to 1,000 by `ids`, or by `filter` with the `expectedTotal` that was seen: where another number matches by
    /// now, nothing is done. Each drift succeeds or fails by itself.
    #[oai(
        path = "/drifts/bulk",
        method = "post",
        operation_id = "decideOnDrifts"
    )]
    async fn decide_on_drifts(
        &self,
        who: EngineerWithin,
        body: Json<bulk::Request>,
    ) -> ApiResult<bulk::OutcomeView, CreateFailure> {
        ok(bulk::run(&self.store, &self.index, body.0, who).await?)
    }

    /// Export drifts
    ///
    /// All rows that match, the newest first. CSV opens in a spreadsheet as it is: text that a spreadsheet would run as a
    /// formula has an apostrophe in front.
    #[oai(path = "/drifts/export", method = "get", operation_id = "exportDrifts")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each query parameter is one argument of the operation"
    )]
    async fn export_drifts(
        &self,
        who: ViewerWithin,
        /// `csv` or `ndjson`.
        format: Query<export::Shape>,
        /// Any of these statuses; `open` stands for `detected,triaged,approved`.
        status: Query<Option<AnyOf<Status>>>,
        /// Any of these severities.
        severity: Query<Option<AnyOf<Severity>>>,
        /// Any of these kinds.
        kind: Query<Option<AnyOf<Kind>>>,
        /// Any of these resource types.
        #[oai(name = "resourceType")]
        resource_type: Query<Option<AnyText>>,
        /// Any of these regions.
        region: Query<Option<AnyText>>,
        /// Any of these workspaces, by name.
        workspace: Query<Option<AnyText>>,
        /// Assigned to any of these.
        assignee: Query<Option<AnyText>>,
        /// A literal part of the resource id, address or type, case aside.
        search: Query<Option<Line<0, 512>>>,
        /// Detected at this time or later.
        #[oai(name = "detectedFrom")]
        detected_from: Query<Option<Timestamp>>,
        /// Detected before this time.
        #[oai(name = "detectedTo")]
        detected_to: Query<Option<Timestamp>>,
    ) -> Result<Download<CsvOrNdjson>, StreamFailure> {
        let filter = FilterBody {
            status: status.0,
            severity: severity.0,
            kind: kind.0,
            resource_type: resource_type.0,
            region: region.0,
            workspace: who.reach().narrow(workspace.0),
            assignee: assignee.0,
            search: search.0,
            detected_from: detected_from.0,
            detected_to: detected_to.0,
        };
        let rows = export::rows(
            self.store.clone(),
            Arc::clone(&self.index),
            filter.into_query(),
            format.0,
        );
        Ok(Download::new(format.0.content_type(), rows).named(format.0.file_name()))
    }
}

/// A conflict that a bulk decision meets as a whole.
fn other_total(expected: u64, found: u64) -> Error {
    Error::Conflict {
        message: format!(
            "The filter matches {found} drifts now, not {expected}: look again, then decide."
        ),
        details: serde_json::json!({"expectedTotal": expected, "total": found}),
    }
}
