//! Where settings come from, and the mistakes found in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::table::{Kind, SETTINGS, Setting};
use crate::config::value;

/// Variables of ours that are no settings.
const OTHER_VARIABLES: [&str; 5] = [
    "DRIFTSENTRY_CONFIG",
    "DRIFTSENTRY_API_KEY",
    "DRIFTSENTRY_SERVER",
    "DRIFTSENTRY_WORKSPACE",
    "DRIFTSENTRY_DEMO_PASSWORD",
];

/// Where a setting stands. What wins comes later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The directory that systemd keeps for the service.
    StateDirectory,
    /// A systemd credential, by its name.
    Credential(&'static str),
    /// A line of a file, from 1.
    Line(PathBuf, usize),
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Place {
    /// Which of the sources it is.
    fn rank(&self) -> u8 {
        match self {
            Self::StateDirectory => 0,
            Self::Credential(_) => 1,
            Self::Line(..) => 2,
            Self::Variable(_) => 3,
            Self::Flag(_) => 4,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateDirectory => f.write_str("$STATE_DIRECTORY"),
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Credential(name) => write!(f, "$CREDENTIALS_DIRECTORY/{name}"),
        }
    }
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: the configuration file can't be read ({cause}): name another with --config, or mend its permissions", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Everything that is wrong.
    #[error("{}", .0.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<Mistake>),
}

impl ConfigError {
    /// A line for each mistake.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec![self.to_string()],
            Self::Mistakes(all) => all.iter().map(Mistake::to_string).collect(),
        }
    }
}

/// The text of a configuration file.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
        path: path.to_owned(),
        cause,
    })
}

/// A setting's value as it is given, with its place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) place: Place,
    pub(super) text: String,
}

/// Settings as text until they are taken. Some are secret: nothing prints them.
#[derive(Default)]
pub(super) struct Settings {
    given: BTreeMap<&'static str, Given>,
    taken: BTreeSet<&'static str>,
    mistakes: Vec<Mistake>,
    notes: Vec<String>,
}

impl Settings {
    pub(super) fn add_flag(&mut self, key: &'static str, value: Option<String>) {
        let flag = Setting::of(key).and_then(|setting| setting.flag);
        if let (Some(text), Some(flag)) = (value, flag) {
            let place = Place::Flag(flag);
            self.given.insert(key, Given { place, text });
        }
    }

    /// Takes over each variable of ours. One that looks like a misspelt setting is a mistake; another that is none is noted
    /// only, since an orchestrator may set some of its own.
    pub(super) fn add_environment(&mut self, environment: &[(OsString, OsString)]) {
        for (name, value) in environment {
            let Some(name) = name.to_str() else { continue };
            // An empty variable is how many tools unset one.
            if !name.starts_with("DRIFTSENTRY_") || value.is_empty() {
                continue;
            }
            let place = Place::Variable(name.to_owned());
            match SETTINGS.iter().find(|setting| setting.variable() == name) {
                Some(setting) => match value.to_str() {
                    Some(text) => {
                        let text = text.to_owned();
                        self.given.insert(setting.key, Given { place, text });
                    }
                    None => self.wrong(place, setting.key, "is no text: it must be UTF-8"),
                },
                None if OTHER_VARIABLES.contains(&name) => {}
                None => match nearest(name, SETTINGS.iter().map(Setting::variable)) {
                    Some(meant) => self.mistakes.push(Mistake {
                        place,
                        message: format!("is no setting: did you mean {meant}?"),
                    }),
                    None => self.notes.push(name.to_owned()),
                },
            }
        }
    }

    /// Takes over the first of the directories that systemd keeps for the service, with colons between them.
    pub(super) fn add_state_directory(&mut self, directories: &OsStr) {
        let directories = directories.to_string_lossy();
        if let Some(first) = directories.split(':').find(|first| !first.is_empty()) {
            let (place, text) = (Place::StateDirectory, first.to_owned());
            self.given.insert("data_dir", Given { place, text });
        }
    }

