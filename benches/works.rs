//! What people and programs ask of many drifts: each question as the API takes it and as the library does.

use driftsentry::drifts::api::views::{DriftItemView, DriftView, Show};
use driftsentry::drifts::index::field;
use driftsentry::drifts::query::{self, Position, Query, Sort};
use driftsentry::drifts::records;
use driftsentry::ids::DriftId;
use driftsentry::listing::Filter;
use driftsentry::server::Data;
use driftsentry::store::Snapshot;
use driftsentry::time::Timestamp;

use crate::estate::{REGIONS, SERVICES, noise};
use crate::harness::Outcome;

/// Rows of a page.
const PAGE: u64 = 20;
/// How many different questions of one sort are asked in turn.
const VARIETY: u64 = 64;

/// A question to the library.
#[derive(Debug, Clone)]
enum Ask {
    One(DriftId),
    Page(Box<Query>),
    Summary,
    Trend,
    Statuses,
}

/// One sort of question, in several wordings that are asked in turn.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The share of the limit that is asked for over HTTP.
    pub(crate) share: f64,
    asks: Vec<(String, Ask)>,
}

impl Work {
    /// The paths with their queries.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.asks.iter().map(|(path, _)| path.as_str())
    }

    /// Answers the n-th question through the library, and gives the answer's JSON.
    pub(crate) fn answer(&self, data: &Data, n: usize) -> Outcome<Vec<u8>> {
        let (_, ask) = &self.asks[n % self.asks.len()];
        let read = data.store.snapshot()?;
        match ask {
            Ask::One(id) => {
                let drift = records::by_id(&*read, *id)?;
                Ok(serde_json::to_vec(&DriftView::read(&*read, drift, true)?)?)
            }
            Ask::Page(query) => {
                let found = query::page(&data.store, &data.drifts, query, PAGE as usize)?;
                let views = found
                    .drifts
                    .into_iter()
                    .map(|drift| DriftItemView::read(&*found.snapshot, drift, Show::Summary))
                    .collect::<driftsentry::Result<Vec<_>>>()?;
                Ok(serde_json::to_vec(&(views, found.total))?)
            }
            // These have no view of their own below the API: their figures are what costs.
            Ask::Summary => {
                let summary = |read: &Snapshot| data.figures.summary(read, 30, Timestamp::now());
                Ok(format!("{:?}", data.store.with_views(summary)?.1?).into())
            }
            Ask::Trend => {
                let trend = |read: &Snapshot| data.figures.trend(read, 30, Timestamp::now());
                Ok(format!("{:?}", data.store.with_views(trend)?.1?).into())
            }
            Ask::Statuses => {
                let counts = |read: &Snapshot| data.figures.by_status(read);
                Ok(serde_json::to_vec(&data.store.with_views(counts)?.1?)?)
            }
        }
    }
}

