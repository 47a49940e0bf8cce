//! Holds back who guesses passwords, without ever locking anybody out.
//!
//! Failures are counted for an account from one client, for an account from all clients that are new to it, and for a
//! client with all accounts. Each has some free failures; then every further try has to wait, and ever longer. What is
//! counted is forgotten after fifteen quiet minutes. It lives in memory only: a restart forgets it too.
//!
//! An account is whatever text was typed, so one that does not exist is treated as any other.

mod aged;

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use aged::Aged;

/// How long failures are remembered after the last of them, and the longest wait there is.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long a client counts as known to an account after it signed in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many clients are remembered as known to one account.
const KNOWN_CLIENTS: usize = 8;
/// How many expired entries a try clears away from each map: more than it adds.
const SWEPT: usize = 4;

/// An account from one client.
const PAIR: Rule = Rule {
    free: 5,
    longest: WINDOW,
};
/// An account from all clients that are new to it: many addresses guess no faster than one, and the owner's are spared.
const ACCOUNT: Rule = Rule {
    free: 15,
    longest: Duration::from_secs(60),
};
/// A client with all accounts.
const CLIENT: Rule = Rule {
    free: 50,
    longest: Duration::from_secs(60),
};

/// The most entries of each map, 100,000 together: a known account may hold eight clients.
const MOST_PAIRS: usize = 40_000;
const MOST_ACCOUNTS: usize = 20_000;
const MOST_CLIENTS: usize = 20_000;
const MOST_KNOWN: usize = 20_000 / KNOWN_CLIENTS;

/// Counts failed sign-ins and says who has to wait.
#[derive(Debug)]
pub struct Throttle {
    counts: Arc<Mutex<Counts>>,
}

/// A try that was let in. It counts as failed from the start, so that a burst can't slip through; left alone or
/// dropped, it stays so.
#[derive(Debug)]
#[must_use = "a try counts as failed until it is said to have succeeded or to be withdrawn"]
pub struct Attempt {
    counts: Arc<Mutex<Counts>>,
    account: Account,
    client: Client,
    pair_count: Counted,
    /// None where the client is known to the account.
    account_count: Option<Counted>,
    client_count: Counted,
}

/// The first half of a text's SHA-256: all entries are equally small, however long what was typed.
type Account = [u8; 16];

/// Who asks: an IPv4 address, or the network of an IPv6 one, since whoever has one has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    Unknown,
    V4(u32),
    V6(u64),
}

/// What is free and how long a wait may become.
#[derive(Debug, Clone, Copy)]
struct Rule {
    free: u32,
    longest: Duration,
}

/// The failures of one entry.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// What is needed to take a failure back.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    /// The last failure before it.
    before: Option<Instant>,
}

#[derive(Debug)]
struct Counts {
    pairs: Aged<(Account, Client), Failures>,
    accounts: Aged<Account, Failures>,
    clients: Aged<Client, Failures>,
    /// The clients that signed in to an account, the last one at the end.
    known: Aged<Account, Vec<(Client, Instant)>>,
}

impl Throttle {
    /// With nothing to hold against anybody.
    pub fn new() -> Self {
        Self {
            counts: Arc::new(Mutex::new(Counts {
                pairs: Aged::new(MOST_PAIRS),
                accounts: Aged::new(MOST_ACCOUNTS),
                clients: Aged::new(MOST_CLIENTS),
                known: Aged::new(MOST_KNOWN),
            })),
        }
    }

