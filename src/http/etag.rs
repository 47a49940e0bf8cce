//! Versions of one thing: `ETag` in answers, `If-Match` in requests.

use poem::http::HeaderValue;

use crate::error::{Error, Result};
use crate::http::text::text_type;

/// The version of a view, as it stands in an `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// A strong tag of a version that only grows.
    pub fn of_version(version: u64) -> Self {
        Self(format!("\"{version}\""))
    }

    /// The header's value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
    }

    /// The tag with its quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The versions that a caller's change is meant for: `If-Match: "3"`, several with commas, or `*` for any.
///
/// Take it as `#[oai(name = "If-Match")] if_match: Header<Option<IfMatch>>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(String);

impl IfMatch {
    /// Whether the thing's version is one of those meant.
    ///
    /// # Errors
    /// `Stale` where it isn't.
    pub fn check(&self, current: &ETag) -> Result<()> {
        let meant = self.0.split(',').map(str::trim);
        // A weak tag never matches: `If-Match` compares strongly (RFC 9110, 13.1.1).
        if self.0.trim() == "*" || meant.into_iter().any(|each| each == current.0) {
            Ok(())
        } else {
            Err(Error::Stale)
        }
    }

    /// The versions that are meant; none for any.
    pub fn versions(&self) -> Option<Vec<u64>> {
        if self.0.trim() == "*" {
            return None;
        }
        let number = |tag: &str| {
            tag.trim()
                .strip_prefix('"')?
                .strip_suffix('"')?
                .parse()
                .ok()
        };
        Some(self.0.split(',').filter_map(number).collect())
    }
}

/// Checks an optional `If-Match`: none is no condition.
///
/// # Errors
/// `Stale` where the caller's version is not the current one.
pub fn check(if_match: Option<&IfMatch>, current: &ETag) -> Result<()> {
    if_match.map_or(Ok(()), |meant| meant.check(current))
}

impl std::str::FromStr for IfMatch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() || text.len() > 1024 {
            return Err("must be an ETag such as \"3\", or *");
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for IfMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(IfMatch, "IfMatch", |schema| {
    schema.example = Some("\"3\"".into());
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_version_or_any_matches() {
        let current = ETag::of_version(3);
        for (meant, matches) in [
            ("\"3\"", true),
            ("\"2\", \"3\"", true),
            ("*", true),
            ("\"2\"", false),
            ("W/\"3\"", false),
            ("3", false),
        ] {
            let meant: IfMatch = meant.parse().unwrap();
            assert_eq!(meant.check(&current).is_ok(), matches, "{meant}");
        }
        assert!(check(None, &current).is_ok());
    }
}
