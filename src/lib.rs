//! DriftSentry: what changed outside the infrastructure code, who decided on it, and proof of it.

pub mod actor;
pub mod audit;
pub mod cli;
pub mod error;
pub mod events;
pub mod ids;
pub mod ingest;
pub mod listing;
pub mod money;
pub mod store;
pub mod time;

pub use error::{Error, Result};
