//! The contract's calls that take scans in.

mod body;

use std::sync::Arc;
use std::time::Duration;

use poem::{Body, Request, RequestBody};
use poem_openapi::param::{Header, Query};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object, OpenApi};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::actor::Actor;
use crate::alerts::Patience;
use crate::error::{Error, Result};
use crate::http::words::word_type;
use crate::http::{
    ApiResult, Created, IngestWithin, Line, ReadFailure, Tag, UploadFailure, created, ok,
};
use crate::ingest::{self, Encoding, FingerprintKey, Format, Options, Scan};
use crate::live::Live;
use crate::scans::api::ScanView;
use crate::scans::{self, Push};
use crate::store::Store;
use crate::telemetry::intake::{IntakeMetrics, Outcome, Pushed};
use crate::workspaces;

/// How many bodies are read at once: reading one keeps a processor busy.
const READERS: usize = 4;

/// How long a body may wait for its turn.
const TURN: Duration = Duration::from_secs(20);

/// Takes scans in.
#[derive(Debug)]
pub struct Api {
    store: Store,
    fingerprint_secret: [u8; 32],
    limit_bytes: Live<u64>,
    patience: Live<Patience>,
    readers: Arc<Semaphore>,
    metrics: IntakeMetrics,
}

/// What a body is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Auto,
    TerraformPlan,
    DriftsentryScan,
}

word_type!(Said, "ScanFormat", [
    "auto" => Said::Auto, "terraform-plan" => Said::TerraformPlan, "driftsentry-scan" => Said::DriftsentryScan,
]);

/// The tool's own output, as it arrives.
struct Output(Body);

/// What a body may be called. Which format it really is, is found out by looking.
const CONTENT_TYPES: [&str; 3] = [
    "application/json",
    "application/x-ndjson",
    "application/octet-stream",
];

impl<'a> ApiExtractor<'a> for Output {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let bytes =
            || MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        Some(MetaRequest {
            description: Some(
                "`terraform show -json PLANFILE` or OpenTofu's, as it is; or what `driftsentry push` sends: one JSON object a \
                 line, first `{\"driftsentry_scan\": \"1.0\", …}`, then one line for each resource that differs, redacted, \
                 then a line with the totals.",
            ),
            content: CONTENT_TYPES
                .iter()
                .map(|&content_type| MetaMediaType {
                    content_type,
                    schema: bytes(),
                })
                .collect(),
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let sent = request.content_type().unwrap_or(CONTENT_TYPES[2]);
        let named = sent.split(';').next().unwrap_or_default().trim();
        if !CONTENT_TYPES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(named))
        {
            let refused = Error::UnsupportedMedia(format!(
                "This content type is not understood here: send the scan as one of {}.",
                CONTENT_TYPES.join(", ")
            ));
            return Err(poem::Error::from(UploadFailure::from(refused)));
        }
        Ok(Self(body.take()?))
    }
}

/// What a client needs to redact before it sends.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "FingerprintKey", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct KeyView {
    /// The workspace.
    workspace: String,
    /// 32 bytes in hexadecimal: the key of the digests that tell whether hidden values changed. As secret as the values.
    key: String,
    /// The largest scan that is taken, in bytes.
    limit_bytes: u64,
}

impl Api {
    /// Takes scans of up to so many bytes.
    pub fn new(
        store: Store,
        fingerprint_secret: [u8; 32],
        limit_bytes: Live<u64>,
        patience: Live<Patience>,
        metrics: IntakeMetrics,
    ) -> Self {
        Self {
            store,
            fingerprint_secret,
            limit_bytes,
            patience,
            readers: Arc::new(Semaphore::new(READERS)),
            metrics,
        }
    }

    /// Reads a body while it arrives.
    async fn read(&self, body: Body, options: Options, pushed: &Pushed) -> Result<Scan> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.readers).acquire_owned()).await;
        let _turn = turn
            .map_err(|_| {
                Error::Unavailable(
                    "Too many scans arrive at once: push it again in a moment.".to_owned(),
                )
            })?
            .map_err(Error::internal)?;
        let (pieces, fill) = body::split(body, pushed.bytes());
        let reader = {
            let span = tracing::Span::current();
            tokio::task::spawn_blocking(move || span.in_scope(|| ingest::read(pieces, &options)))
        };
        let ((), scan) = tokio::join!(fill, reader);
        scan.map_err(Error::internal)?
    }
}

