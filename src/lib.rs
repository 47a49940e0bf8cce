//! DriftSentry: what changed outside the infrastructure code, who decided on it, and proof of it.

pub mod actor;
pub mod alerts;
pub mod audit;
pub mod backup;
pub mod check;
pub mod cli;
pub mod client;
pub mod config;
pub mod control;
pub mod demo;
pub mod drifts;
pub mod error;
pub mod events;
mod hex;
pub mod http;
pub mod ids;
pub mod ingest;
pub mod intake;
pub mod keys;
pub mod listing;
pub mod live;
pub mod metrics;
pub mod money;
pub mod retention;
pub mod scans;
pub mod server;
pub mod sessions;
pub mod severity;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod users;
pub mod workspaces;

pub use error::{Error, Result};
