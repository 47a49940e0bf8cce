//! Every fixture of real Terraform output, held against what was truly changed in the cloud.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking what went wrong"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use driftsentry::ingest::{
    self, Content, Finding, FingerprintKey, Kind, Options, Scan, ScanStatus,
};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terraform")
}

fn options() -> Options {
    Options::new(FingerprintKey::for_workspace(&[7; 32], "shop/prod"))
}

/// Where a fixture is: the larger ones are kept as gzip, with `.gz` behind their name.
fn path_of(file: &str) -> PathBuf {
    let packed = fixtures().join(format!("{file}.gz"));
    if packed.exists() {
        packed
    } else {
        fixtures().join(file)
    }
}

fn scan(file: &str) -> Scan {
    let file = fs::File::open(path_of(file)).unwrap();
    ingest::read(file, &options()).unwrap()
}

fn expect(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixtures().join(format!("{name}.expect.json"))).unwrap())
        .unwrap()
}

/// Plan files by the scenario they belong to: `(name, file, refresh_only)`.
fn plans() -> Vec<(String, String, bool)> {
    let mut plans: Vec<_> = fs::read_dir(fixtures())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|file| {
            let file = file.trim_end_matches(".gz").to_owned();
            let (name, kind) = file.strip_suffix(".json")?.rsplit_once('.')?;
            match kind {
                "refresh" => Some((name.to_owned(), file.clone(), true)),
                "plan" => Some((name.to_owned(), file.clone(), false)),
                _ => None,
            }
        })
        .collect();
    plans.sort();
    assert!(plans.len() >= 40, "{} plans", plans.len());
    plans
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Whether one path leads to the other: the marked place may be shown above or below the one that is meant.
fn related(pointer: &str, dotted: &str) -> bool {
    let shown: Vec<_> = pointer.split('/').skip(1).map(unescape).collect();
    let meant: Vec<_> = dotted.split('.').collect();
    shown.iter().zip(&meant).all(|(a, b)| a == b)
}

fn live(scan: &Scan) -> BTreeMap<&str, &Finding> {
    (scan.findings.iter())
        .filter(|finding| finding.kind != Kind::Pending)
        .map(|finding| (finding.address.as_str(), finding))
        .collect()
}

#[test]
fn each_plan_shows_exactly_what_was_changed() {
    for (name, file, refresh_only) in plans() {
        let expect = expect(&name);
        let scan = scan(&file);
        let found = live(&scan);
        let wanted: BTreeSet<_> = expect["drift"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one, "address"))
            .collect();
        assert_eq!(
            found.keys().copied().collect::<BTreeSet<_>>(),
            wanted,
            "{file}"
        );
        assert_eq!(scan.status, ScanStatus::Complete, "{file}");
        assert_eq!(
            scan.observed.pending,
            !refresh_only && name != "20-empty",
            "{file}"
        );

        for one in expect["drift"].as_array().unwrap() {
            let place = format!("{file} {}", text(one, "address"));
            let finding = found[text(one, "address")];
            assert_eq!(finding.resource_type, text(one, "type"), "{place}");
            assert_eq!(
                finding.previous_address.as_deref(),
                one["previous_address"].as_str(),
                "{place}"
            );
            match text(one, "action") {
                "delete" => {
                    assert_eq!(finding.kind, Kind::Missing, "{place}");
                    assert!(
                        finding.difference.is_empty() && finding.actual.is_none(),
                        "{place}"
                    );
                }
                _ if refresh_only => assert_eq!(finding.kind, Kind::Modified, "{place}"),
                _ => assert!(
                    matches!(finding.kind, Kind::Modified | Kind::StateOnly),
                    "{place}"
                ),
            }
            let attributes: BTreeSet<_> = (finding.difference.iter())
                .map(|one| unescape(one.pointer.split('/').nth(1).unwrap()))
                .collect();
            let wanted: BTreeSet<_> = (one["attributes"].as_array().unwrap().iter())
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            assert_eq!(attributes, wanted, "{place}");
            for path in one["sensitive_paths"].as_array().unwrap() {
                let flagged = (finding.difference.iter())
                    .any(|one| one.sensitive && related(&one.pointer, path.as_str().unwrap()));
                assert!(flagged, "{place} {path} {:?}", finding.difference);
            }
        }
    }
}

