//! Signing in, staying signed in, and signing out.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::{Value, json};

use crate::harness::{ADMIN, Answer, App, Client, PASSWORD};

const OWNER: &str = "the owner's browser";
const THIEF: &str = "somebody else's program";

/// Renews with a token from a client that calls itself so.
#[track_caller]
fn renew(client: &Client, token: &str, agent: &str) -> Answer {
    let agent = [("user-agent", agent)];
    client.post_with("/auth/refresh", &agent, &json!({"refreshToken": token}))
}

/// Signs in as the first administrator: the access and the refresh token.
#[track_caller]
fn signed_in(client: &Client, agent: &str) -> (String, String) {
    let agent = [("user-agent", agent)];
    let body = json!({"email": ADMIN.0, "password": ADMIN.1});
    tokens(&client.post_with("/auth/login", &agent, &body).expect(200))
}

fn tokens(answer: &Answer) -> (String, String) {
    (
        answer.text("/data/accessToken"),
        answer.text("/data/refreshToken"),
    )
}

/// Whether an access token opens something.
#[track_caller]
fn opens(client: &Client, token: &str) -> bool {
    let answer = client.with_credential(token).get("/users/me");
    answer.expect_any(&[200, 401]).status == 200
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_sign_in_answers_with_tokens_and_the_account() {
    let app = App::start();
    let nobody = app.as_nobody();
    let answer = nobody.sign_in(" ROOT@Test.Example ", ADMIN.1).expect(200);
    let data = answer.data();
    assert_eq!(
        names(&data),
        [
            "accessToken",
            "expiresIn",
            "refreshToken",
            "tokenType",
            "user"
        ]
    );
    assert_eq!(
        names(&data["user"]),
        [
            "email",
            "firstName",
            "id",
            "lastName",
            "mustChangePassword",
            "role"
        ]
    );
    assert_eq!(
        (&data["tokenType"], &data["expiresIn"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(
        (&data["user"]["email"], &data["user"]["role"]),
        (&json!(ADMIN.0), &json!("admin"))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    assert!(opens(
        &nobody,
        data["accessToken"].as_str().expect("a text")
    ));
    for wrong in [
        json!({}),
        json!({"email": ADMIN.0}),
        json!({"email": ADMIN.0, "password": null}),
    ] {
        nobody
            .post("/auth/login", &wrong)
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    let unknown_field = json!({"email": ADMIN.0, "password": ADMIN.1, "role": "admin"});
    nobody
        .post("/auth/login", &unknown_field)
        .expect(400)
        .field("role");
    nobody
        .sign_in(ADMIN.0, &ADMIN.1.to_uppercase())
        .expect(401)
        .code("AUTH_ERROR");
    nobody
        .sign_in(ADMIN.0, &format!("{} ", ADMIN.1))
        .expect(401);
    nobody.sign_in(ADMIN.0, "").expect(401);
}

#[test]
fn many_sign_ins_at_the_same_moment_all_succeed() {
    let app = App::start();
    let nobody = app.as_nobody();
    let signing_in: Vec<_> = (0..5)
        .map(|_| {
            let nobody = nobody.clone();
            thread::spawn(move || tokens(&nobody.sign_in(ADMIN.0, ADMIN.1).expect(200)))
        })
        .collect();
    let all: Vec<_> = signing_in
        .into_iter()
        .map(|each| each.join().expect("it signs in"))
        .collect();
    let distinct: HashSet<&String> = all.iter().flat_map(|(a, b)| [a, b]).collect();
    assert_eq!(distinct.len(), 10);
    for (access, refresh) in &all {
        assert!(opens(&nobody, access));
        renew(&nobody, refresh, OWNER).expect(200);
    }
}

#[test]
fn renewing_spends_the_token_and_gives_another() {
    let app = App::start();
    let nobody = app.as_nobody();
    let (access, first) = signed_in(&nobody, OWNER);
    let answer = renew(&nobody, &first, OWNER).expect(200);
    assert_eq!(
        names(&answer.data()),
        [
            "accessToken",
            "expiresIn",
            "refreshToken",
            "tokenType",
            "user"
        ]
    );
    let (renewed, second) = tokens(&answer);
    assert_ne!((&access, &first), (&renewed, &second));
    assert!(opens(&nobody, &renewed));
    let (_, third) = tokens(&renew(&nobody, &second, OWNER).expect(200));
    let sessions = nobody
        .with_credential(&renewed)
        .get("/auth/sessions")
        .expect(200);
    assert_eq!(sessions.number("/data/pagination/total"), 1);
    let all: BTreeSet<String> = [first, second, third].into();
    assert_eq!(all.len(), 3);
}

#[test]
fn no_credential_passes_for_another_kind() {
    let app = App::start();
    let nobody = app.as_nobody();
    let (access, refresh) = signed_in(&nobody, OWNER);
    let key = app.new_key("a machine", "engineer", &[]);
    assert!(!opens(&nobody, &refresh));
    for wrong in [
        &access,
        &key,
        "",
        "dsr_",
        "dsr_AAAA",
        &format!("{refresh}A"),
        &refresh[4..],
    ] {
        renew(&nobody, wrong, OWNER).expect(401).code("AUTH_ERROR");
    }
    let header = [("authorization", format!("Bearer {refresh}"))];
    let header = [(header[0].0, header[0].1.as_str())];
    nobody
        .post_with("/auth/refresh", &header, &json!({}))
        .expect(401);
    // None of it harmed the session.
    renew(&nobody, &refresh, OWNER).expect(200);
}

/// Both orders of a theft: whoever comes second is noticed, and both are out.
#[test]
fn a_stolen_token_used_twice_ends_the_session_for_both() {
    let app = App::start();
    let nobody = app.as_nobody();
    for (first, second) in [(OWNER, THIEF), (THIEF, OWNER)] {
        let (access, stolen) = signed_in(&nobody, OWNER);
        let (other_access, other) = signed_in(&nobody, OWNER);
        let (renewed, child) = tokens(&renew(&nobody, &stolen, first).expect(200));
        renew(&nobody, &stolen, second)
            .expect(401)
            .code("AUTH_ERROR");
        assert!(
            !opens(&nobody, &access) && !opens(&nobody, &renewed),
            "{first} came first"
        );
        for agent in [first, second] {
            renew(&nobody, &child, agent).expect(401);
            renew(&nobody, &stolen, agent).expect(401);
        }
        // One's other sessions are another family.
        assert!(opens(&nobody, &other_access));
        renew(&nobody, &other, OWNER).expect(200);
    }
    let found = app
        .as_admin()
        .get("/audit-logs?action=token_reuse_detected")
        .expect(200)
        .items();
    assert_eq!(found.len(), 2, "one entry for each family: {found:?}");
    let agents: BTreeSet<_> = found
        .iter()
        .map(|entry| entry["userAgent"].as_str())
        .collect();
    assert_eq!(agents, [Some(OWNER), Some(THIEF)].into());
    assert!(found.iter().all(|entry| entry["actorEmail"] == ADMIN.0));
}

#[test]
fn a_client_whose_answer_was_lost_gets_the_same_child() {
    let app = App::start();
    let nobody = app.as_nobody();
    let (_, first) = signed_in(&nobody, OWNER);
    let (_, child) = tokens(&renew(&nobody, &first, OWNER).expect(200));
    for _ in 0..3 {
        let (access, again) = tokens(&renew(&nobody, &first, OWNER).expect(200));
        assert_eq!(again, child);
        assert!(opens(&nobody, &access));
    }
    let (access, _) = tokens(&renew(&nobody, &child, OWNER).expect(200));
    // Now the child arrived: who still shows its parent is not the client that has it.
    renew(&nobody, &first, OWNER).expect(401);
    assert!(!opens(&nobody, &access));
}

#[test]
fn racing_renewals_leave_one_living_child_and_the_client_in() {
    let app = App::start();
    let nobody = app.as_nobody();
    let (_, mut token) = signed_in(&nobody, OWNER);
    let mut access = String::new();
    for round in 0..100 {
        let barrier = Arc::new(Barrier::new(2));
        let racing = [(); 2].map(|()| {
            let (nobody, token, barrier) = (nobody.clone(), token.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                renew(&nobody, &token, OWNER)
            })
        });
        let [one, other] = racing.map(|each| tokens(&each.join().expect("an answer").expect(200)));
        assert_eq!(one.1, other.1, "round {round}: two children");
        assert!(
            opens(&nobody, &one.0) && opens(&nobody, &other.0),
            "round {round}"
        );
        (access, token) = one;
    }
    let sessions = nobody
        .with_credential(&access)
        .get("/auth/sessions")
        .expect(200);
    assert_eq!(sessions.number("/data/pagination/total"), 1);
    let reused = app
        .as_admin()
        .get("/audit-logs?action=token_reuse_detected")
        .expect(200);
    assert_eq!(reused.number("/data/pagination/total"), 0);
}

#[test]
fn signing_out_ends_the_session_and_is_never_an_error() {
    let app = App::start();
    let nobody = app.as_nobody();
    let log_out = |token: &str| {
        let answer = nobody
            .post("/auth/logout", &json!({"refreshToken": token}))
            .expect(200);
        assert_eq!(answer.at("/data"), Value::Null);
    };
    let (access, refresh) = signed_in(&nobody, OWNER);
    for unknown in [
        "",
        "nonsense",
        "dsr_AAAA",
        &access,
        &refresh.replace("dsr_", "dsk_"),
    ] {
        log_out(unknown);
    }
    // One that looks alike ends nothing.
    let mut guessed = refresh.clone();
    let last = if guessed.ends_with('A') { "Q" } else { "A" };
    guessed.replace_range(guessed.len() - 10..guessed.len() - 9, last);
    log_out(&guessed);
    assert!(opens(&nobody, &access));
    log_out(&refresh);
    assert!(!opens(&nobody, &access));
    renew(&nobody, &refresh, OWNER).expect(401);
    log_out(&refresh);
    for empty in [json!({}), json!({"refreshToken": null})] {
        nobody.post("/auth/logout", &empty).expect(200);
    }
    nobody.post_empty("/auth/logout").expect(200);
    // A spent token still tells which session is meant.
    let (access, first) = signed_in(&nobody, OWNER);
    let (renewed, _) = tokens(&renew(&nobody, &first, OWNER).expect(200));
    log_out(&first);
    assert!(!opens(&nobody, &access) && !opens(&nobody, &renewed));
    let left = app
        .as_admin()
        .get("/audit-logs?action=user_logout")
        .expect(200);
    assert_eq!(left.number("/data/pagination/total"), 2);
}

/// The attributes of the only `Set-Cookie`, the pair first.
#[track_caller]
fn cookie(answer: &Answer) -> Vec<String> {
    let lines: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .collect();
    let [(_, line)] = lines[..] else {
        panic!("{}: {lines:?}", answer.request)
    };
    line.split("; ").map(str::to_owned).collect()
}

#[test]
fn a_browsers_refresh_token_lives_in_a_cookie_alone() {
    let app = App::configured(&[("DRIFTSENTRY_TRUSTED_PROXIES", "127.0.0.1")]);
    let nobody = app.as_nobody();
    let body = json!({"email": ADMIN.0, "password": ADMIN.1, "cookie": true});
    let own = ("sec-fetch-site", "same-origin");
    let answer = nobody.post_with("/auth/login", &[own], &body).expect(200);
    assert_eq!(answer.at("/data/refreshToken"), Value::Null);
    let set = cookie(&answer);
    let token = set[0]
        .strip_prefix("driftsentry_refresh=")
        .expect("its name")
        .to_owned();
    assert!(token.starts_with("dsr_") && !answer.body_text().contains(&token[4..20]));
    let attributes: BTreeSet<&str> = set[1..].iter().map(String::as_str).collect();
    let plain = [
        "HttpOnly",
        "SameSite=Strict",
        "Path=/api/v1/auth",
        "Max-Age=604800",
    ];
    assert_eq!(attributes, plain.into());

    let behind_tls = [own, ("x-forwarded-proto", "https")];
    let secure = cookie(
        &nobody
            .post_with("/auth/login", &behind_tls, &body)
            .expect(200),
    );
    assert!(secure.contains(&"Secure".to_owned()), "{secure:?}");

    let sent = format!("theme=dark; driftsentry_refresh={token}");
    let renewed = nobody
        .post_with("/auth/refresh", &[own, ("cookie", &sent)], &json!({}))
        .expect(200);
    assert_eq!(renewed.at("/data/refreshToken"), Value::Null);
    let next = cookie(&renewed).swap_remove(0);
    assert!(!next.contains(&token) && next.starts_with("driftsentry_refresh=dsr_"));
    assert!(opens(&nobody, &renewed.text("/data/accessToken")));

    let out = nobody
        .post_with("/auth/logout", &[own, ("cookie", &next)], &json!({}))
        .expect(200);
    let cleared = cookie(&out);
    assert_eq!(cleared[0], "driftsentry_refresh=");
    assert!(cleared.contains(&"Max-Age=0".to_owned()), "{cleared:?}");
    assert!(!opens(&nobody, &renewed.text("/data/accessToken")));
    nobody
        .post_with("/auth/refresh", &[own, ("cookie", &next)], &json!({}))
        .expect(401);
}

#[test]
fn another_sites_page_can_not_use_the_cookie() {
    let app = App::start();
    let nobody = app.as_nobody();
    let own_origin = [("origin", app.url())];
    let body = json!({"email": ADMIN.0, "password": ADMIN.1, "cookie": true});
    let set = cookie(
        &nobody
            .post_with("/auth/login", &own_origin, &body)
            .expect(200),
    );
    let sent = ("cookie", set[0].as_str());
    let other_port = "http://127.0.0.1:1";
    for lines in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), own_origin[0]],
        &[("origin", "https://evil.example")],
        &[("origin", other_port)],
        &[("origin", "null")],
        &[("referer", app.url())],
        &[],
    ] {
        nobody
            .post_with("/auth/login", lines, &body)
            .expect(403)
            .code("FORBIDDEN");
        let with_cookie = [lines, &[sent]].concat();
        for path in ["/auth/refresh", "/auth/logout"] {
            let refused = nobody
                .post_with(path, &with_cookie, &json!({}))
                .expect(403)
                .code("FORBIDDEN");
            assert_eq!(refused.header("set-cookie"), None);
        }
    }
    // A form of another site can't even say what it sends.
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let headers = [("content-type", kind), own_origin[0], sent];
        let answer = nobody.send("POST", "/api/v1/auth/refresh", &headers, Some(b"{}"));
        answer.expect(415).code("UNSUPPORTED_MEDIA_TYPE");
    }
    let two = format!("{}; {}", set[0], set[0]);
    nobody
        .post_with(
            "/auth/refresh",
            &[own_origin[0], ("cookie", &two)],
            &json!({}),
        )
        .expect(401);
    // It is no credential anywhere else, and all of that left it alive.
    nobody
        .send("GET", "/api/v1/users/me", &[own_origin[0], sent], None)
        .expect(401);
    nobody
        .post_with("/auth/refresh", &[own_origin[0], sent], &json!({}))
        .expect(200);
}

#[test]
fn one_sees_ones_own_sessions_and_ends_them() {
    let app = App::start();
    let nobody = app.as_nobody();
    let email = app.new_user("ana", "viewer");
    let sign_in = |agent: &str| {
        let body = json!({"email": email, "password": PASSWORD});
        tokens(
            &nobody
                .post_with("/auth/login", &[("user-agent", agent)], &body)
                .expect(200),
        )
    };
    let (laptop, _) = sign_in("a laptop");
    let (phone, phone_refresh) = sign_in("a phone");
    let client = nobody.with_credential(&laptop);
    let sessions = client.get("/auth/sessions").expect(200).items();
    let told: Vec<_> = sessions
        .iter()
        .map(|session| (session["userAgent"].as_str(), session["current"].as_bool()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("a phone"), Some(false)),
            (Some("a laptop"), Some(true))
        ]
    );
    assert!(
        sessions
            .iter()
            .all(|session| session["ipAddress"] == "127.0.0.1")
    );
    for hidden in ["hash", "dsr_", "v4.local", "generation"] {
        assert!(
            !sessions
                .iter()
                .any(|session| session.to_string().contains(hidden)),
            "{hidden}"
        );
    }
    let path =
        |session: &Value| format!("/auth/sessions/{}", session["id"].as_str().expect("an id"));
    app.as_admin()
        .delete(&path(&sessions[0]))
        .expect(404)
        .code("NOT_FOUND");
    assert!(opens(&nobody, &phone));
    client.delete(&path(&sessions[0])).expect(200);
    assert!(!opens(&nobody, &phone) && opens(&nobody, &laptop));
    renew(&nobody, &phone_refresh, "a phone").expect(401);
    client.delete(&path(&sessions[0])).expect(404);
    client.delete(&path(&sessions[1])).expect(200);
    assert!(!opens(&nobody, &laptop));
}

