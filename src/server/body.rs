//! Request bodies, counted and paced while they stream in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep, timeout};

use crate::error::Error;

/// The most of an unread body that is read for nothing, in bytes, and for how long.
const DRAINED: u64 = 64 * 1024;
const DRAINED_WITHIN: Duration = Duration::from_secs(5);

/// A body that fails past its limit, and when its next piece takes too long.
///
/// Its errors are I/O errors around [`Error`]: `http::framework::body_error` reads them back.
///
/// A small one that is dropped unread, as when a call is refused by its head, is read to its end all the same: else
/// the connection would be closed after the answer, and the client's next request on it be lost.
pub struct Bounded<B: Body + Send + Unpin + 'static> {
    /// None once it is dropped.
    inner: Option<B>,
    limit_bytes: u64,
    read_bytes: Arc<AtomicU64>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<B: Body + Send + Unpin + 'static> Bounded<B> {
    /// A body of at most `limit_bytes`, whose pieces arrive within `patience` of each other. `read_bytes` counts.
    pub fn new(inner: B, limit_bytes: u64, patience: Duration, read_bytes: Arc<AtomicU64>) -> Self {
        Self {
            inner: Some(inner),
            limit_bytes,
            read_bytes,
            patience,
            waiting: None,
        }
    }
}

impl<B: Body + Send + Unpin + 'static> Drop for Bounded<B> {
    fn drop(&mut self) {
        let is_small = |body: &B| {
            let rest = body.size_hint().upper();
            !body.is_end_stream() && rest.is_some_and(|rest| rest <= DRAINED)
        };
        let Some(mut body) = self.inner.take().filter(is_small) else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(DRAINED_WITHIN, async move {
                while let Some(Ok(_)) = body.frame().await {}
            }));
        }
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.waiting = None;
                let Some(frame) = frame else {
                    return Poll::Ready(None);
                };
                let frame = frame.map_err(io::Error::other)?;
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                let read = this.read_bytes.fetch_add(length, Ordering::Relaxed) + length;
                if read > this.limit_bytes {
                    // Nothing more of it is wanted, not even to drain it.
                    this.inner = None;
                    return Poll::Ready(Some(Err(io::Error::other(Error::TooLarge {
                        limit_bytes: this.limit_bytes,
                    }))));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => {
                let patience = this.patience;
                let timer = this
                    .waiting
                    .get_or_insert_with(|| Box::pin(sleep(patience)));
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.waiting = None;
                this.inner = None;
                Poll::Ready(Some(Err(io::Error::other(Error::invalid(
                    "body",
                    format!("stopped arriving for {} s", patience.as_secs()),
                )))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