/// Every question there is, for a store with so many drifts.
pub(crate) fn all(data: &Data, drifts: u64) -> Outcome<Vec<Work>> {
    let pages = drifts / PAGE;
    let deep = if pages >= 4_000 { 4_000 } else { pages * 4 / 5 };
    let within = |n: u64, middle: u64| middle - VARIETY / 2 + n;
    let nth = |page: u64| Position::Skip((page - 1) * PAGE);
    let filtered = |n: u64| {
        let status = ["detected", "triaged", "approved", "resolved"][(n % 4) as usize];
        let region = REGIONS[(n / 4 % 8) as usize];
        let filters =
            [(field::STATUS, status), (field::REGION, region)].map(|(field, value)| Filter {
                field,
                any_of: vec![value.to_owned()],
            });
        (format!("status={status}&region={region}"), filters.to_vec())
    };
    let work = |name, share, asks: Vec<(String, Query)>| Work {
        name,
        share,
        asks: asks
            .into_iter()
            .map(|(words, query)| {
                (
                    format!("/api/v1/drifts?{words}"),
                    Ask::Page(Box::new(query)),
                )
            })
            .collect(),
    };
    let each = |ask: &dyn Fn(u64) -> (String, Query)| (0..VARIETY).map(ask).collect::<Vec<_>>();
    let searching = |text: String| {
        (
            format!("search={text}"),
            Query {
                search: Some(text),
                ..Query::default()
            },
        )
    };
    let sorted = |words: &str, sort: Sort| {
        let words = words.to_owned();
        move |n: u64| {
            (
                format!("sortBy={words}&page={}", n + 1),
                Query {
                    sort,
                    from: Position::Skip(n * PAGE),
                    ..Query::default()
                },
            )
        }
    };
    let one = |name, path: &str, ask| Work {
        name,
        share: 0.5,
        asks: vec![(path.to_owned(), ask)],
    };
    Ok(vec![
        by_id(data, drifts)?,
        work(
            "newest page",
            0.5,
            vec![("limit=20".to_owned(), Query::default())],
        ),
        work(
            "two filters",
            0.5,
            each(&|n| {
                let (words, filters) = filtered(n);
                (
                    words,
                    Query {
                        filters,
                        ..Query::default()
                    },
                )
            }),
        ),
        work(
            "page 4,000 (fewer: 80 % deep)",
            0.5,
            each(&|n| {
                let page = within(n, deep);
                (
                    format!("page={page}"),
                    Query {
                        from: nth(page),
                        ..Query::default()
                    },
                )
            }),
        ),
        work(
            "page at 80 % depth",
            0.5,
            each(&|n| {
                let page = within(n, pages * 4 / 5);
                (
                    format!("page={page}"),
                    Query {
                        from: nth(page),
                        ..Query::default()
                    },
                )
            }),
        ),
        work(
            "search a service, 32 in turn",
            0.5,
            (0..32).map(|n| searching(SERVICES[n].to_owned())).collect(),
        ),
        work(
            "search part of an id, 64 in turn",
            0.5,
            each(&|n| {
                searching(format!("{:017x}", noise(noise(n, 99) % drifts, 7))[4..12].to_owned())
            }),
        ),
        work(
            "search the same again",
            0.5,
            vec![searching("ledger".to_owned())],
        ),
        work(
            "sorted by cost",
            0.5,
            each(&sorted("costImpactMonthly", Sort::Cost)),
        ),
        work(
            "page 4,000 by cost",
            0.5,
            each(&|n| sorted("costImpactMonthly", Sort::Cost)(within(n, deep) - 1)),
        ),
        work(
            "two filters by cost",
            0.5,
            each(&|n| {
                let (words, filters) = filtered(n);
                (
                    format!("{words}&sortBy=costImpactMonthly"),
                    Query {
                        filters,
                        sort: Sort::Cost,
                        ..Query::default()
                    },
                )
            }),
        ),
        work(
            "sorted by severity",
            0.5,
            each(&sorted("severity", Sort::Severity)),
        ),
        one("summary", "/api/v1/metrics/summary?days=30", Ask::Summary),
        one(
            "cost trend",
            "/api/v1/metrics/cost-trend?days=30",
            Ask::Trend,
        ),
        one(
            "status distribution",
            "/api/v1/metrics/status-distribution",
            Ask::Statuses,
        ),
    ])
}

/// Single drifts from everywhere in the store.
fn by_id(data: &Data, drifts: u64) -> Outcome<Work> {
    let mut asks = Vec::new();
    for n in 0..VARIETY {
        let query = Query {
            from: Position::Skip(noise(n, 98) % drifts),
            ..Query::default()
        };
        let found = query::page(&data.store, &data.drifts, &query, 1)?;
        let id = found
            .drifts
            .first()
            .ok_or("the store has fewer drifts than it should")?
            .id;
        asks.push((format!("/api/v1/drifts/{id}"), Ask::One(id)));
    }
    Ok(Work {
        name: "one by id",
        share: 0.75,
        asks,
    })
}
