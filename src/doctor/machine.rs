//! What the machine gives: room on the disk, descriptors, the time.

use rustix::process::{Resource, getrlimit};

use crate::config::Config;
use crate::control::Status;
use crate::doctor::Finding;
use crate::store::space_at;
use crate::time::Timestamp;

/// Descriptors that are needed beside connections: the store, logs, streams of names.
const OTHER_FILES: u64 = 128;

/// No sane clock shows an earlier time than this program was written at: 2026-01-01.
const EARLIEST_MS: i64 = 1_767_225_600_000;
/// Nor a later one than this: 2100-01-01.
const LATEST_MS: i64 = 4_102_444_800_000;
/// How far the newest record may lie ahead, in milliseconds: clocks are set by a little now and then.
const AHEAD_MS: i64 = 60_000;

/// Whether the disk has room for changes.
pub(super) fn space(config: &Config) -> Finding {
    const CHECK: &str = "space";
    let dir = &config.data_dir;
    // The directory may have to be made yet: then it is its parent's disk.
    let existing = dir.ancestors().find(|each| each.exists());
    let place = existing.unwrap_or(dir);
    let place = if place.as_os_str().is_empty() {
        std::path::Path::new(".")
    } else {
        place
    };
    let Some(room) = space_at(place, config.store.min_free_bytes) else {
        return Finding::warning(
            CHECK,
            format_args!(
                "How much room {} has can't be told: look yourself.",
                dir.display()
            ),
        );
    };
    let (free, least) = (mebibytes(room.free_bytes), mebibytes(room.least_bytes));
    let found = format!("{free} MiB are free where {} lies", dir.display());
    if room.free_bytes < room.least_bytes {
        Finding::failure(
            CHECK,
            format_args!(
                "{found}, and changes are refused below {least} MiB: free space, or lower store.min_free_bytes."
            ),
        )
    } else if room.free_inodes == Some(0) {
        Finding::failure(
            CHECK,
            format_args!(
                "{found}, but no file can be made there (no inodes are left): remove small files."
            ),
        )
    } else if room.free_bytes < room.least_bytes.saturating_mul(2) {
        Finding::warning(
            CHECK,
            format_args!(
                "{found}, and changes will be refused below {least} MiB: free space soon."
            ),
        )
    } else {
        Finding::ok(
            CHECK,
            format_args!("{found}; changes are refused below {least} MiB."),
        )
    }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

/// Whether there are descriptors for as many connections as may come.
pub(super) fn descriptors(config: &Config, status: Option<&Status>) -> Finding {
    let of_server = status.and_then(|status| status.open_files_limit);
    let (limit, whose) = match of_server {
        Some(limit) => (limit, "the running server"),
        None => (
            getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
            "this shell",
        ),
    };
    let needed = config.limits.connections as u64 + OTHER_FILES;
    judged(limit, needed, whose)
}

fn judged(limit: u64, needed: u64, whose: &str) -> Finding {
    const CHECK: &str = "descriptors";
    if limit < needed {
        Finding::warning(
            CHECK,
            format_args!(
                "{whose} may open {limit} files, and limits.connections needs {needed}: raise LimitNOFILE in the unit \
                 (ulimit -n in a shell), or lower limits.connections."
            ),
        )
    } else {
        Finding::ok(
            CHECK,
            format_args!("{whose} may open {limit} files, {needed} are needed at most."),
        )
    }
}

/// Whether the clock can be right.
pub(super) fn clock(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    const CHECK: &str = "clock";
    if !(EARLIEST_MS..LATEST_MS).contains(&now.unix_ms()) {
        return Finding::failure(
            CHECK,
            format_args!("It shows {now}, which can't be: set it (timedatectl set-ntp true)."),
        );
    }
    match newest {
        Some(newest) if newest.unix_ms() > now.unix_ms() + AHEAD_MS => Finding::failure(
            CHECK,
            format_args!(
                "It shows {now}, and the newest audit entry was written at {newest}: it was set back, or was wrong then; set \
                 it right, and see what was written in between."
            ),
        ),
        _ => Finding::ok(CHECK, format_args!("It shows {now}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use crate::doctor::Level;

    #[test]
    fn a_clock_is_judged_by_sense_and_by_the_newest_entry() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2026-11-28T12:00:00Z");
        assert_eq!(clock(now, None).level, Level::Ok);
        assert_eq!(
            clock(now, Some(at("2026-11-28T12:00:30Z"))).level,
            Level::Ok
        );
        let back = clock(now, Some(at("2026-11-28T13:00:00Z")));
        assert_eq!(back.level, Level::Failure);
        assert!(back.message.contains("set back"), "{}", back.message);
        for wrong in ["1970-01-01T00:00:05Z", "2106-02-07T06:28:15Z"] {
            assert_eq!(clock(at(wrong), None).level, Level::Failure);
        }
    }

    #[test]
    fn too_few_descriptors_are_a_warning() {
        assert_eq!(judged(1024, 4224, "this shell").level, Level::Warning);
        assert_eq!(judged(65_536, 4224, "this shell").level, Level::Ok);
    }

    #[test]
    fn room_is_judged_by_what_is_kept_free() {
        let with = |least: &str| {
            let sources = Sources {
                environment: vec![("DRIFTSENTRY_STORE_MIN_FREE_BYTES".into(), least.into())],
                ..Sources::default()
            };
            space(&Config::of(&sources).unwrap())
        };
        assert_eq!(with("0").level, Level::Ok);
        let full = with("1 TiB");
        assert_eq!(full.level, Level::Failure, "{}", full.message);
        assert!(
            full.message.contains("store.min_free_bytes"),
            "{}",
            full.message
        );
    }
}
