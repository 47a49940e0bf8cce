//! Text from a plan, made safe to print: it is not ours, and a terminal obeys what it is told.

use crate::ingest::{Change, Finding, Kind};
use serde_json::Value;

/// The most characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 60;
/// The most differences of one resource that are shown with their values.
const MAX_CHANGES: usize = 5;

/// One line: control characters and those that turn the writing direction are spelled out.
pub(super) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in text.chars() {
        let turns = matches!(one, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if one.is_control() || turns {
            safe.extend(one.escape_default());
        } else {
            safe.push(one);
        }
    }
    safe
}

/// A value in few words.
pub(super) fn value(value: &Value) -> String {
    let whole = match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    let mut short: String = whole.chars().take(MAX_VALUE_CHARS).collect();
    if short.len() < whole.len() {
        short.push('…');
    }
    line(&short)
}

/// A pointer as people write a path: `ingress.0.from_port`.
pub(super) fn path(pointer: &str) -> String {
    let parts: Vec<_> = pointer
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    line(&parts.join("."))
}

/// What changed, a line each: names and values where they are few, else the attributes' names.
pub(super) fn changes(finding: &Finding) -> Vec<String> {
    let differences = &finding.difference;
    if differences.len() > MAX_CHANGES {
        let mut names: Vec<String> = Vec::new();
        for difference in differences {
            let name = path(
                difference
                    .pointer
                    .split('/')
                    .take(2)
                    .collect::<Vec<_>>()
                    .join("/")
                    .as_str(),
            );
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.push(format!("({} values)", differences.len()));
        return vec![format!(
            "{} {}",
            names[..names.len() - 1].join(", "),
            names[names.len() - 1]
        )];
    }
    (differences.iter())
        .map(|one| {
            let path = path(&one.pointer);
            if one.sensitive {
                return format!("{path}: (sensitive) {}", verb(one.change));
            }
            // A commit goes from the live value to the declared one; drift went the other way.
            if finding.kind == Kind::Pending {
                return format!("{path}: {} → {}", value(&one.actual), value(&one.expected));
            }
            match one.change {
                Change::Added => format!("{path}: + {}", value(&one.actual)),
                Change::Removed => format!("{path}: - {}", value(&one.expected)),
                Change::Changed => {
                    format!("{path}: {} → {}", value(&one.expected), value(&one.actual))
                }
            }
        })
        .collect()
}

fn verb(change: Change) -> &'static str {
    match change {
        Change::Changed => "changed",
        Change::Added => "added",
        Change::Removed => "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        let safe = line("a\x1b[31m\u{202e}b\r\n\u{7}é漢");
        assert_eq!(safe, "a\\u{1b}[31m\\u{202e}b\\r\\n\\u{7}é漢");
        assert_eq!(value(&Value::from("x\ny")), "x\\ny");
        assert!(value(&Value::from("x".repeat(10_000))).chars().count() <= MAX_VALUE_CHARS + 1);
        assert_eq!(path("/tags/a~1b"), "tags.a/b");
    }
}
