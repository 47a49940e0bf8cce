//! What holds for every call: shapes, codes, correlation ids, and what is refused before a handler sees it.

use serde_json::{Value, json};

use crate::harness::{App, encode};

const NOBODY: &str = "01990000-0000-7000-8000-000000000000";

#[test]
fn an_unknown_route_is_404_in_the_common_shape() {
    let app = App::start();
    let viewer = app.as_viewer();
    for path in ["/nope", "/drifts/x/y/z", "/"] {
        viewer.get(path).expect(404).code("NOT_FOUND");
    }
    viewer
        .post("/nope", &json!({}))
        .expect(404)
        .code("NOT_FOUND");
}

#[test]
fn an_unknown_id_is_404() {
    let app = App::start();
    let engineer = app.as_engineer();
    for path in ["drifts", "scans", "workspaces"] {
        engineer
            .get(&format!("/{path}/{NOBODY}"))
            .expect(404)
            .code("NOT_FOUND");
    }
    engineer
        .get(&format!("/drifts/{NOBODY}/timeline"))
        .expect(404)
        .code("NOT_FOUND");
    for action in ["triage", "approve", "reject", "resolve"] {
        engineer
            .decide(NOBODY, action)
            .expect(404)
            .code("NOT_FOUND");
    }
    engineer
        .comment(NOBODY, "hello")
        .expect(404)
        .code("NOT_FOUND");
    engineer
        .post_empty(&format!("/alerts/{NOBODY}/mark-read"))
        .expect(404)
        .code("NOT_FOUND");
}