impl Api {
    /// Reads a body and takes in what it says: the scan, and whether the same push had been taken in before.
    async fn take(
        &self,
        body: Body,
        options: Options,
        push: Push,
        by: Actor,
        pushed: &mut Pushed,
    ) -> Result<(scans::Record, bool)> {
        let scan = self.read(body, options, pushed).await?;
        pushed.is(scan.format);
        let patience = *self.patience.get();
        let (record, is_repeated) = self
            .store
            .write(move |read, now| {
                let (record, writes) = scans::receive(read, &scan, &push, patience, &by, now)?;
                // A push that was taken in before writes nothing.
                Ok(((record, writes.is_empty()), writes))
            })
            .await?;
        if !is_repeated {
            pushed.found(&record.counts);
        }
        Ok((record, is_repeated))
    }
}

/// How a body is compressed.
fn encoding(header: Option<&str>) -> Result<Encoding> {
    match header.map(str::to_ascii_lowercase).as_deref() {
        // A file that was compressed before it was sent is found out by looking.
        None | Some("" | "identity") => Ok(Encoding::Auto),
        Some("gzip" | "x-gzip") => Ok(Encoding::Gzip),
        Some("zstd") => Ok(Encoding::Zstd),
        Some(_) => Err(Error::UnsupportedMedia(
            "This Content-Encoding is not understood: send the scan plain, gzip or zstd."
                .to_owned(),
        )),
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Scans")]
impl Api {
    /// Push a scan
    ///
    /// The body is the tool's own output. Sensitive values are hidden before anything is kept; the body itself never is.
    /// Drifts that it shows are made, seen again or changed; drifts that it looked at and no longer shows are resolved. The
    /// workspace is made when it is new.
    #[oai(path = "/scans", method = "post", operation_id = "pushScan")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each parameter is one argument of the operation"
    )]
    async fn push_scan(
        &self,
        who: IngestWithin,
        /// The workspace's name: 1 to 128 of `a-z 0-9 . _ - /`, starting and ending with a letter or digit.
        workspace: Query<Line<1, 128>>,
        /// What the body is; found out by looking where it isn't said.
        format: Query<Option<Said>>,
        /// The commit that the tool ran on.
        commit: Query<Option<Line<1, 128>>>,
        /// Makes repeating the call safe for 24 hours.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<Line<1, 255>>>,
        /// `gzip` or `zstd`.
        #[oai(name = "Content-Encoding")]
        content_encoding: Header<Option<String>>,
        body: Output,
    ) -> Result<Created<ScanView>, UploadFailure> {
        let push = Push {
            workspace: workspace.0.into_string(),
            commit: commit.0.map(Line::into_string),
            idempotency_key: idempotency_key.0.map(Line::into_string),
        };
        workspaces::check_name("workspace", &push.workspace)?;
        who.may_push()?;
        who.reach().enter(&push.workspace)?;
        let options = Options {
            format: match format.0 {
                None | Some(Said::Auto) => None,
                Some(Said::TerraformPlan) => Some(Format::TerraformPlan),
                Some(Said::DriftsentryScan) => Some(Format::DriftsentryScan),
            },
            encoding: encoding(content_encoding.0.as_deref())?,
            key: FingerprintKey::for_workspace(&self.fingerprint_secret, &push.workspace),
            limit_bytes: *self.limit_bytes.get(),
        };
        let mut pushed = self.metrics.begin();
        let by = who.into_actor();
        let taken = self.take(body.0, options, push, by, &mut pushed).await;
        pushed.ends(match &taken {
            Ok((record, false)) => Outcome::Taken(record.status),
            Ok((_, true)) => Outcome::Repeated,
            Err(Error::Unavailable(_) | Error::Full | Error::Internal(_)) => Outcome::Failed,
            Err(_) => Outcome::Refused,
        });
        let (record, _) = taken?;
        let location = format!("/api/v1/scans/{}", record.id);
        created(ScanView::from(record), location)
    }

    /// Get a workspace's fingerprint key
    ///
    /// For clients that redact on their side, as `driftsentry push` does: digests made with this key tell the server
    /// whether hidden values changed.
    #[oai(
        path = "/fingerprint-key",
        method = "get",
        operation_id = "getFingerprintKey"
    )]
    async fn fingerprint_key(
        &self,
        who: IngestWithin,
        /// The workspace's name; it need not exist yet.
        workspace: Query<Line<1, 128>>,
    ) -> ApiResult<KeyView, ReadFailure> {
        let workspace = workspace.0.into_string();
        workspaces::check_name("workspace", &workspace)?;
        who.may_push()?;
        who.reach().enter(&workspace)?;
        let key = FingerprintKey::for_workspace(&self.fingerprint_secret, &workspace);
        ok(KeyView {
            workspace,
            key: crate::hex::encode(&key.0),
            limit_bytes: *self.limit_bytes.get(),
        })
    }
}
