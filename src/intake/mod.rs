//! Taking scans in over HTTP: a body streams through `ingest`, and what it says is handed to `scans::receive`.

pub mod api;
