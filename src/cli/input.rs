//! The file that `report` and `push` read: named, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// An opened input.
pub(super) struct Input {
    /// Its bytes.
    pub(super) reader: Box<dyn Read>,
    /// How many there are, where it is a file.
    pub(super) length: Option<u64>,
}

/// Whether this names standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// `Invalid`, named after the file.
pub(super) fn open(file: &Path) -> Result<Input> {
    if is_stdin(file) {
        if io::stdin().is_terminal() {
            eprintln!("driftsentry: reading standard input; end it with Ctrl-D");
        }
        return Ok(Input {
            reader: Box::new(io::stdin().lock()),
            length: None,
        });
    }
    let name: String = file
        .to_string_lossy()
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let named = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
            _ => error.to_string(),
        };
        Error::invalid(name.clone(), why)
    };
    let opened = File::open(file).map_err(named)?;
    let metadata = opened.metadata().map_err(named)?;
    if metadata.is_dir() {
        return Err(Error::invalid(name, "is a directory: name the plan's file"));
    }
    Ok(Input {
        reader: Box::new(opened),
        length: metadata.is_file().then_some(metadata.len()),
    })
}
