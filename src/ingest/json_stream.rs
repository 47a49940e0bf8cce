//! A window that moves over a JSON document of any size.
//!
//! The caller walks the members and elements it cares about; the rest is skipped without being parsed: brackets
//! are matched and strings are delimited, nothing more. The window holds one buffer, which grows only
//! to the largest value the caller asked to keep. Nothing here recurses, and nesting is bounded.

mod nesting;

use std::io::Read;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::ingest::decode::error_of;
use crate::ingest::json_stream::nesting::{CLASSES, Class, Fault, Nesting, Walked};
use crate::ingest::sniff::WAY_OUT;

/// The deepest nesting that is read.
pub(crate) const MAX_DEPTH: u32 = 128;

/// The largest single value that is kept, in bytes: one resource.
const MAX_KEPT_BYTES: usize = 32 << 20;

/// The buffer's size while nothing large is kept, in bytes.
const BUFFER_BYTES: usize = 128 * 1024;

/// See the module.
pub(crate) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    position: usize,
    filled: usize,
    /// Where the kept value begins.
    kept: Option<usize>,
    /// How large it may grow before it is let go; none where it must stay.
    kept_at_most: Option<usize>,
    /// Bytes of the document before the buffer.
    offset: u64,
    /// Line breaks before the buffer.
    lines: u64,
    /// Where in the document the caller is, for errors: a JSON path.
    place: (&'static str, Option<u64>),
}

