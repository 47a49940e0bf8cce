//! All data as lines of JSON, which need no engine to be read: exporting and importing.
//!
//! ```text
//! {"sum":"…","driftsentryExport":1,"version":"0.1.0","schema":2,"instance":"…","takenAt":"…"}
//! {"sum":"…","table":"drifts.v1","key":"0199…","value":{…}}
//! …
//! {"sum":"…","end":{"rows":12345}}
//! ```
//!
//! `sum` is the first half of the SHA-256 over the sum of the line before and the rest of its own line: a line that was
//! changed, removed, added or put elsewhere is known by its number.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::rows::Shape;
use super::{Manifest, Progress, Stage};
use crate::error::{Error, Result, Unusable};
use crate::hex;
use crate::store::backup::{Builder, each_row};
use crate::store::{self, Snapshot};
use crate::time::Timestamp;

/// The version of the form.
const FORM: u32 = 1;

/// The longest line that is read, in bytes: the largest scans' drifts come nowhere near it.
const MOST_LINE_BYTES: u64 = 256 << 20;

/// What each line begins with, up to its sum, and what follows on that.
const BEFORE_SUM: &str = "{\"sum\":\"";
const AFTER_SUM: &str = "\",";
const SUM_BYTES: usize = 16;

/// The first line, without its sum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    driftsentry_export: u32,
    version: String,
    schema: u32,
    #[serde(with = "hex")]
    instance: [u8; 16],
    taken_at: Timestamp,
}

/// A row's line, without its sum.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'r> {
    #[serde(borrow)]
    table: std::borrow::Cow<'r, str>,
    #[serde(borrow)]
    key: &'r RawValue,
    #[serde(borrow)]
    value: &'r RawValue,
}

/// The last line, without its sum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    end: End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    rows: u64,
}

/// Sums up lines one after another.
#[derive(Default)]
struct Chain([u8; SUM_BYTES]);

impl Chain {
    /// The sum of the next line, whose text is this from behind its own sum on.
    fn next(&mut self, rest: &[u8]) -> [u8; SUM_BYTES] {
        let mut sha = Sha256::new();
        sha.update(self.0);
        sha.update(rest);
        let whole: [u8; 32] = sha.finalize().into();
        self.0.copy_from_slice(&whole[..SUM_BYTES]);
        self.0
    }
}

struct Lines<'w> {
    out: &'w mut dyn Write,
    chain: Chain,
}

impl Lines<'_> {
    fn put(&mut self, line: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_vec(line)?;
        // Behind the brace that opens it.
        let rest = &text[1..];
        let sum = self.chain.next(rest);
        self.out.write_all(BEFORE_SUM.as_bytes())?;
        self.out.write_all(hex::encode(&sum).as_bytes())?;
        self.out.write_all(AFTER_SUM.as_bytes())?;
        self.out.write_all(rest)?;
        self.out.write_all(b"\n")
    }
}

/// Writes every row of every table, and gives their number.
///
/// # Errors
/// Reading's and writing's own.
pub fn export(
    read: &Snapshot,
    manifest: &Manifest,
    out: &mut dyn Write,
    tell: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let mut lines = Lines {
        out,
        chain: Chain::default(),
    };
    let head = Head {
        driftsentry_export: FORM,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: manifest.schema,
        instance: manifest.instance,
        taken_at: manifest.taken_at,
    };
    let failed = |error: io::Error| {
        Error::unusable(
            Unusable::Io,
            format!("The export can't be written ({error}): check the disk, then try again."),
        )
    };
    lines.put(&head).map_err(failed)?;
    let (mut rows, mut done) = (0, 0);
    each_row(read, &mut |table, key, value| {
        let (key_json, value_json) = Shape::of(table)
            .json(key, value)
            .ok_or_else(|| Error::internal(format!("a row of {table} can't be written as JSON")))?;
        let line = Row {
            table: table.into(),
            key: &key_json,
            value: &value_json,
        };
        lines.put(&line).map_err(failed)?;
        rows += 1;
        done += (key.len() + value.len()) as u64;
        if rows % 1_024 == 0 {
            tell(Progress {
                stage: Stage::Packing,
                done,
                total: manifest.database_bytes.max(done),
            });
        }
        Ok(())
    })?;
    lines.put(&Last { end: End { rows } }).map_err(failed)?;
    lines.out.flush().map_err(failed)?;
    Ok(rows)
}

