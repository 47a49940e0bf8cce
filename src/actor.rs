//! Who does something, as the trail keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// What somebody may do. Each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Pushes scans, and reads what it pushes to. Only API keys have it.
    Ingest,
    /// Reads.
    Viewer,
    /// Also decides, comments, creates drifts and pushes scans.
    Engineer,
    /// Also manages workspaces, users, keys and backups, and reads the audit log.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingest => "ingest",
            Self::Viewer => "viewer",
            Self::Engineer => "engineer",
            Self::Admin => "admin",
        })
    }
}

/// Who asks for a change, and from where: what an audit entry says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub id: UserId,
    /// The account's address when it acted; kept when the account is deleted.
    pub email: String,
    /// The role in force when it acted.
    pub role: Role,
    /// The client's address, where there is one.
    pub ip_address: Option<String>,
    /// The client's `User-Agent`, where it sent one.
    pub user_agent: Option<String>,
    /// Ties the change to its request's log lines.
    pub correlation_id: String,
}

impl Actor {
    /// The id of [`Actor::system`].
    pub const SYSTEM_ID: UserId = UserId(uuid::Uuid::from_u128(
        0x0000_0000_0000_7000_8000_0000_0000_0001,
    ));
    /// The id of whoever sits at the machine itself.
    pub const LOCAL_ID: UserId = UserId(uuid::Uuid::from_u128(
        0x0000_0000_0000_7000_8000_0000_0000_0002,
    ));

    /// The address of whoever sits at the machine itself.
    pub const LOCAL_EMAIL: &str = "local@driftsentry.local";

    /// Whoever sits at the machine itself.
    pub fn local(correlation_id: impl Into<String>) -> Self {
        Self {
            id: Self::LOCAL_ID,
            email: Self::LOCAL_EMAIL.to_owned(),
            ..Self::system(correlation_id)
        }
    }

    /// DriftSentry itself.
    pub fn system(correlation_id: impl Into<String>) -> Self {
        Self {
            id: Self::SYSTEM_ID,
            email: "system@driftsentry.local".to_owned(),
            role: Role::Admin,
            ip_address: None,
            user_agent: None,
            correlation_id: correlation_id.into(),
        }
    }
}
