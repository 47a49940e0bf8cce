//! States as they stand in a plan, by member: most of a drifted resource's members read the same on both sides, and what
//! reads the same is the same, so only the rest is parsed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::ingest::marks::Marks;
use crate::ingest::redact::Redactor;
use crate::ingest::scan::{SENSITIVE, State};

/// A member's key and its value's text.
pub(super) type Member<'a> = (Cow<'a, str>, &'a str);

/// A state's text, told apart by its members.
#[derive(Debug)]
pub(super) enum Text<'a> {
    /// `null`, or not there.
    Absent,
    /// An object: its members sorted by key, each key once.
    Object(Vec<Member<'a>>),
    /// Anything else, as no provider has it.
    Other(&'a str),
}

/// States without what reads the same in all of them.
#[derive(Debug, Default)]
pub(super) struct Apart<'a, V> {
    /// What reads the same: sorted, with text.
    pub(super) common: Vec<Member<'a>>,
    /// Each state's rest.
    pub(super) rest: V,
}

impl<'a> Text<'a> {
    /// Tells a state's members apart.
    pub(super) fn new(json: &'a str) -> serde_json::Result<Self> {
        let json = json.trim_ascii();
        match json.as_bytes().first() {
            None => Ok(Self::Absent),
            Some(b'n') if json == "null" => Ok(Self::Absent),
            Some(b'{') => {
                let Split(mut members) = serde_json::from_str(json)?;
                if !members.is_sorted_by(|(a, _), (b, _)| a < b) {
                    // Of a key that stands twice the last one counts.
                    members.reverse();
                    members.sort_by(|(a, _), (b, _)| a.cmp(b));
                    members.dedup_by(|(a, _), (b, _)| a == b);
                }
                Ok(Self::Object(members))
            }
            Some(_) => Ok(Self::Other(json)),
        }
    }

    /// The whole state.
    pub(super) fn value(&self) -> serde_json::Result<Value> {
        match self {
            Self::Absent => Ok(Value::Null),
            Self::Object(members) => object(members.iter()),
            Self::Other(json) => serde_json::from_str(json),
        }
    }

    /// The whole state unparsed, where it is an object.
    pub(super) fn unparsed(self) -> serde_json::Result<Apart<'a, Value>> {
        match self {
            Self::Object(common) => Ok(Apart {
                common,
                rest: Value::Object(Map::new()),
            }),
            other => Ok(Apart {
                common: Vec::new(),
                rest: other.value()?,
            }),
        }
    }
}

/// Takes the members aside that read the same in all states, except those that are `wanted` as values.
pub(super) fn apart<'a, const N: usize>(
    texts: [&Text<'a>; N],
    wanted: impl Fn(&str) -> bool,
) -> serde_json::Result<Apart<'a, [Value; N]>> {
    let mut common = Vec::new();
    if let Some(Text::Object(first)) = texts.first() {
        let mut others = texts.map(Ahead::new);
        let mut everywhere = |(key, json): &Member<'a>| {
            (others[1..].iter_mut()).all(|other| other.find(key) == Some(*json))
        };
        common.extend(
            (first.iter())
                .filter(|member| everywhere(member) && !wanted(&member.0))
                .cloned(),
        );
    }
    let mut rest = [const { Value::Null }; N];
    for (rest, text) in rest.iter_mut().zip(texts) {
        *rest = match text {
            Text::Object(members) => {
                let mut aside = Ahead(&common);
                object((members.iter()).filter(|(key, _)| aside.find(key).is_none()))?
            }
            other => other.value()?,
        };
    }
    Ok(Apart { common, rest })
}

/// Members yet to come, where keys are asked for in their own order.
struct Ahead<'m, 'a>(&'m [Member<'a>]);

impl<'m, 'a> Ahead<'m, 'a> {
    fn new(text: &'m Text<'a>) -> Self {
        match text {
            Text::Object(members) => Self(members),
            Text::Absent | Text::Other(_) => Self(&[]),
        }
    }

