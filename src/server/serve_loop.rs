//! Accepts connections and serves HTTP/1 and HTTP/2 on them, within bounds.
//!
//! poem's own server never gives up on a dripping head or body and spins when descriptors run out; this loop
//! does neither.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use poem::Endpoint;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::config::serve_options::ServeOptions;
use crate::http::client_address::Peer;
use crate::live::Live;
use crate::server::App;
use crate::server::connection::Connection;
use crate::server::door::Door;
use crate::server::middleware::Front;
use crate::server::tls::Tls;
use crate::telemetry::lifecycle::{Lifecycle, Phase};

/// How long to wait after a failed accept: doubled while it keeps failing.
const BACK_OFF: Duration = Duration::from_millis(20);
const MAX_BACK_OFF: Duration = Duration::from_millis(640);
/// How long streams may take to end once they were asked to.
const CLOSING: Duration = Duration::from_secs(1);

/// Where connections come in, and whether TLS is spoken on them.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
}

impl Listener {
    /// A listener that speaks TLS where it is given.
    pub fn new(tcp: TcpListener, tls: Option<Tls>) -> Self {
        Self { tcp, tls }
    }
}

impl From<TcpListener> for Listener {
    /// In the clear.
    fn from(tcp: TcpListener) -> Self {
        Self::new(tcp, None)
    }
}

/// Serves until the lifecycle drains; returns when the last connection is closed, or its time is over.
pub async fn serve<E: Endpoint + 'static>(
    listener: impl Into<Listener>,
    front: Arc<Front<E>>,
    app: App,
    options: impl Into<Live<ServeOptions>>,
) {
    let options = options.into();
    let Listener { tcp: listener, tls } = listener.into();
    let door = Door::new(options.clone());
    // Each connection holds a sender: the receiver ends with the last of them.
    let (alive, mut all_closed) = mpsc::channel::<Infallible>(1);
    let mut back_off = BACK_OFF;
    loop {
        let accepted = tokio::select! {
            biased;
            () = app.lifecycle.reached(Phase::Draining) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                back_off = after_failed_accept(&error, back_off).await;
                continue;
            }
        };
        back_off = BACK_OFF;
        let pass = match door.enter(address.ip()) {
            Ok(pass) => pass,
            Err(why) => {
                app.metrics.turned_away(why.name());
                // Without a handshake, a client of TLS could not read why.
                if tls.is_none() {
                    door.turn_away(stream, why);
                }
                continue;
            }
        };
        let connection = Connection {
            front: front.clone(),
            peer: Peer {
                address,
                tls: tls.is_some(),
            },
            lifecycle: app.lifecycle.clone(),
            options: options.get(),
        };
        let (alive, gauge) = (alive.clone(), app.metrics.connection());
        let acceptor = tls.as_ref().map(Tls::acceptor);
        tokio::spawn(async move {
            connection.serve(stream, acceptor).await;
            drop((pass, gauge, alive));
        });
    }
    drop((listener, alive));
    drain(&app.lifecycle, &front, &options.get(), &mut all_closed).await;
}

/// Finishes requests, then ends streams, then cuts off what is left.
async fn drain<E: Endpoint + 'static>(
    lifecycle: &Lifecycle,
    front: &Front<E>,
    options: &ServeOptions,
    all_closed: &mut mpsc::Receiver<Infallible>,
) {
    let finished = async {
        // Requests end within milliseconds of each other: looking is simpler than counting down.
        while front.in_flight() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(options.drain_timeout, finished).await.is_err() {
        tracing::warn!("Some requests did not finish in time and are cut off");
    }
    lifecycle.set(Phase::Closing);
    if timeout(CLOSING, all_closed.recv()).await.is_err() {
        lifecycle.set(Phase::Stopped);
        let _ = timeout(CLOSING, all_closed.recv()).await;
    }
    lifecycle.set(Phase::Stopped);
}

/// Waits where waiting helps: a client that left needs none, missing descriptors or memory do.
async fn after_failed_accept(error: &io::Error, back_off: Duration) -> Duration {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    ) {
        return BACK_OFF;
    }
    tracing::warn!(
        cause = %error,
        wait_ms = back_off.as_millis() as u64,
        "Can't accept connections for now"
    );
    sleep(back_off).await;
    (back_off * 2).min(MAX_BACK_OFF)
}
