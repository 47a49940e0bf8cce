//! A finding from two states that a person gives: no tool marked what is sensitive in them.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::ingest::marks::Marks;
use crate::ingest::redact::Redactor;
use crate::ingest::scan::{Content, Finding, Kind, State};
use crate::ingest::secrets::Secrets;
use crate::ingest::{FingerprintKey, diff, difference, normalise};

/// Words in a name that say that its value is a secret.
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "private_key",
    "privatekey",
    "access_key",
    "accesskey",
    "api_key",
    "apikey",
    "connection_string",
    "connectionstring",
    "credential",
];

/// What a person says of a resource that drifted.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// The resource's address.
    pub address: String,
    /// The cloud's own id.
    pub resource_id: String,
    /// The resource's type.
    pub resource_type: String,
    /// The region.
    pub region: String,
    /// The account.
    pub account_id: Option<String>,
    /// How it is at odds; by the states where it isn't said.
    pub kind: Option<Kind>,
    /// The declared state; none where no code declares it.
    pub expected: Option<Value>,
    /// The live state; none where it is gone.
    pub actual: Option<Value>,
}

/// Compares the two states as a plan's are compared, and hides what stands under a secret's name.
///
/// # Errors
/// `Invalid` where the states are equal, or both are absent.
pub fn by_hand(said: ByHand, key: &FingerprintKey) -> Result<Finding> {
    let kind = kind_of(&said)?;
    let (expected, actual) = (
        said.expected.unwrap_or_default(),
        said.actual.unwrap_or_default(),
    );
    let marks = marks_of(&expected).union(marks_of(&actual));
    let (expected_node, actual_node) = (
        normalise::Node::new(&expected),
        normalise::Node::new(&actual),
    );
    let whole = !expected.is_null() && !actual.is_null();
    let sites = if whole {
        diff::sites(&expected_node, &actual_node)
    } else {
        Vec::new()
    };
    if whole && sites.is_empty() {
        return Err(Error::invalid(
            "actualState",
            "must differ from expectedState: null, empty and absent values count as equal, and so do 1 and 1.0",
        ));
    }
    let mut secrets = Secrets::default();
    for state in [&expected, &actual] {
        learn(state, &marks, &mut secrets);
    }
    let mut redactor = Redactor {
        secrets: &secrets,
        key,
        hidden: 0,
    };
    let sides = difference::Sides {
        expected: &expected_node,
        actual: &actual_node,
        marks: &marks,
    };
    let differences = difference::differences(&sites, &sides, &redactor);
    let content: Content = key.content(if whole {
        sites.iter().map(diff::Site::content).collect()
    } else if actual.is_null() {
        Vec::new()
    } else {
        vec![(Vec::new(), actual_node.digest)]
    });
    let mut kept = |state: &Value| {
        let mut state = state.clone();
        redactor.state(&mut state, &marks);
        (!state.is_null()).then(|| State::from(&state))
    };
    let (shown_expected, shown_actual) = (kept(&expected), kept(&actual));
    Ok(Finding {
        address: said.address,
        previous_address: None,
        deposed: None,
        kind,
        resource_type: said.resource_type,
        provider: None,
        resource_id: said.resource_id,
        region: Some(said.region),
        account_id: said.account_id,
        difference: differences,
        content,
        expected: shown_expected,
        actual: shown_actual,
    })
}

fn kind_of(said: &ByHand) -> Result<Kind> {
    let by_states = match (&said.expected, &said.actual) {
        (Some(_), Some(_)) => Kind::Modified,
        (Some(_), None) => Kind::Missing,
        (None, Some(_)) => Kind::Unmanaged,
        (None, None) => {
            return Err(Error::invalid(
                "expectedState",
                "and actualState can't both be null: one of them is the drift",
            ));
        }
    };
    Ok(said.kind.unwrap_or(by_states))
}

/// Marks what stands under a secret's name.
fn marks_of(value: &Value) -> Marks {
    fn marked(value: &Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| {
                        let mark = if is_secret(name, member) {
                            Value::Bool(true)
                        } else {
                            marked(member)
                        };
                        (name.clone(), mark)
                    })
                    .collect::<Map<_, _>>(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(marked).collect()),
            _ => Value::Bool(false),
        }
    }
    Marks::from_value(&marked(value))
}

/// Whether a name says that what stands under it is a secret. Flags and numbers are settings, such as
/// `password_length`.
fn is_secret(name: &str, value: &Value) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    !matches!(value, Value::Bool(_) | Value::Number(_) | Value::Null)
        && SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Remembers each marked text, so that it is hidden wherever else it stands.
fn learn(value: &Value, marks: &Marks, secrets: &mut Secrets) {
    match value {
        Value::String(text) if marks.is_all() => secrets.add(text),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| learn(item, marks.element(i), secrets));
        }
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, member)| learn(member, marks.member(name), secrets));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(expected: Value, actual: Value) -> ByHand {
        ByHand {
            address: "a".into(),
            resource_id: "a".into(),
            resource_type: "t".into(),
            region: "r".into(),
            account_id: None,
            kind: None,
            expected: (!expected.is_null()).then_some(expected),
            actual: (!actual.is_null()).then_some(actual),
        }
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        let finding = by_hand(
            said(
                json!({"db_password": "first-secret", "url": "pg://u:first-secret@h", "port": 1}),
                json!({"db_password": "other-secret", "url": "pg://u:other-secret@h", "port": 2}),
            ),
            &FingerprintKey([1; 32]),
        )
        .unwrap();
        let text = serde_json::to_string(&finding).unwrap();
        assert!(!text.contains("-secret"), "{text}");
        let pointers: Vec<_> = finding
            .difference
            .iter()
            .map(|one| (one.pointer.as_str(), one.sensitive))
            .collect();
        assert_eq!(
            pointers,
            [("/db_password", true), ("/port", false), ("/url", true)]
        );
    }

    #[test]
    fn states_must_differ() {
        let key = FingerprintKey([1; 32]);
        assert!(by_hand(said(json!({"a": 1}), json!({"a": 1.0, "b": null})), &key).is_err());
        assert!(by_hand(said(Value::Null, Value::Null), &key).is_err());
        assert_eq!(
            by_hand(said(json!({}), Value::Null), &key).unwrap().kind,
            Kind::Missing
        );
        assert_eq!(
            by_hand(said(Value::Null, json!({"a": 1})), &key)
                .unwrap()
                .kind,
            Kind::Unmanaged
        );
    }
}
