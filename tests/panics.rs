//! A panic is a log line like any other, wherever it happens. A process of its own: it takes the panic hook.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use driftsentry::Error;
use driftsentry::config::{LogConfig, LogFormat};
use driftsentry::store::{Options, Store, Writes};
use driftsentry::telemetry::logs;
use serde_json::Value;

#[test]
fn a_panic_reaches_the_log_with_its_place_and_the_requests_correlation_id() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig {
        // Whatever the level.
        level: "off".to_owned(),
        format: LogFormat::Json,
        file: Some(dir.path().join("driftsentry.log")),
        ..LogConfig::default()
    };
    let logs = logs::start(&config).unwrap();
    let thread = std::thread::Builder::new().name("shelf".to_owned());
    let handle = thread.spawn(|| {
        panic!("the shelf gave way to v4.local.AAAABBBB");
    });
    assert!(handle.unwrap().join().is_err());
    logs.level().set("warn").unwrap();
    let request = tracing::error_span!("request", correlation_id = "c-42");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        request.in_scope(|| panic!("number {}", 7))
    }));
    assert!(panicked.is_err());
    // On the writer's thread, for whoever asked for the change.
    let store = Store::open(Options::new(dir.path().join("data"))).unwrap();
    let refused = request.in_scope(|| {
        store.write_blocking(|_, _| -> Result<((), Writes), Error> { panic!("a bad change") })
    });
    assert!(matches!(refused, Err(Error::Internal(_))));
    tracing::info!("Not written");
    tracing::warn!("Written");
    drop(logs);
    let files = std::fs::read_dir(dir.path()).unwrap();
    let mut logs = files.map(|file| file.unwrap().path());
    let log = logs.find(|path| path.is_file()).unwrap();
    let text = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert_eq!(lines.len(), 4, "{text}");
    for (line, said, thread) in [
        (
            &lines[0],
            "the shelf gave way to v4.local.[masked]",
            Some("shelf"),
        ),
        (&lines[1], "number 7", None),
        (&lines[2], "a bad change", Some("store-writer")),
    ] {
        assert_eq!(line["message"], "A panic: please report it");
        assert_eq!(
            (&line["panic"], &line["level"]),
            (&said.into(), &"ERROR".into())
        );
        assert!(
            line["place"]
                .as_str()
                .unwrap()
                .starts_with("tests/panics.rs:")
        );
        assert!(thread.is_none_or(|thread| line["thread"] == thread));
    }
    assert_eq!(lines[1]["correlation_id"], "c-42");
    assert_eq!(lines[2]["correlation_id"], "c-42");
    assert_eq!(lines[3]["message"], "Written");
}
