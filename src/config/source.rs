//! Where settings come from, and the mistakes found in them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Every key there is. Its variable is `DRIFTSENTRY_` and the key in capitals, `_` for `.`.
const KEYS: [&str; 34] = [
    "listen",
    "data_dir",
    "admin.email",
    "admin.password",
    "admin.password_file",
    "auth.token_keys_file",
    "allow_insecure_http",
    "trusted_proxies",
    "tls.cert",
    "tls.key",
    "metrics.token",
    "metrics.token_file",
    "log.level",
    "log.format",
    "log.file",
    "log.keep_days",
    "alerts.approval_needed_after",
    "alerts.remediation_failed_after",
    "limits.scan_bytes",
    "limits.body_bytes",
    "limits.connections",
    "limits.connections_per_address",
    "limits.streams",
    "limits.streams_per_user",
    "limits.streams_per_address",
    "store.cache_bytes",
    "store.min_free_bytes",
    "backup.dir",
    "backup.keep_hourly",
    "backup.keep_daily",
    "backup.keep_weekly",
    "retention.resolved_drifts",
    "retention.scans",
    "retention.read_alerts",
];

/// Those that a file may also give as an array of texts; elsewhere commas stand between them.
const LISTS: [&str; 1] = ["trusted_proxies"];

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A flag of the command line.
    Flag(String),
    /// A variable of the environment.
    Variable(String),
    /// A line of a file, from 1.
    Line(PathBuf, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration file {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Everything that is wrong.
    #[error("{}", .0.iter().map(|each| format!("{}: {}", each.place, each.message)).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<Mistake>),
}

/// The text of a configuration file.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
        path: path.to_owned(),
        cause,
    })
}

/// Settings as text, each with its place, until they are taken. Some are secret: nothing prints them.
#[derive(Default)]
pub(super) struct Settings {
    values: BTreeMap<&'static str, (Place, String)>,
    mistakes: Vec<Mistake>,
}

impl Settings {
    pub(super) fn add_flag(&mut self, key: &'static str, value: Option<String>) {
        if let Some(value) = value {
            let flag = format!("--{}", key.replace(['_', '.'], "-"));
            self.values.insert(key, (Place::Flag(flag), value));
        }
    }

    pub(super) fn add_environment(&mut self, find: impl Fn(&str) -> Option<String>) {
        for key in KEYS {
            let name = variable_of(key);
            // An empty variable is how many tools unset one.
            if let Some(value) = find(&name).filter(|value| !value.is_empty()) {
                self.values.insert(key, (Place::Variable(name), value));
            }
        }
    }

    pub(super) fn add_file(&mut self, path: &Path, text: &str) {
        let line_at = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            Place::Line(path.to_owned(), before.matches('\n').count() + 1)
        };
        match DeTable::parse(text) {
            Ok(table) => self.add_table(table.get_ref(), "", &line_at),
            Err(error) => self.mistakes.push(Mistake {
                place: line_at(error.span().map_or(0, |span| span.start)),
                message: error.message().trim().replace('\n', ", "),
            }),
        }
    }

    fn add_table(&mut self, table: &DeTable<'_>, prefix: &str, line_at: &dyn Fn(usize) -> Place) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let place = line_at(key.span().start);
            let is_section = KEYS.iter().any(|known| {
                known
                    .strip_prefix(&*name)
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            match (KEYS.iter().find(|known| **known == name), value.get_ref()) {
                (Some(known), _) => self.add_value(known, place, value),
                (None, DeValue::Table(inner)) if is_section => {
                    self.add_table(inner, &format!("{name}."), line_at);
                }
                (None, _) if is_section => self.wrong(place, &name, "must be a table"),
                (None, _) => self.wrong(place, &name, &unknown(&name)),
            }
        }
    }

    fn add_value(&mut self, key: &'static str, place: Place, value: &Spanned<DeValue<'_>>) {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Array(items) if LISTS.contains(&key) => {
                let texts = items.iter().map(|item| item.get_ref().as_str());
                match texts.collect::<Option<Vec<_>>>() {
                    Some(texts) => texts.join(","),
                    None => return self.wrong(place, key, "must be a list of texts"),
                }
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                return self.wrong(place, key, "must be text or a whole number");
            }
        };
        self.values.insert(key, (place, text));
    }

    /// Where a setting stands that is not taken yet; none where it is not set.
    pub(super) fn place(&self, key: &'static str) -> Option<Place> {
        debug_assert!(KEYS.contains(&key), "{key}");
        self.values.get(key).map(|(place, _)| place.clone())
    }

    /// Keeps a mistake for [`Self::finish`].
    pub(super) fn wrong(&mut self, place: Place, key: &str, message: &str) {
        let message = format!("{key} {message}");
        self.mistakes.push(Mistake { place, message });
    }

    /// A setting's value; none where it is not set, or wrong, which is kept for [`Self::finish`].
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        debug_assert!(KEYS.contains(&key), "{key}");
        let (place, text) = self.values.remove(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.wrong(place, key, &message);
                None
            }
        }
    }

    /// # Errors
    /// With all mistakes, where there are any.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        debug_assert!(self.values.is_empty(), "{:?}", self.values.keys());
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Mistakes(self.mistakes))
        }
    }
}

fn variable_of(key: &str) -> String {
    format!("DRIFTSENTRY_{}", key.replace('.', "_").to_uppercase())
}

/// Says that there is no such key, and which one may be meant.
fn unknown(name: &str) -> String {
    let nearest = KEYS.iter().min_by_key(|known| distance(known, name));
    match nearest.filter(|known| distance(known, name) <= 3) {
        Some(known) => format!("is no key: did you mean {known}?"),
        None => format!("is no key: there are {}", KEYS.join(", ")),
    }
}

/// How many letters have to be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
