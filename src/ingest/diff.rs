//! What differs between two normalised values.
//!
//! [`sites`] finds the places, whatever may be shown of them; `difference` turns them into what is shown. Lists compare
//! as multisets: common elements drop out, lists of objects pair by their best match, the rest in sorted order.

use std::collections::HashMap;

use serde_json::Value;

use crate::ingest::normalise::{ABSENT, Digest, Node, Shape};

/// More pairs than this, or more leaves to compare among them, and objects pair by position.
const MAX_PAIRS: usize = 40_000;
const MAX_COMPARED_LEAVES: u64 = 8_000_000;

/// One step down both values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step<'a> {
    /// Into the member of this key.
    Key(&'a str),
    /// Into an element, which may stand elsewhere on either side.
    Element {
        /// Its index in the expected list.
        expected: Option<usize>,
        /// Its index in the actual list.
        actual: Option<usize>,
        /// Its index in pointers: the actual one, or one past the actual list for what only the expected has.
        shown: usize,
    },
}

/// One differing place: at least one side is there, and neither lies within another site.
#[derive(Debug, Clone)]
pub(crate) struct Site<'v, 'n> {
    /// The way from the root.
    pub(crate) path: Vec<Step<'v>>,
    /// The expected side; none where absent.
    pub(crate) expected: Option<&'n Node<'v>>,
    /// The actual side; none where absent.
    pub(crate) actual: Option<&'n Node<'v>>,
}

impl Site<'_, '_> {
    /// The site's part in a finding's content: its path, in which an element's place in its list does not count, and
    /// the live value's digest.
    pub(crate) fn content(&self) -> (Vec<u8>, Digest) {
        let mut path = Vec::new();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    path.push(b'k');
                    path.extend((key.len() as u64).to_be_bytes());
                    path.extend(key.as_bytes());
                }
                Step::Element { .. } => path.push(b'e'),
            }
        }
        (path, self.actual.map_or(ABSENT, |node| node.digest))
    }
}

/// All differing places, in the order of keys and of the actual lists.
pub(crate) fn sites<'v, 'n>(expected: &'n Node<'v>, actual: &'n Node<'v>) -> Vec<Site<'v, 'n>> {
    let mut walk = Walk {
        path: Vec::new(),
        sites: Vec::new(),
    };
    // A state of nothing but absent members is still a state: its members differ, not the whole.
    match (&expected.shape, &actual.shape) {
        (Shape::Absent, Shape::Object(those)) => walk.objects(&[], those),
        (Shape::Object(these), Shape::Absent) => walk.objects(these, &[]),
        _ => walk.compare(Some(expected), Some(actual)),
    }
    walk.sites
}

struct Walk<'v, 'n> {
    path: Vec<Step<'v>>,
    sites: Vec<Site<'v, 'n>>,
}

/// A side that counts as absent is no side.
fn present<'v, 'n>(node: Option<&'n Node<'v>>) -> Option<&'n Node<'v>> {
    node.filter(|node| !node.is_absent())
}

impl<'v, 'n> Walk<'v, 'n> {
    fn compare(&mut self, expected: Option<&'n Node<'v>>, actual: Option<&'n Node<'v>>) {
        let (expected, actual) = (present(expected), present(actual));
        if expected.map_or(ABSENT, |node| node.digest) == actual.map_or(ABSENT, |node| node.digest)
        {
            return;
        }
        match (
            expected.map(|node| &node.shape),
            actual.map(|node| &node.shape),
        ) {
            (Some(Shape::Object(these)), Some(Shape::Object(those))) => self.objects(these, those),
            (Some(Shape::List(these)), Some(Shape::List(those))) => self.lists(these, those),
            _ => self.sites.push(Site {
                path: self.path.clone(),
                expected,
                actual,
            }),
        }
    }

    fn objects(&mut self, these: &'n [(&'v str, Node<'v>)], those: &'n [(&'v str, Node<'v>)]) {
        let (mut i, mut j) = (0, 0);
        loop {
            let (key, expected, actual) = match (these.get(i), those.get(j)) {
                (None, None) => break,
                (Some((key, node)), other) if other.is_none_or(|(name, _)| key < name) => {
                    i += 1;
                    (*key, Some(node), None)
                }
                (other, Some((key, node))) if other.is_none_or(|(name, _)| key < name) => {
                    j += 1;
                    (*key, None, Some(node))
                }
                (Some((key, this)), Some((_, that))) => {
                    i += 1;
                    j += 1;
                    (*key, Some(this), Some(that))
                }
                _ => break,
            };
            self.path.push(Step::Key(key));
            self.compare(expected, actual);
            self.path.pop();
        }
    }

