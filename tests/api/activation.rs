//! A socket that somebody else listens on: a restart refuses nobody.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::App;

/// One request on a connection of its own; the answer's first line.
fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let request =
        format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_restart_refuses_nobody() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let mut app = App::stopped();
    app.hand(socket);
    app.start_on("1");
    assert_eq!(app.url(), format!("http://{address}"), "the socket's own");

    let (is_over, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = ask(address).expect("an answer");
                    assert_eq!(answer, "HTTP/1.1 200 OK");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(200));
        assert!(app.stop().success());
        app.start_on("1");
    }
    thread::sleep(Duration::from_millis(200));
    is_over.store(true, Ordering::Relaxed);
    for asking in asking {
        asking.join().expect("every request is answered");
    }
    let answered = answered.load(Ordering::Relaxed);
    assert!(answered >= 200, "only {answered} requests in all");
}

/// Starts a server with these sockets, which must not be taken; its exit code and what it said.
fn refused(sockets: &[OwnedFd]) -> (Option<i32>, String) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let [first, rest @ ..] = sockets else {
        panic!("no socket");
    };
    let count = sockets.len();
    let second = rest.first().unwrap_or(first);
    let script = format!(
        "exec 3<&0 4<&1 >&2 </dev/null; LISTEN_FDS={count} LISTEN_PID=$$ exec \"$0\" \"$@\""
    );
    let output = Command::new("sh")
        .args([
            "-c",
            &script,
            env!("CARGO_BIN_EXE_driftsentry"),
            "serve",
            "--data-dir",
        ])
        .arg(data.path().join("data"))
        .stdin(Stdio::from(first.try_clone().expect("another descriptor")))
        .stdout(Stdio::from(second.try_clone().expect("another descriptor")))
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn what_cannot_be_served_on_is_refused() {
    let open = || TcpListener::bind("0.0.0.0:0").expect("a port");
    let local = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").expect("a port"));
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let connected = TcpStream::connect(open().local_addr().expect("an address"));
    for (sockets, told) in [
        (vec![OwnedFd::from(open())], "allow_insecure_http"),
        (vec![local(), local()], "2 sockets were handed over"),
        (vec![OwnedFd::from(datagrams)], "none that listens for TCP"),
        (
            vec![OwnedFd::from(connected.expect("connected"))],
            "none that listens for TCP",
        ),
    ] {
        let (code, said) = refused(&sockets);
        assert_eq!(code, Some(78), "{told}: {said}");
        assert!(said.contains(told), "{told}: {said}");
    }
}
