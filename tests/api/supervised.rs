//! What a service manager hears: the start, what goes on, that the server works, the stop, and why it failed.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{App, Ear, Meddler, Said, Stream, fixture};

/// A server that is not started yet, and what hears it.
fn watched(watchdog: Option<Duration>) -> (App, Ear) {
    let mut app = App::stopped();
    let path = app.scratch("notify.sock");
    let ear = Ear::at(&path);
    app.set(&[("NOTIFY_SOCKET", path.to_str().expect("a path").to_owned())]);
    if let Some(period) = watchdog {
        app.set(&[("WATCHDOG_USEC", period.as_micros().to_string())]);
    }
    (app, ear)
}

fn is_ready(said: &Said) -> bool {
    said.value("READY") == Some("1")
}

fn status_has(said: &Said, text: &str) -> bool {
    said.value("STATUS")
        .is_some_and(|status| status.contains(text))
}

#[test]
fn the_start_what_goes_on_and_the_stop_are_told() {
    let (mut app, ear) = watched(None);
    let begun = Instant::now();
    app.start_again();
    let ready = ear.wait(begun, is_ready);
    app.as_nobody().get_root("/health/ready").expect(200);
    let before: Vec<Said> = ear.all();
    let before: Vec<&Said> = before.iter().filter(|said| said.at < ready.at).collect();
    for stage in ["opening the database", "building the indexes in memory: 7"] {
        assert!(before.iter().any(|said| status_has(said, stage)), "{stage}");
    }
    assert!(
        before
            .iter()
            .any(|said| said.value("EXTEND_TIMEOUT_USEC") == Some("300000000")),
        "a long start asks for time: {before:#?}"
    );

    ear.wait(begun, |said| status_has(said, ": 0 open drifts, 0 streams"));
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let _listening = Stream::open(&app.as_viewer(), "", None);
    let serving = format!("serving {}: 6 open drifts, 1 stream", app.url());
    ear.wait(ready.at, |said| said.value("STATUS") == Some(&serving));

    let asked = Instant::now();
    assert!(app.stop().success());
    let stopping = ear.wait(asked, |said| said.value("STOPPING") == Some("1"));
    assert!(status_has(&stopping, "stopping"), "{stopping:?}");
    assert!(stopping.at - asked < Duration::from_millis(500));
    assert_eq!(ear.count("READY=1"), 1);
    assert_eq!(ear.count("WATCHDOG=1"), 0, "nobody asked for it");
}

#[test]
fn a_name_in_the_abstract_namespace_is_heard_at_too() {
    let name = format!("driftsentry-test-{}", std::process::id());
    let ear = Ear::named(&name);
    let begun = Instant::now();
    let _app = App::configured(&[("NOTIFY_SOCKET", &format!("@{name}"))]);
    ear.wait(begun, is_ready);
}

#[test]
fn a_check_after_a_kill_is_told() {
    let (mut app, ear) = watched(None);
    app.start_again();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    app.kill();
    let begun = Instant::now();
    app.start_again();
    let ready = ear.wait(begun, is_ready);
    let checking = ear.wait(begun, |said| {
        status_has(said, "checking the database after an unclean stop: 0 %")
    });
    assert!(checking.at < ready.at);
}

#[test]
fn the_watchdog_is_fed_while_the_writer_works_and_no_longer() {
    let period = Duration::from_secs(1);
    let (mut app, ear) = watched(Some(period));
    let begun = Instant::now();
    app.start_again();
    let fed = |after: Instant| ear.wait(after, |said| said.value("WATCHDOG") == Some("1"));
    ear.wait(begun, is_ready);

    // Idle: twice in its time.
    let first = fed(begun);
    std::thread::sleep(period * 3);
    let times = ear.all().into_iter();
    let times: Vec<Instant> = times
        .filter(|said| said.at >= first.at && said.value("WATCHDOG") == Some("1"))
        .map(|said| said.at)
        .collect();
    assert!(
        times.len() >= 5,
        "{} times in {:?}",
        times.len(),
        period * 3
    );
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] < period));

    // At work.
    let engineer = app.as_engineer();
    let busy = Instant::now();
    for n in 0.. {
        engineer.new_drift(&format!("i-{n}"));
        if busy.elapsed() > period * 2 {
            break;
        }
    }
    fed(busy + period);

    // Stuck in making a change durable, while all else goes on.
    let viewer = app.as_viewer();
    let slow = Meddler::with(app.pid(), "fdatasync,fsync", "delay_enter=8000000");
    let stuck = Instant::now();
    let waiting = {
        let engineer = engineer.clone();
        let scan = fixture("07-scan1.refresh.json");
        std::thread::spawn(move || {
            let headers = [("content-type", "application/json")];
            engineer.try_send(
                "POST",
                "/api/v1/scans?workspace=slow",
                &headers,
                Some(&scan),
            )
        })
    };
    std::thread::sleep(period * 5);
    let live = app.as_nobody().get_root("/health/live");
    live.expect(200);
    viewer.get("/drifts").expect(200);
    let hungry_since = stuck + period + period / 4;
    let fed_meanwhile = ear.all().into_iter();
    let fed_meanwhile: Vec<Said> = fed_meanwhile
        .filter(|said| said.at > hungry_since && said.value("WATCHDOG").is_some())
        .collect();
    assert!(fed_meanwhile.is_empty(), "{fed_meanwhile:?}");
    assert!(app.log().contains("The store does not answer"));

    // And again when that is over.
    drop(slow);
    let freed = Instant::now();
    waiting.join().expect("no panic").expect("an answer");
    fed(freed);
    assert!(app.log().contains("The store answers again"));
}

