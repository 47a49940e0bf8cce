//! Who may call what: every operation of the contract against every kind of credential.
//!
//! [`RULES`] is the whole of it. An operation without a row fails, and so does a row without an operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use driftsentry::ids::{SessionId, UserId};
use driftsentry::keys::Secret;
use driftsentry::sessions::AccessTokens;
use driftsentry::sessions::key_ring::KeyRing;
use driftsentry::sessions::steady_clock::SteadyClock;
use driftsentry::store::{Options, Store};
use driftsentry::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Answer, App, Client, PASSWORD, driftsentry};

/// Where limited keys reach.
const WITHIN: &str = "team/a";
/// Of nothing that exists.
const UNKNOWN: &str = "01990000-0000-7000-8000-000000000000";

/// Who passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Anybody, without a credential.
    Public,
    /// People, also where their password has to be changed first.
    Person,
    /// Who reads. Limited keys too: they see what is within their reach.
    Read,
    /// Who reads, everywhere.
    ReadEverywhere,
    /// Who reads, and machines that push.
    ReadOrIngest,
    /// Who pushes: engineers and machines. Limited keys too, within their reach.
    Push,
    /// Who decides. Limited keys too, within their reach.
    Decide,
    /// Administrators, and no key.
    Admin,
    /// Administrators, and whoever sits at the machine itself.
    AdminOrLocal,
}

/// Every operation.
const RULES: &[(&str, Rule)] = &[
    ("POST /api/v1/admin/backup", Rule::Admin),
    ("GET /api/v1/alerts", Rule::Read),
    ("POST /api/v1/alerts/mark-all-read", Rule::ReadEverywhere),
    ("GET /api/v1/alerts/unread-count", Rule::Read),
    ("POST /api/v1/alerts/{id}/mark-read", Rule::Read),
    ("GET /api/v1/api-keys", Rule::Admin),
    ("POST /api/v1/api-keys", Rule::Admin),
    ("DELETE /api/v1/api-keys/{id}", Rule::Admin),
    ("GET /api/v1/audit-logs", Rule::Admin),
    ("GET /api/v1/audit-logs/verify", Rule::Admin),
    ("POST /api/v1/auth/login", Rule::Public),
    ("POST /api/v1/auth/logout", Rule::Public),
    ("POST /api/v1/auth/refresh", Rule::Public),
    ("GET /api/v1/auth/sessions", Rule::Person),
    ("DELETE /api/v1/auth/sessions", Rule::Person),
    ("DELETE /api/v1/auth/sessions/{id}", Rule::Person),
    ("GET /api/v1/drifts", Rule::Read),
    ("POST /api/v1/drifts", Rule::Decide),
    ("POST /api/v1/drifts/bulk", Rule::Decide),
    ("GET /api/v1/drifts/export", Rule::Read),
    ("GET /api/v1/drifts/{id}", Rule::Read),
    ("POST /api/v1/drifts/{id}/approve", Rule::Decide),
    ("POST /api/v1/drifts/{id}/comments", Rule::Decide),
    ("POST /api/v1/drifts/{id}/reject", Rule::Decide),
    ("POST /api/v1/drifts/{id}/resolve", Rule::Decide),
    ("GET /api/v1/drifts/{id}/timeline", Rule::Read),
    ("POST /api/v1/drifts/{id}/triage", Rule::Decide),
    ("GET /api/v1/events", Rule::Read),
    ("GET /api/v1/fingerprint-key", Rule::Push),
    ("GET /api/v1/metrics/cost-trend", Rule::ReadEverywhere),
    (
        "GET /api/v1/metrics/severity-distribution",
        Rule::ReadEverywhere,
    ),
    (
        "GET /api/v1/metrics/status-distribution",
        Rule::ReadEverywhere,
    ),
    ("GET /api/v1/metrics/summary", Rule::ReadEverywhere),
    ("GET /api/v1/scans", Rule::ReadOrIngest),
    ("POST /api/v1/scans", Rule::Push),
    ("GET /api/v1/scans/{id}", Rule::ReadOrIngest),
    ("GET /api/v1/scans/{id}/drifts", Rule::ReadOrIngest),
    ("GET /api/v1/users", Rule::Admin),
    ("POST /api/v1/users", Rule::Admin),
    ("GET /api/v1/users/me", Rule::Person),
    ("PATCH /api/v1/users/me", Rule::Person),
    ("PUT /api/v1/users/me/password", Rule::Person),
    ("PUT /api/v1/users/me/settings", Rule::Person),
    ("DELETE /api/v1/users/{id}", Rule::Admin),
    ("GET /api/v1/users/{id}", Rule::Admin),
    ("PATCH /api/v1/users/{id}", Rule::Admin),
    ("POST /api/v1/users/{id}/reset-password", Rule::Admin),
    ("GET /api/v1/workspaces", Rule::ReadOrIngest),
    ("POST /api/v1/workspaces", Rule::Admin),
    ("DELETE /api/v1/workspaces/{id}", Rule::Admin),
    ("GET /api/v1/workspaces/{id}", Rule::ReadOrIngest),
    ("PATCH /api/v1/workspaces/{id}", Rule::Admin),
    ("GET /health", Rule::Public),
    ("GET /health/detailed", Rule::AdminOrLocal),
    ("GET /health/live", Rule::Public),
    ("GET /health/ready", Rule::Public),
];

