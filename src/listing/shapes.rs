//! Rows by the shape of their texts: what is left of them without the numbers and keys that tell one resource from the
//! next. Thousands of rows share one shape, so that a search for a word is decided shape by shape, without reading rows.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use memchr::memmem;

use super::column::Column;
use super::saved::{self, Source};
use super::trigrams::fold;

/// What stands for a part that is left out: a run of hexadecimal digits that has a decimal one, or is long.
const LEFT_OUT: char = '\u{1}';

/// What stands between texts.
const FENCE: char = '\0';

/// A run without decimal digits is left out from this length on: shorter ones are mostly parts of words.
const LONG: usize = 4;

/// The shape of a row whose texts have none, or that came when there were too many.
const NONE: u16 = u16::MAX;

/// Whether rows of one shape have a text in one of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of them.
    Yes,
    /// None of them.
    No,
    /// It depends on what was left out: the row has to be read.
    Unsure,
}

/// Every shape once, and its place.
#[derive(Debug, Clone, Default)]
struct Names {
    places: HashMap<Arc<str>, u16>,
    values: Vec<Arc<str>>,
}

/// The shape of each row. A copy is cheap, and stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    names: Arc<Names>,
    rows: Column<u16>,
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Whether a run of hexadecimal digits is left out.
fn is_left_out(run: &str) -> bool {
    run.len() >= LONG || run.bytes().any(|byte| byte.is_ascii_digit())
}

/// Appends the shape of a folded text.
fn write_shape(folded: &str, shape: &mut String) {
    let bytes = folded.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = is_hex(bytes[at]);
        let length = bytes[at..].iter().take_while(|byte| is_hex(**byte) == hex);
        let end = at + length.count();
        // Both ends lie beside a byte of ASCII or at the text's own end.
        let run = &folded[at..end];
        if hex && is_left_out(run) {
            shape.push(LEFT_OUT);
        } else {
            shape.push_str(run);
        }
        at = end;
    }
}

/// The shape of some texts; none where they have what stands for something else in one.
fn shape_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut shape = String::with_capacity(96);
    for text in texts {
        if text.contains([LEFT_OUT, FENCE]) {
            return None;
        }
        write_shape(&fold(text), &mut shape);
        shape.push(FENCE);
    }
    Some(shape)
}

impl Shapes {
    /// Puts a row with its texts.
    pub fn put<'a>(&mut self, number: u32, texts: impl IntoIterator<Item = &'a str>) {
        let place = shape_of(texts).map_or(NONE, |shape| self.place(shape));
        self.rows.set(number as usize, place);
    }

    fn place(&mut self, shape: String) -> u16 {
        if let Some(place) = self.names.places.get(shape.as_str()) {
            return *place;
        }
        let Ok(place) = u16::try_from(self.names.values.len()) else {
            return NONE;
        };
        if place == NONE {
            return NONE;
        }
        let names = Arc::make_mut(&mut self.names);
        let shape: Arc<str> = shape.into();
        names.values.push(Arc::clone(&shape));
        names.places.insert(shape, place);
        place
    }

    /// Whether a row has the shape of these texts, or none.
    pub fn agrees<'a>(&self, number: u32, texts: impl IntoIterator<Item = &'a str>) -> bool {
        match self.rows.get(number as usize) {
            None => false,
            Some(NONE) => true,
            Some(place) => {
                let shape = self.names.values.get(place as usize);
                shape.map(|shape| &**shape) == shape_of(texts).as_deref()
            }
        }
    }

    /// Tells of rows whether they have a folded text.
    pub fn look_for(&self, folded: &str) -> Look<'_> {
        let mut core = String::new();
        let bytes = folded.as_bytes();
        let head = bytes.iter().take_while(|byte| is_hex(**byte)).count();
        let tail = bytes.iter().rev().take_while(|byte| is_hex(**byte));
        let tail = bytes.len() - tail.count();
        let tells = head < tail && !folded.contains([LEFT_OUT, FENCE]);
        if tells {
            write_shape(&folded[head..tail], &mut core);
        }
        Look {
            shapes: self,
            head: folded[..head].to_owned(),
            tail: folded[tail.max(head)..].to_owned(),
            core: tells.then_some(core),
            verdicts: vec![None; self.names.values.len()],
        }
    }

    /// Writes all rows.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        saved::number(to, self.names.values.len() as u64)?;
        for shape in &self.names.values {
            saved::text(to, shape)?;
        }
        self.rows.save(to)
    }

    /// Reads what [`Shapes::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it is something else.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let mut shapes = Self::default();
        for _ in 0..from.count(8)? {
            let shape = from.text()?;
            shapes.place(shape);
        }
        shapes.rows = Column::restore(from)?;
        let known = shapes.names.values.len();
        let is_known = |place: u16| place == NONE || usize::from(place) < known;
        if shapes.rows.iter().all(is_known) {
            Ok(shapes)
        } else {
            Err(from.malformed())
        }
    }
}

