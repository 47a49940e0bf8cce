//! Ids and times in the contract: strings with a format.

use crate::http::text::text_type;
use crate::ids::{
    AlertId, AuditId, DriftId, EntryId, KeyId, ScanId, SessionId, UserId, WorkspaceId,
};
use crate::time::Timestamp;

text_type!(DriftId, "DriftId", |schema| schema.format = Some("uuid"));
text_type!(ScanId, "ScanId", |schema| schema.format = Some("uuid"));
text_type!(WorkspaceId, "WorkspaceId", |schema| schema.format =
    Some("uuid"));
text_type!(AlertId, "AlertId", |schema| schema.format = Some("uuid"));
text_type!(EntryId, "EntryId", |schema| schema.format = Some("uuid"));
text_type!(AuditId, "AuditId", |schema| schema.format = Some("uuid"));
text_type!(UserId, "UserId", |schema| schema.format = Some("uuid"));
text_type!(SessionId, "SessionId", |schema| schema.format =
    Some("uuid"));
text_type!(KeyId, "KeyId", |schema| schema.format = Some("uuid"));
text_type!(Timestamp, "Timestamp", |schema| {
    schema.format = Some("date-time");
    schema.example = Some("2026-11-22T08:00:00.000Z".into());
});