impl<R: Read> Window<R> {
    /// A window at the start of a document.
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER_BYTES],
            position: 0,
            filled: 0,
            kept: None,
            kept_at_most: None,
            offset: 0,
            lines: 0,
            place: ("", None),
        }
    }

    /// Tells errors which part of the document is being read.
    pub(crate) fn at(&mut self, section: &'static str, index: Option<u64>) {
        self.place = (section, index);
    }

    /// The part of the document that is being read, as a JSON path.
    pub(crate) fn place(&self) -> String {
        match self.place {
            (section, Some(index)) => format!("{section}[{index}]"),
            (section, None) => section.to_owned(),
        }
    }

    /// Reads until at least so many bytes are ahead, and returns what is: fewer only at the end.
    pub(crate) fn ahead(&mut self, count: usize) -> Result<&[u8]> {
        while self.filled - self.position < count && self.refill()? {}
        Ok(&self.buffer[self.position..self.filled])
    }

    /// Steps over so many bytes that are known to be ahead.
    pub(crate) fn advance(&mut self, count: usize) {
        self.position = (self.position + count).min(self.filled);
    }

    /// From here on, bytes stay in the buffer until [`Window::release`].
    pub(crate) fn keep(&mut self) {
        self.kept = Some(self.position);
    }

    /// Lets kept bytes go.
    pub(crate) fn release(&mut self) {
        self.kept = None;
    }

    /// How far the window has moved since [`Window::keep`].
    pub(crate) fn mark(&self) -> usize {
        self.position - self.kept.unwrap_or(self.position)
    }

    /// Kept bytes, by marks.
    pub(crate) fn slice(&self, range: &Range<usize>) -> &[u8] {
        let from = self.kept.unwrap_or(self.position);
        &self.buffer[from + range.start..from + range.end]
    }

    /// Steps over white space; the byte that follows, none at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            while self.position < self.filled {
                match self.buffer[self.position] {
                    b' ' | b'\t' | b'\r' | b'\n' => self.position += 1,
                    byte => return Ok(Some(byte)),
                }
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Steps over white space and reads until so many bytes are ahead: fewer only at the end.
    pub(crate) fn ahead_after_space(&mut self, count: usize) -> Result<&[u8]> {
        self.peek()?;
        self.ahead(count)
    }

    /// Steps over one byte if it is next; says whether it was.
    pub(crate) fn enter(&mut self, open: u8) -> Result<bool> {
        let entered = self.peek()? == Some(open);
        self.position += usize::from(entered);
        Ok(entered)
    }

    /// Moves to the next member of the object that was entered and returns the marks of its key, quotes
    /// included; none at the object's end. Something must be kept.
    pub(crate) fn next_member(&mut self, first: bool) -> Result<Option<Range<usize>>> {
        if !self.separated(first, b'}')? {
            return Ok(None);
        }
        if self.peek()? != Some(b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let start = self.mark();
        self.skip_value(0)?;
        let key = start..self.mark();
        if self.enter(b':')? {
            Ok(Some(key))
        } else {
            Err(self.unexpected("a colon after the key"))
        }
    }

    /// Moves to the next element of the array that was entered; false at the array's end.
    pub(crate) fn next_element(&mut self, first: bool) -> Result<bool> {
        self.separated(first, b']')
    }

    fn separated(&mut self, first: bool, close: u8) -> Result<bool> {
        match self.peek()? {
            Some(byte) if byte == close => {
                self.position += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.position += 1;
                match self.peek()? {
                    Some(byte) if byte == close => Err(self.unexpected("a value after the comma")),
                    _ => Ok(true),
                }
            }
            Some(_) if first => Ok(true),
            _ => Err(self.unexpected("a comma")),
        }
    }

    /// Steps over one value, `depth` brackets down in the document.
    pub(crate) fn skip_value(&mut self, depth: u32) -> Result<()> {
        match self.peek()? {
            Some(b'"') => {
                self.position += 1;
                self.skip_string()
            }
            Some(b'{' | b'[') => self.skip_container(depth),
            Some(byte)
                if CLASSES[usize::from(byte)] == Class::Other && !matches!(byte, b',' | b':') =>
            {
                self.skip_scalar()
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Steps over the rest of a string, its closing quote included.
    fn skip_string(&mut self) -> Result<()> {
        loop {
            match string_end(&self.buffer[..self.filled], self.position) {
                Ok(after) => {
                    self.position = after;
                    return Ok(());
                }
                Err(resume) => {
                    self.position = resume;
                    self.refill_or_fail()?;
                }
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<()> {
        loop {
            while self.position < self.filled {
                match self.buffer[self.position] {
                    b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => return Ok(()),
                    byte if CLASSES[usize::from(byte)] == Class::Other => self.position += 1,
                    _ => return Ok(()),
                }
            }
            if !self.refill()? {
                return Ok(());
            }
        }
    }

    /// Steps over an object or an array.
    fn skip_container(&mut self, depth: u32) -> Result<()> {
        let mut nesting = Nesting::new(depth);
        loop {
            match nesting.walk(&self.buffer[..self.filled], self.position) {
                Walked::Ended(after) => {
                    self.position = after;
                    return Ok(());
                }
                Walked::Between(at) => {
                    self.position = at;
                    self.refill_or_fail()?;
                }
                Walked::Within(at) => {
                    self.position = at;
                    self.refill_or_fail()?;
                    self.skip_string()?;
                }
                Walked::Wrong(at, fault) => {
                    self.position = at;
                    return Err(match fault {
                        Fault::TooDeep => {
                            self.wrong(&format!("it is nested deeper than {MAX_DEPTH} levels"))
                        }
                        Fault::OtherBracket => self.unexpected("another closing bracket"),
                        Fault::NoJson => self.unexpected("JSON"),
                    });
                }
            }
        }
    }

    /// Steps over the rest of the line, however long it is.
    pub(crate) fn skip_line(&mut self) -> Result<()> {
        loop {
            let ahead = &self.buffer[self.position..self.filled];
            if let Some(end) = memchr::memchr(b'\n', ahead) {
                self.position += end + 1;
                return Ok(());
            }
            self.position = self.filled;
            if !self.refill()? {
                return Ok(());
            }
        }
    }

    /// Steps over one value and returns its bytes where they are no more than so many.
    pub(crate) fn skip_small_value(&mut self, depth: u32, at_most: usize) -> Result<Option<&[u8]>> {
        self.peek()?;
        self.keep();
        self.kept_at_most = Some(at_most);
        let skipped = self.skip_value(depth);
        self.kept_at_most = None;
        let kept = self.kept.take();
        skipped?;
        Ok((kept.map(|from| &self.buffer[from..self.position]))
            .filter(|bytes| bytes.len() <= at_most))
    }

    fn refill_or_fail(&mut self) -> Result<()> {
        if self.refill()? {
            Ok(())
        } else {
            self.position = self.filled;
            Err(self.cut_off())
        }
    }

    /// Makes room and reads more; false at the input's end.
    fn refill(&mut self) -> Result<bool> {
        if let (Some(from), Some(most)) = (self.kept, self.kept_at_most)
            && self.position - from > most
        {
            self.kept = None;
        }
        let from = self.kept.unwrap_or(self.position);
        if from > 0 {
            self.lines += line_breaks(&self.buffer[..from]);
            self.offset += from as u64;
            self.buffer.copy_within(from..self.filled, 0);
            self.filled -= from;
            self.position -= from;
            self.kept = self.kept.map(|_| 0);
        }
        if self.filled > self.buffer.len() / 2 {
            if self.filled > MAX_KEPT_BYTES {
                return Err(self.wrong(&format!(
                    "a single value is larger than {} MiB",
                    MAX_KEPT_BYTES >> 20
                )));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        } else if self.filled < BUFFER_BYTES / 4 && self.buffer.len() > BUFFER_BYTES * 8 {
            self.buffer.truncate(BUFFER_BYTES);
            self.buffer.shrink_to_fit();
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read > 0);
                }
                Err(failure) if failure.kind() == std::io::ErrorKind::Interrupted => {}
                Err(failure) => return Err(error_of(failure)),
            }
        }
    }

    /// How many bytes of the document lie behind.
    pub(crate) fn byte(&self) -> u64 {
        self.offset + self.position as u64
    }

    /// The line the window stands in, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.lines + line_breaks(&self.buffer[..self.position]) + 1
    }

    /// The document ends before it should.
    pub(crate) fn cut_off(&self) -> Error {
        let (byte, line) = (self.byte(), self.line());
        Error::UnsupportedFormat(format!(
            "The document ends early, in {} after byte {byte} (line {line}): it was cut off. {WAY_OUT}",
            self.place()
        ))
    }

    /// Something else stands here than JSON allows.
    pub(crate) fn unexpected(&mut self, wanted: &str) -> Error {
        match self.ahead(1) {
            Ok([]) => self.cut_off(),
            Ok(_) => self.wrong(&format!("{wanted} should stand there")),
            Err(error) => error,
        }
    }

    /// The document is wrong at this place.
    pub(crate) fn wrong(&self, why: &str) -> Error {
        let (byte, line) = (self.byte(), self.line());
        Error::invalid(
            self.place(),
            format!("The JSON breaks at byte {byte} (line {line}): {why}"),
        )
    }
}

fn line_breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Where the string ends whose inside begins at `at`: the index after its closing quote, or, where the bytes
/// run out, the index to resume from.
fn string_end(bytes: &[u8], mut at: usize) -> std::result::Result<usize, usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    loop {
        // Eight bytes at a time: most strings are short, so a call into a vector routine costs more than it saves.
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk);
            let quote = word ^ (ONES * b'"' as u64);
            let backslash = word ^ (ONES * b'\\' as u64);
            let hit = (quote.wrapping_sub(ONES) & !quote
                | backslash.wrapping_sub(ONES) & !backslash)
                & HIGH;
            if hit != 0 {
                at += (hit.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            None => return Err(at.min(bytes.len())),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') if at + 1 < bytes.len() => at += 2,
            Some(b'\\') => return Err(at),
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests;
