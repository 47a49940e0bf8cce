//! Connections beyond the caps: a short answer at the door, so that the client knows to come back.

use std::time::Duration;

use poem::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::context::new_correlation_id;
use crate::http::problem::{Code, JSON, Problem};
use crate::server::security_headers;
use crate::time::Timestamp;

/// How long a refused client may take to read why.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server holds as many connections as it may.
    Full,
    /// This address holds as many as one may.
    TooManyFromOne,
}

impl Refusal {
    /// What metrics call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooManyFromOne => "address",
        }
    }

    fn problem(self) -> Problem {
        let mut problem = match self {
            Self::Full => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Unavailable,
                "The server has as many connections as it takes: try again shortly.",
            ),
            Self::TooManyFromOne => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                Code::RateLimited,
                "This address has as many connections open as one may: close some, or reuse them.",
            ),
        };
        problem.retry_after_s = Some(1);
        problem
    }
}

/// A whole answer, head and body, after which the connection is closed.
pub(crate) fn answer(problem: &Problem, secure: bool) -> Vec<u8> {
    let trace_id = new_correlation_id();
    let body = problem.body(&trace_id, Timestamp::now());
    let retry = problem
        .retry_after_s
        .map(|seconds| format!("retry-after: {seconds}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\n{retry}x-correlation-id: {trace_id}\r\n{}connection: close\r\n\r\n",
        problem.status,
        body.len(),
        security_headers::lines(secure),
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

/// Answers and closes, in bounded time.
pub(crate) async fn refuse(mut stream: TcpStream, why: Refusal) {
    let _ = timeout(PATIENCE, async {
        stream.write_all(&answer(&why.problem(), false)).await?;
        stream.shutdown().await?;
        // Closing with the request unread would reset the connection, and the answer with it.
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    })
    .await;
}
