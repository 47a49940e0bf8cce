//! The door: how many connections there may be at once, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::config::serve_options::ServeOptions;
use crate::live::Live;
use crate::server::refusal::{Refusal, refuse};

/// How many refused clients may be told why at once; the rest is closed without a word.
const REFUSALS: usize = 64;

/// Lets in as many connections as there may be, in all and for one address.
pub(crate) struct Door {
    refusals: Arc<Semaphore>,
    /// What is changed while it runs holds from the next connection on.
    options: Live<ServeOptions>,
    inside: Arc<Mutex<Inside>>,
}

/// Who is inside.
#[derive(Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; given back when dropped.
pub(crate) struct Pass {
    /// None for a trusted proxy's, whose connections are many clients' and not counted.
    address: Option<IpAddr>,
    inside: Arc<Mutex<Inside>>,
}

impl Door {
    pub(crate) fn new(options: impl Into<Live<ServeOptions>>) -> Self {
        Self {
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            options: options.into(),
            inside: Arc::default(),
        }
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Pass, Refusal> {
        let options = self.options.get();
        let counted = !options.trusted_proxies.contains(address);
        let address = counted.then(|| address.to_canonical());
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= options.connections {
            return Err(Refusal::Full);
        }
        if let Some(address) = address {
            let held = inside.by_address.entry(address).or_insert(0);
            if *held >= options.connections_per_address {
                return Err(Refusal::TooManyFromOne);
            }
            *held += 1;
        }
        inside.all += 1;
        Ok(Pass {
            address,
            inside: Arc::clone(&self.inside),
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

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(held) = inside.by_address.get_mut(&address) {
            *held -= 1;
            if *held == 0 {
                inside.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let door = Door::new(ServeOptions {
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
        let inside = door.inside.lock().unwrap();
        assert!(inside.all == 0 && inside.by_address.is_empty());
    }

    #[test]
    fn a_limit_that_is_changed_holds_from_the_next_connection_on() {
        let options = Live::from(ServeOptions {
            connections: 1,
            ..ServeOptions::default()
        });
        let door = Door::new(options.clone());
        let address = IpAddr::from([127, 0, 0, 1]);
        let first = door.enter(address);
        assert_eq!(door.enter(address).err(), Some(Refusal::Full));
        options.set(ServeOptions::default());
        let second = door.enter(address);
        assert!(first.is_ok() && second.is_ok());
        options.set(ServeOptions {
            connections: 1,
            ..ServeOptions::default()
        });
        drop(first);
        assert_eq!(door.enter(address).err(), Some(Refusal::Full));
    }

    #[test]
    fn a_trusted_proxy_stands_for_many() {
        let door = Door::new(ServeOptions {
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
