//! Accounts: passwords, roles, and what a change of either means for who is signed in.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{ADMIN, Answer, App, Client, PASSWORD};

const OTHER_PASSWORD: &str = "thirteen loud kettles";

/// Somebody with an account of their own.
struct Person {
    id: String,
    email: String,
    client: Client,
    refresh: String,
}

#[track_caller]
fn person(app: &App, name: &str, role: &str) -> Person {
    let email = app.new_user(name, role);
    sign_in(app, &email, PASSWORD)
}

#[track_caller]
fn sign_in(app: &App, email: &str, password: &str) -> Person {
    let nobody = app.as_nobody();
    let answer = nobody.sign_in(email, password).expect(200);
    Person {
        id: answer.text("/data/user/id"),
        email: email.to_owned(),
        client: nobody.with_credential(&answer.text("/data/accessToken")),
        refresh: answer.text("/data/refreshToken"),
    }
}

impl Person {
    fn change_password(&self, current: &str, new: &str) -> Answer {
        self.client.put(
            "/users/me/password",
            &json!({"currentPassword": current, "newPassword": new}),
        )
    }

    fn is_in(&self) -> bool {
        self.client.get("/users/me").expect_any(&[200, 401]).status == 200
    }

    fn refresh(&self) -> Answer {
        self.client
            .post("/auth/refresh", &json!({"refreshToken": self.refresh}))
    }
}

fn change(client: &Client, id: &str, change: Value) -> Answer {
    client.patch(&format!("/users/{id}"), &change)
}

#[test]
fn a_changed_password_ends_all_other_sessions() {
    let app = App::start();
    let laptop = person(&app, "ana", "viewer");
    let phone = sign_in(&app, &laptop.email, PASSWORD);
    assert!(laptop.is_in() && phone.is_in());
    laptop.change_password(PASSWORD, OTHER_PASSWORD).expect(200);
    assert!(laptop.is_in() && !phone.is_in());
    phone.refresh().expect(401);
    laptop.refresh().expect(200);
    app.as_nobody().sign_in(&laptop.email, PASSWORD).expect(401);
    app.as_nobody()
        .sign_in(&laptop.email, OTHER_PASSWORD)
        .expect(200);
    let changed = app
        .as_admin()
        .get("/audit-logs?action=password_changed")
        .expect(200)
        .items();
    assert_eq!(changed[0]["actorEmail"], laptop.email);
}

#[test]
fn a_weak_or_known_password_is_refused_with_its_reason() {
    let app = App::start();
    let ana = person(&app, "ana", "viewer");
    for weak in [
        "",
        "short",
        "password1234",
        "123456789012",
        &"x".repeat(129),
        &ana.email,
        PASSWORD,
    ] {
        let refused = ana
            .change_password(PASSWORD, weak)
            .expect(400)
            .field("newPassword");
        assert!(
            !refused.body_text().contains(PASSWORD),
            "{}",
            refused.body_text()
        );
    }
    ana.change_password("not the password", OTHER_PASSWORD)
        .expect(400)
        .field("currentPassword");
    assert!(ana.is_in());
}

#[test]
fn guessing_through_a_password_change_is_throttled_as_a_sign_in_is() {
    let app = App::start();
    let ana = person(&app, "ana", "viewer");
    for _ in 0..5 {
        ana.change_password("a guess at it", OTHER_PASSWORD)
            .expect(400)
            .field("currentPassword");
    }
    let held = ana
        .change_password(PASSWORD, OTHER_PASSWORD)
        .expect(429)
        .code("RATE_LIMITED");
    let wait: u64 = held
        .header("retry-after")
        .expect("a wait")
        .parse()
        .expect("seconds");
    assert!((1..=900).contains(&wait), "{wait}");
    app.as_nobody().sign_in(&ana.email, PASSWORD).expect(429);
    // What needs no password goes on.
    assert!(ana.is_in());
}

