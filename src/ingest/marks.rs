//! Which parts of a value are sensitive, or unknown, as a plan marks them.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

/// A tree of marks beside a value. It may be shallower and shorter than the value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Marks {
    /// Nothing at or below this place is marked.
    #[default]
    Clear,
    /// This place and all below it is marked.
    All,
    /// Marks of a list's elements.
    List(Vec<Marks>),
    /// Marks of an object's members.
    Object(BTreeMap<String, Marks>),
}

/// Marks by the text they were read from: the resources of one type mark the same, mostly.
#[derive(Debug, Default)]
pub(crate) struct MarksByText {
    known: HashMap<Box<[u8]>, Rc<Marks>>,
    clear: Rc<Marks>,
}

/// How many texts are remembered, and up to which length.
const MAX_TEXTS: usize = 1_024;
const MAX_TEXT_BYTES: usize = 4 * 1024;

impl MarksByText {
    /// Marks from JSON text, as [`Marks::from_json`] reads them.
    ///
    /// # Errors
    /// What serde_json says of a text that is no value.
    pub(crate) fn read(&mut self, json: &[u8]) -> serde_json::Result<Rc<Marks>> {
        if matches!(json, b"" | b"{}" | b"false") {
            return Ok(Rc::clone(&self.clear));
        }
        if let Some(marks) = self.known.get(json) {
            return Ok(Rc::clone(marks));
        }
        let marks = Rc::new(Marks::from_json(json)?);
        if json.len() <= MAX_TEXT_BYTES && self.known.len() < MAX_TEXTS {
            self.known.insert(json.into(), Rc::clone(&marks));
        }
        Ok(marks)
    }
}

/// What is returned for places that no mark reaches.
static CLEAR: Marks = Marks::Clear;
static ALL: Marks = Marks::All;

impl Marks {
    /// Marks from a plan's `before_sensitive`, `after_sensitive` or `after_unknown`.
    pub(crate) fn from_value(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::All,
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(Self::from_value).collect();
                if items.iter().all(Self::is_clear) {
                    Self::Clear
                } else {
                    Self::List(items)
                }
            }
            Value::Object(members) => {
                let members: BTreeMap<_, _> = (members.iter())
                    .map(|(key, value)| (key.clone(), Self::from_value(value)))
                    .filter(|(_, marks)| !marks.is_clear())
                    .collect();
                if members.is_empty() {
                    Self::Clear
                } else {
                    Self::Object(members)
                }
            }
            _ => Self::Clear,
        }
    }

    /// Marks from JSON text; bytes that hold no `true` mark nothing and are not parsed.
    pub(crate) fn from_json(json: &[u8]) -> serde_json::Result<Self> {
        if memchr::memmem::find(json, b"true").is_none() {
            return Ok(Self::Clear);
        }
        Ok(Self::from_value(&serde_json::from_slice(json)?))
    }

    /// Whether nothing is marked.
    pub(crate) fn is_clear(&self) -> bool {
        *self == Self::Clear
    }

    /// Whether this whole place is marked.
    pub(crate) fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// What either marks.
    pub(crate) fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Clear, other) => other,
            (this, Self::Clear) => this,
            (Self::List(mut these), Self::List(those)) => {
                for (i, marks) in those.into_iter().enumerate() {
                    match these.get_mut(i) {
                        Some(this) => *this = std::mem::take(this).union(marks),
                        None => these.push(marks),
                    }
                }
                Self::List(these)
            }
            (Self::Object(mut these), Self::Object(those)) => {
                for (key, marks) in those {
                    let this = these.entry(key).or_default();
                    *this = std::mem::take(this).union(marks);
                }
                Self::Object(these)
            }
            // Marks that disagree on the value's shape can't be told apart: hide it all.
            (Self::List(_), Self::Object(_)) | (Self::Object(_), Self::List(_)) => Self::All,
        }
    }

    /// The marks of a member.
    pub(crate) fn member(&self, key: &str) -> &Self {
        match self {
            Self::All => &ALL,
            Self::Object(members) => members.get(key).unwrap_or(&CLEAR),
            Self::Clear | Self::List(_) => &CLEAR,
        }
    }

    /// The marks of an element. Where each listed element is marked whole, so is one past the list.
    pub(crate) fn element(&self, index: usize) -> &Self {
        match self {
            Self::All => &ALL,
            Self::List(items) => items.get(index).unwrap_or_else(|| {
                if !items.is_empty() && items.iter().all(Self::is_all) {
                    &ALL
                } else {
                    &CLEAR
                }
            }),
            Self::Clear | Self::Object(_) => &CLEAR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marks_of_both_sides_add_up() {
        let union = Marks::from_value(&json!({"a": true, "b": [false, {"c": true}], "d": {}}))
            .union(Marks::from_value(&json!({"b": [true], "e": {"f": true}})));
        assert!(union.member("a").member("anything").is_all());
        assert!(union.member("b").element(0).is_all());
        assert!(union.member("b").element(1).member("c").is_all());
        assert!(union.member("b").element(2).is_clear());
        assert!(union.member("d").is_clear());
        assert!(union.member("e").member("f").is_all());
    }

    #[test]
    fn elements_past_a_wholly_marked_list_are_marked() {
        assert!(Marks::from_value(&json!([true])).element(7).is_all());
        assert!(
            Marks::from_value(&json!([true, false]))
                .element(7)
                .is_clear()
        );
        assert_eq!(
            Marks::from_value(&json!([false, {"a": [{}]}])),
            Marks::Clear
        );
        assert_eq!(Marks::from_json(b"{\"a\": [false]}").unwrap(), Marks::Clear);
        assert!(Marks::from_json(b" true ").unwrap().is_all());
    }
}
