//! The stream of events: live, in order, resumed, ended.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{App, Event, PASSWORD, Plan, Stream, driftsentry_with};

const W: &str = "shop/prod";

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

#[test]
fn what_changes_is_told_as_it_happens() {
    let app = App::start();
    let mut stream = Stream::open(&app.as_viewer(), "", None);
    let header = |name: &str| {
        let found = stream.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("cache-control").as_deref(), Some("no-store"));

    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    let mut of_scan = Vec::new();
    while of_scan
        .last()
        .is_none_or(|event: &Event| event.name != "scan:finished")
    {
        of_scan.push(stream.next().expect("it goes on"));
    }
    assert!(names(&of_scan).contains(&"drift:created"), "{of_scan:?}");
    let id = of_scan[0].data["id"].as_str().expect("an id").to_owned();
    app.as_engineer().decide(&id, "approve").expect(200);
    let decided = loop {
        let event = stream.next().expect("it goes on");
        if event.name == "drift:approved" {
            break event;
        }
        of_scan.push(event);
    };
    assert_eq!(decided.data["status"], "approved");
    for (one, next) in of_scan.iter().zip(&of_scan[1..]) {
        assert_eq!(next.id, one.id + 1, "no gap, no double");
    }
    for event in &of_scan {
        let text = event.data.to_string();
        assert!(
            !text.contains("actual") && !text.contains("expected"),
            "{text}"
        );
    }
}

#[test]
fn topics_are_chosen_and_wrong_ones_refused() {
    let app = App::start();
    let mut scans = Stream::open(&app.as_viewer(), "topics=scans", None);
    let mut others = Stream::open(&app.as_viewer(), "topics=drifts,alerts", None);
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    assert_eq!(names(&scans.take(2)), ["scan:finished", "scan:finished"]);
    assert_ne!(others.next().expect("it goes on").name, "scan:finished");
    for query in ["topics=weather", "after=-1", "after=x", "after=1.5"] {
        app.as_viewer()
            .get(&format!("/events?{query}"))
            .expect(400)
            .code("VALIDATION_ERROR");
    }
}

#[test]
fn a_stream_resumes_across_a_kill_and_resets_where_it_can_not() {
    let mut app = App::start();
    let engineer = app.as_engineer();
    let mut stream = Stream::open(&app.as_viewer(), "", None);
    engineer.push(W, "02-updates.plan.json").expect(201);
    let first = stream.next().expect("it goes on");
    app.kill();
    app.start_again();
    let mut resumed = Stream::open(&app.as_viewer(), "", Some(first.id));
    assert_eq!(resumed.next().expect("it goes on").id, first.id + 1);
    // The same by the query.
    let mut resumed = Stream::open(&app.as_viewer(), &format!("after={}", first.id), None);
    assert_eq!(resumed.next().expect("it goes on").id, first.id + 1);
    // A number from another life of this server.
    let mut lost = Stream::open(&app.as_viewer(), "", Some(1_000_000));
    assert_eq!(lost.next().expect("it goes on").name, "reset");
}

#[test]
fn a_stream_ends_with_what_let_it_in() {
    let app = App::start();
    let admin = app.as_admin();
    let key = app.new_key("watcher", "read", &[]);
    let keys = admin.get("/api-keys").expect(200).items();
    let key_id = keys[0]["id"].as_str().expect("an id").to_owned();
    let email = app.new_user("bo", "viewer");
    let signed_in = app.as_nobody().sign_in(&email, PASSWORD).expect(200);
    let (token, refresh) = (
        signed_in.text("/data/accessToken"),
        signed_in.text("/data/refreshToken"),
    );
    let user_id = signed_in.text("/data/user/id");
    let other = app.as_nobody().access_token(&email, PASSWORD);

    let by_key = Stream::open(&app.as_nobody().with_credential(&key), "", None);
    let by_token = Stream::open(&app.as_nobody().with_credential(&token), "", None);
    let by_other = Stream::open(&app.as_nobody().with_credential(&other), "", None);
    let mut unconcerned = Stream::open(&app.as_viewer(), "", None);

    let ends = |mut stream: Stream, what: &str| {
        let asked = Instant::now();
        assert_eq!(stream.next(), None, "{what}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{what}");
    };
    app.as_nobody()
        .post("/auth/logout", &json!({"refreshToken": refresh}))
        .expect(200);
    ends(by_token, "a session that was ended");
    admin
        .patch(&format!("/users/{user_id}"), &json!({"disabled": true}))
        .expect(200);
    ends(by_other, "an account that was disabled");
    admin.delete(&format!("/api-keys/{key_id}")).expect(200);
    ends(by_key, "a key that was revoked");
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    assert!(unconcerned.next().is_some());
}

