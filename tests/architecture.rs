//! The rules of the map: which part of the source may know which other.
//!
//! Imports run one way: `cli → server → */api.rs + http → features → store → ground`. The rules are read off the
//! text, `use` lines and paths alike, so that they hold for what nobody thought to review.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What everything may import, and what imports nothing of ours. A domain feature that all others name, such as
/// a scan's shape, is not ground: it is lower in [`FEATURES`].
const GROUND: [&str; 8] = [
    "error", "hex", "ids", "live", "time", "money", "severity", "actor",
];

/// Features, lowest first: each may import those before it, none after it.
const FEATURES: [&str; 13] = [
    // What a scan says is what others decide on: its shape lies below, its parsers know nothing of a store.
    "ingest",
    "events",
    "audit",
    "users",
    "sessions",
    "keys",
    "alerts",
    "workspaces",
    "drifts",
    "scans",
    "metrics",
    "retention",
    "intake",
];

/// Modules of the edges and the shared layers, by rank from the ground up.
const LAYERS: [(&str, u8); 12] = [
    ("store", 1),
    // Numbered rows and their bitmaps, which every list is made of: beside the store, below what is listed.
    ("listing", 1),
    // Speaks to another server, and knows nothing of this one.
    ("client", 1),
    // 2 is the features, 3 their `api.rs`.
    ("http", 3),
    ("config", 3),
    ("telemetry", 3),
    ("check", 3),
    ("demo", 3),
    ("backup", 3),
    ("server", 4),
    // What commands on the machine ask for, over a socket or of the store: beside HTTP.
    ("control", 4),
    ("cli", 5),
];

/// Longer files are two subjects; tests at a file's end don't count.
const MOST_LINES: usize = 700;

/// One source file, without its comments and without its unit tests.
struct Source {
    /// From the repository's root, such as `src/drifts/api.rs`.
    path: String,
    /// Number and text of each line of code.
    lines: Vec<(usize, String)>,
}

impl Source {
    /// The top module it belongs to: `drifts` for `src/drifts/api.rs` and `src/drifts.rs`.
    fn module(&self) -> &str {
        let inner = self.path.trim_start_matches("src/");
        inner
            .split(['/', '.'])
            .next()
            .expect("a path has a first part")
    }

    fn is_api(&self) -> bool {
        self.path.ends_with("/api.rs") || self.path.contains("/api/")
    }

    fn is_feature(&self) -> bool {
        FEATURES.contains(&self.module())
    }

    fn is_root(&self) -> bool {
        matches!(self.path.as_str(), "src/lib.rs" | "src/main.rs")
    }

    /// Lines that name `word` as a whole identifier.
    fn naming<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines
            .iter()
            .filter(move |(_, line)| names(line, word))
            .map(|(number, line)| (*number, line.as_str()))
    }

    /// Our own top modules that a line imports or names: `crate::drifts::…`, `crate::{audit, events}`.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (index, (number, line)) in self.lines.iter().enumerate() {
            for after in line.split("crate::").skip(1) {
                if let Some(list) = after.strip_prefix('{') {
                    let whole: String = std::iter::once(list)
                        .chain(
                            self.lines[index + 1..]
                                .iter()
                                .map(|(_, line)| line.as_str()),
                        )
                        .collect();
                    found.extend(
                        heads_of_list(&whole)
                            .into_iter()
                            .map(|head| (*number, head)),
                    );
                } else {
                    found.push((*number, identifier(after)));
                }
            }
        }
        found
    }
}

/// The identifier a text begins with.
fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first identifier of each element of `a::{b, c}, d}`, up to the brace that closes the list.
fn heads_of_list(text: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut start = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && (c.is_alphanumeric() || c == '_') => {
                heads.push(identifier(rest));
                start = false;
            }
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    heads
}

/// Whether `line` holds `word` with no identifier character on either side.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    assert!(files.len() > 5, "no sources under {}", root.display());
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a source file is text");
            Source {
                path: file
                    .strip_prefix(root)
                    .expect("under the root")
                    .to_string_lossy()
                    .into_owned(),
                lines: code_of(&text),
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_some_and(|stem| stem != "tests")
        {
            files.push(path);
        }
    }
}

