//! The filters of lists, exports and bulk decisions, as the contract takes them.

use poem_openapi::Object;
use serde::Serialize;

use crate::drifts::index::field;
use crate::drifts::query::{Position, Query, Sort};
use crate::drifts::{Severity, Status, records};
use crate::error::{Error, Result};
use crate::http::page::{Cursor, PageQuery, Start};
use crate::http::words::word_type;
use crate::http::{AnyOf, AnyText, Line};
use crate::ids::DriftId;
use crate::ingest::Kind;
use crate::listing::Filter;
use crate::store::keys::Key;
use crate::time::Timestamp;

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum SortBy {
    /// When it was put on record.
    CreatedAt,
    /// When its values were first found.
    DetectedAt,
    /// When it was last seen.
    LastSeenAt,
    /// What it costs; unknown costs count least.
    CostImpactMonthly,
    /// How much it matters.
    Severity,
}

word_type!(SortBy, "SortBy", [
    "createdAt" => SortBy::CreatedAt, "detectedAt" => SortBy::DetectedAt, "lastSeenAt" => SortBy::LastSeenAt,
    "costImpactMonthly" => SortBy::CostImpactMonthly, "severity" => SortBy::Severity,
]);

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SortOrder {
    /// The newest, dearest or gravest first.
    Desc,
    /// The oldest, cheapest or least grave first.
    Asc,
}

word_type!(SortOrder, "SortOrder", ["desc" => SortOrder::Desc, "asc" => SortOrder::Asc]);

/// Which drifts: each field narrows, several values of one field widen it.
#[derive(Debug, Default, Object)]
#[oai(rename = "DriftFilter", rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FilterBody {
    /// Any of these statuses; `open` stands for `detected,triaged,approved`.
    pub(super) status: Option<AnyOf<Status>>,
    /// Any of these severities.
    pub(super) severity: Option<AnyOf<Severity>>,
    /// Any of these kinds.
    pub(super) kind: Option<AnyOf<Kind>>,
    /// Any of these resource types.
    pub(super) resource_type: Option<AnyText>,
    /// Any of these regions.
    pub(super) region: Option<AnyText>,
    /// Any of these workspaces, by name.
    pub(super) workspace: Option<AnyText>,
    /// Assigned to any of these.
    pub(super) assignee: Option<AnyText>,
    /// A literal part of the resource id, address or type, case aside.
    pub(super) search: Option<Line<0, 512>>,
    /// Detected at this time or later.
    pub(super) detected_from: Option<Timestamp>,
    /// Detected before this time.
    pub(super) detected_to: Option<Timestamp>,
}

impl FilterBody {
    /// The same as a query, newest first, from the beginning.
    pub(super) fn into_query(self) -> Query {
        let mut filters = Vec::new();
        let mut add = |field: usize, any_of: Vec<String>| {
            if !any_of.is_empty() {
                filters.push(Filter { field, any_of });
            }
        };
        let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        add(
            field::STATUS,
            names(
                AnyOf::filter(self.status)
                    .into_iter()
                    .map(Status::name)
                    .collect(),
            ),
        );
        add(
            field::SEVERITY,
            names(
                AnyOf::filter(self.severity)
                    .into_iter()
                    .map(Severity::name)
                    .collect(),
            ),
        );
        add(
            field::KIND,
            names(
                AnyOf::filter(self.kind)
                    .into_iter()
                    .map(records::name_of_kind)
                    .collect(),
            ),
        );
        add(field::RESOURCE_TYPE, AnyText::filter(self.resource_type));
        add(field::REGION, AnyText::filter(self.region));
        add(field::WORKSPACE, AnyText::filter(self.workspace));
        add(field::ASSIGNEE, AnyText::filter(self.assignee));
        let detected = match (self.detected_from, self.detected_to) {
            (None, None) => None,
            (from, to) => Some((
                from.map_or(i64::MIN, Timestamp::unix_ms),
                to.map_or(i64::MAX, Timestamp::unix_ms),
            )),
        };
        Query {
            filters,
            search: self
                .search
                .map(String::from)
                .filter(|search| !search.is_empty()),
            detected,
            ..Query::default()
        }
    }
}

/// Sorts a query and says where its page begins.
///
/// # Errors
/// `Invalid`, when the cursor is not one of a list that is sorted this way.
pub(super) fn placed(
    query: Query,
    sort_by: Option<SortBy>,
    order: Option<SortOrder>,
    page: &PageQuery,
) -> Result<Query> {
    let sort = match sort_by.unwrap_or(SortBy::CreatedAt) {
        SortBy::CreatedAt => Sort::Created,
        SortBy::DetectedAt => Sort::Detected,
        SortBy::LastSeenAt => Sort::LastSeen,
        SortBy::CostImpactMonthly => Sort::Cost,
        SortBy::Severity => Sort::Severity,
    };
    let descending = order != Some(SortOrder::Asc);
    let from = match &page.start {
        Start::Page(_) => Position::Skip(page.offset()),
        Start::After(cursor) => <(u8, i64, DriftId)>::from_bytes(cursor.bytes())
            .filter(|(shape, ..)| *shape == shape_of(sort, descending))
            .map(|(_, key, id)| Position::After { key, id })
            .ok_or_else(|| {
                Error::invalid(
                    "cursor",
                    "must be the nextCursor of a list with the same sortBy and sortOrder",
                )
            })?,
    };
    Ok(Query {
        sort,
        descending,
        from,
        ..query
    })
}

/// The cursor of a place in a list that is sorted this way.
pub(super) fn cursor(query: &Query, position: &Position) -> Option<Cursor> {
    match position {
        Position::Skip(_) => None,
        Position::After { key, id } => Some(Cursor::new(
            (shape_of(query.sort, query.descending), *key, *id).to_bytes(),
        )),
    }
}

fn shape_of(sort: Sort, descending: bool) -> u8 {
    (sort as u8) << 1 | u8::from(descending)
}