    /// Lets a try in and counts it as failed, or says how many seconds it has to wait: 1 to 900. A try that was not
    /// let in changes nothing.
    ///
    /// `account` is the address as it was typed, lower-case.
    ///
    /// # Errors
    /// The seconds to wait, for `Error::Throttled`.
    pub fn admit(
        &self,
        account: &str,
        client: Option<IpAddr>,
        now: Instant,
    ) -> Result<Attempt, u64> {
        let account = account_of(account);
        let client = Client::of(client);
        let mut counts = lock(&self.counts);
        let is_known = counts.is_known(account, client, now);
        let wait = [
            wait(&counts.pairs, &(account, client), PAIR, now),
            if is_known {
                Duration::ZERO
            } else {
                wait(&counts.accounts, &account, ACCOUNT, now)
            },
            wait(&counts.clients, &client, CLIENT, now),
        ]
        .into_iter()
        .max()
        .unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        }
        counts.sweep(now);
        Ok(Attempt {
            counts: Arc::clone(&self.counts),
            account,
            client,
            pair_count: count(&mut counts.pairs, (account, client), now),
            account_count: (!is_known).then(|| count(&mut counts.accounts, account, now)),
            client_count: count(&mut counts.clients, client, now),
        })
    }

    /// How many entries are remembered: at most 100,000.
    pub fn entries(&self) -> usize {
        let counts = lock(&self.counts);
        let failures = counts.pairs.len() + counts.accounts.len() + counts.clients.len();
        failures + counts.known.len() * KNOWN_CLIENTS
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Attempt {
    /// It was the right password: what this client failed with this account is forgotten, the try itself is taken
    /// back everywhere, and the client is known to the account from now on.
    pub fn succeeded(self, now: Instant) {
        let mut counts = lock(&self.counts);
        counts.pairs.remove(&(self.account, self.client));
        self.refund_shared(&mut counts);
        counts.learn(self.account, self.client, now);
    }

    /// It was the wrong one. The same as dropping it, said aloud.
    pub fn failed(self) {}

    /// It was never decided, as when the server is too busy: taken back everywhere.
    pub fn withdrawn(self) {
        let mut counts = lock(&self.counts);
        refund(
            &mut counts.pairs,
            &(self.account, self.client),
            self.pair_count,
        );
        self.refund_shared(&mut counts);
    }

    fn refund_shared(&self, counts: &mut Counts) {
        if let Some(counted) = self.account_count {
            refund(&mut counts.accounts, &self.account, counted);
        }
        refund(&mut counts.clients, &self.client, self.client_count);
    }
}

impl Client {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            // The upper half is the network: nothing is lost by the conversion.
            Some(IpAddr::V6(address)) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl Counts {
    fn is_known(&self, account: Account, client: Client, now: Instant) -> bool {
        self.known.get(&account).is_some_and(|clients| {
            clients.iter().any(|(known, at)| {
                *known == client && now.saturating_duration_since(*at) < KNOWN_FOR
            })
        })
    }

    fn learn(&mut self, account: Account, client: Client, now: Instant) {
        let mut clients = self.known.remove(&account).unwrap_or_default();
        clients.retain(|(known, at)| {
            *known != client && now.saturating_duration_since(*at) < KNOWN_FOR
        });
        if clients.len() >= KNOWN_CLIENTS {
            clients.remove(0);
        }
        clients.push((client, now));
        self.known.put(account, clients);
    }

    /// Clears away some of what has expired.
    fn sweep(&mut self, now: Instant) {
        let expired = |failures: &Failures| failures.are_forgotten(now);
        for _ in 0..SWEPT {
            self.pairs.remove_oldest_if(expired);
            self.accounts.remove_oldest_if(expired);
            self.clients.remove_oldest_if(expired);
        }
    }
}

impl Failures {
    fn are_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= WINDOW
    }

    /// How long the next try has to wait, counted from the last failure.
    fn delay(&self, rule: Rule) -> Duration {
        match self.count.checked_sub(rule.free) {
            None => Duration::ZERO,
            // Past ten doublings each rule is at its longest.
            Some(more) => Duration::from_secs(1 << more.min(10)).min(rule.longest),
        }
    }
}

fn account_of(text: &str) -> Account {
    let hash: [u8; 32] = Sha256::digest(text).into();
    std::array::from_fn(|i| hash[i])
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much of an entry's delay is left.
fn wait<K: Copy + Eq + Hash>(
    map: &Aged<K, Failures>,
    key: &K,
    rule: Rule,
    now: Instant,
) -> Duration {
    match map.get(key) {
        Some(failures) if !failures.are_forgotten(now) => failures
            .delay(rule)
            .saturating_sub(now.saturating_duration_since(failures.last)),
        _ => Duration::ZERO,
    }
}

/// Counts one more failure.
fn count<K: Copy + Eq + Hash>(map: &mut Aged<K, Failures>, key: K, now: Instant) -> Counted {
    let before = map
        .get(&key)
        .filter(|failures| !failures.are_forgotten(now))
        .copied();
    let count = before.map_or(0, |failures| failures.count);
    map.put(
        key,
        Failures {
            count: count.saturating_add(1),
            last: now,
        },
    );
    Counted {
        at: now,
        before: before.map(|failures| failures.last),
    }
}

/// Takes one failure back; the wait counts from the one before it again, unless others came since.
fn refund<K: Copy + Eq + Hash>(map: &mut Aged<K, Failures>, key: &K, counted: Counted) {
    let Some(failures) = map.get_mut(key) else {
        return;
    };
    failures.count = failures.count.saturating_sub(1);
    if failures.count == 0 {
        map.remove(key);
    } else if let Some(before) = counted.before
        && failures.last == counted.at
    {
        failures.last = before;
    }
}

#[cfg(test)]
mod tests;