/// The lines of a file before its unit tests, comments cut off.
fn code_of(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim_end() != "#[cfg(test)]")
        .map(|(index, line)| (index + 1, without_comment(line).to_owned()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

/// A line up to its `//`, unless that stands in a string such as a URL.
fn without_comment(line: &str) -> &str {
    match line.find("//") {
        Some(at) if line[..at].matches('"').count().is_multiple_of(2) => &line[..at],
        _ => line,
    }
}

/// Fails with every breach, a line each.
fn hold(rule: &str, breaches: Vec<(&Source, usize, String)>) {
    let mut said = String::new();
    for (source, number, what) in &breaches {
        let _ = writeln!(said, "{}:{number}: {what}", source.path);
    }
    assert!(breaches.is_empty(), "{rule}\n{said}");
}

#[test]
fn only_the_store_names_redb() {
    let sources = sources();
    let breaches = sources
        .iter()
        .filter(|source| source.module() != "store")
        .flat_map(|source| {
            source
                .naming("redb")
                .map(move |(n, line)| (source, n, line.trim().to_owned()))
        })
        .collect();
    hold(
        "Only src/store may name redb: ask the store for what is needed in its own words.",
        breaches,
    );
}

#[test]
fn only_the_http_layer_names_poem() {
    let sources = sources();
    let mut breaches = Vec::new();
    for source in &sources {
        if source.is_api() || matches!(source.module(), "http" | "server" | "telemetry" | "cli") {
            continue;
        }
        for word in ["poem", "poem_openapi"] {
            breaches.extend(
                source
                    .naming(word)
                    .map(|(n, line)| (source, n, line.trim().to_owned())),
            );
        }
    }
    hold(
        "Only api.rs files, src/http and src/server speak HTTP: move the translation there.",
        breaches,
    );
}

#[test]
fn only_the_http_layer_knows_status_codes() {
    let sources = sources();
    let breaches = sources
        .iter()
        // A client reads the codes that servers answer, and telemetry counts them.
        .filter(|source| {
            !matches!(
                source.module(),
                "http" | "server" | "cli" | "client" | "telemetry"
            ) && !source.is_api()
        })
        .flat_map(|source| {
            source
                .naming("StatusCode")
                .map(move |(n, line)| (source, n, line.trim().to_owned()))
        })
        .collect();
    hold(
        "Only src/http knows status codes: return an Error that says what a caller can do.",
        breaches,
    );
}

#[test]
fn a_feature_does_not_know_its_own_api() {
    let sources = sources();
    let mut breaches = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.is_feature() && !source.is_api())
    {
        for (number, line) in &source.lines {
            let names_api = [
                "self::api",
                "super::api",
                &format!("crate::{}::api", source.module()),
            ]
            .iter()
            .any(|path| line.contains(*path))
                || line.trim_start().starts_with("pub use api::")
                || line.trim_start().starts_with("use api::");
            if names_api {
                breaches.push((source, *number, line.trim().to_owned()));
            }
        }
    }
    hold(
        "A feature never imports its own api.rs: the API translates the feature, not the other way.",
        breaches,
    );
}

#[test]
fn the_ground_imports_nothing_of_ours() {
    let sources = sources();
    let mut breaches = Vec::new();
    for source in sources
        .iter()
        .filter(|source| GROUND.contains(&source.module()))
    {
        for (number, module) in source.imports() {
            if !GROUND.contains(&module.as_str())
                && module.chars().next().is_some_and(char::is_lowercase)
            {
                breaches.push((source, number, format!("imports crate::{module}")));
            }
        }
    }
    hold(
        "error, ids, time, money and actor are the ground: they import nothing of ours.",
        breaches,
    );
}

#[test]
fn imports_run_one_way() {
    let sources = sources();
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| !source.is_root()) {
        let Some(own) = rank(source.module(), source.is_api()) else {
            continue;
        };
        for (number, module) in source.imports() {
            let Some(other) = rank(&module, false) else {
                continue;
            };
            if module != source.module() && other > own {
                breaches.push((
                    source,
                    number,
                    format!("{} imports crate::{module}", source.module()),
                ));
            }
        }
    }
    hold(
        "Imports run one way: cli → server → api.rs and http → features → store → ground. Move what is shared down.",
        breaches,
    );
}

