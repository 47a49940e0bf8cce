//! Keys as ordered bytes: the order of the bytes is the order of the values.
//!
//! Big-endian numbers, escaped text with an end mark, complement for descending. Written here rather than by
//! the engine so that the order holds whatever engine lies below.

use uuid::Uuid;

use crate::ids::{
    AlertId, AuditId, DriftId, EntryId, KeyId, ScanId, SessionId, UserId, WorkspaceId,
};
use crate::time::{Day, Timestamp};

/// A value that can stand in a key.
pub trait Key: Sized {
    /// Appends the ordered bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the value off the front, or gives `None` where the bytes are not of this shape.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;

    /// The ordered bytes alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48);
        self.encode(&mut out);
        out
    }

    /// The value of bytes that hold nothing else.
    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let value = Self::decode(&mut bytes)?;
        bytes.is_empty().then_some(value)
    }
}

/// Sorts the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descending<T>(pub T);

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

impl Key for u8 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take::<1>(bytes).map(|[byte]| byte)
    }
}

impl Key for u32 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(Self::from_be_bytes)
    }
}

impl Key for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(Self::from_be_bytes)
    }
}

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self ^ Self::MIN).to_be_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(|bytes| Self::from_be_bytes(bytes) ^ Self::MIN)
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.unix_ms().encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        i64::decode(bytes).map(Self::from_unix_ms)
    }
}

impl Key for Day {
    fn encode(&self, out: &mut Vec<u8>) {
        i64::from(self.0).encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        i64::decode(bytes)
            .and_then(|day| i32::try_from(day).ok())
            .map(Self)
    }
}

impl Key for [u8; 16] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_text(self, out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        let mut rest = *bytes;
        loop {
            match rest {
                [0, 0, after @ ..] => {
                    *bytes = after;
                    return Self::from_utf8(text).ok();
                }
                [0, 0xff, after @ ..] => {
                    text.push(0);
                    rest = after;
                }
                [0, ..] | [] => return None,
                [byte, after @ ..] => {
                    text.push(*byte);
                    rest = after;
                }
            }
        }
    }
}

/// Appends text so that a prefix sorts before what it begins: each NUL is followed by 0xff, two NULs end it.
pub fn encode_text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

impl<T: Key> Key for Descending<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.encode(out);
        for byte in &mut out[start..] {
            *byte = !*byte;
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        let mut rest = inverted.as_slice();
        let value = T::decode(&mut rest)?;
        *bytes = &bytes[bytes.len() - rest.len()..];
        Some(Self(value))
    }
}

macro_rules! id_keys {
    ($($id:ident)*) => { $(
        impl Key for $id {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0.as_bytes());
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(|bytes| Self(Uuid::from_bytes(bytes)))
            }
        }
    )* };
}

id_keys!(AlertId AuditId DriftId EntryId KeyId ScanId SessionId UserId WorkspaceId);

macro_rules! tuple_keys {
    ($(($($part:ident $at:tt),*))*) => { $(
        impl<$($part: Key),*> Key for ($($part,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$at.encode(out);)*
            }
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::decode(bytes)?,)*))
            }
        }
    )* };
}

tuple_keys!((A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3));

/// The first key after all that begin with these bytes, or `None` where there is none.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_sort_as_values_do(
            a in (any::<i64>(), "[\\x00-\\x02a]{0,4}", any::<u64>()),
            b in (any::<i64>(), "[\\x00-\\x02a]{0,4}", any::<u64>()),
        ) {
            prop_assert_eq!(a.to_bytes().cmp(&b.to_bytes()), a.cmp(&b));
            let text = |t: &(i64, String, u64)| Descending((t.1.clone(), t.2)).to_bytes();
            prop_assert_eq!(text(&a).cmp(&text(&b)), (&b.1, b.2).cmp(&(&a.1, a.2)));
        }

        #[test]
        fn bytes_give_the_value_back(a in any::<i64>(), text in ".{0,9}", b in any::<u64>(), c in any::<u8>()) {
            let key = (a, text, Descending(b), c);
            prop_assert_eq!(Key::from_bytes(&key.to_bytes()), Some(key));
        }

        #[test]
        fn wrong_bytes_are_no_key(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(key) = <(String, Descending<u64>)>::from_bytes(&bytes) {
                prop_assert_eq!(key.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_prefix_ends_before_the_next_one() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(&[1, 0xff, 0xff]), Some(vec![2]));
        assert_eq!(after_prefix(&[0xff]), None);
    }
}
