//! Substring search: for each three bytes in a row, the rows that have them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::saved::{self, Source};

/// Fewer rows than this are looked at one by one rather than intersected with more sets.
const FEW: u64 = 64;

/// So many rows of a set are gathered before it gets them.
const GATHERED: usize = 256;

/// Spreads a trigram's three bytes: nobody chooses them in order to collide, there are 16 million at most.
#[derive(Debug, Clone, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Rows by the trigrams of their texts. Case is folded; each text is fenced by NULs, so that short texts have a
/// trigram too. A copy is cheap, and stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Trigrams {
    places: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    rows: Vec<Arc<RoaringBitmap>>,
}

/// Text as it is compared.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

/// Three bytes as a number.
fn number_of(three: [u8; 3]) -> u32 {
    let [a, b, c] = three.map(u32::from);
    a << 16 | b << 8 | c
}

/// Calls for each trigram of some texts, as often as it is there.
fn visit_trigrams<'a>(texts: impl IntoIterator<Item = &'a str>, mut visit: impl FnMut(u32)) {
    for text in texts {
        let folded = fold(text);
        let fenced = std::iter::once(0)
            .chain(folded.bytes())
            .chain(std::iter::once(0));
        let mut last = [0; 2];
        for (at, byte) in fenced.enumerate() {
            if at >= 2 {
                visit(number_of([last[0], last[1], byte]));
            }
            last = [last[1], byte];
        }
    }
}

/// Each distinct trigram of some texts.
fn trigrams_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
    let mut found = Vec::with_capacity(128);
    visit_trigrams(texts, |trigram| found.push(trigram));
    found.sort_unstable();
    found.dedup();
    found
}

impl Trigrams {
    /// Puts a row with its texts.
    pub fn put<'a>(&mut self, number: u32, texts: impl IntoIterator<Item = &'a str>) {
        for trigram in trigrams_of(texts) {
            let place = self.place(trigram);
            // Not `push`: where a set is dense, that looks for its end.
            Arc::make_mut(&mut self.rows[place]).insert(number);
        }
    }

    /// The place of a trigram's rows.
    fn place(&mut self, trigram: u32) -> usize {
        let next = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(trigram).or_insert(next);
        if place == next {
            self.rows.push(Arc::default());
        }
        place as usize
    }

    fn having(&self, trigram: u32) -> Option<&Arc<RoaringBitmap>> {
        let place = self.places.get(&trigram)?;
        self.rows.get(*place as usize)
    }

    /// Whether a row has each trigram of some texts.
    pub fn has_all<'a>(&self, number: u32, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let has = |trigram: u32| {
            let rows = self.having(trigram);
            rows.is_some_and(|rows| rows.contains(number))
        };
        trigrams_of(texts).into_iter().all(has)
    }

    /// The rows that may have this folded text in one of theirs, and whether that is certain: longer texts may have their
    /// trigrams apart.
    pub fn candidates(&self, folded: &str) -> (RoaringBitmap, bool) {
        let bytes = folded.as_bytes();
        if bytes.len() < 3 {
            let mut rows = RoaringBitmap::new();
            for (trigram, place) in &self.places {
                let [_, three @ ..] = trigram.to_be_bytes();
                if memchr::memmem::find(&three, bytes).is_some() {
                    rows |= &*self.rows[*place as usize];
                }
            }
            return (rows, true);
        }
        let certain = bytes.len() == 3;
        let mut trigrams: Vec<u32> = bytes
            .windows(3)
            .map(|three| number_of([three[0], three[1], three[2]]))
            .collect();
        trigrams.sort_unstable();
        trigrams.dedup();
        let parts: Option<Vec<_>> = trigrams
            .into_iter()
            .map(|trigram| self.having(trigram))
            .collect();
        let Some(mut parts) = parts else {
            return (RoaringBitmap::new(), true);
        };
        parts.sort_by_cached_key(|rows| rows.len());
        let mut parts = parts.into_iter();
        let mut rows = match (parts.next(), parts.next()) {
            (Some(first), Some(second)) => &**first & &**second,
            (Some(only), None) => (**only).clone(),
            (None, _) => RoaringBitmap::new(),
        };
        for part in parts {
            if rows.len() <= FEW {
                rows = rows.iter().filter(|row| part.contains(*row)).collect();
            } else {
                rows &= &**part;
            }
        }
        (rows, certain)
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        saved::number(to, self.places.len() as u64)?;
        for (trigram, place) in &self.places {
            to.write_all(&trigram.to_le_bytes())?;
            saved::bitmap(to, &self.rows[*place as usize])?;
        }
        Ok(())
    }

    /// Reads what [`Trigrams::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let count = from.count(12)?;
        let mut trigrams = Self::default();
        trigrams.rows.reserve_exact(count);
        for place in 0..u32::try_from(count).map_err(|_| from.malformed())? {
            let trigram = u32::from_le_bytes(from.array()?);
            trigrams.rows.push(from.bitmap()?);
            if trigrams.places.insert(trigram, place).is_some() {
                return Err(from.malformed());
            }
        }
        Ok(trigrams)
    }
}

