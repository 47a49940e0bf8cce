//! What may be linked into the product: permissive licences, crates.io only, one TLS stack and no C library that
//! brings its own.
//!
//! Reads `cargo metadata`, so it needs neither network nor a tool to install.

use std::process::Command;

use serde_json::Value;

/// Licences that ask for no more than being named.
const ALLOWED: [&str; 10] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    // Mozilla's list of certificate authorities, which is data.
    "CDLA-Permissive-2.0",
];

/// Crates that must not come back in, each with its reason.
const BANNED: [(&str, &str); 8] = [
    (
        "openssl",
        "TLS is rustls with ring: one stack, linked statically",
    ),
    (
        "openssl-sys",
        "TLS is rustls with ring: one stack, linked statically",
    ),
    (
        "native-tls",
        "TLS is rustls with ring: one stack, linked statically",
    ),
    (
        "aws-lc-rs",
        "rustls uses ring: a second provider is 2 MB and a C build",
    ),
    (
        "aws-lc-sys",
        "rustls uses ring: a second provider is 2 MB and a C build",
    ),
    ("rustls-pemfile", "unmaintained: rustls-pki-types reads PEM"),
    ("chrono", "time is jiff"),
    ("sled", "the store is redb"),
];

/// Crates that two versions of would split a type or a global in two.
const SINGLE: [&str; 9] = [
    "http",
    "hyper",
    "poem",
    "poem-openapi",
    "redb",
    "ring",
    "rustls",
    "serde_json",
    "tokio",
];

#[test]
fn every_dependency_has_an_allowed_licence() {
    let wrong = failures(|package| {
        let licence = package["license"].as_str().unwrap_or_default();
        (!allows(licence)).then(|| {
            format!("is licensed {licence:?}: use another crate, or add the licence to ALLOWED where it is permissive")
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_comes_from_crates_io() {
    let wrong = failures(|package| match package["source"].as_str() {
        None | Some("registry+https://github.com/rust-lang/crates.io-index") => None,
        Some(other) => Some(format!("comes from {other}: only crates.io is allowed")),
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_banned_crate_is_in_the_tree() {
    let wrong = failures(|package| {
        let name = package["name"].as_str()?;
        let (_, reason) = BANNED.iter().find(|(banned, _)| *banned == name)?;
        Some(format!(
            "is banned: {reason}. `cargo tree -i {name}` tells who brings it"
        ))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_must_be_one_is_there_once() {
    let packages = packages();
    for name in SINGLE {
        let versions: Vec<_> = packages
            .iter()
            .filter(|package| package["name"] == name)
            .map(|package| package["version"].to_string())
            .collect();
        assert!(
            versions.len() <= 1,
            "{name} is linked in versions {}: `cargo tree -d` tells why",
            versions.join(" and ")
        );
    }
}

#[test]
fn licence_expressions_are_understood() {
    for yes in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "Unlicense/MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
    ] {
        assert!(allows(yes), "{yes}");
    }
    for no in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT AND (GPL-2.0-only OR LGPL-3.0-only)",
        "AGPL-3.0 OR SSPL-1.0",
    ] {
        assert!(!allows(no), "{no}");
    }
}

/// What `check` says against each package, after its name and version.
fn failures(check: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    packages()
        .iter()
        .filter_map(|package| {
            let said = check(package)?;
            let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
            Some(format!("{name} {version} {said}."))
        })
        .collect()
}

/// Every package that a build for this machine links or runs.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list").clone();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    packages
}

/// Whether an SPDX expression can be met with allowed licences alone.
fn allows(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any_of(&mut rest);
    met && rest.is_empty()
}

fn any_of(words: &mut &[&str]) -> bool {
    let mut met = all_of(words);
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        met |= all_of(words);
    }
    met
}

fn all_of(words: &mut &[&str]) -> bool {
    let mut met = one(words);
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        met &= one(words);
    }
    met
}

fn one(words: &mut &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any_of(words);
            let closed = words.first() == Some(&")");
            *words = words.get(1..).unwrap_or_default();
            met && closed
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            ALLOWED.contains(licence)
        }
        [] => false,
    }
}
