//! What is shown of the places that differ: pointers and values, without the secrets.
//!
//! Each difference is either shown whole or withheld whole: a value that has a secret inside is taken
//! apart until the secret stands alone, and a marked list or object is one withheld difference.

use std::collections::HashSet;

use serde_json::Value;

use crate::ingest::diff::{Site, Step};
use crate::ingest::marks::Marks;
use crate::ingest::normalise::{Node, Shape};
use crate::ingest::redact::Redactor;
use crate::ingest::scan::{Change, Difference, SENSITIVE};

/// The two sides' roots and what is marked on either.
pub(crate) struct Sides<'v, 'n> {
    /// The expected value.
    pub(crate) expected: &'n Node<'v>,
    /// The actual value.
    pub(crate) actual: &'n Node<'v>,
    /// The marks of both sides, added up.
    pub(crate) marks: &'n Marks,
}

/// The marks of one place, reached by its expected and by its actual way.
type MarkPair<'n> = (&'n Marks, &'n Marks);

/// Turns sites into differences, sorted by pointer.
pub(crate) fn differences(
    sites: &[Site<'_, '_>],
    sides: &Sides<'_, '_>,
    redactor: &Redactor<'_>,
) -> Vec<Difference> {
    let mut shown = Shown {
        redactor,
        withheld: HashSet::new(),
        differences: Vec::new(),
    };
    for site in sites {
        shown.site(site, sides);
    }
    shown
        .differences
        .sort_by(|a, b| by_pointer(&a.pointer, &b.pointer));
    shown.differences
}

/// Sorts `/a/2` before `/a/10`.
fn by_pointer(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |pointer: &str| -> Vec<(Option<u64>, String)> {
        (pointer.split('/'))
            .map(|part| (part.parse().ok(), part.to_owned()))
            .collect()
    };
    parts(a).cmp(&parts(b))
}

/// The strings that stand at marked places of either side of a site: known as secrets from now on, since a list's
/// elements may be marked on one side and stand elsewhere on the other.
pub(crate) fn marked_strings<'v>(sites: &[Site<'v, '_>], marks: &Marks) -> Vec<&'v str> {
    let mut strings = Vec::new();
    for site in sites {
        let mut pair: MarkPair<'_> = (marks, marks);
        for step in &site.path {
            pair = below(pair, step);
        }
        if pair.0.is_all() || pair.1.is_all() {
            let values = [site.expected, site.actual];
            strings.extend(
                values
                    .into_iter()
                    .flatten()
                    .filter_map(|node| node.value.as_str()),
            );
        }
    }
    strings
}

fn below<'n>(marks: MarkPair<'n>, step: &Step<'_>) -> MarkPair<'n> {
    match step {
        Step::Key(key) => (marks.0.member(key), marks.1.member(key)),
        Step::Element {
            expected, actual, ..
        } => {
            let side = |marks: &'n Marks, index: &Option<usize>| match index {
                Some(index) => marks.element(*index),
                None if marks.is_all() => marks,
                None => &Marks::Clear,
            };
            (side(marks.0, expected), side(marks.1, actual))
        }
    }
}

struct Shown<'a, 'r> {
    redactor: &'a Redactor<'r>,
    /// Pointers of what is withheld, since many sites can lie below one mark.
    withheld: HashSet<String>,
    differences: Vec<Difference>,
}

impl Shown<'_, '_> {
    fn site(&mut self, site: &Site<'_, '_>, sides: &Sides<'_, '_>) {
        let mut pointer = String::new();
        let mut marks: MarkPair<'_> = (sides.marks, sides.marks);
        let (mut expected, mut actual) = (Some(sides.expected), Some(sides.actual));
        for step in &site.path {
            if marks.0.is_all() || marks.1.is_all() {
                return self.withhold(pointer, expected, actual);
            }
            marks = below(marks, step);
            match step {
                Step::Key(key) => {
                    self.push_key(&mut pointer, key);
                    expected = expected.and_then(|node| node.member(key));
                    actual = actual.and_then(|node| node.member(key));
                }
                Step::Element {
                    expected: i,
                    actual: j,
                    shown,
                } => {
                    pointer.push_str(&format!("/{shown}"));
                    expected = i.and_then(|i| expected?.element(i));
                    actual = j.and_then(|j| actual?.element(j));
                }
            }
        }
        self.place(pointer, marks, site.expected, site.actual);
    }

    fn push_key(&self, pointer: &mut String, key: &str) {
        let hidden = self.redactor.name(key);
        let key = hidden.as_deref().unwrap_or(key);
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    }

