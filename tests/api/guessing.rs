//! Who guesses passwords: learns nothing from the answers nor from their time, and is held back without locking anybody out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{ADMIN, Answer, App, Client, PASSWORD};

const GUESS: &str = "a guess at it";

/// A server behind a proxy on this machine, which tells of clients.
fn behind_a_proxy() -> App {
    App::configured(&[("DRIFTSENTRY_TRUSTED_PROXIES", "127.0.0.1")])
}

/// A try to sign in, from an address.
#[track_caller]
fn from(client: &Client, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    client.post_with("/auth/login", &[("x-forwarded-for", address)], &body)
}

/// A metric that has no labels.
#[track_caller]
fn metric(app: &App, name: &str) -> u64 {
    let text = app.as_nobody().get_root("/metrics").expect(200).body_text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} in {text}"))
        .parse()
        .expect("a number")
}

fn hashes(app: &App) -> u64 {
    metric(app, "driftsentry_password_hashes_total")
}

/// The accounts of an experiment: some that are there, and as many that are disabled.
fn accounts(app: &App, count: usize) -> [Vec<String>; 2] {
    let named = |kind: &str| {
        (0..count)
            .map(|i| app.new_user(&format!("{kind}-{i}"), "viewer"))
            .collect()
    };
    let [active, disabled]: [Vec<String>; 2] = ["active", "disabled"].map(named);
    for user in app.as_admin().all("/users", "") {
        if user["email"]
            .as_str()
            .is_some_and(|email| email.starts_with("disabled"))
        {
            let path = format!("/users/{}", user["id"].as_str().expect("an id"));
            app.as_admin()
                .patch(&path, &json!({"disabled": true}))
                .expect(200);
        }
    }
    [active, disabled]
}

#[test]
fn the_answer_does_not_tell_why() {
    let app = App::start();
    let [active, disabled] = accounts(&app, 1);
    let nobody = app.as_nobody();
    let told = |email: &str, password: &str| {
        let answer = nobody
            .sign_in(email, password)
            .expect(401)
            .code("AUTH_ERROR");
        let mut body = answer.json();
        for differs in ["traceId", "timestamp"] {
            body["error"][differs].take();
        }
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-correlation-id"].contains(&name.as_str()));
        (body, headers.cloned().collect::<BTreeMap<_, _>>())
    };
    let wrong = told(&active[0], GUESS);
    for (email, password) in [
        ("nobody@test.example", GUESS),
        (&disabled[0], GUESS),
        (&disabled[0], PASSWORD),
        ("no address at all", GUESS),
        (&active[0], ""),
        (&active[0], &"x".repeat(1_000)),
    ] {
        assert_eq!(told(email, password), wrong, "{email}");
    }
    // The trail tells administrators.
    let reasons: Vec<Value> = app
        .as_admin()
        .get("/audit-logs?action=user_login_failed")
        .expect(200)
        .items()
        .iter()
        .map(|entry| entry["details"]["reason"].clone())
        .collect();
    for reason in ["wrong password", "unknown account", "disabled account"] {
        assert!(reasons.contains(&json!(reason)), "{reason} in {reasons:?}");
    }
}

/// Throttling looks the same for an account that is there and one that is not.
#[test]
fn waiting_does_not_tell_either() {
    let app = App::start();
    let [active, disabled] = accounts(&app, 1);
    let statuses = |email: &str| -> Vec<u16> {
        (0..8)
            .map(|_| app.as_nobody().sign_in(email, GUESS).status)
            .collect()
    };
    let known = statuses(&active[0]);
    assert_eq!(known, [401, 401, 401, 401, 401, 429, 429, 429]);
    assert_eq!(statuses(&disabled[0]), known);
    assert_eq!(statuses("nobody@test.example"), known);
    let other_spelling = app.as_nobody().sign_in(&active[0].to_uppercase(), GUESS);
    let wait = other_spelling.expect(429).code("RATE_LIMITED");
    let wait: u64 = wait
        .header("retry-after")
        .expect("a wait")
        .parse()
        .expect("seconds");
    assert!((1..=900).contains(&wait), "{wait}");
}

/// So many guesses at once, each from the address that it is given.
fn burst(
    app: &App,
    email: &str,
    guesses: usize,
    address: impl Fn(usize) -> String + Sync,
) -> BTreeMap<u16, usize> {
    let next = AtomicUsize::new(0);
    let counted = thread::scope(|scope| {
        let guessing: Vec<_> = (0..16)
            .map(|_| {
                let client = app.as_nobody();
                let (next, address) = (&next, &address);
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    loop {
                        let guess = next.fetch_add(1, Ordering::Relaxed);
                        if guess >= guesses {
                            return statuses;
                        }
                        let password = format!("guess number {guess}");
                        let answer = from(&client, &address(guess), email, &password);
                        if answer.status == 429 {
                            let answer = answer.code("RATE_LIMITED");
                            let wait = answer.header("retry-after").expect("a wait");
                            assert!(
                                (1..=900).contains(&wait.parse().expect("seconds")),
                                "{wait}"
                            );
                            statuses.push(429);
                        } else {
                            statuses.push(answer.expect(401).status);
                        }
                    }
                })
            })
            .collect();
        guessing
            .into_iter()
            .flat_map(|each| each.join().expect("it guesses"))
            .collect::<Vec<u16>>()
    });
    let mut found = BTreeMap::new();
    for status in counted {
        *found.entry(status).or_default() += 1;
    }
    found
}