    fn lists(&mut self, these: &'n [Node<'v>], those: &'n [Node<'v>]) {
        let mut past_the_end = those.len();
        let mut pairs: Vec<_> = (pair_up(these, those).into_iter())
            .map(|(expected, actual)| {
                let shown = actual.unwrap_or_else(|| {
                    past_the_end += 1;
                    past_the_end - 1
                });
                (shown, expected, actual)
            })
            .collect();
        pairs.sort_unstable();
        for (shown, expected, actual) in pairs {
            self.path.push(Step::Element {
                expected,
                actual,
                shown,
            });
            self.compare(expected.map(|i| &these[i]), actual.map(|j| &those[j]));
            self.path.pop();
        }
    }
}

/// Pairs the elements of two lists that have no equal on the other side.
fn pair_up(these: &[Node<'_>], those: &[Node<'_>]) -> Vec<(Option<usize>, Option<usize>)> {
    let (mut expected, mut actual) = without_common(these, those);
    let mut pairs = Vec::new();
    let (expected_objects, actual_objects) =
        (containers(these, &expected), containers(those, &actual));
    let mut matched = (vec![false; these.len()], vec![false; those.len()]);
    for (i, j) in best_matches(these, &expected_objects, those, &actual_objects) {
        matched.0[i] = true;
        matched.1[j] = true;
        pairs.push((Some(i), Some(j)));
    }
    expected.retain(|i| !matched.0[*i]);
    actual.retain(|j| !matched.1[*j]);
    // What is left has no likeness: scalars pair up, lists and objects stand alone.
    let order = |nodes: &[Node<'_>], at: &usize| {
        (
            nodes[*at].is_container(),
            text_of(&nodes[*at]),
            nodes[*at].digest,
        )
    };
    expected.sort_by_cached_key(|at| order(these, at));
    actual.sort_by_cached_key(|at| order(those, at));
    let split = |nodes: &[Node<'_>], at: &[usize]| {
        at.iter().filter(|at| !nodes[**at].is_container()).count()
    };
    let (scalars, live_scalars) = (split(these, &expected), split(those, &actual));
    let both = scalars.min(live_scalars);
    for k in 0..both {
        pairs.push((Some(expected[k]), Some(actual[k])));
    }
    pairs.extend(expected[both..].iter().map(|i| (Some(*i), None)));
    pairs.extend(actual[both..].iter().map(|j| (None, Some(*j))));
    pairs
}

/// A scalar's text, to sort by.
fn text_of(node: &Node<'_>) -> String {
    match node.value {
        Value::String(text) => text.clone(),
        _ if node.is_container() => String::new(),
        other => other.to_string(),
    }
}

/// The indexes on either side that are left when equal elements cancel out.
fn without_common(these: &[Node<'_>], those: &[Node<'_>]) -> (Vec<usize>, Vec<usize>) {
    let mut counts: HashMap<Digest, usize> = HashMap::new();
    for node in those {
        *counts.entry(node.digest).or_default() += 1;
    }
    let mut common: HashMap<Digest, usize> = HashMap::new();
    let mut expected = Vec::new();
    for (i, node) in these.iter().enumerate() {
        match counts.get_mut(&node.digest) {
            Some(left) if *left > 0 => {
                *left -= 1;
                *common.entry(node.digest).or_default() += 1;
            }
            _ => expected.push(i),
        }
    }
    let mut actual = Vec::new();
    for (j, node) in those.iter().enumerate() {
        match common.get_mut(&node.digest) {
            Some(left) if *left > 0 => *left -= 1,
            _ => actual.push(j),
        }
    }
    (expected, actual)
}

