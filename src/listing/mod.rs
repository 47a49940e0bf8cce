//! What lists stand on: rows numbered densely in memory, a compressed bitmap for each filter value, sort orders, and
//! substring search. Totals are cardinalities, pages are ranks: both cost the same wherever they lie.

pub mod facets;
pub mod ordered;
pub mod trigrams;
pub mod waiting;

pub use facets::{Facets, Filter, Place};
pub use ordered::Ordered;
pub use trigrams::Trigrams;
pub use waiting::Waiting;
