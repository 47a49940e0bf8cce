//! Ids: newtypes over UUID version 7, minted so that id order is creation order.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// The newest id's time and counter: 48 bits of milliseconds and 42 bits that count within one, so that
/// ids ascend whatever the clock does.
static NEWEST: Mutex<(u64, u64)> = Mutex::new((0, 0));

/// The bits of an id that count within one millisecond: 12 of `rand_a`, 30 of `rand_b`.
const COUNTER_BITS: u32 = 42;

/// A new id that is greater than each one minted or observed before it in this process.
fn mint(now: Timestamp) -> Uuid {
    let mut random = [0; 8];
    // An id needs to be unique, not secret: where the system has no randomness to give, the counter still is.
    let _ = getrandom::fill(&mut random);
    let random = u64::from_be_bytes(random);
    let clock_ms = u64::try_from(now.unix_ms()).unwrap_or(0) & 0xffff_ffff_ffff;

    let mut newest = NEWEST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (ms, counter) = if clock_ms > newest.0 {
        // The upper half of the counter starts at zero: room for two trillion ids a millisecond.
        (clock_ms, random & ((1 << (COUNTER_BITS - 1)) - 1))
    } else if newest.1 + 1 < 1 << COUNTER_BITS {
        (newest.0, newest.1 + 1)
    } else {
        (newest.0 + 1, 0)
    };
    *newest = (ms, counter);
    drop(newest);

    let high = ms << 16 | 0x7000 | counter >> 30;
    let low = 0b10 << 62 | (counter & 0x3fff_ffff) << 32 | random >> 32;
    Uuid::from_u64_pair(high, low)
}

/// Makes later ids greater than this one. The store calls it with the newest id it holds, so that order
/// survives a restart after the clock was set back.
pub fn observe(id: Uuid) {
    let (high, low) = id.as_u64_pair();
    let ms = high >> 16;
    let counter = (high & 0xfff) << 30 | (low >> 32 & 0x3fff_ffff);
    let mut newest = NEWEST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    *newest = (*newest).max((ms, counter));
}

/// Declares one kind of id.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, greater than every earlier one.
            pub fn new(now: Timestamp) -> Self {
                Self(mint(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // Only the one spelling that is printed: `Uuid` itself would read braces and URNs too.
                match Uuid::try_parse(text) {
                    Ok(id) if text.len() == 36 => Ok(Self(id)),
                    _ => Err("must be a UUID such as 01990000-0000-7000-8000-000000000000"),
                }
            }
        }
    };
}

id!(
    /// A drift.
    DriftId
);
id!(
    /// A scan.
    ScanId
);
id!(
    /// A workspace.
    WorkspaceId
);
id!(
    /// An alert.
    AlertId
);
id!(
    /// An entry of a drift's timeline.
    EntryId
);
id!(
    /// An entry of the audit log.
    AuditId
);
id!(
    /// A person's account, or the machine's own operator.
    UserId
);
id!(
    /// A sign-in and everything renewed from it.
    SessionId
);
id!(
    /// A machine's credential.
    KeyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_even_when_the_clock_steps_back() {
        let now = Timestamp::now();
        let mut last = DriftId::new(now);
        for step in 0..10_000 {
            let next = DriftId::new(now.plus_ms(if step % 3 == 0 { -3_600_000 } else { step }));
            assert!(next > last, "{next} after {last}");
            assert_eq!(next.0.get_version_num(), 7);
            assert_eq!(next.0.get_variant(), uuid::Variant::RFC4122);
            last = next;
        }
    }

    #[test]
    fn an_observed_id_is_outrun() {
        let far = DriftId::new(Timestamp::now().plus_ms(10_000));
        observe(far.0);
        assert!(DriftId::new(Timestamp::now()) > far);
    }

    #[test]
    fn only_the_printed_spelling_is_read() {
        let id = DriftId::new(Timestamp::now());
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [
            "",
            "x",
            &id.0.simple().to_string(),
            &id.0.braced().to_string(),
            &id.0.urn().to_string(),
        ] {
            assert!(wrong.parse::<DriftId>().is_err(), "{wrong}");
        }
    }
}
