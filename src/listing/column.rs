//! Long columns of small values, in chunks that copies share until one of them changes.

use std::io::{self, Write};
use std::sync::Arc;

use uuid::Uuid;

use super::saved::Source;

/// Values of one chunk: what is copied when one value changes while somebody still reads.
const CHUNK: usize = 4096;

/// A value that is saved as so many bytes.
pub trait Plain: Copy + Default {
    /// How many.
    const BYTES: usize;
    /// Appends them.
    fn write(self, to: &mut Vec<u8>);
    /// The value of so many bytes.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! plain {
    ($($number:ty),*) => {$(
        impl Plain for $number {
            const BYTES: usize = size_of::<$number>();
            fn write(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map(Self::from_le_bytes).unwrap_or_default()
            }
        }
    )*};
}

plain!(u8, u16, u32, u64, i64);

impl Plain for Uuid {
    const BYTES: usize = 16;
    fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &[u8]) -> Self {
        Self::from_slice(bytes).unwrap_or_default()
    }
}

/// One value for each row number.
#[derive(Debug, Clone)]
pub struct Column<T> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Plain> Column<T> {
    /// How many values.
    pub fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK + last.len(),
            None => 0,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The value of a row.
    pub fn get(&self, at: usize) -> Option<T> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK).copied()
    }

    /// The value of the last row.
    pub fn last(&self) -> Option<T> {
        self.chunks.last()?.last().copied()
    }

    /// Appends a row.
    pub fn push(&mut self, value: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(value),
            _ => self.chunks.push(Arc::new(vec![value])),
        }
    }

    /// Gives a row its value; rows before it that have none get the default.
    pub fn set(&mut self, at: usize, value: T) {
        while self.len() <= at {
            self.push(T::default());
        }
        if let Some(chunk) = self.chunks.get_mut(at / CHUNK) {
            Arc::make_mut(chunk)[at % CHUNK] = value;
        }
    }

    /// All values in order.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().copied())
    }

    /// How many rows come before the first that a question is false for; it has to be true for all before that one.
    pub fn partition_point(&self, is_before: impl Fn(T) -> bool) -> usize {
        let full = self
            .chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| is_before(*last)));
        match self.chunks.get(full) {
            Some(chunk) => full * CHUNK + chunk.partition_point(|value| is_before(*value)),
            // The last chunk need not be full.
            None => self.len(),
        }
    }

    /// Writes all values.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&(self.len() as u64).to_le_bytes())?;
        let mut bytes = Vec::with_capacity(CHUNK * T::BYTES);
        for chunk in &self.chunks {
            bytes.clear();
            for value in chunk.iter() {
                value.write(&mut bytes);
            }
            to.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Reads what [`Column::save`] wrote.
    ///
    /// # Errors
    /// The reader's, and where it says more than there is.
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let mut left = from.count(T::BYTES)?;
        let mut chunks = Vec::with_capacity(left.div_ceil(CHUNK));
        let mut bytes = vec![0; CHUNK * T::BYTES];
        while left > 0 {
            let here = left.min(CHUNK);
            let bytes = &mut bytes[..here * T::BYTES];
            from.fill(bytes)?;
            chunks.push(Arc::new(
                bytes.chunks_exact(T::BYTES).map(T::read).collect(),
            ));
            left -= here;
        }
        Ok(Self { chunks })
    }
}

/// A small number for each row, as wide as the greatest one needs.
#[derive(Debug, Clone)]
pub enum Codes {
    /// Up to 254.
    Narrow(Column<u8>),
    /// Up to 65,534.
    Middle(Column<u16>),
    /// All others.
    Wide(Column<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Self::Narrow(Column::default())
    }
}

impl Codes {
    /// The code of a row that has none.
    pub const NONE: u32 = u32::MAX;

    /// A row's code.
    pub fn get(&self, at: usize) -> u32 {
        match self {
            Self::Narrow(column) => column
                .get(at)
                .filter(|code| *code != u8::MAX)
                .map_or(Self::NONE, u32::from),
            Self::Middle(column) => column
                .get(at)
                .filter(|code| *code != u16::MAX)
                .map_or(Self::NONE, u32::from),
            Self::Wide(column) => column.get(at).unwrap_or(Self::NONE),
        }
    }

