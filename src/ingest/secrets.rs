//! The strings a document marks as sensitive somewhere, to find them where it does not.
//!
//! A mark does not follow a copy: `tags.token` may be marked while `tags_all.token`, the same secret, is not.
//! Memory holds at most the first 64 bytes of each secret, and finding them takes time linear in the text.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::ingest::marks::Marks;

/// Shorter strings are too common to be told from what is no secret.
const EXACT_FROM_BYTES: usize = 4;
/// From this length a secret is found inside other strings too.
const WITHIN_FROM_BYTES: usize = 6;
/// What is remembered of a long secret.
const KEPT_BYTES: usize = 64;

/// See the module.
pub(crate) struct Secrets {
    known: HashSet<Box<[u8]>>,
    /// The lengths of the secrets that begin with these bytes: bit n stands for n bytes beyond the head.
    heads: HashMap<[u8; WITHIN_FROM_BYTES], u64>,
    /// One bit for each hash of four first bytes: most places in a text are passed by a look at it.
    filter: Box<[u64; 1024]>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.known.len())
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            heads: HashMap::new(),
            filter: Box::new([0; 1024]),
        }
    }
}

/// The filter's word and bit for four bytes.
fn bit(four: [u8; 4]) -> (usize, u64) {
    let hash = u32::from_le_bytes(four).wrapping_mul(0x9e37_79b1) >> 16;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Secrets {
    /// Remembers one string.
    pub(crate) fn add(&mut self, secret: &str) {
        let bytes = secret.as_bytes();
        if bytes.len() < EXACT_FROM_BYTES || secret == crate::ingest::scan::SENSITIVE {
            return;
        }
        let bytes = &bytes[..bytes.len().min(KEPT_BYTES)];
        if self.known.contains(bytes) {
            return;
        }
        self.known.insert(bytes.into());
        if let Some(head) = bytes.first_chunk::<WITHIN_FROM_BYTES>() {
            *self.heads.entry(*head).or_default() |= 1 << (bytes.len() - WITHIN_FROM_BYTES);
            let (word, bit) = bit([head[0], head[1], head[2], head[3]]);
            self.filter[word] |= bit;
        }
    }

    /// Remembers each string that its marks cover, from JSON text.
    pub(crate) fn learn_json(&mut self, json: &[u8], marks: &Marks) -> serde_json::Result<()> {
        if marks.is_clear() {
            return Ok(());
        }
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        Learn {
            marks,
            secrets: self,
        }
        .deserialize(&mut deserializer)
    }

    /// Whether a text is a secret or has one in it.
    pub(crate) fn stand_in(&self, text: &str) -> bool {
        if self.known.is_empty() || text.len() < EXACT_FROM_BYTES {
            return false;
        }
        if text.len() < WITHIN_FROM_BYTES {
            return self.known.contains(text.as_bytes());
        }
        self.stand_within(text.as_bytes()) || self.stand_in_json(text)
    }

    fn stand_within(&self, bytes: &[u8]) -> bool {
        bytes
            .windows(WITHIN_FROM_BYTES)
            .enumerate()
            .any(|(at, head)| {
                let (word, bit) = bit([head[0], head[1], head[2], head[3]]);
                if self.filter[word] & bit == 0 {
                    return false;
                }
                let head: [u8; WITHIN_FROM_BYTES] =
                    [head[0], head[1], head[2], head[3], head[4], head[5]];
                let mut lengths = self.heads.get(&head).copied().unwrap_or_default();
                while lengths != 0 {
                    let length = lengths.trailing_zeros() as usize + WITHIN_FROM_BYTES;
                    if bytes
                        .get(at..at + length)
                        .is_some_and(|part| self.known.contains(part))
                    {
                        return true;
                    }
                    lengths &= lengths - 1;
                }
                false
            })
    }

    /// A document inside a string may spell a secret with escapes.
    fn stand_in_json(&self, text: &str) -> bool {
        text.contains('\\')
            && text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<Value>(text).is_ok_and(|value| self.stand_in_value(&value))
    }

    /// Whether a secret stands anywhere in a value, keys included.
    pub(crate) fn stand_in_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.stand_in(text),
            Value::Array(items) => items.iter().any(|item| self.stand_in_value(item)),
            Value::Object(members) => (members.iter())
                .any(|(key, member)| self.stand_in(key) || self.stand_in_value(member)),
            _ => false,
        }
    }
}

