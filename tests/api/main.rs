//! The product from outside: the built binary, spoken to by HTTP and by its command line.
//!
//! Each module tells the stories of one subject. [`harness`] starts the server and speaks to it.

mod alerts;
mod audit;
mod bodies;
mod bulk;
mod command_line;
mod conventions;
mod crash;
mod create;
mod decisions;
mod edge;
mod export;
mod harness;
mod lists;
mod local;
mod memory;
mod metrics;
mod operations;
mod race;
mod reconcile;
mod scans;
mod secrets;
mod terraform;
mod tls;
mod trail;
mod workspaces;
