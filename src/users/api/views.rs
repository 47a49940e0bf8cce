//! How accounts are shown: nothing of their password ever is.

use poem_openapi::Object;
use serde::Serialize;

use crate::actor::Role;
use crate::ids::UserId;
use crate::time::Timestamp;
use crate::users::{Record, Settings, Theme};

/// The account that signed in.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Account", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its id.
    id: UserId,
    /// What it signs in with.
    email: String,
    /// The person's first name.
    first_name: Option<String>,
    /// The person's last name.
    last_name: Option<String>,
    /// What it may do.
    role: Role,
    /// Whether its password has to be changed before anything else.
    must_change_password: bool,
}

impl From<Record> for AccountView {
    fn from(user: Record) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            must_change_password: user.must_change_password,
        }
    }
}

/// What somebody chose for themselves.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Settings", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsView {
    /// Whether only critical alerts are to be counted and announced.
    critical_alerts_only: bool,
    /// How the web UI looks.
    theme: Theme,
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        Self {
            critical_alerts_only: settings.critical_alerts_only,
            theme: settings.theme,
        }
    }
}

/// A person's account. Nothing of its password is ever shown.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "User", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub(super) struct UserView {
    /// Its id.
    id: UserId,
    /// What it signs in with.
    email: String,
    /// The person's first name.
    first_name: Option<String>,
    /// The person's last name.
    last_name: Option<String>,
    /// What it may do.
    role: Role,
    /// Whether it may not sign in.
    disabled: bool,
    /// Whether its password has to be changed before anything else.
    must_change_password: bool,
    /// What the person chose.
    settings: SettingsView,
    /// When it last signed in; null before the first time.
    last_login_at: Option<Timestamp>,
    /// When its password was last changed.
    password_changed_at: Timestamp,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

impl From<Record> for UserView {
    fn from(user: Record) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            disabled: user.disabled,
            must_change_password: user.must_change_password,
            settings: user.settings.into(),
            last_login_at: user.last_login_at,
            password_changed_at: user.password_changed_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// An account with the one-time password that was made for it.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "UserWithPassword", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub(super) struct WithPasswordView {
    /// The account.
    #[oai(flatten)]
    #[serde(flatten)]
    pub(super) user: UserView,
    /// To be changed at the next sign-in, and shown this once; null where a password was given.
    pub(super) one_time_password: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;
    use crate::users::PasswordHash;

    #[test]
    fn views_have_the_contracts_fields_and_nothing_of_the_password() {
        let now = Timestamp::from_unix_ms(0);
        let user = Record {
            id: UserId::new(now),
            email: "ana@example.com".parse().unwrap(),
            first_name: None,
            last_name: Some("Lima".to_owned()),
            role: Role::Viewer,
            disabled: false,
            password: PasswordHash::decoy().clone(),
            must_change_password: true,
            password_changed_at: now,
            settings: Settings::default(),
            last_login_at: None,
            created_at: now,
            updated_at: now,
        };
        let view = agreed(&UserView::from(user.clone()));
        assert!(!view.to_string().contains("argon2"), "{view}");
        agreed(&AccountView::from(user.clone()));
        let with = agreed(&WithPasswordView {
            user: user.into(),
            one_time_password: None,
        });
        assert_eq!(with["email"], "ana@example.com");
        assert!(with["oneTimePassword"].is_null());
    }
}
