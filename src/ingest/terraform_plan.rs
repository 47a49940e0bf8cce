//! Reads the output of `terraform show -json PLANFILE`, and of `tofu show`.
//!
//! One JSON object of any size, read as a stream: memory holds one resource at a time, what differs, and the
//! secrets to look for. The order of keys does not matter. Source: Terraform "JSON Output Format",
//! `format_version` 0.1 to 1.x, and HCP Terraform's redacted plan (`plan_format_version`).

mod entry;
mod kinds;
mod members;
mod variables;

use std::io::Read;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::ingest::json_stream::{MAX_DEPTH, Window};
use crate::ingest::marks::MarksByText;
use crate::ingest::scan::{AddressKey, Format, Observed, Scan, ScanStatus, address_key};
use crate::ingest::secrets::Secrets;
use crate::ingest::sniff::{WAY_OUT, foreign_key, unsupported};
use crate::ingest::terraform_plan::entry::{Action, Entry, Level, Outline};
use crate::ingest::terraform_plan::variables::Variables;
use crate::ingest::{FingerprintKey, sniff};
use crate::time::Timestamp;

/// Reads a plan from its first brace on.
///
/// # Errors
/// `UnsupportedFormat` where the object is no plan or of an unknown major version; `Invalid`, whose field is a JSON path
/// such as `resource_drift[4]`, where it is broken.
pub(super) fn read<R: Read>(
    window: &mut Window<R>,
    key: &FingerprintKey,
    problems: Vec<String>,
) -> Result<Scan> {
    let mut plan = Plan {
        problems,
        ..Plan::default()
    };
    plan.read(window)?;
    plan.into_scan(key)
}

/// What has been read of a plan.
#[derive(Debug, Default)]
struct Plan {
    /// Whether a format version was read.
    versioned: bool,
    /// Whether a key was met that only plans have.
    is_plan: bool,
    tool_version: Option<String>,
    started_at: Option<Timestamp>,
    errored: bool,
    incomplete: bool,
    /// A normal plan lists every managed resource; a refresh-only one has no list at all.
    lists_changes: bool,
    opentofu: bool,
    /// Managed resources of `prior_state` and of `resource_changes`.
    prior_resources: u64,
    changes_resources: u64,
    /// What `resource_drift` says, moves aside.
    drifts: Vec<Entry>,
    /// What `resource_changes` says, as far as it is to do something.
    changes: Vec<Entry>,
    /// Where it is to do nothing.
    no_ops: Vec<AddressKey>,
    secrets: Secrets,
    marks: MarksByText,
    variables: Variables,
    problems: Vec<String>,
}

/// Which list an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum List {
    Drift,
    Changes,
    Deferred,
}

impl Plan {
    fn read<R: Read>(&mut self, window: &mut Window<R>) -> Result<()> {
        members(window, 0, &mut |window, key| {
            self.member(window, key)?;
            window.at("", None);
            Ok(())
        })?;
        let mut notes = 0u64;
        while window.ahead_after_space(2)?.starts_with(b"::") {
            window.skip_line()?;
            notes += 1;
        }
        if notes > 0 {
            let lines = if notes == 1 {
                "1 line".to_owned()
            } else {
                format!("{notes} lines")
            };
            self.problems.push(format!(
                "{lines} of notes to a CI runner (they begin with `::`) after the JSON were skipped: write only the output of `terraform show -json` to the file."
            ));
        }
        match window.peek()? {
            None => Ok(()),
            Some(b'{' | b'[') => Err(Error::invalid(
                "",
                format!(
                    "There are two documents in one body, the second from byte {} (line {}) on: send each on its own",
                    window.byte(),
                    window.line()
                ),
            )),
            Some(_) => Err(window.wrong("there is text after the end of the plan, remove it")),
        }
    }

    fn member<R: Read>(&mut self, window: &mut Window<R>, key: &str) -> Result<()> {
        match key {
            "format_version" | "plan_format_version" => self.version(window),
            "terraform_version" => {
                self.tool_version = scalar::<String, R>(window)?.filter(|text| is_version(text));
                Ok(())
            }
            "timestamp" => {
                self.started_at = scalar::<String, R>(window)?.and_then(|text| text.parse().ok());
                Ok(())
            }
            "errored" => {
                self.is_plan = true;
                self.errored |= scalar(window)? == Some(true);
                Ok(())
            }
            "complete" => {
                self.is_plan = true;
                self.incomplete |= scalar(window)? == Some(false);
                Ok(())
            }
            "resource_drift" => self.list(window, "resource_drift", List::Drift),
            "resource_changes" => self.list(window, "resource_changes", List::Changes),
            "deferred_changes" => self.list(window, "deferred_changes", List::Deferred),
            "output_changes" => self.outputs(window),
            "prior_state" => {
                window.at("prior_state", None);
                if self.lists_changes {
                    window.skip_value(1)
                } else {
                    self.prior_state(window)
                }
            }
            "variables" => {
                self.is_plan = true;
                window.at("variables", None);
                let json = window.skip_small_value(1, variables::MAX_BYTES)?;
                self.variables.values = json.map(Into::into).unwrap_or_default();
                Ok(())
            }
            "configuration" => {
                self.is_plan = true;
                window.at("configuration", None);
                self.variables.read_configuration(window)
            }
            "planned_values" | "applyable" => {
                self.is_plan = true;
                window.skip_value(1)
            }
            _ => match foreign_key(key) {
                Some(what) if !self.is_plan => Err(unsupported(what)),
                _ => window.skip_value(1),
            },
        }
    }

