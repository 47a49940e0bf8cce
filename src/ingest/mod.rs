//! Bytes in, a normalised and redacted [`Scan`] out.
//!
//! Pure but for the reader it is given: no store, no clock, no network. What becomes of a scan is for
//! `drifts::reconcile` to say.

pub mod scan;

pub use scan::{Content, Difference, Finding, Format, Kind, Observed, Scan, ScanStatus};
