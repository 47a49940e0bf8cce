//! Values with the noise taken out, so that only what matters compares unequal.
//!
//! `null`, `""`, `[]`, `{}` and an absent member are equal, and so is an object of nothing else; numbers compare by
//! their digits, whatever their spelling; the order of a list does not count; a JSON document inside a
//! string compares as JSON; an ARN compares without case.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Equal for equal values, and for no others: the first 16 bytes of a SHA-256.
pub(crate) type Digest = [u8; 16];

/// The digest of everything that counts as absent.
pub(crate) const ABSENT: Digest = [0; 16];

/// How deep a document may stand in a string in a document in a string.
const MAX_DOCUMENTS: u32 = 3;

/// A value, its normalised digest, and its parts.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// The value as it stands.
    pub(crate) value: &'a Value,
    /// Of the normalised value.
    pub(crate) digest: Digest,
    /// How many leaves there are below, absent ones aside.
    pub(crate) leaves: u32,
    /// What it is made of.
    pub(crate) shape: Shape<'a>,
}

/// See [`Node`].
#[derive(Debug)]
pub(crate) enum Shape<'a> {
    /// Counts as absent.
    Absent,
    /// A scalar.
    Leaf,
    /// Each element, absent ones included, so that indexes hold.
    List(Vec<Node<'a>>),
    /// Members by key, sorted, without the absent ones.
    Object(Vec<(&'a str, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Normalises a value.
    pub(crate) fn new(value: &'a Value) -> Self {
        Self::within(value, 0)
    }

    /// Normalises two values without the members that are plainly the same on both sides, which are most.
    pub(crate) fn pair(a: &'a Value, b: &'a Value) -> (Self, Self) {
        let (Value::Object(these), Value::Object(those)) = (a, b) else {
            return (Self::new(a), Self::new(b));
        };
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut in_common = false;
        for (key, this) in these {
            match those.get(key) {
                Some(that) if this == that => in_common = in_common || !is_absent(this),
                Some(that) => {
                    let (this, that) = Self::pair(this, that);
                    left.push((key.as_str(), this));
                    right.push((key.as_str(), that));
                }
                None => left.push((key.as_str(), Self::new(this))),
            }
        }
        let alone = those.iter().filter(|(key, _)| !these.contains_key(*key));
        right.extend(alone.map(|(key, that)| (key.as_str(), Self::new(that))));
        (
            Self::object(a, left, in_common),
            Self::object(b, right, in_common),
        )
    }

    /// An object of these members; `more` where it has others that were left out.
    fn object(value: &'a Value, mut members: Vec<(&'a str, Self)>, more: bool) -> Self {
        members.retain(|(_, node)| !node.is_absent());
        members.sort_unstable_by_key(|(key, _)| *key);
        let digest = if members.is_empty() && !more {
            ABSENT
        } else {
            object_digest(&members)
        };
        Self {
            value,
            digest,
            leaves: (members.iter()).fold(0, |sum, (_, node)| sum.saturating_add(node.leaves)),
            shape: if digest == ABSENT {
                Shape::Absent
            } else {
                Shape::Object(members)
            },
        }
    }

    fn within(value: &'a Value, documents: u32) -> Self {
        let (digest, leaves, shape) = match value {
            Value::Null => (ABSENT, 0, Shape::Absent),
            Value::String(text) if text.is_empty() => (ABSENT, 0, Shape::Absent),
            Value::Bool(flag) => (tagged(b'b', &[&[u8::from(*flag)]]), 1, Shape::Leaf),
            Value::Number(number) => (number_digest(number.as_str()), 1, Shape::Leaf),
            Value::String(text) => (text_digest(text, documents), 1, Shape::Leaf),
            Value::Array(items) => {
                let nodes: Vec<_> = (items.iter())
                    .map(|item| Self::within(item, documents))
                    .collect();
                let leaves = nodes
                    .iter()
                    .fold(0u32, |sum, node| sum.saturating_add(node.leaves));
                (list_digest(&nodes), leaves, Shape::List(nodes))
            }
            Value::Object(members) => {
                let members = (members.iter())
                    .map(|(key, member)| (key.as_str(), Self::within(member, documents)))
                    .collect();
                return Self::object(value, members, false);
            }
        };
        let shape = if digest == ABSENT {
            Shape::Absent
        } else {
            shape
        };
        Self {
            value,
            digest,
            leaves,
            shape,
        }
    }

    /// Whether it counts as absent.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.shape, Shape::Absent)
    }

    /// Whether it is a list or an object with something in it.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self.shape, Shape::List(_) | Shape::Object(_))
    }

    /// A member, where this is an object that has it.
    pub(crate) fn member(&self, key: &str) -> Option<&Self> {
        match &self.shape {
            Shape::Object(members) => {
                (members.binary_search_by_key(&key, |(name, _)| name).ok()).map(|at| &members[at].1)
            }
            _ => None,
        }
    }

    /// An element, where this is a list that has it.
    pub(crate) fn element(&self, index: usize) -> Option<&Self> {
        match &self.shape {
            Shape::List(items) => items.get(index),
            _ => None,
        }
    }
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([tag]);
    for part in parts {
        hash.update(part);
    }
    shortened(hash)
}

