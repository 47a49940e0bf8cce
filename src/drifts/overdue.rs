//! What was not done with a drift in time: a critical one waits for its decision, or an approved one is still there.
//!
//! Each of the two is noted on the drift's record with its alert, so that it is told once. That changes nothing that people
//! see of the drift: its version stays.

use super::records::{self, by_id};
use super::{Decision, Record, Severity, Status};
use crate::alerts::{self, Patience};
use crate::error::{Error, Result};
use crate::ids::DriftId;
use crate::ingest::scan::Kind;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;

/// Whether a drift of this severity and kind has to be looked at now.
pub(super) fn has_to_be_looked_at(severity: Severity, kind: Kind) -> bool {
    severity == Severity::Critical && kind.is_drift()
}

/// Whether such a drift waits for a decision that nobody was reminded of.
pub(super) fn waits(
    status: Status,
    severity: Severity,
    kind: Kind,
    reminded_at: Option<Timestamp>,
) -> bool {
    matches!(status, Status::Detected | Status::Triaged)
        && has_to_be_looked_at(severity, kind)
        && reminded_at.is_none()
}

/// Since when a drift is critical, when it becomes so severe and of this kind now.
pub(super) fn critical_since(
    before: &Record,
    severity: Severity,
    kind: Kind,
    now: Timestamp,
) -> Option<Timestamp> {
    let was = before.is_critical();
    match (was, has_to_be_looked_at(severity, kind)) {
        (_, false) => None,
        // Records made before this was kept don't know it: that stays so.
        (true, true) => before.critical_since,
        (false, true) => Some(now),
    }
}

impl Record {
    /// Whether it is critical, and of a kind that counts as drift.
    pub fn is_critical(&self) -> bool {
        has_to_be_looked_at(self.severity, self.kind)
    }

    /// Since when it is critical and waits for a decision that nobody was reminded of; none where it doesn't.
    pub fn undecided_since(&self) -> Option<Timestamp> {
        let waits = waits(self.status, self.severity, self.kind, self.reminded_at);
        waits.then(|| self.critical_since.unwrap_or(self.first_seen_at))
    }

    /// Whether its approval is so old that it should be reverted by now, and nobody was told that it isn't.
    fn is_unremedied(&self, patience: Patience, now: Timestamp) -> bool {
        let is_late = |approved: &Decision| approved.at.plus_ms(patience.unremedied_ms) <= now;
        self.status == Status::Approved
            && self.kind.is_drift()
            && self.unremedied_at.is_none()
            && self.approved.as_ref().is_some_and(is_late)
    }

    /// Notes that a complete scan shows it, where it should no longer be there.
    pub(super) fn still_there(&mut self, patience: Patience, now: Timestamp) {
        if self.is_unremedied(patience, now) {
            self.unremedied_at = Some(now);
        }
    }
}

/// Reminds of those of these drifts that have waited too long for a decision, and gives their number.
///
/// # Errors
/// What reading says.
pub fn remind(
    read: &impl Reads,
    drifts: &[DriftId],
    patience: Patience,
    now: Timestamp,
) -> Result<(usize, Writes)> {
    let (mut reminded, mut writes) = (0, Writes::new());
    for id in drifts {
        let before = match by_id(read, *id) {
            Ok(drift) => drift,
            Err(Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        // It may have been decided on in between.
        let since = before
            .undecided_since()
            .filter(|since| since.plus_ms(patience.undecided_ms) <= now);
        let Some(since) = since else { continue };
        let after = Record {
            reminded_at: Some(now),
            ..before.clone()
        };
        writes.add(records::replace(&before, &after, now)?);
        writes.add(alerts::on_undecided(&after.sighting(), since, now)?);
        reminded += 1;
    }
    Ok((reminded, writes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::drifts::{ResolvedHow, tests::sample};

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn only_a_critical_drift_that_nobody_decided_on_waits() {
        let now = Timestamp::now();
        let by = Actor::system("test");
        let drift = sample(now);
        assert_eq!(
            drift.undecided_since(),
            Some(now),
            "by when it was first seen"
        );
        let known = Record {
            critical_since: Some(now.plus_ms(5)),
            ..drift.clone()
        };
        assert_eq!(known.undecided_since(), Some(now.plus_ms(5)));
        let triaged = known.triaged(None, now.plus_ms(9)).unwrap();
        assert_eq!(triaged.undecided_since(), Some(now.plus_ms(5)));
        let reminded = Record {
            reminded_at: Some(now),
            ..drift.clone()
        };
        let harmless = Record {
            severity: Severity::Warning,
            ..drift.clone()
        };
        let pending = Record {
            kind: Kind::Pending,
            ..drift.clone()
        };
        let state_only = Record {
            kind: Kind::StateOnly,
            ..drift.clone()
        };
        for other in [
            reminded,
            harmless,
            pending,
            state_only,
            drift.approved(&by, "it was a mistake", now).unwrap(),
            drift.rejected(&by, "it was on purpose", now).unwrap(),
            drift.resolved(ResolvedHow::ManualFix, now).unwrap(),
        ] {
            assert_eq!(other.undecided_since(), None, "{other:?}");
        }
    }

    #[test]
    fn a_drift_is_critical_since_it_became_so() {
        let now = Timestamp::now();
        let critical = Record {
            critical_since: Some(now),
            ..sample(now)
        };
        let later = now.plus_ms(1_000);
        let since = |before: &Record, severity, kind| critical_since(before, severity, kind, later);
        let (gone, changed) = (Kind::Missing, Kind::Modified);
        assert_eq!(since(&critical, Severity::Critical, gone), Some(now));
        assert_eq!(since(&critical, Severity::Warning, changed), None);
        assert_eq!(since(&critical, Severity::Critical, Kind::StateOnly), None);
        let warning = Record {
            severity: Severity::Warning,
            critical_since: None,
            ..critical
        };
        assert_eq!(since(&warning, Severity::Critical, changed), Some(later));
        // One that is on record without it is not made younger.
        assert_eq!(since(&sample(now), Severity::Critical, gone), None);
    }

    #[test]
    fn an_approved_drift_is_told_of_once_when_it_is_still_there() {
        let now = Timestamp::now();
        let patience = Patience::default();
        let by = Actor::system("test");
        let approved = sample(now).approved(&by, "it was a mistake", now).unwrap();
        let after = |drift: &Record, patience, ms| {
            let mut drift = drift.clone();
            drift.still_there(patience, now.plus_ms(ms));
            drift
        };
        let early = after(&approved, patience, DAY_MS - 1);
        assert_eq!(early.unremedied_at, None);
        let late = after(&approved, patience, DAY_MS);
        assert_eq!(late.unremedied_at, Some(now.plus_ms(DAY_MS)));
        assert_eq!(late.version, approved.version);
        assert_eq!(after(&late, patience, 3 * DAY_MS), late);
        let no_drift = Record {
            kind: Kind::StateOnly,
            ..approved.clone()
        };
        for other in [sample(now), no_drift] {
            assert_eq!(after(&other, patience, 3 * DAY_MS), other);
        }
        let hasty = Patience {
            unremedied_ms: 0,
            ..patience
        };
        assert_eq!(after(&approved, hasty, 0).unremedied_at, Some(now));
    }
}
