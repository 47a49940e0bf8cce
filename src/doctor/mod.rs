//! Looks at everything that an installation needs, and says what to do about what it finds. Changes nothing.
//!
//! What can't be looked at, since the configuration has mistakes, is left out: those are told first.

pub mod bundle;
mod machine;
mod permissions;
mod standing;

use std::fmt;

use serde::Serialize;

use crate::config::{Config, Flags, Values};
use crate::control::Status;
use crate::time::Timestamp;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and may not for long.
    Warning,
    /// It doesn't work, or will not after the next start.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `certificate`.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found and what to do, in one line.
    pub message: String,
}

impl Finding {
    fn new(check: &'static str, level: Level, message: impl fmt::Display) -> Self {
        // A cause that the system tells may have more lines.
        let message = message.to_string().replace('\n', " ");
        Self {
            check,
            level,
            message,
        }
    }

    fn ok(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, Level::Ok, message)
    }

    fn warning(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, Level::Warning, message)
    }

    fn failure(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, Level::Failure, message)
    }
}

/// What was found, in the order in which it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst of the findings.
    pub level: Level,
    /// All of them.
    pub findings: Vec<Finding>,
}

impl Report {
    fn of(findings: Vec<Finding>) -> Self {
        let worst = findings.iter().map(|finding| finding.level).max();
        Self {
            level: worst.unwrap_or(Level::Ok),
            findings,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding {
            check,
            level,
            message,
        } in &self.findings
        {
            let level = match level {
                Level::Ok => "ok",
                Level::Warning => "WARNING",
                Level::Failure => "FAILURE",
            };
            writeln!(f, "{level:<8} {check:<14} {message}")?;
        }
        let count = |level| {
            self.findings
                .iter()
                .filter(|each| each.level == level)
                .count()
        };
        match (count(Level::Failure), count(Level::Warning)) {
            (0, 0) => writeln!(f, "All is well."),
            (failures, warnings) => writeln!(f, "Failures: {failures}, warnings: {warnings}."),
        }
    }
}

/// An installation, looked at once.
#[derive(Debug)]
pub struct Examination {
    /// What was found.
    pub report: Report,
    /// The configuration's values; none where it has mistakes.
    pub values: Option<Values>,
    /// The configuration; none where it has mistakes.
    pub config: Option<Config>,
    /// What the running server, or a stopped one's store, says of itself.
    pub status: Option<Status>,
}

/// Looks at the installation that these flags, the environment and the file describe. `in_use` says why a configuration
/// whose values are all right can't be used.
pub fn examine(
    flags: &Flags,
    in_use: impl Fn(&Config) -> Vec<String>,
    now: Timestamp,
) -> Examination {
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => {
            let lines = error.lines();
            let mistakes = lines
                .into_iter()
                .map(|line| Finding::failure("configuration", line));
            return Examination {
                report: Report::of(mistakes.collect()),
                values: None,
                config: None,
                status: None,
            };
        }
    };
    let mut findings = configuration(&config, &in_use(&config));
    findings.extend(permissions::of_secrets(&config));
    findings.extend(permissions::of_data(&config.data_dir));
    findings.push(machine::space(&config));
    let (found, status) = standing::store(&config);
    findings.push(machine::descriptors(&config, status.as_ref()));
    findings.push(machine::clock(
        now,
        status.as_ref().and_then(|status| status.newest_at),
    ));
    findings.extend(standing::certificate(&config, now));
    findings.extend(found);
    findings.push(standing::backup(&config, now));
    Examination {
        report: Report::of(findings),
        values: Some(config.values.clone()),
        config: Some(config),
        status,
    }
}

fn configuration(config: &Config, wrong: &[String]) -> Vec<Finding> {
    const CHECK: &str = "configuration";
    let mut findings: Vec<Finding> = wrong
        .iter()
        .map(|wrong| Finding::failure(CHECK, wrong))
        .collect();
    for name in config.values.unknown_variables() {
        findings.push(Finding::warning(
            CHECK,
            format_args!("{name} is no setting and is ignored: remove it from the environment, or mend its spelling."),
        ));
    }
    if findings.is_empty() {
        let all = config.values.all();
        let set = all.iter().filter(|value| value.place.is_some()).count();
        findings.push(Finding::ok(
            CHECK,
            format_args!(
                "{set} of {} settings are set, and all are right.",
                all.len()
            ),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_is_the_reports_level() {
        let report = |levels: &[Level]| {
            let finding = |level: &Level| Finding::new("space", *level, "a\nb");
            Report::of(levels.iter().map(finding).collect())
        };
        assert_eq!(report(&[]).level, Level::Ok);
        let mixed = report(&[Level::Warning, Level::Failure, Level::Ok]);
        assert_eq!(mixed.level, Level::Failure);
        let said = mixed.to_string();
        assert_eq!(said.lines().count(), 4, "{said}");
        assert!(said.contains("FAILURE  space          a b\n"), "{said}");
        assert!(said.ends_with("Failures: 1, warnings: 1.\n"), "{said}");
    }
}
