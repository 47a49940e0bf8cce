//! One listener's stream: from a number on, in order, each event once.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::audience::Seat;
use super::feed::{Feed, Following, Frame};
use super::{after, newest, oldest};
use crate::error::Result;
use crate::store::Store;

/// How long a stream is silent at most: proxies close what says nothing.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many events go out as one piece.
const PIECE: usize = 64;

/// How soon a client that was cut off comes back, in milliseconds.
const RETRY_MS: u64 = 2_000;

/// How many events went out, to all listeners together.
#[derive(Debug, Default)]
pub struct Sent(AtomicU64);

impl Sent {
    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Which events a listener hears.
pub type Wants = Box<dyn Fn(&Frame) -> bool + Send + Sync>;

/// What ends the streams of a server that stops.
pub type Closing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A listener.
pub struct Listening {
    /// Where events come from.
    pub feed: Arc<Feed>,
    /// Where those come from that are no longer in memory.
    pub store: Store,
    /// The number to go on after; from now on, where there is none.
    pub after: Option<u64>,
    /// Which of them to hear.
    pub wants: Wants,
    /// When the credential expires.
    pub expires: Option<Instant>,
    /// Its place.
    pub seat: Seat,
    /// Resolves when the server stops.
    pub closing: Closing,
    /// Counts what goes out.
    pub sent: Arc<Sent>,
}

/// A stream under way.
struct Under {
    listening: Listening,
    bell: watch::Receiver<u64>,
    /// The last number that was passed on, or passed over.
    at: u64,
    /// What is said before the first event.
    greeting: Option<Bytes>,
    silent_until: Instant,
    is_over: bool,
}

impl Listening {
    /// The stream, as the bytes that go out.
    ///
    /// # Errors
    /// What reading says.
    pub fn start(self) -> Result<impl Stream<Item = Bytes> + Send> {
        let bell = self.feed.bell();
        let (at, is_lost) = self.place()?;
        // The number goes out alone first, so that a client that is cut off before any event resumes without a gap.
        let mut greeting = format!("retry: {RETRY_MS}\nid: {at}\n\n");
        if is_lost {
            greeting.push_str(&reset(at));
        }
        let under = Under {
            bell,
            at,
            greeting: Some(greeting.into()),
            silent_until: Instant::now() + HEARTBEAT,
            is_over: false,
            listening: self,
        };
        Ok(stream::unfold(under, |mut under| async move {
            let piece = under.next().await?;
            under.silent_until = Instant::now() + HEARTBEAT;
            Some((piece, under))
        }))
    }

    /// Where to begin, and whether events between there and the number asked for are lost.
    fn place(&self) -> Result<(u64, bool)> {
        let snapshot = self.store.snapshot()?;
        let newest = newest(&*snapshot)?;
        match self.after {
            None => Ok((newest, false)),
            Some(after) if after > newest || after + 1 < oldest(&*snapshot)? => Ok((newest, true)),
            Some(after) => Ok((after, false)),
        }
    }
}

impl Under {
    /// What goes out next; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        while !self.is_over {
            // Rings that come while we look are not missed: they mark the bell as changed again.
            self.bell.mark_unchanged();
            match self.piece() {
                Ok(Some(piece)) if !piece.is_empty() => return Some(piece),
                // Nothing of what came was wanted: look on.
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => {
                    // The client comes back, and resumes by number.
                    tracing::warn!(%error, "A stream of events ends: they can't be read");
                    return None;
                }
            }
            let expiry = self.listening.expires;
            let expired = async {
                match expiry {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut self.listening.closing => self.is_over = true,
                () = self.listening.seat.dismissed() => self.is_over = true,
                () = expired => {
                    self.is_over = true;
                    return Some(Bytes::from_static(b"event: expired\ndata: {}\n\n"));
                }
                rung = self.bell.changed() => self.is_over = rung.is_err(),
                () = sleep_until(self.silent_until) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
        None
    }

    /// The next events, as one piece: empty where none of them is wanted, none where there are none.
    fn piece(&mut self) -> Result<Option<Bytes>> {
        let frames = match self.listening.feed.after(self.at, PIECE) {
            Following::Frames(frames) => frames,
            Following::TooFarBehind => self.stored()?,
            // The store was reopened at an earlier state: nothing newer was ever announced.
            Following::Ahead => return Ok(None),
        };
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
            return Ok(None);
        };
        if first.seq != self.at + 1 {
            // So far behind that what follows is no longer kept.
            self.at = self.listening.feed.newest();
            return Ok(Some(reset(self.at).into()));
        }
        self.at = last.seq;
        let wanted: Vec<&Arc<Frame>> = frames
            .iter()
            .filter(|frame| (self.listening.wants)(frame))
            .collect();
        let sent = wanted.len() as u64;
        self.listening.sent.0.fetch_add(sent, Ordering::Relaxed);
        Ok(Some(match wanted.as_slice() {
            [] => Bytes::new(),
            // The very bytes that all others get.
            [one] => one.text.clone(),
            many => {
                let mut piece = BytesMut::with_capacity(many.iter().map(|f| f.text.len()).sum());
                for frame in many {
                    piece.extend_from_slice(&frame.text);
                }
                piece.freeze()
            }
        }))
    }

    /// The next events from the store.
    fn stored(&self) -> Result<Vec<Arc<Frame>>> {
        let read = self.listening.store.snapshot()?;
        let events = after(&*read, self.at, PIECE)?;
        Ok(events.iter().map(|e| Arc::new(Frame::of(e))).collect())
    }
}

/// Tells a client that events before this number are lost to it.
fn reset(at: u64) -> String {
    format!("id: {at}\nevent: reset\ndata: {{}}\n\n")
}
