//! Exporting drifts: all rows, streamed in pieces that are read one after another.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};

use super::views::{DriftItemView, Show};
use crate::drifts::index::Index;
use crate::drifts::query::{self, Position, Query};
use crate::drifts::{Record, records};
use crate::error::{Error, Result};
use crate::http::download::{CSV, NDJSON};
use crate::http::words::word_type;
use crate::store::Store;

/// How many rows are read at a time: no snapshot lives across a wait for the network.
const PIECE: usize = 500;

/// What an export looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Csv,
    Ndjson,
}

word_type!(Shape, "ExportFormat", ["csv" => Shape::Csv, "ndjson" => Shape::Ndjson]);

impl Shape {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => CSV,
            Self::Ndjson => NDJSON,
        }
    }

    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "drifts.csv",
            Self::Ndjson => "drifts.ndjson",
        }
    }
}

/// The columns of CSV, named as the contract names the fields.
const COLUMNS: &str = "id,workspace,resourceId,resourceType,resourceAddress,provider,region,accountId,kind,severity,\
severityReason,status,costImpactMonthly,currency,detectedBy,detectedAt,firstSeenAt,lastSeenAt,seenCount,assignee,\
approvedAt,approvedBy,approvalReason,rejectedAt,rejectedBy,rejectionReason,resolvedAt,resolvedHow,createdAt,updatedAt,\
difference\r\n";

/// The one column of numbers that may begin with a sign.
const COST_COLUMN: usize = 12;

/// Every row that a query matches, in the order of creation, the newest first.
pub(super) fn rows(
    store: Store,
    index: Arc<Index>,
    query: Query,
    shape: Shape,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let head = match shape {
        Shape::Csv => COLUMNS,
        Shape::Ndjson => "",
    };
    stream::try_unfold(
        (Some(query.from.clone()), head.to_owned()),
        move |(from, head)| {
            let (store, index, query) = (store.clone(), Arc::clone(&index), query.clone());
            async move {
                let Some(from) = from else { return Ok(None) };
                let query = Query { from, ..query };
                let piece = {
                    let span = tracing::Span::current();
                    tokio::task::spawn_blocking(move || {
                        span.in_scope(|| piece(&store, &index, &query, shape, head))
                    })
                };
                let (text, next) = piece.await.map_err(io::Error::other)?.map_err(broken)?;
                Ok(Some((Bytes::from(text), (next, String::new()))))
            }
        },
    )
}

/// An export can't say more once it has begun: it ends early, and the log has the cause.
fn broken(error: Error) -> io::Error {
    tracing::error!(%error, "An export of drifts broke off");
    io::Error::other(error)
}

fn piece(
    store: &Store,
    index: &Index,
    query: &Query,
    shape: Shape,
    head: String,
) -> Result<(String, Option<Position>)> {
    let found = query::page(store, index, query, PIECE)?;
    let next = if found.drifts.len() < PIECE {
        None
    } else {
        found
            .drifts
            .last()
            .map(|last| query::after(last, query.sort))
    };
    let mut text = head;
    for drift in found.drifts {
        match shape {
            Shape::Csv => csv_row(
                &mut text,
                &drift,
                &records::difference_of(&*found.snapshot, drift.id)?,
            ),
            Shape::Ndjson => {
                let view = DriftItemView::read(&*found.snapshot, drift, Show::Summary)?;
                text += &serde_json::to_string(&view).map_err(Error::internal)?;
                text.push('\n');
            }
        }
    }
    Ok((text, next))
}

/// One line of CSV (RFC 4180).
fn csv_row(out: &mut String, drift: &Record, difference: &str) {
    let time =
        |time: Option<crate::time::Timestamp>| time.map_or(String::new(), |time| time.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (approved, rejected) = (drift.approved.as_ref(), drift.rejected.as_ref());
    let cells = [
        drift.id.to_string(),
        drift.workspace.clone(),
        drift.resource_id.clone(),
        drift.resource_type.clone(),
        drift.address.clone(),
        text(&drift.provider),
        text(&drift.region),
        text(&drift.account_id),
        records::kind_name(drift).to_owned(),
        drift.severity.name().to_owned(),
        drift.severity_reason.clone(),
        drift.status.name().to_owned(),
        drift.cost.map_or(String::new(), |cost| cost.to_string()),
        drift.currency.clone(),
        crate::http::words::word(&drift.detected_by)
            .unwrap_or_default()
            .to_owned(),
        drift.detected_at.to_string(),
        drift.first_seen_at.to_string(),
        drift.last_seen_at.to_string(),
        drift.seen_count.to_string(),
        text(&drift.assignee),
        time(approved.map(|decision| decision.at)),
        approved.map_or(String::new(), |decision| decision.by.clone()),
        approved.map_or(String::new(), |decision| decision.reason.clone()),
        time(rejected.map(|decision| decision.at)),
        rejected.map_or(String::new(), |decision| decision.by.clone()),
        rejected.map_or(String::new(), |decision| decision.reason.clone()),
        time(drift.resolved.as_ref().map(|resolution| resolution.at)),
        drift
            .resolved
            .as_ref()
            .map_or(String::new(), |resolution| resolution.how.name().to_owned()),
        drift.created_at.to_string(),
        drift.updated_at.to_string(),
        difference.to_owned(),
    ];
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if i == COST_COLUMN {
            out.push_str(cell);
        } else {
            push_cell(out, cell);
        }
    }
    out.push_str("\r\n");
}

/// Appends a cell: quoted where it must be, and never a formula.
fn push_cell(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !cell.contains([',', '"', '\r', '\n']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (cell, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("@x", "\"'@x\""),
            ("-12.50", "\"'-12.50\""),
            ("-x", "\"'-x\""),
        ] {
            let mut out = String::new();
            push_cell(&mut out, cell);
            assert_eq!(out, written);
        }
    }

    #[test]
    fn a_row_has_as_many_cells_as_there_are_columns() {
        let mut out = String::new();
        csv_row(
            &mut out,
            &crate::drifts::tests::sample(crate::time::Timestamp::now()),
            "{}",
        );
        assert_eq!(out.matches(',').count(), COLUMNS.matches(',').count());
        assert_eq!(
            COLUMNS.split(',').nth(COST_COLUMN),
            Some("costImpactMonthly")
        );
    }
}