fn containers(nodes: &[Node<'_>], indexes: &[usize]) -> Vec<usize> {
    (indexes.iter().copied())
        .filter(|at| nodes[*at].is_container())
        .collect()
}

/// Pairs lists and objects greedily by how many leaves they share; those that share none stay alone. Ties are broken by
/// content, so that the order of the lists does not matter.
fn best_matches(
    these: &[Node<'_>],
    expected: &[usize],
    those: &[Node<'_>],
    actual: &[usize],
) -> Vec<(usize, usize)> {
    let leaves = |nodes: &[Node<'_>], at: &[usize]| {
        at.iter()
            .map(|at| u64::from(nodes[*at].leaves))
            .sum::<u64>()
    };
    let compared = leaves(these, expected)
        .saturating_mul(actual.len() as u64)
        .saturating_add(leaves(those, actual).saturating_mul(expected.len() as u64));
    if expected.len().saturating_mul(actual.len()) > MAX_PAIRS || compared > MAX_COMPARED_LEAVES {
        return (expected.iter().copied())
            .zip(actual.iter().copied())
            .collect();
    }
    // A block that stands alone on both sides is the same block, whatever became of it.
    if these.len() == 1 && those.len() == 1 {
        return (expected.iter().copied())
            .zip(actual.iter().copied())
            .collect();
    }
    let mut candidates = Vec::new();
    for &i in expected {
        for &j in actual {
            let likeness = likeness(&these[i], &those[j]);
            if likeness > 0 {
                candidates.push((
                    std::cmp::Reverse(likeness),
                    these[i].digest,
                    those[j].digest,
                    i,
                    j,
                ));
            }
        }
    }
    candidates.sort_unstable();
    let mut taken = (vec![false; these.len()], vec![false; those.len()]);
    let mut pairs = Vec::new();
    for (_, _, _, i, j) in candidates {
        if !taken.0[i] && !taken.1[j] {
            taken.0[i] = true;
            taken.1[j] = true;
            pairs.push((i, j));
        }
    }
    pairs
}

/// How many leaves two values share.
fn likeness(a: &Node<'_>, b: &Node<'_>) -> u64 {
    if a.digest == b.digest {
        return u64::from(a.leaves);
    }
    match (&a.shape, &b.shape) {
        (Shape::Object(members), Shape::Object(_)) => (members.iter())
            .filter_map(|(key, node)| Some(likeness(node, b.member(key)?)))
            .sum(),
        (Shape::List(these), Shape::List(those)) => {
            let all: u64 = these.iter().map(|node| u64::from(node.leaves)).sum();
            let alone: u64 = (without_common(these, those).0.iter())
                .map(|i| u64::from(these[*i].leaves))
                .sum();
            all - alone
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changes(expected: &Value, actual: &Value) -> Vec<String> {
        let (expected, actual) = (Node::new(expected), Node::new(actual));
        let side =
            |node: Option<&Node<'_>>| node.map_or("-".to_owned(), |node| node.value.to_string());
        (sites(&expected, &actual).iter())
            .map(|site| {
                let path: String = (site.path.iter())
                    .map(|step| match step {
                        Step::Key(key) => format!("/{key}"),
                        Step::Element { shown, .. } => format!("/{shown}"),
                    })
                    .collect();
                format!("{path}: {} -> {}", side(site.expected), side(site.actual))
            })
            .collect()
    }

    #[test]
    fn only_what_differs_is_a_site() {
        assert_eq!(
            changes(
                &json!({"a": 1, "b": {"c": "x", "d": null}, "e": "", "gone": true}),
                &json!({"a": 1.0, "b": {"c": "y"}, "e": [], "new": [1]}),
            ),
            ["/b/c: \"x\" -> \"y\"", "/gone: true -> -", "/new: - -> [1]"]
        );
    }

    #[test]
    fn scalars_in_lists_pair_up_once_common_ones_are_out() {
        assert_eq!(
            changes(&json!(["c", "a", "b"]), &json!(["b", "d", "c"])),
            ["/1: \"a\" -> \"d\""]
        );
        assert_eq!(
            changes(&json!(["a", "b"]), &json!(["b"])),
            ["/1: \"a\" -> -"]
        );
        assert_eq!(
            changes(&json!(["a"]), &json!(["a", "a"])),
            ["/1: - -> \"a\""]
        );
        assert!(changes(&json!(["a", "b"]), &json!(["b", "a"])).is_empty());
    }

    #[test]
    fn objects_in_lists_pair_by_their_best_match() {
        let expected = json!([{"port": 80, "proto": "tcp", "note": "web"}, {"port": 443, "proto": "tcp", "note": "tls"}]);
        let actual =
            json!([{"port": 22, "proto": "udp"}, {"port": 443, "proto": "tcp", "note": "TLS"}]);
        assert_eq!(
            changes(&expected, &actual),
            [
                "/0: - -> {\"port\":22,\"proto\":\"udp\"}",
                "/1/note: \"tls\" -> \"TLS\"",
                "/2: {\"note\":\"web\",\"port\":80,\"proto\":\"tcp\"} -> -",
            ]
        );
    }

    #[test]
    fn huge_lists_of_objects_pair_by_position() {
        let list = |salt: u32| {
            Value::Array(
                (0..2_000)
                    .map(|i| json!({"id": i * 2 + salt, "same": 1}))
                    .collect(),
            )
        };
        let started = std::time::Instant::now();
        assert_eq!(changes(&list(0), &list(1)).len(), 2_000);
        assert!(started.elapsed().as_secs() < 20);
    }
}
