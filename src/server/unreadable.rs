//! What is answered to a request that can't be read.
//!
//! The HTTP parser refuses such a request by itself, with a bare head that nobody can change. This stands between
//! the parser and the connection, and sends a failure in the one shape that clients know, with the headers of every
//! answer, in that head's place.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use poem::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::problem::{Code, Problem};
use crate::server::refusal;

/// The longest head that the parser writes by itself.
const LONGEST_BARE: usize = 256;

/// A connection on which bare refusals are replaced.
pub(crate) struct Explained<S> {
    inner: S,
    secure: bool,
    replacing: Option<Replacement>,
}

/// A refusal that is being sent.
struct Replacement {
    bytes: Vec<u8>,
    sent: usize,
    /// How many of the parser's bytes it stands for.
    instead_of: usize,
}

impl<S> Explained<S> {
    /// Around a connection; `secure` where it is encrypted.
    pub(crate) fn new(inner: S, secure: bool) -> Self {
        Self {
            inner,
            secure,
            replacing: None,
        }
    }

    /// Begins a replacement where the parser begins a refusal.
    fn look_at(&mut self, bytes: &[u8]) {
        if self.replacing.is_none()
            && let Some(problem) = refused_in(bytes)
        {
            self.replacing = Some(Replacement {
                bytes: refusal::answer(&problem, self.secure),
                sent: 0,
                instead_of: bytes.len(),
            });
        }
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    /// Sends the replacement to its end; none where there is none to send.
    fn poll_replacing(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<usize>>> {
        let Some(replacement) = &mut self.replacing else {
            return Poll::Ready(None);
        };
        while replacement.sent < replacement.bytes.len() {
            let rest = &replacement.bytes[replacement.sent..];
            match ready!(Pin::new(&mut self.inner).poll_write(cx, rest)) {
                Ok(0) => return Poll::Ready(Some(Err(io::ErrorKind::WriteZero.into()))),
                Ok(length) => replacement.sent += length,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let instead_of = replacement.instead_of;
        self.replacing = None;
        Poll::Ready(Some(Ok(instead_of)))
    }
}

/// What the parser refuses in these bytes: a whole head without the correlation id that all of ours have.
fn refused_in(bytes: &[u8]) -> Option<Problem> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let is_whole = bytes.len() <= LONGEST_BARE && bytes.ends_with(b"\r\n\r\n");
    if !is_whole || memchr::memmem::find(bytes, b"x-correlation-id").is_some() {
        return None;
    }
    let (code, message) = match status {
        b"400" => (
            Code::ValidationError,
            "This is no HTTP request that can be read: check its first line and its header fields.",
        ),
        b"414" => (
            Code::ValidationError,
            "The request's address is too long: ask for less at once.",
        ),
        b"431" => (
            Code::HeadersTooLarge,
            "The request's head is too large: send fewer and shorter header fields.",
        ),
        _ => return None,
    };
    let status = StatusCode::from_bytes(status).ok()?;
    Some(Problem::new(status, code, message))
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look_at(bytes);
        match ready!(self.poll_replacing(cx)) {
            Some(sent) => Poll::Ready(sent),
            None => Pin::new(&mut self.inner).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = pieces.first() {
            self.look_at(first);
        }
        match ready!(self.poll_replacing(cx)) {
            Some(sent) => Poll::Ready(sent),
            None => Pin::new(&mut self.inner).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parsers_own_refusals_are_replaced() {
        let bare = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert!(refused_in(bare.as_bytes()).is_some());
        assert!(refused_in(bare.replace("400", "431").as_bytes()).is_some());
        for ours in [
            bare.replace("400", "200"),
            bare.replace("connection:", "x-correlation-id:"),
            format!("{bare}body"),
            format!("data: {bare}"),
            String::new(),
        ] {
            assert!(refused_in(ours.as_bytes()).is_none(), "{ours}");
        }
    }
}
