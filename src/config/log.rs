//! `[log]`.

use std::path::PathBuf;

use crate::config::source::Settings;
use crate::config::value;

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
            level: settings
                .take("log.level", level)
                .unwrap_or_else(|| "info".to_owned()),
            format: settings
                .take("log.format", format)
                .unwrap_or(LogFormat::Auto),
            file: settings.take("log.file", value::path),
            keep_days: settings
                .take("log.keep_days", value::whole(1, 3_650))
                .and_then(|days| u32::try_from(days).ok())
                .unwrap_or(14),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self::from(&mut Settings::default())
    }
}

fn level(text: &str) -> Result<String, String> {
    crate::telemetry::logs::filter(text)
        .map(|_| text.to_owned())
        .map_err(|_| {
            format!("must be a level such as info, or info,driftsentry::store=debug, not {text:?}")
        })
}

fn format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err(format!("must be auto, json or pretty, not {text:?}")),
    }
}
