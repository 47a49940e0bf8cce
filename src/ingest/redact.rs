//! What is kept of a state: everything but the secrets.

use std::borrow::Cow;

use hmac::Mac;
use serde_json::Value;

use crate::hex;
use crate::ingest::marks::Marks;
use crate::ingest::scan::SENSITIVE;
use crate::ingest::secrets::Secrets;
use crate::ingest::{FingerprintKey, mac};

/// Hides secrets and counts them.
///
/// `hidden` counts places in the states that are kept: a leaf, a key, or a whole list or object under one mark is
/// one. The difference repeats places of the states, so it adds nothing.
pub(crate) struct Redactor<'a> {
    /// The strings to look for.
    pub(crate) secrets: &'a Secrets,
    /// Names hidden keys apart.
    pub(crate) key: &'a FingerprintKey,
    /// How many places were hidden so far.
    pub(crate) hidden: u64,
}

impl Redactor<'_> {
    /// Takes out what is marked and known secrets. An absent value stays absent: that a password is not set is no
    /// secret.
    pub(crate) fn state(&mut self, value: &mut Value, marks: &Marks) {
        if value.is_null() {
            return;
        }
        if marks.is_all() {
            self.hidden += 1;
            *value = SENSITIVE.into();
            return;
        }
        match value {
            Value::String(text) if self.secrets.stand_in(text) => {
                self.hidden += 1;
                *value = SENSITIVE.into();
            }
            Value::Array(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.state(item, marks.element(i));
                }
            }
            Value::Object(members) => {
                let mut renamed = Vec::new();
                for (key, member) in members.iter_mut() {
                    self.state(member, marks.member(key));
                    renamed.extend(self.name(key).map(|name| (key.clone(), name)));
                }
                for (key, name) in renamed {
                    self.hidden += 1;
                    let member = members.remove(&key).unwrap_or_default();
                    members.insert(name, member);
                }
            }
            _ => {}
        }
    }

    /// A value's text without what is marked and known secrets: as it is where there is nothing to hide.
    ///
    /// # Errors
    /// What serde_json says of a text that is no value.
    pub(crate) fn member<'a>(
        &mut self,
        json: &'a str,
        marks: &Marks,
    ) -> serde_json::Result<Cow<'a, str>> {
        if marks.is_clear() && self.is_plain(json) {
            return Ok(Cow::Borrowed(json));
        }
        let mut value = serde_json::from_str(json)?;
        self.state(&mut value, marks);
        Ok(value.to_string().into())
    }

    /// Whether a value's text can be seen at a glance to be as we would write it, with no secret in it.
    fn is_plain(&self, json: &str) -> bool {
        if json.contains('\\') {
            return false;
        }
        // Without escapes, each second piece between quotes is the inside of a text.
        json.split('"').enumerate().all(|(i, piece)| {
            if i % 2 == 1 {
                !self.secrets.stand_in(piece)
            } else {
                !piece.bytes().any(|byte| byte.is_ascii_whitespace())
            }
        })
    }

    /// A key, or its name where it must not be shown.
    pub(crate) fn key<'a>(&mut self, key: Cow<'a, str>) -> Cow<'a, str> {
        match self.name(&key) {
            Some(name) => {
                self.hidden += 1;
                name.into()
            }
            None => key,
        }
    }

    /// What a key is called that must not be shown; none for one that may.
    pub(crate) fn name(&self, key: &str) -> Option<String> {
        if !self.secrets.stand_in(key) {
            return None;
        }
        let tag = mac(&self.key.0)
            .chain_update(b"key")
            .chain_update(key)
            .finalize()
            .into_bytes();
        Some(format!("(sensitive {})", hex::encode(&tag[..4])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marked_and_known_values_are_hidden_and_counted() {
        let mut secrets = Secrets::default();
        secrets.add("hunter2");
        let key = FingerprintKey([7; 32]);
        let mut redactor = Redactor {
            secrets: &secrets,
            key: &key,
            hidden: 0,
        };
        let mut state = json!({
            "password": "hunter2", "unset": null, "copy": "u:hunter2@db", "port": 5432,
            "map": {"a": 1, "hunter2": "x"}, "list": [1, "hunter2"], "marked": {"x": [1, 2]},
        });
        let marks = Marks::from_value(&json!({"password": true, "unset": true, "marked": true}));
        redactor.state(&mut state, &marks);
        assert_eq!(redactor.hidden, 5);
        assert_eq!(state["marked"], SENSITIVE);
        assert_eq!(state["port"], 5432);
        assert_eq!(state["unset"], Value::Null);
        assert!(!state.to_string().contains("hunter2"), "{state}");
    }
}
