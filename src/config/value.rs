//! Values as people write them.

use std::net::SocketAddr;
use std::path::PathBuf;

/// An address with a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let spelled = text
        .strip_prefix("localhost:")
        .map(|port| format!("127.0.0.1:{port}"));
    let spelled = spelled.as_deref().unwrap_or(text);
    spelled
        .parse()
        .map_err(|_| format!("must be an address and a port such as 127.0.0.1:8420, not {text:?}"))
}

/// Yes or no.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("must be true or false, not {text:?}")),
    }
}

/// A path that is not empty.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// Bytes: a number, or one with KiB, MiB or GiB, within bounds.
pub(super) fn bytes(min: u64, max: u64) -> impl Fn(&str) -> Result<u64, String> {
    move |text| {
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit: Option<u64> = match text[digits.len()..].trim() {
            "" | "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        let size = digits.parse::<u64>().ok().zip(unit);
        match size.and_then(|(number, unit)| number.checked_mul(unit)) {
            Some(size) if (min..=max).contains(&size) => Ok(size),
            _ => Err(format!(
                "must be a size from {min} to {max} bytes, such as 64 MiB, not {text:?}"
            )),
        }
    }
}

/// A span of time in milliseconds, a whole number and a unit: from a second to 52 weeks.
pub(super) fn span_ms(text: &str) -> Result<i64, String> {
    spelled_ms(text)
        .filter(|ms| (1..=52 * WEEK_MS).contains(ms))
        .ok_or_else(|| {
            format!(
                "must be a whole number and a unit (s, m, h, d or w) from 1s to 52w, such as 24h, not {text:?}"
            )
        })
}

/// How long something is kept, in milliseconds: from 7 days to 100 years, or `off` for ever.
pub(super) fn kept_ms(text: &str) -> Result<Option<i64>, String> {
    if text.trim() == "off" {
        return Ok(None);
    }
    spelled_ms(text)
        .filter(|ms| (WEEK_MS..=5_200 * WEEK_MS).contains(ms))
        .map(Some)
        .ok_or_else(|| {
            format!(
                "must be off, or a whole number and a unit (d or w) from 7d to 5200w, such as 400d, not {text:?}"
            )
        })
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

/// A whole number within bounds.
pub(super) fn whole(min: u64, max: u64) -> impl Fn(&str) -> Result<u64, String> {
    move |text| match text.trim().parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!(
            "must be a whole number from {min} to {max}, not {text:?}"
        )),
    }
}

/// The secret in a file: its first line, without the end of the line.
pub(super) fn secret_file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("can't be read ({error}): {path}"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(format!("is empty: {path}")),
    }
}
