//! What people and programs ask of many drifts: each question as the API takes it and as the library does.

use driftsentry::alerts;
use driftsentry::drifts::api::views::{DriftItemView, DriftView, Show};
use driftsentry::drifts::index::field;
use driftsentry::drifts::query::{self, Position, Query, Sort};
use driftsentry::drifts::records::{self, counters};
use driftsentry::ids::DriftId;
use driftsentry::listing::Filter;
use driftsentry::server::Data;
use driftsentry::severity::Severity;
use driftsentry::store::{Reads, Snapshot};
use driftsentry::time::Timestamp;

use crate::estate::{REGIONS, SERVICES, noise};
use crate::harness::Outcome;
use crate::peer;

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
    Severities,
}

/// One sort of question, in several wordings that are asked in turn.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The share of the limit that is asked for over HTTP.
    pub(crate) share: f64,
    asks: Vec<Asked>,
}

/// One wording of a question.
#[derive(Debug)]
struct Asked {
    /// The path with its query.
    path: String,
    /// The same as the peer takes it, where the peer is asked at all.
    peer: Option<String>,
    ask: Ask,
}

impl Work {
    /// The paths with their queries.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.asks.iter().map(|asked| asked.path.as_str())
    }

    /// The paths of the same questions to the peer; none where it isn't asked.
    pub(crate) fn peer_paths(&self) -> impl Iterator<Item = &str> {
        self.asks.iter().filter_map(|asked| asked.peer.as_deref())
    }

    /// Answers the n-th question through the library, and gives the answer's JSON.
    pub(crate) fn answer(&self, data: &Data, n: usize) -> Outcome<Vec<u8>> {
        let read = data.store.snapshot()?;
        match &self.asks[n % self.asks.len()].ask {
            Ask::One(id) => {
                let drift = records::by_id(&*read, *id)?;
                let alerts = alerts::ids_of(&*read, *id)?.len();
                Ok(serde_json::to_vec(&DriftView::read(
                    &*read, drift, true, alerts,
                )?)?)
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
            Ask::Severities => {
                let counts = Severity::ALL
                    .map(|severity| read.counter(&counters::severity(severity.name())));
                let counts = counts
                    .into_iter()
                    .collect::<driftsentry::Result<Vec<_>>>()?;
                Ok(serde_json::to_vec(&counts)?)
            }
        }
    }
}

/// The newest drifts that nobody has decided on, at most so many.
pub(crate) fn detected(data: &Data, most: usize) -> Outcome<Vec<DriftId>> {
    let detected = Query {
        filters: vec![Filter {
            field: field::STATUS,
            any_of: vec!["detected".to_owned()],
        }],
        ..Query::default()
    };
    Ok(query::ids(&data.store, &data.drifts, &detected, most)?
        .1
        .ids)
}

/// A page of drifts to ask for.
#[derive(Debug, Default)]
struct Page {
    /// As the API takes it.
    words: String,
    /// As the peer takes it: its sort, its filter, its page; none where it isn't asked.
    peer: Option<(&'static str, String, u64)>,
    query: Query,
}

impl Page {
    fn asked(self) -> Asked {
        let peer = self
            .peer
            .map(|(sort, filter, page)| peer::page(sort, &filter, page));
        Asked {
            path: format!("/api/v1/drifts?{}", self.words),
            peer,
            ask: Ask::Page(Box::new(self.query)),
        }
    }

    fn newest() -> Self {
        Self {
            words: "limit=20".to_owned(),
            peer: Some(("-created", String::new(), 1)),
            ..Self::default()
        }
    }

    /// The n-th pair of a status and a region, in one order or the other.
    fn filtered(n: u64, by_cost: bool) -> Self {
        let status = ["detected", "triaged", "approved", "resolved"][(n % 4) as usize];
        let region = REGIONS[(n / 4 % 8) as usize];
        let filters = [(field::STATUS, status), (field::REGION, region)];
        let filters = filters.map(|(field, value)| Filter {
            field,
            any_of: vec![value.to_owned()],
        });
        let (sort, words, peer) = if by_cost {
            (Sort::Cost, "&sortBy=costImpactMonthly", "-cost")
        } else {
            (Sort::default(), "", "-created")
        };
        Self {
            words: format!("status={status}&region={region}{words}"),
            peer: Some((peer, format!("status='{status}' && region='{region}'"), 1)),
            query: Query {
                filters: filters.to_vec(),
                sort,
                ..Query::default()
            },
        }
    }