    fn version<R: Read>(&mut self, window: &mut Window<R>) -> Result<()> {
        let version = scalar::<String, R>(window)?.unwrap_or_default();
        self.versioned = true;
        match version.split('.').next() {
            Some("0" | "1") => Ok(()),
            Some(major) if !major.is_empty() && is_version(&version) => {
                Err(Error::UnsupportedFormat(format!(
                    "This plan is of format_version {version}, and versions 0.x and 1.x are read: upgrade DriftSentry, or make the plan with an older Terraform."
                )))
            }
            _ => Err(Error::invalid(
                "format_version",
                "must be a version such as \"1.2\"",
            )),
        }
    }

    /// Reads one of the lists of changed resources.
    fn list<R: Read>(
        &mut self,
        window: &mut Window<R>,
        name: &'static str,
        list: List,
    ) -> Result<()> {
        self.is_plan = true;
        window.at(name, None);
        if !window.enter(b'[')? {
            return match window.peek()? {
                Some(b'n') => window.skip_value(1),
                _ => Err(window.wrong("a list should stand there")),
            };
        }
        self.lists_changes |= list == List::Changes;
        let mut index = 0;
        while window.next_element(index == 0)? {
            window.at(name, Some(index));
            window.peek()?;
            window.keep();
            let level = if list == List::Deferred {
                Level::Deferred
            } else {
                Level::Resource
            };
            let mut outline = Outline::default();
            outline.read(window, 2, level)?;
            self.entry(window, &outline, list)?;
            window.release();
            index += 1;
        }
        Ok(())
    }

    fn entry<R: Read>(&mut self, window: &Window<R>, outline: &Outline, list: List) -> Result<()> {
        outline.learn(window, &mut self.marks, &mut self.secrets)?;
        self.opentofu |= outline.is_opentofu(window);
        if list == List::Deferred {
            self.incomplete = true;
            return Ok(());
        }
        if !outline.is_managed(window) {
            return Ok(());
        }
        let action = outline.action(window)?;
        let deposed = outline.deposed(window)?;
        if list == List::Drift {
            // An entry without an action is one that only moved.
            if action != Action::NoOp {
                self.drifts.push(Entry::new(
                    window,
                    outline,
                    action,
                    deposed,
                    &mut self.marks,
                )?);
            }
            return Ok(());
        }
        self.changes_resources += u64::from(deposed.is_none());
        match action {
            Action::NoOp | Action::Forget if deposed.is_none() => {
                self.no_ops
                    .push(address_key(&outline.address(window)?, None));
            }
            Action::NoOp | Action::Forget | Action::Read => {}
            _ => self.changes.push(Entry::new(
                window,
                outline,
                action,
                deposed,
                &mut self.marks,
            )?),
        }
        Ok(())
    }

    /// Learns what the root outputs mark as sensitive.
    fn outputs<R: Read>(&mut self, window: &mut Window<R>) -> Result<()> {
        self.is_plan = true;
        window.at("output_changes", None);
        members(window, 1, &mut |window, _| {
            window.peek()?;
            window.keep();
            let mut outline = Outline::default();
            outline.read(window, 2, Level::Change)?;
            outline.learn(window, &mut self.marks, &mut self.secrets)?;
            window.release();
            Ok(())
        })
    }

    /// Counts the managed resources of a refresh-only plan and learns what its state marks as sensitive.
    fn prior_state<R: Read>(&mut self, window: &mut Window<R>) -> Result<()> {
        self.is_plan = true;
        members(window, 1, &mut |window, key| match key {
            "values" => members(window, 2, &mut |window, key| match key {
                "root_module" => self.module(window, 3),
                _ => window.skip_value(3),
            }),
            _ => window.skip_value(2),
        })
    }

