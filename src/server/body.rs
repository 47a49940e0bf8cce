//! Request bodies, counted and paced while they stream in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::error::Error;

/// A body that fails past its limit, and when its next piece takes too long.
///
/// Its errors are I/O errors around [`Error`]: `http::framework::body_error` reads them back.
pub struct Bounded<B> {
    inner: B,
    limit_bytes: u64,
    read_bytes: Arc<AtomicU64>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<B> Bounded<B> {
    /// A body of at most `limit_bytes`, whose pieces arrive within `patience` of each other. `read_bytes` counts.
    pub fn new(inner: B, limit_bytes: u64, patience: Duration, read_bytes: Arc<AtomicU64>) -> Self {
        Self {
            inner,
            limit_bytes,
            read_bytes,
            patience,
            waiting: None,
        }
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.waiting = None;
                let Some(frame) = frame else {
                    return Poll::Ready(None);
                };
                let frame = frame.map_err(io::Error::other)?;
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                let read = this.read_bytes.fetch_add(length, Ordering::Relaxed) + length;
                if read > this.limit_bytes {
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
                Poll::Ready(Some(Err(io::Error::other(Error::invalid(
                    "body",
                    format!("stopped arriving for {} s", patience.as_secs()),
                )))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
