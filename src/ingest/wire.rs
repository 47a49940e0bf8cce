//! What `driftsentry push` sends: a scan that was read, normalised and redacted where the plan was made.
//!
//! The format is `driftsentry-scan` 1.0, as `application/x-ndjson`: one JSON object a line, plain or compressed.
//!
//! 1. The header, whose first key names the format:
//!    `{"driftsentry_scan":"1.0","tool":"terraform","toolVersion":"1.11.4","sourceFormat":"terraform-plan","startedAt":"2026-11-22T08:00:00.000Z"}`.
//!    `toolVersion` and `startedAt` may be `null` or left out.
//! 2. One line for each [`Finding`]: `address`, `previousAddress`, `deposed`, `kind` (`modified`, `missing`, `unmanaged`,
//!    `pending`, `state_only`), `resourceType`, `provider`, `resourceId`, `region`, `accountId`, `expected`, `actual`,
//!    `difference` (a list of `{pointer, expected, actual, change, sensitive}`, each pointer once) and `content`
//!    (64 hexadecimal digits, see [`Finding::content`]).
//! 3. The end, without which the scan was cut off:
//!    `{"end":{"status":"complete","resources":44,"redacted":2,"observed":{"live":true,"pending":false,"unmanaged":false},"inSync":[],"problems":[],"findings":7}}`.
//!    `inSync` holds the [`address_key`](crate::ingest::address_key) of each resource that a partial scan saw in
//!    sync, 32 hexadecimal digits each; `findings` is the number of lines between header and end.
//!
//! Unknown fields are ignored, an unknown major version is refused. A difference that is `sensitive` reads
//! `(sensitive)` on both sides, whatever was sent.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::hex;
use crate::ingest::json_stream::Window;
use crate::ingest::scan::{Finding, Format, Kind, Observed, SENSITIVE, Scan, ScanStatus};
use crate::time::Timestamp;

/// The version that is written. Each 1.x is read.
pub const VERSION: &str = "1.0";

/// The content type of a scan on its way.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

