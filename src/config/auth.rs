//! `[admin]` and `[auth]`.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::source::Settings;
use crate::users::{Email, Password};

/// Who is to be the first administrator, as configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstAdmin {
    /// What the account signs in with.
    pub email: Option<Email>,
    /// Its password.
    pub password: Option<GivenPassword>,
}

/// A password from the configuration; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenPassword(pub Arc<str>);

impl std::fmt::Debug for GivenPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenPassword(…)")
    }
}

/// The first administrator, and the keys of access tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthConfig {
    /// Who is to be the first administrator, where there is no account yet.
    pub first_admin: FirstAdmin,
    /// The file with the keys of access tokens; one of our own in the data directory where it isn't said.
    pub token_keys_file: Option<PathBuf>,
}

impl AuthConfig {
    pub(super) fn from(settings: &mut Settings) -> Self {
        let email = settings.take("admin.email", |text| {
            text.parse::<Email>().map_err(str::to_owned)
        });
        let known = email.as_ref().map_or("", Email::as_str).to_owned();
        let password = settings.secret("admin.password", |text| {
            Password::new(text, &known)
                .map(|_| GivenPassword(Arc::from(text)))
                .map_err(str::to_owned)
        });
        Self {
            first_admin: FirstAdmin { email, password },
            token_keys_file: settings.path("auth.token_keys_file"),
        }
    }
}
