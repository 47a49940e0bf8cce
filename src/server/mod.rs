//! The HTTP server: connections, what surrounds every request, the routes, and a graceful stop.
//!
//! It knows the features' `Api`s, and nothing of what they do.

pub mod body;
pub mod chores;
mod contract;
mod data;
mod docs;
pub mod first_admin;
pub mod middleware;
mod outcome;
mod paced;
mod refusal;
mod route_table;
pub mod routes;
pub mod serve_loop;
pub mod shutdown;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use crate::config::ServeOptions;
pub use crate::telemetry::lifecycle::{Lifecycle, Phase};
pub use contract::contract;
pub use data::Data;

use crate::http::auth::Gate;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
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
}

impl App {
    /// An application that is still starting, with no checks but its phase.
    pub fn new() -> Self {
        let lifecycle = Lifecycle::new();
        Self {
            health: Arc::new(Health::new(lifecycle.clone())),
            metrics: Arc::new(Metrics::new()),
            lifecycle,
        }
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could reach it, and it would not ask them who they are.
    #[error(
        "{0} can be reached from other machines, and there is no sign-in yet to protect it: listen on a loopback address such as 127.0.0.1:{port} and reach it through an SSH tunnel.", port = .0.port()
    )]
    NotLoopback(SocketAddr),
    /// Somebody else listens there.
    #[error(
        "{0} is in use by another program: stop that one, or choose another port with --listen 127.0.0.1:PORT (0 takes a free one)."
    )]
    InUse(SocketAddr),
    /// The system refuses.
    #[error("can't listen on {0}: {1}")]
    Refused(SocketAddr, #[source] io::Error),
}

/// Listens on an address; port 0 takes a free one.
///
/// # Errors
/// When the address is not a loopback one, is taken, or is refused by the system.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    if !address.ip().is_loopback() {
        return Err(ListenError::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse(address),
            _ => ListenError::Refused(address, error),
        })
}

/// Serves until the application's lifecycle drains, then finishes what is under way.
///
/// Returns when the last connection is closed or the time for it is over; the caller then closes the store.
pub async fn run(
    listener: TcpListener,
    app: &App,
    apis: routes::Apis,
    gate: Arc<Gate>,
    options: ServeOptions,
) {
    let site = routes::Site::new(app, apis, gate);
    let front = Front::new::<routes::Apis>(site, app.clone(), options.clone());
    app.lifecycle.set(Phase::Ready);
    serve_loop::serve(listener, Arc::new(front), app.clone(), options).await;
}
