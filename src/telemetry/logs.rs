//! Logs: lines for people on a terminal, JSON elsewhere; to standard error, and to a daily file where one is
//! configured.
//!
//! Standard output stays free for what the program is asked to print. Writing never holds a request up: under
//! pressure lines are dropped and counted.

use std::io::{self, IsTerminal};
use std::path::Path;

use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::json_line::JsonLine;
use crate::telemetry::redact::Masking;

/// What panics are logged under.
const PANICS: &str = "driftsentry::panic";

/// Lines that may wait to be written before new ones are dropped.
const WAITING_LINES: usize = 16_384;

/// Keeps the log writers alive; dropping it writes what still waits.
pub struct Logs {
    _workers: Vec<WorkerGuard>,
    counters: Vec<ErrorCounter>,
    level: Level,
}

/// The level, which can be changed while the program runs.
#[derive(Debug, Clone)]
pub struct Level(reload::Handle<EnvFilter, Registry>);

impl Level {
    /// Logs at this level from now on, by module where wanted.
    ///
    /// # Errors
    /// When it is none.
    pub fn set(&self, level: &str) -> io::Result<()> {
        self.0.reload(complete(level)?).map_err(io::Error::other)
    }
}

impl Logs {
    /// The level, to be changed.
    pub fn level(&self) -> Level {
        self.level.clone()
    }

    /// How many lines were dropped since the start.
    pub fn dropped_lines(&self) -> u64 {
        count(&self.counters)
    }

    /// The same count, for a metric that outlives this value's owner.
    pub fn drop_counter(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let counters = self.counters.clone();
        move || count(&counters)
    }
}

fn count(counters: &[ErrorCounter]) -> u64 {
    counters
        .iter()
        .map(|each| each.dropped_lines() as u64)
        .sum()
}

/// Starts logging, for the whole program, once. Panics are logged too from here on.
///
/// # Errors
/// When the file's directory can't be written, or the level is no level.
pub fn start(config: &LogConfig) -> io::Result<Logs> {
    let (filter, level) = reload::Layer::new(complete(&config.level)?);
    let mut logs = Logs {
        _workers: Vec::new(),
        counters: Vec::new(),
        level: Level(level),
    };
    let for_people = match config.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let to_stderr = logs.writer(io::stderr());
    let to_file = match &config.file {
        Some(path) => Some(logs.writer(daily_file(path, config.keep_days)?)),
        None => None,
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(if for_people {
            lines(to_stderr)
        } else {
            json(to_stderr)
        })
        .with(to_file.map(json))
        .try_init()
        .map_err(io::Error::other)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(logs)
}

/// The levels by module, such as `info` or `warn,driftsentry::store=debug`.
///
/// # Errors
/// When it is none.
pub fn filter(level: &str) -> io::Result<EnvFilter> {
    EnvFilter::builder()
        .parse(level)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// The same with what is written at any level: checkpoints of the audit log, which its end is verified with, and panics.
fn complete(level: &str) -> io::Result<EnvFilter> {
    let always = [
        (crate::audit::checkpoint::LOG_TARGET, "info"),
        (PANICS, "error"),
    ];
    always
        .iter()
        .try_fold(filter(level)?, |filter, (target, level)| {
            let directive = format!("{target}={level}").parse();
            Ok(filter.add_directive(directive.map_err(io::Error::other)?))
        })
}

impl Logs {
    fn writer(&mut self, to: impl io::Write + Send + 'static) -> Masking<NonBlocking> {
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_LINES)
            .thread_name("log")
            .finish(to);
        self.counters.push(writer.error_counter());
        self._workers.push(worker);
        Masking(writer)
    }
}

/// `driftsentry.2026-11-22.log` for the path `driftsentry.log`, so many of them at most.
fn daily_file(path: &Path, keep_days: u32) -> io::Result<RollingFileAppender> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let part =
        |part: Option<&std::ffi::OsStr>| part.map(|text| text.to_string_lossy().into_owned());
    let stem = part(path.file_stem()).unwrap_or_else(|| "driftsentry".to_owned());
    let extension = part(path.extension()).unwrap_or_else(|| "log".to_owned());
    std::fs::create_dir_all(directory)?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(stem)
        .filename_suffix(extension)
        .max_log_files(keep_days as usize)
        .build(directory)
        .map_err(io::Error::other)
}

type Lines<S> = Box<dyn Layer<S> + Send + Sync>;

fn json<S: Subscriber + for<'a> LookupSpan<'a>>(to: Masking<NonBlocking>) -> Lines<S> {
    fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(JsonLine)
        .with_writer(to)
        .boxed()
}

fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(to: Masking<NonBlocking>) -> Lines<S> {
    fmt::layer()
        .compact()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(to)
        .boxed()
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let said = panic.payload_as_str().unwrap_or("without a message");
    tracing::error!(
        target: PANICS,
        place = place.as_deref().unwrap_or("unknown"),
        panic = said,
        thread = std::thread::current().name().unwrap_or("unnamed"),
        "A panic: please report it"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_by_module_are_understood() {
        assert!(filter("warn,driftsentry::store=debug").is_ok());
        assert!(filter("driftsentry=loud").is_err());
    }

    #[test]
    fn no_level_leaves_checkpoints_and_panics_out() {
        for level in ["off", "error", "driftsentry::audit=off"] {
            let said = complete(level).unwrap().to_string();
            for always in [
                "driftsentry::audit::checkpoint=info",
                "driftsentry::panic=error",
            ] {
                assert!(said.contains(always), "{said}");
            }
        }
    }

    #[test]
    fn a_daily_file_is_made_with_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs/driftsentry.log");
        let _file = daily_file(&path, 3).unwrap();
        let made: Vec<_> = std::fs::read_dir(directory.path().join("logs"))
            .unwrap()
            .collect();
        let name = made[0].as_ref().unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with("driftsentry.20") && name.ends_with(".log"),
            "{name}"
        );
    }
}
