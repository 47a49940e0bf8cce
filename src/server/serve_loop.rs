//! Accepts connections and serves HTTP/1 and HTTP/2 on them, within bounds.
//!
//! poem's own server never gives up on a dripping head or body and spins when descriptors run out; this loop
//! does neither.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use poem::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout};

use crate::config::serve_options::ServeOptions;
use crate::server::App;
use crate::server::middleware::{Front, OutBody};
use crate::server::paced::Paced;
use crate::server::refusal::{Refusal, refuse};
use crate::telemetry::lifecycle::{Lifecycle, Phase};

/// How long to wait after a failed accept: doubled while it keeps failing.
const BACK_OFF: Duration = Duration::from_millis(20);
const MAX_BACK_OFF: Duration = Duration::from_millis(640);
/// How many refused clients may be told why at once; the rest is closed without a word.
const REFUSALS: usize = 64;
/// How long, and for how many bytes, a client is listened to after its last answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 32 << 20;
/// How long streams may take to end once they were asked to.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves until the lifecycle drains; returns when the last connection is closed, or its time is over.
pub async fn serve<E: Endpoint + 'static>(
    listener: TcpListener,
    front: Arc<Front<E>>,
    app: App,
    options: ServeOptions,
) {
    let door = Door::new(&options);
    // Each connection holds a sender: the receiver ends with the last of them.
    let (alive, mut all_closed) = mpsc::channel::<Infallible>(1);
    let mut back_off = BACK_OFF;
    loop {
        let accepted = tokio::select! {
            biased;
            () = app.lifecycle.reached(Phase::Draining) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                back_off = after_failed_accept(&error, back_off).await;
                continue;
            }
        };
        back_off = BACK_OFF;
        let pass = match door.enter(client.ip()) {
            Ok(pass) => pass,
            Err(why) => {
                door.turn_away(stream, why);
                continue;
            }
        };
        let connection = Connection {
            front: front.clone(),
            client,
            lifecycle: app.lifecycle.clone(),
            options: options.clone(),
        };
        let (alive, gauge) = (alive.clone(), app.metrics.connection());
        tokio::spawn(async move {
            connection.serve(stream).await;
            drop((pass, gauge, alive));
        });
    }
    drop((listener, alive));
    drain(&app.lifecycle, &front, &options, &mut all_closed).await;
}

/// Finishes requests, then ends streams, then cuts off what is left.
async fn drain<E: Endpoint + 'static>(
    lifecycle: &Lifecycle,
    front: &Front<E>,
    options: &ServeOptions,
    all_closed: &mut mpsc::Receiver<Infallible>,
) {
    let finished = async {
        // Requests end within milliseconds of each other: looking is simpler than counting down.
        while front.in_flight() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(options.drain_timeout, finished).await.is_err() {
        tracing::warn!("Some requests did not finish in time and are cut off");
    }
    lifecycle.set(Phase::Closing);
    if timeout(CLOSING, all_closed.recv()).await.is_err() {
        lifecycle.set(Phase::Stopped);
        let _ = timeout(CLOSING, all_closed.recv()).await;
    }
    lifecycle.set(Phase::Stopped);
}

/// Waits where waiting helps: a client that left needs none, missing descriptors or memory do.
async fn after_failed_accept(error: &io::Error, back_off: Duration) -> Duration {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    ) {
        return BACK_OFF;
    }
    tracing::warn!(
        cause = %error,
        wait_ms = back_off.as_millis() as u64,
        "Can't accept connections for now"
    );
    sleep(back_off).await;
    (back_off * 2).min(MAX_BACK_OFF)
}

