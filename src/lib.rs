//! DriftSentry: what changed outside the infrastructure code, who decided on it, and proof of it.

pub mod actor;
pub mod cli;
pub mod config;
pub mod error;
pub mod http;
pub mod ids;
pub mod ingest;
pub mod money;
pub mod server;
pub mod telemetry;
pub mod time;

pub use error::{Error, Result};