#[test]
fn who_is_given_another_password_need_not_wait_for_old_guesses() {
    let app = App::start();
    let ana = person(&app, "ana", "viewer");
    for _ in 0..5 {
        app.as_nobody()
            .sign_in(&ana.email, "a guess at it")
            .expect(401);
    }
    app.as_nobody().sign_in(&ana.email, PASSWORD).expect(429);
    let users = app.as_admin().get("/users").expect(200).items();
    let found = users
        .iter()
        .find(|user| user["email"] == ana.email.as_str());
    let id = found.expect("she is listed")["id"].as_str().expect("an id");
    let given = app
        .as_admin()
        .post_empty(&format!("/users/{id}/reset-password"))
        .expect(200)
        .text("/data/oneTimePassword");
    app.as_nobody().sign_in(&ana.email, &given).expect(200);
}

#[test]
fn a_one_time_password_opens_nothing_but_its_change() {
    let app = App::start();
    let body = json!({"email": "new@test.example", "role": "admin"});
    let made = app.as_admin().post("/users", &body).expect(201);
    let one_time = made.text("/data/oneTimePassword");
    let id = made.text("/data/id");
    let path = format!("/users/{id}");
    let shown_again = app.as_admin().get(&path).expect(200).body_text();
    assert!(!shown_again.contains(&one_time));
    let new = sign_in(&app, "new@test.example", &one_time);
    assert_eq!(
        new.client
            .get("/users/me")
            .expect(200)
            .at("/data/mustChangePassword"),
        json!(true)
    );
    for path in [
        "/drifts",
        "/users",
        "/audit-logs",
        "/workspaces",
        "/alerts",
        "/metrics/summary",
        "/api-keys",
    ] {
        let refused = new.client.get(path).expect(403).code("FORBIDDEN");
        assert!(
            refused.message().contains("/users/me/password"),
            "{}",
            refused.message()
        );
    }
    new.client.get_root("/health/detailed").expect(403);
    new.client
        .post(
            "/api-keys",
            &json!({"name": "a way out", "scope": "engineer"}),
        )
        .expect(403);
    let renewed = new.refresh().expect(200);
    let renewed = app
        .as_nobody()
        .with_credential(&renewed.text("/data/accessToken"));
    renewed.get("/drifts").expect(403);
    new.change_password(&one_time, &one_time)
        .expect(400)
        .field("newPassword");
    new.change_password(&one_time, OTHER_PASSWORD).expect(200);
    // From the next request on, with the very same token.
    new.client.get("/users").expect(200);
    renewed.get("/drifts").expect(200);
    app.as_nobody().sign_in(&new.email, &one_time).expect(401);

    let reset = app
        .as_admin()
        .post_empty(&format!("{path}/reset-password"))
        .expect(200);
    let again = reset.text("/data/oneTimePassword");
    assert_ne!(again, one_time);
    assert!(!new.is_in());
    app.as_nobody()
        .sign_in(&new.email, OTHER_PASSWORD)
        .expect(401);
    sign_in(&app, &new.email, &again)
        .client
        .get("/drifts")
        .expect(403);
}

#[test]
fn a_disabled_account_is_out_at_once_and_its_sessions_for_good() {
    let app = App::start();
    let ana = person(&app, "ana", "engineer");
    assert!(ana.is_in());
    change(&app.as_admin(), &ana.id, json!({"disabled": true})).expect(200);
    let asked = Instant::now();
    while ana.is_in() {
        assert!(asked.elapsed() < Duration::from_secs(1), "still in");
    }
    ana.refresh().expect(401);
    app.as_nobody().sign_in(&ana.email, PASSWORD).expect(401);
    change(&app.as_admin(), &ana.id, json!({"disabled": false})).expect(200);
    assert!(!ana.is_in());
    ana.refresh().expect(401);
    assert!(sign_in(&app, &ana.email, PASSWORD).is_in());
}

