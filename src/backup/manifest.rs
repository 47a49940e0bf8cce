//! What a backup says of itself.

use serde::{Deserialize, Serialize};

use crate::hex;
use crate::store::backup::TableDigest;
use crate::time::Timestamp;

/// The version of the archive's form, not of the database.
pub(super) const FORMAT: u32 = 1;

/// The first entry of an archive, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the archive's form.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// The database's schema version.
    pub schema: u32,
    /// Which store it is of: 32 hexadecimal digits.
    #[serde(with = "hex")]
    pub instance: [u8; 16],
    /// The moment of the state that is in it.
    pub taken_at: Timestamp,
    /// How many entries the audit log has.
    pub audit_entries: u64,
    /// The hash of the newest one.
    #[serde(with = "hex")]
    pub audit_head: [u8; 32],
    /// The size of the database's file, in bytes.
    pub database_bytes: u64,
    /// Each table's rows and their digest.
    pub tables: Vec<TableDigest>,
    /// The files that follow, in their order.
    pub parts: Vec<Part>,
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name in the data directory.
    pub name: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content.
    #[serde(with = "hex")]
    pub sha256: [u8; 32],
}

impl Manifest {
    /// How many rows all tables have together.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}
