//! The table of all settings. Checking, `config show`, the example and the reference follow from it.
//!
//! A new setting is a row here and a line where its value is taken, such as `keep: settings.whole("backup.keep")`. Then
//! `scripts/settings` writes the example and the README's table anew.

use std::borrow::Cow;

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key in the file, such as `log.level`; its variable follows from it.
    pub key: &'static str,
    /// What a value may be.
    pub kind: Kind,
    /// The value where none is given, as a file would have it; none where it is then unset.
    pub default: Option<&'static str>,
    /// What it is for: the start of a sentence, in Markdown.
    pub about: &'static str,
    /// What holds where it is unset.
    pub unset: Option<&'static str>,
    /// Its flag.
    pub flag: Option<&'static str>,
    /// The systemd credential that it is taken from where nothing else says: a file in `$CREDENTIALS_DIRECTORY`, whose path
    /// becomes the value.
    pub credential: Option<&'static str>,
    /// Whether SIGHUP applies a change.
    pub reload: Reload,
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address and a port.
    Address,
    /// A path.
    Path,
    /// Yes or no.
    Truth,
    /// A whole number from one to another.
    Whole(u64, u64),
    /// A size in bytes, from one to another.
    Bytes(u64, u64),
    /// A span of time.
    Span,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Texts: an array in a file, with commas between them elsewhere. The phrase says what each is.
    List(&'static str),
    /// Text of a shape that the phrase tells.
    Text(&'static str),
    /// The same, and never shown. A setting with `_file` behind its key names a file with it.
    Secret(&'static str),
}

/// When a change is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// At SIGHUP.
    Live,
    /// At the next start.
    Restart,
}

impl Setting {
    const fn new(key: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            key,
            kind,
            default: None,
            about,
            unset: None,
            flag: None,
            credential: None,
            reload: Reload::Restart,
        }
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn unset(mut self, unset: &'static str) -> Self {
        self.unset = Some(unset);
        self
    }

    const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    const fn credential(mut self, name: &'static str) -> Self {
        self.credential = Some(name);
        self
    }

    const fn live(mut self) -> Self {
        self.reload = Reload::Live;
        self
    }

    /// The setting with this key.
    pub fn of(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// The name of its variable in the environment.
    pub fn variable(&self) -> String {
        format!("DRIFTSENTRY_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }
}

impl Kind {
    /// What is allowed, as it stands behind "must be".
    pub fn allowed(&self) -> Cow<'static, str> {
        Cow::Owned(match self {
            Self::Address => "an address and a port such as 127.0.0.1:8420".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Truth => "true or false".to_owned(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Bytes(min, max) => format!(
                "a size from {} to {}, such as 64 MiB or a number of bytes",
                size(*min),
                size(*max)
            ),
            Self::Span => {
                "a whole number and a unit (s, m, h, d or w) from 1s to 52w, such as 24h".to_owned()
            }
            Self::OneOf(words) => match words {
                [first @ .., last] => format!("{} or {last}", first.join(", ")),
                [] => String::new(),
            },
            Self::List(phrase) | Self::Text(phrase) | Self::Secret(phrase) => {
                return Cow::Borrowed(phrase);
            }
        })
    }
}

/// Bytes as people write them.
fn size(bytes: u64) -> String {
    [
        (1 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ]
    .iter()
    .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit))
    .map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| format!("{} {name}", bytes / unit),
    )
}

use Kind::{Address, Bytes, List, OneOf, Path, Secret, Span, Text, Truth, Whole};

const COUNT: Kind = Whole(1, 1_000_000);

const KEPT: Kind =
    Text("off, or a whole number and a unit (d or w) from 7d to 5200w, such as 400d");

/// Every setting there is, in the order in which they are shown; those of a section stand together.
pub static SETTINGS: &[Setting] = &[
    Setting::new("listen", Address, "where to listen; port 0 takes a free one")
        .or("127.0.0.1:8420")
        .flag("--listen"),
    Setting::new("data_dir", Path, "where everything is kept; made where it is missing; a service of systemd has its state directory by default")
        .or("./driftsentry-data")
        .flag("--data-dir"),
    Setting::new("allow_insecure_http", Truth, "serve other machines without TLS").or("false"),
    Setting::new(
        "trusted_proxies",
        List("a list of addresses and networks such as 10.0.0.7 and 10.0.0.0/8"),
        "proxies that are [believed about their clients](#behind-a-proxy)",
    )
    .unset("nobody is")
    .live(),
    Setting::new(
        "tls.cert",
        Path,
        "the certificate to serve HTTPS with, in PEM, its intermediate ones after it; what the file holds is followed",
    )
    .unset("HTTP, on loopback only")
    .flag("--tls-cert")
    .credential("tls.cert"),
    Setting::new("tls.key", Path, "its private key, in PEM; what the file holds is followed")
        .unset("HTTP, on loopback only")
        .flag("--tls-key")
        .credential("tls.key"),
    Setting::new(
        "admin.email",
        Text("an address such as ana@example.com"),
        "who is to be the [first administrator](#first-sign-in)",
    )
    .unset("admin@driftsentry.local"),
    Setting::new(
        "admin.password",
        Secret("12 to 128 characters, and not easily guessed"),
        "their password",
    )
    .unset("a one-time password"),
    Setting::new("admin.password_file", Path, "a file with that password").credential("admin.password"),
    Setting::new(
        "auth.token_keys_file",
        Path,
        "the keys of access tokens, where you rotate them yourself; what the file holds is followed",
    )
    .unset("`paseto.keys` in the data directory")
    .credential("paseto.keys"),
    Setting::new(
        "metrics.token",
        Secret(
            "16 to 256 visible ASCII characters without a space, such as those of `openssl rand -hex 32`",
        ),
        "what opens [`/metrics`](#api-and-metrics) to other machines",
    )
    .unset("this machine only")
    .live(),
    Setting::new("metrics.token_file", Path, "a file with that token")
        .credential("metrics.token")
        .live(),
    Setting::new(
        "log.level",
        Text("a level such as info, or info,driftsentry::store=debug"),
        "how much is [logged](assets/monitoring/LOGS.md), by module where wanted",
    )
    .or("info")
    .live(),
    Setting::new(
        "log.format",
        OneOf(&["auto", "json", "pretty"]),
        "how lines look on standard error; with `auto`, pretty on a terminal and JSON elsewhere",
    )
    .or("auto"),
    Setting::new(
        "log.file",
        Path,
        "also write JSON lines here, a new file each day: `driftsentry.log` becomes `driftsentry.2026-11-22.log`",
    )
    .unset("no file"),
    Setting::new("log.keep_days", Whole(1, 3_650), "how many of those files to keep").or("14"),
    Setting::new(
        "alerts.approval_needed_after",
        Span,
        "how long a critical drift may wait for a decision before an [alert](#alerts) says so",
    )
    .or("24h")
    .live(),
    Setting::new(
        "alerts.remediation_failed_after",
        Span,
        "how long a drift may still be there after its approval before an alert says so",
    )
    .or("24h")
    .live(),
    Setting::new("limits.scan_bytes", Bytes(1 << 10, 64 << 30), "the largest scan, decompressed")
        .or("256 MiB")
        .live(),
    Setting::new(
        "limits.body_bytes",
        Bytes(16 << 10, 64 << 20),
        "the largest body of any other request",
    )
    .or("1 MiB")
    .live(),
    Setting::new("limits.connections", COUNT, "connections at once").or("4096").live(),
    Setting::new(
        "limits.connections_per_address",
        COUNT,
        "of these, from one address that is no trusted proxy",
    )
    .or("512")
    .live(),
    Setting::new("limits.streams", COUNT, "[streams of events](#following-changes) at once")
        .or("3072")
        .live(),
    Setting::new("limits.streams_per_user", COUNT, "of these, with one account or API key")
        .or("32")
        .live(),
    Setting::new("limits.streams_per_address", COUNT, "of these, from one client's address")
        .or("384")
        .live(),
    Setting::new(
        "store.cache_bytes",
        Bytes(1 << 20, 64 << 30),
        "memory for pages of the database",
    )
    .or("32 MiB"),
    Setting::new(
        "store.min_free_bytes",
        Bytes(0, 1 << 40),
        "refuse changes below this much free space",
    )
    .unset("256 MiB or 5 % of the disk, the larger"),
    Setting::new("backup.dir", Path, "where [backups](#taking-backups) are kept: better on another disk")
        .unset("`backups` in the data directory"),
    Setting::new(
        "backup.keep_hourly",
        Whole(0, 10_000),
        "of how many hours the newest backup is kept; 0 in all three keeps every backup",
    )
    .or("24"),
    Setting::new("backup.keep_daily", Whole(0, 10_000), "of how many days the newest backup is kept")
        .or("14"),
    Setting::new("backup.keep_weekly", Whole(0, 10_000), "of how many weeks the newest backup is kept")
        .or("8"),
    Setting::new(
        "retention.resolved_drifts",
        KEPT,
        "how long resolved drifts [are kept](#keeping-less), with all that belongs to them",
    )
    .or("off")
    .live(),
    Setting::new("retention.scans", KEPT, "how long scans are kept").or("off").live(),
    Setting::new("retention.read_alerts", KEPT, "how long alerts are kept that were read")
        .or("off")
        .live(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_once_and_sections_stand_together() {
        let mut seen: Vec<&str> = Vec::new();
        for setting in SETTINGS {
            let section = setting
                .key
                .split_once('.')
                .map_or("", |(section, _)| section);
            if seen.last() != Some(&section) {
                assert!(!seen.contains(&section), "{}", setting.key);
                seen.push(section);
            }
            let same = SETTINGS.iter().filter(|other| other.key == setting.key);
            assert_eq!(same.count(), 1, "{}", setting.key);
            assert!(
                setting.default.is_none() || setting.unset.is_none(),
                "{} is never unset",
                setting.key
            );
        }
        // What stands without a section comes first, as TOML has it.
        assert_eq!(seen[0], "");
    }

    #[test]
    fn a_secret_may_also_come_from_a_file_and_as_a_credential() {
        for setting in SETTINGS.iter().filter(|setting| setting.is_secret()) {
            let file = Setting::of(&format!("{}_file", setting.key));
            let credential = file.and_then(|file| file.credential);
            assert_eq!(credential, Some(setting.key));
        }
    }

    #[test]
    fn sizes_are_told_in_their_largest_whole_unit() {
        assert_eq!(size(64 << 30), "64 GiB");
        assert_eq!(size(16 << 10), "16 KiB");
        assert_eq!(size(0), "0 B");
        assert_eq!(size((1 << 20) + 1), "1048577 B");
    }
}