#[test]
fn a_changed_role_holds_from_the_next_request_on() {
    let app = App::start();
    let ana = person(&app, "ana", "viewer");
    let may = |client: &Client| {
        let engineer = client
            .post("/drifts", &json!({}))
            .expect_any(&[400, 403])
            .status
            == 400;
        let admin = client.get("/users").expect_any(&[200, 403]).status == 200;
        (engineer, admin)
    };
    for (role, expected) in [
        ("engineer", (true, false)),
        ("admin", (true, true)),
        ("viewer", (false, false)),
        ("admin", (true, true)),
        ("engineer", (true, false)),
    ] {
        change(&app.as_admin(), &ana.id, json!({"role": role})).expect(200);
        assert_eq!(may(&ana.client), expected, "{role}");
        assert_eq!(
            ana.client.get("/users/me").expect(200).at("/data/role"),
            json!(role)
        );
    }
    // Nobody lifts themselves up.
    change(&ana.client, &ana.id, json!({"role": "admin"})).expect(403);
    ana.client
        .patch("/users/me", &json!({"role": "admin"}))
        .expect(400)
        .field("role");
    ana.client
        .patch("/users/me", &json!({"disabled": false}))
        .expect(400)
        .field("disabled");
    let ingest = json!({"email": "x@test.example", "role": "ingest"});
    app.as_admin()
        .post("/users", &ingest)
        .expect(400)
        .field("role");
}

#[test]
fn the_last_administrator_stays() {
    let app = App::start();
    let root = sign_in(&app, ADMIN.0, ADMIN.1);
    let path = format!("/users/{}", root.id);
    let refused = || {
        for role in ["viewer", "engineer"] {
            change(&root.client, &root.id, json!({"role": role}))
                .expect(409)
                .code("CONFLICT");
        }
        change(&root.client, &root.id, json!({"disabled": true}))
            .expect(409)
            .code("CONFLICT");
        root.client.delete(&path).expect(409).code("CONFLICT");
    };
    refused();
    // One who can't sign in is none.
    let other = person(&app, "other", "admin");
    change(&root.client, &other.id, json!({"disabled": true})).expect(200);
    refused();
    change(
        &root.client,
        &other.id,
        json!({"role": "engineer", "disabled": false}),
    )
    .expect(200);
    refused();
    change(&root.client, &other.id, json!({"role": "admin"})).expect(200);
    root.client.delete(&path).expect(200);
    let other = sign_in(&app, &other.email, PASSWORD);
    change(&other.client, &other.id, json!({"role": "viewer"})).expect(409);
}

/// Both at once; the answers in the same order.
fn together(calls: [Box<dyn FnOnce() -> Answer + Send>; 2]) -> [Answer; 2] {
    let barrier = Arc::new(Barrier::new(2));
    calls
        .map(|call| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                barrier.wait();
                call()
            })
        })
        .map(|calling| calling.join().expect("an answer"))
}

#[test]
fn two_racing_demotions_leave_an_administrator() {
    let app = App::start();
    let mut two = [
        sign_in(&app, ADMIN.0, ADMIN.1),
        person(&app, "other", "admin"),
    ];
    for round in 0..60 {
        // Each the other, each themselves, both the same kind or not.
        let themselves = round % 2 == 0;
        let kinds = [json!({"role": "viewer"}), json!({"disabled": true})];
        let calls: [Box<dyn FnOnce() -> Answer + Send>; 2] = [0, 1].map(|i| {
            let client = two[i].client.clone();
            let target = two[if themselves { i } else { 1 - i }].id.clone();
            let kind = kinds[(round / 2 + i * (round / 4)) % 2].clone();
            Box::new(move || change(&client, &target, kind)) as Box<dyn FnOnce() -> Answer + Send>
        });
        let statuses = together(calls).map(|answer| answer.status);
        let passed = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(passed, 1, "round {round}: {statuses:?}");
        assert!(
            statuses
                .iter()
                .all(|status| [200, 401, 403, 409].contains(status)),
            "{statuses:?}"
        );
        let is_admin = |person: &Person| person.client.get("/users").status == 200;
        let left = two
            .iter()
            .position(is_admin)
            .expect("an administrator is left");
        assert!(
            !is_admin(&two[1 - left]),
            "round {round}: one is none any more"
        );
        let lost = &two[1 - left];
        change(
            &two[left].client,
            &lost.id,
            json!({"role": "admin", "disabled": false}),
        )
        .expect(200);
        let password = if 1 - left == 0 { ADMIN.1 } else { PASSWORD };
        two[1 - left] = sign_in(&app, &lost.email.clone(), password);
    }
    let users = two[0].client.all("/users", "");
    assert!(
        users
            .iter()
            .all(|user| user["role"] == "admin" && user["disabled"] == false)
    );
}

