//! From the bytes as they arrive to UTF-8 text: decompression, the size limit, byte order marks, UTF-16.

use std::fmt;
use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use crate::error::Error;

/// How the body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// By its first bytes: for files, which carry no header.
    #[default]
    Auto,
    /// Not at all.
    Identity,
    /// gzip, RFC 1952, one member or several.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// The most that a Zstandard frame may ask to look back: 8 MiB, which RFC 8878 tells every reader to support.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Bytes handed to a decompressor at once.
const CHUNK_BYTES: usize = 32 * 1024;

/// Opens a body as UTF-8 text of at most `limit_bytes` bytes, counted after decompression. Failures surface
/// from `read` and are told apart by [`error_of`].
///
/// # Errors
/// Those of the first bytes' reading.
pub(crate) fn open<'a>(
    input: impl Read + 'a,
    encoding: Encoding,
    limit_bytes: u64,
) -> io::Result<Box<dyn Read + 'a>> {
    let (head, input) = peek::<4>(input)?;
    let encoding = match (encoding, head.as_slice()) {
        (Encoding::Auto, [0x1f, 0x8b, ..]) => Encoding::Gzip,
        (Encoding::Auto, [0x28, 0xb5, 0x2f, 0xfd]) => Encoding::Zstd,
        (Encoding::Auto, _) => Encoding::Identity,
        (named, _) => named,
    };
    let plain: Box<dyn Read + 'a> = match encoding {
        Encoding::Gzip => Box::new(Damaged {
            input: MultiGzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, input)),
            name: "gzip",
        }),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(Damaged {
                input: decoder,
                name: "zstd",
            })
        }
        Encoding::Auto | Encoding::Identity => Box::new(input),
    };
    text(Limited {
        input: plain,
        left: limit_bytes,
        limit_bytes,
    })
}

/// What a failed read means to the caller.
pub(crate) fn error_of(failure: io::Error) -> Error {
    match failure.downcast::<Fault>() {
        Ok(Fault::TooLarge { limit_bytes }) => Error::TooLarge { limit_bytes },
        Ok(Fault::Damaged(name)) => Error::invalid(
            "",
            format!(
                "The body is not whole {name} data: compress the file again, or send it as it is"
            ),
        ),
        Ok(Fault::NotText) => Error::UnsupportedFormat(format!(
            "This is not text in UTF-8 or UTF-16, so it is no plan as JSON. {}",
            crate::ingest::sniff::WAY_OUT
        )),
        Err(other) => match other.downcast::<Error>() {
            Ok(ours) => ours,
            Err(other) => Error::internal(other),
        },
    }
}

/// Why reading stopped, carried through [`io::Error`].
#[derive(Debug)]
pub(crate) enum Fault {
    /// More bytes than allowed.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// A compressed stream that can't be decompressed.
    Damaged(&'static str),
    /// Bytes that are no text.
    NotText,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

/// The first bytes, up to N, and a reader that still yields them.
fn peek<const N: usize>(mut input: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::with_capacity(N);
    input.by_ref().take(N as u64).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

/// Names the compression in a decompressor's failure.
struct Damaged<R> {
    input: R,
    name: &'static str,
}

impl<R: Read> Read for Damaged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).map_err(|failure| {
            let ours = failure.get_ref().is_some_and(|inner| inner.is::<Error>());
            let transport = matches!(
                failure.kind(),
                io::ErrorKind::Interrupted
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
            );
            if ours || transport {
                failure
            } else {
                io::Error::other(Fault::Damaged(self.name))
            }
        })
    }
}

/// Fails past the limit instead of ending there: a body cut short must not look whole.
struct Limited<R> {
    input: R,
    left: u64,
    limit_bytes: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(Fault::TooLarge {
                    limit_bytes: self.limit_bytes,
                }));
            }
        }
        Ok(read)
    }
}

