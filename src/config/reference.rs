//! The settings as documents: a commented example, and the README's table.

use std::fmt::Write;

use crate::config::table::{Reload, SETTINGS, Setting};
use crate::config::values::toml;

/// How wide a comment of the example is.
const WIDTH: usize = 100;

/// A configuration file with every setting in it, commented out, at its default.
pub fn example() -> String {
    let mut out = String::from(
        "# The configuration of DriftSentry, as `driftsentry config example` prints it: every setting there is, with its default.
# To set one, remove the # before its key. A flag wins over the environment, that over this file, that over a credential
# of systemd's in $CREDENTIALS_DIRECTORY, that over the default.
#
# Check it:      driftsentry config check --config /etc/driftsentry/config.toml
# Take it over:  systemctl reload driftsentry, or SIGHUP, where it says \"at reload\"; else restart.
",
    );
    let mut current = "";
    for setting in SETTINGS {
        let (section, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        out.push('\n');
        if section != current {
            current = section;
            write_out(&mut out, format_args!("[{section}]\n\n"));
        }
        let mut text = sentence(&plain(&describe(setting)));
        write_out(&mut text, format_args!(" {}", variable_sentence(setting)));
        for line in wrapped(&text) {
            write_out(&mut out, format_args!("# {line}\n"));
        }
        match setting.default {
            Some(default) => {
                let value = toml(setting.kind, default);
                write_out(&mut out, format_args!("#{name} = {value}\n"));
            }
            None => {
                let unset = setting.unset.map(|unset| format!(": {}", plain(unset)));
                let unset = unset.unwrap_or_default();
                write_out(&mut out, format_args!("#{name} is not set{unset}\n"));
            }
        }
    }
    out
}

/// The README's table, in Markdown.
pub fn reference() -> String {
    let mut out = String::from(
        "| key | variable, flag, credential | default | | taken over |\n| --- | --- | --- | --- | --- |\n",
    );
    for setting in SETTINGS {
        let mut names = format!("`{}`", setting.variable());
        if let Some(flag) = setting.flag {
            write_out(&mut names, format_args!(", `{flag}`"));
        }
        if let Some(credential) = setting.credential {
            write_out(&mut names, format_args!(", credential `{credential}`"));
        }
        let default = match (setting.default, setting.unset) {
            (Some(default), _) => format!("`{default}`"),
            (None, Some(unset)) => unset.to_owned(),
            (None, None) => "none".to_owned(),
        };
        let reload = match setting.reload {
            Reload::Live => "at SIGHUP",
            Reload::Restart => "at a start",
        };
        write_out(
            &mut out,
            format_args!(
                "| `{}` | {names} | {default} | {} | {reload} |\n",
                setting.key,
                describe(setting)
            ),
        );
    }
    out
}

/// What it is for and what is allowed.
fn describe(setting: &Setting) -> String {
    use crate::config::table::Kind;
    match setting.kind {
        Kind::Path | Kind::Truth => setting.about.to_owned(),
        kind => format!("{}: {}", setting.about, kind.allowed()),
    }
}

fn variable_sentence(setting: &Setting) -> String {
    let mut out = format!("Variable {}", setting.variable());
    if let Some(flag) = setting.flag {
        write_out(&mut out, format_args!(", flag {flag}"));
    }
    if let Some(credential) = setting.credential {
        write_out(&mut out, format_args!(", credential {credential}"));
    }
    out.push_str(match setting.reload {
        Reload::Live => ". Taken over at reload.",
        Reload::Restart => ". Taken over at a start.",
    });
    out
}

/// The text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// The text without Markdown's links and code marks.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let Some((name, after)) = rest[start + 1..].split_once("](") else {
            break;
        };
        let Some((_, after)) = after.split_once(')') else {
            break;
        };
        out.push_str(&rest[..start]);
        out.push_str(name);
        rest = after;
    }
    out.push_str(rest);
    out.replace('`', "")
}

/// Lines of at most [`WIDTH`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].len() + 1 + word.len() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

/// Writing into a string can't fail.
fn write_out(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn committed(path: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_example_is_complete_and_equal_to_the_defaults() {
        let example = committed("systemd/config.toml");
        assert_eq!(example, super::example(), "run scripts/settings");
        let defaults = Config::of(&Sources::default()).unwrap();
        // As it is, and with each default's # removed.
        let all = example.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.contains(" = ") && !rest.starts_with(' ') => rest,
            _ => line,
        });
        let all = all.collect::<Vec<_>>().join("\n");
        for text in [example.clone(), all.clone()] {
            let sources = Sources {
                file: Some(("example.toml".into(), text)),
                ..Sources::default()
            };
            let config = Config::of(&sources).unwrap();
            let config = Config {
                values: defaults.values.clone(),
                ..config
            };
            assert_eq!(config, defaults);
        }
        let set = all
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains(" = "));
        let with_default = SETTINGS.iter().filter(|each| each.default.is_some());
        assert_eq!(set.count(), with_default.count());
        let unset = all
            .lines()
            .filter(|line| line.starts_with('#') && line.contains(" is not set"));
        let without = SETTINGS.iter().filter(|each| each.default.is_none());
        assert_eq!(unset.count(), without.count());
        assert!(example.lines().all(|line| line.chars().count() <= 130));
    }

    #[test]
    fn the_readme_has_the_table() {
        let readme = committed("README.md");
        assert!(readme.contains(&reference()), "run scripts/settings");
    }

    #[test]
    fn links_are_told_by_their_names() {
        assert_eq!(plain("an [alert](#alerts) of `x`"), "an alert of x");
    }
}
