//! Who may read and write what: secrets, and the data directory.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::{Config, Place};
use crate::doctor::Finding;
use crate::store::FILE_NAME;

const CHECK: &str = "permissions";

/// Whether others may read the secrets that the configuration names or holds.
pub(super) fn of_secrets(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in secrets(config) {
        match std::fs::metadata(&path) {
            Ok(found) if found.mode() & 0o007 != 0 => findings.push(Finding::warning(
                CHECK,
                format_args!(
                    "Everybody on this machine may open {0}, which holds a secret: chmod o= {0}",
                    path.display()
                ),
            )),
            // One that can't be read has been told with the configuration.
            _ => {}
        }
    }
    findings
}

/// The files with a secret in them.
fn secrets(config: &Config) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for value in config.values.all() {
        let key = value.setting.key;
        match &value.place {
            // systemd shows its credentials to the service alone.
            Some(Place::Credential(_)) | None => {}
            Some(Place::Line(path, _)) if value.setting.is_secret() => paths.push(path.clone()),
            Some(_) if key.ends_with("_file") || key == "tls.key" => {
                paths.extend(value.shown().map(|path| PathBuf::from(&*path)));
            }
            Some(_) => {}
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Whether the data directory is its owner's alone, and all in it is the owner's.
pub(super) fn of_data(dir: &Path) -> Vec<Finding> {
    let found = match std::fs::metadata(dir) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Finding::ok(
                CHECK,
                format_args!(
                    "{} is not there: the server makes it at its first start.",
                    dir.display()
                ),
            )];
        }
        Err(error) => {
            return vec![Finding::failure(
                CHECK,
                format_args!(
                    "{} can't be looked into ({error}): run this as the server's user or as root.",
                    dir.display()
                ),
            )];
        }
    };
    if !found.is_dir() {
        return vec![Finding::failure(
            CHECK,
            format_args!(
                "{} is no directory: name another with --data-dir.",
                dir.display()
            ),
        )];
    }
    let mut findings = Vec::new();
    if found.mode() & 0o077 != 0 {
        findings.push(Finding::warning(
            CHECK,
            format_args!(
                "Others than its owner may enter {0} (mode {1:o}): chmod 700 {0}",
                dir.display(),
                found.mode() & 0o7777
            ),
        ));
    }
    let files = match std::fs::read_dir(dir) {
        Ok(files) => files,
        Err(error) => {
            findings.push(Finding::failure(
                CHECK,
                format_args!(
                    "{} can't be looked into ({error}): run this as the server's user or as root.",
                    dir.display()
                ),
            ));
            return findings;
        }
    };
    for file in files.flatten() {
        if let Ok(metadata) = file.metadata() {
            findings.extend(of_file(&file.path(), &metadata, found.uid()));
        }
    }
    if findings.is_empty() {
        let uid = found.uid();
        findings.push(Finding::ok(
            CHECK,
            format_args!("{} and all in it is uid {uid}'s alone.", dir.display()),
        ));
    }
    findings
}

/// What is wrong with a file of the data directory.
fn of_file(path: &Path, metadata: &Metadata, owner: u32) -> Option<Finding> {
    let name = path.file_name()?.to_string_lossy();
    if metadata.uid() != owner {
        return Some(Finding::failure(
            CHECK,
            format_args!(
                "{0} belongs to uid {1}, its directory to uid {owner}: chown {owner} {0}",
                path.display(),
                metadata.uid()
            ),
        ));
    }
    let is_secret = name.ends_with(".key") || name.ends_with(".keys") || name == FILE_NAME;
    (is_secret && metadata.mode() & 0o077 != 0).then(|| {
        Finding::failure(
            CHECK,
            format_args!(
                "Others than its owner may open {0}: chmod 600 {0}",
                path.display()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Sources;
    use crate::doctor::Level;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_open_is_told_with_the_command_that_closes_it() {
        let dir = tempfile::tempdir().unwrap();
        chmod(dir.path(), 0o700);
        let key = dir.path().join("fingerprint.key");
        fs::write(&key, "x").unwrap();
        chmod(&key, 0o600);
        assert_eq!(of_data(dir.path())[0].level, Level::Ok);
        chmod(&key, 0o640);
        chmod(dir.path(), 0o755);
        let findings = of_data(dir.path());
        let [outer, inner] = findings.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!((outer.level, inner.level), (Level::Warning, Level::Failure));
        assert!(
            outer
                .message
                .ends_with(&format!("chmod 700 {}", dir.path().display()))
        );
        assert!(
            inner
                .message
                .ends_with(&format!("chmod 600 {}", key.display()))
        );
        assert_eq!(of_data(&key)[0].level, Level::Failure);
        assert_eq!(of_data(&dir.path().join("new"))[0].level, Level::Ok);
    }

    #[test]
    fn a_secret_that_everybody_may_read_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        fs::write(&token, "0123456789abcdef").unwrap();
        let text = format!("metrics.token_file = '{}'", token.display());
        let config = Config::of(&Sources {
            file: Some(("c.toml".into(), text)),
            ..Sources::default()
        })
        .unwrap();
        chmod(&token, 0o640);
        assert!(of_secrets(&config).is_empty());
        chmod(&token, 0o644);
        let findings = of_secrets(&config);
        assert_eq!(findings[0].level, Level::Warning);
        assert!(
            findings[0]
                .message
                .ends_with(&format!("chmod o= {}", token.display()))
        );
    }
}
