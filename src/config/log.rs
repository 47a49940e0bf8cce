//! `[log]`.

use std::path::PathBuf;

use crate::config::source::Settings;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// JSON lines.
    Json,
    /// For people.
    Pretty,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The level, by module where wanted: `info`, `warn,driftsentry::store=debug`.
    pub level: String,
    /// How lines look on standard error; a file always has JSON lines.
    pub format: LogFormat,
    /// A file that is written too: its name gets the day.
    pub file: Option<PathBuf>,
    /// How many days' files are kept.
    pub keep_days: u32,
}

impl LogConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        Self {
            level: settings.text("log.level", level).unwrap_or_default(),
            format: settings
                .text("log.format", format)
                .unwrap_or(LogFormat::Auto),
            file: settings.path("log.file"),
            keep_days: settings
                .number("log.keep_days")
                .and_then(|days| u32::try_from(days).ok())
                .unwrap_or_default(),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self::from(&mut Settings::default())
    }
}

fn level(text: &str) -> Option<String> {
    let filter = crate::telemetry::logs::filter(text);
    filter.is_ok().then(|| text.to_owned())
}

fn format(text: &str) -> Option<LogFormat> {
    Some(match text {
        "auto" => LogFormat::Auto,
        "json" => LogFormat::Json,
        "pretty" => LogFormat::Pretty,
        _ => return None,
    })
}
