//! Lists in pages.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::http::params::whole_number;
use crate::http::text::text_type;
use crate::listing::Place;

whole_number! {
    /// Which page of a list: from 1.
    PageNumber(u32): 1..=1_000_000_000
}

whole_number! {
    /// How many items a page has: 1 to 100.
    PageLimit(u32): 1..=100
}

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

/// A place in a list that stays where it is while rows arrive. Only the list that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// The longest cursor, in bytes.
    const MAX_BYTES: usize = 512;

    /// A cursor that holds these bytes, at most 512.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// What it was made of. Not to be trusted: a client may have made it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if (1..=Self::MAX_BYTES).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err("must be a nextCursor of an earlier page of the same list"),
        }
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_type!(Cursor, "Cursor", |schema| {
    schema.pattern = Some("^[A-Za-z0-9_-]+$".to_owned());
    schema.max_length = Some(683);
});

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At a page's number, from 1.
    Page(u32),
    /// After a cursor.
    After(Cursor),
}

/// Which page a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// Where it starts.
    pub start: Start,
    /// How many items, 1 to 100.
    pub limit: u32,
}

impl PageQuery {
    /// From the query's `page`, `limit` and `cursor`; a cursor replaces the page.
    pub fn new(page: Option<PageNumber>, limit: Option<PageLimit>, cursor: Option<Cursor>) -> Self {
        Self {
            start: match cursor {
                Some(cursor) => Start::After(cursor),
                None => Start::Page(page.unwrap_or_default().get()),
            },
            limit: limit.unwrap_or_default().get(),
        }
    }

    /// How many rows stand before the page, where it is asked for by number.
    pub fn offset(&self) -> u64 {
        match self.start {
            Start::Page(page) => u64::from(page - 1) * u64::from(self.limit),
            Start::After(_) => 0,
        }
    }
}

impl PageQuery {
    /// Where the page begins in a list that is the newest first by id.
    ///
    /// # Errors
    /// `Invalid`, where the cursor is of no such list.
    pub fn place(&self) -> Result<Place> {
        match &self.start {
            Start::Page(_) => Ok(Place::Skip(self.offset())),
            Start::After(cursor) => Uuid::from_slice(cursor.bytes())
                .map(Place::After)
                .map_err(|_| wrong_cursor()),
        }
    }

    /// How many rows to read: one more than the page has, which tells whether others follow.
    pub fn reach(&self) -> usize {
        self.limit as usize + 1
    }

    /// Cuts rows that were read by [`PageQuery::reach`] to the page; gives the place after its last one where
    /// others follow.
    pub fn cut<V>(&self, rows: &mut Vec<V>, place: impl Fn(&V) -> Cursor) -> Option<Cursor> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        rows.last().filter(|_| more).map(place)
    }
}

/// The cursor was made by another list, or by nobody.
pub fn wrong_cursor() -> Error {
    Error::invalid(
        "cursor",
        "must be a nextCursor of an earlier page of the same list",
    )
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub struct Page<V> {
    items: Vec<V>,
    pagination: PaginationView,
}

/// Where a page stands in its list.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Pagination", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct PaginationView {
    /// How many items all pages have together: exact.
    pub total: u64,
    /// The page's number, from 1; null where a cursor was given.
    pub page: Option<u32>,
    /// How many items a page has at most.
    pub page_size: u32,
    /// How many pages there are.
    pub total_pages: u64,
    /// Whether items follow.
    pub has_more: bool,
    /// Give it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<Cursor>,
}

impl<V> Page<V> {
    /// A page of `total` items; `next` is the place after its last item, where more follow.
    pub fn new(items: Vec<V>, total: u64, query: &PageQuery, next: Option<Cursor>) -> Self {
        let end = query.offset() + items.len() as u64;
        let (page, more_by_number) = match query.start {
            Start::Page(page) => (Some(page), !items.is_empty() && end < total),
            Start::After(_) => (None, false),
        };
        Self {
            items,
            pagination: PaginationView {
                total,
                page,
                page_size: query.limit,
                total_pages: total.div_ceil(u64::from(query.limit)),
                has_more: next.is_some() || more_by_number,
                next_cursor: next,
            },
        }
    }

    /// The page's items.
    pub fn items(&self) -> &[V] {
        &self.items
    }
}

impl<V: Type> Type for Page<V> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        let item = V::name();
        format!("{}Page", item.strip_suffix("View").unwrap_or(&item)).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>(Self::name().into_owned(), |registry| {
            V::register(registry);
            PaginationView::register(registry);
            MetaSchema {
                description: Some("One page of a list."),
                required: vec!["items", "pagination"],
                properties: vec![
                    ("items", Vec::<V>::schema_ref()),
                    ("pagination", PaginationView::schema_ref()),
                ],
                ..MetaSchema::new("object")
            }
        });
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_it_stands() {
        let query = PageQuery::new(Some(PageNumber(2)), Some(PageLimit(10)), None);
        assert_eq!(query.offset(), 10);
        let page = Page::new(vec!["a"; 10], 25, &query, Some(Cursor::new([1])));
        assert_eq!(
            serde_json::to_value(&page).unwrap()["pagination"],
            serde_json::json!({"total": 25, "page": 2, "pageSize": 10, "totalPages": 3,
                "hasMore": true, "nextCursor": "AQ"})
        );
        let beyond = PageQuery::new(Some(PageNumber(9)), Some(PageLimit(10)), None);
        let page = Page::<&str>::new(vec![], 25, &beyond, None);
        assert!(!page.pagination.has_more);
    }

    #[test]
    fn a_cursor_replaces_the_page_and_survives_its_text() {
        let cursor: Cursor = Cursor::new([0, 255, 7]).to_string().parse().unwrap();
        assert_eq!(cursor.bytes(), [0, 255, 7]);
        let query = PageQuery::new(Some(PageNumber(4)), None, Some(cursor.clone()));
        assert_eq!(query.start, Start::After(cursor));
        for wrong in ["", "!", "AQ==", &"A".repeat(700)] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_row_too_many_tells_that_others_follow() {
        let query = PageQuery::new(None, Some(PageLimit(2)), None);
        let place = |row: &u8| Cursor::new([*row]);
        let mut rows = vec![1, 2, 3];
        assert_eq!(query.cut(&mut rows, place), Some(Cursor::new([2])));
        assert_eq!(rows, [1, 2]);
        assert_eq!(query.cut(&mut rows, place), None);
        let other = PageQuery::new(None, None, Some(Cursor::new([7])));
        assert!(other.place().is_err());
    }

    #[test]
    fn numbers_are_whole() {
        for wrong in ["0", "1.5", "1e18", "1000000000000000000", "-1", "x"] {
            assert!(wrong.parse::<PageNumber>().is_err(), "{wrong}");
        }
        assert!("101".parse::<PageLimit>().is_err());
    }
}
