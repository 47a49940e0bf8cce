//! Until when a certificate is valid.
//!
//! The handshake needs no such date, so nothing in the binary reads it; a whole parser of certificates would bring
//! fifteen crates for one field. Only certificates that rustls has parsed come here.
//!
//! Source: RFC 5280, section 4.1: `Certificate { TBSCertificate { [0] version?, serialNumber, signature, issuer,
//! validity { notBefore, notAfter }, … } … }`, in DER.

use crate::time::Timestamp;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The end of a certificate's validity; none where it can't be read.
pub(crate) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let mut certificate = Reader(der).within(SEQUENCE)?;
    let mut signed = certificate.within(SEQUENCE)?;
    if signed.0.first() == Some(&VERSION) {
        signed.next()?;
    }
    let (serial, _) = signed.next()?;
    let (signature, _) = signed.next()?;
    let (issuer, _) = signed.next()?;
    if (serial, signature, issuer) != (INTEGER, SEQUENCE, SEQUENCE) {
        return None;
    }
    let mut validity = signed.within(SEQUENCE)?;
    validity.next()?;
    let (kind, text) = validity.next()?;
    moment(kind, std::str::from_utf8(text).ok()?)
}

/// `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn moment(kind: u8, text: &str) -> Option<Timestamp> {
    let whole = match kind {
        UTC_TIME if text >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let digits = whole.strip_suffix('Z')?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, time) = digits.split_at(8);
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    )
    .parse()
    .ok()
}

/// Elements of DER, one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next element: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match length {
            0..=0x7f => (usize::from(length), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// What is within the next element, which has to be of this kind.
    fn within(&mut self, tag: u8) -> Option<Self> {
        let (found, content) = self.next()?;
        (found == tag).then_some(Self(content))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn the_end_is_read_in_both_spellings() {
        for year in [2031, 2049, 2050, 2120] {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, 2, 28);
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let der = certificate.der();
            let expected = format!("{year}-02-28T00:00:00Z").parse().unwrap();
            assert_eq!(not_after(der), Some(expected), "{year}");
            // Cut anywhere, it is none, and no panic.
            for length in 0..der.len() {
                assert_eq!(not_after(&der[..length]), None, "{length}");
            }
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        assert!(moment(UTC_TIME, "991231235959Z").is_some());
        for (kind, text) in [
            (UTC_TIME, ""),
            (UTC_TIME, "9912312359Z"),
            (UTC_TIME, "99123123595\u{e9}Z"),
            (GENERALIZED_TIME, "20301332000000Z"),
            (GENERALIZED_TIME, "20300101000000+0100"),
            (INTEGER, "991231235959Z"),
        ] {
            assert_eq!(moment(kind, text), None, "{text}");
        }
    }
}
