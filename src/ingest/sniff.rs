//! What a body is, by its beginning, and for what it is not: the way out.

use std::io::Read;

use crate::error::{Error, Result};
use crate::ingest::json_stream::Window;
use crate::ingest::scan::Format;

/// The command that makes the right document.
pub(crate) const WAY_OUT: &str =
    "Run: terraform plan -refresh-only -out=tfplan && terraform show -json tfplan > plan.json";

/// How far into a body its JSON may begin, in bytes.
const MAX_PREFACE_BYTES: usize = 1 << 20;

/// What was found.
pub(crate) struct Found {
    /// The format.
    pub(crate) format: Format,
    /// What a person should know, such as skipped lines.
    pub(crate) problems: Vec<String>,
}

/// A body that is something else, and the way out.
pub(crate) fn unsupported(what: &str) -> Error {
    Error::UnsupportedFormat(format!(
        "This looks like {what}, not like a plan as JSON. {WAY_OUT}"
    ))
}

/// Moves to the document's first brace, past lines of text before it.
///
/// # Errors
/// `UnsupportedFormat` where there is no JSON object, or it is not of the wanted format.
pub(crate) fn start<R: Read>(window: &mut Window<R>, wanted: Option<Format>) -> Result<Found> {
    let mut problems = Vec::new();
    let head = window.ahead(4)?;
    if let Some(what) = binary(head) {
        return Err(unsupported(what));
    }
    match window.peek()? {
        None => return Err(unsupported("an empty body")),
        Some(b'{') => {}
        Some(_) => {
            if let Some(what) = other_json(window.ahead(16)?) {
                return Err(unsupported(what));
            }
            let skipped = skip_preface(window)?;
            let lines = if skipped == 1 {
                "1 line".to_owned()
            } else {
                format!("{skipped} lines")
            };
            problems.push(format!(
                "{lines} of text before the JSON were skipped: write only the output of `terraform show -json` to the file."
            ));
        }
    }
    let format = if is_scan(window.ahead(64)?) {
        Format::DriftsentryScan
    } else {
        Format::TerraformPlan
    };
    match wanted {
        Some(wanted) if wanted != format => Err(Error::UnsupportedFormat(match wanted {
            Format::TerraformPlan => {
                "This is a scan that DriftSentry wrote, but the format asked for is terraform-plan: leave the format out, or name driftsentry-scan.".to_owned()
            }
            Format::DriftsentryScan => format!(
                "This is no scan that DriftSentry wrote, though the format asked for is driftsentry-scan: leave the format out, or send it with `driftsentry push`. {WAY_OUT}"
            ),
        })),
        _ => Ok(Found { format, problems }),
    }
}

fn binary(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', ..] => Some("the binary plan file that `terraform plan -out` writes"),
        [0x1f, 0x8b, ..] => Some("a gzip file inside another encoding"),
        [0x28, 0xb5, 0x2f, 0xfd] => Some("a Zstandard file inside another encoding"),
        [b'B', b'Z', b'h', ..] => Some("a bzip2 file, which is not read (gzip and zstd are)"),
        [0xfd, b'7', b'z', b'X'] => Some("an xz file, which is not read (gzip and zstd are)"),
        _ => None,
    }
}

/// JSON that is no object.
fn other_json(head: &[u8]) -> Option<&'static str> {
    let literal = |word: &[u8]| {
        head.starts_with(word)
            && head
                .get(word.len())
                .is_none_or(|byte| byte.is_ascii_whitespace())
    };
    match head.first()? {
        b'[' => {
            let inside = head[1..].iter().find(|byte| !byte.is_ascii_whitespace());
            // Log lines begin with a bracket too: `[command]terraform show`, `[WARN] …`.
            inside
                .is_none_or(|byte| matches!(byte, b'{' | b'[' | b']' | b'"' | b'0'..=b'9' | b'-'))
                .then_some("a JSON array")
        }
        b'"' => Some("a JSON string"),
        b'0'..=b'9' | b'-'
            if head
                .iter()
                .all(|byte| b"0123456789.eE+- \r\n".contains(byte)) =>
        {
            Some("a number")
        }
        _ if literal(b"null") => Some("JSON null"),
        _ if literal(b"true") || literal(b"false") => Some("a JSON boolean"),
        _ => None,
    }
}

/// Whether this is a document of our own: its first key says so.
fn is_scan(head: &[u8]) -> bool {
    let mut significant = (head.iter()).filter(|byte| !byte.is_ascii_whitespace());
    let wanted = b"{\"driftsentry_scan\"";
    wanted.iter().all(|byte| significant.next() == Some(byte))
}

