//! The HTTP server: connections, what surrounds every request, the routes, and a graceful stop.
//!
//! It knows the features' `Api`s, and nothing of what they do.

pub mod activation;
pub mod body;
mod certificate;
pub mod chores;
mod connection;
mod contract;
mod data;
mod docs;
mod door;
mod files;
pub mod first_admin;
pub mod middleware;
mod negotiation;
mod outcome;
mod overdue;
mod paced;
mod refusal;
pub mod reload;
mod renewal;
pub mod retention;
mod route_table;
pub mod routes;
mod scrape;
mod security_headers;
pub mod serve_loop;
pub mod shutdown;
pub mod supervisor;
mod tls;
mod ui;
mod unreadable;
mod validity;
pub mod watchdog;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use crate::config::ServeOptions;
pub use crate::telemetry::lifecycle::{Lifecycle, Phase};
pub use certificate::PairError;
pub use contract::contract;
pub use data::Data;
pub use serve_loop::Listener;
pub use supervisor::Supervisor;
pub use tls::{Tls, TlsError};

use crate::config::ScrapeToken;
use crate::events::audience::{Audience, Limits};
use crate::events::stream::Sent;
use crate::http::auth::Gate;
use crate::live::Live;
use crate::telemetry::health::Health;
use crate::telemetry::intake::IntakeMetrics;
use crate::telemetry::metrics::Metrics;
use activation::Handed;
use middleware::Front;

/// What the server's own parts and the features share. Built once, before the first request.
#[derive(Clone)]
pub struct App {
    /// Starting, ready, draining.
    pub lifecycle: Lifecycle,
    /// The checks behind `/health/ready`.
    pub health: Arc<Health>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Who listens to events.
    pub audience: Arc<Audience>,
    /// Counts the events that go out.
    pub events_sent: Arc<Sent>,
    /// Counts the scans that come in.
    pub intake: IntakeMetrics,
    /// Who looks after the program; nobody, unless it is set.
    pub supervisor: Supervisor,
}

impl App {
    /// An application that is still starting, with no checks but its phase.
    pub fn new() -> Self {
        Self::with_streams(Limits::default())
    }

    /// The same, with so many streams of events at most.
    pub fn with_streams(limits: Limits) -> Self {
        let lifecycle = Lifecycle::new();
        let (metrics, intake) = (Arc::new(Metrics::new()), IntakeMetrics::default());
        intake.register(&metrics);
        let health = Arc::new(Health::new(lifecycle.clone()));
        health.register(&metrics);
        Self {
            health,
            metrics,
            intake,
            audience: Arc::new(Audience::new(limits)),
            events_sent: Arc::default(),
            supervisor: Supervisor::default(),
            lifecycle,
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// How what is sent is kept from whoever is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// By TLS.
    Tls,
    /// By not leaving this machine.
    Loopback,
    /// Not at all: the operator said that it need not be.
    Waived,
}

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could reach it, and whoever is between could read along.
    #[error(
        "{0} can be reached from other machines, and passwords and keys would cross the network in the clear. Either serve TLS: --tls-cert FILE --tls-key FILE; or listen on loopback, --listen 127.0.0.1:{port}, behind a proxy on this machine that speaks TLS; or, where the network itself is protected, set allow_insecure_http = true (DRIFTSENTRY_ALLOW_INSECURE_HTTP).", port = .0.port()
    )]
    InTheClear(SocketAddr),
    /// Somebody else listens there.
    #[error(
        "{0} is in use by another program: stop that one, or choose another port with --listen 127.0.0.1:PORT (0 takes a free one)."
    )]
    InUse(SocketAddr),
    /// No interface of this machine has it.
    #[error(
        "{0} is no address of this machine: choose one of `ip address`, or 127.0.0.1, with --listen."
    )]
    NotHere(SocketAddr),
    /// A port that only root may have.
    #[error(
        "{0} can't be listened on by this user (ports below 1024 are root's): choose a higher one with --listen."
    )]
    NotPermitted(SocketAddr),
    /// The system refuses.
    #[error("can't listen on {0} ({1}): choose another address with --listen.")]
    Refused(SocketAddr, #[source] io::Error),
}

/// Listens on an address; port 0 takes a free one.
///
/// # Errors
/// When other machines could reach it without protection, or it is taken, or refused by the system.
pub async fn bind(address: SocketAddr, protection: Protection) -> Result<TcpListener, ListenError> {
    permitted(address, protection)?;
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse(address),
            io::ErrorKind::AddrNotAvailable => ListenError::NotHere(address),
            io::ErrorKind::PermissionDenied => ListenError::NotPermitted(address),
            _ => ListenError::Refused(address, error),
        })
}

/// Takes over a socket that somebody else listens on; the same protection is asked for.
///
/// # Errors
/// As [`bind`].
pub fn adopt(handed: Handed, protection: Protection) -> Result<TcpListener, ListenError> {
    let address = handed.address;
    permitted(address, protection)?;
    TcpListener::from_std(handed.listener).map_err(|error| ListenError::Refused(address, error))
}

/// Whether the server may listen on an address with this protection.
///
/// # Errors
/// When other machines could reach it without any.
pub fn permitted(address: SocketAddr, protection: Protection) -> Result<(), ListenError> {
    if protection == Protection::Loopback && !address.ip().to_canonical().is_loopback() {
        return Err(ListenError::InTheClear(address));
    }
    Ok(())
}

/// A server that answers: at first that it is starting, then whatever it is asked.
pub struct Serving {
    app: App,
    opening: Arc<routes::Opening>,
    ended: JoinHandle<()>,
    /// The bounds that every client is held to.
    pub options: Live<ServeOptions>,
    /// What opens `/metrics` to other machines.
    pub scrape_token: Live<Option<ScrapeToken>>,
}

impl Serving {
    /// Answers from now on: probes hear that the server is starting, at once, however long the store takes to open.
    /// `scrape_token` opens `/metrics` to other machines.
    pub fn start(
        listener: Listener,
        app: &App,
        scrape_token: Option<ScrapeToken>,
        options: ServeOptions,
    ) -> Self {
        let scrape_token = Live::from(scrape_token);
        let options = Live::from(options);
        let opening = Arc::new(routes::Opening::new(app));
        let site = routes::Site::new(app, Arc::clone(&opening), scrape_token.clone());
        let front = Arc::new(Front::new::<routes::Apis>(
            site,
            app.clone(),
            options.clone(),
        ));
        let ended = tokio::spawn(serve_loop::serve(
            listener,
            front,
            app.clone(),
            options.clone(),
        ));
        Self {
            app: app.clone(),
            opening,
            ended,
            options,
            scrape_token,
        }
    }

    /// Answers everything from now on.
    pub fn open(&self, apis: routes::Apis, gate: Arc<Gate>) {
        self.opening.open(apis, gate);
        self.app.lifecycle.set(Phase::Ready);
        self.app.supervisor.ready("serving");
    }

    /// Serves until the application's lifecycle drains, then finishes what is under way.
    ///
    /// Returns when the last connection is closed or the time for it is over; the caller then closes the store.
    pub async fn ended(self) {
        if self.ended.await.is_err() {
            tracing::error!("Accepting connections panicked");
            self.app.lifecycle.set(Phase::Stopped);
        }
    }
}
