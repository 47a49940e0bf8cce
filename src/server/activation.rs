//! Socket activation: the service manager listens, and hands its socket over.
//!
//! It goes on listening while the server is restarted, so that no connection is refused meanwhile. Source:
//! sd_listen_fds(3).

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

/// Why the sockets that were handed over can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// The server has one address.
    #[error(
        "{0} sockets were handed over, and the server takes one: keep one ListenStream= in driftsentry.socket (a port alone, such as ListenStream=8420, is IPv4 and IPv6)."
    )]
    TooMany(usize),
    /// It is a Unix socket, or none that listens.
    #[error(
        "the socket that was handed over is none that listens for TCP ({0}): use ListenStream= with an address and a port in driftsentry.socket."
    )]
    NoListener(#[source] io::Error),
}

/// A socket that somebody else listens on, for this process.
#[derive(Debug)]
pub struct Handed {
    pub(super) listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The socket that was handed to this process, where one was: `LISTEN_FDS`, with `LISTEN_PID`.
///
/// To be called before there are threads: the variables are removed, so that they count once.
///
/// # Errors
/// When there are several, or it is none that the server could use.
pub fn handed() -> Result<Option<Handed>, ActivationError> {
    let mut sockets = ListenFd::from_env();
    match sockets.len() {
        0 => return Ok(None),
        1 => {}
        several => return Err(ActivationError::TooMany(several)),
    }
    let taken = sockets.take_tcp_listener(0);
    let listener = taken.map_err(ActivationError::NoListener)?;
    listener.map(usable).transpose()
}

fn usable(listener: TcpListener) -> Result<Handed, ActivationError> {
    let used = listener.set_nonblocking(true);
    let address = used.and_then(|()| listener.local_addr());
    let address = address.map_err(ActivationError::NoListener)?;
    if !rustix::net::sockopt::socket_acceptconn(&listener).unwrap_or(true) {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "nobody listens on it");
        return Err(ActivationError::NoListener(error));
    }
    Ok(Handed { listener, address })
}
