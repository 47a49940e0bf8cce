//! The server's bounds, met by clients that do not keep to the rules: raw sockets against the real loop.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use driftsentry::server::middleware::Front;
use driftsentry::server::{App, Listener, Phase, ServeOptions, Tls, serve_loop};
use driftsentry::telemetry::api::HealthApi;
use poem::{Endpoint, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Answers what the tests need.
struct Routes;

impl Endpoint for Routes {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        match request.uri().path() {
            "/panic" => panic!("on purpose"),
            "/slow" => {
                sleep(Duration::from_millis(400)).await;
                Ok("late".into())
            }
            "/forever" => std::future::pending().await,
            "/large" => Ok(vec![b'x'; 64 << 20].into()),
            _ => {
                let body = request.take_body().into_vec().await?;
                Ok(format!("{} bytes", body.len()).into())
            }
        }
    }
}

/// A server in this process, with times short enough to wait for.
struct Server {
    address: SocketAddr,
    app: App,
    serving: JoinHandle<()>,
}

fn short() -> ServeOptions {
    ServeOptions {
        header_timeout: Duration::from_millis(300),
        stall_timeout: Duration::from_millis(300),
        request_deadline: Duration::from_millis(1_500),
        drain_timeout: Duration::from_millis(800),
        body_bytes: 10_000,
        ..ServeOptions::default()
    }
}

async fn start(options: ServeOptions) -> Server {
    start_with(options, None).await
}

async fn start_with(options: ServeOptions, tls: Option<Tls>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = App::new();
    app.lifecycle.set(Phase::Ready);
    let front = Arc::new(Front::new::<HealthApi>(
        Routes,
        app.clone(),
        options.clone(),
    ));
    let listener = Listener::new(listener, tls);
    let serving = tokio::spawn(serve_loop::serve(listener, front, app.clone(), options));
    Server {
        address,
        app,
        serving,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a new connection and reads until the server closes it.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream).await
    }
}

async fn read_to_end<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..length]);
        }
    };
    timeout(Duration::from_secs(5), reading)
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// The JSON body of an answer, once it is sure to have a failure's shape.
fn failure(answer: &str, status: u16, code: &str) -> serde_json::Value {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).expect(body);
    assert_eq!(body["success"], false);
    assert_eq!(body["error"]["code"], code);
    let trace_id = body["error"]["traceId"].as_str().unwrap();
    assert!(
        head.contains(&format!("x-correlation-id: {trace_id}")),
        "{answer}"
    );
    for header in [
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "permissions-policy: camera=()",
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header} in {answer}");
    }
    body
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let server = start(short()).await;
    for first in ["", "P", "GET / HTTP/1.1\r\nhost: localhost\r\n"] {
        let begun = Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(first.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while write.write_all(b"x").await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        });
        let mut rest = Vec::new();
        let _ = timeout(Duration::from_secs(3), read.read_to_end(&mut rest))
            .await
            .expect("closed in time");
        assert!(begun.elapsed() < Duration::from_secs(2), "{first:?}");
        dripping.abort();
    }
}

