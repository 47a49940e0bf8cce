//! Rows by the values they are filtered by.

use std::borrow::Cow;
use std::collections::HashMap;

use roaring::RoaringBitmap;
use uuid::Uuid;

/// "This field has one of these values".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The field's place.
    pub field: usize,
    /// The values that pass; none lets nothing pass.
    pub any_of: Vec<String>,
}

/// Where a page of the newest rows begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// After so many rows.
    Skip(u64),
    /// After the row of this id, whether it is still there or not: stays where it is while rows arrive.
    After(Uuid),
}

/// Rows with `N` fields, numbered by ascending id.
///
/// A number is never given twice: removed rows leave a hole.
#[derive(Debug)]
pub struct Facets<const N: usize> {
    ids: Vec<Uuid>,
    /// For each row, the place of each field's bitmap.
    rows: Vec<[u32; N]>,
    places: [HashMap<Box<str>, u32>; N],
    bitmaps: Vec<RoaringBitmap>,
    live: RoaringBitmap,
}

impl<const N: usize> Default for Facets<N> {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            rows: Vec::new(),
            places: std::array::from_fn(|_| HashMap::new()),
            bitmaps: Vec::new(),
            live: RoaringBitmap::new(),
        }
    }
}

impl<const N: usize> Facets<N> {
    /// Puts a row or gives it other values. Returns its number, or `None` for a new row whose id is not greater than
    /// every known one: the caller builds everything anew then.
    pub fn put(&mut self, id: Uuid, values: [&str; N]) -> Option<u32> {
        let places = std::array::from_fn(|field| self.place(field, values[field]));
        let number = match self.number(id) {
            Some(number) => number,
            None if self.ids.last().is_none_or(|last| *last < id) => {
                let number = u32::try_from(self.ids.len()).ok()?;
                self.ids.push(id);
                self.rows.push([u32::MAX; N]);
                number
            }
            None => return None,
        };
        let before = std::mem::replace(&mut self.rows[number as usize], places);
        for (old, new) in before.into_iter().zip(places) {
            if old != new {
                if let Some(bitmap) = self.bitmaps.get_mut(old as usize) {
                    bitmap.remove(number);
                }
                self.bitmaps[new as usize].insert(number);
            }
        }
        self.live.insert(number);
        Some(number)
    }

    /// Removes a row and gives the number it had.
    pub fn remove(&mut self, id: Uuid) -> Option<u32> {
        let number = self.number(id)?;
        for place in std::mem::replace(&mut self.rows[number as usize], [u32::MAX; N]) {
            if let Some(bitmap) = self.bitmaps.get_mut(place as usize) {
                bitmap.remove(number);
            }
        }
        self.live.remove(number).then_some(number)
    }

    /// The place of a value's bitmap, made where it is new.
    fn place(&mut self, field: usize, value: &str) -> u32 {
        if let Some(place) = self.places[field].get(value) {
            return *place;
        }
        let place = u32::try_from(self.bitmaps.len()).unwrap_or(u32::MAX - 1);
        self.bitmaps.push(RoaringBitmap::new());
        self.places[field].insert(value.into(), place);
        place
    }

    /// The number of a row, also of a removed one.
    pub fn number(&self, id: Uuid) -> Option<u32> {
        // New rows come last: look there before searching.
        if self.ids.last().is_none_or(|last| *last < id) {
            return None;
        }
        self.ids
            .binary_search(&id)
            .ok()
            .and_then(|number| u32::try_from(number).ok())
    }

    /// The id of a row.
    pub fn id(&self, number: u32) -> Option<Uuid> {
        self.ids.get(number as usize).copied()
    }

