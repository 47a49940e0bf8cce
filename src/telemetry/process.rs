//! What the system says of this process. Only `/proc/self` is read: units hide the rest of `/proc`.

use std::{fmt, fs};

use crate::telemetry::figures::{Figures, about, bytes, seconds};
use crate::time::Timestamp;

/// Memory, descriptors and processor time of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessFigures {
    /// Memory in RAM, in bytes.
    pub resident_bytes: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// How many file descriptors there may be; none for no limit.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: u64,
    /// Processor time used, in seconds.
    pub cpu_s: f64,
}

/// Reads the figures; what can't be read is 0.
pub fn figures() -> ProcessFigures {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let (statm, stat) = (read("statm"), read("stat"));
    let page_bytes = rustix::param::page_size() as u64;
    let mut pages = statm.split(' ').map(|pages| pages.parse().unwrap_or(0));
    let mut next_bytes = || pages.next().unwrap_or(0) * page_bytes;
    ProcessFigures {
        virtual_bytes: next_bytes(),
        resident_bytes: next_bytes(),
        open_fds: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
        max_fds: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
        // After the name, which may hold spaces, user and system time come 12th and 13th, threads 18th.
        threads: after_name(&stat).nth(17).unwrap_or(0),
        cpu_s: after_name(&stat).skip(11).take(2).sum::<u64>() as f64
            / rustix::param::clock_ticks_per_second() as f64,
    }
}

/// The numbers of `/proc/self/stat` from its third field on; what is none counts as 0.
fn after_name(stat: &str) -> impl Iterator<Item = u64> {
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.split(' ').map(|field| field.parse().unwrap_or(0))
}

/// Tells them to a scrape, by the names that all programs use.
pub(crate) fn tell(to: &mut Figures<'_>, started: Timestamp) -> fmt::Result {
    let now = figures();
    to.gauge(
        bytes("process_resident_memory", "Memory in RAM"),
        now.resident_bytes,
    )?;
    to.gauge(
        bytes("process_virtual_memory", "Address space"),
        now.virtual_bytes,
    )?;
    to.gauge(
        about("process_open_fds", "Open file descriptors"),
        now.open_fds,
    )?;
    if let Some(most) = now.max_fds {
        to.gauge(
            about(
                "process_max_fds",
                "File descriptors that may be open at once",
            ),
            most,
        )?;
    }
    to.gauge(about("process_threads", "Threads"), now.threads)?;
    to.fractional_counter(seconds("process_cpu", "Processor time used"), now.cpu_s)?;
    to.gauge(
        seconds(
            "process_start_time",
            "When the program was started, in Unix time",
        ),
        started.unix_ms() as f64 / 1_000.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let now = figures();
        assert!(now.resident_bytes > 100_000 && now.open_fds > 2, "{now:?}");
        assert!(now.virtual_bytes > now.resident_bytes && now.threads > 1);
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 5 0";
        assert_eq!(after_name(line).skip(11).take(2).sum::<u64>(), 42);
        assert_eq!(after_name(line).nth(17), Some(5));
    }
}
