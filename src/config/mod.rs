//! Configuration: flag, else environment, else file, else default. Checked wholly at the start, every mistake
//! told at once with its place.

mod auth;
mod limits;
mod log;
pub mod serve_options;
mod source;
mod store;
mod value;

pub use serve_options::ServeOptions;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use auth::{AuthConfig, FirstAdmin, GivenPassword};
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use source::{ConfigError, Mistake, Place};
pub use store::StoreConfig;

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
    /// Logs.
    pub log: LogConfig,
    /// What clients may use up.
    pub limits: LimitsConfig,
    /// The database.
    pub store: StoreConfig,
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
        let data_dir = flags.data_dir.as_ref();
        settings.add_flag("data_dir", data_dir.map(|dir| dir.display().to_string()));

        let config = Self {
            listen: settings
                .take("listen", value::address)
                .unwrap_or(DEFAULT_LISTEN),
            data_dir: settings
                .take("data_dir", value::path)
                .unwrap_or_else(|| PathBuf::from("./driftsentry-data")),
            auth: AuthConfig::from(&mut settings),
            log: LogConfig::from(&mut settings),
            limits: LimitsConfig::from(&mut settings),
            store: StoreConfig::from(&mut settings),
        };
        settings.finish()?;
        Ok(config)
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
}
