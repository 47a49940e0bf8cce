//! `driftsentry doctor` and `driftsentry support-bundle`: an installation looked at, with its server running or stopped.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::harness::{ADMIN, App, Output, PASSWORD, Plan, driftsentry_with};

const ROOMY: (&str, &str) = ("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "0");

/// A command over the server's data, with the settings that the server has.
#[track_caller]
fn command(app: &App, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let data = app.data_dir();
    let place = ["--data-dir", data.to_str().expect("a path")];
    let arguments = [arguments, &place].concat();
    let environment = [&[ROOMY], environment].concat();
    driftsentry_with(&environment, &arguments, b"")
}

/// What the doctor found, by what was looked at.
#[track_caller]
fn found(
    app: &App,
    environment: &[(&str, &str)],
    code: i32,
) -> BTreeMap<String, Vec<(String, String)>> {
    let said = command(app, environment, &["doctor", "--json"]).expect(code);
    let report: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let mut found = BTreeMap::<String, Vec<(String, String)>>::new();
    for finding in report["findings"].as_array().expect("findings") {
        let text = |name: &str| finding[name].as_str().expect("a text").to_owned();
        let message = text("message");
        assert_eq!(message.lines().count(), 1, "{message}");
        let of_check = found.entry(text("check")).or_default();
        of_check.push((text("level"), message));
    }
    found
}

/// Demands one finding of this level about this, with these words.
#[track_caller]
fn says(found: &BTreeMap<String, Vec<(String, String)>>, check: &str, level: &str, words: &[&str]) {
    let of_check = found
        .get(check)
        .unwrap_or_else(|| panic!("{check} in {found:?}"));
    let fits = |(found, message): &(String, String)| {
        found == level && words.iter().all(|word| message.contains(word))
    };
    assert!(
        of_check.iter().any(fits),
        "{check} {level} {words:?} in {of_check:?}"
    );
}

#[test]
fn a_well_server_is_found_well_running_and_stopped() {
    let mut app = App::start();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let none = found(&app, &[("DRIFTSENTRY_LIMITS_CONNECTIONS", "64")], 1);
    says(
        &none,
        "backup",
        "warning",
        &["No backup was ever taken", "driftsentry backup"],
    );
    command(&app, &[], &["backup"]).expect(0);
    let running = found(&app, &[("DRIFTSENTRY_LIMITS_CONNECTIONS", "64")], 0);
    says(&running, "backup", "ok", &["was taken at"]);
    says(
        &running,
        "store",
        "ok",
        &[&format!("process {}", app.pid()), "is ready"],
    );
    says(&running, "audit", "ok", &["is whole"]);
    for check in [
        "configuration",
        "permissions",
        "space",
        "descriptors",
        "clock",
    ] {
        says(&running, check, "ok", &[]);
    }
    app.stop();
    let database = app.data_dir().join("driftsentry.redb");
    let before = fs::read(&database).expect("read");
    let stopped = found(&app, &[("DRIFTSENTRY_LIMITS_CONNECTIONS", "64")], 0);
    says(&stopped, "store", "ok", &["stopped", "are whole"]);
    assert!(
        fs::read(&database).expect("read") == before,
        "the doctor changes nothing"
    );
    let text = command(
        &app,
        &[("DRIFTSENTRY_LIMITS_CONNECTIONS", "64")],
        &["doctor"],
    )
    .expect(0)
    .stdout;
    assert!(text.ends_with("All is well.\n"), "{text}");
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let mut app = App::start();
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
    let mut expired = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("valid");
    expired.not_before = rcgen::date_time_ymd(2020, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = expired.self_signed(&issued.signing_key).expect("signed");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| app.scratch(name));
    fs::write(&cert, expired.pem()).expect("written");
    fs::write(&key, issued.signing_key.serialize_pem()).expect("written");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("set");
    let [cert, key] = [&cert, &key].map(|path| path.to_str().expect("a path"));
    let audit_key = app.data_dir().join("audit.key");
    fs::set_permissions(&audit_key, Permissions::from_mode(0o644)).expect("set");
    let environment = [
        ("DRIFTSENTRY_TLS_CERT", cert),
        ("DRIFTSENTRY_TLS_KEY", key),
        ("DRIFTSENTRY_STORE_MIN_FREE_BYTES", "1 TiB"),
        ("DRIFTSENTRY_LIMITS_CONNECTIONS", "900000"),
        ("DRIFTSENTRY_PORT", "tcp://10.0.0.1:8420"),
    ];
    let told = found(&app, &environment, 2);
    says(
        &told,
        "configuration",
        "warning",
        &["DRIFTSENTRY_PORT", "ignored"],
    );
    says(
        &told,
        "certificate",
        "failure",
        &["expired at 2021-01-01", "renew it"],
    );
    says(&told, "permissions", "warning", &["chmod o= ", "key.pem"]);
    says(
        &told,
        "permissions",
        "failure",
        &["chmod 600 ", "audit.key"],
    );
    says(&told, "space", "failure", &["free space"]);
    says(
        &told,
        "descriptors",
        "warning",
        &["the running server", "LimitNOFILE"],
    );

    // Warnings alone.
    fs::set_permissions(&audit_key, Permissions::from_mode(0o600)).expect("set");
    found(&app, &[("DRIFTSENTRY_LIMITS_CONNECTIONS", "900000")], 1);

    app.stop();
    let told = found(
        &app,
        &[
            ("DRIFTSENTRY_LISTEN", "here"),
            ("DRIFTSENTRY_LOG_FORMAT", "x"),
        ],
        2,
    );
    says(
        &told,
        "configuration",
        "failure",
        &["DRIFTSENTRY_LISTEN: listen must be"],
    );
    assert_eq!(told["configuration"].len(), 2, "{told:?}");
    let database = app.data_dir().join("driftsentry.redb");
    let mut bytes = fs::read(&database).expect("read");
    bytes[..4096].fill(0xff);
    fs::write(&database, bytes).expect("written");
    says(
        &found(&app, &[], 2),
        "store",
        "failure",
        &["no DriftSentry database"],
    );
}

/// What is in a bundle, by name.
fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let mode = fs::metadata(path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = fs::File::open(path).expect("opened");
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let entries = archive.entries().expect("an archive");
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let name = entry
                .path()
                .expect("a path")
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            (name, text)
        })
        .collect()
}

