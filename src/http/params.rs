//! Numbers from outside: money and days.

use std::borrow::Cow;
use std::str::FromStr;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde::{Serialize, Serializer};

use crate::money::Cents;

/// An amount in JSON: a number with two decimals, exact on its way in and out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub Cents);

impl From<Cents> for Money {
    fn from(cents: Cents) -> Self {
        Self(cents)
    }
}

impl Money {
    fn number(self) -> serde_json::Number {
        // Arbitrary precision keeps the text, so `140.10` is printed as it is.
        serde_json::Number::from_string_unchecked(self.0.to_string())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

impl FromStr for Money {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        if fraction.trim_end_matches('0').len() > 2 && !fraction.contains(['e', 'E']) {
            return Err("must have at most two decimals");
        }
        text.parse().map(Self)
    }
}

impl Type for Money {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "Money".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            // `multipleOf: 0.01` would refuse right amounts: validators divide binary fractions.
            format: Some("money"),
            example: Some(serde_json::json!(140.16)),
            ..MetaSchema::new("number")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Money {
    fn parse_from_json(value: Option<serde_json::Value>) -> ParseResult<Self> {
        match value {
            Some(serde_json::Value::Number(number)) => {
                number.to_string().parse().map_err(ParseError::custom)
            }
            None | Some(serde_json::Value::Null) => Err(ParseError::expected_input()),
            Some(_) => Err(ParseError::custom("must be a number such as 140.16")),
        }
    }
}

impl ToJSON for Money {
    fn to_json(&self) -> Option<serde_json::Value> {
        Some(serde_json::Value::Number(self.number()))
    }
}

/// Declares a whole number within bounds: digits only, so that `1.5`, `1e3` and `+1` are refused.
macro_rules! whole_number {
    ($(#[$doc:meta])* $name:ident($inner:ty): $min:literal..=$max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name($inner);

        impl $name {
            /// The number.
            pub fn get(self) -> $inner {
                self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                match text.parse::<$inner>() {
                    Ok(number) if digits && ($min..=$max).contains(&number) => Ok(Self(number)),
                    _ => Err(format!("must be a whole number from {} to {}", $min as $inner, $max as $inner)),
                }
            }
        }

        impl poem_openapi::types::Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                poem_openapi::registry::MetaSchemaRef::Inline(Box::new(
                    poem_openapi::registry::MetaSchema {
                        minimum: Some(const { $min as $inner as f64 }),
                        maximum: Some(const { $max as $inner as f64 }),
                        ..poem_openapi::registry::MetaSchema::new("integer")
                    },
                ))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl poem_openapi::types::ParseFromParameter for $name {
            fn parse_from_parameter(value: &str) -> poem_openapi::types::ParseResult<Self> {
                value.parse().map_err(poem_openapi::types::ParseError::custom)
            }
        }

        impl poem_openapi::types::ParseFromJSON for $name {
            fn parse_from_json(
                value: Option<serde_json::Value>,
            ) -> poem_openapi::types::ParseResult<Self> {
                match value {
                    Some(serde_json::Value::Number(number)) => number
                        .to_string()
                        .parse()
                        .map_err(poem_openapi::types::ParseError::custom),
                    None | Some(serde_json::Value::Null) => {
                        Err(poem_openapi::types::ParseError::expected_input())
                    }
                    Some(_) => Err(poem_openapi::types::ParseError::custom(
                        "must be a whole number",
                    )),
                }
            }
        }

        impl poem_openapi::types::ToJSON for $name {
            fn to_json(&self) -> Option<serde_json::Value> {
                Some(self.0.into())
            }
        }
    };
}
pub(crate) use whole_number;

whole_number! {
    /// How many days to look back: 1 to 365.
    Days(u32): 1..=365
}

whole_number! {
    /// The number of an event; 0 for before the first.
    EventNumber(u64): 0..=9_007_199_254_740_991
}

impl Default for Days {
    fn default() -> Self {
        Self(30)
    }
}

// A query parameter such as `minCost` is an amount too.
impl ParseFromParameter for Money {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        value.parse().map_err(ParseError::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(json: &str) -> Option<Cents> {
        let value = serde_json::from_str(json).unwrap();
        Money::parse_from_json(Some(value))
            .ok()
            .map(|money| money.0)
    }

    #[test]
    fn money_is_exact_both_ways() {
        for (json, cents) in [
            ("0.1", 10),
            ("140.160", 14_016),
            ("-3", -300),
            ("1e2", 10_000),
        ] {
            assert_eq!(money(json), Some(Cents(cents)), "{json}");
        }
        for wrong in ["0.001", "\"1\"", "true", "1e99"] {
            assert_eq!(money(wrong), None, "{wrong}");
        }
        assert_eq!(
            serde_json::to_string(&Money(Cents(-14_010))).unwrap(),
            "-140.10"
        );
    }

    #[test]
    fn days_are_whole_and_within_a_year() {
        assert_eq!("365".parse::<Days>().unwrap().get(), 365);
        for wrong in [
            "0",
            "366",
            "1.5",
            "1e1",
            "+1",
            "-1",
            " 1",
            "",
            "99999999999999999999",
        ] {
            assert!(wrong.parse::<Days>().is_err(), "{wrong}");
        }
    }
}
