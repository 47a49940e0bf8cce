//! The lists' index that is saved for the next start: brought up to date as a start does it, it says what the rows say.
//! And the journal that it is brought up to date by.

use std::path::Path;
use std::sync::Arc;

use super::{Check, each};
use crate::error::Result;
use crate::store::tables::{ALERTS, DRIFTS, SCANS};
use crate::store::{Order, Range, Reads, Snapshot, View, check_journal, restore_saved};
use crate::{alerts, drifts, scans};

/// The journal of changed rows.
pub(super) fn journal(read: &Snapshot) -> Result<Check> {
    let mut check = Check::new("journal of changed rows");
    let (rows, problems) = check_journal(read)?;
    check.looked_at = rows;
    for problem in problems {
        check.wrong(problem);
    }
    Ok(check)
}

/// The saved index; none where there is none that a start would use.
pub(super) fn index(dir: &Path, read: &Snapshot) -> Result<Option<Check>> {
    let of_drifts = Arc::new(drifts::index::Index::default());
    let of_alerts = Arc::new(alerts::index::Index::default());
    let of_scans = Arc::new(scans::index::Index::default());
    let views = [
        of_drifts.clone() as Arc<dyn View>,
        of_alerts.clone() as Arc<dyn View>,
        of_scans.clone() as Arc<dyn View>,
    ];
    let mut check = Check::new("saved index");
    match restore_saved(dir, &views, read) {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(None),
        Err(error) => {
            check.wrong(format_args!("it can't be brought up to date: {error}"));
            return Ok(Some(check));
        }
    }
    read.visit(
        DRIFTS.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            check.looked_at += 1;
            // A row that doesn't decode is a problem of its own table.
            if let Ok(Some(lack)) = of_drifts.lacks(value) {
                check.wrong(format_args!("drift {}: {lack}", super::hex(key)));
            }
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    if !of_drifts.counts(check.looked_at) {
        check.wrong("it has drifts that are not there");
    }
    let before = check.looked_at;
    each(
        read,
        &ALERTS,
        &mut check,
        |check, id, alert: alerts::Record| {
            if !of_alerts.holds(&alert) {
                check.wrong(format_args!("alert {id}: is missing or has other values"));
            }
            Ok(())
        },
    )?;
    if of_alerts.total() != check.looked_at - before {
        check.wrong("it has alerts that are not there");
    }
    let before = check.looked_at;
    each(
        read,
        &SCANS,
        &mut check,
        |check, id, scan: scans::Record| {
            if !of_scans.holds(&scan) {
                check.wrong(format_args!("scan {id}: is missing or has other values"));
            }
            Ok(())
        },
    )?;
    if of_scans.total() != check.looked_at - before {
        check.wrong("it has scans that are not there");
    }
    Ok(Some(check))
}
