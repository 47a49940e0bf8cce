//! Whether the server can do its work: its phase, and the checks that its parts registered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use crate::telemetry::figures::about;
use crate::telemetry::lifecycle::{Lifecycle, Phase};
use crate::telemetry::metrics::Metrics;

/// Says whether a part works, or in a few words why it doesn't. Called at each scrape: it must be quick.
pub type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;
/// A fact for `/health/detailed`. Called at each scrape.
pub type Fact = Box<dyn Fn() -> serde_json::Value + Send + Sync>;

/// What a check that passes says.
const PASSED: &str = "ok";

/// The checks behind `/health/ready` and the facts behind `/health/detailed`.
pub struct Health {
    lifecycle: Lifecycle,
    started: Instant,
    checks: RwLock<Vec<(&'static str, Check)>>,
    facts: RwLock<Vec<(&'static str, Fact)>>,
}

/// What all checks said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether every one of them passed.
    pub ready: bool,
    /// `ok`, or why not, by the check's name.
    pub checks: BTreeMap<String, String>,
}

impl Health {
    /// Health with one check, `server`: that the phase is [`Phase::Ready`].
    pub fn new(lifecycle: Lifecycle) -> Self {
        Self {
            lifecycle,
            started: Instant::now(),
            checks: RwLock::default(),
            facts: RwLock::default(),
        }
    }

    /// Shows under `/metrics` what the checks say.
    pub fn register(self: &Arc<Self>, metrics: &Metrics) {
        let health = Arc::clone(self);
        metrics.at_each_scrape("health", move |figures| {
            let readiness = health.readiness();
            figures.gauge(
                about(
                    "ready",
                    "1 where /health/ready answers 200, 0 where it answers 503",
                ),
                u64::from(readiness.ready),
            )?;
            figures.gauges(
                about(
                    "health_check",
                    "1 for each check of /health/ready that passes, 0 for one that fails",
                ),
                readiness
                    .checks
                    .iter()
                    .map(|(check, said)| ([("check", &**check)], u64::from(said == PASSED))),
            )
        });
    }

    /// Adds a check to `/health/ready`, such as `database`.
    pub fn check(
        &self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        let mut checks = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        checks.push((name, Box::new(check)));
    }

    /// Adds a fact to `/health/detailed`, such as `databaseBytes`.
    pub fn fact(
        &self,
        name: &'static str,
        fact: impl Fn() -> serde_json::Value + Send + Sync + 'static,
    ) {
        let mut facts = self.facts.write().unwrap_or_else(PoisonError::into_inner);
        facts.push((name, Box::new(fact)));
    }

    /// Runs all checks.
    pub fn readiness(&self) -> Readiness {
        let phase = match self.lifecycle.phase() {
            Phase::Ready => Ok(()),
            Phase::Starting => Err("starting".to_owned()),
            Phase::Draining | Phase::Closing | Phase::Stopped => Err("draining".to_owned()),
        };
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        let results = checks.iter().map(|(name, check)| (*name, check()));
        let results: Vec<_> = std::iter::once(("server", phase)).chain(results).collect();
        Readiness {
            ready: results.iter().all(|(_, result)| result.is_ok()),
            checks: results
                .into_iter()
                .map(|(name, result)| (name.to_owned(), result.err().unwrap_or(PASSED.to_owned())))
                .collect(),
        }
    }

    /// Asks for all facts.
    pub fn facts(&self) -> BTreeMap<String, serde_json::Value> {
        let facts = self.facts.read().unwrap_or_else(PoisonError::into_inner);
        let facts = facts
            .iter()
            .map(|(name, fact)| ((*name).to_owned(), fact()));
        facts.collect()
    }

    /// Whole seconds since the program started.
    pub fn uptime_s(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_every_check_passes() {
        let life = Lifecycle::new();
        let health = Health::new(life.clone());
        assert_eq!(health.readiness().checks["server"], "starting");
        life.set(Phase::Ready);
        assert!(health.readiness().ready);
        health.check("database", || Err("the disk is full".to_owned()));
        let told = health.readiness();
        assert!(!told.ready);
        assert_eq!(told.checks["database"], "the disk is full");
        life.set(Phase::Draining);
        assert_eq!(health.readiness().checks["server"], "draining");
    }
}