#[test]
fn a_support_bundle_tells_what_is_needed_running_and_stopped() {
    let mut app = App::stopped();
    let log = app.scratch("logs/driftsentry.log");
    let log = log.to_str().expect("a path").to_owned();
    app.set(&[("DRIFTSENTRY_LOG_FILE", log.clone())]);
    app.start_again();
    app.as_engineer()
        .push("shop/prod", "07-scan1.refresh.json")
        .expect(201);
    let environment = [
        ("DRIFTSENTRY_LOG_FILE", log.as_str()),
        ("DRIFTSENTRY_LIMITS_STREAMS", "77"),
    ];
    for running in [true, false] {
        if !running {
            app.stop();
        }
        let file = app.scratch(if running {
            "running.tar.gz"
        } else {
            "stopped.tar.gz"
        });
        let name = file.to_str().expect("a path");
        let said = command(&app, &environment, &["support-bundle", "--output", name]).expect(0);
        let bundle = unpacked(&file);
        assert!(said.stdout.contains(name), "{said:?}");
        for part in bundle.keys() {
            assert!(
                said.stdout.contains(&format!("  {part}")),
                "{part} in {said:?}"
            );
        }
        let json = |name: &str| -> Value { serde_json::from_str(&bundle[name]).expect("JSON") };
        assert_eq!(json("version.json")["version"], env!("CARGO_PKG_VERSION"));
        assert!(json("doctor.json")["findings"].is_array());
        assert!(bundle["config.toml"].contains("limits.streams = 77"));
        assert_eq!(json("store.json")["rows"]["drifts.v1"], 6);
        assert!(
            json("store.json")["files"]
                .to_string()
                .contains("driftsentry.redb")
        );
        assert!(json("machine.json")["kernel"].is_string());
        assert!(
            bundle["log.txt"].contains("\"message\":\"Request\""),
            "{:?}",
            bundle.keys()
        );
        assert_eq!(bundle.contains_key("metrics.txt"), running);
        if running {
            assert_eq!(json("health.json")["ready"], true);
            assert!(bundle["metrics.txt"].ends_with("# EOF\n"));
        }
        // A bundle that is there is never written over.
        command(&app, &environment, &["support-bundle", "--output", name]).expect(73);
    }
    let missing = app.scratch("none.log");
    let missing = missing.to_str().expect("a path");
    command(&app, &[], &["support-bundle", "--log", missing]).expect(66);
}

