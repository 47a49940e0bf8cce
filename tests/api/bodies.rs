//! What a scan's body may be wrapped in, and what is answered to a body that is none.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{App, FIXTURES, Plan, fixture};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory takes it");
    packed.finish().expect("memory takes it")
}

#[test]
fn gzip_and_zstd_are_unpacked() {
    let app = App::start();
    let plain = fixture("02-updates.plan.json");
    let zstd = zstd::bulk::compress(&plain, 3).expect("it compresses");
    for (encoding, body) in [("gzip", gzip(&plain)), ("zstd", zstd)] {
        let scan = app
            .as_engineer()
            .push_bytes(encoding, &body, &[("content-encoding", encoding)]);
        assert_eq!(
            scan.expect(201).number("/data/counts/drifted"),
            7,
            "{encoding}"
        );
    }
}

#[test]
fn an_encoding_that_is_not_known_is_415() {
    let app = App::start();
    let engineer = app.as_engineer();
    for encoding in ["br", "compress", "rot13"] {
        engineer
            .push_bytes("w", b"{}", &[("content-encoding", encoding)])
            .expect(415)
            .code("UNSUPPORTED_MEDIA_TYPE");
    }
    let damaged = &gzip(&fixture("02-updates.plan.json"))[..2000];
    engineer
        .push_bytes("w", damaged, &[("content-encoding", "gzip")])
        .expect_any(&[400, 415, 422]);
    engineer
        .push_bytes("w", b"not zstd", &[("content-encoding", "zstd")])
        .expect_any(&[400, 415, 422]);
    nothing_is_stored(&app);
}

#[test]
fn a_windows_shell_may_have_written_it() {
    let app = App::start();
    for name in ["utf16le-bom.json", "utf8-bom.json"] {
        let scan = app
            .as_engineer()
            .push(name, &format!("wrong-inputs/{name}"))
            .expect(201);
        assert_eq!(scan.number("/data/counts/drifted"), 1, "{name}");
    }
    let text = String::from_utf8(fixture("02-updates.refresh.json")).expect("text");
    let mut big_endian = vec![0xfe, 0xff];
    big_endian.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    let scan = app
        .as_engineer()
        .push_bytes("utf16be", &big_endian, &[])
        .expect(201);
    assert_eq!(scan.number("/data/counts/drifted"), 7);
}

#[test]
fn a_warning_line_before_the_json_is_skipped_and_told() {
    let app = App::start();
    let mut body = b"Warning: a provider is deprecated\n".to_vec();
    body.extend(Plan::refresh_only().bytes());
    let scan = app.as_engineer().push_bytes("w", &body, &[]).expect(201);
    assert_ne!(scan.at("/data/problems"), serde_json::json!([]));
}

#[test]
fn json_lines_and_octets_are_content_types_too() {
    let app = App::start();
    let body = fixture("02-updates.refresh.json");
    for kind in [
        "application/octet-stream",
        "application/json; charset=utf-8",
    ] {
        app.as_engineer()
            .send(
                "POST",
                "/api/v1/scans?workspace=w",
                &[("content-type", kind)],
                Some(&body),
            )
            .expect(201);
    }
    app.as_engineer()
        .send(
            "POST",
            "/api/v1/scans?workspace=w",
            &[("content-type", "text/html")],
            Some(&body),
        )
        .expect(415)
        .code("UNSUPPORTED_MEDIA_TYPE");
}

#[test]
fn a_wrong_input_is_answered_with_the_way_out() {
    let app = App::start();
    for (name, way_out) in [
        ("empty.json", "terraform show -json"),
        ("plan-human.txt", "terraform show -json"),
        ("state-show.json", "terraform show -json"),
        ("tfplan.bin", "terraform show -json"),
        ("truncated.json", ""),
        ("future-format.json", "1"),
    ] {
        let answer = app.as_engineer().push("w", &format!("wrong-inputs/{name}"));
        let message = answer.expect(422).code("UNSUPPORTED_FORMAT").message();
        assert!(
            message.contains(way_out),
            "{name}: it must name the command or version: {message}"
        );
        assert!(message.len() > 20, "{name}: {message}");
    }
    nothing_is_stored(&app);
}

