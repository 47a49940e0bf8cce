//! Finds where an object or an array ends: brackets are matched and strings are delimited, nothing more.
//!
//! Short ones are walked byte by byte. In long ones, 64 bytes are looked at together: one bit for each byte says
//! whether it is a bracket outside strings, or a byte that no JSON has there.

use wide::u8x16;

use crate::ingest::json_stream::{MAX_DEPTH, string_end};

/// So many bytes are walked one by one first: most objects and arrays end within them.
const SHORT_BYTES: usize = 32;

/// What a byte means outside strings.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Class {
    Other,
    Quote,
    Open,
    Close,
    Wrong,
}

/// The bytes of white space, separators, numbers and names, in few ranges.
const OTHER: [(u8, u8); 5] = [
    (b'\t', b'\r'),
    (b' ', b' '),
    (b'+', b':'),
    (b'E', b'E'),
    (b'a', b'u'),
];

pub(super) const CLASSES: [Class; 256] = {
    let mut classes = [Class::Wrong; 256];
    let mut i = 0;
    while i < OTHER.len() {
        let mut byte = OTHER[i].0;
        while byte <= OTHER[i].1 {
            classes[byte as usize] = Class::Other;
            byte += 1;
        }
        i += 1;
    }
    classes[b'"' as usize] = Class::Quote;
    classes[b'{' as usize] = Class::Open;
    classes[b'[' as usize] = Class::Open;
    classes[b'}' as usize] = Class::Close;
    classes[b']' as usize] = Class::Close;
    classes
};

/// How far a walk came.
#[derive(Debug, PartialEq)]
pub(super) enum Walked {
    /// The container ended before this index.
    Ended(usize),
    /// The bytes ran out here, between strings.
    Between(usize),
    /// The bytes ran out within a string, which is to be read on from here.
    Within(usize),
    /// The byte at this index is no JSON.
    Wrong(usize, Fault),
}

/// What is wrong with a byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    NoJson,
    OtherBracket,
    TooDeep,
}

/// The brackets that are open.
pub(super) struct Nesting {
    /// One bit for each says which kind closes it.
    curly: u128,
    open: u32,
    /// How many may be.
    room: u32,
}

impl Nesting {
    /// None open yet, `depth` brackets down in the document.
    pub(super) fn new(depth: u32) -> Self {
        Self {
            curly: 0,
            open: 0,
            room: MAX_DEPTH.saturating_sub(depth),
        }
    }

    /// Walks from an index between strings on.
    pub(super) fn walk(&mut self, bytes: &[u8], from: usize) -> Walked {
        let head = bytes.len().min(from + SHORT_BYTES);
        let mut walked = self.by_bytes(bytes, from, head);
        if let Walked::Between(at) = walked {
            walked = self.by_blocks(bytes, at);
        }
        let at = match walked {
            Walked::Between(at) => at,
            Walked::Within(at) => match string_end(bytes, at) {
                Ok(after) => after,
                Err(resume) => return Walked::Within(resume),
            },
            done => return done,
        };
        self.by_bytes(bytes, at, bytes.len())
    }

    fn by_bytes(&mut self, bytes: &[u8], mut at: usize, until: usize) -> Walked {
        while at < until {
            let byte = bytes[at];
            match CLASSES[usize::from(byte)] {
                Class::Other => at += 1,
                Class::Quote => match string_end(bytes, at + 1) {
                    Ok(after) => at = after,
                    Err(resume) => return Walked::Within(resume),
                },
                Class::Open | Class::Close | Class::Wrong => {
                    if let Err(walked) = self.step(byte, at) {
                        return walked;
                    }
                    at += 1;
                }
            }
        }
        Walked::Between(at)
    }