/// Somebody with a credential that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Viewer,
    Engineer,
    Admin,
    /// An administrator with a one-time password.
    Newcomer,
    /// An API key of this scope; the second says whether it is limited to a workspace.
    Key(&'static str, bool),
}

/// Whether a caller passes a rule.
fn passes(rule: Rule, caller: Caller) -> bool {
    let roles = |least: &[Caller]| least.contains(&caller);
    let scopes = |scopes: &[&str], limited_too: bool| match caller {
        Caller::Key(scope, limited) => scopes.contains(&scope) && (limited_too || !limited),
        _ => false,
    };
    let everybody = [Caller::Viewer, Caller::Engineer, Caller::Admin];
    match rule {
        Rule::Public => true,
        Rule::Person => roles(&everybody) || caller == Caller::Newcomer,
        Rule::Read => roles(&everybody) || scopes(&["read", "engineer"], true),
        Rule::ReadEverywhere => roles(&everybody) || scopes(&["read", "engineer"], false),
        Rule::ReadOrIngest => roles(&everybody) || scopes(&["read", "engineer", "ingest"], true),
        Rule::Push => {
            roles(&[Caller::Engineer, Caller::Admin]) || scopes(&["engineer", "ingest"], true)
        }
        Rule::Decide => roles(&[Caller::Engineer, Caller::Admin]) || scopes(&["engineer"], true),
        Rule::Admin | Rule::AdminOrLocal => caller == Caller::Admin,
    }
}

/// An operation of the contract, ready to be called.
struct Operation {
    /// As [`RULES`] names it.
    name: String,
    method: String,
    path: String,
    rule: Rule,
    /// The credentials that the contract says it takes; none where it says nothing.
    security: Option<Value>,
}

