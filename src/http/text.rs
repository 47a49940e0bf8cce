//! Text from outside: bounded, trimmed, without control characters.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde::{Deserialize, Serialize};

/// Makes a type that is read by `FromStr` and printed by `Display` a string of the contract: in JSON bodies,
/// path and query parameters and headers. The closure adds to the schema, which is written out in place.
macro_rules! text_type {
    ($type:ty, $name:literal, |$schema:ident| $more:expr) => {
        impl poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                let mut $schema = poem_openapi::registry::MetaSchema::new("string");
                $more;
                poem_openapi::registry::MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl poem_openapi::types::ParseFromJSON for $type {
            fn parse_from_json(
                value: Option<serde_json::Value>,
            ) -> poem_openapi::types::ParseResult<Self> {
                match value {
                    Some(serde_json::Value::String(text)) => text
                        .parse()
                        .map_err(poem_openapi::types::ParseError::custom),
                    None | Some(serde_json::Value::Null) => {
                        Err(poem_openapi::types::ParseError::expected_input())
                    }
                    Some(_) => Err(poem_openapi::types::ParseError::custom("must be a string")),
                }
            }
        }

        impl poem_openapi::types::ParseFromParameter for $type {
            fn parse_from_parameter(value: &str) -> poem_openapi::types::ParseResult<Self> {
                value
                    .parse()
                    .map_err(poem_openapi::types::ParseError::custom)
            }
        }

        impl poem_openapi::types::ToJSON for $type {
            fn to_json(&self) -> Option<serde_json::Value> {
                Some(serde_json::Value::String(self.to_string()))
            }
        }

        impl poem_openapi::types::ToHeader for $type {
            fn to_header(&self) -> Option<poem::http::HeaderValue> {
                poem::http::HeaderValue::from_str(&self.to_string()).ok()
            }
        }
    };
}
pub(crate) use text_type;

/// One line of `MIN` to `MAX` characters, counted after white space at both ends is cut off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// Lines of `MIN` to `MAX` characters, counted after white space at both ends is cut off: new lines and tabs
/// are allowed, and Windows' line ends become new lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// Text that is taken as it was sent, up to 1,024 bytes, and never printed: a password, a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Verbatim(String);

impl Verbatim {
    /// The most bytes it has.
    const MAX: usize = 1024;

    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for Verbatim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > Self::MAX {
            return Err(format!("must have at most {} bytes", Self::MAX));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verbatim(…)")
    }
}

impl fmt::Display for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

text_type!(Verbatim, "Verbatim", |schema| {
    schema.max_length = Some(Verbatim::MAX);
});

/// Whether a character has no place in any text: controls, and the newlines and tabs of many lines.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Cuts white space, then checks the length in characters.
fn bounded(text: &str, min: usize, max: usize) -> Result<String, String> {
    let text = text.trim();
    // Bytes first: a megabyte of text needs no counting to be too long.
    let length = if text.len() > max.saturating_mul(4) {
        usize::MAX
    } else {
        text.chars().count()
    };
    if (min..=max).contains(&length) {
        Ok(text.to_owned())
    } else if min == 0 {
        Err(format!("must have at most {max} characters"))
    } else {
        Err(format!("must have {min} to {max} characters"))
    }
}

impl<const MIN: usize, const MAX: usize> FromStr for Line<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(is_control) {
            return Err("must be one line without control characters".to_owned());
        }
        bounded(text, MIN, MAX).map(Self)
    }
}

impl<const MIN: usize, const MAX: usize> FromStr for Text<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        if text.contains(|c| is_control(c) && !matches!(c, '\n' | '\t')) {
            return Err("must not have control characters but new lines and tabs".to_owned());
        }
        bounded(&text, MIN, MAX).map(Self)
    }
}

/// What both kinds of text share with every other type of the contract.
macro_rules! bounded_text {
    ($type:ident, $name:literal) => {
        impl<const MIN: usize, const MAX: usize> $type<MIN, MAX> {
            /// The text itself.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl<const MIN: usize, const MAX: usize> Deref for $type<MIN, MAX> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl<const MIN: usize, const MAX: usize> fmt::Display for $type<MIN, MAX> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<const MIN: usize, const MAX: usize> From<$type<MIN, MAX>> for String {
            fn from(text: $type<MIN, MAX>) -> Self {
                text.0
            }
        }

        impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for $type<MIN, MAX> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<const MIN: usize, const MAX: usize> Type for $type<MIN, MAX> {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                format!("{}{MIN}To{MAX}", $name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new(MetaSchema {
                    min_length: (MIN > 0).then_some(MIN),
                    max_length: Some(MAX),
                    ..MetaSchema::new("string")
                }))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl<const MIN: usize, const MAX: usize> ParseFromJSON for $type<MIN, MAX> {
            fn parse_from_json(value: Option<serde_json::Value>) -> ParseResult<Self> {
                match value {
                    Some(serde_json::Value::String(text)) => {
                        text.parse().map_err(ParseError::custom)
                    }
                    None | Some(serde_json::Value::Null) => Err(ParseError::expected_input()),
                    Some(_) => Err(ParseError::custom("must be a string")),
                }
            }
        }

        impl<const MIN: usize, const MAX: usize> ParseFromParameter for $type<MIN, MAX> {
            fn parse_from_parameter(value: &str) -> ParseResult<Self> {
                value.parse().map_err(ParseError::custom)
            }
        }

        impl<const MIN: usize, const MAX: usize> ToJSON for $type<MIN, MAX> {
            fn to_json(&self) -> Option<serde_json::Value> {
                Some(serde_json::Value::String(self.0.clone()))
            }
        }
    };
}

bounded_text!(Line, "Line");
bounded_text!(Text, "Text");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_without_outer_white_space() {
        assert_eq!(
            &*"  \u{e9}\u{e9} ".parse::<Line<1, 2>>().unwrap(),
            "\u{e9}\u{e9}"
        );
        for wrong in ["", "   ", "abc"] {
            let error = wrong.parse::<Line<1, 2>>().unwrap_err();
            assert_eq!(error, "must have 1 to 2 characters", "{wrong:?}");
        }
        assert!("".parse::<Line<0, 2>>().is_ok());
        assert!("x".repeat(1 << 20).parse::<Text<0, 1000>>().is_err());
    }

    #[test]
    fn control_characters_are_refused() {
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}'] {
            assert!(format!("a{c}b").parse::<Text<1, 9>>().is_err(), "{c:?}");
            assert!(format!("a{c}b").parse::<Line<1, 9>>().is_err(), "{c:?}");
        }
        assert!("a\nb".parse::<Line<1, 9>>().is_err());
        assert_eq!(&*"a\r\n\tb".parse::<Text<1, 9>>().unwrap(), "a\n\tb");
        assert!("a\rb".parse::<Text<1, 9>>().is_err());
    }
}
