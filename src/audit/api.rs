//! The contract's section on the audit log.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use poem::{IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;

use super::index::{self, Filter, Index, Place, Selection};
use super::{Action, Entry, Walk};
use crate::actor::Role;
use crate::error::{Error, Result};
use crate::http::download::{NDJSON, Ndjson};
use crate::http::lists::Choice;
use crate::http::page::{Start, wrong_cursor};
use crate::http::words::{choices, word_type};
use crate::http::{
    Admin, AnyOf, ApiResult, Cursor, Download, Page, PageLimit, PageNumber, PageQuery, RawJson,
    ReadFailure, Reply, Tag, blocking, ok,
};
use crate::ids::{AuditId, DriftId, UserId};
use crate::store::Store;
use crate::store::keys::Key;
use crate::time::Timestamp;

/// How many entries an export reads at a time: no snapshot lives across a wait for the network.
const PIECE: usize = 500;

word_type!(Action, "AuditAction", [
    "drift_created" => Action::DriftCreated, "drift_updated" => Action::DriftUpdated,
    "drift_triaged" => Action::DriftTriaged, "drift_approved" => Action::DriftApproved,
    "drift_rejected" => Action::DriftRejected, "drift_resolved" => Action::DriftResolved,
    "drift_commented" => Action::DriftCommented, "alert_read" => Action::AlertRead,
    "alerts_marked_all_read" => Action::AlertsMarkedAllRead, "scan_received" => Action::ScanReceived,
    "workspace_created" => Action::WorkspaceCreated, "workspace_updated" => Action::WorkspaceUpdated,
    "workspace_deleted" => Action::WorkspaceDeleted, "user_login" => Action::UserLogin,
    "user_login_failed" => Action::UserLoginFailed, "user_logout" => Action::UserLogout,
    "user_created" => Action::UserCreated, "user_updated" => Action::UserUpdated,
    "user_deleted" => Action::UserDeleted, "password_changed" => Action::PasswordChanged,
    "token_reuse_detected" => Action::TokenReuseDetected, "api_key_created" => Action::ApiKeyCreated,
    "api_key_revoked" => Action::ApiKeyRevoked, "rule_created" => Action::RuleCreated,
    "rule_updated" => Action::RuleUpdated, "rule_deleted" => Action::RuleDeleted,
    "backup_taken" => Action::BackupTaken, "backup_restored" => Action::BackupRestored,
    "retention_applied" => Action::RetentionApplied,
]);

impl Choice for Action {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

/// The audit log over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// What is known of the log.
    pub index: Arc<Index>,
}

/// How the log is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Json,
    Ndjson,
}

word_type!(Shape, "AuditFormat", ["json" => Shape::Json, "ndjson" => Shape::Ndjson]);

/// Something that was done.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "AuditEntry", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Counts from 1 without gaps.
    seq: u64,
    /// Its id.
    id: AuditId,
    /// What was done.
    action: Action,
    /// The drift it is about; null where it is about none.
    drift_id: Option<DriftId>,
    /// Whose account did it.
    actor_id: UserId,
    /// Their email address then.
    actor_email: String,
    /// Their role then.
    actor_role: Role,
    /// What was, as far as it changed.
    old_value: Option<RawJson>,
    /// What is since then, likewise.
    new_value: Option<RawJson>,
    /// What else a reader should know.
    details: Option<RawJson>,
    /// The client's address.
    ip_address: Option<String>,
    /// The client's `User-Agent`.
    user_agent: Option<String>,
    /// The request's correlation id: its log lines have it too.
    correlation_id: String,
    /// When.
    created_at: Timestamp,
    /// The hash of the entry before, in hexadecimal; zeros for the first.
    prev_hash: String,
    /// SHA-256 over all of the above, in hexadecimal.
    hash: String,
}

impl TryFrom<Entry> for EntryView {
    type Error = Error;

