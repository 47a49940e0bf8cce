//! Deciding on many drifts at once.

use std::sync::Arc;

use poem_openapi::Object;
use serde::Serialize;

use super::filters::FilterBody;
use super::other_total;
use crate::drifts::decide::{Decide, decide};
use crate::drifts::index::Index;
use crate::drifts::query::{self, Query};
use crate::drifts::{ResolvedHow, records};
use crate::error::{Error, Result};
use crate::http::problem::{Problem, ProblemDetail};
use crate::http::words::word_type;
use crate::http::{EngineerWithin, Line, Reach, Text};
use crate::ids::DriftId;
use crate::store::{Reads, Store, Writes};

/// How many drifts one call may decide on.
const MOST: usize = 1000;

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Triage,
    Approve,
    Reject,
    Resolve,
}

word_type!(Action, "BulkAction", [
    "triage" => Action::Triage, "approve" => Action::Approve, "reject" => Action::Reject, "resolve" => Action::Resolve,
]);

/// A decision on many drifts.
#[derive(Debug, Object)]
#[oai(rename = "BulkDecision", rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Request {
    /// What is decided.
    action: Action,
    /// The drifts, 1 to 1,000; or a `filter`.
    #[oai(validator(min_items = 1, max_items = 1000))]
    ids: Option<Vec<DriftId>>,
    /// The drifts that match this, with `expectedTotal`; or `ids`.
    filter: Option<FilterBody>,
    /// How many matched when the decision was made.
    expected_total: Option<u64>,
    /// Why; needed to approve and to reject.
    reason: Option<Text<10, 1000>>,
    /// How it ended; needed to resolve.
    resolved_how: Option<ResolvedHow>,
    /// Who takes care of it, with `triage`.
    assignee: Option<Line<1, 200>>,
    /// What to know about it, with `triage` and `resolve`.
    note: Option<Text<1, 4000>>,
}

/// What became of one drift.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "BulkResult")]
pub(super) struct ResultView {
    /// The drift.
    id: DriftId,
    /// Whether the decision was taken.
    ok: bool,
    /// Why not: what the single call would have answered.
    error: Option<ProblemDetail>,
}

/// What became of each drift.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "BulkOutcome")]
pub(super) struct OutcomeView {
    /// One for each drift, in the order asked for.
    results: Vec<ResultView>,
    /// How many drifts.
    total: u64,
    /// How many decisions were taken.
    succeeded: u64,
    /// How many were not.
    failed: u64,
}

impl Request {
    fn decision(&self) -> Result<Decide> {
        let reason = |why: &str| {
            self.reason
                .clone()
                .map(Text::into_string)
                .ok_or_else(|| Error::invalid("reason", format!("is needed to {why}")))
        };
        let note = self.note.clone().map(Text::into_string);
        Ok(match self.action {
            Action::Triage => Decide::Triage {
                assignee: self.assignee.clone().map(Line::into_string),
                note,
            },
            Action::Approve => Decide::Approve {
                reason: reason("approve")?,
            },
            Action::Reject => Decide::Reject {
                reason: reason("reject")?,
            },
            Action::Resolve => Decide::Resolve {
                how: self
                    .resolved_how
                    .ok_or_else(|| Error::invalid("resolvedHow", "is needed to resolve"))?,
                note,
            },
        })
    }
}

/// Takes the decision on each drift, all in one change.
pub(super) async fn run(
    store: &Store,
    index: &Arc<Index>,
    request: Request,
    who: EngineerWithin,
) -> Result<OutcomeView> {
    let decision = request.decision()?;
    let reach = who.reach().clone();
    let by = who.into_actor();
    let ids = match (request.ids, request.filter, request.expected_total) {
        (Some(ids), None, None) => unique(ids),
        (None, Some(mut filter), Some(expected)) => {
            filter.workspace = reach.narrow(filter.workspace);
            matching(store, index, &filter.into_query(), expected)?
        }
        (None, Some(_), None) => {
            return Err(Error::invalid("expectedTotal", "is needed with filter"));
        }
        (Some(_), None, Some(_)) => {
            return Err(Error::invalid(
                "expectedTotal",
                "goes with filter, not with ids",
            ));
        }
        _ => {
            return Err(Error::invalid(
                "ids",
                "give either ids, or filter with expectedTotal",
            ));
        }
    };
    let correlation_id = by.correlation_id.clone();
    let (results, decided_at) = store
        .write(move |read, now| {
            let mut writes = Writes::new();
            let mut results = Vec::with_capacity(ids.len());
            for id in &ids {
                let decided = within(read, *id, &reach)
                    .and_then(|()| decide(read, *id, None, &decision, &by, now));
                match decided {
                    Ok((_, of_one)) => {
                        writes.add(of_one);
                        results.push((*id, None));
                    }
                    Err(error @ (Error::NotFound(_) | Error::Conflict { .. })) => {
                        results.push((*id, Some(error)));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(((results, now), writes))
        })
        .await?;
    let failed = results.iter().filter(|(_, error)| error.is_some()).count() as u64;
    let total = results.len() as u64;
    let results = results
        .into_iter()
        .map(|(id, error)| ResultView {
            id,
            ok: error.is_none(),
            error: error.map(|error| Problem::from(&error).detail(&correlation_id, decided_at)),
        })
        .collect();
    Ok(OutcomeView {
        results,
        total,
        succeeded: total - failed,
        failed,
    })
}

/// Whether a drift is within reach; out of it, it is as if there were none.
fn within(read: &impl Reads, id: DriftId, reach: &Reach) -> Result<()> {
    match reach {
        Reach::All => Ok(()),
        Reach::Only(_) => reach.find(&records::by_id(read, id)?.workspace, "drift"),
    }
}

/// Each id once, in the order given: deciding twice on one drift is never meant.
fn unique(ids: Vec<DriftId>) -> Vec<DriftId> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}

/// The drifts that a filter matches, if they are as many as expected and no more than allowed.
fn matching(
    store: &Store,
    index: &Arc<Index>,
    query: &Query,
    expected: u64,
) -> Result<Vec<DriftId>> {
    let (_, page) = query::ids(store, index, query, MOST)?;
    if page.total != expected {
        return Err(other_total(expected, page.total));
    }
    if page.total > MOST as u64 {
        return Err(Error::invalid(
            "filter",
            format!("matches {} drifts: at most {MOST} at once", page.total),
        ));
    }
    Ok(page.ids)
}
