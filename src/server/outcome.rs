//! What became of a request: told once, when its answer is sent or its client has gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use poem::http::{Method, StatusCode};

use crate::http::context::RequestContext;
use crate::server::connection::Working;
use crate::telemetry::metrics::{Answered, Metrics};

/// From here on a request counts as slow.
const SLOW: Duration = Duration::from_secs(1);

/// What is known of a request when its answer begins.
pub(crate) struct Outcome {
    pub(crate) method: Method,
    /// The route's template, never the raw path.
    pub(crate) route: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) started: Instant,
    /// Whether the answer is a stream of events: how long one listens says nothing of how fast the server is.
    pub(crate) listens: bool,
    pub(crate) context: RequestContext,
    /// What is logged while the answer streams has the request's correlation id.
    pub(crate) span: tracing::Span,
    pub(crate) read_bytes: Arc<AtomicU64>,
    pub(crate) metrics: Arc<Metrics>,
    /// Keeps the connection from counting as idle while the answer streams.
    pub(crate) _working: Option<Working>,
}

/// An answer's body; its request's outcome is told when it is dropped.
pub struct OutBody {
    inner: BoxBody<Bytes, io::Error>,
    outcome: Outcome,
    sent_bytes: u64,
    /// How long the answer took to begin; a stream is told by its whole length instead.
    took: Option<Duration>,
}

impl OutBody {
    pub(crate) fn new(inner: BoxBody<Bytes, io::Error>, outcome: Outcome) -> Self {
        let whole = inner.size_hint().exact().is_some();
        Self {
            took: whole.then(|| outcome.started.elapsed()),
            inner,
            outcome,
            sent_bytes: 0,
        }
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let _entered = this.outcome.span.enter();
        let poll = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &poll {
            this.sent_bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for OutBody {
    fn drop(&mut self) {
        let outcome = &self.outcome;
        let took = self.took.unwrap_or_else(|| outcome.started.elapsed());
        let timed = (!outcome.listens).then_some(took);
        let request_bytes = outcome.read_bytes.load(Ordering::Relaxed);
        outcome.metrics.request(&Answered {
            method: &outcome.method,
            route: outcome.route,
            status: outcome.status,
            took: timed,
            request_bytes,
            response_bytes: self.sent_bytes,
        });
        let duration_ms = took.as_secs_f64() * 1_000.0;
        let status = outcome.status.as_u16();
        let user = outcome.context.user.get().map(String::as_str);
        macro_rules! tell {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    method = outcome.method.as_str(),
                    route = outcome.route,
                    status,
                    duration_ms = (duration_ms * 1_000.0).round() / 1_000.0,
                    request_bytes,
                    response_bytes = self.sent_bytes,
                    user,
                    correlation_id = &*outcome.context.correlation_id,
                    $message
                )
            };
        }
        // A stream is long by nature.
        if self.took.is_some_and(|took| took > SLOW) {
            tell!(warn, "A request was slow");
        } else {
            tell!(info, "Request");
        }
    }
}
