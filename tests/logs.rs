//! LOGS.md tells every log event: its table is held against the source's own calls.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// A log event as its call stands in the source, or as the table tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    level: String,
    message: String,
    target: String,
    fields: BTreeSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `driftsentry::store::writer` for `src/store/writer.rs`.
fn module_of(path: &Path) -> String {
    let inner = path.strip_prefix(root().join("src")).unwrap();
    let inner = inner.with_extension("");
    let mut parts: Vec<&str> = inner.iter().map(|part| part.to_str().unwrap()).collect();
    if matches!(parts.last(), Some(&("mod" | "lib"))) {
        parts.pop();
    }
    parts.insert(0, "driftsentry");
    parts.join("::")
}

/// What stands between the parenthesis at the start and the one that closes it, in parts by top-level commas.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut parts = vec![String::new()];
    for c in text.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            match c {
                '"' => quoted = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 1 && c == ')' => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 1 => {
                    parts.push(String::new());
                    continue;
                }
                _ => {}
            }
            if c == '(' && depth == 1 && parts[0].is_empty() && parts.len() == 1 {
                continue;
            }
        }
        parts.last_mut().unwrap().push(c);
    }
    parts
        .iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The text of a string literal.
fn literal(part: &str) -> Option<String> {
    let inner = part.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\""))
}

/// The name of a constant's value, such as the target of panics.
fn constant(code: &str, name: &str) -> String {
    let after = code
        .split(&format!("const {name}: &str = "))
        .nth(1)
        .expect(name);
    literal(after.split(';').next().unwrap()).unwrap()
}

/// One call, its level apart; the messages are those of a macro around it where it has no literal.
fn event(level: &str, parts: &[String], module: &str, code: &str) -> (Event, Option<String>) {
    let mut event = Event {
        level: level.to_owned(),
        message: String::new(),
        target: module.to_owned(),
        fields: BTreeSet::new(),
    };
    let mut template = None;
    for part in parts {
        if let Some(target) = part.strip_prefix("target:") {
            event.target = constant(code, target.trim());
        } else if let Some(text) = literal(part) {
            event.message = text;
        } else if part == "$message" {
            template = Some(part.clone());
        } else if event.message.is_empty() {
            let name = part.split(" = ").next().unwrap();
            event
                .fields
                .insert(name.trim_start_matches(['%', '?']).to_owned());
        }
    }
    (event, template)
}

/// Every event that the source can log.
fn in_source() -> BTreeSet<Event> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        if file.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        let module = module_of(&file);
        for level in LEVELS.into_iter().chain(["$level"]) {
            for (at, call) in code.match_indices(&format!("tracing::{level}!(")) {
                let parts = arguments(&code[at + call.len() - 1..]);
                let (event, template) = event(level, &parts, &module, code);
                if template.is_none() {
                    found.insert(event);
                    continue;
                }
                // A macro of the file's own: its calls name level and message.
                for (at, call) in code.match_indices("tell!(") {
                    let parts = arguments(&code[at + call.len() - 1..]);
                    found.insert(Event {
                        level: parts[0].clone(),
                        message: literal(&parts[1]).unwrap(),
                        ..event.clone()
                    });
                }
            }
        }
        for level in LEVELS {
            for (at, call) in code.match_indices(&format!("{level}!(")) {
                let before = &code[..at];
                assert!(
                    before.ends_with("tracing::")
                        || before.ends_with(|c: char| c == '_' || c.is_alphanumeric()),
                    "{}: write tracing::{call}, so that LOGS.md can be held true",
                    file.display()
                );
            }
        }
        assert!(!code.contains("tracing::event!("), "{}", file.display());
    }
    found
}

/// Every row of the table.
fn in_table() -> Vec<Event> {
    let text = std::fs::read_to_string(root().join("assets/monitoring/LOGS.md")).unwrap();
    let rows = text.lines().filter(|line| {
        LEVELS
            .iter()
            .any(|level| line.starts_with(&format!("| {level} |")))
    });
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{row}");
        assert!(cells[4].len() > 10, "what it means: {row}");
        let unquoted = |text: &str| text.replace('`', "");
        let fields = unquoted(cells[3]);
        let fields = fields.split(',').map(str::trim).filter(|name| *name != "–");
        Event {
            level: cells[0].to_owned(),
            message: cells[1].to_owned(),
            target: unquoted(cells[2]),
            fields: fields.map(str::to_owned).collect(),
        }
    })
    .collect()
}

#[test]
fn every_log_event_is_documented_with_its_fields() {
    let (source, table) = (in_source(), in_table());
    assert!(source.len() > 30, "{source:?}");
    let told: BTreeSet<Event> = table.iter().cloned().collect();
    let row = |event: &Event| {
        let fields: Vec<String> = event
            .fields
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        format!(
            "| {} | {} | `{}` | {} | … |",
            event.level,
            event.message,
            event.target,
            if fields.is_empty() {
                "–".to_owned()
            } else {
                fields.join(", ")
            }
        )
    };
    let missing: Vec<String> = source.difference(&told).map(row).collect();
    let gone: Vec<String> = told.difference(&source).map(row).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "LOGS.md lacks:\n{}\nLOGS.md has, and the source has not:\n{}",
        missing.join("\n"),
        gone.join("\n")
    );
    assert_eq!(told.len(), table.len(), "no event is told twice");
}

#[test]
fn every_message_is_a_sentence_that_is_the_same_each_time() {
    for event in in_source() {
        let message = &event.message;
        let first = message.chars().next().unwrap_or(' ');
        assert!(first.is_uppercase() || first == '/', "{event:?}");
        assert!(
            !message.contains('{') && !message.ends_with('.') && !message.contains('|'),
            "what varies is a field, and a line has no full stop: {event:?}"
        );
    }
}
