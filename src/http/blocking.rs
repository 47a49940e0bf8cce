//! Work that may take long, away from the threads that serve everybody.

use crate::error::{Error, Result};

/// Runs a read that may take long on a thread where it holds nobody up.
///
/// # Errors
/// The work's own; `Internal` when it panics.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
        .await
        .map_err(Error::internal)?
}
