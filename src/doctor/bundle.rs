//! The support bundle: what somebody who helps from afar needs to know, in one archive, and nothing secret.
//!
//! Every text goes through `Hidden`: what the configuration holds as a secret, and what looks like a credential of ours,
//! leaves by no way.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::config::Config;
use crate::doctor::Examination;
use crate::telemetry::mask;
use crate::time::Timestamp;

/// The longest piece of a log that is looked at for its last lines, in bytes.
const LOG_BYTES: u64 = 64 << 20;

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    text: String,
}

/// Everything that goes into the bundle.
#[derive(Debug)]
pub struct Bundle {
    parts: Vec<Part>,
    at: Timestamp,
}

/// Keeps secrets out of what is written.
#[derive(Default)]
struct Hidden(Vec<String>);

impl Hidden {
    /// Hides what this configuration holds.
    fn of(config: Option<&Config>) -> Self {
        let mut secrets: Vec<String> = config.map(Config::secrets).unwrap_or_default();
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    fn within(&self, text: &str) -> String {
        let masked = mask(text.as_bytes());
        let mut text = String::from_utf8_lossy(&masked).into_owned();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), "[masked]");
        }
        text
    }
}

impl Bundle {
    /// What was found by an examination, what the machine says, and the last `lines` of these logs.
    ///
    /// # Errors
    /// When a log can't be read.
    pub fn of(
        examination: &Examination,
        logs: &[PathBuf],
        lines: usize,
        now: Timestamp,
    ) -> io::Result<Self> {
        let config = examination.config.as_ref();
        let hidden = Hidden::of(config);
        let mut bundle = Self {
            parts: Vec::new(),
            at: now,
        };
        let mut add = |name, about, text: String| {
            let text = hidden.within(&text);
            bundle.parts.push(Part { name, about, text });
        };
        add(
            "version.json",
            "this program's version and target",
            pretty(&version()),
        );
        add(
            "doctor.json",
            "what `driftsentry doctor` found",
            pretty(&json!(examination.report)),
        );
        if let Some(values) = &examination.values {
            add(
                "config.toml",
                "every setting with where it comes from, secrets hidden",
                values.to_string(),
            );
        }
        if let Some(status) = &examination.status {
            let mut store = json!({
                "version": status.version,
                "databaseBytes": status.database_bytes,
                "rows": status.rows,
                "newestAuditEntryAt": status.newest_at,
            });
            if let Some(config) = config {
                store["files"] = files(&config.data_dir);
            }
            add(
                "store.json",
                "how many rows each table has, and the sizes of files",
                pretty(&store),
            );
            if let Some(running) = &status.running {
                add(
                    "health.json",
                    "what the running server says of its health",
                    pretty(&json!({
                        "pid": running.pid,
                        "uptimeSeconds": running.uptime_s,
                        "ready": running.ready,
                        "checks": running.checks,
                        "facts": running.facts,
                    })),
                );
                add(
                    "metrics.txt",
                    "the running server's metrics",
                    running.metrics.clone(),
                );
            }
        }
        add(
            "machine.json",
            "the operating system, memory, processors, limits, disks",
            pretty(&machine(config, now)),
        );
        let mut text = String::new();
        for log in logs {
            text.push_str(&last_lines(log, lines)?);
        }
        if !text.is_empty() {
            add("log.txt", "the newest log lines, credentials masked", text);
        }
        let contents: String = bundle
            .parts
            .iter()
            .map(|part| format!("{:<14} {}\n", part.name, part.about))
            .collect();
        let readme = format!(
            "A support bundle of DriftSentry, made at {now}.\n\n{contents}\nThere is no secret in it, and no value of a resource. \
             Addresses and account names may stand in the log.\n"
        );
        bundle.parts.insert(
            0,
            Part {
                name: "README.txt",
                about: "this list",
                text: readme,
            },
        );
        Ok(bundle)
    }

    /// What is in it.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Writes it as a compressed archive.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut archive = tar::Builder::new(GzEncoder::new(to, Compression::default()));
        for part in &self.parts {
            let mut header = tar::Header::new_gnu();
            header.set_size(part.text.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(self.at.unix_ms() / 1000).unwrap_or(0));
            let path = format!("driftsentry-support/{}", part.name);
            archive.append_data(&mut header, path, part.text.as_bytes())?;
        }
        archive.into_inner()?.finish()?.flush()
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn version() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "architecture": std::env::consts::ARCH,
        "system": std::env::consts::OS,
        "program": std::env::current_exe().ok(),
    })
}