#[test]
fn a_refresh_only_plan_and_a_normal_one_tell_the_same_content() {
    let mut compared = 0;
    for (name, file, refresh_only) in plans() {
        let other = path_of(&file.replace(".refresh.", ".plan."));
        if !refresh_only || !other.exists() {
            continue;
        }
        let (refresh, plan) = (scan(&file), scan(&file.replace(".refresh.", ".plan.")));
        for (address, finding) in live(&plan) {
            assert_eq!(
                finding.content,
                live(&refresh)[address].content,
                "{name} {address}"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn no_secret_leaves() {
    for (name, file, _) in plans() {
        let scan = scan(&file);
        let kept = serde_json::to_string(&scan.findings).unwrap();
        for secret in expect(&name)["secrets"].as_array().unwrap() {
            assert!(!kept.contains(secret.as_str().unwrap()), "{file} {secret}");
        }
        assert!(!format!("{scan:?}").contains("TAMPERED-"), "{file}");
    }
}

#[test]
fn resources_are_counted_in_either_plan() {
    for (file, resources) in [
        ("01-no-drift.refresh.json", 44),
        ("01-no-drift.plan.json", 44),
        ("03-deletes.refresh.json", 44),
        ("03-deletes.plan.json", 44),
        ("20-empty.refresh.json", 0),
        ("20-empty.plan.json", 0),
        ("21-first-plan.plan.json", 44),
        ("scale-100-none.refresh.json", 100),
        ("scale-1000-scan1.plan.json", 1_000),
        ("scale-1000-scan1.refresh.json", 1_000),
    ] {
        assert_eq!(scan(file).resources, resources, "{file}");
    }
}

#[test]
fn hidden_values_are_counted() {
    // Each of the eight resources hides its secret once in the expected and once in the actual state; the access key has
    // a second one that did not change.
    assert_eq!(scan("04-sensitive.refresh.json").redacted, 18);
    assert_eq!(scan("04-sensitive.plan.json").redacted, 18);
    assert_eq!(scan("02-updates.refresh.json").redacted, 2);
    assert_eq!(scan("01-no-drift.refresh.json").redacted, 0);
}

#[test]
fn a_commit_not_applied_yet_is_pending() {
    let pending = |file: &str| -> Vec<String> {
        let mut addresses: Vec<_> = (scan(file).findings.into_iter())
            .filter(|finding| finding.kind == Kind::Pending)
            .map(|finding| finding.address)
            .collect();
        addresses.sort();
        addresses
    };
    assert_eq!(
        pending("12-accepted.plan.json"),
        ["aws_instance.bastion", "aws_instance.web[0]"]
    );
    assert_eq!(
        pending("06-mixed.plan.json"),
        [
            "aws_iam_access_key.ci",
            "aws_iam_role.app",
            "aws_instance.bastion",
            "aws_instance.brand_new",
            "aws_s3_bucket.data[\"gold\"]",
            "aws_s3_bucket.data[\"published\"]",
        ]
    );
    assert_eq!(pending("15-tainted.plan.json"), ["aws_instance.web[1]"]);
    assert_eq!(
        pending("14-import-removed-ignore.plan.json"),
        ["aws_s3_bucket.adopted"]
    );
    let first = scan("21-first-plan.plan.json");
    assert_eq!(first.findings.len(), 44);
    assert!(
        first
            .findings
            .iter()
            .all(|one| one.kind == Kind::Pending && one.actual.is_none())
    );
}

#[test]
fn drift_the_configuration_ignores_is_state_only() {
    let scan = scan("14-import-removed-ignore.plan.json");
    assert_eq!(live(&scan)["aws_instance.web[0]"].kind, Kind::Modified);
    let access_key = scan
        .findings
        .iter()
        .find(|one| one.address == "aws_iam_access_key.ci");
    assert!(access_key.is_none(), "forgetting is no drift");
}

#[test]
fn the_content_tells_same_from_changed() {
    fn contents(scan: &Scan) -> BTreeMap<&str, (Kind, Content)> {
        live(scan)
            .into_iter()
            .map(|(address, one)| (address, (one.kind, one.content)))
            .collect()
    }
    for kind in ["refresh", "plan"] {
        for (before, after) in [
            ("07-scan1", "07-scan2"),
            ("07-scan2", "07-scan3"),
            ("07-scan3", "07-scan4"),
            ("scale-100-scan1", "scale-100-scan2"),
        ] {
            if !path_of(&format!("{after}.{kind}.json")).exists() {
                continue;
            }
            let (old, new) = (
                scan(&format!("{before}.{kind}.json")),
                scan(&format!("{after}.{kind}.json")),
            );
            let (old, new) = (contents(&old), contents(&new));
            let since = &expect(after)["since_previous"];
            let list = |key: &str| -> Vec<&str> {
                since[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one.as_str().unwrap())
                    .collect()
            };
            for address in list("same") {
                // The expectations compare attributes' names; this one's secret was changed a second time.
                if (after, address) == ("07-scan2", "aws_db_instance.main") {
                    assert_ne!(old[address].1, new[address].1, "{after} {address}");
                    continue;
                }
                assert_eq!(old[address], new[address], "{after} {address}");
            }
            for address in list("changed") {
                assert_ne!(old[address], new[address], "{after} {address}");
            }
            for address in list("fixed") {
                assert!(!new.contains_key(address), "{after} {address}");
            }
            for address in list("new") {
                assert!(!old.contains_key(address), "{after} {address}");
            }
        }
    }
}

#[test]
fn what_is_known_of_a_resource_is_told() {
    let scan = scan("02-updates.refresh.json");
    assert_eq!(
        (scan.tool.as_str(), scan.tool_version.as_deref()),
        ("terraform", Some("1.11.4"))
    );
    assert!(scan.started_at.is_some());
    let role = live(&scan)["aws_iam_role.app"];
    assert_eq!(role.resource_id, "role-5d864b65a40cec4ba");
    assert_eq!(role.region.as_deref(), Some("us-east-1"));
    assert_eq!(role.account_id.as_deref(), Some("123456789012"));
}

#[test]
fn wrong_inputs_are_answered_with_the_way_out() {
    let read = |file: &str| {
        ingest::read(
            fs::File::open(fixtures().join("wrong-inputs").join(file)).unwrap(),
            &options(),
        )
    };
    for (file, looks) in [
        ("empty.json", "empty body"),
        ("tfplan.bin", "binary plan file"),
        ("plan-human.txt", "console text"),
        ("state-show.json", "a state"),
        ("truncated.json", "cut off"),
    ] {
        let error = read(file).unwrap_err().to_string();
        assert!(error.contains(looks), "{file}: {error}");
        assert!(
            error.contains("terraform show -json tfplan > plan.json"),
            "{file}: {error}"
        );
    }
    let error = read("future-format.json").unwrap_err().to_string();
    assert!(error.contains("2.0") && error.contains("1.x"), "{error}");
    for file in ["utf16le-bom.json", "utf8-bom.json"] {
        let scan = read(file).unwrap();
        assert_eq!(scan.findings.len(), 1, "{file}");
        assert_eq!(scan.findings[0].address, "aws_instance.bastion", "{file}");
    }
}

#[test]
fn a_scan_survives_the_wire() {
    for (_, file, _) in plans() {
        let scan = scan(&file);
        let mut bytes = Vec::new();
        ingest::wire::write(&scan, &mut bytes).unwrap();
        let mut back = ingest::read(bytes.as_slice(), &options()).unwrap();
        assert_eq!(back.format, ingest::Format::DriftsentryScan);
        back.format = scan.format;
        assert_eq!(back, scan, "{file}");
    }
}
