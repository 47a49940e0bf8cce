//! Rows in the order of one key that changes, such as a cost.

use std::io::{self, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::column::{Column, Plain};
use super::saved::{self, Source};

/// A block is split in two when it grows past this.
const BLOCK: usize = 1024;

/// How full blocks are made when all rows are put in order at once: some room for those that come.
const FILLED: usize = 768;

/// Of so many rows, one at least has to be wanted for looking at all of them to be quicker than sorting those wanted.
const DENSE: u64 = 8;

/// Row numbers sorted by (key, number). A copy is cheap, and stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Ordered {
    keys: Column<i64>,
    blocks: Vec<Arc<Vec<u32>>>,
}

impl Ordered {
    /// All rows of a set in the order of their keys.
    pub fn of(keys: Column<i64>, rows: &RoaringBitmap) -> Self {
        let mut order = Self {
            keys,
            blocks: Vec::new(),
        };
        let sorted = order.put_in_order(rows);
        order.blocks = sorted
            .chunks(FILLED)
            .map(|block| Arc::new(block.to_vec()))
            .collect();
        order
    }

    /// Puts a row or moves it to another key.
    pub fn put(&mut self, number: u32, key: i64) {
        let at = number as usize;
        if let Some(before) = self.keys.get(at) {
            if before == key && self.has(key, number) {
                return;
            }
            self.remove(number);
        }
        self.keys.set(at, key);
        self.insert(key, number);
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether a row stands under this key, where it belongs.
    pub fn has(&self, key: i64, number: u32) -> bool {
        self.key(number) == key
            && self
                .blocks
                .get(self.block_of(key, number))
                .is_some_and(|block| self.place_in(block, key, number).is_ok())
    }

    /// The block in which an entry lies or belongs.
    fn block_of(&self, key: i64, number: u32) -> usize {
        self.blocks.partition_point(|block| {
            block
                .last()
                .is_some_and(|last| (self.key(*last), *last) < (key, number))
        })
    }

    /// Where in a block an entry lies, or belongs.
    fn place_in(&self, block: &[u32], key: i64, number: u32) -> Result<usize, usize> {
        block.binary_search_by(|row| (self.key(*row), *row).cmp(&(key, number)))
    }

    fn insert(&mut self, key: i64, number: u32) {
        if self.blocks.is_empty() {
            self.blocks.push(Arc::default());
        }
        let at = self.block_of(key, number).min(self.blocks.len() - 1);
        if let Err(place) = self.place_in(&self.blocks[at], key, number) {
            Arc::make_mut(&mut self.blocks[at]).insert(place, number);
        }
        if self.blocks[at].len() > BLOCK {
            let block = Arc::make_mut(&mut self.blocks[at]);
            let upper = block.split_off(BLOCK / 2);
            block.shrink_to_fit();
            self.blocks.insert(at + 1, Arc::new(upper));
        }
    }

    /// Removes a row.
    pub fn remove(&mut self, number: u32) {
        let key = self.key(number);
        let at = self.block_of(key, number);
        let Some(block) = self.blocks.get(at) else {
            return;
        };
        if let Ok(place) = self.place_in(block, key, number) {
            let block = Arc::make_mut(&mut self.blocks[at]);
            block.remove(place);
            if block.is_empty() {
                self.blocks.remove(at);
            }
        }
    }

    /// The key a row stands under.
    pub fn key(&self, number: u32) -> i64 {
        self.keys.get(number as usize).unwrap_or_default()
    }

    /// The rows of a set in this order. Each of them has to stand in it.
    pub fn sorted(&self, rows: &RoaringBitmap) -> Vec<u32> {
        if rows.len() * DENSE >= self.keys.len() as u64 {
            self.found_in_order(rows)
        } else {
            self.put_in_order(rows)
        }
    }

    /// By sorting those.
    fn put_in_order(&self, rows: &RoaringBitmap) -> Vec<u32> {
        let mut entries: Vec<(i64, u32)> = rows
            .iter()
            .map(|number| (self.key(number), number))
            .collect();
        entries.sort_unstable();
        entries.into_iter().map(|(_, number)| number).collect()
    }

    /// By looking at all rows.
    fn found_in_order(&self, rows: &RoaringBitmap) -> Vec<u32> {
        // Looked at in no order of theirs: a bit each in one piece is found quicker than in a compressed set.
        let mut bits = vec![0_u64; self.keys.len().div_ceil(64)];
        for number in rows {
            if let Some(word) = bits.get_mut(number as usize / 64) {
                *word |= 1 << (number % 64);
            }
        }
        let mut found = Vec::with_capacity(usize::try_from(rows.len()).unwrap_or_default());
        for number in self.blocks.iter().flat_map(|block| block.iter()) {
            let word = bits.get(*number as usize / 64);
            if word.is_some_and(|word| word >> (number % 64) & 1 == 1) {
                found.push(*number);
            }
        }
        found
    }

    /// So many of all rows in this order, after skipping some.
    pub fn page(&self, descending: bool, skip: u64, limit: usize) -> Vec<u32> {
        let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut blocks: Box<dyn Iterator<Item = &Arc<Vec<u32>>>> = if descending {
            Box::new(self.blocks.iter().rev())
        } else {
            Box::new(self.blocks.iter())
        };
        while let Some(block) = blocks.next().filter(|_| found.len() < limit) {
            if skip >= block.len() {
                skip -= block.len();
                continue;
            }
            found.extend(part(block, descending, skip, limit - found.len()));
            skip = 0;
        }
        found
    }

    /// So many of the rows of a set in this order, after skipping some: found by looking at each row of the order, so
    /// long as these are at most `most`; with them, how many were. None where more would have to be.
    pub fn walk(
        &self,
        rows: &RoaringBitmap,
        descending: bool,
        skip: u64,
        limit: usize,
        most: usize,
    ) -> Option<(Vec<u32>, u64)> {
        let all = self.blocks.iter().map(|block| block.as_slice());
        let looked_at: Box<dyn Iterator<Item = u32>> = if descending {
            Box::new(all.rev().flat_map(|block| block.iter().rev()).copied())
        } else {
            Box::new(all.flatten().copied())
        };
        passing(looked_at, rows, skip, limit, most)
    }

    /// As [`Ordered::walk`], but from after an entry on.
    pub fn walk_after(
        &self,
        rows: &RoaringBitmap,
        descending: bool,
        after: (i64, u32),
        limit: usize,
        most: usize,
    ) -> Option<(Vec<u32>, u64)> {
        let at = self.block_of(after.0, after.1);
        let entry = |row: &u32| (self.key(*row), *row);
        let looked_at: Box<dyn Iterator<Item = u32>> = if descending {
            let blocks = self.blocks[..self.blocks.len().min(at + 1)].iter().rev();
            let from_there = blocks.flat_map(|block| block.iter().rev()).copied();
            Box::new(from_there.skip_while(move |row| entry(row) >= after))
        } else {
            let from_there = self.blocks[at..].iter().flat_map(|block| block.iter());
            Box::new(
                from_there
                    .copied()
                    .skip_while(move |row| entry(row) <= after),
            )
        };
        passing(looked_at, rows, 0, limit, most)
    }

    /// Where in sorted rows those begin that come after an entry.
    pub fn place_after(&self, sorted: &[u32], descending: bool, after: (i64, u32)) -> u64 {
        let entry = |row: &u32| (self.key(*row), *row);
        let place = if descending {
            sorted.len() - sorted.partition_point(|row| entry(row) < after)
        } else {
            sorted.partition_point(|row| entry(row) <= after)
        };
        place as u64
    }

    /// Sorted rows after some of all rows have changed: those are taken out and, where they are of the set, put in where
    /// they belong by now.
    pub fn resorted(
        &self,
        sorted: &[u32],
        changed: &RoaringBitmap,
        rows: &RoaringBitmap,
    ) -> Vec<u32> {
        let mut moved = self.sorted(&(changed & rows)).into_iter().peekable();
        let mut anew = Vec::with_capacity(rows.len() as usize);
        for row in sorted.iter().filter(|row| !changed.contains(**row)) {
            while let Some(first) =
                moved.next_if(|moved| (self.key(*moved), *moved) < (self.key(*row), *row))
            {
                anew.push(first);
            }
            anew.push(*row);
        }
        anew.extend(moved);
        anew
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        self.keys.save(to)?;
        saved::number(to, self.blocks.iter().map(|block| block.len() as u64).sum())?;
        let mut bytes = Vec::with_capacity(4 * BLOCK);
        for block in &self.blocks {
            bytes.clear();
            block.iter().for_each(|row| row.write(&mut bytes));
            to.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Reads what [`Ordered::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let keys = Column::restore(from)?;
        let mut left = from.count(4)?;
        let mut blocks = Vec::with_capacity(left.div_ceil(FILLED));
        let mut bytes = [0; 4 * FILLED];
        while left > 0 {
            let here = left.min(FILLED);
            let bytes = &mut bytes[..4 * here];
            from.fill(bytes)?;
            let block: Vec<u32> = bytes.chunks_exact(4).map(u32::read).collect();
            if block.iter().any(|row| *row as usize >= keys.len()) {
                return Err(from.malformed());
            }
            blocks.push(Arc::new(block));
            left -= here;
        }
        Ok(Self { keys, blocks })
    }
}

/// So many of sorted rows, after skipping some.
pub fn part(
    sorted: &[u32],
    descending: bool,
    skip: usize,
    limit: usize,
) -> impl Iterator<Item = u32> {
    let length = sorted.len();
    let skip = skip.min(length);
    let take = limit.min(length - skip);
    (0..take).map(move |n| {
        if descending {
            sorted[length - 1 - skip - n]
        } else {
            sorted[skip + n]
        }
    })
}

/// The first so many that are of the set, after skipping some; none where more than `most` would be looked at.
fn passing(
    looked_at: impl Iterator<Item = u32>,
    rows: &RoaringBitmap,
    mut skip: u64,
    limit: usize,
    most: usize,
) -> Option<(Vec<u32>, u64)> {
    let mut found = Vec::new();
    let (mut left, mut looked) = (rows.len(), 0);
    for number in looked_at {
        if found.len() == limit || left == 0 {
            break;
        }
        if looked == most {
            return None;
        }
        looked += 1;
        if rows.contains(number) {
            left -= 1;
            if skip > 0 {
                skip -= 1;
            } else {
                found.push(number);
            }
        }
    }
    Some((found, looked as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_are_slices_of_the_sorted_rows(
            puts in prop::collection::vec((0..3_000_u32, -5..50_i64), 1..6_000),
            removed in prop::collection::vec(0..3_000_u32, 0..50),
            every in 1..30_u32,
            descending in any::<bool>(),
            skip in 0..3_000_u64,
        ) {
            let mut ordered = Ordered::default();
            let mut model = std::collections::BTreeMap::new();
            for (number, key) in puts {
                ordered.put(number, key);
                model.insert(number, key);
            }
            for number in removed {
                ordered.remove(number);
                model.remove(&number);
            }
            let rows: RoaringBitmap = model.keys().copied().filter(|number| number % every == 0).collect();
            let mut wanted: Vec<(i64, u32)> = rows.iter().map(|number| (model[&number], number)).collect();
            wanted.sort_unstable();
            if descending {
                wanted.reverse();
            }
            let slice: Vec<u32> = wanted.iter().skip(skip as usize).take(7).map(|(_, number)| *number).collect();
            let sorted = ordered.sorted(&rows);
            let kept = Ordered::of(ordered.keys.clone(), &model.keys().copied().collect());
            let mut saved = Vec::new();
            kept.save(&mut saved).unwrap();
            let restored = Ordered::restore(&mut Source::new(&mut saved.as_slice(), saved.len() as u64)).unwrap();
            for ordered in [&ordered, &kept, &restored] {
                if every == 1 {
                    prop_assert_eq!(&ordered.page(descending, skip, 7), &slice);
                }
                prop_assert_eq!(&ordered.walk(&rows, descending, skip, 7, usize::MAX).unwrap().0, &slice);
                prop_assert_eq!(&part(&sorted, descending, skip as usize, 7).collect::<Vec<_>>(), &slice);
                if let Some(last) = skip.checked_sub(1).and_then(|at| wanted.get(at as usize)) {
                    let walked = ordered.walk_after(&rows, descending, *last, 7, usize::MAX);
                    prop_assert_eq!(&walked.unwrap().0, &slice);
                    prop_assert_eq!(ordered.place_after(&sorted, descending, *last), skip);
                }
            }
        }

        #[test]
        fn what_was_sorted_follows_what_changes(
            puts in prop::collection::vec((0..300_u32, -5..50_i64), 1..600),
            later in prop::collection::vec((0..400_u32, prop::option::of(-5..50_i64)), 1..100),
        ) {
            let mut ordered = Ordered::default();
            let mut rows = RoaringBitmap::new();
            for (number, key) in puts {
                ordered.put(number, key);
                rows.insert(number);
            }
            let before = ordered.sorted(&rows);
            let copy = ordered.clone();
            let mut changed = RoaringBitmap::new();
            let mut after = rows.clone();
            for (number, key) in later {
                changed.insert(number);
                match key {
                    Some(key) => {
                        ordered.put(number, key);
                        after.insert(number);
                    }
                    None => {
                        ordered.remove(number);
                        after.remove(number);
                    }
                }
            }
            prop_assert_eq!(ordered.resorted(&before, &changed, &after), ordered.sorted(&after));
            prop_assert_eq!(copy.page(false, 0, usize::MAX >> 1), before);
        }
    }
}