#[test]
fn all_other_sessions_end_at_once() {
    let app = App::start();
    let nobody = app.as_nobody();
    let email = app.new_user("ana", "viewer");
    let sign_in = || tokens(&nobody.sign_in(&email, PASSWORD).expect(200));
    let others = [sign_in(), sign_in()];
    let (here, _) = sign_in();
    let (another, _) = tokens(
        &nobody
            .sign_in(&app.new_user("ben", "viewer"), PASSWORD)
            .expect(200),
    );
    let client = nobody.with_credential(&here);
    let ended = client.delete("/auth/sessions").expect(200);
    assert_eq!(ended.number("/data/count"), 2);
    assert!(others.iter().all(|(access, _)| !opens(&nobody, access)));
    for (_, refresh) in &others {
        renew(&nobody, refresh, OWNER).expect(401);
    }
    assert!(opens(&nobody, &here) && opens(&nobody, &another));
    let again = client.delete("/auth/sessions").expect(200);
    assert_eq!(again.number("/data/count"), 0);
    let left = app
        .as_admin()
        .get("/audit-logs?action=user_logout")
        .expect(200);
    assert_eq!(left.number("/data/pagination/total"), 2);
}

#[test]
fn an_account_has_ten_sessions_and_the_oldest_makes_room() {
    let app = App::start();
    let nobody = app.as_nobody();
    let email = app.new_user("ana", "viewer");
    let all: Vec<_> = (0..13)
        .map(|_| tokens(&nobody.sign_in(&email, PASSWORD).expect(200)))
        .collect();
    let alive: Vec<bool> = all
        .iter()
        .map(|(access, _)| opens(&nobody, access))
        .collect();
    assert_eq!(alive, [&[false; 3][..], &[true; 10]].concat());
    let newest = nobody.with_credential(&all[12].0);
    assert_eq!(newest.get("/auth/sessions").expect(200).items().len(), 10);
    // A use counts: the one that was just renewed stays, the next one goes.
    renew(&nobody, &all[3].1, OWNER).expect(200);
    nobody.sign_in(&email, PASSWORD).expect(200);
    assert!(opens(&nobody, &all[3].0) && !opens(&nobody, &all[4].0));
}

