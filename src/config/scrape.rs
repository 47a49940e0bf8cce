//! `[metrics]`: who may read `/metrics` from elsewhere.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::config::source::Settings;

/// What a program that reads `/metrics` from another machine has to show.
#[derive(Clone)]
pub struct ScrapeToken(String);

impl ScrapeToken {
    /// The shortest and the longest token, in characters.
    const LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

    /// None where no token is configured.
    pub(super) fn from(settings: &mut Settings) -> Option<Self> {
        settings.secret("metrics.token", str::parse)
    }

    /// Whether these bytes are the token. Takes as long wherever they differ.
    pub fn is(&self, offered: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(offered).into()
    }
}

impl std::str::FromStr for ScrapeToken {
    type Err = String;

    /// The message never has the text in it.
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = Self::LENGTH.contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "must be {} to {} visible ASCII characters without a space, such as those of `openssl rand -hex 32`",
            Self::LENGTH.start(),
            Self::LENGTH.end()
        ))
    }
}

impl PartialEq for ScrapeToken {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.0.as_bytes())
    }
}

impl Eq for ScrapeToken {}

impl fmt::Debug for ScrapeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScrapeToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef";

    #[test]
    fn a_token_has_a_length_and_no_spaces() {
        for wrong in [
            "short".to_owned(),
            "x".repeat(257),
            format!("{GOOD} {GOOD}"),
            format!("{GOOD}\u{e9}"),
        ] {
            let message = wrong.parse::<ScrapeToken>().unwrap_err();
            assert!(!message.contains(&wrong), "{message}");
        }
        let token: ScrapeToken = GOOD.parse().unwrap();
        assert!(token.is(GOOD.as_bytes()));
        for other in [
            "",
            "0123456789abcdeF",
            "0123456789abcdef0",
            "0123456789abcde",
        ] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        assert!(!format!("{token:?}").contains(GOOD));
    }
}
