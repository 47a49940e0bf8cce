//! Who is let in and believed: proxies, the scrape token, and the headers that every answer carries.

use crate::harness::{Answer, App, Client};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// An address that documentation uses, and nobody has.
const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "198.51.100.7");

fn metrics(client: &Client, headers: &[(&str, &str)]) -> Answer {
    client.send("GET", "/metrics", headers, None)
}

#[test]
fn metrics_are_open_to_this_machine_only() {
    let app = App::start();
    let client = Client::new(app.url());
    metrics(&client, &[]).expect(200);
    for of_elsewhere in [
        ELSEWHERE,
        ("forwarded", "for=198.51.100.7"),
        ("via", "1.1 proxy"),
        ("host", "drift.example"),
    ] {
        let refused = metrics(&client, &[of_elsewhere])
            .expect(401)
            .code("AUTH_ERROR");
        assert!(refused.message().contains("set metrics.token"));
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        assert!(!refused.body_text().contains("driftsentry_"));
    }
    client
        .send("HEAD", "/metrics", &[ELSEWHERE], None)
        .expect(401);
}

#[test]
fn a_scrape_token_opens_metrics_to_others() {
    let app = App::configured(&[("DRIFTSENTRY_METRICS_TOKEN", TOKEN)]);
    let client = Client::new(app.url());
    let bearer = format!("Bearer {TOKEN}");
    metrics(&client, &[ELSEWHERE, ("authorization", &bearer)]).expect(200);
    metrics(&client, &[]).expect(200);
    let wrong = format!("Bearer {}", TOKEN.to_uppercase());
    for refused in [
        &[ELSEWHERE][..],
        &[ELSEWHERE, ("authorization", &wrong)],
        &[ELSEWHERE, ("authorization", TOKEN)],
    ] {
        metrics(&client, refused).expect(401).code("AUTH_ERROR");
    }
    assert!(!app.log().contains(TOKEN), "the token is in the log");
}

#[test]
fn only_a_trusted_proxy_tells_of_its_client() {
    let told = [
        ELSEWHERE,
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "drift.example"),
    ];
    let stranger = App::start();
    let proxied = App::configured(&[("DRIFTSENTRY_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")]);
    for (app, seen, hsts) in [
        (&stranger, "127.0.0.1", None),
        (&proxied, "198.51.100.7", Some("max-age=31536000")),
    ] {
        let body = serde_json::json!({"name": "shop/prod"});
        let made = app
            .as_admin()
            .post_with("/workspaces", &told, &body)
            .expect(201);
        assert_eq!(made.header("strict-transport-security"), hsts);
        let entries = app.as_admin().all("/audit-logs", "");
        let entry = entries
            .iter()
            .find(|entry| entry["correlationId"].as_str() == made.header("x-correlation-id"));
        let entry = entry.unwrap_or_else(|| panic!("no entry of it: {entries:?}"));
        assert_eq!(entry["ipAddress"], seen);
    }
}

#[test]
fn every_answer_carries_the_security_headers() {
    let app = App::configured(&[("DRIFTSENTRY_LIMITS_BODY_BYTES", "16384")]);
    let client = app.as_admin();
    let json = ("content-type", "application/json");
    let large = vec![b' '; 20_000];
    let answers = [
        client.get("/drifts").expect(200),
        client.get("/nothing").expect(404),
        client.get_root("/nothing").expect(404),
        client.delete("/drifts").expect(405),
        client.send("POST", "/docs", &[], Some(b"")).expect(405),
        client
            .send("POST", "/api/v1/drifts", &[json], Some(b"{"))
            .expect(400),
        client.get("/drifts?search=%00").expect(400),
        client
            .send("POST", "/api/v1/drifts", &[json], Some(&large))
            .expect(413),
        client
            .send(
                "POST",
                "/api/v1/drifts",
                &[("content-type", "text/csv")],
                Some(b"x"),
            )
            .expect(415),
        client.get_root("/").expect(200),
        client.get_root("/docs").expect(200),
        client.get_root("/docs/").expect(308),
        client.get_root("/docs/init.js").expect(200),
        client.get_root("/docs/swagger-ui.css").expect(200),
        client
            .send("GET", "/docs/init.js", &[("if-none-match", "*")], None)
            .expect(304),
        client.get_root("/openapi.json").expect(200),
        client.get_root("/metrics").expect(200),
        client
            .send("GET", "/metrics", &[ELSEWHERE], None)
            .expect(401),
        client.get_root("/health").expect(200),
        client.get_root("/health/ready").expect(200),
        client
            .send("OPTIONS", "/api/v1/drifts", &[], None)
            .expect(204),
        client.send("OPTIONS", "/metrics", &[], None).expect(204),
        client.send("HEAD", "/api/v1/drifts", &[], None).expect(200),
        client.send("HEAD", "/docs", &[], None).expect(200),
        client.send("HEAD", "/nothing", &[], None).expect(404),
    ];
    for answer in answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=()"),
            ("content-security-policy", "default-src 'none'"),
            ("cache-control", "no-"),
            ("x-correlation-id", ""),
        ] {
            let said = answer.header(name).unwrap_or("(nothing)");
            assert!(
                said.starts_with(value),
                "{}: {name}: {said}",
                answer.request
            );
        }
        let request = &answer.request;
        if request.contains(" /api/") {
            assert_eq!(
                answer.header("cache-control"),
                Some("no-store"),
                "{request}"
            );
        }
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts, None, "{request}: it came in the clear");
    }
}

#[test]
fn any_host_is_answered() {
    let app = App::start();
    let asked = [("host", "drift.example")];
    let viewer = app.as_viewer();
    viewer
        .send("GET", "/api/v1/drifts", &asked, None)
        .expect(200);
    viewer.send("GET", "/health/live", &asked, None).expect(200);
}