/// What the system says of this machine. Some of it is hidden from sandboxed services.
fn machine(config: Option<&Config>, now: Timestamp) -> Value {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let uname = rustix::system::uname();
    let memory: Vec<String> = read("/proc/meminfo")
        .unwrap_or_default()
        .lines()
        .filter(|line| {
            ["MemTotal", "MemAvailable", "SwapTotal"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .map(str::to_owned)
        .collect();
    let disk = |path: &Path| {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(json!({
            "path": path,
            "bytes": disk.f_blocks.saturating_mul(disk.f_frsize),
            "freeBytes": disk.f_bavail.saturating_mul(disk.f_frsize),
            "inodes": disk.f_files,
            "freeInodes": disk.f_favail,
        }))
    };
    json!({
        "kernel": format!(
            "{} {} {}",
            uname.sysname().to_string_lossy(),
            uname.release().to_string_lossy(),
            uname.machine().to_string_lossy()
        ),
        "distribution": read("/etc/os-release"),
        "processors": std::thread::available_parallelism().ok().map(usize::from),
        "load": read("/proc/loadavg"),
        "memory": memory,
        "memoryLimit": read("/sys/fs/cgroup/memory.max"),
        "limits": read("/proc/self/limits"),
        "uid": rustix::process::getuid().as_raw(),
        "time": now,
        "dataDisk": config.and_then(|config| disk(&config.data_dir)),
    })
}

/// The names, sizes, modes and owners of what lies in the data directory.
fn files(dir: &Path) -> Value {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<(String, Value)> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let told = json!({
                "name": name,
                "bytes": metadata.len(),
                "diskBytes": metadata.blocks() * 512,
                "mode": format!("{:o}", metadata.mode() & 0o7777),
                "uid": metadata.uid(),
            });
            Some((name, told))
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files.into_iter().map(|(_, told)| told).collect()
}

/// The last lines of a log; `-` is standard input.
fn last_lines(path: &Path, lines: usize) -> io::Result<String> {
    let named = |error: io::Error| {
        io::Error::new(
            error.kind(),
            format!("the log {} can't be read: {error}", path.display()),
        )
    };
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        use std::io::{Seek, SeekFrom};
        let mut file = File::open(path).map_err(named)?;
        let length = file.metadata().map_err(named)?.len();
        if length > LOG_BYTES {
            file.seek(SeekFrom::Start(length - LOG_BYTES))
                .map_err(named)?;
        }
        Box::new(file)
    };
    let mut last: VecDeque<String> = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        if last.len() == lines {
            last.pop_front();
        }
        last.push_back(String::from_utf8_lossy(&line.map_err(named)?).into_owned());
    }
    Ok(last.into_iter().map(|line| line + "\n").collect())
}

/// The newest of the daily files that `log.file` names.
pub fn newest_log(config: &Config) -> Option<PathBuf> {
    let path = config.log.file.as_deref()?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let extension = path
        .extension()
        .map_or("log".to_owned(), |text| text.to_string_lossy().into_owned());
    let files = std::fs::read_dir(directory).ok()?.flatten();
    let names = files.map(|file| file.path()).filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{stem}.")) && name.ends_with(&format!(".{extension}"))
    });
    // Their names have the day in them.
    names.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_by_shape_and_by_value() {
        let hidden = Hidden(vec!["swordfish-swordfish".to_owned()]);
        let text = hidden.within("a swordfish-swordfish and Bearer abc and dsk_xyz");
        assert_eq!(text, "a [masked] and Bearer [masked] and dsk_[masked]");
    }

    #[test]
    fn the_last_lines_of_a_log_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        std::fs::write(&path, "1\n2\n3\n").unwrap();
        assert_eq!(last_lines(&path, 2).unwrap(), "2\n3\n");
        assert_eq!(last_lines(&path, 9).unwrap(), "1\n2\n3\n");
        let error = last_lines(&dir.path().join("none"), 1).unwrap_err();
        assert!(error.to_string().contains("none"), "{error}");
    }
}