/// Skips a byte order mark and transcodes UTF-16.
fn text<'a>(input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (head, mut input) = peek::<3>(input)?;
    let utf16 = |read: fn([u8; 2]) -> u16, skip: u64, mut input: Box<dyn Read + 'a>| {
        io::copy(&mut input.by_ref().take(skip), &mut io::sink())?;
        let utf16 = Utf16 {
            input,
            unit: read,
            bytes: Vec::new(),
            high: None,
            ready: Vec::new(),
            taken: 0,
        };
        Ok(Box::new(utf16) as Box<dyn Read + 'a>)
    };
    match head.as_slice() {
        [0xef, 0xbb, 0xbf] => {
            io::copy(&mut input.by_ref().take(3), &mut io::sink())?;
            Ok(Box::new(input))
        }
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes, 2, Box::new(input)),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes, 2, Box::new(input)),
        // No mark, but a JSON object's first byte beside a zero leaves no doubt.
        [b'{', 0, ..] => utf16(u16::from_le_bytes, 0, Box::new(input)),
        [0, b'{', ..] => utf16(u16::from_be_bytes, 0, Box::new(input)),
        _ => Ok(Box::new(input)),
    }
}

/// UTF-16 in, UTF-8 out.
struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// At most one byte that waits for its second half.
    bytes: Vec<u8>,
    /// A high surrogate that waits for its low one.
    high: Option<u16>,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf16<R> {
    /// Transcodes the next chunk; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.ready.clear();
        self.taken = 0;
        let not_text = || io::Error::other(Fault::NotText);
        let mut chunk = [0; 8 * 1024];
        let read = self.input.read(&mut chunk)?;
        if read == 0 {
            return if self.bytes.is_empty() && self.high.is_none() {
                Ok(false)
            } else {
                Err(not_text())
            };
        }
        self.bytes.extend_from_slice(&chunk[..read]);
        let whole = self.bytes.len() / 2 * 2;
        let units: Vec<u16> = (self.high.take().into_iter())
            .chain(
                self.bytes[..whole]
                    .chunks_exact(2)
                    .map(|pair| (self.unit)([pair[0], pair[1]])),
            )
            .collect();
        self.bytes.drain(..whole);
        let (last, units) = match units.split_last() {
            Some((last, rest)) if (0xd800..0xdc00).contains(last) => (Some(*last), rest),
            _ => (None, units.as_slice()),
        };
        self.high = last;
        for decoded in char::decode_utf16(units.iter().copied()) {
            let decoded = decoded.map_err(|_| not_text())?;
            self.ready
                .extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(true)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.taken);
        buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn decoded(bytes: &[u8], limit_bytes: u64) -> Result<String, Error> {
        let mut text = String::new();
        open(bytes, Encoding::Auto, limit_bytes)
            .and_then(|mut reader| reader.read_to_string(&mut text))
            .map_err(error_of)?;
        Ok(text)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_spelling_of_the_same_text_reads_the_same() {
        let text = "{\"clef\": \"𝄞 é\"}";
        let mut utf16_le = vec![0xff, 0xfe];
        let mut utf16_be = vec![0xfe, 0xff];
        for unit in text.encode_utf16() {
            utf16_le.extend(unit.to_le_bytes());
            utf16_be.extend(unit.to_be_bytes());
        }
        let utf8_bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let zstd = zstd::encode_all(text.as_bytes(), 3).unwrap();
        for bytes in [
            text.as_bytes().to_vec(),
            utf16_le[2..].to_vec(),
            gzip(&utf16_le),
            utf16_le,
            utf16_be,
            gzip(&utf8_bom),
            utf8_bom,
            zstd,
        ] {
            assert_eq!(decoded(&bytes, 1_000).unwrap(), text);
        }
    }

    #[test]
    fn the_limit_counts_what_comes_out() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        assert!(bomb.len() < 2_000);
        assert!(matches!(
            decoded(&bomb, 1 << 19),
            Err(Error::TooLarge {
                limit_bytes: 0x8_0000
            })
        ));
        assert_eq!(decoded(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }

    #[test]
    fn a_cut_or_damaged_stream_says_so() {
        let whole = gzip(b"some text that is long enough to be cut");
        let cut = decoded(&whole[..whole.len() - 12], 1_000).unwrap_err();
        assert!(cut.to_string().contains("gzip"), "{cut}");
        let zstd = zstd::encode_all(&b"some text"[..], 3).unwrap();
        let cut = decoded(&zstd[..zstd.len() - 3], 1_000).unwrap_err();
        assert!(cut.to_string().contains("zstd"), "{cut}");
        assert!(decoded(&[0xff, 0xfe, 0x00], 10).is_err());
        assert!(decoded(&[0xff, 0xfe, 0x00, 0xd8], 10).is_err());
    }
}
