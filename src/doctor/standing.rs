//! What the server, its certificate and its backups say of themselves.

use crate::backup::folder::Records;
use crate::check;
use crate::config::Config;
use crate::control::client::{self, Way};
use crate::control::{Kind, Request, Status};
use crate::doctor::Finding;
use crate::server::Tls;
use crate::store::{self, FILE_NAME};
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// A certificate that ends within so many days is a warning.
const EXPIRES_SOON_MS: i64 = 21 * DAY_MS;

/// A backup older than this is a warning: one a day, and some hours for the one that is late.
const OLD_BACKUP_MS: i64 = 30 * 3_600_000;

/// Whether the store is whole, and its server well. Gives what the server says of itself, where one runs or the store is
/// whole.
pub(super) fn store(config: &Config) -> (Vec<Finding>, Option<Status>) {
    let dir = &config.data_dir;
    let file = dir.join(FILE_NAME);
    match std::fs::metadata(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let said = format!(
                "There is no database in {} yet: the server makes one at its first start.",
                dir.display()
            );
            return (vec![Finding::ok("store", said)], None);
        }
        Err(error) => {
            let said = format!(
                "{} can't be looked at ({error}): run this as the server's user or as root.",
                file.display()
            );
            return (vec![Finding::failure("store", said)], None);
        }
        Ok(_) => {}
    }
    if store::is_locked(dir) {
        running(config)
    } else {
        stopped(config)
    }
}

/// Asks the server that has the store open.
fn running(config: &Config) -> (Vec<Finding>, Option<Status>) {
    let dir = &config.data_dir;
    let status = match client::ask_server(dir, &Request::Status) {
        Ok(value) => serde_json::from_value::<Status>(value).map_err(|error| {
            format!("The running server answers what can't be understood ({error}): restart it after an upgrade.")
        }),
        Err(refused) => Err(refused.message),
    };
    let status = match status {
        Ok(status) => status,
        Err(said) => return (vec![Finding::failure("store", said)], None),
    };
    let mut findings = Vec::new();
    if let Some(running) = &status.running {
        let wrong: Vec<String> = running
            .checks
            .iter()
            .filter(|(_, said)| *said != "ok")
            .map(|(name, said)| format!("{name}: {said}"))
            .collect();
        if running.ready && wrong.is_empty() {
            let said = format!(
                "The server runs as process {} since {} s, and is ready.",
                running.pid, running.uptime_s
            );
            findings.push(Finding::ok("store", said));
        } else {
            let said = format!(
                "The server runs and is not ready ({}): see its log.",
                wrong.join(", ")
            );
            findings.push(Finding::failure("store", said));
        }
    }
    if status.version != env!("CARGO_PKG_VERSION") {
        let said = format!(
            "The server runs version {}, this program is {}: restart it after an upgrade.",
            status.version,
            env!("CARGO_PKG_VERSION")
        );
        findings.push(Finding::warning("version", said));
    }
    findings.push(audit(config));
    (findings, Some(status))
}

/// Has the running server verify its audit log.
fn audit(config: &Config) -> Finding {
    const CHECK: &str = "audit";
    let request = Request::AuditVerify {
        checkpoints: Vec::new(),
        public_key: None,
    };
    match client::call(&config.data_dir, &request) {
        Ok(done) if done.value["valid"] == true => {
            debug_assert_eq!(done.way, Way::Server);
            Finding::ok(
                CHECK,
                format_args!("The audit log is whole: {} entries.", done.value["entries"]),
            )
        }
        Ok(done) => Finding::failure(
            CHECK,
            format_args!(
                "The audit log is not what was written (entry {}): run `driftsentry audit verify`, and keep the data directory \
                 as it is.",
                done.value["firstBad"]
            ),
        ),
        Err(refused) if refused.kind == Kind::Unavailable => Finding::warning(CHECK, refused),
        Err(refused) => Finding::failure(CHECK, refused),
    }
}