    fn try_from(entry: Entry) -> Result<Self> {
        let json = |text: Option<String>| text.map(RawJson::from_text).transpose();
        Ok(Self {
            seq: entry.seq,
            id: entry.id,
            action: entry.action,
            drift_id: entry.drift_id,
            actor_id: entry.actor_id,
            actor_email: entry.actor_email,
            actor_role: entry.actor_role,
            old_value: json(entry.old_value)?,
            new_value: json(entry.new_value)?,
            details: json(entry.details)?,
            ip_address: entry.ip_address,
            user_agent: entry.user_agent,
            correlation_id: entry.correlation_id,
            created_at: entry.created_at,
            prev_hash: hex(&entry.prev_hash),
            hash: hex(&entry.hash),
        })
    }
}

/// Whether the log is what was written.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "AuditVerdict", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct VerdictView {
    /// Whether every entry is as it was written, and none is missing.
    valid: bool,
    /// How many entries there are.
    entries: u64,
    /// The hash of the newest one, in hexadecimal: keep it elsewhere, and nobody can rewrite what came before.
    head: String,
    /// The sequence number of the first entry that is not what was written; null where all are.
    first_bad: Option<u64>,
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A page, or all entries as a stream.
enum Log {
    Page(Reply<Page<EntryView>>),
    Export(Download<Ndjson>),
}

impl IntoResponse for Log {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => page.into_response(),
            Self::Export(export) => export.into_response(),
        }
    }
}

impl ApiResponse for Log {
    /// One answer with two content types.
    fn meta() -> MetaResponses {
        let mut meta = Reply::<Page<EntryView>>::meta();
        let export = Download::<Ndjson>::meta().responses;
        for answer in &mut meta.responses {
            answer.description =
                "A page, or with `format=ndjson` every entry that matches, streamed.";
            let content = export.iter().flat_map(|export| &export.content);
            answer
                .content
                .extend(content.map(|media| poem_openapi::registry::MetaMediaType {
                    content_type: media.content_type,
                    schema: media.schema.clone(),
                }));
        }
        meta
    }

    fn register(registry: &mut Registry) {
        Reply::<Page<EntryView>>::register(registry);
    }
}

/// The entries of these numbers as they are shown.
fn shown(store: &Store, seqs: &[u64]) -> Result<Vec<EntryView>> {
    let entries = store.read(|read| index::entries(read, seqs))?;
    entries.into_iter().map(EntryView::try_from).collect()
}

/// One page of a selection.
fn page(store: &Store, selection: &Selection, query: &PageQuery) -> Result<Page<EntryView>> {
    let place = match &query.start {
        Start::Page(_) => Place::Skip(query.offset()),
        Start::After(cursor) => {
            let seq = u64::from_bytes(cursor.bytes()).ok_or_else(wrong_cursor)?;
            Place::After(seq)
        }
    };
    let mut seqs = selection.page(place, query.reach());
    let next = query.cut(&mut seqs, |seq| Cursor::new(seq.to_bytes()));
    Ok(Page::new(
        shown(store, &seqs)?,
        selection.total(),
        query,
        next,
    ))
}

/// Every entry of a selection, one JSON object a line, the newest first.
fn lines(store: Store, selection: Selection) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let selection = Arc::new(selection);
    stream::try_unfold(Place::Skip(0), move |place| {
        let (store, selection) = (store.clone(), Arc::clone(&selection));
        async move {
            let piece = blocking(move || piece(&store, &selection, place));
            piece.await.map_err(|error| {
                tracing::error!(%error, "An export of the audit log broke off");
                io::Error::other("the export broke off")
            })
        }
    })
}