/// Walks JSON text along its marks and remembers what they cover.
struct Learn<'a> {
    marks: &'a Marks,
    secrets: &'a mut Secrets,
}

impl<'de> DeserializeSeed<'de> for Learn<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.marks.is_clear() {
            deserializer.deserialize_ignored_any(IgnoredAny).map(drop)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Learn<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.marks.is_all() {
            self.secrets.add(text);
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while items
            .next_element_seed(Learn {
                marks: self.marks.element(index),
                secrets: &mut *self.secrets,
            })?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(marks) = members.next_key_seed(MarksOf(self.marks))? {
            members.next_value_seed(Learn {
                marks,
                secrets: &mut *self.secrets,
            })?;
        }
        Ok(())
    }
}

/// A key, read as the marks of its member.
struct MarksOf<'a>(&'a Marks);

impl<'de, 'a> DeserializeSeed<'de> for MarksOf<'a> {
    type Value = &'a Marks;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for MarksOf<'a> {
    type Value = &'a Marks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        // So serde_json hands over a number that keeps its digits. Numbers are not looked for elsewhere.
        Ok(if key == "$serde_json::private::Number" {
            &Marks::Clear
        } else {
            self.0.member(key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secrets(known: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        known.iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    #[test]
    fn short_ones_are_found_whole_and_long_ones_within() {
        let secrets = secrets(&["abc", "abcd", "hunter2", "hunter22"]);
        for (text, found) in [
            ("abc", false),
            ("abcd", true),
            ("xabcdx", false),
            ("hunter2", true),
            ("postgres://u:hunter2@db", true),
            ("hunter", false),
            ("éhunter2é", true),
            ("", false),
        ] {
            assert_eq!(secrets.stand_in(text), found, "{text}");
        }
    }

    #[test]
    fn long_ones_are_known_by_their_first_bytes() {
        let long = "k".repeat(30) + &"v".repeat(100);
        let secrets = secrets(&[&long]);
        assert!(secrets.stand_in(&long));
        assert!(secrets.stand_in(&format!("key={long}!")));
        assert!(secrets.known.iter().all(|kept| kept.len() <= KEPT_BYTES));
    }

    #[test]
    fn escapes_inside_a_document_hide_nothing() {
        let secrets = secrets(&["pa\"ss\\word"]);
        let document = json!({"db": {"password": "pa\"ss\\word"}}).to_string();
        assert!(secrets.stand_in(&document));
    }

    #[test]
    fn what_marks_cover_is_learned_from_text() {
        let value = json!({"a": "first-secret", "b": [{"c": "other-secret", "n": -5, "f": 1.5, "t": true, "z": null}, 1234567], "d": "public-text"});
        let marks = Marks::from_value(&json!({"a": true, "b": true}));
        let mut learned = Secrets::default();
        learned
            .learn_json(value.to_string().as_bytes(), &marks)
            .unwrap();
        assert_eq!(
            learned.known,
            secrets(&["first-secret", "other-secret"]).known
        );
    }

    #[test]
    fn many_secrets_with_one_beginning_stay_cheap() {
        let mut secrets = Secrets::default();
        for i in 0..50_000 {
            secrets.add(&format!("arn:aws:iam::123456789012:role/{i:020}"));
        }
        let text = "arn:aw".repeat(50_000);
        let started = std::time::Instant::now();
        assert!(!secrets.stand_in(&text));
        assert!(started.elapsed().as_secs() < 5);
    }
}
