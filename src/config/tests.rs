use super::*;

fn sources(file: &str, environment: &[(&str, &str)], listen: Option<&str>) -> Sources {
    Sources {
        flags: Flags {
            listen: listen.map(str::to_owned),
            ..Flags::default()
        },
        environment: environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        file: Some(("c.toml".into(), file.to_owned())),
    }
}

fn load(file: &str, environment: &[(&str, &str)], listen: Option<&str>) -> Result<Config, String> {
    Config::of(&sources(file, environment, listen)).map_err(|error| error.to_string())
}

#[test]
fn every_default_is_a_value_and_the_server_has_the_same() {
    let config = Config::of(&Sources::default()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8420");
    let (ours, servers) = (config.serve_options(), ServeOptions::default());
    assert_eq!(format!("{ours:?}"), format!("{servers:?}"));
    assert_eq!(config.alerts.patience, crate::alerts::Patience::default());
    assert_eq!(
        config.limits.streams,
        crate::events::audience::Limits::default()
    );
    // A default that its own setting refuses would be left out silently: written down, it is told.
    for setting in table::SETTINGS {
        let Some(default) = setting.default else {
            continue;
        };
        let given = [(&*setting.variable(), default)];
        let same = load("", &given, None).unwrap();
        assert_eq!(
            Config {
                values: config.values.clone(),
                ..same
            },
            config,
            "{}",
            setting.key
        );
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "listen = '127.0.0.1:1'\ndata_dir = '/file'\n[log]\nlevel = 'warn'";
    let environment = [
        ("DRIFTSENTRY_LISTEN", "127.0.0.1:2"),
        ("DRIFTSENTRY_DATA_DIR", "/env"),
    ];
    let config = load(file, &environment, Some("127.0.0.1:3")).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.data_dir, PathBuf::from("/env"));
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.limits.scan_bytes, 256 << 20);
    assert_eq!(config.store.cache_bytes, 32 << 20);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let file =
        "listn = 'x'\n\n[limits]\nconnections = 0\nscan_bytes = '2 XB'\n[log]\nformat = 'loud'";
    let error = load(file, &[("DRIFTSENTRY_LISTEN", "nowhere")], None).unwrap_err();
    for told in [
        "c.toml:1: listn",
        "did you mean listen?",
        "c.toml:4: limits.connections",
        "c.toml:5: limits.scan_bytes",
        "c.toml:7: log.format",
        "DRIFTSENTRY_LISTEN",
    ] {
        assert!(error.contains(told), "{told} in\n{error}");
    }
    assert_eq!(error.lines().count(), 5, "{error}");
}