    /// Takes over what systemd has put into this directory.
    pub(super) fn add_credentials(&mut self, directory: &OsStr) {
        for setting in SETTINGS {
            let Some(name) = setting.credential else {
                continue;
            };
            let path = Path::new(directory).join(name);
            if !path.exists() {
                continue;
            }
            let (place, text) = (Place::Credential(name), path.display().to_string());
            self.given.insert(setting.key, Given { place, text });
        }
    }

    pub(super) fn add_file(&mut self, path: &Path, text: &str) {
        let line_of = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            Place::Line(path.to_owned(), before.matches('\n').count() + 1)
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        let told = self.mistakes.len();
        self.add_table(table.get_ref(), "", &line_of);
        let errors: Vec<Mistake> = errors
            .iter()
            .map(|error| Mistake {
                place: line_of(error.span().map_or(0, |span| span.start)),
                message: format!("is no TOML: {}", error.message().trim().replace('\n', ", ")),
            })
            .collect();
        // What was made of a broken line is no second mistake.
        let mut found = self.mistakes.split_off(told);
        found.retain(|mistake| errors.iter().all(|error| error.place != mistake.place));
        self.mistakes.extend(errors);
        self.mistakes.extend(found);
    }

    fn add_table(&mut self, table: &DeTable<'_>, prefix: &str, line_of: &dyn Fn(usize) -> Place) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let place = line_of(key.span().start);
            let is_section = keys_of(&name).next().is_some();
            match (Setting::of(&name), value.get_ref()) {
                (Some(setting), _) => self.add_value(setting, place, value),
                (None, DeValue::Table(inner)) if is_section => {
                    self.add_table(inner, &format!("{name}."), line_of);
                }
                (None, _) if is_section => self.wrong(
                    place,
                    &name,
                    &format!("must be a section: write [{name}] and its keys below"),
                ),
                (None, _) => self.wrong(place, &name, &unknown(&name)),
            }
        }
    }

    fn add_value(&mut self, setting: &'static Setting, place: Place, value: &Spanned<DeValue<'_>>) {
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(match number.radix() {
                10 => number.as_str().replace('_', ""),
                _ => number.to_string(),
            }),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            DeValue::Array(items) if matches!(setting.kind, Kind::List(_)) => {
                let texts = items.iter().map(|item| item.get_ref().as_str());
                texts
                    .collect::<Option<Vec<_>>>()
                    .map(|texts| texts.join(", "))
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                None
            }
        };
        match text {
            Some(text) => {
                self.given.insert(setting.key, Given { place, text });
            }
            None => {
                let message = format!("must be {}", setting.kind.allowed());
                self.wrong(place, setting.key, &message);
            }
        }
    }

    /// Everything that is given, as it is given.
    pub(super) fn given(&self) -> &BTreeMap<&'static str, Given> {
        &self.given
    }

    /// Variables that begin as ours do and are no settings.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where a setting stands; none where it is not set.
    pub(super) fn place(&self, key: &'static str) -> Option<Place> {
        self.given.get(key).map(|given| given.place.clone())
    }

    /// Keeps a mistake for [`Self::finish`].
    pub(super) fn wrong(&mut self, place: Place, key: &str, message: &str) {
        let message = format!("{key} {message}");
        self.mistakes.push(Mistake { place, message });
    }

    /// A setting's value, else the table's default; none where there is neither, or where it is wrong, which is kept for
    /// [`Self::finish`].
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.taken.insert(key);
        let setting = Setting::of(key);
        debug_assert!(setting.is_some(), "{key} is not in the table");
        let Some(Given { place, text }) = self.given.get(key).cloned() else {
            return setting?.default.and_then(|text| parse(text).ok());
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.wrong(place, key, &message);
                None
            }
        }
    }

    /// A value of which the table tells what is allowed.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let setting = Setting::of(key)?;
        self.take(key, |text| {
            parse(text).ok_or_else(|| {
                let allowed = setting.kind.allowed();
                if setting.is_secret() {
                    format!("must be {allowed}")
                } else {
                    format!("must be {allowed}, not {text:?}")
                }
            })
        })
    }

    pub(super) fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        self.text(key, value::address)
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.text(key, |text| (!text.is_empty()).then(|| PathBuf::from(text)))
    }

    pub(super) fn truth(&mut self, key: &'static str) -> bool {
        self.text(key, value::truth).unwrap_or_default()
    }

    /// A whole number, or a size in bytes, within the table's bounds.
    pub(super) fn number(&mut self, key: &'static str) -> Option<u64> {
        let kind = Setting::of(key)?.kind;
        self.text(key, |text| {
            let (number, min, max) = match kind {
                Kind::Whole(min, max) => (text.trim().parse().ok()?, min, max),
                Kind::Bytes(min, max) => (value::bytes(text)?, min, max),
                _ => return None,
            };
            (min..=max).contains(&number).then_some(number)
        })
    }

    /// A whole number of something that is counted.
    pub(super) fn count(&mut self, key: &'static str) -> usize {
        let count = self.number(key);
        count
            .and_then(|count| count.try_into().ok())
            .unwrap_or_default()
    }

    pub(super) fn span_ms(&mut self, key: &'static str) -> i64 {
        self.text(key, value::span_ms).unwrap_or_default()
    }

    /// A secret, given as it is or in the file that `…_file` names. Both from one source are one too many; else the source
    /// that wins elsewhere wins here.
    pub(super) fn secret<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let file_key = SETTINGS
            .iter()
            .map(|setting| setting.key)
            .find(|other| other.strip_suffix("_file") == Some(key))?;
        let (itself, file) = (self.place(key), self.place(file_key));
        if let (Some(itself), Some(file)) = (&itself, &file)
            && itself.rank() == file.rank()
        {
            let message = format!("is set beside {key}: keep one of them");
            self.wrong(file.clone(), file_key, &message);
        }
        let secret = self.take(key, &parse);
        let filed = self.take(file_key, |path| {
            let secret = value::secret_file(path)?;
            parse(&secret).map_err(|message| format!("names {path}, whose text {message}"))
        });
        let file_wins = file.map(|place| place.rank()) > itself.map(|place| place.rank());
        if file_wins { filed } else { secret.or(filed) }
    }

    /// # Errors
    /// With all mistakes, where there are any.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        debug_assert!(
            SETTINGS.iter().all(|each| self.taken.contains(each.key)),
            "a setting of the table is never taken"
        );
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            self.mistakes.sort();
            Err(ConfigError::Mistakes(self.mistakes))
        }
    }
}

/// The keys in a section, without its name.
fn keys_of(section: &str) -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter_map(move |setting| {
        let rest = setting.key.strip_prefix(section)?;
        rest.strip_prefix('.')
    })
}

/// Says that there is no such key, and which one may be meant.
fn unknown(name: &str) -> String {
    let keys = || SETTINGS.iter().map(|setting| setting.key);
    if let Some(known) = nearest(name, keys().map(str::to_owned)) {
        return format!("is no key: did you mean {known}?");
    }
    // Whoever forgot the section means the key in it.
    if let Some(known) = keys().find(|key| key.ends_with(&format!(".{name}"))) {
        return format!("is no key: did you mean {known}?");
    }
    let section = name.rsplit_once('.').map_or("", |(section, _)| section);
    let in_section: Vec<&str> = keys_of(section).collect();
    if in_section.is_empty() {
        format!(
            "is no key: there are {}",
            keys().collect::<Vec<_>>().join(", ")
        )
    } else {
        format!("is no key: [{section}] has {}", in_section.join(", "))
    }
}

/// The known name that is meant: nearly the same letters.
fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let found = known.min_by_key(|known| distance(known, name))?;
    (distance(&found, name) <= 3).then_some(found)
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
