//! Puts what a browser gets into the binary: the web UI's build and Swagger UI, compressed.
//!
//! Writes `files.rs` to `OUT_DIR`, which `src/server/files.rs` includes, and beside it the bytes it names. The same
//! files give the same bytes. Node.js is not needed: `assets/dist` is committed.

mod compress;
mod content_type;
mod table;
mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use walk::Source;

/// The web UI's build, served from the root.
const UI: &str = "assets/dist";
/// Swagger UI, served under `/docs`.
const DOCS: &str = "assets/swagger-ui";
/// What the server counts on: the page of the UI, and what `/docs` takes from there.
const NEEDED: [&str; 3] = ["index.html", "theme.js", "favicon.svg"];

/// Why the files can't be embedded: a sentence that says what to do.
type Refusal = String;

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            println!("cargo::error={refusal}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), Refusal> {
    for watched in ["build", UI, DOCS] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    for name in NEEDED {
        if !root.join(UI).join(name).is_file() {
            return Err(format!(
                "{UI}/{name} is missing: build the web UI with `npm ci && npm run build` in assets/."
            ));
        }
    }
    let ui = walk::files(&root.join(UI), "")?;
    let docs = walk::files(&root.join(DOCS), "/docs")?;
    let tables = [
        ("UI", "The web UI's files.", ui),
        ("DOCS", "Swagger UI's files.", docs),
    ];
    let mut code = String::new();
    for (name, meaning, sources) in tables {
        code.push_str(&table_of(name, meaning, &sources, &out)?);
    }
    write(&out.join("files.rs"), code.as_bytes())
}

fn table_of(name: &str, meaning: &str, sources: &[Source], out: &Path) -> Result<String, Refusal> {
    let mut table = table::Table::new(name, meaning, sources.len());
    for (n, source) in sources.iter().enumerate() {
        let plain = fs::read(&source.file)
            .map_err(|error| format!("can't read {}: {error}.", source.file.display()))?;
        let content_type = content_type::of(&source.file)?;
        let forms = compress::forms(plain);
        for form in forms.embedded() {
            let file = out.join(table.bytes_name(n, form.coding));
            write(&file, &form.bytes)?;
        }
        table.add(n, &source.path, content_type, &forms);
    }
    Ok(table.code())
}

fn variable(name: &str) -> Result<String, Refusal> {
    env::var(name).map_err(|_| format!("{name} is not set: run this by cargo."))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    fs::write(file, bytes).map_err(|error| format!("can't write {}: {error}.", file.display()))
}
