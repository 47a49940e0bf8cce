//! What lists stand on: rows numbered densely in memory, a compressed bitmap for each filter value, sort orders, and
//! substring search. Totals are cardinalities, pages are ranks: both cost the same wherever they lie.
//!
//! All of it is in pieces that copies share. A reader takes a copy of one state and works on it without a lock; the
//! writer copies no more than the pieces that it changes while somebody still reads them.

pub mod column;
pub mod facets;
pub mod ordered;
pub mod saved;
pub mod shapes;
pub mod trigrams;
pub mod waiting;

pub use column::Column;
pub use facets::{Facets, Filter, Place};
pub use ordered::Ordered;
pub use saved::Source;
pub use shapes::Shapes;
pub use trigrams::{Gathering, Trigrams};
pub use waiting::Waiting;
