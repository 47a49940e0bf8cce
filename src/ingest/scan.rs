//! What a tool's output says, whichever tool wrote it: normalised, redacted, ready to be reconciled.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::ingest::state::State;
use crate::time::Timestamp;

/// What stands in place of a value that must not be kept.
pub const SENSITIVE: &str = "(sensitive)";

/// An input format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `terraform show -json PLANFILE`, and OpenTofu's.
    TerraformPlan,
    /// What `driftsentry push` sends after redacting on the client's machine.
    DriftsentryScan,
}

/// How much a scan proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanStatus {
    /// It looked at the whole workspace.
    Complete,
    /// It looked at a part: what it doesn't list may still be drifted.
    Partial,
    /// The tool failed midway: what it shows is drifted, what it doesn't show proves nothing.
    Failed,
}

/// How a resource's live state and its code are at odds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is there, with other values.
    Modified,
    /// It is gone from the cloud.
    Missing,
    /// It is in the cloud and in no code.
    Unmanaged,
    /// The code has changed and is not applied yet; nothing drifted.
    Pending,
    /// It differs from the last recorded state in ways the configuration doesn't care about.
    StateOnly,
}

impl Kind {
    /// Whether the live state has left the code: what reports count and default views show.
    pub fn is_drift(self) -> bool {
        matches!(self, Self::Modified | Self::Missing | Self::Unmanaged)
    }

    /// The side of the resource this kind speaks of. One resource has at most one open drift for each:
    /// `modified`, `missing` and `state_only` follow one another on the same drift as the live state
    /// moves on, while an unapplied commit is a matter of its own.
    pub fn facet(self) -> Facet {
        match self {
            Self::Modified | Self::Missing | Self::StateOnly => Facet::Live,
            Self::Pending => Facet::Pending,
            Self::Unmanaged => Facet::Unmanaged,
        }
    }
}

/// See [`Kind::facet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// The live state against the recorded one.
    Live,
    /// The code against what is applied.
    Pending,
    /// The live state against all code.
    Unmanaged,
}

/// How one attribute differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Both sides have it, with other values.
    Changed,
    /// Only the actual side has it.
    Added,
    /// Only the expected side has it.
    Removed,
}

/// One differing attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// JSON pointer (RFC 6901) into the states, such as `/ingress/0/from_port`.
    pub pointer: String,
    /// The declared value; `null` where absent; [`SENSITIVE`] where it must not be shown.
    pub expected: Value,
    /// The live value; likewise.
    pub actual: Value,
    /// How they differ.
    pub change: Change,
    /// Whether the values were withheld.
    pub sensitive: bool,
}

/// The digest that tells whether a drift is still the same: see [`Finding::content`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(#[serde(with = "crate::hex")] pub [u8; 32]);

/// One resource that differs, without a secret in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The resource's address, an opaque string.
    pub address: String,
    /// Its address before a `moved` block renamed it.
    #[serde(default)]
    pub previous_address: Option<String>,
    /// The key of a deposed object, where it is one.
    #[serde(default)]
    pub deposed: Option<String>,
    /// How it differs.
    pub kind: Kind,
    /// The resource type, such as `aws_instance`.
    pub resource_type: String,
    /// The provider's source address, where known.
    #[serde(default)]
    pub provider: Option<String>,
    /// The cloud's own id; the address where the cloud gave none.
    pub resource_id: String,
    /// The region, where the resource says it.
    #[serde(default)]
    pub region: Option<String>,
    /// The account, subscription or project, where the resource says it.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The declared state, redacted; none for what no code declares.
    #[serde(default)]
    pub expected: Option<State>,
    /// The live state, redacted; none for what is gone.
    #[serde(default)]
    pub actual: Option<State>,
    /// What differs, by pointer, sorted. Empty where one side is absent as a whole.
    pub difference: Vec<Difference>,
    /// HMAC-SHA-256, with the workspace's fingerprint key, over the sorted (path, live value) pairs as they were before
    /// redaction: equal exactly when the drift's live values are.
    pub content: Content,
}

/// What a scan looked at besides its findings: only that may be resolved by it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// Whether live states were compared.
    pub live: bool,
    /// Whether unapplied configuration was looked for; a refresh-only plan doesn't.
    pub pending: bool,
    /// Whether resources outside all code were looked for.
    pub unmanaged: bool,
    /// What a partial scan listed as in sync: [`address_key`] of each. Empty for a complete one, which observed all.
    pub in_sync: HashSet<AddressKey>,
}

/// A short, collision-free name for an address: 16 bytes of its SHA-256.
pub type AddressKey = [u8; 16];

/// The short name of an address and its deposed key.
pub fn address_key(address: &str, deposed: Option<&str>) -> AddressKey {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(address.as_bytes());
    if let Some(deposed) = deposed {
        hash.update([0]);
        hash.update(deposed.as_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// One run of a tool over one workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// What the body was.
    pub format: Format,
    /// The tool that wrote it: `terraform` or `opentofu`.
    pub tool: String,
    /// Its version, where the output says it.
    pub tool_version: Option<String>,
    /// How much it proves.
    pub status: ScanStatus,
    /// When the tool ran, where the output says it.
    pub started_at: Option<Timestamp>,
    /// How many managed resources it looked at.
    pub resources: u64,
    /// How many values were hidden in what is kept.
    pub redacted: u64,
    /// What differs, in the order of the tool's output.
    pub findings: Vec<Finding>,
    /// What it proves besides.
    pub observed: Observed,
    /// What a person should know about this scan, a sentence each.
    pub problems: Vec<String>,
}
