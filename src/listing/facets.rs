//! Rows by the values they are filtered by.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;
use uuid::Uuid;

use super::column::{Codes, Column};
use super::saved::{self, Source};

/// Below this many numbers, those of removed rows are not worth building anew for.
const MANY: u64 = 100_000;

/// "This field has one of these values".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// The values of one field.
#[derive(Debug, Clone, Default)]
struct Field {
    /// For each row, the place of its value.
    codes: Codes,
    names: Arc<Names>,
    /// For each value, the rows that have it.
    rows: Vec<Arc<RoaringBitmap>>,
}

/// Each value once, and its place.
#[derive(Debug, Clone, Default)]
struct Names {
    places: HashMap<Arc<str>, u32>,
    values: Vec<Arc<str>>,
}

impl Field {
    /// The place of a value, made where it is new.
    fn place(&mut self, value: &str) -> u32 {
        if let Some(place) = self.names.places.get(value) {
            return *place;
        }
        let names = Arc::make_mut(&mut self.names);
        // A place for each row at most, and rows have 32 bits.
        let place = u32::try_from(names.values.len()).unwrap_or(Codes::NONE - 1);
        let value: Arc<str> = value.into();
        names.values.push(Arc::clone(&value));
        names.places.insert(value, place);
        self.rows.push(Arc::default());
        place
    }

    /// Moves a row to another value, or away.
    fn put(&mut self, number: u32, code: u32) {
        let before = self.codes.get(number as usize);
        if before == code && (number as usize) < self.codes.len() {
            return;
        }
        self.codes.set(number as usize, code);
        if let Some(rows) = self.rows.get_mut(before as usize) {
            Arc::make_mut(rows).remove(number);
        }
        if let Some(rows) = self.rows.get_mut(code as usize) {
            // Not `push`: where a set is dense, that looks for its end.
            Arc::make_mut(rows).insert(number);
        }
    }

    fn having(&self, value: &str) -> Option<&Arc<RoaringBitmap>> {
        let place = self.names.places.get(value)?;
        self.rows.get(*place as usize)
    }

    fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        saved::number(to, self.names.values.len() as u64)?;
        // The rows of each value follow from the codes, but making them anew is most of what a start takes.
        for (value, rows) in self.names.values.iter().zip(&self.rows) {
            saved::text(to, value)?;
            saved::bitmap(to, rows)?;
        }
        self.codes.save(to)
    }

    fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let mut field = Self::default();
        let mut coded = 0;
        for _ in 0..from.count(16)? {
            let value = from.text()?;
            let place = field.place(&value) as usize;
            let rows = from.bitmap()?;
            coded += rows.len();
            *field.rows.get_mut(place).ok_or_else(|| from.malformed())? = rows;
        }
        field.codes = Codes::restore(from)?;
        let known = u32::try_from(field.rows.len()).unwrap_or(Codes::NONE);
        let mut with_code = 0;
        for code in field.codes.iter().filter(|code| *code != Codes::NONE) {
            with_code += 1;
            if code >= known {
                return Err(from.malformed());
            }
        }
        if with_code == coded {
            Ok(field)
        } else {
            Err(from.malformed())
        }
    }
}

/// Rows with `N` fields, numbered by ascending id.
///
/// A number is never given twice: removed rows leave a hole. A copy is cheap, and stays as it is.
#[derive(Debug, Clone)]
pub struct Facets<const N: usize> {
    ids: Column<Uuid>,
    fields: [Field; N],
    live: Arc<RoaringBitmap>,
}

impl<const N: usize> Default for Facets<N> {
    fn default() -> Self {
        Self {
            ids: Column::default(),
            fields: std::array::from_fn(|_| Field::default()),
            live: Arc::default(),
        }
    }
}

impl<const N: usize> Facets<N> {
    /// Puts a row or gives it other values. Returns its number, or `None` for a new row whose id is not greater than
    /// every known one: the caller builds everything anew then.
    pub fn put(&mut self, id: Uuid, values: [&str; N]) -> Option<u32> {
        let number = match self.number(id) {
            Some(number) => number,
            None if self.ids.last().is_none_or(|last| last < id) => {
                let number = u32::try_from(self.ids.len()).ok()?;
                self.ids.push(id);
                number
            }
            None => return None,
        };
        for (field, value) in self.fields.iter_mut().zip(values) {
            let code = field.place(value);
            field.put(number, code);
        }
        if !self.live.contains(number) {
            Arc::make_mut(&mut self.live).insert(number);
        }
        Some(number)
    }

    /// Removes a row and gives the number it had.
    pub fn remove(&mut self, id: Uuid) -> Option<u32> {
        let number = self.number(id)?;
        for field in &mut self.fields {
            field.put(number, Codes::NONE);
        }
        Arc::make_mut(&mut self.live)
            .remove(number)
            .then_some(number)
    }

