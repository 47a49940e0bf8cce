//! The built binary, started on a port of its own over a directory of its own, and what tests say to it.

mod answer;
mod app;
mod client;
mod command;
mod ear;
mod fixtures;
mod meddler;
mod plan;
mod stream;

pub(crate) use answer::Answer;
pub(crate) use app::{ADMIN, App, PASSWORD};
pub(crate) use client::{Client, encode};
pub(crate) use command::{Output, driftsentry, driftsentry_with};
pub(crate) use ear::{Ear, Said};
pub(crate) use fixtures::{FIXTURES, expected, fixture, fixture_path, read_drift};
pub(crate) use meddler::Meddler;
pub(crate) use plan::Plan;
pub(crate) use stream::{Event, Stream};
