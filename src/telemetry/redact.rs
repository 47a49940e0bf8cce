//! Keeps credentials out of the logs by their shapes, whoever logged them.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

use memchr::memmem::Finder;
use tracing_subscriber::fmt::MakeWriter;

/// What stands before a secret, lower-case; the secret is the run of token characters after it.
///
/// The headers and the cookie first: what they mask holds the other shapes.
const SHAPES: [&str; 8] = [
    "bearer ",
    "x-api-key: ",
    "driftsentry_refresh=",
    "dsk_",
    "dsr_",
    "v4.local.",
    "v4.public.",
    "k4.local.",
];
/// What a secret is replaced by.
const MASK: &[u8] = b"[masked]";

static FINDERS: LazyLock<[(Finder<'static>, Finder<'static>); SHAPES.len()]> =
    LazyLock::new(|| {
        const CAPITALISED: [&str; SHAPES.len()] = [
            "Bearer ",
            "X-API-Key: ",
            "DRIFTSENTRY_REFRESH=",
            "DSK_",
            "DSR_",
            "V4.LOCAL.",
            "V4.PUBLIC.",
            "K4.LOCAL.",
        ];
        std::array::from_fn(|i| (Finder::new(SHAPES[i]), Finder::new(CAPITALISED[i])))
    });

/// The text with each secret replaced.
pub fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    let mut line = Cow::Borrowed(line);
    for (lower, capital) in &*FINDERS {
        for finder in [lower, capital] {
            line = match mask_after(&line, finder) {
                Some(masked) => Cow::Owned(masked),
                None => line,
            };
        }
    }
    line
}

/// The line with what follows each find masked; none where nothing is found.
fn mask_after(line: &[u8], finder: &Finder<'_>) -> Option<Vec<u8>> {
    let mut rest = line;
    let mut out = Vec::new();
    while let Some(at) = finder.find(rest) {
        let start = at + finder.needle().len();
        let length = rest[start..]
            .iter()
            .position(|byte| !is_token(*byte))
            .unwrap_or(rest.len() - start);
        out.extend_from_slice(&rest[..start]);
        if length > 0 {
            out.extend_from_slice(MASK);
        }
        rest = &rest[start + length..];
    }
    if out.is_empty() {
        return None;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The characters of keys, PASETO tokens and base64.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~')
}

/// A writer that masks each line on its way. The subscriber writes a whole line at once.
#[derive(Clone)]
pub(crate) struct Masking<W>(pub(crate) W);

impl<W: Write> Write for Masking<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&masked(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masking<W> {
    type Writer = Masking<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Masking(self.0.make_writer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_by_their_shapes() {
        for (line, out) in [
            ("key=dsk_ab12_XYZ9 done", "key=dsk_[masked] done"),
            (
                "Authorization: Bearer v4.local.AbC-_9.foo\"",
                "Authorization: Bearer [masked]\"",
            ),
            (
                "v4.local.aaa and v4.local.bbb",
                "v4.local.[masked] and v4.local.[masked]",
            ),
            (
                "authorization: bearer abc",
                "authorization: bearer [masked]",
            ),
            (
                "cookie: driftsentry_refresh=dsr_AZ-_09; theme=dark",
                "cookie: driftsentry_refresh=[masked]; theme=dark",
            ),
            ("token dsr_AZ-_09, spent", "token dsr_[masked], spent"),
            ("k4.local.AAAA-_9\n", "k4.local.[masked]\n"),
            ("kid k4.lid.AAAA", "kid k4.lid.AAAA"),
            ("nothing to hide", "nothing to hide"),
            ("a bearer \"quoted\"", "a bearer \"quoted\""),
        ] {
            assert_eq!(String::from_utf8_lossy(&masked(line.as_bytes())), out);
        }
    }

    #[test]
    fn an_audit_checkpoint_is_no_credential() {
        for seed in 1..50 {
            let signer = crate::audit::Signer::of([seed; 32]).unwrap();
            let now = crate::time::Timestamp::from_unix_ms(1_750_000_000_000 + i64::from(seed));
            let checkpoint = signer.sign([seed; 16], u64::from(seed) * 1_000, [seed; 32], now);
            for line in [
                format!("{{\"message\":\"Audit checkpoint\",\"checkpoint\":\"{checkpoint}\"}}"),
                format!("INFO Audit checkpoint checkpoint={checkpoint}"),
            ] {
                assert_eq!(String::from_utf8_lossy(&masked(line.as_bytes())), line);
            }
        }
        // Nor can one come about that is: each shape has a letter that hexadecimal lacks, or a space or full stop.
        for shape in SHAPES {
            assert!(!shape.chars().all(|c| c.is_ascii_hexdigit() || c == ':'));
        }
    }
}