fn shortened(hash: Sha256) -> Digest {
    let mut digest = ABSENT;
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}

fn list_digest(nodes: &[Node<'_>]) -> Digest {
    if nodes.is_empty() {
        return ABSENT;
    }
    let mut digests: Vec<_> = nodes.iter().map(|node| node.digest).collect();
    digests.sort_unstable();
    tagged(b'l', &[digests.as_flattened()])
}

/// Whether a value counts as absent.
fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_absent),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn object_digest(members: &[(&str, Node<'_>)]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"o");
    for (key, node) in members {
        hash.update((key.len() as u64).to_be_bytes());
        hash.update(key.as_bytes());
        hash.update(node.digest);
    }
    shortened(hash)
}

fn text_digest(text: &str, documents: u32) -> Digest {
    if documents < MAX_DOCUMENTS
        && text.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str::<Value>(text)
    {
        return tagged(b'j', &[&Node::within(&document, documents + 1).digest]);
    }
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("arn:") => {
            tagged(b's', &[text.to_ascii_lowercase().as_bytes()])
        }
        _ => tagged(b's', &[text.as_bytes()]),
    }
}

fn number_digest(text: &str) -> Digest {
    match decimal(text) {
        Some((negative, digits, exponent)) => tagged(
            b'n',
            &[
                &[u8::from(negative)],
                &exponent.to_be_bytes(),
                digits.as_bytes(),
            ],
        ),
        None => tagged(b'm', &[text.as_bytes()]),
    }
}

/// A JSON number as its sign, its digits without zeros at either end, and the power of ten of the last one. None
/// where the exponent is too large to count: such a number equals only its own spelling.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    digits.truncate(digits.len() - trailing);
    let digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some((false, digits, 0));
    }
    let exponent: i64 = exponent.map_or(Some(0), |text| text.parse().ok())?;
    let exponent = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(i64::try_from(trailing).ok()?)?;
    Some((negative, digits, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(json: &str) -> Digest {
        Node::new(&serde_json::from_str(json).unwrap()).digest
    }

    #[test]
    fn noise_is_equal() {
        for (a, b) in [
            ("null", "\"\""),
            ("[]", "{}"),
            (r#"{"a": null, "b": {"c": []}}"#, "null"),
            ("1", "1.0"),
            ("1", "10e-1"),
            ("100", "1E+2"),
            ("0", "-0.00e99999999999999999999"),
            ("9007199254740993", "9007199254740993.0"),
            ("[1, 2, 2]", "[2, 1, 2.0]"),
            (
                r#"[{"a": 1}, {"b": 2}]"#,
                r#"[{"b": 2, "x": ""}, {"a": 1.0}]"#,
            ),
            (
                r#""{\"a\": [1, 2]}""#,
                r#""{ \"a\" : [2, 1], \"b\": null}""#,
            ),
            (
                r#""arn:aws:iam::1:role/App""#,
                r#""arn:aws:iam::1:role/app""#,
            ),
        ] {
            assert_eq!(digest(a), digest(b), "{a} {b}");
        }
    }

    #[test]
    fn a_pair_leaves_out_what_is_plainly_the_same() {
        let a = serde_json::json!({"same": [1], "o": {"x": 1, "y": 2}, "n": null, "gone": 1});
        let b = serde_json::json!({"same": [1], "o": {"x": 1, "y": 3}, "n": "", "new": 1});
        let (a, b) = Node::pair(&a, &b);
        let keys = |node: &Node<'_>| match &node.shape {
            Shape::Object(members) => members.iter().map(|(key, _)| key.to_string()).collect(),
            _ => Vec::new(),
        };
        assert_eq!(
            (keys(&a), keys(&b)),
            (
                vec!["gone".into(), "o".into()],
                vec!["new".into(), "o".into()]
            )
        );
        assert!(b.member("o").unwrap().member("x").is_none());
        let (a, b) = (
            serde_json::json!({"x": 1}),
            serde_json::json!({"x": 1, "y": 2}),
        );
        assert!(!Node::pair(&a, &b).0.is_absent());
    }

    #[test]
    fn what_differs_is_not_equal() {
        for (a, b) in [
            ("1", "\"1\""),
            ("0", "null"),
            ("false", "null"),
            ("9007199254740993", "9007199254740992"),
            ("1e999999999999999999999", "1e999999999999999999998"),
            ("[1, 2]", "[1, 2, 2]"),
            ("[null]", "[]"),
            ("-1", "1"),
            ("1", "10"),
            (r#""{\"a\": 1}""#, r#"{"a": 1}"#),
            (r#""App""#, r#""app""#),
            (r#"{"a": "bc"}"#, r#"{"ab": "c"}"#),
        ] {
            assert_ne!(digest(a), digest(b), "{a} {b}");
        }
    }
}
