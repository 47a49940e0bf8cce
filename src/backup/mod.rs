//! Backups: taken while the server works, put back, tried out, kept for as long as the policy says; and the same data in a
//! form that needs no engine.
//!
//! A backup is a consistent copy of all tables with the keys that belong to them, checked before anybody gets it, in one
//! [`archive`].

pub mod api;
pub mod archive;
pub mod delivery;
pub mod folder;
mod manifest;
pub mod ndjson;
mod policy;
pub mod restore;
mod rows;
mod swap;
mod taking;

pub use manifest::{Manifest, Part};
pub use policy::Policy;
pub use taking::{Progress, Stage, Taken, Turn, Turns, take};

use crate::audit;
use crate::store::{FILE_NAME, secrets};

/// The key files that go into a backup, beside the database. Not `paseto.keys`: whoever has that can sign in as anybody
/// without a password, and all that its loss costs is that access tokens of the last minutes end.
pub const KEY_FILES: [&str; 2] = [secrets::FINGERPRINT_KEY, audit::checkpoint::KEY_FILE];

/// Every file that may be in a backup: the database comes first.
pub const FILES: [&str; 3] = [FILE_NAME, KEY_FILES[0], KEY_FILES[1]];