/// Makes a database at a path of an export, and gives the number of its rows.
///
/// # Errors
/// `Invalid`, with the line, where the export was changed or cut off, or is of another form; `Internal` for what writing
/// says.
pub fn import(
    export: &mut dyn BufRead,
    path: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let mut reader = Reader {
        lines: export,
        chain: Chain::default(),
        number: 0,
        bytes: 0,
    };
    let line = reader.next()?;
    let head: Head = serde_json::from_slice(&line)
        .map_err(|_| reader.wrong("it is no first line of an export"))?;
    if head.driftsentry_export != FORM || head.schema > store::newest_schema() {
        return Err(reader.wrong(format_args!(
            "the export was made by driftsentry {}, which is newer: import it with that version",
            head.version
        )));
    }
    let mut builder = Builder::at(path)?;
    let mut rows = 0;
    loop {
        let line = reader.next()?;
        if let Ok(last) = serde_json::from_slice::<Last>(&line) {
            if last.end.rows != rows {
                return Err(reader.wrong("it counts other rows than there are"));
            }
            break;
        }
        let row: Row<'_> = serde_json::from_slice(&line)
            .map_err(|error| reader.wrong(format_args!("it is no row ({error})")))?;
        let (key, value) = Shape::of(&row.table)
            .bytes(row.key, row.value)
            .ok_or_else(|| {
                reader.wrong(format_args!(
                    "its row of {} is not of the form that this program knows",
                    row.table
                ))
            })?;
        builder.put(&row.table, &key, &value)?;
        rows += 1;
        if rows % 1_024 == 0 {
            tell(Progress {
                stage: Stage::Copying,
                done: reader.bytes,
                total: reader.bytes,
            });
        }
    }
    if !reader.is_at_end()? {
        return Err(reader.wrong("more follows on the last line"));
    }
    builder.finish()?;
    Ok(rows)
}

struct Reader<'r> {
    lines: &'r mut dyn BufRead,
    chain: Chain,
    /// The number of the line that was read last, from 1.
    number: u64,
    bytes: u64,
}

impl Reader<'_> {
    fn wrong(&self, why: impl std::fmt::Display) -> Error {
        Error::invalid(
            "",
            format!(
                "Line {} of the export: {why}. Nothing was imported",
                self.number
            ),
        )
    }

    /// The next line, whose sum holds, as an object without it.
    fn next(&mut self) -> Result<Vec<u8>> {
        self.number += 1;
        let mut line = Vec::new();
        (&mut self.lines)
            .take(MOST_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|error| self.wrong(format_args!("it can't be read ({error})")))?;
        self.bytes += line.len() as u64;
        if line.pop() != Some(b'\n') {
            return Err(self.wrong("it is cut off: the export ends here, before its last line"));
        }
        let (sum, rest) = split(&line).ok_or_else(|| {
            self.wrong("it doesn't begin with its sum: name what `driftsentry export` wrote")
        })?;
        if self.chain.next(rest) != sum {
            return Err(
                self.wrong("it is not as it was written, or does not follow on the line before")
            );
        }
        Ok([b"{", rest].concat())
    }

    fn is_at_end(&mut self) -> Result<bool> {
        self.number += 1;
        let left = self.lines.fill_buf().map(<[u8]>::is_empty);
        left.map_err(|error| self.wrong(format_args!("it can't be read ({error})")))
    }
}

/// A line's sum, and what follows on it.
fn split(line: &[u8]) -> Option<([u8; SUM_BYTES], &[u8])> {
    let line = line.strip_prefix(BEFORE_SUM.as_bytes())?;
    let (sum, rest) = line.split_at_checked(SUM_BYTES * 2)?;
    let sum = std::str::from_utf8(sum).ok()?;
    let bytes = hex::decode(sum).filter(|bytes: &[u8; SUM_BYTES]| hex::encode(bytes) == sum)?;
    Some((bytes, rest.strip_prefix(AFTER_SUM.as_bytes())?))
}