/// Lets in as many connections as there may be, in all and for one address.
struct Door {
    all: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    per_address: usize,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; given back when dropped.
struct Pass {
    _place: OwnedSemaphorePermit,
    address: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Door {
    fn new(options: &ServeOptions) -> Self {
        Self {
            all: Arc::new(Semaphore::new(options.connections)),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            per_address: options.connections_per_address,
            by_address: Arc::default(),
        }
    }

    fn enter(&self, address: IpAddr) -> Result<Pass, Refusal> {
        let place = self.all.clone().try_acquire_owned();
        let place = place.map_err(|_| Refusal::Full)?;
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let held = by_address.entry(address).or_insert(0);
        if *held >= self.per_address {
            return Err(Refusal::TooManyFromOne);
        }
        *held += 1;
        Ok(Pass {
            _place: place,
            address,
            by_address: self.by_address.clone(),
        })
    }

    fn turn_away(&self, stream: TcpStream, why: Refusal) {
        if let Ok(place) = self.refusals.clone().try_acquire_owned() {
            tokio::spawn(async move {
                refuse(stream, why).await;
                drop(place);
            });
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = by_address.get_mut(&self.address) {
            *held -= 1;
            if *held == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// One connection to serve.
struct Connection<E> {
    front: Arc<Front<E>>,
    client: SocketAddr,
    lifecycle: Lifecycle,
    options: ServeOptions,
}

/// What the first bytes say a client speaks.
enum Speaks {
    Http1,
    Http2,
}

impl<E: Endpoint + 'static> Connection<E> {
    async fn serve(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let spoken = tokio::select! {
            () = self.lifecycle.reached(Phase::Draining) => return,
            spoken = timeout(self.options.header_timeout, sniff(&stream)) => spoken,
        };
        let stream = Paced::new(stream, self.options.stall_timeout);
        let lifecycle = self.lifecycle.clone();
        tokio::select! {
            () = lifecycle.reached(Phase::Stopped) => {}
            () = async {
                match spoken {
                    Ok(Ok(Speaks::Http1)) => self.serve_http1(stream).await,
                    Ok(Ok(Speaks::Http2)) => self.serve_http2(stream).await,
                    // Silence, or a client that left.
                    Ok(Err(_)) | Err(_) => {}
                }
            } => {}
        }
    }

    async fn serve_http1(self, stream: Paced<TcpStream>) {
        let options = &self.options;
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .max_header_size(options.max_header_bytes)
            .max_buf_size(options.max_header_bytes.max(16 << 10))
            .serve_connection(TokioIo::new(stream), self.caller(None));
        let mut draining = pin!(self.lifecycle.reached(Phase::Draining));
        let served = tokio::select! {
            served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
            () = &mut draining => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        if let Err(error) = served {
            tracing::debug!(client = %self.client, cause = %error, "A connection ended early");
        }
        // At a stop, clients are not waited for: they were told with `Connection: close`.
        if self.lifecycle.phase() < Phase::Draining {
            linger(connection.into_parts().io.into_inner()).await;
        }
    }

    async fn serve_http2(self, stream: Paced<TcpStream>) {
        let activity = Arc::new(Activity::new());
        let options = &self.options;
        let mut connection = pin!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX))
                .max_concurrent_streams(128)
                .keep_alive_interval(options.stall_timeout)
                .keep_alive_timeout(options.header_timeout)
                .serve_connection(TokioIo::new(stream), self.caller(Some(activity.clone())))
        );
        let ends = async {
            tokio::select! {
                () = self.lifecycle.reached(Phase::Draining) => {}
                () = activity.idle_for(options.header_timeout) => {}
            }
        };
        tokio::select! {
            _ = connection.as_mut() => return,
            () = ends => connection.as_mut().graceful_shutdown(),
        }
        // Told to go, a client gets as long as a graceful stop takes.
        let _ = connection.await;
    }

    fn caller(&self, activity: Option<Arc<Activity>>) -> Caller<E> {
        Caller {
            front: self.front.clone(),
            client: self.client,
            activity,
        }
    }
}

/// Reads ahead, without taking, as much as tells HTTP/2's preface from a request line.
async fn sniff(stream: &TcpStream) -> io::Result<Speaks> {
    const PREFACE: &[u8] = b"PRI ";
    let mut seen = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if seen[..length] != PREFACE[..length] {
            return Ok(Speaks::Http1);
        }
        if length == PREFACE.len() {
            return Ok(Speaks::Http2);
        }
        // Bytes that wait to be read wake a reader at once.
        sleep(Duration::from_millis(10)).await;
    }
}

/// Closes so that the last answer arrives: a client that still sends would see a reset instead.
async fn linger(mut stream: Paced<TcpStream>) {
    let _ = timeout(LINGER, async {
        stream.shutdown().await?;
        let mut unread = vec![0; 16 << 10];
        let mut total = 0;
        loop {
            let length = stream.read(&mut unread).await?;
            total += length;
            if length == 0 || total > LINGER_BYTES {
                return io::Result::Ok(());
            }
        }
    })
    .await;
}

/// How busy a connection is, to end it when it isn't.
struct Activity {
    started: Instant,
    in_flight: AtomicUsize,
    last_ms: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            in_flight: AtomicUsize::new(0),
            last_ms: AtomicU64::new(0),
        }
    }

    fn begin(self: &Arc<Self>) -> Working {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
    }

    /// Waits until nothing was asked for so long.
    async fn idle_for(&self, patience: Duration) {
        loop {
            let idle = self
                .started
                .elapsed()
                .saturating_sub(Duration::from_millis(self.last_ms.load(Ordering::Relaxed)));
            let busy = self.in_flight.load(Ordering::Relaxed) > 0;
            match patience.checked_sub(idle) {
                Some(left) if !busy && !left.is_zero() => sleep(left).await,
                _ if busy => sleep(patience).await,
                _ => return,
            }
        }
    }
}

/// One request under way; its answer's body too, as long as it streams.
pub(crate) struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_ms.store(now, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What hyper calls for each request.
struct Caller<E> {
    front: Arc<Front<E>>,
    client: SocketAddr,
    activity: Option<Arc<Activity>>,
}

impl<E: Endpoint + 'static> Service<hyper::Request<Incoming>> for Caller<E> {
    type Response = hyper::Response<OutBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let (front, client) = (self.front.clone(), self.client);
        let working = self.activity.as_ref().map(Activity::begin);
        Box::pin(async move { Ok(front.answer(request, client, working).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let door = Door::new(&ServeOptions {
            connections: 3,
            connections_per_address: 2,
            ..ServeOptions::default()
        });
        let [one, other] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(IpAddr::from);
        let first = door.enter(one).ok();
        let second = door.enter(one).ok();
        assert!(second.is_some());
        assert_eq!(door.enter(one).err(), Some(Refusal::TooManyFromOne));
        let third = door.enter(other).ok();
        assert!(third.is_some());
        assert_eq!(door.enter(other).err(), Some(Refusal::Full));
        drop(first);
        assert!(door.enter(one).is_ok());
        drop((second, third));
        assert!(door.by_address.lock().unwrap().is_empty());
    }
}