    /// Gives a row, known or the next one, its code.
    pub fn set(&mut self, at: usize, code: u32) {
        if code != Self::NONE {
            self.widen(code);
        }
        match self {
            Self::Narrow(column) => column.set(at, u8::try_from(code).unwrap_or(u8::MAX)),
            Self::Middle(column) => column.set(at, u16::try_from(code).unwrap_or(u16::MAX)),
            Self::Wide(column) => column.set(at, code),
        }
    }

    /// Every row's code in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(column) => column.len(),
            Self::Middle(column) => column.len(),
            Self::Wide(column) => column.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for a code.
    fn widen(&mut self, code: u32) {
        let fits = match self {
            Self::Narrow(_) => code < u32::from(u8::MAX),
            Self::Middle(_) => code < u32::from(u16::MAX),
            Self::Wide(_) => true,
        };
        if fits {
            return;
        }
        if code < u32::from(u16::MAX) {
            let mut wider = Column::<u16>::default();
            for code in self.iter() {
                wider.push(u16::try_from(code).unwrap_or(u16::MAX));
            }
            *self = Self::Middle(wider);
        } else {
            let mut wider = Column::<u32>::default();
            for code in self.iter() {
                wider.push(code);
            }
            *self = Self::Wide(wider);
        }
    }

    /// Writes every code.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Narrow(column) => {
                to.write_all(&[1])?;
                column.save(to)
            }
            Self::Middle(column) => {
                to.write_all(&[2])?;
                column.save(to)
            }
            Self::Wide(column) => {
                to.write_all(&[4])?;
                column.save(to)
            }
        }
    }

    /// Reads what [`Codes::save`] wrote.
    ///
    /// # Errors
    /// As [`Column::restore`].
    pub fn restore(from: &mut Source<'_>) -> io::Result<Self> {
        let [width] = from.array()?;
        match width {
            1 => Column::restore(from).map(Self::Narrow),
            2 => Column::restore(from).map(Self::Middle),
            4 => Column::restore(from).map(Self::Wide),
            _ => Err(from.malformed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_had() {
        let mut column = Column::default();
        for n in 0..10_000_u32 {
            column.push(n);
        }
        let copy = column.clone();
        column.set(5_000, 7);
        column.set(12_000, 9);
        assert_eq!((copy.len(), copy.get(5_000)), (10_000, Some(5_000)));
        assert_eq!((column.len(), column.get(5_000)), (12_001, Some(7)));
        assert_eq!((column.get(11_999), column.last()), (Some(0), Some(9)));
        assert_eq!(copy.partition_point(|n| n < 4_096), 4_096);
        assert_eq!(copy.partition_point(|n| n < 99_999), 10_000);
        assert_eq!(copy.partition_point(|_| false), 0);
    }

    #[test]
    fn codes_grow_wider_and_keep_their_rows() {
        let mut codes = Codes::default();
        for code in [0, 254, Codes::NONE, 255, 65_534, Codes::NONE, 65_535, 3] {
            codes.set(codes.len(), code);
        }
        let all: Vec<u32> = codes.iter().collect();
        assert_eq!(
            all,
            [0, 254, Codes::NONE, 255, 65_534, Codes::NONE, 65_535, 3]
        );
        assert_eq!(codes.get(99), Codes::NONE);
        let mut saved = Vec::new();
        codes.save(&mut saved).unwrap();
        let again = Codes::restore(&mut Source::new(&mut saved.as_slice(), saved.len() as u64));
        assert_eq!(again.unwrap().iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_is_cut_short_or_says_too_much_is_refused() {
        let mut column = Column::default();
        for n in 0..5_000_u64 {
            column.push(n);
        }
        let mut saved = Vec::new();
        column.save(&mut saved).unwrap();
        let restore = |bytes: &[u8]| {
            let mut from = bytes;
            Column::<u64>::restore(&mut Source::new(&mut from, bytes.len() as u64))
        };
        assert!(restore(&saved).unwrap().iter().eq(0..5_000));
        assert!(restore(&saved[..saved.len() - 1]).is_err());
        saved[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(restore(&saved).is_err());
    }
}
