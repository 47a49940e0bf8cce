//! A key that is limited to a workspace: all of that one is there for it, and nothing of any other.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{App, Client, Plan};

/// Where the keys reach.
const WITHIN: &str = "team/a";
/// Where they do not.
const BEYOND: &str = "team/b";
/// Begins as the one within does: a name is no prefix.
const ALIKE: &str = "team/a2";
const UNKNOWN: &str = "01990000-0000-7000-8000-000000000000";
const REASON: &str = "agreed with the team in the stand-up";

/// A server with the same of everything in each workspace, and a key of each scope limited to one.
struct World {
    app: App,
    reader: Client,
    engineer: Client,
    machine: Client,
}

impl World {
    fn new() -> Self {
        let app = App::start();
        for workspace in [WITHIN, BEYOND, ALIKE] {
            fill(&app.as_engineer(), workspace);
        }
        let key = |scope: &str| {
            let key = app.new_key(&format!("{scope} of one"), scope, &[WITHIN]);
            app.as_nobody().with_credential(&key)
        };
        let [reader, engineer, machine] = ["read", "engineer", "ingest"].map(key);
        Self {
            app,
            reader,
            engineer,
            machine,
        }
    }

    /// What of a list is somewhere, by id.
    #[track_caller]
    fn of(&self, path: &str, workspace: &str) -> Vec<String> {
        ids(&self
            .app
            .as_admin()
            .all(path, &format!("workspace={workspace}")))
    }

    /// The drifts of a workspace that can be decided on.
    #[track_caller]
    fn open(&self, workspace: &str) -> Vec<String> {
        ids(&self
            .app
            .as_admin()
            .drifts(&format!("workspace={workspace}&status=open")))
    }
}

/// Two scans with critical drifts, one of which is gone in the second, and a drift by hand.
fn fill(engineer: &Client, workspace: &str) {
    let group = |name: &str| format!("aws_security_group.{name}");
    let (shut, open) = (
        json!({"ingress": ["10.0.0.0/8"]}),
        json!({"ingress": ["0.0.0.0/0"]}),
    );
    let first = Plan::refresh_only()
        .updated(&group("web"), shut.clone(), open.clone())
        .updated(&group("db"), shut.clone(), open.clone())
        .deleted("aws_instance.gone", json!({"id": "i-1"}));
    engineer
        .push_bytes(workspace, &first.bytes(), &[])
        .expect(201);
    let second =
        Plan::normal()
            .in_sync(&group("db"), shut.clone())
            .updated(&group("web"), shut, open);
    engineer
        .push_bytes(workspace, &second.bytes(), &[])
        .expect(201);
    let by_hand = json!({
        "workspace": workspace, "resourceId": "by-hand", "resourceType": "aws_instance",
        "region": "eu-west-1", "expectedState": {"a": 1}, "actualState": {"a": 2},
    });
    let drift = engineer.post("/drifts", &by_hand).expect(201);
    let id = drift.text("/data/id");
    engineer
        .comment(&id, &format!("only for {workspace}"))
        .expect(201);
}

fn ids(items: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids
}

/// Whether a text tells of what is out of reach.
#[track_caller]
fn tells_nothing(text: &str, secrets: &[String]) {
    for secret in secrets.iter().map(String::as_str).chain([BEYOND, ALIKE]) {
        assert!(!text.contains(secret), "{secret} is out of reach: {text}");
    }
}

