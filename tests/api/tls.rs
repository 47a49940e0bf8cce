//! TLS: what is spoken, and a certificate that is renewed while it is.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::harness::App;

const RENEWED: &str = "The TLS certificate was read anew";
const REFUSED: &str = "The TLS certificate can't be renewed";

/// A certificate for `localhost` with its key, both PEM.
struct Issued {
    cert: String,
    key: String,
}

fn issue() -> Issued {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
    Issued {
        cert: issued.cert.pem(),
        key: issued.signing_key.serialize_pem(),
    }
}

impl Issued {
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.cert.as_bytes()).expect("a certificate")
    }
}

/// A server with a certificate in files.
struct Secured {
    app: App,
    files: TempDir,
}

impl Secured {
    #[track_caller]
    fn start(issued: &Issued) -> Self {
        let files = TempDir::with_prefix("driftsentry-tls-").expect("a temporary directory");
        let [cert, key] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
        fs::write(&cert, &issued.cert).expect("written");
        fs::write(&key, &issued.key).expect("written");
        let app = App::configured(&[
            ("DRIFTSENTRY_TLS_CERT", cert.to_str().expect("a path")),
            ("DRIFTSENTRY_TLS_KEY", key.to_str().expect("a path")),
        ]);
        Self { app, files }
    }

    fn cert(&self) -> PathBuf {
        self.files.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.files.path().join("key.pem")
    }

    fn address(&self) -> String {
        let url = self.app.url();
        let address = url.strip_prefix("https://");
        address.unwrap_or_else(|| panic!("{url}")).to_owned()
    }

    fn hang_up(&self) {
        let pid = i32::try_from(self.app.pid()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("not 0"), Signal::HUP).expect("a signal is sent");
    }