    fn numbered(page: u64) -> Self {
        Self {
            words: format!("page={page}"),
            peer: Some(("-created", String::new(), page)),
            query: Query {
                from: Position::Skip((page - 1) * PAGE),
                ..Query::default()
            },
        }
    }

    fn searched(text: String) -> Self {
        Self {
            words: format!("search={text}"),
            // In one field of our three.
            peer: Some(("-created", format!("resourceId ~ '{text}'"), 1)),
            query: Query {
                search: Some(text),
                ..Query::default()
            },
        }
    }

    fn sorted(words: &str, sort: Sort, page: u64) -> Self {
        let numbered = Self::numbered(page);
        Self {
            words: format!("sortBy={words}&{}", numbered.words),
            peer: (sort == Sort::Cost).then(|| ("-cost", String::new(), page)),
            query: Query {
                sort,
                ..numbered.query
            },
        }
    }
}

/// Every question there is, for a store with so many drifts.
pub(crate) fn all(data: &Data, drifts: u64) -> Outcome<Vec<Work>> {
    let pages = drifts / PAGE;
    let deep = if pages >= 4_000 { 4_000 } else { pages * 4 / 5 };
    let around = |middle: u64| move |n: u64| middle - VARIETY / 2 + n;
    let part_of_an_id =
        |n: u64| format!("{:017x}", noise(noise(n, 99) % drifts, 7))[4..12].to_owned();
    const COST: &str = "costImpactMonthly";
    let one = |name, path: &str, ask| Work {
        name,
        share: 0.5,
        asks: vec![Asked {
            path: path.to_owned(),
            peer: None,
            ask,
        }],
    };
    Ok(vec![
        by_id(data, drifts)?,
        pages_of("newest page", 1, |_| Page::newest()),
        pages_of("two filters", VARIETY, |n| Page::filtered(n, false)),
        pages_of("sorted by cost", VARIETY, |n| {
            Page::sorted(COST, Sort::Cost, n + 1)
        }),
        pages_of("two filters by cost", VARIETY, |n| Page::filtered(n, true)),
        pages_of("page 4,000 (fewer: 80 % deep)", VARIETY, |n| {
            Page::numbered(around(deep)(n))
        }),
        pages_of("search part of an id, 64 in turn", VARIETY, |n| {
            Page::searched(part_of_an_id(n))
        }),
        pages_of("search a service, 32 in turn", 32, |n| Page {
            peer: None,
            ..Page::searched(SERVICES[n as usize].to_owned())
        }),
        pages_of("search the same again", 1, |_| Page {
            peer: None,
            ..Page::searched("ledger".to_owned())
        }),
        pages_of("page at 80 % depth", VARIETY, |n| Page {
            peer: None,
            ..Page::numbered(around(pages * 4 / 5)(n))
        }),
        pages_of("page 4,000 by cost", VARIETY, |n| Page {
            peer: None,
            ..Page::sorted(COST, Sort::Cost, around(deep)(n))
        }),
        pages_of("sorted by severity", VARIETY, |n| {
            Page::sorted("severity", Sort::Severity, n + 1)
        }),
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
        one(
            "severity distribution",
            "/api/v1/metrics/severity-distribution",
            Ask::Severities,
        ),
    ])
}

fn pages_of(name: &'static str, wordings: u64, page: impl Fn(u64) -> Page) -> Work {
    Work {
        name,
        share: 0.5,
        asks: (0..wordings).map(|n| page(n).asked()).collect(),
    }
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
        asks.push(Asked {
            path: format!("/api/v1/drifts/{id}"),
            peer: Some(peer::record(id)),
            ask: Ask::One(id),
        });
    }
    Ok(Work {
        name: "one by id",
        share: 0.75,
        asks,
    })
}