#[test]
fn lists_hold_what_is_within_reach_and_no_more() {
    let world = World::new();
    let beyond = [
        world.of("/drifts", BEYOND),
        world.of("/scans", BEYOND),
        world.of("/alerts", BEYOND),
    ]
    .concat();
    for (path, clients) in [
        ("/drifts", &[&world.reader, &world.engineer][..]),
        ("/alerts", &[&world.reader, &world.engineer]),
        ("/scans", &[&world.reader, &world.engineer, &world.machine]),
    ] {
        let all = world.of(path, WITHIN);
        assert!(all.len() > 1, "{path}: {all:?}");
        for client in clients {
            for query in [
                "",
                "workspace=all",
                "workspace=team/a,team/b",
                "workspace=team/a,nope",
                "workspace=",
            ] {
                let seen = client.get(&format!("{path}?limit=100&{query}")).expect(200);
                assert_eq!(ids(&seen.items()), all, "{path}?{query}");
                assert_eq!(
                    seen.number("/data/pagination/total"),
                    all.len() as i64,
                    "{path}?{query}"
                );
                tells_nothing(&seen.body_text(), &beyond);
            }
            for query in [
                "workspace=team/b",
                "workspace=team/a2",
                "workspace=nope",
                "workspace=team/b,nope",
            ] {
                let seen = client.get(&format!("{path}?{query}")).expect(200);
                assert_eq!(seen.number("/data/pagination/total"), 0, "{path}?{query}");
                assert!(seen.items().is_empty(), "{path}?{query}");
            }
        }
    }
    for query in [
        "search=security_group",
        "severity=critical",
        "sortBy=severity&sortOrder=asc",
        "include=state",
    ] {
        let expected = ids(&world
            .app
            .as_admin()
            .drifts(&format!("workspace={WITHIN}&{query}")));
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(ids(&world.reader.drifts(query)), expected, "{query}");
    }
}

#[test]
fn pages_and_others_cursors_stay_within_reach() {
    let world = World::new();
    let admin = world.app.as_admin();
    for (path, client) in [
        ("/drifts", &world.reader),
        ("/alerts", &world.reader),
        ("/scans", &world.machine),
    ] {
        let all: BTreeSet<String> = world.of(path, WITHIN).into_iter().collect();
        for page in 1..=9 {
            let page = client
                .get(&format!("{path}?limit=1&page={page}"))
                .expect(200);
            assert!(
                ids(&page.items()).iter().all(|id| all.contains(id)),
                "{path}"
            );
        }
        // A cursor from whoever sees everything is a place, not a permission.
        let mut cursor = String::new();
        for _ in 0..20 {
            let page = admin.get(&format!("{path}?limit=1{cursor}")).expect(200);
            let Value::String(next) = page.at("/data/pagination/nextCursor") else {
                break;
            };
            cursor = format!("&cursor={}", crate::harness::encode(&next));
            let seen = client.get(&format!("{path}?limit=100{cursor}")).expect(200);
            assert!(
                ids(&seen.items()).iter().all(|id| all.contains(id)),
                "{path}"
            );
        }
        assert!(!cursor.is_empty());
    }
}

#[test]
fn workspaces_beyond_are_not_there() {
    let world = World::new();
    for client in [&world.reader, &world.engineer, &world.machine] {
        let seen = client.get("/workspaces").expect(200);
        assert_eq!(seen.number("/data/pagination/total"), 1);
        assert_eq!(seen.items()[0]["name"], WITHIN);
        assert_eq!(
            client
                .get("/workspaces?name=team")
                .expect(200)
                .items()
                .len(),
            1
        );
        assert!(
            client
                .get("/workspaces?name=team/b")
                .expect(200)
                .items()
                .is_empty()
        );
        let own = seen.items()[0]["id"].as_str().expect("an id").to_owned();
        client.get(&format!("/workspaces/{own}")).expect(200);
        for other in world.app.as_admin().all("/workspaces", "") {
            if other["name"] != WITHIN {
                let id = other["id"].as_str().expect("an id");
                client
                    .get(&format!("/workspaces/{id}"))
                    .expect(404)
                    .code("NOT_FOUND");
            }
        }
    }
}

/// The same as to an id of nothing, so that nobody learns what there is.
#[track_caller]
fn as_unknown(client: &Client, path: &str, id: &str) {
    let shape = |id: &str| {
        let mut body = client
            .get(&path.replace("{id}", id))
            .expect(404)
            .code("NOT_FOUND")
            .json();
        for differs in ["traceId", "timestamp"] {
            body["error"][differs].take();
        }
        body
    };
    assert_eq!(shape(id), shape(UNKNOWN), "{path}");
}