    fn module<R: Read>(&mut self, window: &mut Window<R>, depth: u32) -> Result<()> {
        if depth + 2 >= MAX_DEPTH {
            return Err(window.wrong(&format!("it is nested deeper than {MAX_DEPTH} levels")));
        }
        members(window, depth, &mut |window, key| {
            if !matches!(key, "resources" | "child_modules") || !window.enter(b'[')? {
                return window.skip_value(depth + 1);
            }
            let mut first = true;
            while window.next_element(first)? {
                first = false;
                if key == "resources" {
                    self.prior_resource(window, depth + 2)?;
                } else {
                    self.module(window, depth + 2)?;
                }
            }
            Ok(())
        })
    }

    fn prior_resource<R: Read>(&mut self, window: &mut Window<R>, depth: u32) -> Result<()> {
        window.peek()?;
        window.keep();
        let mut outline = Outline::default();
        outline.read(window, depth, Level::Resource)?;
        outline.learn(window, &mut self.marks, &mut self.secrets)?;
        self.opentofu |= outline.is_opentofu(window);
        self.prior_resources +=
            u64::from(outline.is_managed(window) && outline.deposed(window)?.is_none());
        window.release();
        Ok(())
    }

    fn into_scan(mut self, key: &FingerprintKey) -> Result<Scan> {
        if !self.is_plan {
            return Err(sniff::unsupported(if self.versioned {
                "an empty state (`terraform show -json` without a plan file)"
            } else {
                "some other JSON object"
            }));
        }
        if !self.versioned {
            return Err(Error::invalid(
                "format_version",
                format!("is missing: this is no whole plan. {WAY_OUT}"),
            ));
        }
        self.variables.learn(&mut self.secrets)?;
        let status = match (self.errored, self.incomplete) {
            (true, _) => ScanStatus::Failed,
            (false, true) => ScanStatus::Partial,
            (false, false) => ScanStatus::Complete,
        };
        match status {
            ScanStatus::Failed => self.problems.push(
                "The plan ended with an error, so it shows only a part: nothing is resolved by it.".to_owned(),
            ),
            ScanStatus::Partial => self.problems.push(
                "The plan is not complete (it was targeted, or changes were deferred): only what it lists as in sync is resolved by it.".to_owned(),
            ),
            ScanStatus::Complete => {}
        }
        let missing = self
            .drifts
            .iter()
            .filter(|entry| entry.action == Action::Delete)
            .count() as u64;
        let resources = if self.lists_changes {
            self.changes_resources
        } else {
            (self.prior_resources + missing).max(self.drifts.len() as u64)
        };
        let judged = kinds::judge(&mut self, key)?;
        let in_sync = match status {
            ScanStatus::Partial => {
                let drifted: std::collections::HashSet<_> = (judged.findings.iter())
                    .map(|finding| address_key(&finding.address, None))
                    .collect();
                self.no_ops
                    .iter()
                    .filter(|key| !drifted.contains(*key))
                    .copied()
                    .collect()
            }
            _ => std::collections::HashSet::new(),
        };
        Ok(Scan {
            format: Format::TerraformPlan,
            tool: if self.opentofu {
                "opentofu"
            } else {
                "terraform"
            }
            .to_owned(),
            tool_version: self.tool_version,
            status,
            started_at: self.started_at,
            resources,
            redacted: judged.redacted,
            findings: judged.findings,
            observed: Observed {
                live: true,
                pending: self.lists_changes,
                unmanaged: false,
                in_sync,
            },
            problems: self.problems,
        })
    }
}

/// Walks an object's members; `read` must step over each value. What is no object is stepped over.
fn members<R: Read>(
    window: &mut Window<R>,
    depth: u32,
    read: &mut dyn FnMut(&mut Window<R>, &str) -> Result<()>,
) -> Result<()> {
    if !window.enter(b'{')? {
        return window.skip_value(depth);
    }
    let mut first = true;
    loop {
        window.keep();
        let Some(range) = window.next_member(first)? else {
            window.release();
            return Ok(());
        };
        first = false;
        let key: String = serde_json::from_slice(window.slice(&range))
            .map_err(|_| window.wrong("a key is not valid text"))?;
        window.release();
        read(window, &key)?;
    }
}

/// Reads one small value; none where it is of another type.
fn scalar<T: DeserializeOwned, R: Read>(window: &mut Window<R>) -> Result<Option<T>> {
    window.peek()?;
    window.keep();
    window.skip_value(1)?;
    let value = serde_json::from_slice(window.slice(&(0..window.mark()))).ok();
    window.release();
    Ok(value)
}

/// Whether a text can be shown as a version: it comes from the body.
fn is_version(text: &str) -> bool {
    text.len() <= 32
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

#[cfg(test)]
mod tests;
