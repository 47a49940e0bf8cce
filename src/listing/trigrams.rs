//! Substring search: for each three bytes in a row, the rows that have them.

use std::collections::{BTreeSet, HashMap};

use roaring::RoaringBitmap;

/// Rows by the trigrams of their texts. Case is folded; each text is fenced by NULs, so that short texts have a
/// trigram too.
#[derive(Debug, Default)]
pub struct Trigrams {
    rows: HashMap<[u8; 3], RoaringBitmap>,
}

/// Text as it is compared.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Each distinct trigram of some texts.
fn trigrams_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<[u8; 3]> {
    let mut found = BTreeSet::new();
    for text in texts {
        let mut fenced = Vec::with_capacity(text.len() + 2);
        fenced.push(0);
        fenced.extend_from_slice(fold(text).as_bytes());
        fenced.push(0);
        found.extend(
            fenced
                .windows(3)
                .map(|three| [three[0], three[1], three[2]]),
        );
    }
    found
}

impl Trigrams {
    /// Puts a row with its texts.
    pub fn put<'a>(&mut self, number: u32, texts: impl IntoIterator<Item = &'a str>) {
        for trigram in trigrams_of(texts) {
            let rows = self.rows.entry(trigram).or_default();
            // Rows mostly come in order, and appending looks nothing up.
            if rows.try_push(number).is_err() {
                rows.insert(number);
            }
        }
    }

    /// Removes a row; the texts are those it was put with.
    pub fn remove<'a>(&mut self, number: u32, texts: impl IntoIterator<Item = &'a str>) {
        for trigram in trigrams_of(texts) {
            if let Some(rows) = self.rows.get_mut(&trigram) {
                rows.remove(number);
            }
        }
    }

    /// The rows that may have this folded text in one of theirs, and whether that is certain: longer texts may have their
    /// trigrams apart.
    pub fn candidates(&self, folded: &str) -> (RoaringBitmap, bool) {
        let bytes = folded.as_bytes();
        if bytes.len() < 3 {
            let mut rows = RoaringBitmap::new();
            for (trigram, of_trigram) in &self.rows {
                if memchr::memmem::find(trigram, bytes).is_some() {
                    rows |= of_trigram;
                }
            }
            return (rows, true);
        }
        let mut parts = Vec::new();
        for three in bytes.windows(3) {
            match self.rows.get(three) {
                Some(rows) => parts.push(rows),
                None => return (RoaringBitmap::new(), true),
            }
        }
        parts.sort_by_key(|rows| rows.len());
        parts.dedup_by(|a, b| std::ptr::eq(*a, *b));
        let mut parts = parts.into_iter();
        let first = parts.next().cloned().unwrap_or_default();
        (
            parts.fold(first, |rows, part| rows & part),
            bytes.len() == 3,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_match_is_missed_and_certain_ones_match(
            texts in prop::collection::vec(("[abÄ%_]{0,6}", "[abc]{0,2}"), 1..30),
            removed in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            needle in "[abÄä%_]{1,5}",
        ) {
            let mut trigrams = Trigrams::default();
            let mut gone = BTreeSet::new();
            for (number, (a, b)) in texts.iter().enumerate() {
                trigrams.put(number as u32, [a.as_str(), b.as_str()]);
            }
            for index in removed {
                let number = index.index(texts.len());
                trigrams.remove(number as u32, [texts[number].0.as_str(), texts[number].1.as_str()]);
                gone.insert(number);
            }
            let needle = fold(&needle);
            let (found, certain) = trigrams.candidates(&needle);
            for (number, (a, b)) in texts.iter().enumerate() {
                let matches = !gone.contains(&number) && (fold(a).contains(&needle) || fold(b).contains(&needle));
                if certain {
                    prop_assert_eq!(found.contains(number as u32), matches);
                } else if matches {
                    prop_assert!(found.contains(number as u32));
                }
            }
        }
    }
}
