//! Configuration: flag, else environment, else file, else default. Checked wholly at the start, every mistake
//! told at once with its place.

mod alerts;
mod auth;
mod backup;
mod limits;
mod log;
mod retention;
mod scrape;
pub mod serve_options;
mod source;
mod store;
mod tls;
mod trusted_proxies;
mod value;

pub use serve_options::ServeOptions;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use alerts::AlertsConfig;
pub use auth::{AuthConfig, FirstAdmin, GivenPassword};
pub use backup::BackupConfig;
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use retention::RetentionConfig;
pub use scrape::ScrapeToken;
pub use source::{ConfigError, Mistake, Place};
pub use store::StoreConfig;
pub use tls::TlsConfig;
pub use trusted_proxies::TrustedProxies;

use source::Settings;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of everything that is kept.
    pub data_dir: PathBuf,
    /// The first administrator, and the keys of access tokens.
    pub auth: AuthConfig,
    /// The certificate to serve with; none for HTTP in the clear.
    pub tls: Option<TlsConfig>,
    /// Whether other machines may be served in the clear.
    pub allow_insecure_http: bool,
    /// Who is believed about their clients.
    pub trusted_proxies: TrustedProxies,
    /// What `/metrics` asks for from elsewhere.
    pub scrape_token: Option<ScrapeToken>,
    /// Logs.
    pub log: LogConfig,
    /// When an alert says that something was not done.
    pub alerts: AlertsConfig,
    /// What clients may use up.
    pub limits: LimitsConfig,
    /// The database.
    pub store: StoreConfig,
    /// Where backups are kept, and how many.
    pub backup: BackupConfig,
    /// How long what is over is kept.
    pub retention: RetentionConfig,
}

/// What the command line says; the rest comes from the environment and the file.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`, as text: its mistakes are told with all others.
    pub listen: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration of this process.
    ///
    /// # Errors
    /// When the file can't be read, or with every mistake in it, in the environment and in the flags.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let environment = |name: &str| std::env::var(name).ok();
        let named = environment("DRIFTSENTRY_CONFIG").map(PathBuf::from);
        let file = flags.config.clone().or(named);
        let text = match &file {
            Some(path) => Some(source::read(path)?),
            None => None,
        };
        let file = file.as_deref().zip(text.as_deref());
        Self::from_sources(flags, environment, file)
    }

    /// Reads the configuration from these sources alone.
    ///
    /// # Errors
    /// With every mistake in them.
    pub fn from_sources(
        flags: &Flags,
        environment: impl Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = Settings::default();
        if let Some((path, text)) = file {
            settings.add_file(path, text);
        }
        settings.add_environment(environment);
        settings.add_flag("listen", flags.listen.clone());
        let paths = [
            ("data_dir", &flags.data_dir),
            ("tls.cert", &flags.tls_cert),
            ("tls.key", &flags.tls_key),
        ];
        for (key, path) in paths {
            let text = path.as_ref().map(|path| path.display().to_string());
            settings.add_flag(key, text);
        }

        let config = Self {
            listen: settings
                .take("listen", value::address)
                .unwrap_or(DEFAULT_LISTEN),
            data_dir: settings
                .take("data_dir", value::path)
                .unwrap_or_else(|| PathBuf::from("./driftsentry-data")),
            auth: AuthConfig::from(&mut settings),
            tls: TlsConfig::from(&mut settings),
            allow_insecure_http: settings
                .take("allow_insecure_http", value::truth)
                .unwrap_or(false),
            trusted_proxies: settings
                .take("trusted_proxies", |text| text.parse())
                .unwrap_or_default(),
            scrape_token: ScrapeToken::from(&mut settings),
            log: LogConfig::from(&mut settings),
            alerts: AlertsConfig::from(&mut settings),
            limits: LimitsConfig::from(&mut settings),
            store: StoreConfig::from(&mut settings),
            backup: BackupConfig::from(&mut settings),
            retention: RetentionConfig::from(&mut settings),
        };
        settings.finish()?;
        Ok(config)
    }

    /// The directory that backups are kept in.
    pub fn backup_dir(&self) -> PathBuf {
        let dir = self.backup.dir.clone();
        dir.unwrap_or_else(|| self.data_dir.join("backups"))
    }

    /// The server's bounds, as configured.
    pub fn serve_options(&self) -> ServeOptions {
        ServeOptions {
            trusted_proxies: self.trusted_proxies.clone(),
            ..self.limits.serve_options()
        }
    }
}

/// Loopback, so that a first try exposes nothing.
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8420);

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        file: &str,
        environment: &[(&str, &str)],
        listen: Option<&str>,
    ) -> Result<Config, String> {
        let flags = Flags {
            listen: listen.map(str::to_owned),
            ..Flags::default()
        };
        let find = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_sources(&flags, find, Some((Path::new("c.toml"), file)))
            .map_err(|error| error.to_string())
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
        assert_eq!(config.store.cache_bytes, 64 << 20);
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
    fn a_file_that_is_no_toml_is_told_with_its_line() {
        let error = load("a = 1\nb = = 2", &[], None).unwrap_err();
        assert!(error.contains("c.toml:2"), "{error}");
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
        let error = Config::from_sources(&flags, |_| None, None).unwrap_err();
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
}