#[test]
fn another_process_s_watchdog_is_not_fed() {
    let (mut app, ear) = watched(Some(Duration::from_millis(200)));
    app.set(&[("WATCHDOG_PID", "1".to_owned())]);
    let begun = Instant::now();
    app.start_again();
    ear.wait(begun, is_ready);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(ear.count("WATCHDOG=1"), 0);
}

#[test]
fn a_reload_is_told_from_its_beginning_to_its_end() {
    let (mut app, ear) = watched(None);
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
    for (name, file, text) in [
        ("DRIFTSENTRY_TLS_CERT", "cert.pem", issued.cert.pem()),
        (
            "DRIFTSENTRY_TLS_KEY",
            "key.pem",
            issued.signing_key.serialize_pem(),
        ),
    ] {
        let path = app.scratch(file);
        fs::write(&path, text).expect("written");
        app.set(&[(name, path.to_str().expect("a path").to_owned())]);
    }
    let begun = Instant::now();
    app.start_again();
    let ready = ear.wait(begun, is_ready);
    app.signal(Signal::HUP);
    let reloading = ear.wait(ready.at, |said| said.value("RELOADING") == Some("1"));
    let since_boot = reloading
        .value("MONOTONIC_USEC")
        .and_then(|text| text.parse::<i64>().ok());
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_sec * 1_000_000;
    assert!(
        since_boot.is_some_and(|then| (now - then).abs() < 60_000_000),
        "{since_boot:?}"
    );
    ear.wait(reloading.at, is_ready);
    assert!(app.log().contains("The TLS certificate was read anew"));
}

#[test]
fn why_it_failed_is_told() {
    let (mut app, ear) = watched(None);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let begun = Instant::now();
    for (variable, value, errno, exit) in [
        ("DRIFTSENTRY_LOG_LEVEL", "info", "98", "69"),
        ("DRIFTSENTRY_LOG_FORMAT", "loud", "22", "78"),
    ] {
        app.set(&[(variable, value.to_owned())]);
        let status = app.fails_on(&port.to_string());
        assert_eq!(
            status.code().map(|code| code.to_string()).as_deref(),
            Some(exit)
        );
        let failed = ear.wait(begun, |said| said.value("EXIT_STATUS") == Some(exit));
        assert_eq!(failed.value("ERRNO"), Some(errno), "{failed:?}");
        assert!(
            failed.value("STATUS").is_some_and(|text| text.len() > 20),
            "{failed:?}"
        );
    }
    assert_eq!(ear.count("READY=1"), 0);
}

#[test]
fn a_socket_that_nobody_hears_changes_nothing() {
    let app = App::configured(&[
        ("NOTIFY_SOCKET", "/nowhere/notify.sock"),
        ("WATCHDOG_USEC", "200000"),
    ]);
    let created = app.as_engineer().post("/drifts", &json!({}));
    assert_eq!(created.status, 400, "it serves");
    app.as_nobody().get_root("/health/ready").expect(200);
}

#[test]
fn a_stop_is_over_soon_whoever_listens() {
    let (mut app, ear) = watched(None);
    app.set(&[
        ("DRIFTSENTRY_LIMITS_STREAMS_PER_USER", "1000".to_owned()),
        ("DRIFTSENTRY_LIMITS_STREAMS_PER_ADDRESS", "1000".to_owned()),
        (
            "DRIFTSENTRY_LIMITS_CONNECTIONS_PER_ADDRESS",
            "1000".to_owned(),
        ),
    ]);
    app.start_again();
    let viewer = app.as_viewer();
    let mut streams: Vec<Stream> = (0..200).map(|_| Stream::open(&viewer, "", None)).collect();
    // Connected, and silent.
    let address = app.url().trim_start_matches("http://").to_owned();
    let _silent: Vec<_> = (0..20)
        .map(|_| std::net::TcpStream::connect(&address).expect("a connection"))
        .collect();
    // An upload that never comes to its end is waited for, and then cut off.
    let mut upload = std::net::TcpStream::connect(&address).expect("a connection");
    let key = app.ingest_key();
    let head = format!(
        "POST /api/v1/scans?workspace=w HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: 100000\r\n\r\n{{"
    );
    std::io::Write::write_all(&mut upload, head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(200));

    let asked = Instant::now();
    assert!(app.stop().success());
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(7), "it took {took:?}");
    for stream in &mut streams {
        assert_eq!(stream.next(), None);
    }
    ear.wait(asked, |said| said.value("STOPPING") == Some("1"));
}