/// A look for one text.
///
/// The text's own runs of hexadecimal digits are whole within it, but for those at its ends, which may be parts of
/// longer ones: they are its head and its tail, and its core lies between.
#[derive(Debug)]
pub struct Look<'a> {
    shapes: &'a Shapes,
    head: String,
    /// The shape of the core; none where there is none, and shapes tell nothing.
    core: Option<String>,
    tail: String,
    verdicts: Vec<Option<Verdict>>,
}

impl Look<'_> {
    /// Whether a row has the text.
    pub fn of(&mut self, number: u32) -> Verdict {
        let place = self.shapes.rows.get(number as usize).unwrap_or(NONE);
        let (Some(core), Some(shape)) = (&self.core, self.shapes.names.values.get(place as usize))
        else {
            return Verdict::Unsure;
        };
        let known = &mut self.verdicts[place as usize];
        *known.get_or_insert_with(|| judge(shape, &self.head, core, &self.tail))
    }
}

/// Whether all texts of a shape have this one, none, or some perhaps.
fn judge(shape: &str, head: &str, core: &str, tail: &str) -> Verdict {
    let finder = memmem::Finder::new(core);
    let is_certain_inside = !core.contains(LEFT_OUT);
    let mut verdict = Verdict::No;
    let mut from = 0;
    // Occurrences may overlap.
    while let Some(at) = finder.find(&shape.as_bytes()[from..]) {
        let (start, end) = (from + at, from + at + core.len());
        let (before, after) = (&shape[..start], &shape[end..]);
        let sides = [
            (before.ends_with(head), before.ends_with(LEFT_OUT)),
            (after.starts_with(tail), after.starts_with(LEFT_OUT)),
        ];
        if sides.iter().all(|(fits, _)| *fits) && is_certain_inside {
            return Verdict::Yes;
        }
        if sides.iter().all(|(fits, may_fit)| *fits || *may_fit) {
            verdict = Verdict::Unsure;
        }
        // The core begins with a whole character, whose first byte this is.
        let first = core.chars().next().map_or(1, char::len_utf8);
        from = start + first;
    }
    verdict
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_keys_are_left_out_and_words_stay() {
        let shape = |text| shape_of([text]).unwrap();
        assert_eq!(
            shape("module.ledger.aws_instance.node[\"000012\"]"),
            "module.ledger.aws_instance.node[\"\u{1}\"]\0"
        );
        assert_eq!(shape("payments-0a1Fc"), "payments-\u{1}\0");
        assert_eq!(shape("Facade-İ9"), "\u{1}-i̇\u{1}\0");
        assert_eq!(shape_of(["a\u{1}b"]), None);
        assert_eq!(shape_of(["a\0b"]), None);
    }

    #[test]
    fn a_word_is_decided_without_reading_and_part_of_a_key_is_not() {
        let mut shapes = Shapes::default();
        shapes.put(0, ["module.ledger.x[\"000012\"]", "i-0abc"]);
        shapes.put(1, ["module.search.x[\"000012\"]", "i-0abd"]);
        let verdict = |text: &str, row| shapes.look_for(text).of(row);
        for (text, zero, one) in [
            ("ledger", Verdict::Yes, Verdict::No),
            ("edge", Verdict::Yes, Verdict::No),
            ("le.", Verdict::Yes, Verdict::Yes),
            ("arch", Verdict::No, Verdict::Yes),
            ("i-0ab", Verdict::Unsure, Verdict::Unsure),
            ("x[\"0", Verdict::Unsure, Verdict::Unsure),
            ("x[\"a", Verdict::Unsure, Verdict::Unsure),
            ("12", Verdict::Unsure, Verdict::Unsure),
            ("ledger9", Verdict::No, Verdict::No),
        ] {
            assert_eq!((verdict(text, 0), verdict(text, 1)), (zero, one), "{text}");
        }
        assert_eq!(shapes.look_for("ledger").of(2), Verdict::Unsure);
    }

    proptest! {
        #[test]
        fn no_verdict_is_wrong(
            texts in prop::collection::vec(("[abcx0-9.é]{0,9}", "[a-g01]{0,7}"), 1..20),
            needle in "[abcxg019.é]{1,6}",
        ) {
            let mut shapes = Shapes::default();
            for (number, (a, b)) in (0..).zip(&texts) {
                shapes.put(number, [a.as_str(), b.as_str()]);
            }
            let mut saved = Vec::new();
            shapes.save(&mut saved).unwrap();
            let shapes = Shapes::restore(&mut Source::new(&mut saved.as_slice(), saved.len() as u64)).unwrap();
            let mut look = shapes.look_for(&needle);
            for (number, (a, b)) in (0..).zip(&texts) {
                prop_assert!(shapes.agrees(number, [a.as_str(), b.as_str()]));
                let matches = a.contains(&needle) || b.contains(&needle);
                match look.of(number) {
                    Verdict::Yes => prop_assert!(matches, "{a} {b}"),
                    Verdict::No => prop_assert!(!matches, "{a} {b}"),
                    Verdict::Unsure => {}
                }
            }
        }
    }
}