    /// Every row there is.
    pub fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    /// The rows in which a field has a value.
    pub fn having(&self, field: usize, value: &str) -> Cow<'_, RoaringBitmap> {
        match self.places[field].get(value) {
            Some(place) => Cow::Borrowed(&self.bitmaps[*place as usize]),
            None => Cow::Owned(RoaringBitmap::new()),
        }
    }

    /// The rows that pass every filter.
    pub fn select(&self, filters: &[Filter]) -> Cow<'_, RoaringBitmap> {
        let mut parts: Vec<Cow<'_, RoaringBitmap>> =
            filters.iter().map(|filter| self.any_of(filter)).collect();
        // The smallest first: what is intersected only gets smaller.
        parts.sort_by_key(|part| part.len());
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Cow::Borrowed(&self.live);
        };
        parts.fold(first, |rows, part| Cow::Owned(&*rows & &*part))
    }

    /// The ids of so many rows of a set, the newest first, from a place on.
    pub fn newest(&self, rows: &RoaringBitmap, from: Place, limit: usize) -> Vec<Uuid> {
        let numbers = match from {
            Place::Skip(skip) => page(rows, true, skip, limit),
            Place::After(id) => {
                let older = self.ids.partition_point(|known| *known < id);
                let older = u32::try_from(older).unwrap_or(u32::MAX);
                rows.range(..older).rev().take(limit).collect()
            }
        };
        numbers
            .into_iter()
            .filter_map(|number| self.id(number))
            .collect()
    }

    fn any_of(&self, filter: &Filter) -> Cow<'_, RoaringBitmap> {
        match filter.any_of.as_slice() {
            [one] => self.having(filter.field, one),
            many => Cow::Owned(many.iter().fold(RoaringBitmap::new(), |mut rows, value| {
                rows |= &*self.having(filter.field, value);
                rows
            })),
        }
    }
}

/// So many rows of a set, newest or oldest number first, after skipping some.
pub fn page(rows: &RoaringBitmap, descending: bool, skip: u64, limit: usize) -> Vec<u32> {
    let total = rows.len();
    if skip >= total {
        return Vec::new();
    }
    let rank = if descending { total - 1 - skip } else { skip };
    let Some(first) = u32::try_from(rank).ok().and_then(|rank| rows.select(rank)) else {
        return Vec::new();
    };
    if descending {
        rows.range(..=first).rev().take(limit).collect()
    } else {
        rows.range(first..).take(limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: u32) -> Uuid {
        Uuid::from_u128(u128::from(n) + 1)
    }

    proptest! {
        #[test]
        fn filters_find_what_a_scan_finds(
            steps in prop::collection::vec((0..40_u32, 0..3_usize, 0..4_usize, any::<bool>()), 1..120),
            a in prop::collection::vec(0..3_usize, 0..3),
            b in prop::collection::vec(0..4_usize, 1..3),
        ) {
            const WORDS: [&str; 4] = ["x", "y", "z", ""];
            let mut facets = Facets::<2>::default();
            let mut model = std::collections::BTreeMap::new();
            let mut highest = 0;
            for (n, first, second, keep) in steps {
                let n = n.min(highest);
                if keep {
                    highest = highest.max(n + 1);
                    prop_assert_eq!(facets.put(id(n), [WORDS[first], WORDS[second]]), Some(n));
                    model.insert(n, (first, second));
                } else {
                    prop_assert_eq!(facets.remove(id(n)).is_some(), model.remove(&n).is_some());
                }
            }
            let words = |picked: &[usize]| picked.iter().map(|i| WORDS[*i].to_owned()).collect::<Vec<_>>();
            let filters = [Filter { field: 0, any_of: words(&a) }, Filter { field: 1, any_of: words(&b) }];
            let wanted: Vec<u32> = model
                .iter()
                .filter(|(_, (first, second))| a.contains(first) && b.contains(second))
                .map(|(n, _)| *n)
                .collect();
            let found = facets.select(&filters);
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), wanted.clone());
            for skip in 0..=wanted.len() {
                let up: Vec<u32> = wanted.iter().copied().skip(skip).take(3).collect();
                prop_assert_eq!(page(&found, false, skip as u64, 3), up);
                let down: Vec<u32> = wanted.iter().rev().copied().skip(skip).take(3).collect();
                prop_assert_eq!(page(&found, true, skip as u64, 3), down);
            }
        }
    }

    #[test]
    fn a_place_stays_while_rows_arrive() {
        let mut facets = Facets::<1>::default();
        for n in 0..5 {
            facets.put(id(n), ["a"]);
        }
        let two = |facets: &Facets<1>, from| facets.newest(facets.live(), from, 2);
        assert_eq!(two(&facets, Place::Skip(0)), [id(4), id(3)]);
        facets.put(id(5), ["a"]);
        facets.remove(id(3));
        assert_eq!(two(&facets, Place::After(id(3))), [id(2), id(1)]);
        assert_eq!(two(&facets, Place::Skip(1)), [id(4), id(2)]);
        assert_eq!(two(&facets, Place::After(id(9))), [id(5), id(4)]);
        assert!(two(&facets, Place::After(id(0))).is_empty());
    }

    #[test]
    fn an_id_out_of_order_is_told() {
        let mut facets = Facets::<1>::default();
        assert_eq!(facets.put(id(5), ["a"]), Some(0));
        assert_eq!(facets.put(id(4), ["a"]), None);
    }
}