    /// Shows one place: whole, withheld, or part by part.
    fn place(
        &mut self,
        pointer: String,
        marks: MarkPair<'_>,
        expected: Option<&Node<'_>>,
        actual: Option<&Node<'_>>,
    ) {
        if marks.0.is_all() || marks.1.is_all() {
            return self.withhold(pointer, expected, actual);
        }
        let hides = |node: Option<&Node<'_>>| {
            node.is_some_and(|node| {
                !marks.0.is_clear()
                    || !marks.1.is_clear()
                    || self.redactor.secrets.stand_in_value(node.value)
            })
        };
        match (expected, actual) {
            (expected, actual) if !hides(expected) && !hides(actual) => {
                let value =
                    |node: Option<&Node<'_>>| node.map_or(Value::Null, |node| node.value.clone());
                self.differences.push(Difference {
                    pointer,
                    expected: value(expected),
                    actual: value(actual),
                    change: change(expected, actual),
                    sensitive: false,
                });
            }
            (Some(node), None) if node.is_container() => {
                self.parts(&pointer, marks, node, |shown, pointer, marks, part| {
                    shown.place(pointer, marks, Some(part), None)
                });
            }
            (None, Some(node)) if node.is_container() => {
                self.parts(&pointer, marks, node, |shown, pointer, marks, part| {
                    shown.place(pointer, marks, None, Some(part))
                });
            }
            _ => self.withhold(pointer, expected, actual),
        }
    }

    /// Shows a list's elements or an object's members one by one.
    fn parts(
        &mut self,
        pointer: &str,
        marks: MarkPair<'_>,
        node: &Node<'_>,
        mut show: impl FnMut(&mut Self, String, MarkPair<'_>, &Node<'_>),
    ) {
        match &node.shape {
            Shape::Object(members) => {
                for (key, member) in members {
                    let mut pointer = pointer.to_owned();
                    self.push_key(&mut pointer, key);
                    show(
                        self,
                        pointer,
                        (marks.0.member(key), marks.1.member(key)),
                        member,
                    );
                }
            }
            Shape::List(items) => {
                for (i, item) in items
                    .iter()
                    .enumerate()
                    .filter(|(_, item)| !item.is_absent())
                {
                    show(
                        self,
                        format!("{pointer}/{i}"),
                        (marks.0.element(i), marks.1.element(i)),
                        item,
                    );
                }
            }
            Shape::Absent | Shape::Leaf => {}
        }
    }

    fn withhold(
        &mut self,
        pointer: String,
        expected: Option<&Node<'_>>,
        actual: Option<&Node<'_>>,
    ) {
        if self.withheld.insert(pointer.clone()) {
            self.differences.push(Difference {
                pointer,
                expected: SENSITIVE.into(),
                actual: SENSITIVE.into(),
                change: change(expected, actual),
                sensitive: true,
            });
        }
    }
}

fn change(expected: Option<&Node<'_>>, actual: Option<&Node<'_>>) -> Change {
    let there = |node: Option<&Node<'_>>| node.is_some_and(|node| !node.is_absent());
    match (there(expected), there(actual)) {
        (false, true) => Change::Added,
        (true, false) => Change::Removed,
        _ => Change::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::FingerprintKey;
    use crate::ingest::diff::sites;
    use crate::ingest::secrets::Secrets;
    use serde_json::json;

    fn shown(expected: Value, actual: Value, marks: Value, known: &[&str]) -> Vec<Difference> {
        let mut secrets = Secrets::default();
        known.iter().for_each(|secret| secrets.add(secret));
        let key = FingerprintKey([1; 32]);
        let redactor = Redactor {
            secrets: &secrets,
            key: &key,
            hidden: 0,
        };
        let marks = Marks::from_value(&marks);
        let (expected, actual) = (Node::new(&expected), Node::new(&actual));
        let found = sites(&expected, &actual);
        differences(
            &found,
            &Sides {
                expected: &expected,
                actual: &actual,
                marks: &marks,
            },
            &redactor,
        )
    }

    fn pointers(differences: &[Difference]) -> Vec<(&str, bool)> {
        differences
            .iter()
            .map(|one| (one.pointer.as_str(), one.sensitive))
            .collect()
    }

    #[test]
    fn a_marked_container_is_one_withheld_difference() {
        let found = shown(
            json!({"env": [{"vars": {"A": 1, "B": 2}}], "x": 1}),
            json!({"env": [{"vars": {"A": 3, "C": 4}}], "x": 2}),
            json!({"env": [{"vars": true}]}),
            &[],
        );
        assert_eq!(pointers(&found), [("/env/0/vars", true), ("/x", false)]);
        assert_eq!(found[0].change, Change::Changed);
        assert_eq!(
            (&found[0].expected, &found[0].actual),
            (&json!(SENSITIVE), &json!(SENSITIVE))
        );
    }

    #[test]
    fn an_added_block_is_taken_apart_around_its_secret() {
        let found = shown(
            json!({}),
            json!({"user": [{"name": "app", "password": "s3cret-word", "note": "u:other-word"}]}),
            json!({"user": [{"password": true}]}),
            &["other-word"],
        );
        assert_eq!(
            pointers(&found),
            [
                ("/user/0/name", false),
                ("/user/0/note", true),
                ("/user/0/password", true)
            ]
        );
        assert!(found.iter().all(|one| one.change == Change::Added));
    }

    #[test]
    fn an_unchanged_secret_is_no_difference() {
        let found = shown(
            json!({"p": "s3cret"}),
            json!({"p": "s3cret"}),
            json!({"p": true}),
            &[],
        );
        assert!(found.is_empty());
    }

    #[test]
    fn pointers_are_escaped_and_sorted_by_number() {
        let list = |salt: u32| Value::Array((0..12).map(|i| json!(i + salt)).collect());
        let found = shown(
            json!({"a/b~c": 1, "l": list(0)}),
            json!({"a/b~c": 2, "l": list(100)}),
            json!({}),
            &[],
        );
        assert_eq!(found[0].pointer, "/a~1b~0c");
        assert_eq!(found[3].pointer, "/l/2");
        assert_eq!(found[12].pointer, "/l/11");
    }
}