const MAX_ADDRESS_BYTES: usize = 8 * 1024;
const MAX_NAME_BYTES: usize = 4 * 1024;
const MAX_POINTER_BYTES: usize = 16 * 1024;
const MAX_PROBLEMS: usize = 100;
const MAX_PROBLEM_BYTES: usize = 1_000;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(rename = "driftsentry_scan")]
    version: String,
    tool: String,
    #[serde(default)]
    tool_version: Option<String>,
    #[serde(default)]
    source_format: Option<String>,
    #[serde(default)]
    started_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Ending {
    end: End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    status: ScanStatus,
    resources: u64,
    redacted: u64,
    observed: Sight,
    #[serde(default)]
    in_sync: Vec<String>,
    #[serde(default)]
    problems: Vec<String>,
    findings: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Sight {
    live: bool,
    pending: bool,
    unmanaged: bool,
}

/// Writes a scan.
///
/// # Errors
/// Those of `output`.
pub fn write(scan: &Scan, mut output: impl Write) -> io::Result<()> {
    let source_format = serde_json::to_value(scan.format)?;
    let mut line = |value: &dyn erased::Line| -> io::Result<()> {
        value.write(&mut output)?;
        output.write_all(b"\n")
    };
    line(&Header {
        version: VERSION.to_owned(),
        tool: scan.tool.clone(),
        tool_version: scan.tool_version.clone(),
        source_format: source_format.as_str().map(str::to_owned),
        started_at: scan.started_at,
    })?;
    for finding in &scan.findings {
        line(finding)?;
    }
    let mut in_sync: Vec<_> = scan
        .observed
        .in_sync
        .iter()
        .map(|key| hex::encode(key))
        .collect();
    in_sync.sort_unstable();
    line(&Ending {
        end: End {
            status: scan.status,
            resources: scan.resources,
            redacted: scan.redacted,
            observed: Sight {
                live: scan.observed.live,
                pending: scan.observed.pending,
                unmanaged: scan.observed.unmanaged,
            },
            in_sync,
            problems: scan.problems.clone(),
            findings: scan.findings.len() as u64,
        },
    })?;
    output.flush()
}

/// One line's type, so that the three kinds of lines share a closure.
mod erased {
    use serde::Serialize;
    use std::io::{self, Write};

    pub(super) trait Line {
        fn write(&self, output: &mut dyn Write) -> io::Result<()>;
    }

    impl<T: Serialize> Line for T {
        fn write(&self, output: &mut dyn Write) -> io::Result<()> {
            serde_json::to_writer(output, self).map_err(io::Error::from)
        }
    }
}

/// Reads a scan from its header on.
pub(super) fn read<R: Read>(window: &mut Window<R>) -> Result<Scan> {
    let header: Header = next(window, "header")?.ok_or_else(|| window.cut_off())?;
    header.check()?;
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    let end = loop {
        window.at("findings", Some(findings.len() as u64));
        let Some(line) = next::<R, Value>(window, "line")? else {
            return Err(Error::invalid(
                "end",
                "is missing: the scan was cut off on its way, push it again",
            ));
        };
        if line.get("end").is_some() {
            break parsed::<Ending>(line, "end")?.end;
        }
        let place = window.place();
        let mut finding: Finding = parsed(line, &place)?;
        check(&mut finding, &place)?;
        if !seen.insert((
            finding.address.clone(),
            finding.deposed.clone(),
            finding.kind.facet(),
        )) {
            return Err(Error::invalid(
                format!("{place}.address"),
                "is listed twice",
            ));
        }
        findings.push(finding);
    };
    if end.findings != findings.len() as u64 {
        return Err(Error::invalid(
            "end.findings",
            "is not the number of findings that arrived: push the scan again",
        ));
    }
    if window.peek()?.is_some() {
        return Err(window.wrong("there is text after the end of the scan"));
    }
    end.into_scan(header, findings)
}

/// The next line's value; none at the end.
fn next<R: Read, T: DeserializeOwned>(window: &mut Window<R>, what: &str) -> Result<Option<T>> {
    if window.peek()?.is_none() {
        return Ok(None);
    }
    window.keep();
    window.skip_value(0)?;
    let value = serde_json::from_slice::<Value>(window.slice(&(0..window.mark())))
        .map_err(|_| window.wrong("it is not valid JSON"))?;
    window.release();
    let place = match window.place() {
        place if place.is_empty() => what.to_owned(),
        place => place,
    };
    parsed(value, &place).map(Some)
}

/// Reads a value as a type. Of serde's words only those about fields are passed on: they quote no values.
fn parsed<T: DeserializeOwned>(value: Value, place: &str) -> Result<T> {
    serde_json::from_value(value).map_err(|error| {
        let words = error.to_string();
        let safe = ["missing field `", "must be "]
            .into_iter()
            .any(|start| words.starts_with(start));
        Error::invalid(
            place,
            if safe {
                words
            } else {
                format!("does not follow the format driftsentry-scan {VERSION}")
            },
        )
    })
}

impl Header {
    fn check(&self) -> Result<()> {
        if self.version.split('.').next() != Some("1") {
            return Err(Error::UnsupportedFormat(
                "This scan is of a newer major version of driftsentry-scan, and 1.x is read: upgrade the server, or push with an older driftsentry.".to_owned(),
            ));
        }
        bounded("header.tool", &self.tool, 1, 64)?;
        match &self.tool_version {
            Some(version) => bounded("header.toolVersion", version, 0, 64),
            None => Ok(()),
        }
    }
}

impl End {
    fn into_scan(self, header: Header, findings: Vec<Finding>) -> Result<Scan> {
        let in_sync = (self.in_sync.iter())
            .map(|key| {
                hex::decode(key).ok_or_else(|| {
                    Error::invalid("end.inSync", "must be 32 hexadecimal digits each")
                })
            })
            .collect::<Result<HashSet<_>>>()?;
        if self.problems.len() > MAX_PROBLEMS {
            return Err(Error::invalid(
                "end.problems",
                format!("must be at most {MAX_PROBLEMS}"),
            ));
        }
        for problem in &self.problems {
            bounded("end.problems", problem, 0, MAX_PROBLEM_BYTES)?;
        }
        Ok(Scan {
            format: Format::DriftsentryScan,
            tool: header.tool,
            tool_version: header.tool_version,
            status: self.status,
            started_at: header.started_at,
            resources: self.resources,
            redacted: self.redacted,
            findings,
            observed: Observed {
                live: self.observed.live,
                pending: self.observed.pending,
                unmanaged: self.observed.unmanaged,
                in_sync,
            },
            problems: self.problems,
        })
    }
}

fn bounded(field: &str, text: &str, from: usize, to: usize) -> Result<()> {
    if (from..=to).contains(&text.len()) && !text.contains('\0') {
        Ok(())
    } else {
        Err(Error::invalid(
            field,
            format!("must be {from} to {to} bytes without NUL"),
        ))
    }
}

/// Holds a finding to what [`Finding`] promises.
fn check(finding: &mut Finding, place: &str) -> Result<()> {
    bounded(
        &format!("{place}.address"),
        &finding.address,
        1,
        MAX_ADDRESS_BYTES,
    )?;
    for (name, text) in [
        ("previousAddress", &finding.previous_address),
        ("deposed", &finding.deposed),
        ("provider", &finding.provider),
        ("region", &finding.region),
        ("accountId", &finding.account_id),
    ] {
        if let Some(text) = text {
            bounded(&format!("{place}.{name}"), text, 1, MAX_ADDRESS_BYTES)?;
        }
    }
    bounded(
        &format!("{place}.resourceType"),
        &finding.resource_type,
        1,
        MAX_NAME_BYTES,
    )?;
    bounded(
        &format!("{place}.resourceId"),
        &finding.resource_id,
        1,
        MAX_ADDRESS_BYTES,
    )?;

    let both = finding.expected.is_some() && finding.actual.is_some();
    let sides = match finding.kind {
        Kind::Modified | Kind::StateOnly => both,
        Kind::Missing => finding.expected.is_some() && finding.actual.is_none(),
        Kind::Unmanaged => finding.expected.is_none() && finding.actual.is_some(),
        Kind::Pending => finding.expected.is_some() || finding.actual.is_some(),
    };
    if !sides {
        return Err(Error::invalid(
            format!("{place}.kind"),
            "does not go with the states that are there",
        ));
    }
    if both == finding.difference.is_empty() {
        return Err(Error::invalid(
            format!("{place}.difference"),
            "must list what differs, and be empty where one side is absent",
        ));
    }
    let mut pointers = HashSet::new();
    for difference in &mut finding.difference {
        if !is_pointer(&difference.pointer) || !pointers.insert(difference.pointer.clone()) {
            return Err(Error::invalid(
                format!("{place}.difference"),
                "must have JSON pointers (RFC 6901), each once",
            ));
        }
        if difference.sensitive {
            difference.expected = SENSITIVE.into();
            difference.actual = SENSITIVE.into();
        }
    }
    Ok(())
}

/// Whether a text is a JSON pointer, RFC 6901.
fn is_pointer(text: &str) -> bool {
    let escapes = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    text.len() <= MAX_POINTER_BYTES
        && (text.is_empty() || text.starts_with('/'))
        && escapes
        && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::scan::{Change, Content, Difference, State};
    use serde_json::json;

    fn scan() -> Scan {
        Scan {
            format: Format::DriftsentryScan,
            tool: "terraform".to_owned(),
            tool_version: Some("1.11.4".to_owned()),
            status: ScanStatus::Partial,
            started_at: "2026-11-22T08:00:00Z".parse().ok(),
            resources: 3,
            redacted: 2,
            findings: vec![Finding {
                address: "aws_x.y[\"a/b\"]".to_owned(),
                previous_address: None,
                deposed: None,
                kind: Kind::Modified,
                resource_type: "aws_x".to_owned(),
                provider: None,
                resource_id: "x-1".to_owned(),
                region: Some("eu-1".to_owned()),
                account_id: None,
                expected: Some(State::from(&json!({"a": 9_007_199_254_740_993_u64}))),
                actual: Some(State::from(&json!({"a": SENSITIVE}))),
                difference: vec![Difference {
                    pointer: "/a~1b".to_owned(),
                    expected: json!(SENSITIVE),
                    actual: json!(SENSITIVE),
                    change: Change::Changed,
                    sensitive: true,
                }],
                content: Content([3; 32]),
            }],
            observed: Observed {
                live: true,
                pending: true,
                unmanaged: false,
                in_sync: HashSet::from([[1; 16], [255; 16]]),
            },
            problems: vec!["Something.".to_owned()],
        }
    }

    fn text() -> String {
        let mut bytes = Vec::new();
        write(&scan(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn reread(text: &str) -> Result<Scan> {
        read(&mut Window::new(text.as_bytes()))
    }

    #[test]
    fn a_scan_comes_back_as_it_was() {
        assert_eq!(reread(&text()).unwrap(), scan());
    }

    #[test]
    fn a_sensitive_value_is_forced_out() {
        let sent = text().replace(r#""expected":"(sensitive)""#, r#""expected":"hunter2""#);
        assert!(sent.contains("hunter2"));
        assert_eq!(reread(&sent).unwrap(), scan());
    }

    #[test]
    fn what_breaks_the_promise_is_refused() {
        for (from, to) in [
            ("\"1.0\"", "\"2.0\""),
            ("/a~1b", "/a~2b"),
            ("/a~1b", "a"),
            ("\"modified\"", "\"missing\""),
            ("\"modified\"", "\"melted\""),
            ("\"findings\":1", "\"findings\":2"),
            ("0303", "03"),
            ("\"aws_x\"", "\"\""),
            ("{\"end\"", "{\"stop\""),
            ("ffff", "ff"),
        ] {
            let error = reread(&text().replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(!error.contains("melted"), "{error}");
        }
        let whole = text();
        for cut in [
            1,
            whole.len() / 2,
            whole.rfind("{\"end\"").unwrap(),
            whole.len() - 3,
        ] {
            assert!(reread(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(reread(&(whole + "{}")).is_err());
    }

    #[test]
    fn unknown_fields_and_minor_versions_are_read() {
        let newer = text().replacen("\"1.0\"", "\"1.7\",\"mood\":\"good\"", 1);
        assert!(reread(&newer).is_ok());
    }
}