#[test]
fn a_deleted_account_is_out_and_stays_in_the_trail() {
    let app = App::start();
    let ana = person(&app, "ana", "engineer");
    let drift = ana.client.post(
        "/drifts",
        &json!({
            "resourceId": "i-1", "resourceType": "aws_instance", "region": "eu-west-1",
            "expectedState": {"a": 1}, "actualState": {"a": 2},
        }),
    );
    let drift = drift.expect(201).text("/data/id");
    ana.client.comment(&drift, "it was me").expect(201);
    let path = format!("/users/{}", ana.id);
    app.as_admin().delete(&path).expect(200);
    assert!(!ana.is_in());
    ana.refresh().expect(401);
    app.as_nobody().sign_in(&ana.email, PASSWORD).expect(401);
    app.as_admin().get(&path).expect(404).code("NOT_FOUND");
    app.as_admin().delete(&path).expect(404);
    let entries = app
        .as_admin()
        .get("/audit-logs?limit=100")
        .expect(200)
        .items();
    let by_ana: Vec<_> = entries
        .iter()
        .filter(|entry| entry["actorId"] == ana.id.as_str())
        .collect();
    assert!(by_ana.len() >= 3, "{by_ana:?}");
    assert!(
        by_ana
            .iter()
            .all(|entry| entry["actorEmail"] == ana.email.as_str())
    );
    let deleted = entries
        .iter()
        .find(|entry| entry["action"] == "user_deleted")
        .expect("an entry");
    assert_eq!(deleted["oldValue"]["email"], ana.email.as_str());
    assert_eq!(
        app.as_admin()
            .get("/audit-logs/verify")
            .expect(200)
            .at("/data/valid"),
        json!(true)
    );

    // The address is free again, and whoever has it now is somebody else.
    let heir = person(&app, "ana", "viewer");
    assert_ne!(heir.id, ana.id);
    assert!(!ana.is_in());
}

#[test]
fn nothing_of_a_password_is_ever_answered() {
    let app = App::start();
    let ana = person(&app, "ana", "viewer");
    let admin = app.as_admin();
    ana.client
        .put(
            "/users/me/settings",
            &json!({"criticalAlertsOnly": true, "theme": "dark"}),
        )
        .expect(200);
    let own = ana.client.get("/users/me").expect(200);
    assert_eq!(
        own.at("/data/settings"),
        json!({"criticalAlertsOnly": true, "theme": "dark"})
    );
    let bodies = [
        own,
        ana.client
            .patch("/users/me", &json!({"firstName": "Ana"}))
            .expect(200),
        admin.get("/users").expect(200),
        admin.get(&format!("/users/{}", ana.id)).expect(200),
        change(&admin, &ana.id, json!({"lastName": "Lima"})).expect(200),
        admin.get("/audit-logs?limit=100").expect(200),
        admin.delete(&format!("/users/{}", ana.id)).expect(200),
    ];
    for answer in bodies {
        let text = answer.body_text();
        for hidden in ["argon2", "$v=19", "hash\":\"$", PASSWORD, "\"password\""] {
            assert!(
                !text.contains(hidden),
                "{}: {hidden} in {text}",
                answer.request
            );
        }
    }
}

#[test]
fn an_address_belongs_to_one_account() {
    let app = App::start();
    app.new_user("ana", "viewer");
    let again = |email: &str| {
        app.as_admin().post(
            "/users",
            &json!({"email": email, "role": "viewer", "password": PASSWORD}),
        )
    };
    for email in ["ana@test.example", "ANA@Test.Example"] {
        again(email).expect(409).code("CONFLICT");
    }
    for email in [
        "",
        "ana",
        "ana@",
        "a b@test.example",
        "ana@test.example\u{202e}",
        "\"a\"@b",
        "api-key:ci@test.example",
    ] {
        again(email).expect(400).field("email");
    }
    let racing: [Box<dyn FnOnce() -> Answer + Send>; 2] = [(); 2].map(|()| {
        let admin = app.as_admin();
        let body = json!({"email": "ben@test.example", "role": "viewer", "password": PASSWORD});
        Box::new(move || admin.post("/users", &body)) as Box<dyn FnOnce() -> Answer + Send>
    });
    let mut statuses = together(racing).map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}