/// Some lines from a place on, and where the next ones begin; nothing at the end.
fn piece(store: &Store, selection: &Selection, place: Place) -> Result<Option<(Bytes, Place)>> {
    let seqs = selection.page(place, PIECE);
    let Some(last) = seqs.last() else {
        return Ok(None);
    };
    let mut text = Vec::new();
    for entry in shown(store, &seqs)? {
        serde_json::to_writer(&mut text, &entry).map_err(Error::internal)?;
        text.push(b'\n');
    }
    Ok(Some((text.into(), Place::After(*last))))
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Audit")]
impl Api {
    /// List who did what, the newest first
    ///
    /// With `format=ndjson` every entry that matches, one JSON object a line, instead of a page.
    #[oai(
        path = "/audit-logs",
        method = "get",
        operation_id = "listAuditEntries"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each query parameter is one argument of the operation"
    )]
    async fn list_entries(
        &self,
        _who: Admin,
        /// About this drift.
        #[oai(name = "driftId")]
        drift_id: Query<Option<DriftId>>,
        /// Done by this account.
        #[oai(name = "actorId")]
        actor_id: Query<Option<UserId>>,
        /// Any of these actions.
        action: Query<Option<AnyOf<Action>>>,
        /// Made at this time or later.
        from: Query<Option<Timestamp>>,
        /// Made before this time.
        to: Query<Option<Timestamp>>,
        /// `json` for a page, `ndjson` for all: `json` where it isn't said.
        format: Query<Option<Shape>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while entries arrive.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Log, ReadFailure> {
        let filter = Filter {
            drift: drift_id.0,
            actor: actor_id.0,
            actions: AnyOf::filter(action.0),
            from: from.0,
            to: to.0,
        };
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let (store, index) = (self.store.clone(), Arc::clone(&self.index));
        if format.0 == Some(Shape::Ndjson) {
            let select = move || index.select(&store, &filter);
            let lines = lines(self.store.clone(), blocking(select).await?);
            let export = Download::new(NDJSON, lines).named("audit-log.ndjson");
            return Ok(Log::Export(export));
        }
        let read = move || self::page(&store, &index.select(&store, &filter)?, &query);
        Ok(Log::Page(Reply(blocking(read).await?)))
    }

    /// Verify that nobody has rewritten the log
    ///
    /// Compares each entry with its hash, its number and the entry before. Takes a second or so for a million entries.
    #[oai(
        path = "/audit-logs/verify",
        method = "get",
        operation_id = "verifyAuditLog"
    )]
    async fn verify(&self, _who: Admin) -> ApiResult<VerdictView, ReadFailure> {
        let store = self.store.clone();
        let walk = move || {
            let mut walk = Walk::default();
            walk.through(&store)?;
            Ok(walk.verdict())
        };
        let verdict = blocking(walk).await?;
        ok(VerdictView {
            valid: verdict.first_bad.is_none(),
            entries: verdict.entries,
            head: hex(&verdict.head),
            first_bad: verdict.first_bad,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;
    use crate::http::words::word;

    #[test]
    fn every_action_is_a_word() {
        for action in Action::ALL {
            assert_eq!(word(&action), Some(action.name()));
        }
    }

    #[test]
    fn a_view_has_the_contracts_fields_and_its_values_as_they_were_written() {
        let now = Timestamp::from_unix_ms(0);
        let entry = Entry {
            seq: 7,
            id: AuditId::new(now),
            action: Action::DriftApproved,
            drift_id: None,
            actor_id: UserId::new(now),
            actor_email: "a@b".to_owned(),
            actor_role: Role::Engineer,
            old_value: Some(r#"{"n":1.10}"#.to_owned()),
            new_value: None,
            details: None,
            ip_address: None,
            user_agent: None,
            correlation_id: "c".to_owned(),
            created_at: now,
            prev_hash: [0; 32],
            hash: [0xab; 32],
        };
        let view = EntryView::try_from(entry).unwrap();
        assert!(
            serde_json::to_string(&view)
                .unwrap()
                .contains(r#""oldValue":{"n":1.10}"#)
        );
        let view = agreed(&view);
        assert_eq!(view["hash"], "ab".repeat(32));
        assert_eq!(view["actorRole"], "engineer");
        assert!(view["newValue"].is_null() && view["driftId"].is_null());
        agreed(&VerdictView {
            valid: true,
            entries: 0,
            head: hex(&[0; 32]),
            first_bad: None,
        });
    }

    #[test]
    fn a_page_and_an_export_are_both_documented() {
        let [answer] = Log::meta().responses.try_into().expect("one answer");
        let types: Vec<_> = answer
            .content
            .iter()
            .map(|media| media.content_type)
            .collect();
        assert_eq!(types, [crate::http::problem::JSON, NDJSON]);
    }
}