#[test]
fn what_is_no_setting_is_told_with_what_may_be_meant() {
    for (file, told) in [
        ("limits.connection = 1", "did you mean limits.connections?"),
        ("connections = 1", "did you mean limits.connections?"),
        (
            "[tls]\ncertificate_path = '/c'",
            "c.toml:2: tls.certificate_path is no key: [tls] has cert, key",
        ),
        ("tls = 1", "tls must be a section: write [tls]"),
        ("[colours]\nx = 1", "colours is no key: there are listen,"),
        ("listen = 8.5", "listen must be an address and a port"),
    ] {
        let error = load(file, &[], None).unwrap_err();
        assert!(error.contains(told), "{told} in\n{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let misspelt = [("DRIFTSENTRY_LOG_LEVLE", "debug")];
    let error = load("", &misspelt, None).unwrap_err();
    assert_eq!(
        error,
        "DRIFTSENTRY_LOG_LEVLE: is no setting: did you mean DRIFTSENTRY_LOG_LEVEL?"
    );
    // What Kubernetes sets for a service of our name, and what is for other commands, keeps nobody from starting.
    let others = [
        ("DRIFTSENTRY_PORT", "tcp://10.0.0.1:8420"),
        ("DRIFTSENTRY_SERVICE_HOST", "10.0.0.1"),
        ("DRIFTSENTRY_API_KEY", "dsk_x"),
    ];
    let config = load("", &others, None).unwrap();
    assert_eq!(
        config.values.unknown_variables(),
        ["DRIFTSENTRY_PORT", "DRIFTSENTRY_SERVICE_HOST"]
    );
}

#[test]
fn a_value_out_of_bounds_is_told_with_the_bounds() {
    for (file, told) in [
        (
            "log.keep_days = 0",
            "must be a whole number from 1 to 3650, not \"0\"",
        ),
        (
            "limits.body_bytes = '1 GiB'",
            "must be a size from 16 KiB to 64 MiB",
        ),
        (
            "log.format = 'xml'",
            "must be auto, json or pretty, not \"xml\"",
        ),
        (
            "log.level = 'driftsentry=loud'",
            "must be a level such as info",
        ),
        ("data_dir = ''", "must be a path"),
    ] {
        let error = load(file, &[], None).unwrap_err();
        assert!(error.contains(told), "{told} in\n{error}");
    }
}

#[test]
fn a_credential_is_taken_where_nothing_else_says() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("metrics.token", "credential-0123456789"),
        ("admin.password", "seven rusty anchors\n"),
        ("paseto.keys", ""),
        ("tls.key", ""),
        ("tls.cert", ""),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let environment = [("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap())];
    let config = load("", &environment, None).unwrap();
    assert!(config.scrape_token.unwrap().is(b"credential-0123456789"));
    let password = config.auth.first_admin.password.unwrap();
    assert_eq!(&*password.0, "seven rusty anchors");
    assert_eq!(
        config.auth.token_keys_file,
        Some(dir.path().join("paseto.keys"))
    );
    assert_eq!(config.tls.unwrap().key, dir.path().join("tls.key"));
    let file = "metrics.token = 'written-0123456789'\n[tls]\ncert = '/c'\nkey = '/k'";
    let config = load(file, &environment, None).unwrap();
    assert!(config.scrape_token.unwrap().is(b"written-0123456789"));
    assert_eq!(config.tls.unwrap().key, PathBuf::from("/k"));
}

#[test]
fn under_systemd_its_directory_is_the_default() {
    let state = [(
        "STATE_DIRECTORY",
        "/var/lib/driftsentry:/var/lib/driftsentry/backups",
    )];
    let config = load("", &state, None).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/driftsentry"));
    assert!(config.values.to_string().contains("# $STATE_DIRECTORY"));
    let config = load("data_dir = '/srv'", &state, None).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/srv"));
}

#[test]
fn a_secret_in_a_file_of_a_higher_source_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "filed-0123456789\n").unwrap();
    let named = [("DRIFTSENTRY_METRICS_TOKEN_FILE", path.to_str().unwrap())];
    let config = load("metrics.token = 'written-0123456789'", &named, None).unwrap();
    assert!(config.scrape_token.unwrap().is(b"filed-0123456789"));
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    let error = load("listen = '127.0.0.1:1'\nb = = 2\n[x", &[], None).unwrap_err();
    for line in ["c.toml:2: is no TOML", "c.toml:3: is no TOML"] {
        assert!(error.contains(line), "{error}");
    }
}

#[test]
fn sizes_are_numbers_or_words() {
    let config = load(
        "[limits]\nbody_bytes = '2 MiB'\nscan_bytes = 5000000",
        &[],
        None,
    )
    .unwrap();
    assert_eq!(
        (config.limits.body_bytes, config.limits.scan_bytes),
        (2 << 20, 5_000_000)
    );
}

#[test]
fn a_list_is_an_array_in_a_file_and_has_commas_in_the_environment() {
    let written = load(
        "trusted_proxies = ['10.0.0.0/8', '::1']\nallow_insecure_http = true",
        &[],
        None,
    )
    .unwrap();
    let said = [("DRIFTSENTRY_TRUSTED_PROXIES", "10.0.0.0/8, ::1")];
    let said = load("", &said, None).unwrap();
    assert_eq!(written.trusted_proxies, said.trusted_proxies);
    assert!(said.trusted_proxies.contains([10, 1, 1, 1].into()));
    assert!(written.allow_insecure_http && !said.allow_insecure_http);
    for wrong in [
        "trusted_proxies = [1]",
        "trusted_proxies = ['x']",
        "listen = ['127.0.0.1:1']",
        "allow_insecure_http = 'yes'",
    ] {
        let error = load(wrong, &[], None).unwrap_err();
        assert!(error.starts_with("c.toml:1: "), "{error}");
    }
}

#[test]
fn spans_are_a_number_and_a_unit() {
    let patience = |file: &str, said: &[(&str, &str)]| {
        load(file, said, None).map(|config| config.alerts.patience)
    };
    let patience_of = |undecided_ms, unremedied_ms| crate::alerts::Patience {
        undecided_ms,
        unremedied_ms,
    };
    let usual = patience("", &[]).unwrap();
    assert_eq!(usual, patience_of(86_400_000, 86_400_000));
    let file = "[alerts]\napproval_needed_after = '90m'\nremediation_failed_after = '2w'";
    let said = [("DRIFTSENTRY_ALERTS_APPROVAL_NEEDED_AFTER", "1s")];
    let both = patience(file, &said).unwrap();
    assert_eq!(both, patience_of(1_000, 1_209_600_000));
    for wrong in [
        "0s",
        "24",
        "1.5h",
        "-1h",
        "h",
        "53w",
        "1y",
        "9999999999999999w",
    ] {
        let file = format!("alerts.remediation_failed_after = '{wrong}'");
        let error = patience(&file, &[]).unwrap_err();
        assert!(
            error.contains("c.toml:1: alerts.remediation_failed_after must be"),
            "{error}"
        );
    }
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let both = load("[tls]\ncert = '/c'\nkey = '/k'", &[], None).unwrap();
    assert_eq!(both.tls.unwrap().key, PathBuf::from("/k"));
    let error = load("[tls]\ncert = '/c'", &[], None).unwrap_err();
    assert!(error.contains("c.toml:2: tls.cert needs"), "{error}");
    assert!(error.contains("--tls-key"), "{error}");
    let key = [("DRIFTSENTRY_TLS_KEY", "/k")];
    let error = load("", &key, None).unwrap_err();
    assert!(error.contains("DRIFTSENTRY_TLS_KEY: tls.key"), "{error}");
    let flags = Flags {
        tls_cert: Some("/c".into()),
        ..Flags::default()
    };
    let sources = Sources {
        flags,
        ..Sources::default()
    };
    let error = Config::of(&sources).unwrap_err();
    assert!(error.to_string().starts_with("--tls-cert: "), "{error}");
}

#[test]
fn a_secret_is_never_told() {
    let secret = "s3cr3t-s3cr3t-s3cr3t";
    let file = format!("metrics.token = '{secret}'");
    let config = load(&file, &[], None).unwrap();
    assert!(config.scrape_token.as_ref().unwrap().is(secret.as_bytes()));
    assert!(!format!("{config:?}").contains(secret));
    let file = format!("metrics.token = '{secret} '\nmetrics.token_file = '/nowhere'");
    let error = load(&file, &[], None).unwrap_err();
    assert!(!error.contains(secret), "{error}");
    assert!(error.contains("keep one of them"), "{error}");
    assert_eq!(error.lines().count(), 3, "{error}");
}
