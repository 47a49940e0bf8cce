//! The API key of a command: from the environment or a file, never from the command line, where others could see it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// The key in this file, else in `DRIFTSENTRY_API_KEY`, where there is one.
///
/// # Errors
/// `Invalid`, when the file can't be read or holds something else.
pub(super) fn api_key(file: Option<&Path>) -> Result<Option<String>> {
    let Some(path) = file else {
        return Ok(std::env::var("DRIFTSENTRY_API_KEY")
            .ok()
            .filter(|key| !key.is_empty()));
    };
    let mut key = String::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_string(&mut key));
    read.map_err(|error| {
        Error::invalid(
            "--api-key-file",
            format!("{} can't be read: {error}", path.display()),
        )
    })?;
    let key = key.trim();
    if key.is_empty() || key.contains(char::is_whitespace) {
        return Err(Error::invalid(
            "--api-key-file",
            "must hold one API key and nothing else",
        ));
    }
    Ok(Some(key.to_owned()))
}
