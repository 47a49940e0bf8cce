//! Values as bytes: one byte for the version of the encoding, then a msgpack map with named fields.
//!
//! Fields are only ever added, each with `#[serde(default)]`, so that an older record is read by a newer
//! program. A change that this can't carry is a new table and a migration.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The version of the encoding, not of any record.
const VERSION: u8 = 1;

/// The bytes to store.
///
/// # Errors
/// `Internal`, when the value can't be written as msgpack: a mistake in its type.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(VERSION);
    rmp_serde::encode::write_named(&mut bytes, value).map_err(Error::internal)?;
    Ok(bytes)
}

/// The value of stored bytes. Its texts may lie in them.
///
/// # Errors
/// `Internal`, when the bytes are not what `encode` writes for this type.
pub fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T> {
    match bytes {
        [VERSION, rest @ ..] => rmp_serde::from_slice(rest).map_err(Error::internal),
        [version, ..] => Err(Error::internal(format!(
            "a stored value has encoding version {version}"
        ))),
        [] => Err(Error::internal("a stored value is empty")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Old {
        name: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        #[serde(default)]
        added: Option<u32>,
        name: String,
    }

    #[test]
    fn a_newer_program_reads_an_older_record_and_the_other_way_round() {
        let old = encode(&Old { name: "a".into() }).unwrap();
        assert_eq!(
            decode::<New>(&old).unwrap(),
            New {
                added: None,
                name: "a".into()
            }
        );
        let new = encode(&New {
            added: Some(1),
            name: "a".into(),
        })
        .unwrap();
        assert_eq!(decode::<Old>(&new).unwrap(), Old { name: "a".into() });
    }

    #[test]
    fn bytes_of_another_encoding_are_refused() {
        assert!(decode::<Old>(&[]).is_err());
        assert!(decode::<Old>(&[2, 0x80]).is_err());
        assert!(decode::<Old>(&[VERSION, 0xc1]).is_err());
    }
}
