//! What a plan's entries mean: which side is expected, which is live, and what kind of finding that makes.
//!
//! `resource_drift` goes from the last recorded state to the live one; `resource_changes` goes from the live state
//! to what the configuration asks for. So the live side is `drift.after`, which is `changes.before`.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::error::Result;
use crate::ingest::FingerprintKey;
use crate::ingest::diff::sites;
use crate::ingest::difference::{Sides, differences, marked_strings};
use crate::ingest::marks::Marks;
use crate::ingest::normalise::Node;
use crate::ingest::redact::Redactor;
use crate::ingest::scan::{AddressKey, Finding, Kind, address_key};
use crate::ingest::secrets::Secrets;
use crate::ingest::terraform_plan::Plan;
use crate::ingest::terraform_plan::entry::{Action, Entry};
use crate::ingest::terraform_plan::members::{Apart, Kept, Member, Text, apart};

/// What stands for a value that is not known before the plan is applied.
const UNKNOWN: &str = "(known after apply)";

/// The findings, and how many values were hidden in them.
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) redacted: u64,
}

/// Turns a plan's entries into findings: drift first, then what is pending, each in the plan's order.
pub(super) fn judge(plan: &mut Plan, key: &FingerprintKey) -> Result<Judged> {
    let drifts = std::mem::take(&mut plan.drifts);
    let changes = std::mem::take(&mut plan.changes);
    let by_name: HashMap<_, _> = (changes.iter().enumerate())
        .map(|(i, change)| (change.name(), i))
        .collect();
    let mut judged_with_drift = vec![false; changes.len()];

    // A mark that only one of the two entries has covers the other's values too. All secrets must be known before the
    // first value is kept.
    for drift in &drifts {
        if let Some(change) = by_name.get(&drift.name()).map(|i| &changes[*i])
            && change.marks != drift.marks
        {
            let marks = drift.marks_with(change);
            drift.learn(&marks, &mut plan.secrets)?;
            change.learn(&marks, &mut plan.secrets)?;
        }
    }

    let mut judge = Judge {
        normal: plan.lists_changes,
        no_ops: if plan.errored {
            plan.no_ops.iter().copied().collect()
        } else {
            HashSet::new()
        },
        errored: plan.errored,
        secrets: &mut plan.secrets,
        key,
        judged: Judged {
            findings: Vec::with_capacity(drifts.len() + changes.len()),
            redacted: 0,
        },
    };
    let mut seen = HashSet::new();
    let mut repeated = 0;
    for drift in &drifts {
        if !seen.insert(drift.name()) {
            repeated += 1;
            continue;
        }
        let change = by_name.get(&drift.name()).copied();
        if judge.drift(drift, change.map(|i| &changes[i]))?
            && let Some(i) = change
        {
            judged_with_drift[i] = true;
        }
    }
    let mut seen = HashSet::new();
    for (change, _) in (changes.iter().zip(judged_with_drift)).filter(|(_, judged)| !judged) {
        if !seen.insert(change.name()) {
            repeated += 1;
            continue;
        }
        judge.pending(change)?;
    }
    let judged = judge.judged;
    if repeated > 0 {
        plan.problems.push(format!(
            "{repeated} resources are listed twice: the first listing counts."
        ));
    }
    Ok(judged)
}

struct Judge<'a> {
    /// Whether the plan looked at the configuration.
    normal: bool,
    errored: bool,
    /// Only for a plan that failed: in another, what has no change is a no-op.
    no_ops: HashSet<AddressKey>,
    secrets: &'a mut Secrets,
    key: &'a FingerprintKey,
    judged: Judged,
}