    fn find(&mut self, key: &str) -> Option<&'a str> {
        while let Some(((name, json), rest)) = self.0.split_first() {
            match (**name).cmp(key) {
                Ordering::Less => self.0 = rest,
                Ordering::Equal => return Some(*json),
                Ordering::Greater => return None,
            }
        }
        None
    }
}

fn find<'m, V>(members: &'m [(Cow<'_, str>, V)], key: &str) -> Option<&'m V> {
    let at = members
        .binary_search_by(|(name, _)| (**name).cmp(key))
        .ok()?;
    Some(&members[at].1)
}

fn object<'m, 'a: 'm>(members: impl Iterator<Item = &'m Member<'a>>) -> serde_json::Result<Value> {
    members
        .map(|(key, json)| Ok((key.clone().into_owned(), serde_json::from_str(json)?)))
        .collect::<serde_json::Result<Map<_, _>>>()
        .map(Value::Object)
}

/// An object's members in the order of the text.
struct Split<'a>(Vec<Member<'a>>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Split<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Split<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(32);
        while let Some(Key(key)) = map.next_key()? {
            members.push((key, map.next_value::<&RawValue>()?.get()));
        }
        Ok(Split(members))
    }
}

/// A state as it is kept, by member.
#[derive(Debug, Clone)]
pub(super) enum Kept<'a> {
    /// An object, sorted by key.
    Object(Vec<(Cow<'a, str>, Cow<'a, str>)>),
    /// Anything else.
    Other(String),
}

impl<'a> Kept<'a> {
    /// Redacts what states have in common. It is hidden once in each state it is put into by [`Kept::with`].
    pub(super) fn common(
        common: &[Member<'a>],
        marks: &Marks,
        redactor: &mut Redactor<'_>,
    ) -> serde_json::Result<Self> {
        if marks.is_all() {
            return Ok(Self::Object(Vec::new()));
        }
        let mut kept = Vec::with_capacity(common.len() + 4);
        for (key, json) in common {
            let json = redactor.member(json, marks.member(key))?;
            kept.push((redactor.key(key.clone()), json));
        }
        Ok(Self::Object(kept))
    }

    /// A state of what is in common, redacted, and its own rest.
    pub(super) fn with(
        mut self,
        mut rest: Value,
        marks: &Marks,
        redactor: &mut Redactor<'_>,
    ) -> Self {
        redactor.state(&mut rest, marks);
        match (&mut self, rest) {
            (Self::Object(kept), Value::Object(members)) => {
                kept.extend(
                    (members.into_iter())
                        .map(|(key, value)| (key.into(), value.to_string().into())),
                );
                kept.sort_by(|(a, _), (b, _)| a.cmp(b));
                self
            }
            (_, other) => Self::Other(other.to_string()),
        }
    }

    /// A member that is a text or a number and not hidden, as text.
    pub(super) fn plain(&self, key: &str) -> Option<String> {
        let Self::Object(members) = self else {
            return None;
        };
        let json = find(members, key)?;
        match json.as_bytes().first()? {
            b'"' => serde_json::from_str(json)
                .ok()
                .filter(|text| text != SENSITIVE),
            b'-' | b'0'..=b'9' => Some(json.to_string()),
            _ => None,
        }
    }

    /// The state as one text.
    pub(super) fn into_state(self) -> State {
        let members = match self {
            Self::Object(members) => members,
            Self::Other(json) => return State::from_json(json),
        };
        let room: usize = (members.iter())
            .map(|(key, json)| key.len() + json.len() + 4)
            .sum();
        let mut text = String::with_capacity(room + 2);
        for (key, json) in &members {
            text.push(if text.is_empty() { '{' } else { ',' });
            push_key(&mut text, key);
            text.push(':');
            text.push_str(json);
        }
        text.push_str(if members.is_empty() { "{}" } else { "}" });
        State::from_json(text)
    }
}

fn push_key(text: &mut String, key: &str) {
    if key
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        text.push_str(&Value::from(key).to_string());
    } else {
        text.push('"');
        text.push_str(key);
        text.push('"');
    }
}
