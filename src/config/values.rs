//! The configuration as text, with where each value comes from: what `config show` prints, and what a reload compares.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::config::source::{Place, Settings};
use crate::config::table::{Kind, Reload, SETTINGS, Setting};

/// Every setting with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Values {
    all: Vec<Value>,
    unknown_variables: Vec<String>,
}

/// One setting with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Which one.
    pub setting: &'static Setting,
    /// Its text, given or by default. Not to be shown where it is secret: see [`Value::shown`].
    text: Option<String>,
    /// Where it is given; none for the default.
    pub place: Option<Place>,
    /// The setting that wins over it, where its secret comes from elsewhere.
    pub loses_to: Option<&'static str>,
}

/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

impl Values {
    pub(super) fn of(settings: &Settings) -> Self {
        let given = settings.given();
        let rank = |key: &str| given.get(key).map(|given| given.place.clone());
        let value = |setting: &'static Setting| {
            let twin = SETTINGS.iter().map(|other| other.key).find(|other| {
                other.strip_suffix("_file") == Some(setting.key)
                    || setting.key.strip_suffix("_file") == Some(other)
            });
            let found = given.get(setting.key);
            let text = found.map(|given| given.text.clone());
            Value {
                setting,
                text: text.or(setting.default.map(str::to_owned)),
                place: found.map(|given| given.place.clone()),
                loses_to: twin.filter(|twin| found.is_some() && rank(twin) > rank(setting.key)),
            }
        };
        Self {
            all: SETTINGS.iter().map(value).collect(),
            unknown_variables: settings.notes().to_vec(),
        }
    }

    /// All of them, in the table's order.
    pub fn all(&self) -> &[Value] {
        &self.all
    }

    /// Variables that begin with `DRIFTSENTRY_` and are no settings.
    pub fn unknown_variables(&self) -> &[String] {
        &self.unknown_variables
    }

    /// Those that are not as they were, each with its value before.
    pub fn changes<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        let both = self.all.iter().zip(&before.all);
        both.filter(|(now, before)| now.text != before.text)
    }

    /// These, but what needs a restart is as it was before: until then it has not changed.
    pub fn with_pending(&self, before: &Self) -> Self {
        let both = self.all.iter().zip(&before.all);
        let held = both.map(|(now, before)| match now.setting.reload {
            Reload::Live => now.clone(),
            Reload::Restart => before.clone(),
        });
        Self {
            all: held.collect(),
            unknown_variables: self.unknown_variables.clone(),
        }
    }
}

impl Value {
    /// The value as it may be shown; none where it is unset.
    pub fn shown(&self) -> Option<Cow<'_, str>> {
        let text = self.text.as_deref()?;
        Some(if self.setting.is_secret() {
            Cow::Borrowed(HIDDEN)
        } else {
            without_credentials(text)
        })
    }

    /// Where it comes from, as people read it.
    pub fn origin(&self) -> String {
        match (&self.place, self.loses_to) {
            (Some(place), None) => place.to_string(),
            (Some(place), Some(winner)) => format!("{place}, not used: {winner} wins"),
            (None, _) => match self.setting.unset {
                Some(unset) => format!("not set: {unset}"),
                None if self.text.is_none() => "not set".to_owned(),
                None => "default".to_owned(),
            },
        }
    }

    /// The line that a file would have; a comment where it is unset or secret.
    pub fn line(&self) -> String {
        let key = self.setting.key;
        match self.shown() {
            Some(shown) if self.setting.is_secret() => format!("# {key} = {shown}"),
            Some(shown) => format!("{key} = {}", toml(self.setting.kind, &shown)),
            None => format!("# {key}"),
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.all.iter().map(Value::line).collect();
        let longest = lines.iter().map(String::len).filter(|length| *length <= 60);
        let width = longest.max().unwrap_or(0);
        for (value, line) in self.all.iter().zip(&lines) {
            writeln!(f, "{line:width$}  # {}", value.origin())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

/// A value as TOML has it.
pub(super) fn toml(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Truth => text.to_owned(),
        Kind::Whole(..) | Kind::Bytes(..) if text.parse::<u64>().is_ok() => text.to_owned(),
        Kind::List(_) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
        }
        _ => quoted(text),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                // Writing into a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text with what stands before the `@` of a URL hidden.
fn without_credentials(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Cow::Borrowed(text);
    };
    let authority = rest.find('/').map_or(rest, |end| &rest[..end]);
    match authority.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://{HIDDEN}{}", &rest[at..])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn sources(file: &str) -> Sources {
        Sources {
            environment: vec![(
                "DRIFTSENTRY_METRICS_TOKEN".into(),
                "t0psecret-0123456789".into(),
            )],
            file: Some(("/etc/c.toml".into(), file.to_owned())),
            ..Sources::default()
        }
    }

    #[test]
    fn what_is_shown_is_a_file_again_with_origins_and_without_secrets() {
        let file =
            "listen = '127.0.0.1:1'\ntrusted_proxies = ['::1', '10.0.0.0/8']\nlog.file = 'a\"\\b'";
        let config = Config::of(&sources(file)).unwrap();
        let shown = config.values.to_string();
        for line in [
            "listen = \"127.0.0.1:1\" ",
            "# /etc/c.toml:1\n",
            "trusted_proxies = [\"::1\", \"10.0.0.0/8\"]",
            "limits.scan_bytes = \"256 MiB\"",
            "# metrics.token = (hidden) ",
            "# DRIFTSENTRY_METRICS_TOKEN\n",
            "# not set: HTTP, on loopback only\n",
        ] {
            assert!(shown.contains(line), "{line} in\n{shown}");
        }
        assert!(!shown.contains("t0psecret"), "{shown}");
        let again = Config::of(&sources(&shown)).unwrap();
        assert_eq!(
            Config {
                values: config.values.clone(),
                ..again
            },
            config
        );
    }

    #[test]
    fn a_password_in_a_url_is_hidden() {
        for (text, shown) in [
            ("https://me:pw@host:1/x@y", "https://(hidden)@host:1/x@y"),
            ("https://host/x@y", "https://host/x@y"),
            ("ana@example.com", "ana@example.com"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }
}
