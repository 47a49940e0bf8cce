use proptest::prelude::*;
use serde_json::{Value, json};

use crate::error::Error;
use crate::ingest::{
    self, Encoding, Finding, FingerprintKey, Kind, Options, SENSITIVE, Scan, ScanStatus, State,
    address_key,
};

fn options() -> Options {
    Options::new(FingerprintKey([9; 32]))
}

fn read(document: &Value) -> Scan {
    ingest::read(document.to_string().as_bytes(), &options()).unwrap()
}

fn entry(name: &str, actions: Value, before: Value, after: Value) -> Value {
    json!({
        "address": format!("aws_x.{name}"), "mode": "managed", "type": "aws_x", "name": name,
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}},
    })
}

fn plan(drift: Vec<Value>, changes: Option<Vec<Value>>) -> Value {
    let mut plan = json!({"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {}, "resource_drift": drift});
    if let Some(changes) = changes {
        plan["resource_changes"] = changes.into();
    }
    plan
}

fn state_of(value: Value) -> Option<State> {
    Some(State::from(&value))
}

fn kinds(scan: &Scan) -> Vec<(&str, Kind)> {
    scan.findings
        .iter()
        .map(|one| (one.address.as_str(), one.kind))
        .collect()
}

#[test]
fn each_entry_becomes_what_the_table_says() {
    let update = |name| entry(name, json!(["update"]), json!({"v": 1}), json!({"v": 2}));
    let back = |name| entry(name, json!(["update"]), json!({"v": 2}), json!({"v": 1}));
    let no_op = |name| entry(name, json!(["no-op"]), json!({"v": 2}), json!({"v": 2}));
    let gone = |name| entry(name, json!(["delete"]), json!({"v": 1}), json!(null));
    let mut read_data = update("data");
    read_data["mode"] = "data".into();
    let mut leftover = gone("a");
    leftover["deposed"] = "00000001".into();
    let scan = read(&plan(
        vec![
            update("a"),
            update("b"),
            gone("c"),
            gone("d"),
            read_data.clone(),
            no_op("moved"),
        ],
        Some(vec![
            back("a"),
            leftover,
            no_op("b"),
            entry("c", json!(["create"]), json!(null), json!({"v": 1})),
            update("e"),
            no_op("f"),
            gone("g"),
            entry("h", json!(["forget"]), json!({"v": 1}), json!(null)),
            entry("i", json!(["read"]), json!(null), json!({})),
            read_data,
        ]),
    ));
    assert_eq!(
        kinds(&scan),
        [
            ("aws_x.a", Kind::Modified),
            ("aws_x.b", Kind::StateOnly),
            ("aws_x.c", Kind::Missing),
            ("aws_x.d", Kind::Missing),
            ("aws_x.a", Kind::Pending),
            ("aws_x.e", Kind::Pending),
            ("aws_x.g", Kind::Pending),
        ]
    );
    assert_eq!(scan.findings[4].deposed.as_deref(), Some("00000001"));
    assert_eq!(
        (&scan.findings[0].expected, &scan.findings[0].actual),
        (&state_of(json!({"v": 1})), &state_of(json!({"v": 2})))
    );
    assert_eq!(
        (&scan.findings[5].expected, &scan.findings[5].actual),
        (&state_of(json!({"v": 2})), &state_of(json!({"v": 1})))
    );
}

#[test]
fn unknown_values_are_no_difference_unless_they_are_all() {
    let mut replaced = entry(
        "a",
        json!(["delete", "create"]),
        json!({"id": "1", "v": 1}),
        json!({"v": 1}),
    );
    replaced["change"]["after_unknown"] = json!({"id": true});
    let scan = read(&plan(vec![], Some(vec![replaced.clone()])));
    assert_eq!(
        scan.findings[0].difference[0].expected,
        "(known after apply)"
    );
    replaced["change"]["after"]["v"] = 2.into();
    let scan = read(&plan(vec![], Some(vec![replaced])));
    let pointers: Vec<_> = scan.findings[0]
        .difference
        .iter()
        .map(|one| one.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/v"]);
}

#[test]
fn a_sensitive_variable_is_hidden_wherever_it_stands() {
    let copied = entry(
        "a",
        json!(["update"]),
        json!({"id": "a-1", "url": "https://example.com", "note": "none"}),
        json!({"id": "a-1", "url": "https://u:hunter2-of-all@example.com", "note": "spelled-out"}),
    );
    let mut document = plan(vec![copied], None);
    document["variables"] = json!({
        "db": {"value": {"user": "app", "passwords": ["hunter2-of-all"]}},
        "word": {"value": "spelled-out"},
    });
    let sensitive = |db: bool| json!({"root_module": {"resources": [], "variables": {"db": {"sensitive": db}, "word": {}}}});
    document["configuration"] = sensitive(true);
    // `configuration` stands before `variables` here, and after them in Terraform's own order.
    let text = document.to_string();
    let variables = format!(r#""variables":{}"#, document["variables"]);
    let turned = text.replacen(&format!(",{variables}"), "", 1);
    let turned = turned.replacen('{', &format!("{{{variables},"), 1);
    for text in [text, turned] {
        let scan = ingest::read(text.as_bytes(), &options()).unwrap();
        let kept = format!("{:?}", scan.findings);
        assert!(!kept.contains("hunter2"), "{kept}");
        assert!(
            kept.contains("spelled-out") && kept.contains("a-1"),
            "{kept}"
        );
        assert_eq!(scan.redacted, 1);
    }
    document["configuration"] = sensitive(false);
    assert_eq!(read(&document).redacted, 0);
    // Too large to be kept, and still read.
    document["configuration"] = sensitive(true);
    document["variables"]["large"] = json!({"value": "x".repeat(2 << 20)});
    assert_eq!(read(&document).findings.len(), 1);
}

#[test]
fn a_ci_runners_notes_after_the_plan_are_skipped_and_told() {
    let text = plan(vec![], None).to_string();
    let with = |after: &str| ingest::read(format!("{text}{after}").as_bytes(), &options());
    let long = "x".repeat(300_000);
    let scan = with(&format!(
        "\n\n::debug::stdout: {long}\n ::set-output name=exitcode::0\r\n\n"
    ))
    .unwrap();
    assert!(
        scan.problems[0].starts_with("2 lines of notes"),
        "{:?}",
        scan.problems
    );
    assert!(with("\n::debug::done").unwrap().problems[0].starts_with("1 line of notes"));
    for wrong in [
        "\nDone.",
        "\n::debug::x\nDone.",
        "\n: x",
        "\n::debug::x\n{\"a\":1}",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn noise_is_no_finding() {
    let noisy = entry(
        "a",
        json!(["update"]),
        json!({"n": 1, "e": null, "set": ["a", "b"], "policy": "{\"A\":1,\"B\":[]}"}),
        json!({"n": 1.0, "e": "", "set": ["b", "a"], "policy": "{\"A\": 1}"}),
    );
    assert!(read(&plan(vec![noisy.clone()], None)).findings.is_empty());
    // A commit on a resource whose drift is noise is a commit, no drift.
    let commit = entry("a", json!(["update"]), json!({"v": 1}), json!({"v": 2}));
    assert_eq!(
        kinds(&read(&plan(vec![noisy], Some(vec![commit])))),
        [("aws_x.a", Kind::Pending)]
    );
}

#[test]
fn a_part_of_a_plan_proves_only_what_it_lists() {
    let no_op = entry("a", json!(["no-op"]), json!({"v": 1}), json!({"v": 1}));
    let drifted = entry("b", json!(["update"]), json!({"v": 1}), json!({"v": 2}));
    let mut document = plan(
        vec![drifted.clone()],
        Some(vec![
            no_op,
            entry("b", json!(["no-op"]), json!({}), json!({})),
        ]),
    );
    assert_eq!(read(&document).status, ScanStatus::Complete);
    document["complete"] = false.into();
    let scan = read(&document);
    assert_eq!(scan.status, ScanStatus::Partial);
    assert_eq!(scan.observed.in_sync, [address_key("aws_x.a", None)].into());
    document["errored"] = true.into();
    let scan = read(&document);
    assert_eq!(scan.status, ScanStatus::Failed);
    assert!(scan.observed.in_sync.is_empty());
    let mut deferred = plan(vec![], Some(vec![]));
    deferred["deferred_changes"] = json!([{"reason": "x", "resource_change": drifted}]);
    assert_eq!(read(&deferred).status, ScanStatus::Partial);
}

#[test]
fn a_missing_address_is_put_together() {
    let mut old = entry("a", json!(["update"]), json!({"v": 1}), json!({"v": 2}));
    old.as_object_mut().unwrap().remove("address");
    old["module_address"] = "module.m[\"x.y\"]".into();
    for (index, address) in [
        (json!(0), "[0]"),
        (json!("0"), "[\"0\"]"),
        (json!("q\"d"), "[\"q\\\"d\"]"),
    ] {
        old["index"] = index;
        let scan = read(&plan(vec![old.clone()], None));
        assert_eq!(
            scan.findings[0].address,
            format!("module.m[\"x.y\"].aws_x.a{address}")
        );
    }
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let mut drift = entry(
        "a",
        json!(["update"]),
        json!({"id": "key-s3cret-token", "tags": {"t": "s3cret-token"}, "tags_all": {"t": "s3cret-token", "s3cret-token": "x"}, "v": 1}),
        json!({"id": "key-s3cret-token", "tags": {"t": "s3cret-token"}, "tags_all": {"t": "s3cret-token", "s3cret-token": "y"}, "v": 2}),
    );
    drift["change"]["before_sensitive"] = json!({"tags": {"t": true}});
    drift["importing"] = json!({"id": "s3cret-token"});
    let mut document = plan(vec![drift], None);
    document["output_changes"] = json!({"o": {"actions": ["no-op"], "before": "v-of-output", "after": "v-of-output", "before_sensitive": true, "after_sensitive": true}});
    let scan = read(&document);
    let kept = serde_json::to_string(&scan.findings).unwrap();
    assert!(!kept.contains("s3cret-token"), "{kept}");
    assert_eq!(scan.findings[0].resource_id, "aws_x.a");
    assert_eq!(scan.tool, "terraform");
}

#[test]
fn a_state_teaches_a_refresh_only_plan_its_secrets() {
    let drift = entry(
        "a",
        json!(["update"]),
        json!({"copy": "none"}),
        json!({"copy": "the-password"}),
    );
    let mut document = plan(vec![drift], None);
    document["prior_state"] = json!({"values": {"root_module": {"resources": [], "child_modules": [{"resources": [
        {"address": "module.m.aws_y.b", "mode": "managed", "provider_name": "registry.opentofu.org/x/y",
         "values": {"password": "the-password"}, "sensitive_values": {"password": true}},
        {"address": "module.m.data.aws_y.b", "mode": "data", "values": {}, "sensitive_values": {}},
    ]}]}}});
    let scan = read(&document);
    assert_eq!(scan.findings[0].difference[0].actual, SENSITIVE);
    assert_eq!((scan.resources, scan.tool.as_str()), (1, "opentofu"));
}

#[test]
fn other_documents_are_named() {
    let error = |text: &str| ingest::read(text.as_bytes(), &options()).unwrap_err();
    for (text, looks) in [
        ("{}", "some other JSON object"),
        (r#"{"format_version":"1.0"}"#, "empty state"),
        (
            r#"{"format_version":"1.0","provider_schemas":{}}"#,
            "providers schema",
        ),
        (r#"{"format_version":"1.0","valid":true}"#, "validate"),
        (
            r#"{"version":4,"terraform_version":"1.9.8","serial":1}"#,
            "state file",
        ),
        (
            r#"{"@level":"info","@message":"Terraform 1.9.8"}"#,
            "log lines",
        ),
    ] {
        let error = error(text);
        assert!(
            matches!(&error, Error::UnsupportedFormat(message) if message.contains(looks)),
            "{error}"
        );
    }
    let two = format!("{}\n{}", plan(vec![], None), plan(vec![], None));
    assert!(error(&two).to_string().contains("two documents"));
    assert!(
        error(r#"{"resource_drift":[]}"#)
            .to_string()
            .contains("format_version")
    );
    let mut deep = plan(vec![], None).to_string();
    deep.truncate(deep.len() - 1);
    deep.push_str(&format!(",\"x\":{}", "[".repeat(500)));
    assert!(error(&deep).to_string().contains("128 levels"));
    let small = Options {
        limit_bytes: 20,
        ..options()
    };
    assert!(matches!(
        ingest::read(two.as_bytes(), &small),
        Err(Error::TooLarge { limit_bytes: 20 })
    ));
}

/// The same document with keys the other way round, lists turned, and numbers spelled otherwise.
fn respelled(value: &Value, turn: usize) -> String {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(|item| respelled(item, turn)).collect();
            if !items.is_empty() {
                let by = turn % items.len();
                items.rotate_left(by);
            }
            format!("[{}]", items.join(" ,"))
        }
        Value::Object(members) => {
            let members: Vec<_> = (members.iter().rev())
                .map(|(key, member)| format!("{:?}:{}", key, respelled(member, turn)))
                .collect();
            format!("{{ {} }}", members.join(","))
        }
        Value::Number(number) => format!("{number}.0e0"),
        other => other.to_string(),
    }
}

/// What a finding says, with an element's index out of the way.
fn told(finding: &Finding) -> Vec<String> {
    let mut told: Vec<_> = (finding.difference.iter())
        .map(|one| {
            let path: Vec<_> = one
                .pointer
                .split('/')
                .map(|part| {
                    if part.parse::<u32>().is_ok() {
                        "#"
                    } else {
                        part
                    }
                })
                .collect();
            let sides = [&one.expected, &one.actual]
                .map(|side| crate::ingest::normalise::Node::new(side).digest);
            format!("{} {sides:?} {:?}", path.join("/"), one.change)
        })
        .collect();
    told.sort();
    told
}

fn state() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    let inner = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[k-n]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[p-t]", inner, 1..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn spelling_changes_nothing(before in state(), after in state(), turn in 0usize..4) {
        let document = |before: &str, after: &str| {
            let text = plan(vec![entry("a", json!(["update"]), json!("BEFORE"), json!("AFTER"))], None).to_string();
            text.replace("\"BEFORE\"", before).replace("\"AFTER\"", after)
        };
        let one = ingest::read(document(&before.to_string(), &after.to_string()).as_bytes(), &options()).unwrap();
        let other = ingest::read(document(&respelled(&before, turn), &respelled(&after, turn + 1)).as_bytes(), &options()).unwrap();
        prop_assert_eq!(one.findings.len(), other.findings.len());
        for (one, other) in one.findings.iter().zip(&other.findings) {
            prop_assert_eq!(one.content, other.content);
            prop_assert_eq!(told(one), told(other));
            let pointers: std::collections::HashSet<_> = one.difference.iter().map(|one| &one.pointer).collect();
            prop_assert_eq!(pointers.len(), one.difference.len());
        }
        // What is equal to itself never drifts, however it is spelled.
        let same = ingest::read(document(&before.to_string(), &respelled(&before, turn)).as_bytes(), &options()).unwrap();
        prop_assert!(same.findings.is_empty());
    }

    #[test]
    fn no_planted_secret_survives(before in state(), after in state(), at in "[p-t]", text in "[a-z]{0,8}") {
        const PLANTED: &str = "PLANTED-0123";
        let (mut before, mut after) = (before, after);
        before[&at] = PLANTED.into();
        after["copy"] = json!({"deep": [format!("{text}{PLANTED}{text}"), {PLANTED: 1}, json!({"k": PLANTED}).to_string()]});
        let mut drift = entry("a", json!(["update"]), before, after);
        drift["change"]["before_sensitive"][&at] = true.into();
        let scan = read(&plan(vec![drift], None));
        let kept = serde_json::to_string(&scan.findings).unwrap();
        prop_assert!(!kept.contains(PLANTED), "{}", kept);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), braced in any::<bool>()) {
        let mut bytes = bytes;
        if braced {
            bytes.splice(0..0, *b"{\"format_version\":\"1.0\",\"resource_drift\":[{\"change\":");
        }
        for encoding in [Encoding::Auto, Encoding::Gzip, Encoding::Zstd] {
            let _ = ingest::read(bytes.as_slice(), &Options { encoding, ..options() });
        }
    }

    #[test]
    fn a_damaged_plan_never_panics(at in 0usize..2_000, byte in any::<u8>(), cut in any::<bool>()) {
        let drift = entry("a", json!(["update"]), json!({"v": [1, {"x": "\u{e9}\\"}]}), json!({"v": [2]}));
        let mut bytes = plan(vec![drift.clone()], Some(vec![drift])).to_string().into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = ingest::read(bytes.as_slice(), &options());
    }
}