#[test]
fn an_expiring_key_says_so_and_a_stopping_server_ends() {
    let mut app = App::start();
    let soon = driftsentry::time::Timestamp::now().plus_ms(2_500);
    let body = json!({"name": "short", "scope": "read", "expiresAt": soon});
    let key = app
        .as_admin()
        .post("/api-keys", &body)
        .expect(201)
        .text("/data/key");
    let mut short = Stream::open(&app.as_nobody().with_credential(&key), "", None);
    let told = short.next().expect("it says so");
    assert_eq!(told.name, "expired");
    assert_eq!(short.next(), None);
    app.as_nobody()
        .with_credential(&key)
        .get("/events")
        .expect(401);

    let mut stream = Stream::open(&app.as_viewer(), "", None);
    let asked = Instant::now();
    assert!(app.stop().success());
    assert_eq!(stream.next(), None);
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn somebody_has_so_many_streams_and_no_more() {
    let app = App::configured(&[("DRIFTSENTRY_LIMITS_STREAMS_PER_USER", "2")]);
    let viewer = app.as_viewer();
    let open: Vec<Stream> = (0..2).map(|_| Stream::open(&viewer, "", None)).collect();
    let refused = viewer.get("/events").expect(429).code("RATE_LIMITED");
    assert!(refused.header("retry-after").is_some());
    let _other = Stream::open(&app.as_engineer(), "", None);
    drop(open);
    // Their connections close with the next thing that arrives.
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    let until = Instant::now() + Duration::from_secs(20);
    while Stream::try_open(&viewer, "", None).is_err() {
        assert!(Instant::now() < until, "a place is given back");
        app.as_engineer()
            .push(W, "02-updates.plan.json")
            .expect(201);
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_limited_key_hears_of_its_own_workspaces() {
    let app = App::start();
    let key = app.new_key("shop", "read", &[W]);
    let mut stream = Stream::open(&app.as_nobody().with_credential(&key), "topics=scans", None);
    for workspace in ["other/prod", W, "other/prod", W] {
        app.as_engineer()
            .push(workspace, "01-no-drift.plan.json")
            .expect(201);
    }
    for event in stream.take(2) {
        assert_eq!(event.data["workspace"], W);
    }
}

#[test]
fn only_critical_alerts_where_somebody_chose_so() {
    let app = App::start();
    let viewer = app.as_viewer();
    viewer
        .put(
            "/users/me/settings",
            &json!({"criticalAlertsOnly": true, "theme": "dark"}),
        )
        .expect(200);
    let mut chosen = Stream::open(&viewer, "topics=alerts", None);
    let mut all = Stream::open(&app.as_engineer(), "topics=alerts", None);
    // A failed scan makes a warning.
    let failed = Plan::normal().with("errored", json!(true)).bytes();
    app.as_engineer().push_bytes(W, &failed, &[]).expect(201);
    app.as_engineer()
        .create("i-1", json!({"severity": "critical"}))
        .expect(201);
    assert_eq!(all.next().expect("it goes on").data["severity"], "warning");
    assert_eq!(
        chosen.next().expect("it goes on").data["severity"],
        "critical"
    );
    let count = |client: &crate::harness::Client| {
        client
            .get("/alerts/unread-count")
            .expect(200)
            .number("/data/count")
    };
    assert_eq!((count(&viewer), count(&app.as_engineer())), (1, 2));
    // Read in one tab, told in the other.
    let id = all.next().expect("it goes on").data["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    viewer
        .post_empty(&format!("/alerts/{id}/mark-read"))
        .expect(200);
    let read = chosen.next().expect("it goes on");
    assert_eq!(
        (read.name.as_str(), &read.data["id"]),
        ("alert:read", &json!(id))
    );
    assert_eq!(count(&viewer), 0);
}

/// Several write at once, while streams come and go at random points, over kills and restarts: what a stream has heard
/// in the end is exactly the log.
#[test]
fn whoever_comes_and_goes_hears_everything_once() {
    let mut app = App::start();
    let seed = 20_261_122_u64;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut heard: Vec<(&str, BTreeMap<u64, String>, Option<u64>)> =
        ["", "topics=drifts", "topics=alerts,scans"]
            .map(|query| (query, BTreeMap::new(), Some(0)))
            .into();
    for round in 0..6 {
        let engineer = app.as_engineer();
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let engineer = engineer.clone();
                let kills = round % 2 == 1;
                thread::spawn(move || {
                    for n in 0..6 {
                        let workspace = format!("w{writer}");
                        let plan = ["02-updates.plan.json", "03-deletes.plan.json"][n % 2];
                        let body = crate::harness::fixture(plan);
                        let path = format!("/api/v1/scans?workspace={workspace}");
                        let headers = [("content-type", "application/json")];
                        let sent = engineer.try_send("POST", &path, &headers, Some(&body));
                        assert!(kills || sent.is_ok(), "only a kill loses a request");
                    }
                })
            })
            .collect();
        for (query, all, last) in &mut heard {
            for _ in 0..random.usize(1..4) {
                let Ok(mut stream) = Stream::try_open(&app.as_viewer(), query, *last) else {
                    continue;
                };
                for _ in 0..random.usize(1..12) {
                    match stream.next_within(Duration::from_millis(300)) {
                        Ok(Some(event)) => {
                            assert_ne!(event.name, "reset", "seed {seed}");
                            let told = all.insert(event.id, event.name);
                            assert_eq!(told, None, "seed {seed}: {} came twice", event.id);
                        }
                        Ok(None) | Err(()) => break,
                    }
                }
                *last = stream.last_id.max(*last);
            }
        }
        if round % 2 == 1 {
            app.kill();
        }
        for writer in writers {
            writer.join().expect("a writer ends");
        }
        if round % 2 == 1 {
            app.start_again();
        }
    }
    // To the end.
    let mut end = Stream::open(&app.as_viewer(), "", None);
    while end.last_id.is_none() {
        let _ = end.next_within(Duration::from_millis(100));
    }
    let newest = end.last_id.expect("it is told at once");
    for (query, all, last) in &mut heard {
        let mut stream = Stream::open(&app.as_viewer(), query, *last);
        while let Ok(Some(event)) = stream.next_within(Duration::from_millis(1_500)) {
            let told = all.insert(event.id, event.name);
            assert_eq!(told, None, "seed {seed}: {} came twice", event.id);
        }
    }
    let everything = &heard[0].1;
    let numbers: Vec<u64> = everything.keys().copied().collect();
    assert_eq!(
        numbers,
        (1..=newest).collect::<Vec<_>>(),
        "seed {seed}: no gap"
    );
    for (query, all, _) in &heard[1..] {
        let wanted: BTreeMap<u64, String> = everything
            .iter()
            .filter(|(_, name)| query.contains(name.split(':').next().expect("a topic")))
            .map(|(id, name)| (*id, name.clone()))
            .collect();
        assert_eq!(all, &wanted, "seed {seed}: {query}");
    }
    // What was told is what is there.
    let drifts = app.as_viewer().drifts("").len();
    let created = everything.values().filter(|name| *name == "drift:created");
    assert_eq!(created.count(), drifts, "seed {seed}");
    let scans = everything.values().filter(|name| *name == "scan:finished");
    assert_eq!(
        scans.count(),
        app.as_viewer().all("/scans", "").len(),
        "seed {seed}"
    );
}

#[test]
fn watch_follows_in_a_terminal_and_says_why_it_can_not() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let mut app = App::start();
    let key = app.new_key("watch", "read", &[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_driftsentry"))
        .args([
            "watch",
            "--json",
            "--topics",
            "scans",
            "--server",
            app.url(),
        ])
        .env("DRIFTSENTRY_API_KEY", &key)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    // It listens from the moment it is connected: later scans are told.
    let until = Instant::now() + Duration::from_secs(20);
    let text = |app: &App| app.as_admin().get_root("/metrics").body_text();
    while !text(&app).contains("driftsentry_event_streams 1") {
        assert!(Instant::now() < until, "{}", text(&app));
        thread::sleep(Duration::from_millis(50));
    }
    app.as_engineer()
        .push(W, "02-updates.plan.json")
        .expect(201);
    let line = lines.next().expect("a line").expect("text");
    let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(told["event"], "scan:finished");
    assert_eq!(told["data"]["workspace"], W);
    // Lost and found again: nothing is missed.
    let port = app.url().rsplit(':').next().expect("a port").to_owned();
    app.kill();
    app.start_on(&port);
    app.as_engineer()
        .push("shop/staging", "02-updates.plan.json")
        .expect(201);
    let line = lines.next().expect("a line").expect("text");
    assert!(line.contains("shop/staging"), "{line}");
    let _ = child.kill();
    let _ = child.wait();

    let arguments = ["watch", "--server", app.url()];
    let refused = driftsentry_with(&[("DRIFTSENTRY_API_KEY", "dsk_wrong")], &arguments, b"");
    assert!(refused.expect(77).stderr.contains("401"));
}

#[test]
fn a_stream_of_events_is_counted_and_not_timed() {
    let app = App::start();
    let client = app.as_nobody();
    let stream = Stream::open(&app.as_viewer(), "", None);
    drop(stream);
    let counted = |told: &str, status: u16| {
        let labels = format!("method=\"GET\",route=\"/api/v1/events\",status=\"{status}\"");
        told.contains(&format!("driftsentry_http_requests_total{{{labels}}} 1\n"))
    };
    let timed = |told: &str| {
        let labels = "method=\"GET\",route=\"/api/v1/events\"";
        told.contains(&format!("duration_seconds_count{{{labels}}}"))
    };
    let started = Instant::now();
    let metrics = || client.get_root("/metrics").expect(200).body_text();
    let mut told = metrics();
    // The server learns that its listener has gone when it writes.
    for n in 0.. {
        if counted(&told, 200) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{told}");
        app.as_engineer()
            .create(&format!("i-{n}"), json!({}))
            .expect(201);
        thread::sleep(Duration::from_millis(50));
        told = metrics();
    }
    assert!(!timed(&told), "{told}");
    // A refusal is an answer like any other.
    client.get("/events").expect(401);
    let told = metrics();
    assert!(counted(&told, 401) && timed(&told), "{told}");
}