#[test]
fn features_import_one_another_one_way() {
    let sources = sources();
    let order = |module: &str| FEATURES.iter().position(|feature| *feature == module);
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| !source.is_api()) {
        let Some(own) = order(source.module()) else {
            continue;
        };
        for (number, module) in source.imports() {
            if order(&module).is_some_and(|other| other > own) {
                breaches.push((
                    source,
                    number,
                    format!("{} imports crate::{module}", source.module()),
                ));
            }
        }
    }
    hold(
        &format!(
            "Features import only those below them: {}.",
            FEATURES.join(" < ")
        ),
        breaches,
    );
}

#[test]
fn every_module_has_a_place() {
    let sources = sources();
    let breaches = sources
        .iter()
        .filter(|source| !source.is_root() && rank(source.module(), false).is_none())
        .map(|source| (source, 1, format!("{} is in no layer", source.module())))
        .collect();
    hold(
        "Give a new module its place in FEATURES or LAYERS of tests/architecture.rs.",
        breaches,
    );
}

#[test]
fn only_the_edges_read_the_clock() {
    let sources = sources();
    let mut breaches = Vec::new();
    for source in &sources {
        let edge = matches!(
            source.module(),
            "cli" | "server" | "http" | "telemetry" | "time" | "demo"
        ) || source.path == "src/store/writer.rs"
            // A clock itself, for what must not follow the wall clock's jumps.
            || source.path == "src/sessions/steady_clock.rs"
            || source.is_api();
        if edge {
            continue;
        }
        for clock in ["Timestamp::now()", "SystemTime::now()", "Zoned::now()"] {
            let lines = source.lines.iter().filter(|(_, line)| line.contains(clock));
            breaches.extend(lines.map(|(n, line)| (source, *n, line.trim().to_owned())));
        }
    }
    hold(
        "Rules receive `now`: only cli, server, http, api.rs, telemetry, store/writer.rs and the steady clock read the clock.",
        breaches,
    );
}

#[test]
fn no_file_holds_two_subjects() {
    let sources = sources();
    let breaches = sources
        .iter()
        .filter_map(|source| {
            let last = source.lines.last().map_or(0, |(number, _)| *number);
            (last > MOST_LINES).then(|| (source, last, format!("{last} lines before its tests")))
        })
        .collect();
    hold(
        &format!("A file past {MOST_LINES} lines is two subjects: make it two files."),
        breaches,
    );
}

#[test]
fn modules_name_what_they_import() {
    let sources = sources();
    let breaches = sources
        .iter()
        .flat_map(|source| {
            source
                .lines
                .iter()
                .filter(|(_, line)| line.trim() == "use super::*;")
                .map(move |(n, line)| (source, *n, line.trim().to_owned()))
        })
        .collect();
    hold(
        "No glob imports of the parent outside tests: name what is used.",
        breaches,
    );
}

/// How far above the ground a module stands; none for what has no place yet.
fn rank(module: &str, api: bool) -> Option<u8> {
    if GROUND.contains(&module) {
        return Some(0);
    }
    if FEATURES.contains(&module) {
        return Some(if api { 3 } else { 2 });
    }
    LAYERS
        .iter()
        .find(|(layer, _)| *layer == module)
        .map(|(_, rank)| *rank)
}

#[test]
fn imports_are_read_in_every_spelling() {
    let source = Source {
        path: "src/drifts/api.rs".to_owned(),
        lines: code_of(
            "use crate::{alerts::{read_all_of, self}, audit, // crate::cli\n  store::Reads};\nlet x = crate::http::ok(1);\n\
             #[cfg(test)]\nuse crate::cli;",
        ),
    };
    let modules: Vec<String> = source
        .imports()
        .into_iter()
        .map(|(_, module)| module)
        .collect();
    assert_eq!(modules, ["alerts", "audit", "store", "http"]);
    assert!(names("use redb::Database;", "redb") && !names("let redbull = 1;", "redb"));
}