#[test]
fn a_thousand_guesses_cost_few_hashes_and_the_owner_gets_in() {
    let app = behind_a_proxy();
    let ana = app.new_user("ana", "viewer");
    let before = hashes(&app);
    let statuses = burst(&app, &ana, 1_000, |_| "198.51.100.7".to_owned());
    let cost = hashes(&app) - before;
    assert!(cost <= 20, "{cost} hashes: {statuses:?}");
    assert_eq!(statuses.values().sum::<usize>(), 1_000);
    assert!(statuses[&429] >= 980, "{statuses:?}");
    // From anywhere else, even where they were never seen before; and the guesser's address is no prison for others.
    from(&app.as_nobody(), "203.0.113.9", &ana, PASSWORD).expect(200);
    from(&app.as_nobody(), "198.51.100.7", ADMIN.0, ADMIN.1).expect(200);
}

#[test]
fn many_addresses_guess_no_faster_and_the_owner_gets_in_from_their_own() {
    let app = behind_a_proxy();
    let ana = app.new_user("ana", "viewer");
    let home = "203.0.113.9";
    from(&app.as_nobody(), home, &ana, PASSWORD).expect(200);
    let before = hashes(&app);
    let statuses = burst(&app, &ana, 1_000, |guess| {
        format!("198.18.{}.{}", guess / 250, guess % 250)
    });
    let cost = hashes(&app) - before;
    assert!(cost <= 20, "{cost} hashes: {statuses:?}");
    for _ in 0..3 {
        from(&app.as_nobody(), home, &ana, PASSWORD).expect(200);
    }
}

#[test]
fn what_a_client_says_of_itself_gives_no_further_tries() {
    let app = App::start();
    let nobody = app.as_nobody();
    let ana = app.new_user("ana", "viewer");
    let statuses: Vec<u16> = (0..8)
        .map(|i| from(&nobody, &format!("198.51.100.{i}"), &ana, GUESS).status)
        .collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
}

/// The middle time of tries, by kind, each kind taking its turn: what else the machine does meets all alike.
fn medians(app: &App, kinds: &[Vec<String>; 3], first_address: usize) -> [Duration; 3] {
    const TRIES: usize = 200;
    let client = app.as_nobody();
    let mut times: [Vec<Duration>; 3] = Default::default();
    for i in 0..TRIES {
        for turn in 0..3 {
            let kind = (turn + i) % 3;
            let number = first_address + i * 3 + kind;
            let address = format!(
                "198.{}.{}.{}",
                18 + number / 62_500,
                number / 250 % 250,
                number % 250
            );
            let email = &kinds[kind][i % kinds[kind].len()];
            let started = Instant::now();
            let answer = from(&client, &address, email, GUESS);
            times[kind].push(started.elapsed());
            answer.expect(401);
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

#[test]
fn the_time_does_not_tell_why() {
    let app = behind_a_proxy();
    for again in [false, true] {
        let kind = if again { "again" } else { "first" };
        let named = |name: &str| -> Vec<String> {
            // Fifteen failures an account are free.
            (0..16)
                .map(|i| format!("{kind}-{name}-{i}@test.example"))
                .collect()
        };
        let kinds = [named("unknown"), named("active"), named("disabled")];
        for (role, emails) in [(false, &kinds[1]), (true, &kinds[2])] {
            for email in emails {
                let body = json!({"email": email, "role": "viewer", "password": PASSWORD});
                let id = app
                    .as_admin()
                    .post("/users", &body)
                    .expect(201)
                    .text("/data/id");
                let path = format!("/users/{id}");
                app.as_admin()
                    .patch(&path, &json!({"disabled": role}))
                    .expect(200);
            }
        }
        let medians = medians(&app, &kinds, usize::from(again) * 1_000);
        let (least, most) = (
            medians.iter().min().expect("three"),
            medians.iter().max().expect("three"),
        );
        let bound = Duration::from_millis(2).max(*least / 10);
        if *most - *least < bound {
            return;
        }
        assert!(
            !again,
            "unknown, wrong, disabled take {medians:?}, which differs by more than {bound:?}"
        );
    }
}