impl Judge<'_> {
    /// Judges a drift; says whether its change is a part of it.
    fn drift(&mut self, drift: &Entry, change: Option<&Entry>) -> Result<bool> {
        let recorded = drift.before()?;
        if drift.action == Action::Delete {
            let Apart { common, rest } =
                recorded.unparsed().map_err(|error| drift.broken(&error))?;
            let sides = [Some(rest), None];
            self.finding(drift, Kind::Missing, &common, sides, &drift.marks)?;
            // The change that makes it anew is the same matter.
            return Ok(true);
        }
        let live = drift.after()?;
        if let Some(change) = change
            && change.action != Action::Delete
        {
            return self.reverted(drift, change, [&recorded, &live]);
        }
        let Apart { common, rest } =
            apart([&recorded, &live], |_| false).map_err(|error| drift.broken(&error))?;
        let kind = match change {
            // The code has let it go, and a commit is about to delete it: still, somebody touched it.
            Some(_) => Kind::Modified,
            None if !self.normal => Kind::Modified,
            // A plan that failed may not have come to this resource's configuration.
            None if self.errored && !self.no_ops.contains(&address_key(&drift.address, None)) => {
                Kind::Modified
            }
            None => Kind::StateOnly,
        };
        self.finding(drift, kind, &common, rest.map(Some), &drift.marks)?;
        Ok(false)
    }

    /// Judges a drift that its change would revert, as far as it does; says whether there is one.
    fn reverted(
        &mut self,
        drift: &Entry,
        change: &Entry,
        [recorded, live]: [&Text<'_>; 2],
    ) -> Result<bool> {
        let planned = change.after()?;
        let Apart { common, rest } = apart([recorded, live, &planned], |key| {
            !change.unknown.member(key).is_clear()
        })
        .map_err(|error| drift.broken(&error))?;
        let [recorded, live, planned] = rest;
        if same(&recorded, &live) {
            return Ok(false);
        }
        let planned = known(planned, &change.unknown, &recorded);
        let expected = settled(planned, &live, &recorded);
        let sides = [Some(expected), Some(live)];
        self.finding(
            drift,
            Kind::Modified,
            &common,
            sides,
            &drift.marks_with(change),
        )?;
        Ok(true)
    }

    fn pending(&mut self, change: &Entry) -> Result<()> {
        let (live, target) = (change.before()?, change.after()?);
        let Apart { common, rest } = apart([&live, &target], |key| {
            !change.unknown.member(key).is_clear()
        })
        .map_err(|error| change.broken(&error))?;
        let [live, target] = rest;
        if live.is_null() || target.is_null() {
            let sides = [Some(target), Some(live)];
            self.finding(change, Kind::Pending, &common, sides, &change.marks)?;
            return Ok(());
        }
        let expected = known(target.clone(), &change.unknown, &live);
        let sides = [Some(expected), Some(live.clone())];
        let shown = self.finding(change, Kind::Pending, &common, sides, &change.marks)?;
        if !shown && !change.unknown.is_clear() {
            // Nothing but values that will be known later: a replacement, say. They are the difference.
            let expected = with_unknown(target, &change.unknown);
            let sides = [Some(expected), Some(live)];
            self.finding(change, Kind::Pending, &common, sides, &change.marks)?;
        }
        Ok(())
    }

    /// Adds a finding unless nothing differs; says whether it did. `sides` are the expected and the actual one without
    /// what they have in common; a null one is an absent one.
    fn finding(
        &mut self,
        entry: &Entry,
        kind: Kind,
        common: &[Member<'_>],
        sides: [Option<Value>; 2],
        marks: &Marks,
    ) -> Result<bool> {
        let [expected, actual] = sides.map(|side| side.filter(|side| !side.is_null()));
        let mut content = Vec::new();
        let mut difference = Vec::new();
        match (&expected, &actual) {
            (Some(expected), Some(actual)) => {
                let (expected, actual) = Node::pair(expected, actual);
                let sites = sites(&expected, &actual);
                if sites.is_empty() {
                    return Ok(false);
                }
                for secret in marked_strings(&sites, marks) {
                    self.secrets.add(secret);
                }
                content = sites.iter().map(|site| site.content()).collect();
                let sides = Sides {
                    expected: &expected,
                    actual: &actual,
                    marks,
                };
                difference = differences(&sites, &sides, &self.redactor());
            }
            (None, Some(actual)) => content.push((Vec::new(), Node::new(actual).digest)),
            (Some(_), None) => {}
            (None, None) => return Ok(false),
        }
        let mut redactor = self.redactor();
        let shared =
            Kept::common(common, marks, &mut redactor).map_err(|error| entry.broken(&error))?;
        let states = [expected, actual];
        redactor.hidden *= states.iter().flatten().count() as u64;
        let states = states.map(|rest| Some(shared.clone().with(rest?, marks, &mut redactor)));
        let hidden = redactor.hidden;
        self.judged.redacted += hidden;
        let facts = Facts([states[1].as_ref(), states[0].as_ref()]);
        let (resource_id, region, account_id) =
            (facts.first(&["id", "arn"]), facts.region(), facts.account());
        let [expected, actual] = states.map(|state| state.map(Kept::into_state));
        self.judged.findings.push(Finding {
            address: entry.address.clone(),
            previous_address: entry.previous_address.clone(),
            deposed: entry.deposed.clone(),
            kind,
            resource_type: entry.resource_type.clone(),
            provider: entry.provider.clone(),
            resource_id: resource_id.unwrap_or_else(|| entry.address.clone()),
            region,
            account_id,
            difference,
            content: self.key.content(content),
            expected,
            actual,
        });
        Ok(true)
    }

    fn redactor(&self) -> Redactor<'_> {
        Redactor {
            secrets: self.secrets,
            key: self.key,
            hidden: 0,
        }
    }
}

