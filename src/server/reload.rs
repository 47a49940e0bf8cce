//! SIGHUP: reads the configuration anew, applies what can be applied, and says what changed and what needs a restart.
//!
//! A configuration with a mistake changes nothing.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::alerts::Patience;
use crate::config::table::Reload;
use crate::config::{Config, ConfigError, Flags, ScrapeToken, ServeOptions, Value};
use crate::events::audience::Audience;
use crate::live::Live;
use crate::retention::Policy;
use crate::server::{App, Data, Serving, Supervisor};
use crate::telemetry::logs::Level;

/// The settings that are replaced while the server runs.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// What every client is held to.
    pub options: Live<ServeOptions>,
    /// The largest scan, in bytes.
    pub scan_bytes: Live<u64>,
    /// What opens `/metrics` to other machines.
    pub scrape_token: Live<Option<ScrapeToken>>,
    patience: Live<Patience>,
    retention: Live<Policy>,
    audience: Arc<Audience>,
    level: Level,
}

impl Reloaded {
    /// As they are at the start.
    pub fn new(config: &Config, app: &App, serving: &Serving, data: &Data, level: Level) -> Self {
        Self {
            options: serving.options.clone(),
            scan_bytes: config.limits.scan_bytes.into(),
            scrape_token: serving.scrape_token.clone(),
            patience: data.patience.clone(),
            retention: data.retention.clone(),
            audience: Arc::clone(&app.audience),
            level,
        }
    }

    /// Takes over all that can be.
    fn apply(&self, config: &Config) {
        self.options.set(config.serve_options());
        self.scan_bytes.set(config.limits.scan_bytes);
        self.scrape_token.set(config.scrape_token.clone());
        self.patience.set(config.alerts.patience);
        self.retention.set(config.retention.policy);
        self.audience.limit(config.limits.streams);
        if let Err(error) = self.level.set(&config.log.level) {
            tracing::error!(%error, "The log level can't be changed");
        }
    }
}

/// Reads the configuration anew at each SIGHUP from now on, and tells the supervisor.
///
/// # Errors
/// When the system takes no signal handler.
pub fn follow(
    flags: Flags,
    mut config: Config,
    reloaded: Reloaded,
    supervisor: Supervisor,
) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let _reloading = supervisor.reloading();
            let flags = flags.clone();
            // Files may be on a slow disk: not on a thread that serves.
            let read = tokio::task::spawn_blocking(move || Config::load(&flags)).await;
            match read {
                Ok(Ok(new)) => {
                    // Told at the old level and at the new one: whoever asked sees it.
                    reloaded.apply(&new);
                    tell(&config, &new);
                    config = taken_over(&config, new);
                }
                Ok(Err(error)) => refuse(&error),
                Err(error) => tracing::error!(%error, "Reading the configuration panicked"),
            }
        }
    });
    Ok(())
}

/// Says every mistake.
fn refuse(error: &ConfigError) {
    let lines = error.lines();
    for mistake in &lines {
        tracing::error!(%mistake, "The configuration has a mistake");
    }
    tracing::error!(
        mistakes = lines.len(),
        "The configuration was not reloaded: everything stays as it was"
    );
}

/// Says what changed.
fn tell(before: &Config, now: &Config) {
    let (mut applied, mut waiting) = (0, 0);
    for (value, old) in now.values.changes(&before.values) {
        let [from, to] = [old, value].map(Value::shown);
        let (from, to) = (from.as_deref(), to.as_deref());
        let (setting, origin) = (value.setting.key, value.origin());
        match value.setting.reload {
            Reload::Live => {
                applied += 1;
                tracing::info!(setting, from, to, origin, "A setting was changed");
            }
            Reload::Restart => {
                waiting += 1;
                tracing::warn!(
                    setting,
                    from,
                    to,
                    origin,
                    "A changed setting needs a restart"
                );
            }
        }
    }
    if applied == 0 && before.scrape_token != now.scrape_token {
        applied += 1;
        tracing::info!(
            setting = "metrics.token",
            from = "(hidden)",
            to = "(hidden)",
            origin = "metrics.token_file",
            "A setting was changed"
        );
    }
    tracing::info!(
        changed = applied,
        restart_needed = waiting,
        "The configuration was reloaded"
    );
}

/// What holds from now on: settings that need a restart are told again at the next reload.
fn taken_over(before: &Config, now: Config) -> Config {
    Config {
        values: now.values.with_pending(&before.values),
        ..now
    }
}
