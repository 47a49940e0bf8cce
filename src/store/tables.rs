//! The disk format, all of it: what lies under which key.
//!
//! Keys are the ordered bytes of [`super::keys`], values those of [`super::codec`] unless a table says otherwise. A new
//! shape is a new table and a numbered migration.

use std::marker::PhantomData;

use crate::ids::{AlertId, DriftId, EntryId, KeyId, ScanId, SessionId, UserId, WorkspaceId};

/// A table's name in the file and its place in [`ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Table {
    /// As the file has it: `rows.version`.
    pub name: &'static str,
    /// The position in [`ALL`].
    pub(super) number: usize,
}

/// A table whose keys are `K`s.
#[derive(Debug)]
pub struct Rows<K> {
    /// The table below.
    pub table: Table,
    key: PhantomData<fn(K)>,
}

impl<K> Rows<K> {
    const fn new(table: Table) -> Self {
        Self {
            table,
            key: PhantomData,
        }
    }
}

/// A table in which the key is everything and the value is empty or names a row.
pub type Index<K> = Rows<K>;

/// Declares the tables and lists them.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $kind:ident<$key:ty> = $text:literal;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers, named as the tables are")]
        enum Number { $($name,)* }
        $($(#[$doc])* pub const $name: $kind<$key> = Rows::new(Table { name: $text, number: Number::$name as usize });)*
        /// Every table there is.
        pub const ALL: &[Table] = &[$($name.table,)*];
    };
}

tables! {
    /// Key: a name. Value: as the name says: `schema` (big-endian u32), `instance` (16 bytes), `log.<table>` (the
    /// newest sequence number of that log, big-endian u64), `removed.<things>` (the greatest id that retention removed),
    /// `journal` (the journal's newest number, big-endian u64, that commit's token, 16 bytes, and how many keys the journal
    /// has, big-endian u64).
    META: Rows<String> = "meta.v1";
    /// Key: what is counted, its dimensions. Value: big-endian i64.
    COUNTERS: Rows<Vec<u8>> = "counters.v1";
    /// Key: drift id. Value: `drifts::Record`, what lists and counts need.
    DRIFTS: Rows<DriftId> = "drifts.v1";
    /// Key: drift id. Value: JSON text, the difference as the API prints it.
    DRIFT_DIFFERENCES: Rows<DriftId> = "drift_differences.v1";
    /// Key: drift id. Value: zstd of the JSON text `{"expected":…,"actual":…}`.
    DRIFT_STATES: Rows<DriftId> = "drift_states.v1";
    /// Key: workspace, facet, address, deposed key. Value: id of the one open drift.
    DRIFTS_OPEN: Index<(WorkspaceId, u8, String, String)> = "drifts_open.v1";
    /// Key: workspace, facet, address, deposed key. Value: id of the newest drift, open or resolved.
    DRIFTS_LATEST: Index<(WorkspaceId, u8, String, String)> = "drifts_latest.v1";
    /// Key: drift id, entry id. Value: `drifts::Entry`.
    TIMELINE: Rows<(DriftId, EntryId)> = "timeline.v1";
    /// Key: alert id. Value: `alerts::Record`.
    ALERTS: Rows<AlertId> = "alerts.v1";
    /// Key: drift id, alert id. Value: empty.
    ALERTS_BY_DRIFT: Index<(DriftId, AlertId)> = "alerts_by_drift.v1";
    /// Key: workspace id. Value: `workspaces::Record`.
    WORKSPACES: Rows<WorkspaceId> = "workspaces.v1";
    /// Key: name. Value: workspace id.
    WORKSPACES_BY_NAME: Index<String> = "workspaces_by_name.v1";
    /// Key: scan id. Value: `scans::Record`.
    SCANS: Rows<ScanId> = "scans.v1";
    /// Key: scan id, drift id. Value: one byte, `scans::Part`: what the scan did with the drift.
    SCAN_DRIFTS: Index<(ScanId, DriftId)> = "scan_drifts.v1";
    /// Key: caller, `Idempotency-Key`. Value: `scans::Replay`.
    IDEMPOTENCY: Rows<(String, String)> = "idempotency.v1";
    /// Key: Unix ms of the end, caller, `Idempotency-Key`. Value: empty.
    IDEMPOTENCY_BY_END: Index<(i64, String, String)> = "idempotency_by_end.v1";
    /// A log. Key: sequence number. Value: `audit::Entry`, each with the hash of the one before.
    AUDIT: Rows<u64> = "audit.v1";
    /// Key: drift id, sequence number. Value: empty.
    AUDIT_BY_DRIFT: Index<(DriftId, u64)> = "audit_by_drift.v1";
    /// A log. Key: sequence number. Value: `events::Event`.
    EVENTS: Rows<u64> = "events.v1";
    /// Key: user id. Value: `users::Record`, with the password's hash.
    USERS: Rows<UserId> = "users.v1";
    /// Key: email address, lower-case. Value: user id.
    USERS_BY_EMAIL: Index<String> = "users_by_email.v1";
    /// Key: session id. Value: `sessions::Record`.
    SESSIONS: Rows<SessionId> = "sessions.v1";
    /// Key: user id, session id. Value: empty.
    SESSIONS_BY_USER: Index<(UserId, SessionId)> = "sessions_by_user.v1";
    /// Key: session id, generation from 1. Value: `sessions::Generation`: a refresh token's hash, kept when it is spent.
    REFRESH_TOKENS: Rows<(SessionId, u32)> = "refresh_tokens.v1";
    /// Key: key id. Value: `keys::Record`, with the secret's hash.
    API_KEYS: Rows<KeyId> = "api_keys.v1";
    /// Key: the eight characters that name a key. Value: key id.
    API_KEYS_BY_PREFIX: Index<String> = "api_keys_by_prefix.v1";
    /// Key: number of a commit, without gaps. Value: a random token, and the keys of the rows that it changed: see
    /// `journal`. Only what saved views may still need is kept.
    JOURNAL: Rows<u64> = "journal.v1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_knows_its_place_and_has_its_own_name() {
        for (i, table) in ALL.iter().enumerate() {
            assert_eq!(table.number, i);
            assert_eq!(
                ALL.iter().filter(|other| other.name == table.name).count(),
                1,
                "{}",
                table.name
            );
        }
    }
}