/// Twenty secrets of all kinds, planted wherever one may come from.
#[test]
fn twenty_planted_secrets_leave_by_no_way() {
    let mut app = App::stopped();
    let mut secrets: Vec<(&str, String)> = Vec::new();
    let mut plant = |what: &'static str, secret: &str| {
        secrets.push((what, secret.to_owned()));
        secret.to_owned()
    };
    let admin = plant("the first administrator's password", ADMIN.1);
    let scrape = plant(
        "the metrics token, in the environment",
        "planted-scrape-0123456789",
    );
    let filed = plant(
        "a metrics token that loses, in the file",
        "planted-lost-0123456789",
    );
    let keys = format!("k4.local.{}", "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE");
    plant("a PASETO key", &keys["k4.local.".len()..]);
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
    let pem = issued.signing_key.serialize_pem();
    plant("the TLS key", pem.lines().nth(1).expect("its first line"));
    let [cert, key, paseto, config, log] = [
        "cert.pem",
        "key.pem",
        "given.keys",
        "driftsentry.toml",
        "logs/driftsentry.log",
    ]
    .map(|name| app.scratch(name).to_str().expect("a path").to_owned());
    fs::write(&cert, issued.cert.pem()).expect("written");
    fs::write(&key, pem).expect("written");
    fs::write(&paseto, format!("{keys}\n")).expect("written");
    for file in [&key, &paseto] {
        fs::set_permissions(file, Permissions::from_mode(0o600)).expect("set");
    }
    fs::write(
        &config,
        format!("metrics.token = '{filed}'\nauth.token_keys_file = '{paseto}'\n"),
    )
    .expect("written");
    let settings = [
        ("DRIFTSENTRY_CONFIG", config.clone()),
        ("DRIFTSENTRY_ADMIN_PASSWORD", admin),
        ("DRIFTSENTRY_METRICS_TOKEN", scrape.clone()),
        ("DRIFTSENTRY_LOG_LEVEL", "trace".to_owned()),
        ("DRIFTSENTRY_LOG_FILE", log),
    ];
    app.set(&settings);
    app.start_again();

    // What people and machines sign in with.
    let nobody = app.as_nobody();
    let wrong = plant("a wrong password", "planted wrong password 81");
    nobody.sign_in(ADMIN.0, &wrong).expect(401);
    let signed_in = nobody.sign_in(ADMIN.0, ADMIN.1).expect(200);
    let access = plant("an access token", &signed_in.text("/data/accessToken"));
    let refresh = plant("a refresh token", &signed_in.text("/data/refreshToken"));
    let renewed = nobody
        .post("/auth/refresh", &json!({"refreshToken": refresh}))
        .expect(200);
    plant(
        "the next refresh token",
        &renewed.text("/data/refreshToken"),
    );
    let ingest = plant("an API key that pushes", &app.ingest_key());
    let read = plant(
        "an API key that reads",
        &app.new_key("planted", "read", &[]),
    );
    plant("the password of another account", PASSWORD);
    app.new_user("planted", "viewer");
    let other = plant("a new password", "planted new password 17");
    let change = json!({"currentPassword": wrong, "newPassword": other});
    nobody
        .with_credential(&access)
        .put("/users/me/password", &change);
    nobody.with_credential(&read).get("/drifts").expect(200);

    // Where nobody should put one.
    let in_path = plant("a secret in a path", "planted-path-3f9c");
    nobody.send("GET", &format!("/api/v1/drifts/{in_path}"), &[], None);
    let in_query = plant("a secret in a query", "planted-query-7a1d");
    nobody.send(
        "GET",
        &format!("/api/v1/drifts?token={in_query}"),
        &[],
        None,
    );
    let in_header = plant("a secret in a header", "planted-header-0b44");
    nobody.send(
        "GET",
        "/metrics",
        &[
            ("authorization", &format!("Bearer {in_header}")),
            ("x-forwarded-for", "192.0.2.1"),
        ],
        None,
    );
    let in_cookie = plant("a secret in a cookie", "planted-cookie-55e2");
    nobody.send(
        "GET",
        "/",
        &[(
            "cookie",
            &format!("driftsentry_refresh=dsr_{in_cookie}; other={in_cookie}"),
        )],
        None,
    );
    let in_body = plant("a secret in a broken body", "planted-body-91fa");
    nobody.send(
        "POST",
        "/api/v1/auth/login",
        &[("content-type", "application/json")],
        Some(format!("{{\"{in_body}").as_bytes()),
    );

    // In a plan: marked as sensitive, by its name, and an ordinary value of a resource.
    let [marked, named, plain] = [
        ("a sensitive value of a plan", "planted-sensitive-aa31"),
        ("a password of a plan", "planted-plan-password-c0de"),
        ("a value of a resource", "planted-ordinary-value-77"),
    ]
    .map(|(what, secret)| plant(what, secret));
    let plan = Plan::refresh_only().deleted(
        "aws_db_instance.main",
        json!({"id": "db-1", "password": named, "size": plain, "note": marked}),
    );
    let pushing = nobody.with_credential(&ingest);
    pushing
        .push_bytes("shop/prod", &plan.bytes(), &[])
        .expect(201);
    assert!(secrets.len() >= 20, "{}", secrets.len());

    let environment: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut said = vec![("the log", app.log())];
    for running in [true, false] {
        if !running {
            app.stop();
        }
        let file = app.scratch(if running {
            "running.tar.gz"
        } else {
            "stopped.tar.gz"
        });
        let output = file.to_str().expect("a path");
        let bundle = command(&app, &environment, &["support-bundle", "--output", output]).expect(0);
        said.push(("the command", bundle.stdout + &bundle.stderr));
        let parts = unpacked(&file);
        assert!(parts["log.txt"].lines().count() > 20);
        said.extend(parts.into_values().map(|text| ("the bundle", text)));
        let doctor = command(&app, &environment, &["doctor"]);
        said.push(("the doctor", doctor.stdout + &doctor.stderr));
    }
    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["config", "check"],
    ] {
        let shown = command(&app, &environment, arguments).expect(0);
        said.push(("config", shown.stdout + &shown.stderr));
    }
    let logs = fs::read_dir(app.scratch("logs")).expect("logs").flatten();
    said.extend(logs.map(|file| ("a log file", fs::read_to_string(file.path()).expect("text"))));
    for (place, text) in &said {
        for (what, secret) in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "{place} tells {what}: {secret}"
            );
        }
    }
}
