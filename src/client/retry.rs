//! Trying again what may succeed in a moment.

use std::time::Duration;

use super::CallError;

/// Pauses between tries, growing, with a little chance in each so that many clients don't come back at once.
#[derive(Debug)]
pub struct Retry {
    pauses: std::slice::Iter<'static, u64>,
}

/// Milliseconds before the second, third, … try.
const PAUSES_MS: [u64; 5] = [500, 1_000, 2_000, 4_000, 8_000];

/// The longest wait that a server can ask for, in seconds.
const LONGEST_S: u64 = 60;

impl Retry {
    /// Up to six tries.
    pub fn new() -> Self {
        Self {
            pauses: PAUSES_MS.iter(),
        }
    }

    /// How long to wait before the next try; none where another one is not worth it.
    pub fn pause(&mut self, error: &CallError) -> Option<Duration> {
        if !error.is_passing() {
            return None;
        }
        let pause_ms = *self.pauses.next()?;
        let mut chance = [0; 1];
        // Without randomness the pause is just a little longer.
        let _ = getrandom::fill(&mut chance);
        let own = Duration::from_millis(pause_ms + pause_ms * u64::from(chance[0]) / 512);
        let asked = match error {
            CallError::Refused {
                retry_after_s: Some(seconds),
                ..
            } => Duration::from_secs((*seconds).min(LONGEST_S)),
            _ => Duration::ZERO,
        };
        Some(own.max(asked))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after_s: Option<u64>) -> CallError {
        CallError::Refused {
            status,
            message: String::new(),
            trace_id: String::new(),
            retry_after_s,
        }
    }

    #[test]
    fn only_what_passes_is_tried_again_and_not_for_ever() {
        let mut retry = Retry::new();
        assert!(retry.pause(&refused(400, None)).is_none());
        assert!(retry.pause(&refused(422, None)).is_none());
        let pauses: Vec<_> = std::iter::from_fn(|| retry.pause(&refused(503, None))).collect();
        assert_eq!(pauses.len(), PAUSES_MS.len());
        assert!(pauses.is_sorted());
    }

    #[test]
    fn a_server_says_when_to_come_back() {
        assert!(Retry::new().pause(&refused(429, Some(7))).unwrap() >= Duration::from_secs(7));
        assert!(
            Retry::new().pause(&refused(503, Some(86_400))).unwrap()
                <= Duration::from_secs(LONGEST_S)
        );
    }
}