    /// The number of a row, also of a removed one.
    pub fn number(&self, id: Uuid) -> Option<u32> {
        // New rows come last: look there before searching.
        if self.ids.last().is_none_or(|last| last < id) {
            return None;
        }
        let at = self.ids.partition_point(|known| known < id);
        let found = self.ids.get(at) == Some(id);
        found.then(|| u32::try_from(at).ok()).flatten()
    }

    /// The id of a row.
    pub fn id(&self, number: u32) -> Option<Uuid> {
        self.ids.get(number as usize)
    }

    /// How many numbers were given, removed rows included.
    pub fn numbers(&self) -> usize {
        self.ids.len()
    }

    /// Every row there is.
    pub fn live(&self) -> &Arc<RoaringBitmap> {
        &self.live
    }

    /// A row's value.
    pub fn value(&self, field: usize, number: u32) -> Option<&str> {
        let field = &self.fields[field];
        let code = field.codes.get(number as usize);
        field.names.values.get(code as usize).map(|value| &**value)
    }

    /// Whether a row is there with these values.
    pub fn holds(&self, id: Uuid, values: [&str; N]) -> bool {
        let Some(number) = self.number(id) else {
            return false;
        };
        let has = |(field, value): (usize, &str)| {
            self.value(field, number) == Some(value) && self.having(field, value).contains(number)
        };
        self.live.contains(number) && values.into_iter().enumerate().all(has)
    }

    /// The rows in which a field has a value.
    pub fn having(&self, field: usize, value: &str) -> Arc<RoaringBitmap> {
        self.fields[field]
            .having(value)
            .cloned()
            .unwrap_or_default()
    }

    /// Whether a row passes every filter.
    pub fn passes(&self, number: u32, filters: &[Filter]) -> bool {
        filters.iter().all(|filter| {
            self.value(filter.field, number)
                .is_some_and(|value| filter.any_of.iter().any(|wanted| wanted == value))
        })
    }

    /// The rows that pass every filter.
    pub fn select(&self, filters: &[Filter]) -> Arc<RoaringBitmap> {
        let mut parts: Vec<Arc<RoaringBitmap>> =
            filters.iter().map(|filter| self.any_of(filter)).collect();
        // The smallest first: what is intersected only gets smaller.
        parts.sort_by_cached_key(|part| part.len());
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Arc::clone(&self.live);
        };
        parts.fold(first, |rows, part| Arc::new(&*rows & &*part))
    }

    /// The ids of so many rows of a set, the newest first, from a place on.
    pub fn newest(&self, rows: &RoaringBitmap, from: Place, limit: usize) -> Vec<Uuid> {
        let numbers = match from {
            Place::Skip(skip) => page(rows, true, skip, limit),
            Place::After(id) => {
                let older = self.ids.partition_point(|known| known < id);
                let older = u32::try_from(older).unwrap_or(u32::MAX);
                rows.range(..older).rev().take(limit).collect()
            }
        };
        numbers
            .into_iter()
            .filter_map(|number| self.id(number))
            .collect()
    }

    fn any_of(&self, filter: &Filter) -> Arc<RoaringBitmap> {
        let field = &self.fields[filter.field];
        let mut parts = filter.any_of.iter().filter_map(|value| field.having(value));
        match (parts.next(), parts.next()) {
            (None, _) => Arc::default(),
            (Some(one), None) => Arc::clone(one),
            (Some(one), Some(other)) => {
                Arc::new(parts.fold(&**one | &**other, |mut rows, part| {
                    rows |= &**part;
                    rows
                }))
            }
        }
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        self.ids.save(to)?;
        saved::bitmap(to, &self.live)?;
        self.fields.iter().try_for_each(|field| field.save(to))
    }

    /// Reads what [`Facets::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let mut facets = Self {
            ids: Column::restore(from)?,
            live: from.bitmap()?,
            ..Self::default()
        };
        let numbers = facets.ids.len();
        let is_past =
            |rows: &Arc<RoaringBitmap>| rows.max().is_some_and(|last| last as usize >= numbers);
        for field in &mut facets.fields {
            *field = Field::restore(from)?;
            if field.codes.len() != numbers || field.rows.iter().any(is_past) {
                return Err(from.malformed());
            }
        }
        if is_past(&facets.live) {
            return Err(from.malformed());
        }
        // Numbers are never given twice: building anew is how those of removed rows go away.
        let numbers = numbers as u64;
        if numbers > MANY && facets.live.len() * 2 < numbers {
            return Err(io::Error::other("most of its rows were removed"));
        }
        Ok(facets)
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
