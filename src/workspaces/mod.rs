//! Workspaces: what a tool plans at one time, such as a Terraform root module.

pub mod api;
pub mod silence;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::alerts;
use crate::audit::{self, Action, Draft};
use crate::error::{Error, Result};
use crate::ids::{AlertId, ScanId, WorkspaceId};
use crate::ingest::ScanStatus;
use crate::store::tables::{WORKSPACES, WORKSPACES_BY_NAME};
use crate::store::{Counter, Order, Range, Reads, Writes, keys::Key};
use crate::time::Timestamp;

/// How often a workspace is expected to be scanned: a whole number and a unit, `m`, `h`, `d` or `w`, such as `6h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Every {
    number: u32,
    unit: char,
}

impl Every {
    /// The interval's length in milliseconds.
    pub fn ms(self) -> i64 {
        let unit_ms = match self.unit {
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => 604_800_000,
        };
        i64::from(self.number) * unit_ms
    }
}

impl FromStr for Every {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "must be a whole number from 1 to 9999 and a unit (m, h, d or w), such as 6h";
        let unit = text
            .chars()
            .last()
            .filter(|unit| "mhdw".contains(*unit))
            .ok_or(WRONG)?;
        let digits = &text[..text.len() - 1];
        let number = match digits.parse::<u32>() {
            Ok(number @ 1..=9999) if digits.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err(WRONG),
        };
        Ok(Self { number, unit })
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

impl From<Every> for String {
    fn from(every: Every) -> Self {
        every.to_string()
    }
}

impl TryFrom<String> for Every {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A workspace's newest scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastScan {
    /// Its id.
    pub id: ScanId,
    /// When it was taken in.
    pub at: Timestamp,
    /// How much it proves.
    pub status: ScanStatus,
}

/// A workspace, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name, unique.
    pub name: String,
    /// Such as `production`.
    #[serde(default)]
    pub environment: Option<String>,
    /// Free words by name.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How often it should be scanned.
    #[serde(default)]
    pub expected_every: Option<Every>,
    /// What it is.
    #[serde(default)]
    pub description: Option<String>,
    /// The newest scan.
    #[serde(default)]
    pub last_scan: Option<LastScan>,
    /// The alert of the silence that lasts; none where it isn't silent, or nobody was told yet.
    #[serde(default)]
    pub silent_alert: Option<AlertId>,
    /// The alert of its failing, where its newest scan failed.
    #[serde(default)]
    pub failed_alert: Option<AlertId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed by hand.
    pub updated_at: Timestamp,
}

impl Record {
    /// A workspace that is made now, and of which only its name is known.
    pub fn new(name: &str, now: Timestamp) -> Self {
        Self {
            id: WorkspaceId::new(now),
            name: name.to_owned(),
            environment: None,
            labels: BTreeMap::new(),
            expected_every: None,
            description: None,
            last_scan: None,
            silent_alert: None,
            failed_alert: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it was not scanned within twice the time that is expected: never to be shown as clean.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.silent_after().is_some_and(|end| now > end)
    }

    /// The last moment at which it is not silent yet; none where nothing is expected.
    pub fn silent_after(&self) -> Option<Timestamp> {
        let last = self.last_scan.as_ref();
        let since = last.map_or(self.created_at, |scan| scan.at);
        let every = self.expected_every?;
        Some(since.plus_ms(every.ms().saturating_mul(2)))
    }
}

/// What can be said of a workspace; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// See [`Record`]; `Some(None)` takes it away.
    pub environment: Option<Option<String>>,
    /// All labels at once.
    pub labels: Option<BTreeMap<String, String>>,
    /// See [`Record`].
    pub expected_every: Option<Option<Every>>,
    /// See [`Record`].
    pub description: Option<Option<String>>,
}

