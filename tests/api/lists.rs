//! Finding drifts: filters, search, order, pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{App, Client, encode};

/// Twelve drifts that differ in what lists filter by. Severity goes by thirds, type by halves.
#[track_caller]
fn dozen(client: &Client) -> Vec<String> {
    (0..12)
        .map(|n| {
            let severity = ["critical", "warning", "info"][n % 3];
            let with = json!({
                "workspace": if n < 4 { "shop/prod" } else { "shop/staging" },
                "severity": severity,
                "resourceType": if n % 2 == 0 { "aws_instance" } else { "aws_s3_bucket" },
                "resourceAddress": format!("aws_thing.number-{n}"),
                "region": if n < 6 { "eu-west-1" } else { "us-east-1" },
                "costImpactMonthly": (n * 7 % 12) as f64 + 0.25,
                "kind": if n == 11 { "unmanaged" } else { "modified" },
            });
            client
                .create(&format!("id-{n}"), with)
                .expect(201)
                .text("/data/id")
        })
        .collect()
}

fn ids(drifts: &[Value]) -> Vec<String> {
    drifts
        .iter()
        .map(|drift| drift["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn each_filter_finds_its_own() {
    let app = App::start();
    let engineer = app.as_engineer();
    let made = dozen(&engineer);
    engineer.triage(&made[0]).expect(200);
    engineer
        .approve(&made[1], "it is to be reverted")
        .expect(200);
    engineer
        .reject(&made[2], "it is to stay as it is")
        .expect(200);
    engineer.resolve(&made[3], "manual-fix").expect(200);
    for (query, count) in [
        ("", 12),
        ("status=all", 12),
        ("status=open", 10),
        ("status=detected", 8),
        ("status=triaged,approved", 2),
        ("status=rejected", 1),
        ("status=resolved", 1),
        ("severity=critical", 4),
        ("severity=critical,info", 8),
        ("severity=all", 12),
        ("kind=unmanaged", 1),
        ("kind=missing", 0),
        ("resourceType=aws_s3_bucket", 6),
        ("resourceType=aws_instance,aws_s3_bucket", 12),
        ("resourceType=aws_inst", 0),
        ("region=us-east-1", 6),
        ("region=nowhere", 0),
        ("workspace=shop/prod", 4),
        ("workspace=shop", 0),
        ("assignee=nobody%40example.com", 0),
        ("severity=critical&region=eu-west-1", 2),
        (
            "severity=critical&region=eu-west-1&status=open&workspace=shop/prod",
            1,
        ),
        ("search=number-1", 3),
        ("search=NUMBER-11", 1),
        ("search=id-5", 1),
        ("search=s3_buck", 6),
        ("search=number&severity=info", 4),
        ("detectedFrom=2020-01-01T00:00:00Z", 12),
        ("detectedTo=2020-01-01T00:00:00Z", 0),
        (
            "detectedFrom=2020-01-01T00:00:00Z&detectedTo=2099-01-01T00:00:00Z",
            12,
        ),
    ] {
        assert_eq!(engineer.drifts(query).len(), count, "{query}");
    }
}

#[test]
fn a_search_is_literal() {
    let app = App::start();
    let engineer = app.as_engineer();
    for name in [
        "a%b",
        "a_b",
        "aXb",
        "back\\slash",
        "quo'te",
        "(paren",
        "uni-É漢",
    ] {
        engineer.create(name, Value::Null).expect(201);
    }
    for (text, found) in [
        ("a%b", vec!["a%b"]),
        ("%", vec!["a%b"]),
        ("a_b", vec!["a_b"]),
        ("axb", vec!["aXb"]),
        ("\\", vec!["back\\slash"]),
        ("'", vec!["quo'te"]),
        ("(", vec!["(paren"]),
        ("漢", vec!["uni-É漢"]),
        (".*", vec![]),
    ] {
        let drifts = engineer.drifts(&format!("search={}", encode(text)));
        let names: Vec<&str> = drifts
            .iter()
            .map(|drift| drift["resourceId"].as_str().expect("a text"))
            .collect();
        assert_eq!(names, found, "search for {text}");
    }
}

#[test]
fn states_are_listed_on_demand() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer.new_drift("i-1");
    assert_eq!(
        engineer.drifts("include=state")[0]["actualState"]["instance_type"],
        "m5.4xlarge"
    );
    assert!(
        engineer.drifts("")[0]
            .get("actualState")
            .is_none_or(Value::is_null)
    );
    assert!(engineer.drifts("")[0]["difference"].is_object());
}

#[test]
fn the_newest_come_first_unless_asked() {
    let app = App::start();
    let engineer = app.as_engineer();
    let mut made = dozen(&engineer);
    assert_eq!(
        ids(&engineer.drifts("sortBy=createdAt&sortOrder=asc")),
        made
    );
    assert_eq!(ids(&engineer.drifts("sortOrder=asc")), made);
    made.reverse();
    assert_eq!(ids(&engineer.drifts("")), made);
    assert_eq!(
        ids(&engineer.drifts("sortBy=createdAt&sortOrder=desc")),
        made
    );
}

#[test]
fn each_order_is_kept_in_both_directions() {
    let app = App::start();
    let engineer = app.as_engineer();
    dozen(&engineer);
    let rank = |drift: &Value| match drift["severity"].as_str() {
        Some("critical") => 0.0,
        Some("warning") => 1.0,
        _ => 2.0,
    };
    for by in [
        "createdAt",
        "detectedAt",
        "lastSeenAt",
        "costImpactMonthly",
        "severity",
    ] {
        let up = engineer.drifts(&format!("sortBy={by}&sortOrder=asc"));
        let mut down = engineer.drifts(&format!("sortBy={by}&sortOrder=desc"));
        assert_eq!(ids(&up).iter().collect::<BTreeSet<_>>().len(), 12, "{by}");
        let values = |drifts: &[Value]| -> Vec<String> {
            drifts
                .iter()
                .map(|drift| match by {
                    "severity" => format!("{}", rank(drift)),
                    "costImpactMonthly" => format!("{:012.2}", drift[by].as_f64().expect("a cost")),
                    _ => drift[by].as_str().expect("a time").to_owned(),
                })
                .collect()
        };
        let ascending = values(&up);
        down.reverse();
        let sorted_down = values(&down);
        if by == "severity" {
            // "Sorted in that order": which end comes first by default is not said, the alphabet is wrong both ways.
            assert!(
                ascending.is_sorted() || ascending.iter().rev().is_sorted(),
                "{by}: {ascending:?}"
            );
        } else {
            assert!(ascending.is_sorted(), "{by} up: {ascending:?}");
        }
        assert_eq!(ascending, sorted_down, "{by}: down is up reversed");
    }
}

#[test]
fn a_drift_without_a_cost_is_listed_too() {
    let app = App::start();
    let engineer = app.as_engineer();
    engineer
        .create("priced", json!({"costImpactMonthly": 5}))
        .expect(201);
    engineer
        .create("cheaper", json!({"costImpactMonthly": -2.5}))
        .expect(201);
    engineer.create("unpriced", Value::Null).expect(201);
    for order in ["asc", "desc"] {
        let drifts = engineer.drifts(&format!("sortBy=costImpactMonthly&sortOrder={order}"));
        assert_eq!(drifts.len(), 3);
        let at = |name: &str| {
            drifts
                .iter()
                .position(|drift| drift["resourceId"] == name)
                .expect("listed")
        };
        assert_eq!(at("cheaper") < at("priced"), order == "asc");
    }
}

#[test]
fn pages_cover_everything_once() {
    let app = App::start();
    let engineer = app.as_engineer();
    let made: BTreeSet<String> = dozen(&engineer).into_iter().collect();
    for by in ["createdAt", "costImpactMonthly", "severity"] {
        let mut seen = Vec::new();
        for page in 1..=3 {
            let answer = engineer
                .get(&format!("/drifts?sortBy={by}&limit=5&page={page}"))
                .expect(200);
            assert_eq!(answer.number("/data/pagination/total"), 12);
            seen.extend(ids(&answer.items()));
        }
        assert_eq!(seen.len(), 12, "{by}");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made, "{by}");
    }
}

