//! How the server tells what it does: logs, metrics, health.

pub mod api;
pub mod backups;
pub mod checks;
mod classic;
pub mod commits;
pub mod figures;
pub mod health;
pub mod intake;
pub mod inventory;
mod json_line;
pub mod lifecycle;
pub mod logs;
pub mod metrics;
pub mod process;
mod redact;
pub mod sign_ins;
pub mod store;
pub mod streams;