/// Skips lines of text up to one that begins a JSON object; returns how many.
fn skip_preface<R: Read>(window: &mut Window<R>) -> Result<u64> {
    let mut looked = 0;
    let mut wanted = 4 * 1024;
    loop {
        let ahead = window.ahead(wanted)?;
        let ended = ahead.len() < wanted;
        if let Some(at) = object_line(&ahead[looked..]).map(|at| at + looked) {
            let lines = memchr::memchr_iter(b'\n', &ahead[..at]).count() as u64;
            window.advance(at);
            return Ok(lines);
        }
        if ended || wanted >= MAX_PREFACE_BYTES {
            return Err(unsupported(text(ahead)));
        }
        // The last line may be half there.
        looked = memchr::memrchr(b'\n', ahead).unwrap_or(0);
        wanted *= 2;
    }
}

/// Where a line begins that opens a JSON object.
fn object_line(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text)
        .map(|at| at + 1)
        .find(|&at| {
            let rest = &text[at..];
            rest.first() == Some(&b'{')
                && (rest[1..].iter().find(|byte| !byte.is_ascii_whitespace()))
                    .is_some_and(|byte| *byte == b'"')
        })
}

/// A guess at what a text is.
fn text(bytes: &[u8]) -> &'static str {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    let starts = |word: &str| bytes.trim_ascii_start().starts_with(word.as_bytes());
    if bytes.contains(&0) {
        "a binary file"
    } else if [
        "Terraform will perform",
        "OpenTofu will perform",
        "Refreshing state...",
        "Resource actions are indicated",
        "No changes.",
        "Objects have changed outside of",
        "Plan:",
    ]
    .into_iter()
    .any(has)
    {
        "the console text of a plan"
    } else if has("Error:") {
        "an error message of a tool"
    } else if starts("-----BEGIN") {
        "a PEM file with a key or a certificate"
    } else if starts("<") {
        "an HTML or XML page"
    } else if starts("---") || starts("apiVersion:") {
        "a YAML file"
    } else if has("resource \"") || has("terraform {") {
        "Terraform code"
    } else if std::str::from_utf8(&bytes[..bytes.len().saturating_sub(4)]).is_err() {
        "text that is neither UTF-8 nor UTF-16, or a binary file"
    } else {
        "text"
    }
}

/// What a JSON object is, by a top-level key that no plan has.
pub(crate) fn foreign_key(key: &str) -> Option<&'static str> {
    match key {
        "values" => Some("a state (`terraform show -json` without a plan file)"),
        "lineage" | "serial" => Some("a state file"),
        "provider_schemas" => Some("the output of `terraform providers schema -json`"),
        "valid" | "error_count" => Some("the output of `terraform validate -json`"),
        "StackResourceDrifts" => Some("a CloudFormation drift report"),
        "steps" | "changeSummary" => Some("a Pulumi preview"),
        "@level" | "@message" | "@module" | "@timestamp" => {
            Some("the log lines of `terraform plan -json`, which hold no values")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start_of(bytes: &[u8]) -> Result<Found> {
        start(&mut Window::new(bytes), None)
    }

    #[test]
    fn what_it_looks_like_and_the_way_out() {
        for (bytes, looks) in [
            (&b""[..], "empty"),
            (b" \n ", "empty"),
            (b"PK\x03\x04....", "binary plan"),
            (b"null", "JSON null"),
            (b"[{}]", "JSON array"),
            (
                b"\x1b[0mNo changes.\x1b[0m Your infrastructure",
                "console text",
            ),
            (b"-----BEGIN CERTIFICATE-----", "PEM"),
            (b"<html>", "HTML"),
            (b"12", "a number"),
            (b"\xe9\xe8 not text", "neither UTF-8"),
            (b"hello", "text"),
        ] {
            let error = start_of(bytes).err().unwrap().to_string();
            assert!(
                error.contains(looks) && error.contains("terraform show -json tfplan"),
                "{error}"
            );
        }
    }

    #[test]
    fn lines_before_the_json_are_skipped_and_told() {
        let found = start_of(
            b"[command]/usr/bin/terraform show -json\nWarning: x\n{\"format_version\":\"1.2\"}",
        )
        .unwrap();
        assert!(
            found.problems[0].starts_with("2 lines"),
            "{:?}",
            found.problems
        );
        let long = format!("{}\n{{\"format_version\"", "warning\n".repeat(50_000));
        assert!(start_of(long.as_bytes()).unwrap().problems[0].starts_with("50001 lines"));
    }

    #[test]
    fn our_own_scans_are_known_by_their_first_key() {
        assert_eq!(
            start_of(b"{ \"driftsentry_scan\":\"1.0\"}").unwrap().format,
            Format::DriftsentryScan
        );
        assert!(
            start(
                &mut Window::new(&b"{\"a\":1}"[..]),
                Some(Format::DriftsentryScan)
            )
            .is_err()
        );
    }
}