#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    let server = start(short()).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(server.connect().await);
    }
    let begun = Instant::now();
    assert!(
        server
            .exchange(get("/").as_bytes())
            .await
            .contains("0 bytes")
    );
    assert!(begun.elapsed() < Duration::from_secs(1));
    for stream in &mut silent {
        assert_eq!(read_to_end(stream).await, "");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_431() {
    let server = start(short()).await;
    let many: String = (0..70).map(|n| format!("x-{n}: 1\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{many}\r\n");
    failure(
        &server.exchange(request.as_bytes()).await,
        431,
        "HEADERS_TOO_LARGE",
    );
    // Past what the parser takes too.
    let many: String = (0..2_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    let answer = server.exchange(request.as_bytes()).await;
    failure(&answer, 431, "HEADERS_TOO_LARGE");
    let large = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
        "y".repeat(100_000)
    );
    let answer = server.exchange(large.as_bytes()).await;
    failure(&answer, 431, "HEADERS_TOO_LARGE");
}

#[tokio::test]
async fn what_is_no_http_is_told_so() {
    let server = start(short()).await;
    let first = get("/").replace("connection: close\r\n", "");
    for wrong in [
        "NONSENSE\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET / HTTP/9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: many\r\n\r\n",
    ] {
        let answer = server.exchange(wrong.as_bytes()).await;
        failure(&answer, 400, "VALIDATION_ERROR");
        // After an answer, and at once after a request, too.
        let both = server.exchange(format!("{first}{wrong}").as_bytes()).await;
        let (ok, refused) = both.split_at(both.rfind("HTTP/1.1 ").unwrap());
        assert!(ok.starts_with("HTTP/1.1 200 "), "{both}");
        failure(refused, 400, "VALIDATION_ERROR");
    }
    let long = get(&format!("/{}", "x".repeat(66_000)));
    let answer = server.exchange(long.as_bytes()).await;
    failure(&answer, 431, "HEADERS_TOO_LARGE");
}

#[tokio::test]
async fn a_body_past_its_limit_is_413_at_once() {
    let server = start(short()).await;
    let begun = Instant::now();
    let announced = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10001\r\n\r\n";
    let body = failure(
        &server.exchange(announced.as_bytes()).await,
        413,
        "PAYLOAD_TOO_LARGE",
    );
    assert!(body["error"]["message"].as_str().unwrap().contains("10000"));
    assert!(begun.elapsed() < Duration::from_millis(1_500));

    let mut stream = server.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..11 {
        let piece = format!("3e8\r\n{}\r\n", "z".repeat(1_000));
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    let begun = Instant::now();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_millis(50),
        "{:?}",
        begun.elapsed()
    );
    let rest = read_to_end(&mut stream).await;
    let answer = format!("{}{rest}", String::from_utf8_lossy(&first));
    failure(&answer, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_reads_why_it_was_refused() {
    let server = start(short()).await;
    let mut stream = server.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 4_000_000]).await.unwrap();
    failure(&read_to_end(&mut stream).await, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn chunked_bodies_within_the_limit_are_read() {
    let server = start(short()).await;
    let request = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert!(
        server
            .exchange(request.as_bytes())
            .await
            .ends_with("5 bytes")
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let server = start(short()).await;
    let begun = Instant::now();
    let request = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc";
    let answer = server.exchange(request.as_bytes()).await;
    let body = failure(&answer, 400, "VALIDATION_ERROR");
    assert_eq!(body["error"]["details"]["errors"][0]["field"], "body");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_client_that_stops_reading_is_dropped() {
    let server = start(short()).await;
    let mut stream = server.connect().await;
    stream.write_all(get("/large").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(800)).await;
    let mut answer = Vec::new();
    let reading = timeout(Duration::from_secs(3), stream.read_to_end(&mut answer));
    let _ = reading.await.expect("closed in time");
    assert!(answer.len() < 64 << 20);
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let options = ServeOptions {
        connections: 4,
        connections_per_address: 2,
        header_timeout: Duration::from_secs(5),
        ..short()
    };
    let server = start(options).await;
    let held = (server.connect().await, server.connect().await);
    sleep(Duration::from_millis(50)).await;
    let answer = server.exchange(get("/").as_bytes()).await;
    failure(&answer, 429, "RATE_LIMITED");
    assert!(answer.contains("retry-after: 1"));
    drop(held);
    sleep(Duration::from_millis(50)).await;
    assert!(
        server
            .exchange(get("/").as_bytes())
            .await
            .contains("0 bytes")
    );
}

#[tokio::test]
async fn past_all_connections_there_is_503() {
    let options = ServeOptions {
        connections: 1,
        header_timeout: Duration::from_secs(5),
        ..short()
    };
    let server = start(options).await;
    let _held = server.connect().await;
    sleep(Duration::from_millis(50)).await;
    failure(
        &server.exchange(get("/").as_bytes()).await,
        503,
        "UNAVAILABLE",
    );
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let server = start(short()).await;
    let answer = server.exchange(get("/panic").as_bytes()).await;
    let body = failure(&answer, 500, "INTERNAL_SERVER_ERROR");
    assert!(!body.to_string().contains("on purpose"));
    assert!(
        server
            .exchange(get("/").as_bytes())
            .await
            .contains("0 bytes")
    );
}

#[tokio::test]
async fn a_request_past_its_deadline_is_503() {
    let server = start(short()).await;
    let answer = server.exchange(get("/forever").as_bytes()).await;
    failure(&answer, 503, "UNAVAILABLE");
    assert!(answer.contains("retry-after: "));
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = start(short()).await;
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let request = format!("GET / HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let answer = server.exchange(request.as_bytes()).await;
        let body = failure(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(body["error"]["details"]["errors"][0]["field"], "Host");
    }
    let older = server.exchange(b"GET / HTTP/1.0\r\n\r\n").await;
    assert!(older.ends_with("0 bytes"), "{older}");
}

#[tokio::test]
async fn a_correlation_id_is_kept() {
    let server = start(short()).await;
    let request = "GET /panic HTTP/1.1\r\nhost: localhost\r\nx-correlation-id: ci-42\r\nconnection: close\r\n\r\n";
    let body = failure(
        &server.exchange(request.as_bytes()).await,
        500,
        "INTERNAL_SERVER_ERROR",
    );
    assert_eq!(body["error"]["traceId"], "ci-42");
}

#[tokio::test]
async fn http2_is_spoken_too() {
    let server = start(short()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    // An empty SETTINGS frame.
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "SETTINGS");
    // Idle, it is closed as one of HTTP/1 is.
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut rest))
        .await
        .expect("closed in time");
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let server = start(short()).await;
    let mut idle = server.connect().await;
    let first = get("/").replace("connection: close\r\n", "");
    idle.write_all(first.as_bytes()).await.unwrap();
    let mut busy = server.connect().await;
    busy.write_all(get("/slow").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;

    let begun = Instant::now();
    server.app.lifecycle.set(Phase::Draining);
    assert!(read_to_end(&mut busy).await.ends_with("late"));
    assert!(read_to_end(&mut idle).await.contains("0 bytes"));
    timeout(Duration::from_secs(2), server.serving)
        .await
        .expect("stopped in time")
        .unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    let refused = TcpStream::connect(server.address).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[tokio::test]
async fn a_stop_waits_only_so_long() {
    let options = ServeOptions {
        request_deadline: Duration::from_secs(60),
        ..short()
    };
    let server = start(options).await;
    let mut stuck = server.connect().await;
    stuck.write_all(get("/forever").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    server.app.lifecycle.set(Phase::Draining);
    timeout(Duration::from_secs(4), server.serving)
        .await
        .expect("stopped in time")
        .unwrap();
    assert_eq!(read_to_end(&mut stuck).await, "");
}
