//! Filters that take several values: comma-separated, `all` for no filter.

use std::borrow::Cow;
use std::str::FromStr;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde_json::Value;

/// The most values that one filter takes.
const MAX_VALUES: usize = 100;
/// The most characters that one value of a text filter has.
const MAX_LENGTH: usize = 512;

/// Something that a filter chooses from.
pub trait Choice: Clone + PartialEq + Send + Sync + 'static {
    /// Every word that the filter takes, and what it stands for: mostly itself, but `open` may stand for three.
    fn words() -> Vec<(&'static str, Vec<Self>)>;
}

/// A filter by a closed set of values, such as `status=detected,triaged`.
///
/// Take it as `Query<Option<AnyOf<Status>>>` and read it with [`AnyOf::filter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyOf<T>(Vec<T>);

/// A filter by free text, such as `region=eu-west-1,eu-west-2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyText(Vec<String>);

impl<T: Choice> AnyOf<T> {
    /// Only this value.
    pub fn only(value: T) -> Self {
        Self(vec![value])
    }

    /// The values to keep; none stands for no filter.
    pub fn filter(asked: Option<Self>) -> Vec<T> {
        asked.map(|list| list.0).unwrap_or_default()
    }
}

impl AnyText {
    /// The values that are asked for and allowed; all that are allowed, where none is asked for.
    ///
    /// Where nothing is left, a value remains that no row has: an empty list would be no filter at all.
    pub(crate) fn within(asked: Option<Self>, allowed: &[String]) -> Self {
        let asked = Self::filter(asked);
        let mut left: Vec<String> = allowed
            .iter()
            .filter(|name| asked.is_empty() || asked.contains(name))
            .cloned()
            .collect();
        if left.is_empty() {
            left.push("\0".to_owned());
        }
        Self(left)
    }

    /// The values to keep; none stands for no filter.
    pub fn filter(asked: Option<Self>) -> Vec<String> {
        asked.map(|list| list.0).unwrap_or_default()
    }
}

/// The values of a list; none where one of them is `all` or nothing is given.
fn values(text: &str) -> Result<Vec<&str>, String> {
    let values: Vec<&str> = text.split(',').collect();
    if text.is_empty() || values.contains(&"all") {
        return Ok(Vec::new());
    }
    if values.len() > MAX_VALUES {
        return Err(format!("must have at most {MAX_VALUES} values"));
    }
    Ok(values)
}

impl<T: Choice> FromStr for AnyOf<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = T::words();
        let mut chosen: Vec<T> = Vec::new();
        for value in values(text)? {
            let found = words.iter().find(|(word, _)| *word == value);
            let (_, meant) = found.ok_or_else(|| {
                let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                format!(
                    "must be all, or a comma-separated list of {}",
                    allowed.join(", ")
                )
            })?;
            for each in meant {
                if !chosen.contains(each) {
                    chosen.push(each.clone());
                }
            }
        }
        Ok(Self(chosen))
    }
}

impl FromStr for AnyText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chosen: Vec<String> = Vec::new();
        for value in values(text)? {
            if value.is_empty() || value.len() > MAX_LENGTH || value.contains(char::is_control) {
                return Err(format!(
                    "must be a comma-separated list of values of 1 to {MAX_LENGTH} characters, or all"
                ));
            }
            if !chosen.iter().any(|each| each == value) {
                chosen.push(value.to_owned());
            }
        }
        Ok(Self(chosen))
    }
}

impl<T: Choice> Type for AnyOf<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "AnyOf".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let words: Vec<_> = T::words().into_iter().map(|(word, _)| word).collect();
        let one = format!("(all|{})", words.join("|"));
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            pattern: Some(format!("^({one}(,{one})*)?$")),
            example: words.first().map(|word| (*word).into()),
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

impl<T: Choice> ParseFromParameter for AnyOf<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        value.parse().map_err(ParseError::custom)
    }
}

impl Type for AnyText {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "AnyText".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            pattern: Some("^([^,]+(,[^,]+)*)?$".to_owned()),
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

impl ParseFromParameter for AnyText {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        value.parse().map_err(ParseError::custom)
    }
}

// A filter in a body reads like the one in a query.
impl<T: Choice> ParseFromJSON for AnyOf<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        text_of(value.as_ref())?.parse().map_err(ParseError::custom)
    }
}

impl ParseFromJSON for AnyText {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        text_of(value.as_ref())?.parse().map_err(ParseError::custom)
    }
}

fn text_of<T: Type>(value: Option<&Value>) -> Result<&str, ParseError<T>> {
    value
        .and_then(Value::as_str)
        .ok_or_else(|| ParseError::custom("must be a string"))
}

impl<T: Choice> ToJSON for AnyOf<T> {
    fn to_json(&self) -> Option<Value> {
        let words = T::words();
        let word_of = |value: &T| {
            words
                .iter()
                .find(|(_, meant)| *meant == [value.clone()])
                .map(|(word, _)| *word)
        };
        Some(
            self.0
                .iter()
                .filter_map(word_of)
                .collect::<Vec<_>>()
                .join(",")
                .into(),
        )
    }
}

impl ToJSON for AnyText {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.join(",").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Light {
        Red,
        Green,
    }

    impl Choice for Light {
        fn words() -> Vec<(&'static str, Vec<Self>)> {
            vec![
                ("red", vec![Self::Red]),
                ("green", vec![Self::Green]),
                ("any", vec![Self::Red, Self::Green]),
            ]
        }
    }

    #[test]
    fn a_list_names_each_value_once_and_all_means_no_filter() {
        let read = |text: &str| text.parse::<AnyOf<Light>>().map(|list| list.0);
        assert_eq!(read("red,red"), Ok(vec![Light::Red]));
        assert_eq!(read("green,any"), Ok(vec![Light::Green, Light::Red]));
        assert_eq!(read("all"), Ok(vec![]));
        assert_eq!(read(""), Ok(vec![]));
        for wrong in ["blue", "red,", "red, green", "Red"] {
            assert!(
                read(wrong).unwrap_err().contains("red, green, any"),
                "{wrong}"
            );
        }
        assert!("a,,b".parse::<AnyText>().is_err());
        assert!("a\0".parse::<AnyText>().is_err());
        assert!(vec!["x"; 101].join(",").parse::<AnyText>().is_err());
    }
}