impl Operation {
    /// Calls it with the least that it can be sent.
    #[track_caller]
    fn call(&self, client: &Client, headers: &[(&str, &str)]) -> Answer {
        let body = match self.name.as_str() {
            // Without a token it would answer as to a wrong one.
            "POST /api/v1/auth/refresh" => Some(r#"{"refreshToken": []}"#),
            _ if matches!(self.method.as_str(), "GET" | "DELETE") => None,
            _ => Some("{}"),
        };
        let mut all = headers.to_vec();
        all.extend(body.map(|_| ("content-type", "application/json")));
        client.send(&self.method, &self.path, &all, body.map(str::as_bytes))
    }
}

/// Every operation of the contract with its rule.
#[track_caller]
fn operations() -> Vec<Operation> {
    let contract = driftsentry(&["openapi"], b"").expect(0).stdout;
    let contract: Value = serde_json::from_str(&contract).expect("the contract is JSON");
    let rules: BTreeMap<&str, Rule> = RULES.iter().copied().collect();
    assert_eq!(rules.len(), RULES.len(), "an operation has two rows");
    let mut found = Vec::new();
    let mut unruled = Vec::new();
    for (path, operations) in contract["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let method = method.to_uppercase();
            let name = format!("{method} {path}");
            let Some(rule) = rules.get(name.as_str()).copied() else {
                unruled.push(name);
                continue;
            };
            found.push(Operation {
                path: callable(path, operation),
                security: operation.get("security").cloned(),
                name,
                method,
                rule,
            });
        }
    }
    assert!(
        unruled.is_empty(),
        "operations without a rule: {unruled:#?}"
    );
    let known: BTreeSet<&str> = found.iter().map(|each| each.name.as_str()).collect();
    let stale: Vec<_> = rules.keys().filter(|name| !known.contains(*name)).collect();
    assert!(stale.is_empty(), "rules without an operation: {stale:#?}");
    found
}

/// A path with its parameters, and with those of the query that must be there.
fn callable(path: &str, operation: &Value) -> String {
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] == true {
            let value = match parameter["name"].as_str().expect("a name") {
                "workspace" => WITHIN,
                "format" => "csv",
                other => panic!("{path}: what is {other} to be?"),
            };
            query.push(format!(
                "{}={value}",
                parameter["name"].as_str().expect("a name")
            ));
        }
    }
    if path == "/api/v1/events" {
        // Whoever passes is told that this is no number: the stream itself has no end.
        query.push("after=x".to_owned());
    }
    let path = path.replace("{id}", UNKNOWN);
    assert!(!path.contains('{'), "{path}: another parameter");
    match query.as_slice() {
        [] => path,
        query => format!("{path}?{}", query.join("&")),
    }
}

/// A refusal in the contract's shape, without what differs from request to request.
#[track_caller]
fn refusal(answer: Answer, status: u16, code: &str) -> (Value, Vec<(String, String)>) {
    let answer = answer.expect(status).code(code);
    let mut body = answer.json();
    let names: BTreeSet<&String> = body["error"]
        .as_object()
        .expect("an error")
        .keys()
        .collect();
    let shape = ["code", "details", "message", "timestamp", "traceId"];
    assert!(names.into_iter().eq(shape), "{}: {body}", answer.request);
    for differs in ["timestamp", "traceId"] {
        body["error"][differs].take();
    }
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-correlation-id", "date"].contains(&name.as_str()));
    (body, headers.cloned().collect())
}

#[test]
fn every_call_that_is_not_public_says_what_it_takes() {
    for operation in operations() {
        let takes = match operation.rule {
            Rule::Public => None,
            Rule::Person | Rule::Admin => Some(json!([{"bearer": []}])),
            Rule::AdminOrLocal => Some(json!([{"bearer": []}, {}])),
            _ => Some(json!([{"bearer": []}, {"apiKey": []}])),
        };
        assert_eq!(operation.security, takes, "{}", operation.name);
    }
}

