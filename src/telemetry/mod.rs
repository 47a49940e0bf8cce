//! How the server tells what it does: logs, metrics, health.

pub mod api;
pub mod commits;
pub mod health;
mod json_line;
pub mod lifecycle;
pub mod logs;
pub mod metrics;
pub mod process;
mod redact;
pub mod sign_ins;
pub mod streams;