#[test]
fn single_reads_beyond_answer_as_to_an_unknown_id() {
    let world = World::new();
    let readers = [&world.reader, &world.engineer];
    let with_machine = [&world.reader, &world.engineer, &world.machine];
    for (list, paths, clients) in [
        (
            "/drifts",
            &["/drifts/{id}", "/drifts/{id}/timeline"][..],
            &readers[..],
        ),
        (
            "/scans",
            &["/scans/{id}", "/scans/{id}/drifts"],
            &with_machine,
        ),
    ] {
        for client in clients {
            for path in paths {
                for id in [world.of(list, BEYOND), world.of(list, ALIKE)].concat() {
                    as_unknown(client, path, &id);
                }
                for id in world.of(list, WITHIN) {
                    let seen = client.get(&path.replace("{id}", &id)).expect(200);
                    tells_nothing(&seen.body_text(), &[]);
                }
            }
        }
    }
    // Alerts are found by their drift, too.
    for client in readers {
        for (workspace, some) in [(WITHIN, true), (BEYOND, false)] {
            let found = world.of("/drifts", workspace).iter().any(|id| {
                !client
                    .get(&format!("/alerts?driftId={id}"))
                    .expect(200)
                    .items()
                    .is_empty()
            });
            assert_eq!(found, some, "alerts of {workspace} by drift");
        }
    }
}

#[test]
fn exports_hold_what_is_within_reach() {
    let world = World::new();
    let within = world.of("/drifts", WITHIN);
    let beyond = world.of("/drifts", BEYOND);
    for client in [&world.reader, &world.engineer] {
        for query in ["", "&workspace=all", "&workspace=team/a,team/b"] {
            for format in ["csv", "ndjson"] {
                let text = client
                    .get(&format!("/drifts/export?format={format}{query}"))
                    .expect(200)
                    .body_text();
                assert!(
                    within.iter().all(|id| text.contains(id)),
                    "{format}{query}: {text}"
                );
                tells_nothing(&text, &beyond);
            }
        }
        for format in ["csv", "ndjson"] {
            let path = format!("/drifts/export?format={format}&workspace={BEYOND}");
            tells_nothing(&client.get(&path).expect(200).body_text(), &beyond);
        }
    }
}

#[test]
fn decisions_and_comments_beyond_find_nothing_and_change_nothing() {
    let world = World::new();
    let admin = world.app.as_admin();
    let before: Vec<Value> = admin.drifts(&format!("workspace={BEYOND},{ALIKE}"));
    let entries = admin
        .get("/audit-logs")
        .expect(200)
        .number("/data/pagination/total");
    for drift in &before {
        let id = drift["id"].as_str().expect("an id");
        for action in ["triage", "approve", "reject", "resolve"] {
            world
                .engineer
                .decide(id, action)
                .expect(404)
                .code("NOT_FOUND");
            world
                .reader
                .decide(id, action)
                .expect(403)
                .code("FORBIDDEN");
        }
        world
            .engineer
            .comment(id, "what do we have here?")
            .expect(404)
            .code("NOT_FOUND");
    }
    for id in world.of("/alerts", BEYOND) {
        world
            .engineer
            .post_empty(&format!("/alerts/{id}/mark-read"))
            .expect(404)
            .code("NOT_FOUND");
    }
    assert_eq!(admin.drifts(&format!("workspace={BEYOND},{ALIKE}")), before);
    assert_eq!(
        admin
            .get("/audit-logs")
            .expect(200)
            .number("/data/pagination/total"),
        entries
    );

    // Within, it all works.
    let own = world.open(WITHIN);
    world.engineer.comment(&own[0], "ours").expect(201);
    world.engineer.triage(&own[0]).expect(200);
    world.engineer.approve(&own[0], REASON).expect(200);
    world.engineer.resolve(&own[0], "manual-fix").expect(200);
    world.engineer.reject(&own[1], REASON).expect(200);
    let alert = world.of("/alerts", WITHIN).swap_remove(0);
    world
        .engineer
        .post_empty(&format!("/alerts/{alert}/mark-read"))
        .expect(200);
    world
        .reader
        .post_empty(&format!("/alerts/{alert}/mark-read"))
        .expect(200);
}