    /// Waits until the log has so many lines with this text.
    #[track_caller]
    fn told(&self, text: &str, times: usize) {
        let asked = Instant::now();
        while self.app.log().matches(text).count() < times {
            assert!(
                asked.elapsed() < Duration::from_secs(5),
                "{text:?} is not told {times} times"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// One that trusts these certificates, and offers these protocols.
fn client(
    trusted: &[&Issued],
    alpn: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for issued in trusted {
        roots.add(issued.der()).expect("a root");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    // A resumed session would show no certificate.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects and shakes hands.
fn connect(config: &Arc<ClientConfig>, address: &str) -> io::Result<Stream> {
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut stream = StreamOwned::new(connection, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn certificate_of(stream: &Stream) -> CertificateDer<'static> {
    let chain = stream.conn.peer_certificates().expect("certificates");
    chain[0].clone().into_owned()
}

fn ask(stream: &mut Stream, path: &str) -> String {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, and an end that is told");
    answer
}

#[test]
fn both_versions_of_tls_and_of_http_are_spoken() {
    let issued = issue();
    let server = Secured::start(&issued);
    let address = server.address();

    let all = client(&[&issued], &["h2", "http/1.1"], rustls::ALL_VERSIONS);
    let mut stream = connect(&all, &address).expect("a handshake");
    assert_eq!(
        stream.conn.protocol_version(),
        Some(ProtocolVersion::TLSv1_3)
    );
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    assert!(http2_is_answered(&mut stream));

    for (alpn, versions) in [
        (&["http/1.1"][..], rustls::ALL_VERSIONS),
        (&[], rustls::ALL_VERSIONS),
        (&["http/1.1"], &[&rustls::version::TLS12]),
    ] {
        let config = client(&[&issued], alpn, versions);
        let mut stream = connect(&config, &address).expect("a handshake");
        let answer = ask(&mut stream, "/health/ready");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let head = answer.to_lowercase();
        assert!(
            head.contains("\r\nstrict-transport-security: max-age=31536000\r\n"),
            "{head}"
        );
    }
}

/// Asks for `/` in HTTP/2's own frames, and waits for the head of a 200.
fn http2_is_answered(stream: &mut Stream) -> bool {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // GET, https, /, and the authority `localhost`: of HPACK's static table.
    let mut request = vec![0x82, 0x87, 0x84, 0x41, 9];
    request.extend_from_slice(b"localhost");
    let length = u8::try_from(request.len()).expect("short");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend_from_slice(&SETTINGS);
    bytes.extend_from_slice(&[0, 0, length, 1, 0x05, 0, 0, 0, 1]);
    bytes.extend_from_slice(&request);
    stream.write_all(&bytes).expect("sent");
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).expect("a frame");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("small")];
        stream.read_exact(&mut payload).expect("its payload");
        if head[3] == 1 {
            // 8 is `:status: 200` of the static table.
            return payload.first() == Some(&0x88);
        }
    }
}

#[test]
fn a_renewed_certificate_is_served_soon_and_no_handshake_fails() {
    let (old, new) = (issue(), issue());
    let server = Secured::start(&old);
    let (address, config) = (
        server.address(),
        client(&[&old, &new], &[], rustls::ALL_VERSIONS),
    );

    let done = Arc::new(AtomicBool::new(false));
    let knocking = thread::spawn({
        let (address, config, done) = (address.clone(), config.clone(), done.clone());
        move || {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                let mut stream = connect(&config, &address).expect("each handshake succeeds");
                let answer = ask(&mut stream, "/health/live");
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                seen += 1;
            }
            seen
        }
    });
    thread::sleep(Duration::from_millis(200));
    fs::write(server.cert(), &new.cert).expect("written");
    thread::sleep(Duration::from_millis(300));
    fs::write(server.key(), &new.key).expect("written");
    let changed = Instant::now();
    loop {
        let stream = connect(&config, &address).expect("a handshake");
        if certificate_of(&stream) == new.der() {
            break;
        }
        assert!(
            changed.elapsed() < Duration::from_secs(2),
            "it is not served yet"
        );
        thread::sleep(Duration::from_millis(20));
    }
    done.store(true, Ordering::Relaxed);
    assert!(knocking.join().expect("no handshake failed") > 10);
    server.told(RENEWED, 1);
    assert!(
        !server.app.log().contains(REFUSED),
        "half a renewal is none"
    );
}

#[test]
fn a_certificate_is_read_anew_at_sighup() {
    let (old, new) = (issue(), issue());
    let server = Secured::start(&old);
    server.hang_up();
    server.told(RENEWED, 1);
    // As `ln -sf` and most clients of certificate authorities do it: files that take the old ones' place.
    for (path, text) in [(server.cert(), &new.cert), (server.key(), &new.key)] {
        let beside = path.with_extension("new");
        fs::write(&beside, text).expect("written");
        fs::rename(beside, path).expect("renamed");
    }
    server.hang_up();
    server.told(RENEWED, 2);
    let config = client(&[&new], &[], rustls::ALL_VERSIONS);
    assert!(connect(&config, &server.address()).is_ok());
}

#[test]
fn a_bad_pair_is_told_once_and_changes_nothing() {
    let (old, other) = (issue(), issue());
    let server = Secured::start(&old);
    let config = client(&[&old], &[], rustls::ALL_VERSIONS);
    let served = || connect(&config, &server.address()).is_ok();
    fs::write(server.key(), &other.key).expect("written");
    server.told(REFUSED, 1);
    assert!(served());
    thread::sleep(Duration::from_millis(1_200));
    let log = server.app.log();
    assert_eq!(log.matches(REFUSED).count(), 1, "{log}");
    assert!(
        log.contains("is not that of the first certificate"),
        "{log}"
    );
    assert!(!log.contains("PRIVATE KEY-----"), "no key in the log");

    fs::write(server.cert(), "nothing").expect("written");
    server.told(REFUSED, 2);
    server.hang_up();
    server.told(REFUSED, 3);
    fs::remove_file(server.cert()).expect("removed");
    server.told(REFUSED, 4);
    assert!(served());

    fs::write(server.cert(), &other.cert).expect("written");
    server.told(RENEWED, 1);
    assert!(!served(), "the other one is served now");
}

#[test]
fn whoever_speaks_in_the_clear_is_left_quietly() {
    let issued = issue();
    let server = Secured::start(&issued);
    let mut stream = TcpStream::connect(server.address()).expect("connected");
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let log = server.app.log();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    let config = client(&[&issued], &[], rustls::ALL_VERSIONS);
    assert!(connect(&config, &server.address()).is_ok());
}
