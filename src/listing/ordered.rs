//! Rows in the order of one key that changes, such as a cost.

use roaring::RoaringBitmap;

/// A block is split in two when it grows past this.
const BLOCK: usize = 1024;

/// Below this many rows, sorting what is asked for is cheaper than walking the whole order.
const FEW: u64 = 2048;

/// Row numbers sorted by (key, number).
#[derive(Debug, Default)]
pub struct Ordered {
    keys: Vec<i64>,
    blocks: Vec<Vec<(i64, u32)>>,
}

impl Ordered {
    /// Puts a row or moves it to another key.
    pub fn put(&mut self, number: u32, key: i64) {
        let at = number as usize;
        if at < self.keys.len() {
            if self.keys[at] == key && self.has(key, number) {
                return;
            }
            self.remove(number);
        } else {
            self.keys.resize(at + 1, 0);
        }
        self.keys[at] = key;
        self.insert(key, number);
    }

    fn has(&self, key: i64, number: u32) -> bool {
        self.blocks
            .get(self.block_of(key, number))
            .is_some_and(|block| block.binary_search(&(key, number)).is_ok())
    }

    /// The block in which an entry lies or belongs.
    fn block_of(&self, key: i64, number: u32) -> usize {
        self.blocks
            .partition_point(|block| block.last().is_some_and(|last| *last < (key, number)))
    }

    fn insert(&mut self, key: i64, number: u32) {
        let at = self
            .block_of(key, number)
            .min(self.blocks.len().saturating_sub(1));
        if self.blocks.is_empty() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let block = &mut self.blocks[at];
        if let Err(place) = block.binary_search(&(key, number)) {
            block.insert(place, (key, number));
        }
        if block.len() > BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, upper);
        }
    }

    /// Removes a row.
    pub fn remove(&mut self, number: u32) {
        let Some(key) = self.keys.get(number as usize).copied() else {
            return;
        };
        let at = self.block_of(key, number);
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        if let Ok(place) = block.binary_search(&(key, number)) {
            block.remove(place);
            if block.is_empty() {
                self.blocks.remove(at);
            }
        }
    }

    /// The key a row stands under.
    pub fn key(&self, number: u32) -> i64 {
        self.keys.get(number as usize).copied().unwrap_or_default()
    }

    /// So many rows of a set in this order, after skipping some; `whole` says that the set holds every row.
    pub fn page(
        &self,
        rows: &RoaringBitmap,
        whole: bool,
        descending: bool,
        skip: u64,
        limit: usize,
    ) -> Vec<u32> {
        if !whole && rows.len() <= FEW {
            let mut few = self.sorted(rows);
            if descending {
                few.reverse();
            }
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            return few
                .into_iter()
                .skip(skip)
                .take(limit)
                .map(|(_, number)| number)
                .collect();
        }
        let mut skip = skip;
        let mut found = Vec::with_capacity(limit);
        let mut take = |block: &[(i64, u32)], numbers: &mut dyn Iterator<Item = u32>| {
            if whole && skip >= block.len() as u64 {
                skip -= block.len() as u64;
                return true;
            }
            for number in numbers.filter(|number| whole || rows.contains(*number)) {
                if skip > 0 {
                    skip -= 1;
                } else if found.len() < limit {
                    found.push(number);
                } else {
                    return false;
                }
            }
            found.len() < limit
        };
        if descending {
            for block in self.blocks.iter().rev() {
                if !take(block, &mut block.iter().rev().map(|(_, number)| *number)) {
                    break;
                }
            }
        } else {
            for block in &self.blocks {
                if !take(block, &mut block.iter().map(|(_, number)| *number)) {
                    break;
                }
            }
        }
        found
    }

    /// So many rows of a set that come after an entry in this order.
    pub fn page_after(
        &self,
        rows: &RoaringBitmap,
        descending: bool,
        after: (i64, u32),
        limit: usize,
    ) -> Vec<u32> {
        if rows.len() <= FEW {
            let few = self.sorted(rows);
            let split = few.partition_point(|entry| {
                if descending {
                    *entry < after
                } else {
                    *entry <= after
                }
            });
            return if descending {
                few[..split]
                    .iter()
                    .rev()
                    .take(limit)
                    .map(|(_, number)| *number)
                    .collect()
            } else {
                few[split..]
                    .iter()
                    .take(limit)
                    .map(|(_, number)| *number)
                    .collect()
            };
        }
        let at = self.block_of(after.0, after.1);
        let passes = |entry: &&(i64, u32)| rows.contains(entry.1);
        if descending {
            let blocks = self.blocks.iter().take(at + 1).rev();
            let entries = blocks
                .flat_map(|block| block.iter().rev())
                .filter(|entry| **entry < after);
            entries
                .filter(passes)
                .take(limit)
                .map(|(_, number)| *number)
                .collect()
        } else {
            let blocks = self.blocks.iter().skip(at);
            let entries = blocks.flatten().filter(|entry| **entry > after);
            entries
                .filter(passes)
                .take(limit)
                .map(|(_, number)| *number)
                .collect()
        }
    }

    fn sorted(&self, rows: &RoaringBitmap) -> Vec<(i64, u32)> {
        let mut few: Vec<(i64, u32)> = rows
            .iter()
            .map(|number| (self.key(number), number))
            .collect();
        few.sort_unstable();
        few
    }
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
            every in 1..4_u32,
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
            prop_assert_eq!(ordered.page(&rows, every == 1, descending, skip, 7), slice.clone());
            if let Some(last) = skip.checked_sub(1).and_then(|at| wanted.get(at as usize)) {
                prop_assert_eq!(ordered.page_after(&rows, descending, *last, 7), slice);
            }
        }
    }
}
