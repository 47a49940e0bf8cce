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
use tracing_subscriber::filter::Directive;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::redact::Masking;

/// Lines that may wait to be written before new ones are dropped.
const WAITING_LINES: usize = 16_384;

/// Keeps the log writers alive; dropping it writes what still waits.
pub struct Logs {
    _workers: Vec<WorkerGuard>,
    counters: Vec<ErrorCounter>,
}

impl Logs {
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
    let mut logs = Logs {
        _workers: Vec::new(),
        counters: Vec::new(),
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
        .with(filter(&config.level)?.add_directive(checkpoints()?))
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

/// Checkpoints of the audit log are written at any level: they are what its end is verified with.
fn checkpoints() -> io::Result<Directive> {
    format!("{}=info", crate::audit::checkpoint::LOG_TARGET)
        .parse()
        .map_err(io::Error::other)
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
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
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
    let message = panic.payload_as_str().unwrap_or("without a message");
    tracing::error!(
        place = place.as_deref().unwrap_or("unknown"),
        message,
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
    fn no_level_leaves_checkpoints_out() {
        for level in ["off", "error", "driftsentry::audit=off"] {
            let filter = filter(level).unwrap().add_directive(checkpoints().unwrap());
            let said = filter.to_string();
            assert!(
                said.contains("driftsentry::audit::checkpoint=info"),
                "{said}"
            );
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
