//! Rows as JSON by name, and back: what an export says of each table.
//!
//! A row whose JSON would not come back as the very same bytes, such as one that an earlier version wrote in fewer fields, is
//! given in hexadecimal: nothing is lost on the way.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::ids::{AlertId, DriftId, EntryId, KeyId, ScanId, SessionId, UserId, WorkspaceId};
use crate::store::keys::Key;
use crate::store::{codec, pack, tables};
use crate::{alerts, audit, drifts, events, hex, keys, scans, sessions, users, workspaces};

/// The JSON of a key or a value; none where it has none.
type ToJson = fn(&[u8]) -> Option<Box<RawValue>>;
/// The bytes of such JSON; none where it is not of that form.
type ToBytes = fn(&RawValue) -> Option<Vec<u8>>;

/// How a table's rows read.
pub(super) struct Shape {
    /// The table's name.
    pub(super) table: &'static str,
    key: (ToJson, ToBytes),
    value: (ToJson, ToBytes),
}

/// What stands for bytes that have no JSON of their own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    #[serde(with = "spelled")]
    bytes: Vec<u8>,
}

mod spelled {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        super::unhex(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("must be hexadecimal digits"))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| hex::decode::<1>(std::str::from_utf8(pair).ok()?).map(|[byte]| byte))
        .collect()
}

/// The JSON of some bytes: in the table's own form where that leads back to them, else in hexadecimal.
fn told((to_json, to_bytes): (ToJson, ToBytes), bytes: &[u8]) -> Option<Box<RawValue>> {
    to_json(bytes)
        .filter(|json| !json.get().contains('\n') && to_bytes(json).as_deref() == Some(bytes))
        .or_else(|| {
            to_raw_value(&Bytes {
                bytes: bytes.to_vec(),
            })
            .ok()
        })
}

fn read((_, to_bytes): (ToJson, ToBytes), json: &RawValue) -> Option<Vec<u8>> {
    match serde_json::from_str::<Bytes>(json.get()) {
        Ok(spelled) => Some(spelled.bytes),
        Err(_) => to_bytes(json),
    }
}

impl Shape {
    /// How the rows of a table read; those of one that this program doesn't know read in hexadecimal.
    pub(super) fn of(table: &str) -> Self {
        SHAPES
            .iter()
            .find(|shape| shape.table == table)
            .map_or(Self::UNKNOWN, |shape| Self {
                table: shape.table,
                key: shape.key,
                value: shape.value,
            })
    }

    const UNKNOWN: Self = Self {
        table: "",
        key: NOTHING,
        value: NOTHING,
    };

    /// A row's key and value as JSON.
    pub(super) fn json(&self, key: &[u8], value: &[u8]) -> Option<(Box<RawValue>, Box<RawValue>)> {
        Some((told(self.key, key)?, told(self.value, value)?))
    }

    /// A row's key and value as bytes.
    pub(super) fn bytes(&self, key: &RawValue, value: &RawValue) -> Option<(Vec<u8>, Vec<u8>)> {
        Some((read(self.key, key)?, read(self.value, value)?))
    }
}

const NOTHING: (ToJson, ToBytes) = (|_| None, |_| None);

/// A key of this type.
const fn key<K: Key + Serialize + DeserializeOwned>() -> (ToJson, ToBytes) {
    (
        |bytes| to_raw_value(&K::from_bytes(bytes)?).ok(),
        |json| Some(serde_json::from_str::<K>(json.get()).ok()?.to_bytes()),
    )
}

/// A record of this type.
const fn record<V: Serialize + DeserializeOwned>() -> (ToJson, ToBytes) {
    (
        |bytes| to_raw_value(&codec::decode::<V>(bytes).ok()?).ok(),
        |json| codec::encode(&serde_json::from_str::<V>(json.get()).ok()?).ok(),
    )
}

/// An empty value: the key says everything.
const EMPTY: (ToJson, ToBytes) = (
    |bytes| {
        bytes
            .is_empty()
            .then(|| RawValue::from_string("null".to_owned()).ok())?
    },
    |json| (json.get() == "null").then(Vec::new),
);

/// JSON text.
const TEXT: (ToJson, ToBytes) = (
    |bytes| RawValue::from_string(String::from_utf8(bytes.to_vec()).ok()?).ok(),
    |json| Some(json.get().as_bytes().to_vec()),
);

/// JSON text, packed.
const PACKED: (ToJson, ToBytes) = (
    |bytes| RawValue::from_string(String::from_utf8(pack::unpack(bytes).ok()?).ok()?).ok(),
    |json| pack::pack(json.get().as_bytes()).ok(),
);

/// A number in eight bytes.
const COUNT: (ToJson, ToBytes) = (
    |bytes| to_raw_value(&i64::from_be_bytes(bytes.try_into().ok()?)).ok(),
    |json| {
        Some(
            serde_json::from_str::<i64>(json.get())
                .ok()?
                .to_be_bytes()
                .to_vec(),
        )
    },
);

/// A counter's name, and its dimensions in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    counter: String,
    #[serde(with = "spelled")]
    dimensions: Vec<u8>,
}

const COUNTER: (ToJson, ToBytes) = (
    |bytes| {
        let mut rest = bytes;
        let counter = String::decode(&mut rest)?;
        to_raw_value(&Counted {
            counter,
            dimensions: rest.to_vec(),
        })
        .ok()
    },
    |json| {
        let counted: Counted = serde_json::from_str(json.get()).ok()?;
        let mut bytes = Vec::new();
        counted.counter.encode(&mut bytes);
        bytes.extend(counted.dimensions);
        Some(bytes)
    },
);