    fn by_blocks(&mut self, bytes: &[u8], mut at: usize) -> Walked {
        let mut strings = Strings::default();
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<64>()) {
            let mut marks = strings.marks(block);
            while marks != 0 {
                let i = marks.trailing_zeros() as usize;
                if let Err(walked) = self.step(block[i], at + i) {
                    return walked;
                }
                marks &= marks - 1;
            }
            at += 64;
        }
        if strings.within == 0 {
            Walked::Between(at)
        } else {
            // Back to a backslash whose escape is not complete.
            Walked::Within(at - usize::from(strings.escaped))
        }
    }

    /// Takes one byte that is neither quote nor harmless; an error ends the walk.
    fn step(&mut self, byte: u8, at: usize) -> Result<(), Walked> {
        match byte {
            b'{' | b'[' if self.open >= self.room => Err(Walked::Wrong(at, Fault::TooDeep)),
            b'{' | b'[' => {
                self.curly = self.curly << 1 | u128::from(byte == b'{');
                self.open += 1;
                Ok(())
            }
            b'}' | b']' if (self.curly & 1 == 1) != (byte == b'}') => {
                Err(Walked::Wrong(at, Fault::OtherBracket))
            }
            b'}' | b']' => {
                self.curly >>= 1;
                self.open -= 1;
                if self.open == 0 {
                    Err(Walked::Ended(at + 1))
                } else {
                    Ok(())
                }
            }
            _ => Err(Walked::Wrong(at, Fault::NoJson)),
        }
    }
}

/// What runs on from one block to the next.
#[derive(Default)]
struct Strings {
    /// All ones within a string, else all zeros.
    within: u64,
    /// Whether the block ended in a backslash that escapes what follows.
    escaped: bool,
}

impl Strings {
    /// The brackets and the wrong bytes of a block, outside strings.
    fn marks(&mut self, block: &[u8; 64]) -> u64 {
        let (mut quotes, mut backslashes, mut brackets, mut harmless) = (0, 0, 0, 0);
        for (i, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |bytes: u8x16, byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let bits = |lanes: u8x16| u64::from(lanes.to_bitmask()) << (16 * i);
            quotes |= bits(is(bytes, b'"'));
            backslashes |= bits(is(bytes, b'\\'));
            // Both kinds of bracket are one bit apart.
            let folded = bytes | u8x16::splat(0x20);
            brackets |= bits(is(folded, b'{') | is(folded, b'}'));
            harmless |= bits(OTHER.into_iter().fold(u8x16::ZERO, |found, (low, high)| {
                let within = bytes.max(u8x16::splat(low)).min(u8x16::splat(high));
                found | within.simd_eq(bytes)
            }));
        }
        quotes &= !self.escapes(backslashes);
        let strings = up_to_each(quotes) ^ self.within;
        self.within = if strings >> 63 == 1 { u64::MAX } else { 0 };
        (brackets | !harmless) & !strings & !quotes
    }

    /// The bytes that a backslash before them escapes. A backslash outside strings is no JSON and ends the walk.
    fn escapes(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.escaped);
        backslashes &= !escaped;
        self.escaped = false;
        while backslashes != 0 {
            let at = backslashes.trailing_zeros();
            if at == 63 {
                self.escaped = true;
                break;
            }
            escaped |= 2 << at;
            backslashes &= !(3 << at);
        }
        escaped
    }
}

/// Each bit says whether an odd number of bits is set up to it: from a quote that opens to before the one that closes.
fn up_to_each(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same walk without blocks.
    fn plainly(bytes: &[u8]) -> Walked {
        Nesting::new(0).by_bytes(bytes, 0, bytes.len())
    }

    #[test]
    fn a_long_container_ends_where_it_ends() {
        for length in 0..300 {
            let inside = r#"]}\\\""#.repeat(length);
            let text = format!(r#"{{"a":["{inside}"],"b":[{{}},-1.5e+3,null]}}"#);
            let more = format!("{text}, {}", "x".repeat(100));
            assert_eq!(
                Nesting::new(0).walk(more.as_bytes(), 0),
                Walked::Ended(text.len())
            );
        }
    }

    proptest! {
        #[test]
        fn blocks_find_what_bytes_find(
            bytes in proptest::collection::vec(
                proptest::sample::select(br#"{}[]"""",\\ 1atr<"#.to_vec()), 0..300),
        ) {
            let bytes = [br#"{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{"b":"#.as_slice(), &bytes].concat();
            let (walked, plain) = (Nesting::new(0).walk(&bytes, 0), plainly(&bytes));
            prop_assert_eq!(walked, plain);
        }
    }
}