#[test]
fn a_cursor_is_stable_while_rows_arrive() {
    let app = App::start();
    let engineer = app.as_engineer();
    let made = dozen(&engineer);
    for (order, by) in [
        ("desc", "createdAt"),
        ("asc", "createdAt"),
        ("desc", "severity"),
        ("asc", "costImpactMonthly"),
    ] {
        let first = format!("/drifts?limit=5&sortBy={by}&sortOrder={order}");
        let mut page = engineer.get(&first).expect(200);
        let mut seen = ids(&page.items());
        let mut arrived = 0;
        while let Value::String(cursor) = page.at("/data/pagination/nextCursor") {
            // Rows arrive while the first pages are read, then the rest is read to its end.
            for _ in 0..if arrived < 9 { 3 } else { 0 } {
                let late = json!({"severity": "critical", "costImpactMonthly": 0.01});
                let name = format!("late-{by}-{order}-{arrived}");
                engineer.create(&name, late).expect(201);
                arrived += 1;
            }
            page = engineer
                .get(&format!("{first}&cursor={}", encode(&cursor)))
                .expect(200);
            seen.extend(ids(&page.items()));
            assert!(seen.len() < 200, "the cursor never ends");
        }
        let originals: Vec<&String> = seen.iter().filter(|id| made.contains(id)).collect();
        let distinct: BTreeSet<&&String> = originals.iter().collect();
        assert_eq!(
            originals.len(),
            distinct.len(),
            "{by} {order}: a row came twice"
        );
        assert_eq!(distinct.len(), 12, "{by} {order}: a row was skipped");
    }
}

#[test]
fn a_cursor_of_another_order_is_refused_or_harmless() {
    let app = App::start();
    let engineer = app.as_engineer();
    dozen(&engineer);
    let cursor = engineer
        .get("/drifts?limit=5")
        .expect(200)
        .text("/data/pagination/nextCursor");
    let cursor = encode(&cursor);
    engineer
        .get(&format!("/drifts?limit=5&sortBy=severity&cursor={cursor}"))
        .expect_any(&[200, 400]);
    engineer
        .get(&format!("/drifts?cursor={}", &cursor[..cursor.len() / 2]))
        .expect_any(&[200, 400]);
}
