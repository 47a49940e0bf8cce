//! Counters against a recount.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{Check, hex};
use crate::drifts::records::counters as of_drifts;
use crate::error::Result;
use crate::store::keys::Key;
use crate::store::{Counter, Order, Range, Reads, Snapshot, Writes, tables::COUNTERS};
use crate::time::Day;

/// What the rows count to. As many sums as there are counters.
#[derive(Debug, Default)]
pub(super) struct Recount(HashMap<Vec<u8>, i64>);

impl Recount {
    /// Counts what one row stands for.
    pub(super) fn add(&mut self, derived: &Writes) {
        for (counter, delta) in derived.counts() {
            match self.0.get_mut(counter.key()) {
                Some(sum) => *sum += delta,
                None => {
                    self.0.insert(counter.key().to_vec(), delta);
                }
            }
        }
    }
}

/// Compares every counter with the recount, both ways.
///
/// By how much the cost moved on a day can't be recounted: a record has the cost it has now, not the ones it had. But all
/// moves together come to what the cost is now.
pub(super) fn counters(read: &Snapshot, recount: Recount) -> Result<Check> {
    let mut check = Check::new("counters against a recount");
    let Recount(mut expected) = recount;
    expected.retain(|_, sum| *sum != 0);
    let histories = [
        (of_drifts::open_cost_moves(), of_drifts::open_cost()),
        (of_drifts::approved_cost_moves(), of_drifts::approved_cost()),
    ];
    let mut moved = [0_i64; 2];
    read.visit(
        COUNTERS.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            check.looked_at += 1;
            let Ok(stored) = value.try_into().map(i64::from_be_bytes) else {
                check.wrong(format_args!("{}: is no number", name_of(key)));
                return Ok(ControlFlow::Continue(()));
            };
            let history = histories
                .iter()
                .position(|(moves, _)| key.starts_with(moves.key()));
            if let Some(at) = history {
                moved[at] += stored;
                return Ok(ControlFlow::Continue(()));
            }
            let counted = expected.remove(key).unwrap_or(0);
            if stored != counted {
                check.wrong(format_args!(
                    "{}: stands at {stored}, a recount gives {counted}",
                    name_of(key)
                ));
            } else if stored == 0 {
                check.wrong(format_args!(
                    "{}: stands at 0, which is not written",
                    name_of(key)
                ));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let mut missing: Vec<(Vec<u8>, i64)> = expected.into_iter().collect();
    missing.sort();
    for (key, counted) in missing {
        check.wrong(format_args!(
            "{}: is missing, a recount gives {counted}",
            name_of(&key)
        ));
    }
    for ((moves, now), moved) in histories.into_iter().zip(moved) {
        compare_moves(read, &mut check, &moves, &now, moved)?;
    }
    Ok(check)
}

fn compare_moves(
    read: &Snapshot,
    check: &mut Check,
    moves: &Counter,
    now: &Counter,
    moved: i64,
) -> Result<()> {
    // A counter that is no number was told above.
    let stands = read.counter(now).unwrap_or(moved);
    if stands != moved {
        check.wrong(format_args!(
            "{}: all days together moved by {moved}, but {} stands at {stands}",
            name_of(moves.key()),
            name_of(now.key())
        ));
    }
    Ok(())
}

/// A counter's key for people: its name and its dimensions.
fn name_of(key: &[u8]) -> String {
    let mut rest = key;
    let Some(mut name) = String::decode(&mut rest) else {
        return hex(key);
    };
    // A day is eight bytes, an id sixteen with the version in its place; all else is a word.
    while !rest.is_empty() {
        let part = if let Some(day) = Day::from_bytes(rest) {
            rest = &[];
            day.to_string()
        } else if let Some((id, after)) = rest
            .split_first_chunk::<16>()
            .filter(|(id, _)| id[6] >> 4 == 7)
        {
            rest = after;
            uuid::Uuid::from_bytes(*id).to_string()
        } else if let Some(word) = String::decode(&mut rest) {
            word
        } else {
            let text = hex(rest);
            rest = &[];
            text
        };
        name.push(' ');
        name.push_str(&part);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WorkspaceId;
    use crate::time::Timestamp;

    #[test]
    fn a_counter_is_named_with_its_dimensions() {
        let id = WorkspaceId::new(Timestamp::now());
        for (counter, name) in [
            (of_drifts::total(), "drifts.total".to_owned()),
            (of_drifts::status("open"), "drifts.status open".to_owned()),
            (
                of_drifts::of_workspace(id, "info"),
                format!("drifts.open_in {id} info"),
            ),
            (
                of_drifts::on(of_drifts::decided(), Day(0)),
                "drifts.decided 1970-01-01".to_owned(),
            ),
        ] {
            assert_eq!(name_of(counter.key()), name);
        }
    }
}
