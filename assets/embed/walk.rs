//! Which files there are, and where they are served.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Refusal;

/// One file to embed.
pub(crate) struct Source {
    /// Where it is served, such as `/assets/index-1a2b3c4d.js`.
    pub(crate) path: String,
    /// Where it lies.
    pub(crate) file: PathBuf,
}

/// All files below a directory, by path. `index.html` is served at the prefix itself; what has no extension, such as
/// a LICENSE, and what is hidden is left out.
pub(crate) fn files(directory: &Path, prefix: &str) -> Result<Vec<Source>, Refusal> {
    let mut found = Vec::new();
    collect(directory, prefix, &mut found)?;
    // Directories are listed in any order, and the server looks files up by halving.
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<Source>) -> Result<(), Refusal> {
    let unreadable = |error| format!("can't list {}: {error}.", directory.display());
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        let plain = |name: &&str| name.bytes().all(is_plain);
        let Some(name) = name.filter(plain) else {
            return Err(format!(
                "{} can't be served by its name: use letters, digits, and . _ - only.",
                file.display()
            ));
        };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}/{name}");
        if file.is_dir() {
            collect(&file, &path, found)?;
        } else if file.extension().is_some() {
            let path = match path.strip_suffix("/index.html") {
                Some("") => "/".to_owned(),
                Some(prefix) => prefix.to_owned(),
                None => path,
            };
            found.push(Source { path, file });
        }
    }
    Ok(())
}

/// What stands in a path as it is, without percent signs.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