const SHAPES: &[Shape] = &[
    Shape {
        table: tables::META.table.name,
        key: key::<String>(),
        value: NOTHING,
    },
    Shape {
        table: tables::COUNTERS.table.name,
        key: COUNTER,
        value: COUNT,
    },
    Shape {
        table: tables::DRIFTS.table.name,
        key: key::<DriftId>(),
        value: record::<drifts::Record>(),
    },
    Shape {
        table: tables::DRIFT_DIFFERENCES.table.name,
        key: key::<DriftId>(),
        value: TEXT,
    },
    Shape {
        table: tables::DRIFT_STATES.table.name,
        key: key::<DriftId>(),
        value: PACKED,
    },
    Shape {
        table: tables::DRIFTS_OPEN.table.name,
        key: key::<drifts::records::IdentityKey>(),
        value: key::<DriftId>(),
    },
    Shape {
        table: tables::DRIFTS_LATEST.table.name,
        key: key::<drifts::records::IdentityKey>(),
        value: key::<DriftId>(),
    },
    Shape {
        table: tables::TIMELINE.table.name,
        key: key::<(DriftId, EntryId)>(),
        value: record::<drifts::timeline::Entry>(),
    },
    Shape {
        table: tables::ALERTS.table.name,
        key: key::<AlertId>(),
        value: record::<alerts::Record>(),
    },
    Shape {
        table: tables::ALERTS_BY_DRIFT.table.name,
        key: key::<(DriftId, AlertId)>(),
        value: EMPTY,
    },
    Shape {
        table: tables::WORKSPACES.table.name,
        key: key::<WorkspaceId>(),
        value: record::<workspaces::Record>(),
    },
    Shape {
        table: tables::WORKSPACES_BY_NAME.table.name,
        key: key::<String>(),
        value: key::<WorkspaceId>(),
    },
    Shape {
        table: tables::SCANS.table.name,
        key: key::<ScanId>(),
        value: record::<scans::Record>(),
    },
    Shape {
        table: tables::SCAN_DRIFTS.table.name,
        key: key::<(ScanId, DriftId)>(),
        value: key::<u8>(),
    },
    Shape {
        table: tables::IDEMPOTENCY.table.name,
        key: key::<(String, String)>(),
        value: record::<scans::Replay>(),
    },
    Shape {
        table: tables::IDEMPOTENCY_BY_END.table.name,
        key: key::<(i64, String, String)>(),
        value: EMPTY,
    },
    Shape {
        table: tables::AUDIT.table.name,
        key: key::<u64>(),
        value: record::<audit::Entry>(),
    },
    Shape {
        table: tables::AUDIT_BY_DRIFT.table.name,
        key: key::<(DriftId, u64)>(),
        value: EMPTY,
    },
    Shape {
        table: tables::EVENTS.table.name,
        key: key::<u64>(),
        value: record::<events::Event>(),
    },
    Shape {
        table: tables::USERS.table.name,
        key: key::<UserId>(),
        value: record::<users::Record>(),
    },
    Shape {
        table: tables::USERS_BY_EMAIL.table.name,
        key: key::<String>(),
        value: key::<UserId>(),
    },
    Shape {
        table: tables::SESSIONS.table.name,
        key: key::<SessionId>(),
        value: record::<sessions::Record>(),
    },
    Shape {
        table: tables::SESSIONS_BY_USER.table.name,
        key: key::<(UserId, SessionId)>(),
        value: EMPTY,
    },
    Shape {
        table: tables::REFRESH_TOKENS.table.name,
        key: key::<(SessionId, u32)>(),
        value: record::<sessions::Generation>(),
    },
    Shape {
        table: tables::API_KEYS.table.name,
        key: key::<KeyId>(),
        value: record::<keys::Record>(),
    },
    Shape {
        table: tables::API_KEYS_BY_PREFIX.table.name,
        key: key::<String>(),
        value: key::<KeyId>(),
    },
    Shape {
        table: tables::JOURNAL.table.name,
        key: key::<u64>(),
        value: NOTHING,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_shape() {
        for table in tables::ALL {
            let count = SHAPES.iter().filter(|shape| shape.table == table.name);
            assert_eq!(count.count(), 1, "{}", table.name);
        }
    }

    #[test]
    fn bytes_without_a_form_come_back_too() {
        for table in ["drifts.v1", "audit.v1", "counters.v1", "unheard.v7"] {
            let shape = Shape::of(table);
            for bytes in [&b""[..], b"\xff\x00", b"{}"] {
                let (key, value) = shape.json(bytes, bytes).unwrap();
                let (back, again) = shape.bytes(&key, &value).unwrap();
                assert_eq!(
                    (back.as_slice(), again.as_slice()),
                    (bytes, bytes),
                    "{table}"
                );
            }
        }
        assert_eq!(unhex("0g"), None);
        assert_eq!(unhex("abc"), None);
        assert_eq!(unhex("00ff"), Some(vec![0, 255]));
    }

    #[test]
    fn a_counter_reads_by_name() {
        let counter = drifts::records::counters::status("open");
        let shape = Shape::of("counters.v1");
        let (key, value) = shape.json(counter.key(), &7_i64.to_be_bytes()).unwrap();
        assert!(
            key.get()
                .starts_with(r#"{"counter":"drifts.status","dimensions":""#),
            "{key}"
        );
        assert_eq!(value.get(), "7");
    }
}
