//! The built binary, started on a port of its own over a directory of its own, and what tests say to it.

mod answer;
mod app;
mod client;
mod command;
mod fixtures;
mod plan;

pub(crate) use answer::Answer;
pub(crate) use app::{ADMIN, App, PASSWORD};
pub(crate) use client::{Client, encode};
pub(crate) use command::{Output, driftsentry, driftsentry_with};
pub(crate) use fixtures::{FIXTURES, expected, fixture, fixture_path, read_drift};
pub(crate) use plan::Plan;