#[test]
fn what_each_credential_may_do() {
    let app = App::start();
    let operations = operations();
    app.as_admin().workspace(WITHIN);
    let newcomer = newcomer(&app, "newcomer", "admin");
    let mut callers = vec![
        (Caller::Viewer, app.as_viewer()),
        (Caller::Engineer, app.as_engineer()),
        (Caller::Admin, app.as_admin()),
        (Caller::Newcomer, newcomer),
    ];
    for scope in ["ingest", "read", "engineer"] {
        for (limited, workspaces) in [(false, &[][..]), (true, &[WITHIN])] {
            let key = app.new_key(&format!("{scope} {limited}"), scope, workspaces);
            callers.push((
                Caller::Key(scope, limited),
                app.as_nobody().with_credential(&key),
            ));
        }
    }
    for operation in &operations {
        for (caller, client) in &callers {
            let answer = operation.call(client, &[]);
            let name = &operation.name;
            if passes(operation.rule, *caller) {
                assert!(
                    ![401, 403].contains(&answer.status),
                    "{name} must let {caller:?} pass: {}",
                    answer.body_text()
                );
                assert!(
                    answer.status < 500,
                    "{name} by {caller:?}: {}",
                    answer.body_text()
                );
            } else {
                assert_eq!(
                    answer.status,
                    403,
                    "{name} must refuse {caller:?}: {}",
                    answer.body_text()
                );
                let (body, _) = refusal(answer, 403, "FORBIDDEN");
                assert!(
                    body["error"]["details"].is_null() || body["error"]["details"] == json!({})
                );
            }
        }
    }
    // A key is the same in either header.
    let key = app.new_key("in the other header", "read", &[]);
    for operation in &operations {
        let passes = passes(operation.rule, Caller::Key("read", false));
        let answer = operation.call(&app.as_nobody(), &[("X-API-Key", &key)]);
        assert_eq!(
            ![401, 403].contains(&answer.status),
            passes,
            "{}",
            answer.request
        );
    }
}

/// Somebody signed in with a one-time password.
#[track_caller]
fn newcomer(app: &App, name: &str, role: &str) -> Client {
    let email = format!("{name}@test.example");
    let made = app
        .as_admin()
        .post("/users", &json!({"email": email, "role": role}))
        .expect(201);
    let token = app
        .as_nobody()
        .access_token(&email, &made.text("/data/oneTimePassword"));
    app.as_nobody().with_credential(&token)
}