impl Details {
    fn apply(&self, record: &mut Record) {
        if let Some(environment) = &self.environment {
            record.environment.clone_from(environment);
        }
        if let Some(labels) = &self.labels {
            record.labels.clone_from(labels);
        }
        if let Some(every) = self.expected_every {
            record.expected_every = every;
        }
        if let Some(description) = &self.description {
            record.description.clone_from(description);
        }
    }
}

/// Checks a workspace's name: 1–128 of `a-z 0-9 . _ - /`, starting and ending with a letter or digit.
///
/// # Errors
/// `Invalid`, on the field `workspace`'s given name.
pub fn check_name(field: &str, name: &str) -> Result<()> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
    let edge = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let bytes = name.as_bytes();
    if bytes.len() <= 128
        && bytes.iter().copied().all(allowed)
        && edge(bytes.first())
        && edge(bytes.last())
    {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        "must be 1 to 128 of a-z 0-9 . _ - /, starting and ending with a letter or digit, such as shop/prod",
    ))
}

/// A workspace by its id.
///
/// # Errors
/// `NotFound`.
pub fn by_id(read: &impl Reads, id: WorkspaceId) -> Result<Record> {
    read.get(&WORKSPACES, &id)?
        .ok_or(Error::NotFound("workspace"))
}

/// A workspace by its name.
///
/// # Errors
/// What reading says.
pub fn by_name(read: &impl Reads, name: &str) -> Result<Option<Record>> {
    match read.get_key(&WORKSPACES_BY_NAME, &name.to_owned())? {
        Some(id) => by_id(read, id).map(Some),
        None => Ok(None),
    }
}

/// Every workspace, by name.
///
/// # Errors
/// What reading says.
pub fn all(read: &impl Reads) -> Result<Vec<Record>> {
    let rows: Vec<(WorkspaceId, Record)> =
        read.rows(&WORKSPACES, &Range::all(), Order::Ascending, usize::MAX)?;
    let mut all: Vec<Record> = rows.into_iter().map(|(_, record)| record).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Where a page of workspaces begins: they go by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// After so many.
    Skip(u64),
    /// After this name.
    After(String),
}

