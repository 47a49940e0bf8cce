//! Answers that are a stream of rows, not one JSON document.

use std::io;
use std::marker::PhantomData;

use bytes::Bytes;
use futures_util::Stream;
use poem::http::HeaderValue;
use poem::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};

/// What a download can be, for the contract.
pub trait Formats: Send + Sync + 'static {
    /// Each content type, and what it holds.
    const CONTENT_TYPES: &'static [&'static str];
    /// What the rows are.
    const DESCRIPTION: &'static str;
}

/// Rows as comma-separated values or as one JSON object a line.
#[derive(Debug, Clone, Copy)]
pub struct CsvOrNdjson;

impl Formats for CsvOrNdjson {
    const CONTENT_TYPES: &'static [&'static str] = &[CSV, NDJSON];
    const DESCRIPTION: &'static str = "All rows, streamed.";
}

/// One JSON object a line.
#[derive(Debug, Clone, Copy)]
pub struct Ndjson;

impl Formats for Ndjson {
    const CONTENT_TYPES: &'static [&'static str] = &[NDJSON];
    const DESCRIPTION: &'static str = "All rows, streamed.";
}

/// Server-sent events.
#[derive(Debug, Clone, Copy)]
pub struct EventStream;

impl Formats for EventStream {
    const CONTENT_TYPES: &'static [&'static str] = &["text/event-stream"];
    const DESCRIPTION: &'static str = "Events as they happen.";
}

/// Bytes without a further meaning.
#[derive(Debug, Clone, Copy)]
pub struct Bytestream;

impl Formats for Bytestream {
    const CONTENT_TYPES: &'static [&'static str] = &["application/octet-stream"];
    const DESCRIPTION: &'static str = "The file, streamed.";
}

/// The content type of comma-separated values.
pub const CSV: &str = "text/csv; charset=utf-8";
/// The content type of what is compressed with zstd.
pub const ZSTD: &str = "application/zstd";
/// The content type of one JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";

/// 200 with a streamed body in one of the formats `F`.
pub struct Download<F> {
    content_type: &'static str,
    file_name: Option<String>,
    body: Body,
    formats: PhantomData<F>,
}

impl<F: Formats> Download<F> {
    /// A stream of this content type, one of the format's.
    pub fn new<S>(content_type: &'static str, stream: S) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        debug_assert!(F::CONTENT_TYPES.contains(&content_type), "{content_type}");
        Self {
            content_type,
            file_name: None,
            body: Body::from_bytes_stream(stream),
            formats: PhantomData,
        }
    }

    /// The name under which a browser keeps it: letters, digits, `.`, `_` and `-`.
    #[must_use]
    pub fn named(mut self, file_name: impl Into<String>) -> Self {
        let mut file_name: String = file_name.into();
        file_name.retain(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        self.file_name = Some(file_name);
        self
    }
}

impl<F: Formats> IntoResponse for Download<F> {
    fn into_response(self) -> Response {
        let mut response = Response::from(self.body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.content_type == EventStream::CONTENT_TYPES[0] {
            // nginx and those who follow it would hold events back until a buffer is full.
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        }
        let disposition = self
            .file_name
            .map(|name| HeaderValue::try_from(format!("attachment; filename=\"{name}\"")));
        if let Some(Ok(disposition)) = disposition {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl<F: Formats> ApiResponse for Download<F> {
    fn meta() -> MetaResponses {
        let content = F::CONTENT_TYPES
            .iter()
            .map(|&content_type| MetaMediaType {
                content_type,
                schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format(
                    "string", "binary",
                ))),
            })
            .collect();
        MetaResponses {
            responses: vec![MetaResponse {
                description: F::DESCRIPTION,
                status: Some(200),
                status_range: None,
                content,
                headers: vec![],
            }],
        }
    }

    fn register(_registry: &mut Registry) {}
}