#[test]
fn a_malformed_id_is_400() {
    let app = App::start();
    let engineer = app.as_engineer();
    let braced = encode("{01990000-0000-7000-8000-000000000000}");
    for id in [
        "1",
        "not-a-uuid",
        "01990000000070008000000000000000",
        "%00",
        "%F0%9F%92%A9",
        &braced,
    ] {
        engineer
            .get(&format!("/drifts/{id}"))
            .expect(400)
            .code("VALIDATION_ERROR");
        engineer.triage(id).expect(400).code("VALIDATION_ERROR");
        engineer
            .get(&format!("/scans/{id}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
}

#[test]
fn a_wrong_method_is_405_and_says_what_is_allowed() {
    let app = App::start();
    let client = app.as_admin();
    let drifts = client
        .delete("/drifts")
        .expect(405)
        .code("METHOD_NOT_ALLOWED");
    let allow = drifts.header("allow").expect("an Allow header").to_owned();
    assert!(
        allow.contains("GET") && allow.contains("POST"),
        "Allow: {allow}"
    );
    let approve = client
        .get(&format!("/drifts/{NOBODY}/approve"))
        .expect(405)
        .code("METHOD_NOT_ALLOWED");
    let allow = approve.header("allow").expect("an Allow header");
    assert!(
        allow.contains("POST") && !allow.contains("GET"),
        "Allow: {allow}"
    );
    let health = client
        .send("DELETE", "/health", &[], None)
        .expect(405)
        .code("METHOD_NOT_ALLOWED");
    assert!(
        health
            .header("allow")
            .is_some_and(|allow| allow.contains("GET"))
    );
}

#[test]
fn bad_json_is_400() {
    let app = App::start();
    let engineer = app.as_engineer();
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    let long = format!("{{\"resourceId\":\"{}", "x".repeat(10_000));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"resourceId\":}",
        "{} {}",
        &deep,
        &long,
        "\u{feff}{",
    ] {
        let json = [("content-type", "application/json")];
        engineer
            .send("POST", "/api/v1/drifts", &json, Some(body.as_bytes()))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    engineer
        .send(
            "POST",
            "/api/v1/drifts",
            &[("content-type", "application/json")],
            Some(b"{\"resourceId\":\"\xff\xfe\"}"),
        )
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn an_unknown_field_is_400_and_is_named() {
    let app = App::start();
    let engineer = app.as_engineer();
    let id = engineer.new_drift("i-1");
    let typo = engineer.post(
        &format!("/drifts/{id}/approve"),
        &json!({"reason": "long enough, this", "reasno": 1}),
    );
    let message = typo
        .clone()
        .expect(400)
        .code("VALIDATION_ERROR")
        .body_text();
    assert!(
        message.contains("reasno"),
        "it must say which field: {message}"
    );
    assert_eq!(engineer.drift(&id)["status"], "detected");
    engineer
        .create("i-2", json!({"colour": "red"}))
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn a_wrong_type_is_400() {
    let app = App::start();
    let engineer = app.as_engineer();
    for wrong in [
        json!({"resourceId": 7}),
        json!({"severity": "terrible"}),
        json!({"kind": "odd"}),
        json!({"detectedBy": "nobody"}),
        json!({"costImpactMonthly": "a lot"}),
        json!({"costImpactMonthly": 1e300}),
        json!({"resourceId": ""}),
        json!({"resourceId": "nul\u{0}inside"}),
        json!({"region": "line\u{7}bell"}),
    ] {
        engineer
            .create("i-1", wrong)
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    assert_eq!(
        engineer.drifts("workspace=by-hand&status=all").len(),
        0,
        "nothing was stored"
    );
}

#[test]
fn numbers_in_queries_are_whole_and_bounded() {
    let app = App::start();
    let viewer = app.as_admin();
    for query in [
        "page=1.5",
        "page=1e18",
        "page=0",
        "page=-1",
        "page=abc",
        "page=",
        "page=99999999999999999999999",
        "limit=0",
        "limit=101",
        "limit=-5",
        "limit=2.0",
        "limit=x",
    ] {
        for path in ["drifts", "alerts", "scans", "workspaces", "audit-logs"] {
            viewer
                .get(&format!("/{path}?{query}"))
                .expect(400)
                .code("VALIDATION_ERROR");
        }
    }
    for query in ["page=1&limit=1", "limit=100", "page=1000000"] {
        viewer.get(&format!("/drifts?{query}")).expect(200);
    }
}

#[test]
fn unknown_choices_in_queries_are_400() {
    let app = App::start();
    let viewer = app.as_viewer();
    for query in [
        "status=nope",
        "status=open,nope",
        "severity=high",
        "kind=gone",
        "sortBy=colour",
        "sortOrder=up",
        "cursor=nonsense",
        "detectedFrom=yesterday",
        "detectedTo=2026-13-45T00:00:00Z",
    ] {
        viewer
            .get(&format!("/drifts?{query}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
}

#[test]
fn control_characters_in_a_search_are_400() {
    let app = App::start();
    let viewer = app.as_viewer();
    for text in ["%00", "a%00b", "%01", "%0A", "%1F", "%7F"] {
        viewer
            .get(&format!("/drifts?search={text}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    for text in [
        "%25",
        "_",
        "%27",
        "%22",
        "%5C",
        "%E6%BC%A2",
        "%F0%9F%92%A9",
        "a%20b",
        "%2A",
        "%28%5B",
    ] {
        viewer.get(&format!("/drifts?search={text}")).expect(200);
    }
}

#[test]
fn a_content_type_that_is_not_json_is_415() {
    let app = App::start();
    let engineer = app.as_engineer();
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
    ] {
        engineer
            .send(
                "POST",
                "/api/v1/drifts",
                &[("content-type", kind)],
                Some(b"{}"),
            )
            .expect(415)
            .code("UNSUPPORTED_MEDIA_TYPE");
    }
    let id = engineer.new_drift("i-1");
    let charset = [("content-type", "application/json; charset=utf-8")];
    engineer
        .send(
            "POST",
            &format!("/api/v1/drifts/{id}/triage"),
            &charset,
            Some(b"{}"),
        )
        .expect(200);
}

#[test]
fn too_large_a_body_is_413_and_names_the_limit() {
    let app = App::start();
    let engineer = app.as_engineer();
    let large = json!({"text": "x".repeat(3 << 20)});
    let answer = engineer
        .create("i-1", json!({"actualState": large}))
        .expect(413)
        .code("PAYLOAD_TOO_LARGE");
    assert!(
        answer.message().chars().any(|c| c.is_ascii_digit()),
        "the limit: {}",
        answer.message()
    );
}

#[test]
fn the_correlation_id_is_the_callers_where_it_is_a_good_one() {
    let app = App::start();
    let viewer = app.as_viewer();
    let ask = |id: &str| {
        viewer
            .send("GET", "/api/v1/drifts", &[("x-correlation-id", id)], None)
            .expect(200)
    };
    let longest = "x".repeat(128);
    for good in ["a", "deploy-42/7:~!", &longest] {
        assert_eq!(ask(good).header("x-correlation-id"), Some(good));
    }
    let too_long = "x".repeat(129);
    for bad in ["", "two words", &too_long] {
        let made = ask(bad)
            .header("x-correlation-id")
            .expect("an id is made")
            .to_owned();
        assert!(
            !made.is_empty() && made != bad,
            "{bad:?} must be replaced, not {made:?}"
        );
    }
    let failed = viewer.send(
        "GET",
        "/api/v1/nope",
        &[("x-correlation-id", "mine-1")],
        None,
    );
    assert_eq!(
        failed.expect(404).code("NOT_FOUND").text("/error/traceId"),
        "mine-1"
    );
    let (first, second) = (viewer.get("/drifts"), viewer.get("/drifts"));
    assert_ne!(
        first.header("x-correlation-id"),
        second.header("x-correlation-id")
    );
    let mut tries = 0;
    while !app.log().contains("deploy-42/7") {
        tries += 1;
        assert!(tries < 50, "the log has the correlation id");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_list_says_where_it_stands() {
    let app = App::start();
    let engineer = app.as_engineer();
    let mut empty = engineer.get("/drifts").expect(200).at("/data/pagination");
    let pages = empty["totalPages"].take();
    assert!(
        pages == json!(0) || pages == json!(1),
        "pages of nothing: {pages}"
    );
    assert_eq!(
        empty,
        json!({"total": 0, "page": 1, "pageSize": 20, "totalPages": null, "hasMore": false, "nextCursor": null})
    );
    for n in 0..5 {
        engineer.new_drift(&format!("i-{n}"));
    }
    let second = engineer.get("/drifts?page=2&limit=2").expect(200);
    let page = second.at("/data/pagination");
    assert_eq!(
        (&page["total"], &page["page"], &page["pageSize"]),
        (&json!(5), &json!(2), &json!(2))
    );
    assert_eq!(
        (&page["totalPages"], &page["hasMore"]),
        (&json!(3), &json!(true))
    );
    assert!(page["nextCursor"].is_string());
    let last = engineer.get("/drifts?page=3&limit=2").expect(200);
    assert_eq!(last.items().len(), 1);
    assert_eq!(last.at("/data/pagination/hasMore"), json!(false));
    assert_eq!(last.at("/data/pagination/nextCursor"), Value::Null);
    let beyond = engineer.get("/drifts?page=9&limit=2").expect(200);
    assert_eq!(
        (
            beyond.items().len(),
            beyond.number("/data/pagination/total")
        ),
        (0, 5)
    );
}

#[test]
fn absent_fields_are_null_not_left_out() {
    let app = App::start();
    let engineer = app.as_engineer();
    let drift = engineer.drift(&engineer.new_drift("i-1"));
    for field in [
        "id",
        "workspace",
        "resourceId",
        "resourceType",
        "resourceAddress",
        "provider",
        "region",
        "accountId",
        "kind",
        "severity",
        "severityReason",
        "status",
        "costImpactMonthly",
        "currency",
        "detectedBy",
        "detectedAt",
        "firstSeenAt",
        "lastSeenAt",
        "seenCount",
        "scanId",
        "recurrenceOf",
        "difference",
        "expectedState",
        "actualState",
        "approvedAt",
        "approvedBy",
        "approvalReason",
        "rejectedAt",
        "rejectedBy",
        "rejectionReason",
        "resolvedAt",
        "resolvedHow",
        "assignee",
        "createdAt",
        "updatedAt",
        "alertCount",
        "canTriage",
        "canApprove",
        "canReject",
        "canResolve",
    ] {
        assert!(drift.get(field).is_some(), "{field} is missing in {drift}");
    }
    assert_eq!(drift["approvedAt"], Value::Null);
    assert_eq!(
        drift["costImpactMonthly"],
        Value::Null,
        "an unknown cost is null, not 0"
    );
}

#[test]
fn every_answer_carries_the_security_headers() {
    let app = App::start();
    let viewer = app.as_viewer();
    for answer in [
        viewer.get("/drifts"),
        viewer.get("/nope"),
        viewer.get_root("/health"),
    ] {
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{}",
            answer.request
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{}",
            answer.request
        );
        assert!(
            answer.header("content-security-policy").is_some(),
            "{}",
            answer.request
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{}",
            answer.request
        );
    }
    let api = viewer.get("/drifts");
    assert_eq!(api.header("cache-control"), Some("no-store"));
    assert!(
        api.header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
    );
}
