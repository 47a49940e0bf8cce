//! Closed sets of words: an enum of ours as an enum of the contract.

use crate::actor::Role;

/// Makes an enum whose serde names are these words a string enum of the contract: in bodies, answers and filters.
macro_rules! word_type {
    ($type:ty, $name:literal, [$($word:literal => $value:expr),* $(,)?]) => {
        impl $crate::http::words::Words for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $value)),*];
        }

        impl poem_openapi::types::Type for $type {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                poem_openapi::registry::MetaSchemaRef::Inline(Box::new(poem_openapi::registry::MetaSchema {
                    enum_items: vec![$($word.into()),*],
                    ..poem_openapi::registry::MetaSchema::new("string")
                }))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl poem_openapi::types::ParseFromJSON for $type {
            fn parse_from_json(value: Option<serde_json::Value>) -> poem_openapi::types::ParseResult<Self> {
                match value {
                    Some(serde_json::Value::String(word)) => {
                        $crate::http::words::parse(&word).map_err(poem_openapi::types::ParseError::custom)
                    }
                    None | Some(serde_json::Value::Null) => Err(poem_openapi::types::ParseError::expected_input()),
                    Some(_) => Err(poem_openapi::types::ParseError::custom("must be a string")),
                }
            }
        }

        impl poem_openapi::types::ParseFromParameter for $type {
            fn parse_from_parameter(word: &str) -> poem_openapi::types::ParseResult<Self> {
                $crate::http::words::parse(word).map_err(poem_openapi::types::ParseError::custom)
            }
        }

        impl poem_openapi::types::ToJSON for $type {
            fn to_json(&self) -> Option<serde_json::Value> {
                $crate::http::words::word(self).map(Into::into)
            }
        }
    };
}
pub(crate) use word_type;

word_type!(Role, "Role", [
    "ingest" => Role::Ingest, "viewer" => Role::Viewer, "engineer" => Role::Engineer, "admin" => Role::Admin,
]);

/// An enum with a word for each value.
pub trait Words: Copy + PartialEq + Send + Sync + 'static {
    /// Each word with its value.
    const WORDS: &'static [(&'static str, Self)];
}

/// The value of a word.
///
/// # Errors
/// A sentence that names the words there are.
pub fn parse<T: Words>(word: &str) -> Result<T, String> {
    T::WORDS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let words: Vec<&str> = T::WORDS.iter().map(|(name, _)| *name).collect();
            format!("must be one of {}", words.join(", "))
        })
}

/// The word of a value.
pub fn word<T: Words>(value: &T) -> Option<&'static str> {
    T::WORDS
        .iter()
        .find(|(_, other)| other == value)
        .map(|(word, _)| *word)
}

/// A filter's choices: each word stands for its own value.
pub fn choices<T: Words>() -> Vec<(&'static str, Vec<T>)> {
    T::WORDS
        .iter()
        .map(|(word, value)| (*word, vec![*value]))
        .collect()
}
