//! Rows that wait for their time: few of all, found by since when they wait.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use super::saved::{self, Source};

/// Some rows by the moment since which they wait, the longest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    /// Since when a row waits.
    pub fn since(&self, number: u32) -> Option<i64> {
        self.moments.get(&number).copied()
    }

    /// Writes who waits.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        saved::number(to, self.by_moment.len() as u64)?;
        for (ms, number) in &self.by_moment {
            to.write_all(&ms.to_le_bytes())?;
            to.write_all(&number.to_le_bytes())?;
        }
        Ok(())
    }

    /// Reads what [`Waiting::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let mut waiting = Self::default();
        for _ in 0..from.count(12)? {
            let ms = i64::from_le_bytes(from.array()?);
            let number = u32::from_le_bytes(from.array()?);
            waiting.put(number, Some(ms));
        }
        Ok(waiting)
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
        assert_eq!((waiting.since(3), waiting.since(1)), (Some(60), None));
        let mut saved = Vec::new();
        waiting.save(&mut saved).unwrap();
        let length = saved.len() as u64;
        let again = Waiting::restore(&mut Source::new(&mut saved.as_slice(), length));
        assert_eq!(again.unwrap(), waiting);
    }
}