/// So many workspaces whose name passes, by name, and how many pass in all.
///
/// # Errors
/// What reading says.
pub fn page(
    read: &impl Reads,
    passes: &dyn Fn(&str) -> bool,
    from: &Place,
    limit: usize,
) -> Result<(Vec<Record>, u64)> {
    let (mut ids, mut total) = (Vec::new(), 0);
    read.visit(
        WORKSPACES_BY_NAME.table,
        &Range::all(),
        Order::Ascending,
        &mut |key, value| {
            let name = String::from_bytes(key).unwrap_or_default();
            if passes(&name) {
                total += 1;
                let reached = match from {
                    Place::Skip(skip) => total > *skip,
                    Place::After(after) => name > *after,
                };
                if reached && ids.len() < limit {
                    ids.extend(WorkspaceId::from_bytes(value));
                }
            }
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    let records = ids.into_iter().map(|id| by_id(read, id));
    Ok((records.collect::<Result<_>>()?, total))
}

/// How many workspaces there are.
pub fn total() -> Counter {
    Counter::new("workspaces.total")
}

/// What a workspace writes as it stands. A check derives the same.
///
/// # Errors
/// `Internal`, when it can't be encoded.
pub fn standing(record: &Record) -> Result<Writes> {
    let mut writes = Writes::new();
    writes.put(&WORKSPACES, &record.id, record)?;
    writes.point(&WORKSPACES_BY_NAME, &record.name, &record.id);
    writes.count(total(), 1);
    Ok(writes)
}

/// Makes a workspace.
///
/// # Errors
/// `Invalid` for its name; `Conflict` when there is one of that name.
pub fn create(
    read: &impl Reads,
    name: &str,
    details: &Details,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    check_name("name", name)?;
    if let Some(existing) = by_name(read, name)? {
        return Err(Error::Conflict {
            message: format!("There is a workspace named {name} already."),
            details: json!({"existingId": existing.id}),
        });
    }
    let mut record = Record::new(name, now);
    details.apply(&mut record);
    let mut writes = standing(&record)?;
    let draft = Draft {
        new_value: Some(trail_value(&record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::WorkspaceCreated, draft, now);
    Ok((record, writes))
}

/// The workspace of a name, made where it is new.
///
/// # Errors
/// `Invalid` for its name.
pub fn named_or_new(
    read: &impl Reads,
    name: &str,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    check_name("workspace", name)?;
    match by_name(read, name)? {
        Some(record) => Ok((record, Writes::new())),
        None => create(read, name, &Details::default(), by, now),
    }
}

/// Changes what is said of a workspace. A silence that the new expectation allows is over.
///
/// # Errors
/// `NotFound`.
pub fn update(
    read: &impl Reads,
    id: WorkspaceId,
    details: &Details,
    by: &Actor,
    now: Timestamp,
) -> Result<(Record, Writes)> {
    let before = by_id(read, id)?;
    let mut after = before.clone();
    details.apply(&mut after);
    if after == before {
        return Ok((before, Writes::new()));
    }
    after.updated_at = now;
    let mut writes = if after.is_silent(now) {
        Writes::new()
    } else {
        silence::end(read, &mut after, by, now)?
    };
    writes.put(&WORKSPACES, &id, &after)?;
    let draft = Draft {
        old_value: Some(trail_value(&before)),
        new_value: Some(trail_value(&after)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::WorkspaceUpdated, draft, now);
    Ok((after, writes))
}

/// Removes a workspace; the alerts of its silence and its failing are read. What lies in it has to be settled first: see
/// `drifts::decide::close_workspace`.
///
/// # Errors
/// What reading says.
pub fn remove(read: &impl Reads, record: &Record, by: &Actor, now: Timestamp) -> Result<Writes> {
    let mut writes = Writes::new();
    for alert in [record.silent_alert, record.failed_alert]
        .into_iter()
        .flatten()
    {
        writes.add(alerts::read_as_over(read, alert, by, now)?);
    }
    writes.delete(&WORKSPACES, &record.id);
    writes.delete(&WORKSPACES_BY_NAME, &record.name);
    writes.count(total(), -1);
    let draft = Draft {
        old_value: Some(trail_value(record)),
        ..Draft::default()
    };
    audit::record(&mut writes, by, Action::WorkspaceDeleted, draft, now);
    Ok(writes)
}

fn trail_value(record: &Record) -> Value {
    json!({
        "id": record.id,
        "name": record.name,
        "environment": record.environment,
        "labels": record.labels,
        "expectedEvery": record.expected_every,
        "description": record.description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_paths() {
        for good in [
            "a",
            "shop/prod",
            "team.a/app_1-eu/prod",
            "0",
            &"a".repeat(128),
        ] {
            assert!(check_name("name", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a/",
            "/a",
            "A",
            "a b",
            "é",
            "a\0b",
            "a%",
            &"a".repeat(129),
        ] {
            assert!(check_name("name", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn intervals_are_a_number_and_a_unit() {
        for (text, ms) in [
            ("30m", 1_800_000),
            ("6h", 21_600_000),
            ("1d", 86_400_000),
            ("2w", 1_209_600_000),
        ] {
            let every: Every = text.parse().unwrap();
            assert_eq!((every.ms(), every.to_string().as_str()), (ms, text));
        }
        for bad in [
            "", "h", "0h", "1.5h", "+1h", "10000m", "6 h", "6é", "6y", "1d2h",
        ] {
            assert!(bad.parse::<Every>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_workspace_is_silent_after_twice_its_interval() {
        let now = Timestamp::now();
        let mut record = Record {
            expected_every: Some("1h".parse().unwrap()),
            ..Record::new("a", now)
        };
        assert!(!record.is_silent(now.plus_ms(7_200_000)));
        assert!(record.is_silent(now.plus_ms(7_200_001)));
        record.expected_every = None;
        assert!(!record.is_silent(now.plus_ms(7_200_001)));
    }
}
