//! What the server logs, however much it is asked to: never a token, a key, a password or a cookie.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::harness::{ADMIN, App, Client, PASSWORD};

const WRONG: &str = "wrong-guess-Kq81xZ";
const OTHER_PASSWORD: &str = "thirteen loud kettles";
const SCRAPE_TOKEN: &str = "scrape-0123456789-abcdefghij";

/// Everything secret that was said, each with what it is.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn note(&mut self, what: &'static str, secret: &str) -> String {
        assert!(
            secret.len() >= 8,
            "{what} {secret} is too short to be looked for"
        );
        self.0.push((what, secret.to_owned()));
        secret.to_owned()
    }

    /// Demands that none of them, nor half of one, stands in a log.
    #[track_caller]
    fn are_kept_from(&self, place: &str, log: &str) {
        for (what, secret) in &self.0 {
            for part in parts(secret) {
                if let Some(at) = log.find(part) {
                    let line = log[..at].matches('\n').count();
                    panic!(
                        "{place} tells {what} ({part}): {}",
                        log.lines().nth(line).unwrap_or("")
                    );
                }
            }
        }
    }
}

/// A secret, its halves, and what remains without the mark that names its kind.
fn parts(secret: &str) -> Vec<&str> {
    let bare = ["v4.local.", "dsk_", "dsr_"]
        .iter()
        .find_map(|mark| secret.strip_prefix(mark));
    let bare = bare.unwrap_or(secret);
    let (first, second) = bare.split_at(bare.len() / 2);
    let mut parts = vec![secret, bare];
    // The first half of a key names it, which may be shown: eight characters and a line.
    let named = secret.starts_with("dsk_");
    parts.extend([if named { &bare[9..] } else { first }, second]);
    parts.retain(|part| part.len() >= 8);
    parts
}

/// A prior-knowledge HTTP/2 request with these header fields, none of them compressed.
fn over_http2(app: &App, path: &str, fields: &[(&str, &str)]) {
    let address = app.url().trim_start_matches("http://");
    let mut block = Vec::new();
    let pseudo = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", address),
    ];
    for (name, value) in pseudo.iter().chain(fields) {
        // RFC 7541, 6.2.2: a literal field without indexing, its name new. Lengths below 127 take one byte.
        block.extend([0, name.len() as u8]);
        block.extend(name.as_bytes());
        match u8::try_from(value.len()) {
            Ok(length) if length < 127 => block.push(length),
            _ => {
                block.push(127);
                let mut rest = value.len() - 127;
                while rest >= 128 {
                    block.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                block.push(rest as u8);
            }
        }
        block.extend(value.as_bytes());
    }
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // SETTINGS, then HEADERS that end both themselves and the stream.
    let all = [&preface[..], &frame(4, 0, 0, &[]), &frame(1, 5, 1, &block)].concat();
    stream.write_all(&all).expect("it is sent");
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    let body_came = |answer: &[u8]| {
        answer
            .windows(8)
            .any(|part| part == b"\"success" || part == b"{\"status")
    };
    while !body_came(&answer) {
        let length = stream.read(&mut piece).expect("an answer over HTTP/2");
        assert!(length > 0, "closed: {}", String::from_utf8_lossy(&answer));
        answer.extend(&piece[..length]);
    }
}

/// All flows that carry a secret, those that fail included.
fn say_everything(app: &App, secrets: &mut Secrets) {
    let nobody = app.as_nobody();
    secrets.note("a password", ADMIN.1);
    secrets.note("a password", PASSWORD);
    let answer = nobody.sign_in(ADMIN.0, ADMIN.1).expect(200);
    let access = secrets.note("an access token", &answer.text("/data/accessToken"));
    let refresh = secrets.note("a refresh token", &answer.text("/data/refreshToken"));
    let admin = nobody.with_credential(&access);
    admin.get("/users").expect(200);
    let renewed = nobody
        .post("/auth/refresh", &json!({"refreshToken": refresh}))
        .expect(200);
    secrets.note("an access token", &renewed.text("/data/accessToken"));
    let child = secrets.note("a refresh token", &renewed.text("/data/refreshToken"));
    fail(&nobody, secrets, &access, &refresh);
    passwords(app, &admin, secrets);
    keys(app, &admin, secrets);
    cookies(app, secrets);
    over_http2(
        app,
        "/api/v1/users",
        &[("authorization", &format!("Bearer {access}"))],
    );
    over_http2(
        app,
        "/api/v1/users",
        &[("cookie", &format!("driftsentry_refresh={child}"))],
    );
    nobody
        .post("/auth/logout", &json!({"refreshToken": child}))
        .expect(200);
    // Reuse revokes, which is told as a warning.
    let answer = nobody.sign_in(ADMIN.0, ADMIN.1).expect(200);
    let stolen = secrets.note("a stolen token", &answer.text("/data/refreshToken"));
    let body = json!({"refreshToken": stolen});
    let next = nobody
        .post_with("/auth/refresh", &[("user-agent", "one")], &body)
        .expect(200);
    secrets.note("a refresh token", &next.text("/data/refreshToken"));
    nobody
        .post_with("/auth/refresh", &[("user-agent", "two")], &body)
        .expect(401);
    let scrape = format!("Bearer {}", secrets.note("the scrape token", SCRAPE_TOKEN));
    let from_elsewhere = [("authorization", scrape.as_str()), ("via", "1.1 proxy")];
    nobody
        .send("GET", "/metrics", &from_elsewhere, None)
        .expect(200);
}

