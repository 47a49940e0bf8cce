//! The flags that say how the server is configured, for all commands that read its configuration.

use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::config::{Config, ConfigError, Flags};

// No doc comment: clap would take it for the help of every command that flattens it.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    /// The configuration file, in TOML [env: DRIFTSENTRY_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [env: DRIFTSENTRY_LISTEN] [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where everything is kept; made where it is missing [env: DRIFTSENTRY_DATA_DIR] [default: ./driftsentry-data]
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// The certificate to serve HTTPS with, in PEM, its intermediate ones after it [env: DRIFTSENTRY_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM [env: DRIFTSENTRY_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
}

impl ConfigArgs {
    /// The flags as the configuration takes them.
    pub(super) fn into_flags(self) -> Flags {
        Flags {
            config: self.config,
            listen: self.listen,
            data_dir: self.data_dir,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
        }
    }
}

/// Reads the configuration.
///
/// # Errors
/// With a line for each mistake.
pub(super) fn load(flags: &Flags) -> Result<Config, Failure> {
    Config::load(flags).map_err(|error| wrong(&error))
}

/// Every mistake of a configuration, a line each.
fn wrong(error: &ConfigError) -> Failure {
    let lines = error.lines();
    let count = match lines.len() {
        1 => "one mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    Failure::new(
        Exit::Config,
        format_args!("the configuration has {count}\n{}", lines.join("\n")),
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::config::table::SETTINGS;

    #[test]
    fn every_flag_of_the_table_is_one_and_its_help_tells_variable_and_default() {
        let cli = crate::cli::Cli::command();
        let serve = cli.find_subcommand("serve").unwrap();
        let mut flags = 0;
        for setting in SETTINGS {
            let Some(flag) = setting.flag else { continue };
            let long = flag.strip_prefix("--");
            let argument = serve.get_arguments().find(|each| each.get_long() == long);
            let help = argument.expect(flag).get_help().unwrap().to_string();
            assert!(help.contains(&format!("[env: {}]", setting.variable())));
            if let Some(default) = setting.default {
                assert!(help.contains(&format!("[default: {default}]")), "{help}");
            }
            flags += 1;
        }
        // `--config` is the only other one.
        let known = serve
            .get_arguments()
            .filter(|each| each.get_long().is_some());
        assert_eq!(known.count(), flags + 1);
    }
}
