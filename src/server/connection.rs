//! One connection: TLS where it is configured, then HTTP/1 or HTTP/2, within bounds.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use poem::Endpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::serve_options::ServeOptions;
use crate::http::client_address::Peer;
use crate::server::middleware::{Front, OutBody};
use crate::server::paced::Paced;
use crate::server::tls;
use crate::server::unreadable::Explained;
use crate::telemetry::lifecycle::{Lifecycle, Phase};

/// How long, and for how many bytes, a client is listened to after its last answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 32 << 20;

/// How long a client that has connected may take to say something once the server stops.
const LAST_ORDERS: Duration = Duration::from_millis(500);

/// One connection to serve.
pub(crate) struct Connection<E> {
    pub(crate) front: Arc<Front<E>>,
    pub(crate) peer: Peer,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) options: Arc<ServeOptions>,
}

/// A connection whose client has begun to speak.
enum Opened {
    Clear(Paced<TcpStream>, Speaks),
    // Boxed: the state of TLS is large, and moves with each step.
    Tls(Box<TlsStream<Paced<TcpStream>>>, Speaks),
}

/// What a client speaks.
enum Speaks {
    Http1,
    Http2,
}

impl<E: Endpoint + 'static> Connection<E> {
    pub(crate) async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let opened = tokio::select! {
            () = self.last_orders() => return,
            opened = timeout(self.options.header_timeout, self.open(stream, tls)) => opened,
        };
        let opened = match opened {
            Ok(Ok(opened)) => opened,
            // A client that left, or that speaks something else: HTTP in the clear, most often.
            Ok(Err(error)) => {
                tracing::debug!(client = %self.peer.address, cause = %error, "A connection was not opened");
                return;
            }
            // Silence.
            Err(_) => return,
        };
        let lifecycle = self.lifecycle.clone();
        tokio::select! {
            () = lifecycle.reached(Phase::Stopped) => {}
            () = async {
                match opened {
                    Opened::Clear(stream, Speaks::Http1) => self.serve_http1(stream).await,
                    Opened::Clear(stream, Speaks::Http2) => self.serve_http2(stream).await,
                    Opened::Tls(stream, Speaks::Http1) => self.serve_http1(stream).await,
                    Opened::Tls(stream, Speaks::Http2) => self.serve_http2(stream).await,
                }
            } => {}
        }
    }

    /// Over soon after the server has begun to stop: who was let in just before still gets an answer.
    async fn last_orders(&self) {
        self.lifecycle.reached(Phase::Draining).await;
        sleep(LAST_ORDERS).await;
    }

    /// Shakes hands where TLS is configured, and learns what the client speaks.
    async fn open(&self, stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<Opened> {
        let patience = self.options.stall_timeout;
        let Some(tls) = tls else {
            let spoken = sniff(&stream).await?;
            return Ok(Opened::Clear(Paced::new(stream, patience), spoken));
        };
        let stream = tls.accept(Paced::new(stream, patience)).await?;
        let spoken = match stream.get_ref().1.alpn_protocol() {
            Some(tls::HTTP2) => Speaks::Http2,
            _ => Speaks::Http1,
        };
        Ok(Opened::Tls(Box::new(stream), spoken))
    }

    async fn serve_http1<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let options = &self.options;
        let stream = Explained::new(stream, self.peer.tls);
        let asked = Arc::new(Notify::new());
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .max_header_size(options.max_header_bytes)
            .max_buf_size(options.max_header_bytes.max(16 << 10))
            .serve_connection(TokioIo::new(stream), self.caller(None, asked.clone()));
        let mut draining = pin!(async {
            self.lifecycle.reached(Phase::Draining).await;
            // hyper closes a connection that it has read nothing of, though a request may lie there already.
            let _ = timeout(LAST_ORDERS, asked.notified()).await;
        });
        let served = tokio::select! {
            served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
            () = &mut draining => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        if let Err(error) = served {
            tracing::debug!(client = %self.peer.address, cause = %error, "A connection ended early");
        }
        // At a stop, clients are not waited for: they were told with `Connection: close`.
        if self.lifecycle.phase() < Phase::Draining {
            linger(connection.into_parts().io.into_inner()).await;
        }
    }

    async fn serve_http2<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let activity = Arc::new(Activity::new());
        let options = &self.options;
        let mut connection = pin!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX))
                .max_concurrent_streams(128)
                .keep_alive_interval(options.stall_timeout)
                .keep_alive_timeout(options.header_timeout)
                .serve_connection(
                    TokioIo::new(stream),
                    self.caller(Some(activity.clone()), Arc::default())
                )
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

    fn caller(&self, activity: Option<Arc<Activity>>, asked: Arc<Notify>) -> Caller<E> {
        Caller {
            front: self.front.clone(),
            peer: self.peer,
            activity,
            asked,
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
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
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
    peer: Peer,
    activity: Option<Arc<Activity>>,
    /// Rung by each request.
    asked: Arc<Notify>,
}

impl<E: Endpoint + 'static> Service<hyper::Request<Incoming>> for Caller<E> {
    type Response = hyper::Response<OutBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        self.asked.notify_one();
        let (front, peer) = (self.front.clone(), self.peer);
        let working = self.activity.as_ref().map(Activity::begin);
        Box::pin(async move { Ok(front.answer(request, peer, working).await) })
    }
}