/// Secrets in requests that fail: wrong ones, in wrong places, in bodies that are none.
fn fail(nobody: &Client, secrets: &mut Secrets, access: &str, refresh: &str) {
    let wrong = secrets.note("a wrong password", WRONG);
    nobody.sign_in(ADMIN.0, &wrong).expect(401);
    nobody.sign_in("nobody@test.example", &wrong).expect(401);
    // The password in the address's field.
    nobody.sign_in(&wrong, &wrong).expect(401);
    nobody.sign_in(&"x".repeat(1100), &wrong).expect(400);
    let json_line = [("content-type", "application/json")];
    for body in [
        format!(r#"{{"email": "a@test.example", "password": "{wrong}""#),
        format!(r#"{{"email": "a@test.example", "password": ["{wrong}"]}}"#),
        format!(r#"{{"email": "a@test.example", "{wrong}": 1}}"#),
        format!(r#"{{"refreshToken": ["{refresh}"]}}"#),
        format!(r#"{{"refreshToken": "{refresh}", "x": 1}}"#),
    ] {
        for path in ["login", "refresh", "logout"] {
            let path = format!("/api/v1/auth/{path}");
            nobody
                .send("POST", &path, &json_line, Some(body.as_bytes()))
                .expect(400);
        }
    }
    for line in [
        format!("Basic {access}"),
        format!("Bearer  {access} "),
        format!("bearer {access}x"),
        format!("BEARER {refresh}"),
        format!("Token {access}"),
        access.to_owned(),
    ] {
        let line = [("authorization", line.as_str())];
        nobody
            .send("GET", "/api/v1/users", &line, None)
            .expect_any(&[200, 401]);
        nobody
            .send("POST", "/api/v1/users", &line, Some(b"{"))
            .expect_any(&[400, 401, 415]);
    }
    // Nothing secret belongs there, and whoever puts it there finds it in no log.
    for path in [
        format!("/api/v1/drifts?token={access}"),
        format!("/api/v1/drifts/{access}"),
        format!("/api/v1/{refresh}"),
        format!("/{access}"),
        format!("/api/v1/drifts?access_token={refresh}&page=x"),
    ] {
        nobody
            .send("GET", &path, &[], None)
            .expect_any(&[400, 401, 404]);
    }
    nobody
        .send("GET", "/api/v1/users", &[("x-api-key", access)], None)
        .expect(401);
}

/// One-time passwords, changed ones, guessed ones.
fn passwords(app: &App, admin: &Client, secrets: &mut Secrets) {
    let nobody = app.as_nobody();
    let body = json!({"email": "new@test.example", "role": "engineer"});
    let made = admin.post("/users", &body).expect(201);
    let id = made.text("/data/id");
    let one_time = secrets.note("a one-time password", &made.text("/data/oneTimePassword"));
    let token = secrets.note(
        "a token",
        &nobody.access_token("new@test.example", &one_time),
    );
    let new = nobody.with_credential(&token);
    new.get("/drifts").expect(403);
    let change = |current: &str, password: &str| {
        new.put(
            "/users/me/password",
            &json!({"currentPassword": current, "newPassword": password}),
        )
    };
    secrets.note("another password", OTHER_PASSWORD);
    change(WRONG, OTHER_PASSWORD).expect(400);
    change(&one_time, "password1234").expect(400);
    change(&one_time, OTHER_PASSWORD).expect(200);
    let reset = admin
        .post_empty(&format!("/users/{id}/reset-password"))
        .expect(200);
    secrets.note("a one-time password", &reset.text("/data/oneTimePassword"));
    let given = json!({"email": "given@test.example", "role": "viewer", "password": PASSWORD});
    admin.post("/users", &given).expect(201);
    admin.post("/users", &given).expect(409);
    for _ in 0..8 {
        nobody
            .sign_in("given@test.example", WRONG)
            .expect_any(&[401, 429]);
    }
}

/// API keys in both headers, revoked ones and mistyped ones.
fn keys(app: &App, admin: &Client, secrets: &mut Secrets) {
    let nobody = app.as_nobody();
    let body = json!({"name": "a machine", "scope": "engineer"});
    let made = admin.post("/api-keys", &body).expect(201);
    let key = secrets.note("an API key", &made.text("/data/key"));
    let id = made.text("/data/id");
    nobody.with_credential(&key).get("/drifts").expect(200);
    nobody
        .send("GET", "/api/v1/drifts", &[("X-API-Key", &key)], None)
        .expect(200);
    nobody.with_credential(&key).get("/users").expect(403);
    nobody
        .with_credential(&key)
        .push_bytes("shop/prod", b"{}", &[])
        .expect_any(&[400, 422]);
    nobody
        .with_credential(&key[..key.len() - 1])
        .get("/drifts")
        .expect(401);
    nobody
        .send("GET", "/api/v1/drifts", &[("x-api-key", &key[1..])], None)
        .expect(401);
    over_http2(app, "/api/v1/drifts", &[("x-api-key", &key)]);
    admin.delete(&format!("/api-keys/{id}")).expect(200);
    nobody.with_credential(&key).get("/drifts").expect(401);
}

fn cookies(app: &App, secrets: &mut Secrets) {
    let nobody = app.as_nobody();
    let body = json!({"email": ADMIN.0, "password": ADMIN.1, "cookie": true});
    let own = ("sec-fetch-site", "same-origin");
    let answer = nobody.post_with("/auth/login", &[own], &body).expect(200);
    secrets.note("an access token", &answer.text("/data/accessToken"));
    let set = answer.header("set-cookie").expect("a cookie");
    let (_, token) = set
        .split(';')
        .next()
        .expect("a pair")
        .split_once('=')
        .expect("a pair");
    let token = secrets.note("a cookie", token);
    let cookie = format!("driftsentry_refresh={token}");
    let other = ("sec-fetch-site", "cross-site");
    nobody
        .post_with("/auth/refresh", &[other, ("cookie", &cookie)], &json!({}))
        .expect(403);
    let two = format!("{cookie}; {cookie}");
    nobody
        .post_with("/auth/refresh", &[own, ("cookie", &two)], &json!({}))
        .expect(401);
    let out = nobody.post_with("/auth/logout", &[own, ("cookie", &cookie)], &json!({}));
    out.expect(200);
}

#[test]
fn no_secret_reaches_a_log_at_any_level() {
    for format in ["json", "pretty"] {
        let mut app = App::stopped();
        let file = app.scratch("logs/driftsentry.log");
        let environment = [
            ("DRIFTSENTRY_LOG_LEVEL", "trace".to_owned()),
            ("DRIFTSENTRY_LOG_FORMAT", format.to_owned()),
            ("DRIFTSENTRY_LOG_FILE", file.display().to_string()),
            ("DRIFTSENTRY_METRICS_TOKEN", SCRAPE_TOKEN.to_owned()),
        ];
        app.set(&environment);
        app.start_again();
        let mut secrets = Secrets::default();
        say_everything(&app, &mut secrets);
        let token_keys = fs::read_to_string(app.data_dir().join("paseto.keys")).expect("its keys");
        for line in token_keys
            .lines()
            .filter(|line| line.starts_with("k4.local."))
        {
            secrets.note("a token key", &line["k4.local.".len()..]);
        }
        // Stopping writes what still waits.
        assert!(app.stop().success());
        let log = app.log();
        assert!(
            log.contains("TRACE") || log.contains("DEBUG"),
            "nothing but: {log}"
        );
        assert!(log.matches("/api/v1/auth/login").count() > 10, "{log}");
        secrets.are_kept_from("the log", &log);
        let mut lines = 0;
        for entry in fs::read_dir(file.parent().expect("a directory")).expect("log files") {
            let text = fs::read_to_string(entry.expect("a file").path()).expect("text");
            lines += text.lines().count();
            secrets.are_kept_from("the log file", &text);
        }
        assert!(lines > 100, "{lines} lines in the file");
    }
}
