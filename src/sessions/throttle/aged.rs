//! A map of bounded size that lets go of what was touched longest ago.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Each operation costs the logarithm of the size; nothing is ever scanned.
#[derive(Debug)]
pub(super) struct Aged<K, V> {
    entries: HashMap<K, (V, u64)>,
    /// The keys by when they were touched.
    ages: BTreeMap<u64, K>,
    next: u64,
    most: usize,
}

impl<K: Copy + Eq + Hash, V> Aged<K, V> {
    /// An empty map of at most so many entries.
    pub(super) fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            ages: BTreeMap::new(),
            next: 0,
            most,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(value, _)| value)
    }

    /// The value as it is, to be changed without touching it.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(value, _)| value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (value, age) = self.entries.remove(key)?;
        self.ages.remove(&age);
        Some(value)
    }

    /// Touches an entry: it is the youngest now. Where the map is full, the oldest goes.
    pub(super) fn put(&mut self, key: K, value: V) {
        self.remove(&key);
        if self.entries.len() >= self.most
            && let Some((_, oldest)) = self.ages.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.entries.insert(key, (value, self.next));
        self.ages.insert(self.next, key);
        self.next += 1;
    }

    /// Removes the oldest entry where it may go.
    pub(super) fn remove_oldest_if(&mut self, may_go: impl Fn(&V) -> bool) -> bool {
        let Some((_, oldest)) = self.ages.first_key_value() else {
            return false;
        };
        let oldest = *oldest;
        if !self.get(&oldest).is_some_and(may_go) {
            return false;
        }
        self.remove(&oldest).is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_the_youngest(steps in proptest::collection::vec((0_u8..12, 0_u8..4), 0..200)) {
            let mut aged = Aged::new(5);
            let mut model: Vec<(u8, usize)> = Vec::new();
            for (i, (key, step)) in steps.into_iter().enumerate() {
                if step == 0 {
                    aged.remove(&key);
                    model.retain(|(other, _)| *other != key);
                } else if step == 1 && key % 2 == 0 {
                    if aged.remove_oldest_if(|value| value % 2 == 0) {
                        prop_assert_eq!(model.remove(0).1 % 2, 0);
                    } else {
                        prop_assert!(model.first().is_none_or(|(_, value)| value % 2 == 1));
                    }
                } else {
                    aged.put(key, i);
                    model.retain(|(other, _)| *other != key);
                    model.push((key, i));
                    if model.len() > 5 {
                        model.remove(0);
                    }
                }
                prop_assert_eq!(aged.len(), model.len());
                prop_assert_eq!(aged.ages.len(), model.len());
                for (key, value) in &model {
                    prop_assert_eq!(aged.get(key), Some(value));
                }
            }
        }
    }
}