/// Checks the store of a stopped server, and changes nothing in it.
fn stopped(config: &Config) -> (Vec<Finding>, Option<Status>) {
    let file = config.data_dir.join(FILE_NAME);
    let report = match check::file(&file) {
        Ok(report) => report,
        Err(check::Refused::Missing) => {
            let said = format!("{} has just gone: look again.", file.display());
            return (vec![Finding::failure("store", said)], None);
        }
        Err(check::Refused::Unopened(error)) => {
            return (vec![Finding::failure("store", error)], None);
        }
    };
    let finding = if report.sound {
        Finding::ok(
            "store",
            "The server is stopped, and its store and audit log are whole.",
        )
    } else {
        let wrong = report.checks.iter().filter(|check| check.wrong > 0);
        let names: Vec<&str> = wrong.map(|check| check.name).collect();
        Finding::failure(
            "store",
            format_args!(
                "The stopped server's store is damaged ({}): keep the file, and restore the newest backup that \
                 `driftsentry check` finds sound.",
                names.join(", ")
            ),
        )
    };
    (vec![finding], Status::of_file(&file))
}

/// How long the certificate is good for; nothing where there is none.
pub(super) fn certificate(config: &Config, now: Timestamp) -> Option<Finding> {
    let files = config.tls.as_ref()?;
    // One that can't be served was told with the configuration.
    let tls = Tls::load(&files.cert, &files.key).ok()?;
    Some(judged(
        &files.cert.display().to_string(),
        tls.expires_at()?,
        now,
    ))
}

fn judged(path: &str, until: Timestamp, now: Timestamp) -> Finding {
    const CHECK: &str = "certificate";
    let left_ms = until.unix_ms() - now.unix_ms();
    if left_ms <= 0 {
        Finding::failure(
            CHECK,
            format_args!(
                "{path} expired at {until}: renew it; a new file is served within 2 seconds."
            ),
        )
    } else if left_ms < EXPIRES_SOON_MS {
        Finding::warning(
            CHECK,
            format_args!(
                "{path} expires at {until}, in {} days: renew it.",
                left_ms / DAY_MS
            ),
        )
    } else {
        Finding::ok(
            CHECK,
            format_args!(
                "{path} is good until {until}, for {} days.",
                left_ms / DAY_MS
            ),
        )
    }
}

/// How old the last backup is.
pub(super) fn backup(config: &Config, now: Timestamp) -> Finding {
    let dir = config.backup_dir();
    let records = Records::of(&dir);
    let last = records.last_success.map(|last| last.taken_at);
    let drill = records.last_drill.map(|drill| (drill.file, drill.passed));
    aged(&dir.display().to_string(), last, drill, now)
}

fn aged(
    dir: &str,
    last: Option<Timestamp>,
    drill: Option<(String, bool)>,
    now: Timestamp,
) -> Finding {
    const CHECK: &str = "backup";
    if let Some((file, false)) = drill {
        return Finding::failure(
            CHECK,
            format_args!(
                "{file} in {dir} can't be put back, as the last drill found: take another, and see the disk."
            ),
        );
    }
    let Some(last) = last else {
        return Finding::warning(
            CHECK,
            format_args!(
                "No backup was ever taken into {dir}: run `driftsentry backup`, and have it run each day."
            ),
        );
    };
    let age_ms = now.unix_ms() - last.unix_ms();
    if age_ms > OLD_BACKUP_MS {
        Finding::warning(
            CHECK,
            format_args!(
                "The last backup in {dir} was taken at {last}, {} hours ago: see why none came since.",
                age_ms / 3_600_000
            ),
        )
    } else {
        Finding::ok(
            CHECK,
            format_args!("The last backup in {dir} was taken at {last}."),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_judged_by_what_is_left_of_it() {
        let now = at("2026-11-28T12:00:00Z");
        for (until, level) in [
            ("2026-11-28T11:59:59Z", Level::Failure),
            ("2026-12-18T12:00:00Z", Level::Warning),
            ("2026-12-19T12:00:00Z", Level::Ok),
        ] {
            assert_eq!(judged("/c.pem", at(until), now).level, level, "{until}");
        }
    }

    #[test]
    fn a_backup_is_judged_by_its_age_and_the_last_drill() {
        let now = at("2026-11-28T12:00:00Z");
        let yesterday = Some(at("2026-11-27T12:00:00Z"));
        let before = Some(at("2026-11-26T12:00:00Z"));
        let passed = |passed| Some(("b.dsb".to_owned(), passed));
        for (last, drill, level) in [
            (None, None, Level::Warning),
            (before, None, Level::Warning),
            (yesterday, None, Level::Ok),
            (yesterday, passed(true), Level::Ok),
            (yesterday, passed(false), Level::Failure),
        ] {
            assert_eq!(aged("/b", last, drill, now).level, level, "{last:?}");
        }
    }
}
