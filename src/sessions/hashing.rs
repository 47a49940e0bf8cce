//! Room for the work of passwords: a hash takes 19 MiB and a core for tens of milliseconds, so few run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Runs hashing on threads where it holds nobody up, few at once, with a short queue before them.
#[derive(Debug)]
pub struct Hashers {
    free: Arc<Semaphore>,
    queue: usize,
    waiting: AtomicUsize,
    hashed: AtomicU64,
}

impl Hashers {
    /// So many at once, and so many that wait for them.
    pub fn new(at_once: usize, queue: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(at_once)),
            queue,
            waiting: AtomicUsize::new(0),
            hashed: AtomicU64::new(0),
        }
    }

    /// Runs the work when there is room. A caller that stops waiting leaves the queue, and nothing is done for it.
    ///
    /// # Errors
    /// `Throttled` when the queue is full; `Internal` when the work panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let room = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                let _place = Place::taken(&self.waiting, self.queue)?;
                Arc::clone(&self.free)
                    .acquire_owned()
                    .await
                    .map_err(Error::internal)?
            }
        };
        self.hashed.fetch_add(1, Ordering::Relaxed);
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            // Held by the work and not by its caller: it runs to its end, whoever still waits for it.
            let _room = room;
            span.in_scope(work)
        })
        .await
        .map_err(Error::internal)
    }

    /// How many pieces of work were begun.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// How many callers wait for room.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A place in the queue, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn taken(waiting: &'a AtomicUsize, queue: usize) -> Result<Self> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= queue {
            return Err(Error::Throttled { retry_after_s: 1 });
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    async fn until(condition: impl Fn() -> bool) {
        for _ in 0..2_000 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("it did not come to pass");
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_and_who_leaves_is_not_hashed_for() {
        let hashers = Arc::new(Hashers::new(1, 2));
        let (release, held) = mpsc::channel::<()>();
        let run = |work: Box<dyn FnOnce() -> u8 + Send>| {
            let hashers = Arc::clone(&hashers);
            tokio::spawn(async move { hashers.run(work).await })
        };
        let first = run(Box::new(move || {
            held.recv().unwrap();
            1
        }));
        until(|| hashers.hashed() == 1).await;
        let second = run(Box::new(|| 2));
        until(|| hashers.waiting() == 1).await;
        let third = run(Box::new(|| 3));
        until(|| hashers.waiting() == 2).await;
        assert!(matches!(
            hashers.run(|| 4).await,
            Err(Error::Throttled { retry_after_s: 1 })
        ));

        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        assert_eq!(hashers.waiting(), 1);
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(third.await.unwrap().unwrap(), 3);
        assert_eq!((hashers.hashed(), hashers.waiting()), (2, 0));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_running_work_keeps_its_room_taken() {
        let hashers = Arc::new(Hashers::new(1, 0));
        let (release, held) = mpsc::channel::<()>();
        let running = {
            let hashers = Arc::clone(&hashers);
            tokio::spawn(async move { hashers.run(move || held.recv().unwrap()).await })
        };
        until(|| hashers.hashed() == 1).await;
        running.abort();
        let _ = running.await;
        assert!(matches!(
            hashers.run(|| ()).await,
            Err(Error::Throttled { .. })
        ));
        release.send(()).unwrap();
        until(|| hashers.free.available_permits() == 1).await;
        hashers.run(|| ()).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_costs_only_its_own_caller() {
        let hashers = Hashers::new(1, 0);
        let outcome = hashers.run(|| panic!("as asked")).await;
        assert!(matches!(outcome, Err(Error::Internal(_))));
        assert_eq!(hashers.run(|| 5).await.unwrap(), 5);
    }
}
