//! A resource's state as it is kept: JSON text, which takes a fraction of the room of a tree of values.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A state without a secret in it, as compact JSON. Two are equal when their texts are.
#[derive(Clone, PartialEq, Eq)]
pub struct State(Box<str>);

impl State {
    /// The JSON.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A state that is JSON already.
    pub(crate) fn from_json(json: String) -> Self {
        Self(json.into())
    }
}

impl From<&Value> for State {
    fn from(value: &Value) -> Self {
        Self::from_json(value.to_string())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for State {
    /// As the JSON it is, into JSON.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    /// Through a value: what comes from outside is checked whole and written in our own way.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self::from(&value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_written_as_the_json_it_is() {
        let state: State = serde_json::from_str(r#"{"b": 1.50, "a": "\u003c"}"#).unwrap();
        assert_eq!(state.text(), r#"{"a":"<","b":1.50}"#);
        assert_eq!(serde_json::to_string(&state).unwrap(), state.text());
    }
}
