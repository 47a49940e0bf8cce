//! API keys: machines' credentials, each with a scope, perhaps limited to some workspaces, perhaps for some time.

pub mod api;
pub mod index;
pub mod secret;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use secret::Secret;

use crate::actor::{Actor, Role};
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::ids::{KeyId, UserId};
use crate::store::tables::{API_KEYS, API_KEYS_BY_PREFIX};
use crate::store::{Order, Range, Reads, Writes};
use crate::time::Timestamp;

/// How many keys there are at most: each is held in memory.
const MOST_KEYS: usize = 10_000;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Push scans, and read the workspaces it pushes to.
    Ingest,
    /// Read.
    Read,
    /// Read, decide and push.
    Engineer,
}

impl Scope {
    /// The role that a key of this scope acts with.
    pub fn role(self) -> Role {
        match self {
            Self::Ingest => Role::Ingest,
            Self::Read => Role::Viewer,
            Self::Engineer => Role::Engineer,
        }
    }

    /// The name that the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Engineer => "engineer",
        }
    }
}

/// A key, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: KeyId,
    /// What it is for, unique.
    pub name: String,
    /// The eight characters that name it, which stand in the key itself.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// What it may do.
    pub scope: Scope,
    /// The workspaces it is limited to, by name; none for all.
    #[serde(default)]
    pub workspaces: Vec<String>,
    /// When it ends.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take a minute.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: UserId,
    /// Their address then.
    pub created_by_email: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key to make.
#[derive(Debug, Clone)]
pub struct New {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The workspaces it is limited to, by name; none for all.
    pub workspaces: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A key by its id.
///
/// # Errors
/// `NotFound`.
pub fn by_id(read: &impl Reads, id: KeyId) -> Result<Record> {
    read.get(&API_KEYS, &id)?.ok_or(Error::NotFound("API key"))
}

/// Every key, the newest first.
///
/// # Errors
/// What reading says.
pub fn all(read: &impl Reads) -> Result<Vec<Record>> {
    let rows: Vec<(KeyId, Record)> =
        read.rows(&API_KEYS, &Range::all(), Order::Descending, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, record)| record).collect())
}

/// What a key writes as it stands. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&API_KEYS, &record.id, record)?;
    writes.point(&API_KEYS_BY_PREFIX, &record.prefix, &record.id);
    Ok(writes)
}

/// Makes a key of this secret.
///
/// # Errors
/// `Invalid` where it would end before it begins; `Conflict` where there is one of that name.
pub fn create(
    read: &impl Reads,
    new: New,
    secret: &Secret,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    create_as(read, KeyId::new(now), new, secret, by, now)
}

/// Makes a key of this id, which none has, and this secret.
///
/// # Errors
/// As [`create`].
pub fn create_as(
    read: &impl Reads,
    id: KeyId,
    new: New,
    secret: &Secret,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    if new.expires_at.is_some_and(|ends| ends <= now) {
        return Err(Error::invalid("expiresAt", "must lie in the future"));
    }
    let known = all(read)?;
    if let Some(existing) = known.iter().find(|key| key.name == new.name) {
        return Err(Error::Conflict {
            message: format!("There is an API key named {} already.", new.name),
            details: json!({"existingId": existing.id}),
        });
    }
    let is_taken = read.has(&API_KEYS_BY_PREFIX, &secret.prefix().to_owned())?;
    if known.len() >= MOST_KEYS || is_taken {
        return Err(Error::conflict(
            "There is no room for another API key: revoke some that are not used, then try again.",
        ));
    }
    let record = Record {
        id,
        name: new.name,
        prefix: secret.prefix().to_owned(),
        hash: secret.hash(),
        scope: new.scope,
        workspaces: new.workspaces,
        expires_at: new.expires_at,
        last_used_at: None,
        created_by: by.id,
        created_by_email: by.email.clone(),
        created_at: now,
    };
    let mut writes = standing(&record)?;
    let draft = Draft {
        new_value: Some(trail_value(&record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::ApiKeyCreated, draft, now);
    Ok((record, writes))
}

/// Ends a key at once.
///
/// # Errors
/// `NotFound`.
pub fn revoke(read: &impl Reads, id: KeyId, by: &Actor, now: Timestamp) -> Result<((), Writes)> {
    let record = by_id(read, id)?;
    let mut writes = Writes::new();
    writes.delete(&API_KEYS, &id);
    writes.delete(&API_KEYS_BY_PREFIX, &record.prefix);
    let draft = Draft {
        old_value: Some(trail_value(&record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::ApiKeyRevoked, draft, now);
    Ok(((), writes))
}

/// Notes when keys were last used. Their use itself is in the trail of what they did.
///
/// # Errors
/// What reading says.
pub fn used(read: &impl Reads, uses: &[(KeyId, Timestamp)]) -> Result<((), Writes)> {
    let mut writes = Writes::new();
    for (id, at) in uses {
        if let Some(record) = read.get::<_, Record>(&API_KEYS, id)? {
            let record = Record {
                last_used_at: record.last_used_at.max(Some(*at)),
                ..record
            };
            writes.put(&API_KEYS, id, &record)?;
        }
    }
    Ok(((), writes))
}

fn trail_value(record: &Record) -> Value {
    json!({
        "id": record.id,
        "name": record.name,
        "prefix": record.prefix,
        "scope": record.scope,
        "workspaces": record.workspaces,
        "expiresAt": record.expires_at,
    })
}