#[test]
fn other_things_that_are_no_plan_are_refused() {
    let app = App::start();
    let plan = Plan::refresh_only().bytes();
    let two = [plan.as_slice(), b"\n", &plan].concat();
    let deep = format!(
        "{{\"format_version\":\"1.2\",\"resource_drift\":{}",
        "[".repeat(100_000)
    );
    for body in [
        b"null".as_slice(),
        b"[]",
        b"{}",
        b"7",
        b"\"text\"",
        b"   \n",
        b"\0\0\0\0",
        b"{\"format_version\":\"1.0\",\"provider_schemas\":{}}",
        b"{\"format_version\":\"1.0\",\"valid\":true,\"error_count\":0,\"diagnostics\":[]}",
        &two,
        deep.as_bytes(),
    ] {
        app.as_engineer()
            .push_bytes("w", body, &[])
            .expect_any(&[400, 422]);
    }
    nothing_is_stored(&app);
}

#[test]
fn a_truncated_document_says_where_it_broke() {
    let app = App::start();
    let whole = fixture("02-updates.refresh.json");
    for part in [1, 2, 3] {
        let cut = &whole[..whole.len() * part / 4];
        let message = app
            .as_engineer()
            .push_bytes("w", cut, &[])
            .expect(422)
            .code("UNSUPPORTED_FORMAT")
            .message();
        assert!(
            message.chars().any(|c| c.is_ascii_digit()),
            "byte or line: {message}"
        );
    }
    nothing_is_stored(&app);
}

#[test]
fn a_format_may_be_named() {
    let app = App::start();
    let send = |format: &str| {
        let path = format!("/api/v1/scans?workspace=w&format={format}");
        let json = [("content-type", "application/json")];
        app.as_engineer().send(
            "POST",
            &path,
            &json,
            Some(&fixture("02-updates.refresh.json")),
        )
    };
    send("auto").expect(201);
    send("terraform-plan").expect(201);
    send("punch-cards").expect(400).code("VALIDATION_ERROR");
}

#[test]
fn a_workspace_name_is_checked() {
    let app = App::start();
    let body = Plan::refresh_only().bytes();
    let long = "x".repeat(129);
    for name in [
        "", "UPPER", "sp ace", "-dash", "dash-", "/slash", "ünï", "a\u{0}b", &long,
    ] {
        app.as_engineer()
            .push_bytes(name, &body, &[])
            .expect(400)
            .code("VALIDATION_ERROR");
    }
    let json = [("content-type", "application/json")];
    app.as_engineer()
        .send("POST", "/api/v1/scans", &json, Some(&body))
        .expect(400)
        .code("VALIDATION_ERROR");
}

#[test]
fn every_fixture_reads_the_same_packed_and_plain() {
    let app = App::start();
    for name in FIXTURES {
        let plain = fixture(&format!("{name}.refresh.json"));
        let counts = |workspace: &str, body: &[u8], headers: &[(&str, &str)]| {
            app.as_engineer()
                .push_bytes(&format!("{workspace}/{name}"), body, headers)
                .expect(201)
                .at("/data/counts")
        };
        let packed = counts("packed", &gzip(&plain), &[("content-encoding", "gzip")]);
        assert_eq!(counts("plain", &plain, &[]), packed, "{name}");
    }
}

/// Demands that refused bodies left nothing behind.
#[track_caller]
fn nothing_is_stored(app: &App) {
    let viewer = app.as_viewer();
    assert_eq!(viewer.drifts("status=all").len(), 0);
    let complete = viewer
        .all("/scans", "")
        .into_iter()
        .filter(|scan| scan["status"] != "failed");
    assert_eq!(complete.count(), 0, "no scan came of it");
}

/// A call refused by its head is answered before its body has come; the connection goes on after it.
#[test]
fn a_refused_calls_body_does_not_end_the_connection() {
    let app = App::start();
    let address = app.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a timeout");
    let mut said = [0; 4096];
    for _ in 0..3 {
        let head = format!(
            "POST /api/v1/drifts HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let length = stream.read(&mut said).expect("an answer");
        let answer = String::from_utf8_lossy(&said[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        stream.write_all(b"{\"a\": 12}").expect("the rest is sent");
    }
    let last = format!("GET /health HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(last.as_bytes()).expect("it is sent");
    let length = stream.read(&mut said).expect("an answer");
    let answer = String::from_utf8_lossy(&said[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