/// Lines of a request's head.
type Lines = Vec<(&'static str, String)>;

fn bearer(token: &str) -> Lines {
    vec![("authorization", format!("Bearer {token}"))]
}

#[test]
fn a_credential_that_does_not_hold_opens_nothing_and_learns_nothing() {
    let mut app = App::stopped();
    // Its store first, for what tokens are made with.
    let store = Store::open(Options::new(app.data_dir())).expect("a store");
    let instance = store.instance().expect("its instance");
    store.close();
    drop(store);
    app.start_again();
    let mut wrong = no_credentials(&app);
    wrong.extend(spent_credentials(&app));
    wrong.extend(own_tokens(&app, instance));

    let operations = operations();
    let nobody = app.as_nobody();
    let mut first = None;
    for (what, lines) in &wrong {
        let lines: Vec<(&str, &str)> = lines
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for operation in &operations {
            let answer = operation.call(&nobody, &lines);
            let local = operation.rule == Rule::AdminOrLocal
                && lines
                    .iter()
                    .all(|(name, _)| !["authorization", "x-api-key"].contains(name));
            if operation.rule == Rule::Public || local {
                assert!(answer.status < 500, "{what}: {}", answer.request);
                assert!(
                    ![401, 403].contains(&answer.status),
                    "{what}: {}",
                    answer.request
                );
                continue;
            }
            assert_eq!(
                answer.status,
                401,
                "{what}: {}: {}",
                answer.request,
                answer.body_text()
            );
            let refusal = refusal(answer, 401, "AUTH_ERROR");
            let first = first.get_or_insert_with(|| refusal.clone());
            assert_eq!(
                refusal, *first,
                "{what}: {} tells more than others",
                operation.name
            );
            if operation.method == "GET" {
                let head = nobody
                    .send("HEAD", &operation.path, &lines, None)
                    .expect(401);
                assert!(head.body.is_empty(), "{what}: HEAD {}", operation.path);
            }
        }
    }
}

/// What is no credential of anybody's.
fn no_credentials(app: &App) -> Vec<(&'static str, Lines)> {
    let valid = app.as_nobody().access_token(ADMIN.0, ADMIN.1);
    let key = app.new_key("valid", "engineer", &[]);
    let mut mistyped = key.clone();
    mistyped.replace_range(
        47..48,
        if key.ends_with(&key[47..48]) {
            "-"
        } else {
            "0"
        },
    );
    let mut mistyped_end = key.clone();
    mistyped_end.pop();
    mistyped_end.push(if key.ends_with('a') { 'b' } else { 'a' });
    let unknown = Secret::mint().expect("randomness");
    // The name of a key that there is, with another secret.
    let guessed = with_prefix_of(&key);
    let refresh = app
        .as_nobody()
        .sign_in(ADMIN.0, ADMIN.1)
        .expect(200)
        .text("/data/refreshToken");
    let line = |text: &str| vec![("authorization", text.to_owned())];
    let in_key = |text: &str| vec![("x-api-key", text.to_owned())];
    vec![
        ("nothing", Vec::new()),
        ("nothing after the scheme", line("Bearer")),
        ("an empty line", line("")),
        ("a token without its scheme", line(&valid)),
        ("another scheme", line(&format!("Token {valid}"))),
        (
            "Basic",
            line("Basic cm9vdEB0ZXN0LmV4YW1wbGU6c2V2ZW4gcnVzdHkgYW5jaG9ycw=="),
        ),
        ("random text", bearer("correct-horse-battery-staple")),
        (
            "no token of ours",
            bearer("v4.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA"),
        ),
        ("a cut off token", bearer(&valid[..valid.len() - 1])),
        ("a token with more behind it", bearer(&format!("{valid}A"))),
        ("two tokens in a line", bearer(&format!("{valid}, {valid}"))),
        (
            "two Authorization lines",
            [bearer(&valid), bearer(&valid)].concat(),
        ),
        (
            "a wrong one before a valid key",
            [line("Basic eDp5"), in_key(&key)].concat(),
        ),
        ("a token as a key", in_key(&valid)),
        ("two X-API-Key lines", [in_key(&key), in_key(&key)].concat()),
        ("a mistyped key", bearer(&mistyped)),
        ("a key with a wrong checksum", bearer(&mistyped_end)),
        ("the same as X-API-Key", in_key(&mistyped_end)),
        ("an unknown key", bearer(unknown.text())),
        ("the same as X-API-Key", in_key(unknown.text())),
        ("another secret for a known key", bearer(&guessed)),
        ("a key in another case", bearer(&key.to_uppercase())),
        ("a refresh token", bearer(&refresh)),
        ("a refresh token as X-API-Key", in_key(&refresh)),
        (
            "a cookie",
            vec![
                ("cookie", format!("driftsentry_refresh={refresh}")),
                ("sec-fetch-site", "same-origin".to_owned()),
            ],
        ),
    ]
}

/// A well-formed key that begins as another does.
fn with_prefix_of(key: &str) -> String {
    let minted = Secret::mint().expect("randomness");
    let body = format!("{}{}", &key[..13], &minted.text()[13..45]);
    let mut rest = crc32fast::hash(body.as_bytes());
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut sum = [0_u8; 6];
    for digit in sum.iter_mut().rev() {
        *digit = digits[(rest % 62) as usize];
        rest /= 62;
    }
    let text = format!("{body}{}", String::from_utf8_lossy(&sum));
    assert!(Secret::parse(&text).is_some(), "{text} must be well-formed");
    text
}

/// Credentials that were somebody's, and no longer are.
fn spent_credentials(app: &App) -> Vec<(&'static str, Lines)> {
    let (admin, nobody) = (app.as_admin(), app.as_nobody());
    let signed_in = |name: &str| {
        let email = app.new_user(name, "admin");
        let answer = nobody.sign_in(&email, PASSWORD).expect(200);
        let [id, token] = ["/data/user/id", "/data/accessToken"].map(|at| answer.text(at));
        // It holds until then, and is remembered as verified.
        nobody.with_credential(&token).get("/users/me").expect(200);
        (id, token, answer.text("/data/refreshToken"))
    };
    let (_, logged_out, refresh) = signed_in("logged-out");
    nobody
        .post("/auth/logout", &json!({"refreshToken": refresh}))
        .expect(200);
    let (id, disabled, _) = signed_in("disabled");
    admin
        .patch(&format!("/users/{id}"), &json!({"disabled": true}))
        .expect(200);
    let (id, enabled_again, _) = signed_in("enabled-again");
    for disabled in [true, false] {
        admin
            .patch(&format!("/users/{id}"), &json!({"disabled": disabled}))
            .expect(200);
    }
    let (id, deleted, _) = signed_in("deleted");
    admin.delete(&format!("/users/{id}")).expect(200);
    let (id, reset, _) = signed_in("reset");
    admin
        .post_empty(&format!("/users/{id}/reset-password"))
        .expect(200);

    let revoked = app.new_key("revoked", "engineer", &[]);
    let keys = admin.all("/api-keys", "");
    let id = keys
        .iter()
        .find(|key| key["name"] == "revoked")
        .expect("it is listed");
    nobody.with_credential(&revoked).get("/drifts").expect(200);
    admin
        .delete(&format!("/api-keys/{}", id["id"].as_str().expect("an id")))
        .expect(200);
    vec![
        ("a token of an ended session", bearer(&logged_out)),
        ("a disabled account's token", bearer(&disabled)),
        (
            "a token from before an account was disabled",
            bearer(&enabled_again),
        ),
        ("a deleted account's token", bearer(&deleted)),
        ("a token from before a password was reset", bearer(&reset)),
        ("a revoked key", bearer(&revoked)),
        ("an expired key", bearer(&expired_key(app))),
    ]
}

/// A key that has just ended.
fn expired_key(app: &App) -> String {
    let ends = Timestamp::now().plus_ms(1_500);
    let body = json!({"name": "expired", "scope": "engineer", "expiresAt": ends});
    let key = app
        .as_admin()
        .post("/api-keys", &body)
        .expect(201)
        .text("/data/key");
    let client = app.as_nobody().with_credential(&key);
    client.get("/drifts").expect(200);
    let asked = Instant::now();
    while client.get("/drifts").status != 401 {
        assert!(asked.elapsed() < Duration::from_secs(5), "it must end");
        thread::sleep(Duration::from_millis(50));
    }
    key
}

/// Tokens made with the server's own keys.
fn own_tokens(app: &App, instance: [u8; 16]) -> Vec<(&'static str, Lines)> {
    let ring = KeyRing::load(&app.data_dir().join("paseto.keys")).expect("the server's keys");
    let client = app.as_admin();
    let user: UserId = id(
        &client.get("/users/me").expect(200).text("/data/id"),
        UserId,
    );
    let sessions = client.get("/auth/sessions").expect(200).items();
    let current = sessions
        .iter()
        .find(|session| session["current"] == true)
        .expect("one");
    let session = id(current["id"].as_str().expect("an id"), SessionId);
    let other = app.new_user("other", "admin");
    let other = app
        .as_nobody()
        .sign_in(&other, PASSWORD)
        .expect(200)
        .text("/data/user/id");
    let other = id(&other, UserId);
    let at = |ahead_s: i64, instance: [u8; 16]| {
        let ticks = Arc::new(AtomicU64::new(0));
        let start = Timestamp::now().plus_ms(ahead_s * 1_000);
        let clock = SteadyClock::ticking(start, move || ticks.load(Ordering::Relaxed));
        AccessTokens::with_clock(ring.clone(), instance, clock)
    };
    let token = |tokens: &AccessTokens, user, session| {
        tokens.issue(user, session).expect("randomness").token
    };
    // Proof that what follows is refused for what it says.
    for ahead_s in [0, -890, 50] {
        let valid = token(&at(ahead_s, instance), user, session);
        app.as_nobody()
            .with_credential(&valid)
            .get("/users")
            .expect(200);
    }
    let stranger = AccessTokens::new(
        KeyRing::load_or_make(&app.scratch("strange.keys"), Timestamp::now()).expect("new keys"),
        instance,
    );
    let nobody = UserId::new(Timestamp::now());
    let no_session = SessionId::new(Timestamp::now());
    vec![
        (
            "an expired token",
            bearer(&token(&at(-901, instance), user, session)),
        ),
        (
            "a token of the future",
            bearer(&token(&at(3_600, instance), user, session)),
        ),
        (
            "a token of another instance",
            bearer(&token(&at(0, [7; 16]), user, session)),
        ),
        (
            "a token made with other keys",
            bearer(&token(&stranger, user, session)),
        ),
        (
            "a token of no session",
            bearer(&token(&at(0, instance), user, no_session)),
        ),
        (
            "a token of another's session",
            bearer(&token(&at(0, instance), other, session)),
        ),
        (
            "a token of nobody",
            bearer(&token(&at(0, instance), nobody, session)),
        ),
    ]
}

fn id<T>(text: &str, make: fn(uuid::Uuid) -> T) -> T {
    make(text.parse().expect("an id"))
}

/// What is refused is refused before anything else of the request is looked at.
#[test]
fn whoever_may_not_call_is_not_told_what_is_wrong_with_the_call() {
    let app = App::start();
    let viewer = app.as_viewer();
    for operation in operations() {
        if matches!(operation.rule, Rule::Public | Rule::AdminOrLocal) {
            continue;
        }
        let path = operation
            .path
            .replace(UNKNOWN, "no-id")
            .replace("workspace=", "w=");
        let wrong = |client: &Client| match operation.method.as_str() {
            "GET" | "DELETE" => client.send(&operation.method, &path, &[], None),
            _ => {
                let xml = [("content-type", "text/xml")];
                client.send(&operation.method, &path, &xml, Some(b"<x"))
            }
        };
        refusal(wrong(&app.as_nobody()), 401, "AUTH_ERROR");
        // Who may push depends on more than the role.
        if !passes(operation.rule, Caller::Viewer) && operation.rule != Rule::Push {
            refusal(wrong(&viewer), 403, "FORBIDDEN");
        }
    }
}

/// Paths that a router might read otherwise than whoever guards it.
#[test]
fn no_spelling_of_a_path_opens_it() {
    let app = App::start();
    for path in [
        "/api/v1/drifts/",
        "//api/v1/drifts",
        "/api//v1/drifts",
        "/api/v1//drifts",
        "/API/v1/drifts",
        "/api/v1/drifts;a=b",
        "/api/v1/./drifts",
        "/api/v1/auth/../drifts",
        "/api/v1/auth/%2e%2e/drifts",
        "/health/../api/v1/drifts",
        "/api/v1/%64rifts",
        "/api/v1/drifts%2f",
        "/docs/../api/v1/users",
        "/api/v1/drifts%3fx",
        "/health/%2e%2e/api/v1/users",
    ] {
        let answer = app.as_nobody().send("GET", path, &[], None);
        answer.expect_any(&[301, 308, 400, 401, 404]);
    }
    for (name, value) in [
        ("x-original-url", "/health"),
        ("x-rewrite-url", "/health"),
        ("x-http-method-override", "OPTIONS"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "root@test.example"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        app.as_nobody()
            .send("GET", "/api/v1/users", &[(name, value)], None)
            .expect(401);
    }
    // Nor is whoever comes through a proxy at the machine itself.
    for name in ["x-forwarded-for", "forwarded", "via"] {
        app.as_nobody()
            .send("GET", "/health/detailed", &[(name, "127.0.0.1")], None)
            .expect(401);
    }
}