/// The planned state, with the recorded value wherever the planned one is not known yet.
fn known(planned: Value, unknown: &Marks, recorded: &Value) -> Value {
    if unknown.is_clear() {
        return planned;
    }
    if unknown.is_all() {
        return recorded.clone();
    }
    match (planned, unknown) {
        (Value::Object(mut members), Marks::Object(marks)) => {
            for (key, marks) in marks {
                let planned = members.remove(key).unwrap_or_default();
                let recorded = recorded.get(key).unwrap_or(&Value::Null);
                members.insert(key.clone(), known(planned, marks, recorded));
            }
            Value::Object(members)
        }
        (Value::Array(items), Marks::List(_)) => Value::Array(
            (items.into_iter().enumerate())
                .map(|(i, item)| {
                    known(
                        item,
                        unknown.element(i),
                        recorded.get(i).unwrap_or(&Value::Null),
                    )
                })
                .collect(),
        ),
        (planned, _) => planned,
    }
}

/// The expected state: what is planned, and where the plan would leave the live value as it is, what was recorded. So an
/// attribute that the configuration doesn't name has drifted too, beside those that an apply would revert.
fn settled(mut planned: Value, live: &Value, recorded: &Value) -> Value {
    match (&mut planned, live, recorded) {
        (Value::Object(members), Value::Object(lives), Value::Object(records)) => {
            for (key, record) in records {
                if !members.contains_key(key) && lives.get(key).is_none_or(Value::is_null) {
                    members.insert(key.clone(), record.clone());
                }
            }
            for (key, member) in members.iter_mut() {
                let live = lives.get(key).unwrap_or(&Value::Null);
                let recorded = records.get(key).unwrap_or(&Value::Null);
                if member != recorded {
                    *member = settled(std::mem::take(member), live, recorded);
                }
            }
            planned
        }
        (planned, live, recorded) if same(planned, live) => recorded.clone(),
        _ => planned,
    }
}

/// Whether nothing differs once the noise is out.
fn same(a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = Node::pair(a, b);
    a.digest == b.digest
}

/// The planned state with a placeholder where it is not known yet.
fn with_unknown(planned: Value, unknown: &Marks) -> Value {
    match (planned, unknown) {
        (_, Marks::All) => UNKNOWN.into(),
        (Value::Object(mut members), Marks::Object(marks)) => {
            for (key, marks) in marks {
                let planned = members.remove(key).unwrap_or_default();
                members.insert(key.clone(), with_unknown(planned, marks));
            }
            Value::Object(members)
        }
        (Value::Array(items), Marks::List(_)) => Value::Array(
            (items.into_iter().enumerate())
                .map(|(i, item)| with_unknown(item, unknown.element(i)))
                .collect(),
        ),
        (planned, _) => planned,
    }
}

/// What the states say of where a resource is, the live one first. They are redacted, so nothing hidden comes out.
struct Facts<'a>([Option<&'a Kept<'a>>; 2]);

impl Facts<'_> {
    fn first(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| {
            (self.0.iter().flatten())
                .filter_map(|state| state.plain(key))
                .find(|text| !text.is_empty() && text.len() <= 2_048)
        })
    }

    /// One part of the ARN: `arn:partition:service:region:account:resource`.
    fn arn(&self, part: usize) -> Option<String> {
        let arn = self.first(&["arn"])?;
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        (parts.len() == 6 && parts[0] == "arn" && !parts[part].is_empty())
            .then(|| parts[part].to_owned())
    }

    fn region(&self) -> Option<String> {
        let of_zone = || {
            let zone = self.first(&["availability_zone"])?;
            let region = zone.trim_end_matches(|end: char| end.is_ascii_lowercase());
            let is_region = zone.len() - region.len() == 1
                && region.ends_with(|end: char| end.is_ascii_digit());
            is_region.then(|| region.to_owned())
        };
        (self.first(&["region"]))
            .or_else(|| self.arn(3))
            .or_else(of_zone)
            .or_else(|| self.first(&["location"]))
    }

    fn account(&self) -> Option<String> {
        (self.arn(4))
            .or_else(|| self.first(&["account_id", "owner_id", "subscription_id", "project"]))
    }
}
