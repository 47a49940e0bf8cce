//! Lists from memory against a plain look through all rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftsentry::drifts::api::Known;
use driftsentry::drifts::api::views::{DriftItemView, DriftView, Show};
use driftsentry::drifts::index::{Index, field};
use driftsentry::drifts::query::{self, Position, Query, Sort};
use driftsentry::drifts::{Record, records};
use driftsentry::ids::DriftId;
use driftsentry::listing::Filter;
use driftsentry::store::{FILE_NAME, View};
use driftsentry::time::Timestamp;
use driftsentry::{alerts, check, scans};
use proptest::prelude::*;

use crate::world::{ADDRESSES, World, deeds, open, open_saving};

/// What is asked for.
#[derive(Debug, Clone)]
struct Asked {
    filters: Vec<(usize, Vec<String>)>,
    search: Option<String>,
    /// Hours since the first of March, from and before.
    detected: Option<(i64, i64)>,
    sort: Sort,
    descending: bool,
    limit: usize,
}

fn json(view: &impl serde::Serialize) -> String {
    serde_json::to_string(view).unwrap()
}

const MARCH_MS: i64 = 1_772_323_200_000;

fn values(of: usize) -> &'static [&'static str] {
    match of {
        field::STATUS => &[
            "detected", "triaged", "approved", "rejected", "resolved", "x",
        ],
        field::SEVERITY => &["critical", "warning", "info"],
        field::KIND => &["modified", "missing", "unmanaged", "pending", "state_only"],
        field::RESOURCE_TYPE => &["aws_instance", "aws_security_group", "a", "aws_s3_bucket"],
        field::REGION => &["eu-west-1", "us-east-1", ""],
        field::WORKSPACE => &["shop/prod", "shop/staging", "nobody"],
        _ => &["li@shop.example", ""],
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let filter = (0..7_usize).prop_flat_map(|of| {
        let any_of = prop::sample::subsequence(values(of), 0..=values(of).len());
        any_of.prop_map(move |any_of| (of, any_of.into_iter().map(str::to_owned).collect()))
    });
    // Parts of what there is, in another case; wildcards of other stores; texts that are nowhere.
    let part = (0..ADDRESSES.len(), 0..20_usize, 1..8_usize, any::<bool>()).prop_map(
        |(at, from, length, upper)| {
            let part: String = ADDRESSES[at].chars().skip(from).take(length).collect();
            if upper { part.to_uppercase() } else { part }
        },
    );
    let literal = prop::sample::select(vec![
        "%", "_", "a%", "p_a", "A_", "ID-3_X", "id-3_x", ".", "İ", "i̇", "zzz", "aws_", "[\"", "\\",
    ]);
    let search = prop_oneof![
        2 => Just(None),
        2 => part.prop_map(Some),
        2 => literal.prop_map(|text| Some(text.to_owned())),
    ];
    let sort = prop::sample::select(vec![
        Sort::Created,
        Sort::Detected,
        Sort::LastSeen,
        Sort::Cost,
        Sort::Severity,
    ]);
    (
        prop::collection::vec(filter, 0..3),
        search,
        prop::option::weighted(0.3, (0..80_i64, 0..120_i64)),
        sort,
        any::<bool>(),
        1..7_usize,
    )
        .prop_map(
            |(filters, search, detected, sort, descending, limit)| Asked {
                filters,
                search: search.filter(|text| !text.is_empty()),
                detected,
                sort,
                descending,
                limit,
            },
        )
}

fn value_of(drift: &Record, of: usize) -> &str {
    match of {
        field::STATUS => drift.status.name(),
        field::SEVERITY => drift.severity.name(),
        field::KIND => records::kind_name(drift),
        field::RESOURCE_TYPE => &drift.resource_type,
        field::REGION => drift.region.as_deref().unwrap_or_default(),
        field::WORKSPACE => &drift.workspace,
        _ => drift.assignee.as_deref().unwrap_or_default(),
    }
}

impl Asked {
    fn detected_ms(&self) -> Option<(i64, i64)> {
        let ms = |hours: i64| MARCH_MS + hours * 3_600_000;
        self.detected.map(|(from, to)| (ms(from), ms(to)))
    }

    fn query(&self, from: Position) -> Query {
        Query {
            filters: self
                .filters
                .iter()
                .map(|(field, any_of)| Filter {
                    field: *field,
                    any_of: any_of.clone(),
                })
                .collect(),
            search: self.search.clone(),
            detected: self.detected_ms(),
            sort: self.sort,
            descending: self.descending,
            from,
        }
    }

    fn passes(&self, drift: &Record) -> bool {
        let found = |search: &String| {
            let folded = search.to_lowercase();
            [&drift.resource_id, &drift.address, &drift.resource_type]
                .iter()
                .any(|text| text.to_lowercase().contains(&folded))
        };
        self.filters
            .iter()
            .all(|(of, any_of)| any_of.iter().any(|value| value == value_of(drift, *of)))
            && self.search.as_ref().is_none_or(found)
            && self
                .detected_ms()
                .is_none_or(|(from, to)| (from..to).contains(&drift.detected_at.unix_ms()))
    }

    /// All rows in their order, the plain way.
    fn plainly(&self, drifts: &[Record]) -> Vec<DriftId> {
        let key = |drift: &Record| match self.sort {
            Sort::Created => 0,
            Sort::Detected => drift.detected_at.unix_ms(),
            Sort::LastSeen => drift.last_seen_at.unix_ms(),
            Sort::Cost => drift.cost.map_or(i64::MIN, |cost| cost.0),
            Sort::Severity => match drift.severity.name() {
                "critical" => 2,
                "warning" => 1,
                _ => 0,
            },
        };
        let mut rows: Vec<(i64, DriftId)> = drifts
            .iter()
            .filter(|drift| self.passes(drift))
            .map(|drift| (key(drift), drift.id))
            .collect();
        rows.sort();
        if self.descending {
            rows.reverse();
        }
        rows.into_iter().map(|(_, id)| id).collect()
    }
}

/// Asks page by page, by number and by cursor, and compares.
fn compare(world: &World, index: &Index, asked: &Asked) -> Result<(), TestCaseError> {
    let expected = asked.plainly(&world.drifts());
    let mut by_number = Vec::new();
    let mut by_cursor = Vec::new();
    let mut from = Position::Skip(0);
    for page in 0..=expected.len() / asked.limit {
        let skip = (page * asked.limit) as u64;
        let found = query::page(
            &world.store,
            index,
            &asked.query(Position::Skip(skip)),
            asked.limit,
        )
        .unwrap();
        prop_assert_eq!(found.total, expected.len() as u64, "{:?}", asked);
        by_number.extend(found.drifts.iter().map(|drift| drift.id));
        let found =
            query::page(&world.store, index, &asked.query(from.clone()), asked.limit).unwrap();
        prop_assert_eq!(found.total, expected.len() as u64);
        by_cursor.extend(found.drifts.iter().map(|drift| drift.id));
        if let Some(next) = found
            .drifts
            .last()
            .map(|last| query::after(last, asked.sort))
        {
            from = next;
        }
    }
    prop_assert_eq!(&by_number, &expected, "{:?}", asked);
    prop_assert_eq!(&by_cursor, &expected, "{:?}", asked);
    Ok(())
}

/// Asks who has waited for a decision since some moments, and compares.
fn compare_waiting(world: &World, index: &Index) -> Result<(), TestCaseError> {
    let drifts = world.drifts();
    let mut waiting: Vec<(Timestamp, DriftId)> = drifts
        .iter()
        .filter_map(|drift| Some((drift.undecided_since()?, drift.id)))
        .collect();
    waiting.sort();
    for hours in [0, 1, 5, 24, 100] {
        let moment = world.now.plus_ms(-hours * 3_600_000);
        let plainly: Vec<DriftId> = waiting
            .iter()
            .filter(|(since, _)| *since <= moment)
            .map(|(_, id)| *id)
            .collect();
        prop_assert_eq!(&index.undecided_since(moment, usize::MAX), &plainly);
        let first = &plainly[..plainly.len().min(2)];
        prop_assert_eq!(&index.undecided_since(moment, 2), first);
    }
    Ok(())
}

fn compare_all(world: &World, index: &Index, asked: &[Asked]) -> Result<(), TestCaseError> {
    for asked in asked {
        compare(world, index, asked)?;
    }
    compare_waiting(world, index)
}

fn looked_at(report: &check::Report, name: &str) -> u64 {
    let found = report.checks.iter().find(|check| check.name == name);
    found.map_or(0, |check| check.looked_at)
}

/// Every view that is saved, the drifts' one by itself too.
fn views() -> (Arc<Index>, Vec<Arc<dyn View>>) {
    let index = Arc::new(Index::default());
    let all = vec![
        index.clone() as Arc<dyn View>,
        Arc::new(alerts::index::Index::default()),
        Arc::new(scans::index::Index::default()),
    ];
    (index, all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn lists_are_what_a_plain_look_finds_before_and_after_a_restart(
        before in deeds(),
        after in deeds(),
        asked in prop::collection::vec(asked(), 12),
    ) {
        let index = Arc::new(Index::default());
        let mut world = World::new(vec![index.clone() as Arc<dyn View>]);
        // Asked in between, so that what is remembered of a search has to follow.
        for deeds in [&before, &after] {
            for deed in deeds {
                world.act(deed);
            }
            for asked in &asked {
                compare(&world, &index, asked)?;
            }
            compare_waiting(&world, &index)?;
        }
        world.store.close();
        let index = Arc::new(Index::default());
        world.store = open(world.dir.path(), vec![index.clone() as Arc<dyn View>]);
        for asked in &asked {
            compare(&world, &index, asked)?;
        }
        compare_waiting(&world, &index)?;
    }

    #[test]
    fn lists_are_the_same_after_a_crash_at_any_moment(
        before in deeds(),
        between in deeds(),
        after in deeds(),
        asked in prop::collection::vec(asked(), 6),
        every in 1..12_u64,
    ) {
        let mut world = World::saving(views().1, every);
        for deed in &before {
            world.act(deed);
        }
        let backup = world.copied();
        for deed in &between {
            world.act(deed);
        }
        // The files of this very moment, and what is saved from then on by who comes back from them, killed again.
        let (index, all) = views();
        let mut again = world.gone_on(world.copied(), all);
        compare_all(&again, &index, &asked)?;
        for deed in &after {
            again.act(deed);
        }
        compare_all(&again, &index, &asked)?;
        let copy = again.copied();
        let report = check::file(&copy.path().join(FILE_NAME)).unwrap();
        prop_assert!(report.sound, "{report}");
        let (index, all) = views();
        compare_all(&again.gone_on(copy, all), &index, &asked)?;
        // A clean stop saves what there is: the next start reads that.
        again.store.close();
        let file = again.dir.path().join(FILE_NAME);
        let report = check::file(&file).unwrap();
        prop_assert!(report.sound, "{report}");
        let is_saved = report.checks.iter().any(|check| check.name == "saved index");
        prop_assert!(is_saved || looked_at(&report, "drifts") == 0, "{report}");
        // An older backup is put in the place of the database, and goes another way: what was saved is not of it.
        world.store.close();
        std::fs::copy(backup.path().join(FILE_NAME), world.dir.path().join(FILE_NAME)).unwrap();
        let (index, all) = views();
        world.store = open_saving(world.dir.path(), all, Some(u64::MAX));
        compare_all(&world, &index, &asked)?;
        for deed in &after {
            world.act(deed);
        }
        world.store.close();
        let report = check::file(&world.dir.path().join(FILE_NAME)).unwrap();
        prop_assert!(report.sound, "{report}");
        let (index, all) = views();
        world.store = open(world.dir.path(), all);
        compare_all(&world, &index, &asked)?;
    }

    #[test]
    fn what_was_written_out_before_is_what_would_be_written_now(deeds in deeds()) {
        let known = Known::default();
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
            let read = world.store.snapshot().unwrap();
            for drift in world.drifts() {
                let id = drift.id;
                let alerts = alerts::ids_of(&*read, id).unwrap().len();
                for show in [Show::Summary, Show::States] {
                    let now = DriftItemView::read(&*read, drift.clone(), show).unwrap();
                    for sort in Sort::ALL {
                        let (written, after) = known.item(&read, id, show, sort).unwrap();
                        prop_assert_eq!(json(&written), json(&now));
                        prop_assert_eq!(after, query::after(&drift, sort));
                    }
                }
                for may_decide in [false, true] {
                    let now = DriftView::read(&*read, drift.clone(), may_decide, alerts).unwrap();
                    let (written, _) = known.whole(&read, id, may_decide).unwrap();
                    prop_assert_eq!(json(&written), json(&now));
                }
            }
        }
    }

    #[test]
    fn a_cursor_shows_no_row_twice_while_drifts_arrive(
        before in deeds(),
        after in deeds(),
        limit in 1..4_usize,
        descending in any::<bool>(),
    ) {
        let index = Arc::new(Index::default());
        let mut world = World::new(vec![index.clone() as Arc<dyn View>]);
        for deed in &before {
            world.act(deed);
        }
        let first: BTreeSet<DriftId> = world.drifts().iter().map(|drift| drift.id).collect();
        let mut seen = Vec::new();
        let mut from = Position::Skip(0);
        let mut coming = after.iter();
        loop {
            let query = Query { descending, from: from.clone(), ..Query::default() };
            let found = query::page(&world.store, &index, &query, limit).unwrap();
            seen.extend(found.drifts.iter().map(|drift| drift.id));
            match found.drifts.last().map(|last| query::after(last, Sort::Created)) {
                Some(next) if seen.len() < 400 => from = next,
                _ => break,
            }
            if let Some(deed) = coming.next() {
                world.act(deed);
            }
        }
        let distinct: BTreeSet<DriftId> = seen.iter().copied().collect();
        prop_assert_eq!(distinct.len(), seen.len());
        prop_assert!(first.is_subset(&distinct));
    }
}
