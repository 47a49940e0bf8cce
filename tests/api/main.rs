//! The product from outside: the built binary, spoken to by HTTP and by its command line.
//!
//! Each module tells the stories of one subject. [`harness`] starts the server and speaks to it.

mod accounts;
mod alerts;
mod audit;
mod bodies;
mod bulk;
mod command_line;
mod configuration;
mod conventions;
mod crash;
mod create;
mod decisions;
mod edge;
mod export;
mod guessing;
mod harness;
mod keys;
mod lists;
mod live;
mod local;
mod matrix;
mod memory;
mod metrics;
mod operations;
mod quiet;
mod race;
mod reach;
mod reconcile;
mod scans;
mod secrets;
mod sign_in;
mod terraform;
mod tls;
mod trail;
mod ui;
mod workspaces;
