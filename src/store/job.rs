//! A change on its way: from its caller's queue through a batch, and back with an answer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::batch::Batch;
use super::writes::Writes;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// What callers send.
pub(super) enum Message {
    /// A change to make.
    Change(Box<dyn Job>),
    /// Somebody wants to know whether the writer works.
    Ping(oneshot::Sender<()>),
    /// Close the database.
    Stop,
}

/// A queued change whose result type is forgotten.
pub(super) trait Job: Send {
    /// Runs it against the batch. A refused change writes nothing and is no error here.
    ///
    /// # Errors
    /// Only where the batch itself broke.
    fn run(&mut self, batch: &Batch<'_>, now: Timestamp) -> Result<()>;

    /// Whether it may use the room that is kept free.
    fn is_vital(&self) -> bool;

    /// Refuses it without running it.
    fn refuse(&mut self, error: Error);

    /// Answers its caller: with its own result, or with this error instead.
    fn settle(self: Box<Self>, instead: Option<Error>);
}

/// A queued change.
pub(super) struct Change<T, F> {
    change: F,
    is_vital: bool,
    done: oneshot::Sender<Result<T>>,
    outcome: Option<Result<T>>,
    /// The caller's: what is logged while it runs has their correlation id.
    span: tracing::Span,
}

impl<T, F> Change<T, F> {
    pub(super) fn new(change: F, is_vital: bool, done: oneshot::Sender<Result<T>>) -> Self {
        Self {
            change,
            is_vital,
            done,
            outcome: None,
            span: tracing::Span::current(),
        }
    }
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: Fn(&Batch<'_>, Timestamp) -> Result<(T, Writes)> + Send,
{
    fn run(&mut self, batch: &Batch<'_>, now: Timestamp) -> Result<()> {
        let _entered = self.span.enter();
        // Nothing is applied until the change has returned, so a panic leaves nothing half-written behind.
        let decided = catch_unwind(AssertUnwindSafe(|| (self.change)(batch, now)));
        self.outcome = Some(match decided {
            Ok(Ok((value, writes))) => {
                batch.apply(writes)?;
                Ok(value)
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(Error::internal(format!(
                "a change panicked: {}",
                panic_text(panic.as_ref())
            ))),
        });
        Ok(())
    }

    fn is_vital(&self) -> bool {
        self.is_vital
    }

    fn refuse(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }

    fn settle(self: Box<Self>, instead: Option<Error>) {
        let result = match (instead, self.outcome) {
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(Error::internal("a change was not run")),
        };
        // A caller that has left doesn't wait for the answer.
        let _ = self.done.send(result);
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// What callers of a closed store hear.
pub(super) fn closed() -> Error {
    Error::Unavailable("The store is closed: DriftSentry is stopping.".to_owned())
}

/// What callers hear whose change met a failing disk.
pub(super) fn unknown() -> Error {
    Error::Unavailable(
        "Writing failed, and whether this change is kept is not known: read before you repeat it."
            .to_owned(),
    )
}
