//! Which backups are kept, by when they were taken.

use std::collections::BTreeSet;

use crate::time::Timestamp;

/// How many backups are kept: the newest of each of the last hours, days and weeks that have one. None at all of the three
/// keeps every backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Of so many hours.
    pub hourly: u32,
    /// Of so many days, in UTC.
    pub daily: u32,
    /// Of so many weeks.
    pub weekly: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hourly: 24,
            daily: 14,
            weekly: 8,
        }
    }
}

impl Policy {
    /// Which of these moments need not be kept; the newest always is.
    pub(super) fn superseded(self, taken: &BTreeSet<Timestamp>) -> BTreeSet<Timestamp> {
        if self.hourly == 0 && self.daily == 0 && self.weekly == 0 {
            return BTreeSet::new();
        }
        const HOUR_MS: i64 = 3_600_000;
        let mut kept: BTreeSet<Timestamp> = taken.last().copied().into_iter().collect();
        let spans = [
            (self.hourly, HOUR_MS, 0),
            (self.daily, 24 * HOUR_MS, 0),
            // Weeks begin on Mondays; the first day of the count was a Thursday.
            (self.weekly, 7 * 24 * HOUR_MS, 3 * 24 * HOUR_MS),
        ];
        for (count, span, offset) in spans {
            let mut last = None;
            let mut left = count;
            for moment in taken.iter().rev() {
                let of = (moment.unix_ms() + offset).div_euclid(span);
                if last == Some(of) {
                    continue;
                }
                if left == 0 {
                    break;
                }
                left -= 1;
                last = Some(of);
                kept.insert(*moment);
            }
        }
        taken.difference(&kept).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments that a policy keeps of these hours.
    fn kept(policy: Policy, hours: impl Iterator<Item = i64>) -> Vec<i64> {
        let taken: BTreeSet<Timestamp> = hours
            .map(|hour| Timestamp::from_unix_ms(hour * 3_600_000))
            .collect();
        let superseded = policy.superseded(&taken);
        taken
            .difference(&superseded)
            .map(|moment| moment.unix_ms() / 3_600_000)
            .collect()
    }

    #[test]
    fn a_policy_keeps_the_newest_of_each_span() {
        let policy = Policy {
            hourly: 3,
            daily: 2,
            weekly: 3,
        };
        // Each hour of 30 days; day 0 was a Thursday.
        let last = 30 * 24 - 1;
        let kept = kept(policy, 0..=last);
        let days = [29 * 24 - 1, last];
        let hours = [last - 2, last - 1, last];
        // Sundays' last hours: days 17 and 24 are Sundays.
        let weeks = [18 * 24 - 1, 25 * 24 - 1, last];
        let expected: BTreeSet<i64> = [&days[..], &hours, &weeks].concat().into_iter().collect();
        assert_eq!(kept, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_policy_never_removes_the_newest_and_counts_only_spans_that_have_one() {
        let policy = |hourly, daily, weekly| Policy {
            hourly,
            daily,
            weekly,
        };
        assert_eq!(kept(policy(0, 0, 1), [5, 6, 7].into_iter()), [7]);
        assert_eq!(kept(policy(0, 0, 0), [5, 6, 7].into_iter()), [5, 6, 7]);
        assert_eq!(
            kept(policy(2, 0, 0), [1, 500, 9_000].into_iter()),
            [500, 9_000]
        );
        assert!(kept(policy(9, 9, 9), std::iter::empty()).is_empty());
    }
}
