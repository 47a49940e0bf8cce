//! Who listens: as many as there may be, each only as long as their credential holds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::live::Live;
use crate::time::Timestamp;

/// After how many seconds somebody who was turned away should try again.
const RETRY_AFTER_S: u64 = 5;

/// How many may listen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub total: usize,
    /// With one account or API key.
    pub per_user: usize,
    /// From one address.
    pub per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 3_072,
            per_user: 32,
            per_address: 384,
        }
    }
}

/// Whether a listener's credential still holds.
pub type Holds = Box<dyn Fn(Timestamp) -> bool + Send + Sync>;

/// A listener, as the audience knows it.
struct Listener {
    user: String,
    address: Option<IpAddr>,
    holds: Holds,
    dismissed: watch::Sender<bool>,
}

#[derive(Default)]
struct Seats {
    listeners: HashMap<u64, Listener>,
    by_user: HashMap<String, usize>,
    by_address: HashMap<IpAddr, usize>,
    next: u64,
}

/// Everybody who listens.
pub struct Audience {
    limits: Live<Limits>,
    seats: Mutex<Seats>,
    /// How many were turned away.
    turned_away: AtomicU64,
    /// How many had to go because their credential no longer held.
    dismissed: AtomicU64,
}

/// A listener's place; given back when dropped.
pub struct Seat {
    audience: Arc<Audience>,
    number: u64,
    dismissed: watch::Receiver<bool>,
}

impl Audience {
    /// Nobody yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.into(),
            seats: Mutex::default(),
            turned_away: AtomicU64::new(0),
            dismissed: AtomicU64::new(0),
        }
    }

    /// Holds newcomers to other limits from now on. Whoever listens already goes on.
    pub fn limit(&self, limits: Limits) {
        self.limits.set(limits);
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// `Throttled` where they, or all from their address, listen too often already; `Unavailable` where there are too many
    /// in all.
    pub fn admit(
        self: &Arc<Self>,
        user: String,
        address: Option<IpAddr>,
        holds: Holds,
    ) -> Result<Seat> {
        let limits = self.limits.get();
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let of_user = seats.by_user.get(&user).copied().unwrap_or(0);
        let of_address = address.and_then(|address| seats.by_address.get(&address).copied());
        let refusal = if seats.listeners.len() >= limits.total {
            Some(Error::Unavailable(
                "As many streams are open as this server takes: try again shortly.".to_owned(),
            ))
        } else if of_user >= limits.per_user || of_address.unwrap_or(0) >= limits.per_address {
            Some(Error::Throttled {
                retry_after_s: RETRY_AFTER_S,
            })
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(refusal);
        }
        let (dismissed, told) = watch::channel(false);
        let number = seats.next;
        seats.next += 1;
        *seats.by_user.entry(user.clone()).or_default() += 1;
        if let Some(address) = address {
            *seats.by_address.entry(address).or_default() += 1;
        }
        let listener = Listener {
            user,
            address,
            holds,
            dismissed,
        };
        seats.listeners.insert(number, listener);
        Ok(Seat {
            audience: Arc::clone(self),
            number,
            dismissed: told,
        })
    }

    /// Has everybody go whose credential no longer holds.
    pub fn sweep(&self, now: Timestamp) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        for listener in seats.listeners.values() {
            if !(listener.holds)(now) && !listener.dismissed.send_replace(true) {
                self.dismissed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many listen.
    pub fn count(&self) -> usize {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.listeners.len()
    }

    /// How many were turned away, and how many were dismissed, since the start.
    pub fn lost(&self) -> (u64, u64) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (of(&self.turned_away), of(&self.dismissed))
    }
}

impl std::fmt::Debug for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audience")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Seat {
    /// Waits until its listener has to go.
    pub async fn dismissed(&mut self) {
        // The sender lives as long as the seat: waiting can't fail.
        let _ = self.dismissed.wait_for(|dismissed| *dismissed).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self
            .audience
            .seats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = seats.listeners.remove(&self.number) else {
            return;
        };
        leave(&mut seats.by_user, &listener.user);
        if let Some(address) = listener.address {
            leave(&mut seats.by_address, &address);
        }
    }
}

/// One less; nobody is remembered who is not there.
fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, who: &K) {
    if let Some(count) = counts.get_mut(who) {
        *count -= 1;
        if *count == 0 {
            counts.remove(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(audience: &Arc<Audience>, user: &str, address: u8) -> Result<Seat> {
        let address = IpAddr::from([10, 0, 0, address]);
        audience.admit(user.to_owned(), Some(address), Box::new(|_| true))
    }

    #[test]
    fn seats_are_bounded_and_given_back() {
        let audience = Arc::new(Audience::new(Limits {
            total: 4,
            per_user: 2,
            per_address: 3,
        }));
        let first = seat(&audience, "ana", 1).unwrap();
        let _second = seat(&audience, "ana", 1).unwrap();
        assert!(matches!(
            seat(&audience, "ana", 2),
            Err(Error::Throttled { .. })
        ));
        let _third = seat(&audience, "bo", 1).unwrap();
        assert!(matches!(
            seat(&audience, "cy", 1),
            Err(Error::Throttled { .. })
        ));
        let _fourth = seat(&audience, "cy", 2).unwrap();
        assert!(matches!(
            seat(&audience, "di", 3),
            Err(Error::Unavailable(_))
        ));
        drop(first);
        assert!(seat(&audience, "ana", 1).is_ok());
        assert_eq!((audience.count(), audience.lost().0), (3, 3));
    }

    #[tokio::test]
    async fn who_may_no_longer_listen_is_dismissed() {
        let audience = Arc::new(Audience::new(Limits::default()));
        let until = Timestamp::from_unix_ms(5);
        let holds: Holds = Box::new(move |now| now < until);
        let mut seat = audience.admit("ana".to_owned(), None, holds).unwrap();
        audience.sweep(Timestamp::from_unix_ms(4));
        assert_eq!(audience.lost().1, 0);
        audience.sweep(until);
        audience.sweep(until);
        seat.dismissed().await;
        assert_eq!(audience.lost().1, 1);
    }
}
