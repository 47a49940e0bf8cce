//! Values as people write them. None where it isn't one: what is allowed stands in the table.

use std::net::SocketAddr;

/// An address with a port.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    let spelled = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    spelled.as_deref().unwrap_or(text).parse().ok()
}

/// Yes or no.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Bytes: a number, or one with KiB, MiB or GiB.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: u64 = match text[digits.len()..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A span of time in milliseconds, a whole number and a unit: from a second to 52 weeks.
pub(super) fn span_ms(text: &str) -> Option<i64> {
    spelled_ms(text).filter(|ms| (1..=52 * WEEK_MS).contains(ms))
}

/// How long something is kept, in milliseconds: from 7 days to 100 years, or `off` for ever.
pub(super) fn kept_ms(text: &str) -> Option<Option<i64>> {
    if text.trim() == "off" {
        return Some(None);
    }
    spelled_ms(text)
        .filter(|ms| (WEEK_MS..=5_200 * WEEK_MS).contains(ms))
        .map(Some)
}

const WEEK_MS: i64 = 604_800_000;

/// A whole number and a unit, as milliseconds.
fn spelled_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms: i64 = match &text[digits.len()..] {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => WEEK_MS,
        _ => return None,
    };
    Some(i64::from(digits.parse::<u32>().ok()?) * unit_ms)
}

/// The secret in a file: its one line, without the end of the line.
///
/// # Errors
/// What is wrong with the file, never with a part of the secret.
pub(super) fn secret_file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::InvalidData => format!("names {path}, which is no text"),
        _ => format!("names {path}, which can't be read: {cause}"),
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(format!("names {path}, which is empty"));
    }
    if line.contains(['\n', '\r']) {
        return Err(format!(
            "names {path}, which has more than one line: it must hold the secret and nothing else"
        ));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_files_only_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let path = path.to_str().unwrap();
        let read = |text: &[u8]| {
            std::fs::write(path, text).unwrap();
            secret_file(path)
        };
        for text in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), "s3cret");
        }
        for (text, why) in [
            (&b"s3cret\ns3cret"[..], "more than one line"),
            (b"\n", "is empty"),
            (b"s3cret\xff", "is no text"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(why) && message.contains(path), "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
        let message = secret_file("/nowhere/token").unwrap_err();
        assert!(message.contains("/nowhere/token"), "{message}");
    }
}
