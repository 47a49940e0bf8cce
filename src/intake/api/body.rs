//! A request's body as something that blocking code can read.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use poem::Body;
use tokio::sync::mpsc;

/// How many pieces may wait between the network and the reader: memory stays small, and a slow reader slows the sender.
const PIECES: usize = 4;

/// The reading end: blocks until the next piece has arrived.
pub(super) struct Pieces {
    waiting: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

/// Splits a body into its reading end and the work of filling it, which ends with the body or the reader and counts
/// the bytes that come.
pub(super) fn split(
    body: Body,
    bytes: Arc<AtomicU64>,
) -> (Pieces, impl Future<Output = ()> + Send) {
    let (filled, waiting) = mpsc::channel(PIECES);
    let fill = async move {
        let mut pieces = std::pin::pin!(body.into_bytes_stream());
        while let Some(piece) = pieces.next().await {
            let broken = piece.is_err();
            let length = piece.as_ref().map_or(0, Bytes::len);
            bytes.fetch_add(length as u64, Ordering::Relaxed);
            if filled.send(piece).await.is_err() || broken {
                return;
            }
        }
    };
    (
        Pieces {
            waiting,
            piece: Bytes::new(),
        },
        fill,
    )
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.piece.has_remaining() {
            match self.waiting.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(out.len());
        self.piece.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_as_it_was_sent() {
        let sent: Vec<Vec<u8>> = (0..50).map(|n| vec![n; usize::from(n) * 37]).collect();
        let whole = sent.concat();
        let stream = futures_util::stream::iter(sent.into_iter().map(io::Result::Ok));
        let counted = Arc::<AtomicU64>::default();
        let (mut pieces, fill) = split(Body::from_bytes_stream(stream), Arc::clone(&counted));
        let reader = tokio::task::spawn_blocking(move || {
            let mut read = Vec::new();
            pieces.read_to_end(&mut read).map(|_| read)
        });
        fill.await;
        assert_eq!(reader.await.unwrap().unwrap(), whole);
        assert_eq!(counted.load(Ordering::Relaxed), whole.len() as u64);
    }

    #[tokio::test]
    async fn a_reader_that_leaves_ends_the_filling() {
        let stream = futures_util::stream::repeat_with(|| io::Result::Ok(Bytes::from_static(b"x")));
        let (pieces, fill) = split(Body::from_bytes_stream(stream), Arc::default());
        drop(pieces);
        fill.await;
    }
}
