//! Rows that wait for their time: few of all, found by since when they wait.

use std::collections::{BTreeSet, HashMap};

/// Some rows by the moment since which they wait, the longest first.
#[derive(Debug, Default)]
pub struct Waiting {
    by_moment: BTreeSet<(i64, u32)>,
    moments: HashMap<u32, i64>,
}

impl Waiting {
    /// Says since when a row waits; none for one that doesn't, or no longer.
    pub fn put(&mut self, number: u32, since_ms: Option<i64>) {
        let before = match since_ms {
            Some(ms) => self.moments.insert(number, ms),
            None => self.moments.remove(&number),
        };
        if before == since_ms {
            return;
        }
        if let Some(before) = before {
            self.by_moment.remove(&(before, number));
        }
        if let Some(ms) = since_ms {
            self.by_moment.insert((ms, number));
        }
    }

    /// The rows that have waited since this moment or longer, the longest first.
    pub fn until(&self, last_ms: i64) -> impl Iterator<Item = u32> {
        self.by_moment
            .range(..=(last_ms, u32::MAX))
            .map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_longest_comes_first_and_who_was_served_is_gone() {
        let mut waiting = Waiting::default();
        for (number, since) in [(0, 50), (1, 10), (2, 30), (3, 10), (4, 99)] {
            waiting.put(number, Some(since));
        }
        let until = |waiting: &Waiting, ms| waiting.until(ms).collect::<Vec<_>>();
        assert_eq!(until(&waiting, 50), [1, 3, 2, 0]);
        assert_eq!(until(&waiting, 49), [1, 3, 2]);
        waiting.put(1, None);
        waiting.put(3, Some(60));
        waiting.put(2, Some(30));
        waiting.put(7, None);
        assert_eq!(until(&waiting, 60), [2, 0, 3]);
        assert!(until(&waiting, 29).is_empty());
    }
}