/// Rows that come in order and are put all at once. Each set gets many of them at a time: they are millions, and every
/// row is in a hundred sets, each somewhere else in memory.
#[derive(Debug, Default)]
pub struct Gathering {
    trigrams: Trigrams,
    /// For each set, rows that it doesn't have yet.
    gathered: Vec<Vec<u32>>,
}

impl Gathering {
    /// Puts a row with its texts.
    pub fn put<'a>(&mut self, number: u32, texts: impl IntoIterator<Item = &'a str>) {
        visit_trigrams(texts, |trigram| {
            let place = self.trigrams.place(trigram);
            if place == self.gathered.len() {
                self.gathered.push(Vec::new());
            }
            let gathered = &mut self.gathered[place];
            // The same trigram again.
            if gathered.last() == Some(&number) {
                return;
            }
            if gathered.len() == GATHERED {
                append(&mut self.trigrams.rows[place], gathered);
            }
            gathered.push(number);
        });
    }

    /// All rows, packed.
    pub fn done(mut self) -> Trigrams {
        for (rows, gathered) in self.trigrams.rows.iter_mut().zip(&mut self.gathered) {
            append(rows, gathered);
            Arc::make_mut(rows).optimize();
        }
        self.trigrams
    }
}

/// Moves rows into their set.
fn append(rows: &mut Arc<RoaringBitmap>, gathered: &mut Vec<u32>) {
    let rows = Arc::make_mut(rows);
    if rows.append(gathered.iter().copied()).is_err() {
        // Out of order after all: some of them may be in it by now.
        rows.extend(gathered.iter().copied());
    }
    gathered.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_match_is_missed_and_certain_ones_match(
            texts in prop::collection::vec(("[abÄ%_]{0,6}", "[abc]{0,2}"), 1..30),
            needle in "[abÄä%_]{1,5}",
        ) {
            let mut trigrams = Gathering::default();
            for (number, (a, b)) in texts.iter().enumerate() {
                trigrams.put(number as u32, [a.as_str(), b.as_str()]);
            }
            let trigrams = trigrams.done();
            let mut saved = Vec::new();
            trigrams.save(&mut saved).unwrap();
            let trigrams = Trigrams::restore(&mut Source::new(&mut saved.as_slice(), saved.len() as u64)).unwrap();
            let needle = fold(&needle);
            let (found, certain) = trigrams.candidates(&needle);
            for (number, (a, b)) in texts.iter().enumerate() {
                let matches = fold(a).contains(&*needle) || fold(b).contains(&*needle);
                prop_assert!(trigrams.has_all(number as u32, [a.as_str(), b.as_str()]));
                if certain {
                    prop_assert_eq!(found.contains(number as u32), matches);
                } else if matches {
                    prop_assert!(found.contains(number as u32));
                }
            }
        }
    }
    #[test]
    fn rows_that_are_gathered_are_those_that_are_put() {
        // More than are gathered at once, with gaps, over more than one container; the last ones out of order.
        let numbers = (0..3_000).map(|n| n * 50).chain([7, 7, 149_950]);
        let texts = |number: u32| [format!("node-{}", number % 7), format!("aaa{}", number % 3)];
        let (mut one_by_one, mut gathered) = (Trigrams::default(), Gathering::default());
        for number in numbers {
            let texts = texts(number);
            one_by_one.put(number, texts.iter().map(String::as_str));
            gathered.put(number, texts.iter().map(String::as_str));
        }
        let gathered = gathered.done();
        assert_eq!(gathered.places.len(), one_by_one.places.len());
        for trigram in one_by_one.places.keys() {
            assert_eq!(gathered.having(*trigram), one_by_one.having(*trigram));
        }
    }
}
