//! What the system says of this process. Only `/proc/self` is read: units hide the rest of `/proc`.

use std::fs;

/// Memory, descriptors and processor time of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessFigures {
    /// Memory in RAM, in bytes.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// Processor time used, in seconds.
    pub cpu_s: f64,
}

/// Reads the figures; what can't be read is 0.
pub fn figures() -> ProcessFigures {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let resident_pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    ProcessFigures {
        resident_bytes: resident_pages * rustix::param::page_size() as u64,
        open_fds: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
        cpu_s: cpu_ticks(&stat) as f64 / rustix::param::clock_ticks_per_second() as f64,
    }
}

/// User and system time in ticks: fields 14 and 15, counted after the name, which may hold spaces.
fn cpu_ticks(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks.filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let now = figures();
        assert!(now.resident_bytes > 100_000 && now.open_fds > 2, "{now:?}");
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0";
        assert_eq!(cpu_ticks(line), 42);
    }
}