#[test]
fn bulk_decisions_reach_no_further() {
    let world = World::new();
    let admin = world.app.as_admin();
    let (own, others) = (world.open(WITHIN), world.open(BEYOND));
    let mixed = json!({"action": "triage", "ids": [own[0], others[0], UNKNOWN]});
    let outcome = world
        .engineer
        .post("/drifts/bulk", &mixed)
        .expect(200)
        .data();
    let codes: Vec<&Value> = outcome["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| &result["error"]["code"])
        .collect();
    assert_eq!(
        codes,
        [&json!(null), &json!("NOT_FOUND"), &json!("NOT_FOUND")],
        "{outcome}"
    );

    let all = own.len() + others.len() + world.open(ALIKE).len();
    let by_filter = |filter: Value, expected: usize| {
        let body = json!({"action": "triage", "filter": filter, "expectedTotal": expected});
        world.engineer.post("/drifts/bulk", &body)
    };
    let open = json!({"status": "open"});
    let refused = by_filter(open.clone(), all).expect(409);
    let told = format!("matches {} drifts", own.len());
    assert!(refused.message().contains(&told), "{}", refused.message());
    by_filter(json!({"workspace": BEYOND, "status": "open"}), others.len()).expect(409);
    let none = by_filter(json!({"workspace": BEYOND, "status": "open"}), 0).expect(200);
    assert_eq!(none.number("/data/total"), 0);
    let done = by_filter(open, own.len()).expect(200);
    assert_eq!(done.number("/data/total"), own.len() as i64);
    for id in others {
        assert_eq!(admin.drift(&id)["status"], "detected");
    }
}

#[test]
fn nothing_is_made_or_pushed_beyond() {
    let world = World::new();
    let plan = Plan::refresh_only().bytes();
    let idempotent = [("Idempotency-Key", "the same for both")];
    let theirs = world
        .app
        .as_engineer()
        .push_bytes(BEYOND, &plan, &idempotent)
        .expect(201);
    for client in [&world.engineer, &world.machine] {
        for workspace in [BEYOND, ALIKE, "team", "team/a/b", "brand/new"] {
            client
                .push_bytes(workspace, &plan, &[])
                .expect(403)
                .code("FORBIDDEN");
            client
                .push_bytes(workspace, &plan, &idempotent)
                .expect(403)
                .code("FORBIDDEN");
            let key = format!("/fingerprint-key?workspace={workspace}");
            client.get(&key).expect(403).code("FORBIDDEN");
        }
        // What somebody else was answered under the same Idempotency-Key is theirs.
        let ours = client.push_bytes(WITHIN, &plan, &idempotent).expect(201);
        assert_eq!(ours.text("/data/workspace"), WITHIN);
        assert_ne!(ours.text("/data/id"), theirs.text("/data/id"));
        client
            .get(&format!("/fingerprint-key?workspace={WITHIN}"))
            .expect(200);
    }
    world
        .reader
        .push_bytes(WITHIN, &plan, &[])
        .expect(403)
        .code("FORBIDDEN");
    let drift = |workspace: Option<&str>| {
        world.engineer.post(
            "/drifts",
            &json!({
                "workspace": workspace, "resourceId": "by-hand", "resourceType": "aws_instance",
                "region": "eu-west-1", "expectedState": {"a": 1}, "actualState": {"a": 2},
            }),
        )
    };
    drift(Some(BEYOND)).expect(403).code("FORBIDDEN");
    drift(Some("brand/new")).expect(403).code("FORBIDDEN");
    // Where it isn't said, it is a workspace of its own, which is out of reach as well.
    drift(None).expect(403).code("FORBIDDEN");
    let names: Vec<Value> = world
        .app
        .as_admin()
        .all("/workspaces", "")
        .iter()
        .map(|each| each["name"].clone())
        .collect();
    assert_eq!(names, [WITHIN, ALIKE, BEYOND]);
}

#[test]
fn what_spans_all_workspaces_is_refused() {
    let world = World::new();
    for client in [&world.reader, &world.engineer, &world.machine] {
        for path in [
            "/metrics/summary",
            "/metrics/cost-trend",
            "/metrics/severity-distribution",
            "/metrics/status-distribution",
        ] {
            client.get(path).expect(403).code("FORBIDDEN");
        }
        client
            .post_empty("/alerts/mark-all-read")
            .expect(403)
            .code("FORBIDDEN");
    }
    let unread = world
        .app
        .as_admin()
        .get(&format!("/alerts?isRead=false&workspace={WITHIN}"));
    let count = world
        .reader
        .get("/alerts/unread-count")
        .expect(200)
        .number("/data/count");
    assert_eq!(count, unread.expect(200).number("/data/pagination/total"));
    assert!(count > 0);
}
