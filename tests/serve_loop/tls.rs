//! The same bounds where TLS is spoken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use driftsentry::server::{Phase, ServeOptions, Tls};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Server, failure, get, read_to_end, short, start_with};

/// A server with a certificate, and a client that trusts it.
struct Secured {
    server: Server,
    connector: TlsConnector,
}

async fn start(options: ServeOptions) -> Secured {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    std::fs::write(&cert, issued.cert.pem()).unwrap();
    std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let tls = Tls::load(&cert, &key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(issued.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Secured {
        server: start_with(options, Some(tls)).await,
        connector: TlsConnector::from(Arc::new(config)),
    }
}

impl Secured {
    async fn connect(&self) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.server.connect().await;
        self.connector.connect(name, stream).await.unwrap()
    }
}

#[tokio::test]
async fn a_handshake_that_drips_is_cut_off() {
    let secured = start(short()).await;
    // The head of a record that announces a ClientHello.
    for first in [&b""[..], &[0x16], &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]] {
        let begun = Instant::now();
        let mut stream = secured.server.connect().await;
        stream.write_all(first).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let dripping = tokio::spawn(async move {
            while write.write_all(b"\x03").await.is_ok() {
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
async fn a_head_that_stops_is_cut_off() {
    let secured = start(short()).await;
    let mut stream = secured.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let begun = Instant::now();
    read_to_end(&mut stream).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_reads_why_it_was_refused() {
    let secured = start(short()).await;
    let mut stream = secured.connect().await;
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 4_000_000]).await.unwrap();
    failure(&read_to_end(&mut stream).await, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_client_that_stops_reading_is_dropped() {
    let secured = start(short()).await;
    let mut stream = secured.connect().await;
    stream.write_all(get("/large").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(800)).await;
    let mut answer = Vec::new();
    let reading = timeout(Duration::from_secs(3), stream.read_to_end(&mut answer));
    let _ = reading.await.expect("closed in time");
    assert!(answer.len() < 64 << 20);
}

#[tokio::test]
async fn one_too_many_is_closed_without_a_word() {
    let options = ServeOptions {
        connections_per_address: 1,
        header_timeout: Duration::from_secs(5),
        ..short()
    };
    let secured = start(options).await;
    let held = secured.connect().await;
    let mut refused = secured.server.connect().await;
    assert_eq!(read_to_end(&mut refused).await, "");
    drop(held);
    sleep(Duration::from_millis(50)).await;
    let mut stream = secured.connect().await;
    stream.write_all(get("/").as_bytes()).await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with("0 bytes"));
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let secured = start(short()).await;
    let mut busy = secured.connect().await;
    busy.write_all(get("/slow").as_bytes()).await.unwrap();
    let mut shaking = secured.server.connect().await;
    sleep(Duration::from_millis(100)).await;

    let begun = Instant::now();
    secured.server.app.lifecycle.set(Phase::Draining);
    assert!(read_to_end(&mut busy).await.ends_with("late"));
    assert_eq!(read_to_end(&mut shaking).await, "");
    timeout(Duration::from_secs(2), secured.server.serving)
        .await
        .expect("stopped in time")
        .unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}
