//! The door: how many connections there may be at once, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::TrustedProxies;
use crate::config::serve_options::ServeOptions;
use crate::server::refusal::{Refusal, refuse};

/// How many refused clients may be told why at once; the rest is closed without a word.
const REFUSALS: usize = 64;

/// Lets in as many connections as there may be, in all and for one address.
pub(crate) struct Door {
    all: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    per_address: usize,
    /// A trusted proxy's connections are many clients'.
    proxies: TrustedProxies,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; given back when dropped.
pub(crate) struct Pass {
    _place: OwnedSemaphorePermit,
    /// None for a trusted proxy's, which are not counted.
    _counted: Option<Counted>,
}

/// One of an address's connections.
struct Counted {
    address: IpAddr,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Door {
    pub(crate) fn new(options: &ServeOptions) -> Self {
        Self {
            all: Arc::new(Semaphore::new(options.connections)),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            per_address: options.connections_per_address,
            proxies: options.trusted_proxies.clone(),
            by_address: Arc::default(),
        }
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Pass, Refusal> {
        let place = self.all.clone().try_acquire_owned();
        let place = place.map_err(|_| Refusal::Full)?;
        let counted = if self.proxies.contains(address) {
            None
        } else {
            Some(self.count(address.to_canonical())?)
        };
        Ok(Pass {
            _place: place,
            _counted: counted,
        })
    }

    fn count(&self, address: IpAddr) -> Result<Counted, Refusal> {
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let held = by_address.entry(address).or_insert(0);
        if *held >= self.per_address {
            return Err(Refusal::TooManyFromOne);
        }
        *held += 1;
        Ok(Counted {
            address,
            by_address: self.by_address.clone(),
        })
    }

    /// Tells a client why it is not let in, where it can be told in the clear.
    pub(crate) fn turn_away(&self, stream: TcpStream, why: Refusal) {
        if let Ok(place) = self.refusals.clone().try_acquire_owned() {
            tokio::spawn(async move {
                refuse(stream, why).await;
                drop(place);
            });
        }
    }
}

impl Drop for Counted {
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

    #[test]
    fn a_trusted_proxy_stands_for_many() {
        let door = Door::new(&ServeOptions {
            connections: 4,
            connections_per_address: 1,
            trusted_proxies: "10.0.0.0/8".parse().unwrap(),
            ..ServeOptions::default()
        });
        let [proxy, mapped, other] = ["10.0.0.1", "::ffff:10.0.0.1", "192.0.2.1"]
            .map(|address| address.parse::<IpAddr>().unwrap());
        let held: Vec<_> = [proxy, proxy, mapped].map(|ip| door.enter(ip).ok()).into();
        assert!(held.iter().all(Option::is_some));
        let one = door.enter(other);
        assert!(one.is_ok());
        drop(held);
        assert_eq!(door.enter(other).err(), Some(Refusal::TooManyFromOne));
    }
}
