//! Real output of Terraform, with the truth beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The fixtures that have a refresh-only plan.
pub(crate) const FIXTURES: [&str; 19] = [
    "01-no-drift",
    "02-updates",
    "03-deletes",
    "04-sensitive",
    "05-modules-foreach",
    "06-mixed",
    "07-scan1",
    "07-scan2",
    "07-scan3",
    "07-scan4",
    "11-outputs",
    "12-accepted",
    "13-moved",
    "14-import-removed-ignore",
    "15-tainted",
    "17-checks",
    "20-empty",
    "scale-100-scan1",
    "scale-100-scan2",
];

/// What really drifted, known from the tampering.
pub(crate) struct Expected {
    /// Address to `update` or `delete`.
    pub(crate) drift: BTreeMap<String, String>,
    /// Strings of which none may leave the ingester.
    pub(crate) secrets: Vec<String>,
}

/// Where a fixture is, such as `07-scan1.refresh.json` or `wrong-inputs/tfplan.bin`. The larger ones are kept as gzip,
/// with `.gz` behind their name.
pub(crate) fn fixture_path(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terraform");
    let packed = fixtures.join(format!("{name}.gz"));
    if packed.exists() {
        packed
    } else {
        fixtures.join(name)
    }
}

/// A fixture's bytes, unpacked.
#[track_caller]
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = fixture_path(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut body)
        .expect("gzip");
    body
}

/// The truth about a fixture, such as `07-scan1`.
#[track_caller]
pub(crate) fn expected(name: &str) -> Expected {
    let truth: Value =
        serde_json::from_slice(&fixture(&format!("{name}.expect.json"))).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    Expected {
        drift: list(&truth["drift"])
            .iter()
            .map(|drift| (text(&drift["address"]), text(&drift["action"])))
            .collect(),
        secrets: list(&truth["secrets"]).iter().map(text).collect(),
    }
}

/// What a plan must become, read off it by other means than the product's: address to kind, drift only.
#[track_caller]
pub(crate) fn read_drift(name: &str) -> BTreeMap<String, &'static str> {
    let truth = name.split('.').next().expect("a name");
    let plan: Value = serde_json::from_slice(&fixture(name)).expect("a plan");
    let nothing_to_do = |address: &str| {
        plan["resource_changes"].as_array().is_some_and(|changes| {
            changes.iter().any(|change| {
                change["address"] == address
                    && change["change"]["actions"] == serde_json::json!(["no-op"])
            })
        })
    };
    expected(truth)
        .drift
        .into_iter()
        .map(|(address, action)| {
            let kind = match action.as_str() {
                "delete" => "missing",
                _ if nothing_to_do(&address) => "state_only",
                _ => "modified",
            };
            (address, kind)
        })
        .collect()
}
