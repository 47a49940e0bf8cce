//! Configuration: flag, else environment, else file, else default. Checked wholly at the start, every mistake
//! told at once with its place.

mod alerts;
mod auth;
mod backup;
mod limits;
mod log;
mod reference;
mod retention;
mod scrape;
pub mod serve_options;
mod source;
mod store;
pub mod table;
mod tls;
mod trusted_proxies;
mod value;
mod values;

pub use serve_options::ServeOptions;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use alerts::AlertsConfig;
pub use auth::{AuthConfig, FirstAdmin, GivenPassword};
pub use backup::BackupConfig;
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use reference::{example, reference};
pub use retention::RetentionConfig;
pub use scrape::ScrapeToken;
pub use source::{ConfigError, Mistake, Place};
pub use store::StoreConfig;
pub use tls::TlsConfig;
pub use trusted_proxies::TrustedProxies;
pub use values::{Value, Values};

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
    /// The same as text, with where each value comes from.
    pub values: Values,
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

/// What a configuration is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The command line.
    pub flags: Flags,
    /// The environment's variables.
    pub environment: Vec<(OsString, OsString)>,
    /// The file, with its text.
    pub file: Option<(PathBuf, String)>,
}

impl Sources {
    /// Those of this process: its environment, and the file that a flag or a variable names.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn of_process(flags: &Flags) -> Result<Self, ConfigError> {
        let named = std::env::var_os("DRIFTSENTRY_CONFIG").filter(|name| !name.is_empty());
        let file = flags.config.clone().or(named.map(PathBuf::from));
        let file = match file {
            Some(path) => {
                let text = source::read(&path)?;
                Some((path, text))
            }
            None => None,
        };
        Ok(Self {
            flags: flags.clone(),
            environment: std::env::vars_os().collect(),
            file,
        })
    }
}

impl Config {
    /// Reads the configuration of this process.
    ///
    /// # Errors
    /// When the file can't be read, or with every mistake in it, in the environment and in the flags.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Self::of(&Sources::of_process(flags)?)
    }

    /// Reads the configuration from these sources alone.
    ///
    /// # Errors
    /// With every mistake in them.
    pub fn of(sources: &Sources) -> Result<Self, ConfigError> {
        let mut settings = Settings::default();
        for (name, value) in &sources.environment {
            match name.to_str() {
                Some("STATE_DIRECTORY") => settings.add_state_directory(value),
                Some("CREDENTIALS_DIRECTORY") => settings.add_credentials(value),
                _ => {}
            }
        }
        if let Some((path, text)) = &sources.file {
            settings.add_file(path, text);
        }
        settings.add_environment(&sources.environment);
        let flags = &sources.flags;
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
            values: Values::of(&settings),
            listen: settings.address("listen").unwrap_or(NOWHERE),
            data_dir: settings.path("data_dir").unwrap_or_default(),
            auth: AuthConfig::from(&mut settings),
            tls: TlsConfig::from(&mut settings),
            allow_insecure_http: settings.truth("allow_insecure_http"),
            trusted_proxies: settings
                .take("trusted_proxies", str::parse)
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

    /// Every secret that it holds, to be kept out of what is passed on.
    pub fn secrets(&self) -> Vec<String> {
        let password = self.auth.first_admin.password.as_ref();
        let mut secrets: Vec<String> = password
            .map(|given| given.0.to_string())
            .into_iter()
            .collect();
        secrets.extend(
            self.scrape_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
        );
        secrets.extend(self.values.secrets());
        secrets
    }

    /// The server's bounds, as configured.
    pub fn serve_options(&self) -> ServeOptions {
        ServeOptions {
            trusted_proxies: self.trusted_proxies.clone(),
            ..self.limits.serve_options()
        }
    }
}

/// Stands in for an address that is wrong, until the mistake is told.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

#[cfg(test)]
mod tests;
