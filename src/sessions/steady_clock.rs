//! A clock that nobody can set: what ends by it ends when it should, whatever happens to the time of day.

use std::fmt;

use rustix::time::{ClockId, clock_gettime};

use crate::time::Timestamp;

/// Tells the time of day as it was when the clock was made, advanced by what has passed since.
///
/// What has passed is counted by the system's boot clock, which goes on while the machine sleeps and which setting the
/// time of day does not move. So the clock may come to differ from the time of day; it meets it again at the next
/// start.
pub struct SteadyClock {
    /// The time of day when it was made.
    started_at: Timestamp,
    /// The ticks when it was made.
    started_ms: u64,
    ticks_ms: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl SteadyClock {
    /// A clock that starts with the time of day.
    pub fn new() -> Self {
        Self::ticking(Timestamp::now(), since_boot_ms)
    }

    /// A clock that starts with the time of day, or with a time that is known to have been, such as that of the
    /// newest record in the store: so setting the time of day back before a start brings no past back.
    pub fn not_before(known: Timestamp) -> Self {
        Self::ticking(Timestamp::now().max(known), since_boot_ms)
    }

    /// A clock that starts with a time and is advanced by a counter of milliseconds.
    pub fn ticking(
        started_at: Timestamp,
        ticks_ms: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            started_at,
            started_ms: ticks_ms(),
            ticks_ms: Box::new(ticks_ms),
        }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        let passed_ms = (self.ticks_ms)().saturating_sub(self.started_ms);
        self.started_at
            .plus_ms(i64::try_from(passed_ms).unwrap_or(i64::MAX))
    }
}

impl Default for SteadyClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SteadyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SteadyClock({})", self.now())
    }
}

/// Milliseconds since the machine was booted, its sleep included.
fn since_boot_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let ms = time.tv_sec.saturating_mul(1_000) + time.tv_nsec / 1_000_000;
    u64::try_from(ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn it_starts_with_the_time_of_day_and_advances_by_its_ticks() {
        let ticks = Arc::new(AtomicU64::new(5_000));
        let counter = Arc::clone(&ticks);
        let start = Timestamp::from_unix_ms(1_000_000);
        let clock = SteadyClock::ticking(start, move || counter.load(Ordering::Relaxed));
        assert_eq!(clock.now(), start);
        ticks.store(5_250, Ordering::Relaxed);
        assert_eq!(clock.now(), start.plus_ms(250));
        ticks.store(0, Ordering::Relaxed);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn the_boot_clock_goes_forward() {
        let clock = SteadyClock::new();
        let before = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let passed = clock.now().unix_ms() - before.unix_ms();
        assert!((19..5_000).contains(&passed), "{passed}");
    }
}