#[test]
fn a_restart_signs_nobody_out_and_lets_nobody_back_in() {
    let mut app = App::start();
    let (access, refresh) = signed_in(&app.as_nobody(), OWNER);
    let (ended, ended_refresh) = signed_in(&app.as_nobody(), OWNER);
    let (spent_access, spent) = signed_in(&app.as_nobody(), OWNER);
    renew(&app.as_nobody(), &spent, OWNER).expect(200);
    let key = app.new_key("a machine", "read", &[]);
    app.as_nobody()
        .post("/auth/logout", &json!({"refreshToken": ended_refresh}))
        .expect(200);
    for by_power_cut in [false, true] {
        if by_power_cut {
            app.kill();
            app.start_again();
        } else {
            app.restart();
        }
        let nobody = app.as_nobody();
        assert!(opens(&nobody, &access) && !opens(&nobody, &ended));
        nobody.with_credential(&key).get("/drifts").expect(200);
        renew(&nobody, &ended_refresh, OWNER).expect(401);
    }
    let nobody = app.as_nobody();
    renew(&nobody, &refresh, OWNER).expect(200);
    renew(&nobody, &spent, THIEF).expect(401);
    assert!(!opens(&nobody, &spent_access));
}

#[test]
fn metrics_tell_how_sign_ins_went() {
    let app = App::start();
    let nobody = app.as_nobody();
    let (_, refresh) = signed_in(&nobody, OWNER);
    renew(&nobody, &refresh, OWNER).expect(200);
    renew(&nobody, &refresh, THIEF).expect(401);
    renew(&nobody, "dsr_nothing", THIEF).expect(401);
    for _ in 0..5 {
        nobody
            .sign_in("nobody@test.example", "a guess at it")
            .expect(401);
    }
    nobody
        .sign_in("nobody@test.example", "a guess at it")
        .expect(429);
    signed_in(&nobody, OWNER);
    let text = nobody.get_root("/metrics").expect(200).body_text();
    for line in [
        r#"driftsentry_sign_ins_total{outcome="succeeded"} 2"#,
        r#"driftsentry_sign_ins_total{outcome="failed"} 5"#,
        r#"driftsentry_sign_ins_total{outcome="throttled"} 1"#,
        r#"driftsentry_session_renewals_total{outcome="renewed"} 1"#,
        r#"driftsentry_session_renewals_total{outcome="reused"} 1"#,
        r#"driftsentry_session_renewals_total{outcome="refused"} 1"#,
        "driftsentry_password_hashes_total 7",
        "driftsentry_sessions 1",
    ] {
        assert!(text.lines().any(|each| each == line), "{line} in\n{text}");
    }
}

#[test]
fn what_is_no_text_is_no_address_and_no_password() {
    let app = App::start();
    for (body, field) in [
        (json!({"email": 5, "password": "x"}), "email"),
        (json!({"email": "a@b", "password": true}), "password"),
        (
            json!({"email": "a@b", "password": "x".repeat(1025)}),
            "password",
        ),
    ] {
        app.as_nobody()
            .post("/auth/login", &body)
            .expect(400)
            .field(field);
    }
    app.as_nobody()
        .post("/auth/refresh", &json!({"refreshToken": 5}))
        .expect(400)
        .field("refreshToken");
}
