//! The contract's calls on accounts: one's own, and everybody's for administrators.

pub mod views;

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};

use self::views::{SettingsView, UserView, WithPasswordView};
use super::{Change, Email, New, Password, PasswordHash, Record, Settings, Theme};
use crate::actor::Role;
use crate::error::{Error, Result};
use crate::http::page::{Start, wrong_cursor};
use crate::http::reply::Nothing;
use crate::http::words::word_type;
use crate::http::{
    Admin, ApiResult, CreateFailure, Created, Cursor, Json, Line, Page, PageLimit, PageNumber,
    PageQuery, Person, ReadFailure, Tag, Verbatim, WriteFailure, created, ok,
};
use crate::ids::UserId;
use crate::sessions::accounts;
use crate::sessions::sign_in::Desk;
use crate::store::Store;
use crate::users;

/// A role that a person can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenRole {
    Viewer,
    Engineer,
    Admin,
}

word_type!(GivenRole, "UserRole", [
    "viewer" => GivenRole::Viewer, "engineer" => GivenRole::Engineer, "admin" => GivenRole::Admin,
]);

word_type!(Theme, "Theme", [
    "system" => Theme::System, "light" => Theme::Light, "dark" => Theme::Dark,
]);

impl From<GivenRole> for Role {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Viewer => Self::Viewer,
            GivenRole::Engineer => Self::Engineer,
            GivenRole::Admin => Self::Admin,
        }
    }
}

/// Accounts over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// Where passwords are compared and hashed.
    pub desk: Arc<Desk>,
}

/// What somebody chooses for themselves: all of it at once.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewSettings {
    /// Whether only critical alerts are to be counted and announced.
    critical_alerts_only: bool,
    /// How the web UI looks.
    theme: Theme,
}

/// An account to make.
#[derive(Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewUser {
    /// What it signs in with: an email address.
    email: Line<3, 254>,
    /// What it may do.
    role: GivenRole,
    /// The person's first name.
    first_name: Option<Line<1, 100>>,
    /// The person's last name.
    last_name: Option<Line<1, 100>>,
    /// 12 to 128 characters; a one-time password is made and answered once where it is left out.
    password: Option<Verbatim>,
}

/// What to change of an account: what is left out stays as it is.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    /// What it may do, from the next request on.
    role: MaybeUndefined<GivenRole>,
    /// Whether it may not sign in; its sessions end.
    disabled: MaybeUndefined<bool>,
    /// The person's first name; null takes it away.
    first_name: MaybeUndefined<Line<1, 100>>,
    /// The person's last name; null takes it away.
    last_name: MaybeUndefined<Line<1, 100>>,
}

/// What to change of one's own account: what is left out stays as it is.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileChange {
    /// The first name; null takes it away.
    first_name: MaybeUndefined<Line<1, 100>>,
    /// The last name; null takes it away.
    last_name: MaybeUndefined<Line<1, 100>>,
}

/// A password for another.
#[derive(Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordChange {
    /// The password as it is.
    current_password: Verbatim,
    /// The password as it is to be: 12 to 128 characters, and none that is tried first.
    new_password: Verbatim,
}

/// What is said of a name: nothing, that it goes, or what it is.
fn name(said: MaybeUndefined<Line<1, 100>>) -> Option<Option<String>> {
    match said {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(name) => Some(Some(name.into_string())),
    }
}

/// What is said of a field that can't be taken away.
fn kept<T>(field: &str, said: MaybeUndefined<T>) -> Result<Option<T>> {
    match said {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Err(Error::invalid(field, "must not be null")),
        MaybeUndefined::Value(value) => Ok(Some(value)),
    }
}

fn email(text: &str) -> Result<Email> {
    text.parse().map_err(|wrong| Error::invalid("email", wrong))
}

impl Api {
    fn user(&self, id: UserId) -> Result<Record> {
        self.store.read(|read| users::by_id(read, id))
    }

    /// The hash of a given password, or of a one-time password with its text.
    async fn password(
        &self,
        given: Option<String>,
        email: &Email,
    ) -> Result<(PasswordHash, Option<String>)> {
        let (password, shown) = match given {
            Some(text) => {
                let password = Password::new(&text, email.as_str());
                (
                    password.map_err(|wrong| Error::invalid("password", wrong))?,
                    None,
                )
            }
            None => {
                let password = Password::one_time()?;
                let shown = password.expose().to_owned();
                (password, Some(shown))
            }
        };
        Ok((self.desk.hash(password).await?, shown))
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Users")]
impl Api {
    /// Read one's own account
    #[oai(path = "/users/me", method = "get", operation_id = "getMe")]
    async fn me(&self, who: Person) -> ApiResult<UserView, ReadFailure> {
        let user = self.store.read(|read| users::by_id(read, who.id));
        // Deleted between being recognised and being read.
        let user = user.map_err(|error| match error {
            Error::NotFound(_) => Error::Unauthenticated,
            error => error,
        })?;
        ok(user.into())
    }

    /// Change one's own name
    #[oai(path = "/users/me", method = "patch", operation_id = "updateMe")]
    async fn update_me(
        &self,
        who: Person,
        body: Json<ProfileChange>,
    ) -> ApiResult<UserView, WriteFailure> {
        let change = Change {
            first_name: name(body.0.first_name),
            last_name: name(body.0.last_name),
            ..Change::default()
        };
        let by = who.into_actor();
        let user = self
            .store
            .write(move |read, now| accounts::update(read, by.id, &change, &by, now))
            .await?;
        ok(user.into())
    }

    /// Choose one's own settings
    #[oai(
        path = "/users/me/settings",
        method = "put",
        operation_id = "putMySettings"
    )]
    async fn settings(
        &self,
        who: Person,
        body: Json<NewSettings>,
    ) -> ApiResult<SettingsView, WriteFailure> {
        let settings = Settings {
            critical_alerts_only: body.0.critical_alerts_only,
            theme: body.0.theme,
        };
        let id = who.id;
        let user = self
            .store
            .write(move |read, now| users::choose(read, id, settings, now))
            .await?;
        ok(user.settings.into())
    }

    /// Change one's own password
    ///
    /// All other sessions end.
    #[oai(
        path = "/users/me/password",
        method = "put",
        operation_id = "changeMyPassword"
    )]
    async fn change_password(
        &self,
        who: Person,
        body: Json<PasswordChange>,
    ) -> ApiResult<Nothing, WriteFailure> {
        let PasswordChange {
            current_password,
            new_password,
        } = body.0;
        let (current_password, new_password) =
            (current_password.into_string(), new_password.into_string());
        let session = who.session().ok_or(Error::Unauthenticated)?;
        let user = self.user(who.id)?;
        let wrong = |field: &str, why: &str| Error::invalid(field, why);
        let password = Password::new(&new_password, user.email.as_str())
            .map_err(|why| wrong("newPassword", why))?;
        if current_password == new_password {
            Err(wrong("newPassword", "must be another than the current one"))?;
        }
        if !self.desk.compare(&user, current_password, &who).await? {
            Err(wrong("currentPassword", "is not the current password"))?;
        }
        let hash = self.desk.hash(password).await?;
        let by = who.into_actor();
        self.store
            .write(move |read, now| {
                if users::by_id(read, by.id)?.password != user.password {
                    return Err(Error::conflict(
                        "The password was changed meanwhile: sign in again.",
                    ));
                }
                accounts::change_password(read, by.id, &hash, session, &by, now)
            })
            .await?;
        ok(Nothing)
    }

    /// List users by email address
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list_users(
        &self,
        _who: Admin,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while users are made.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<UserView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let read = self.store.snapshot()?;
        let all = users::ids_by_email(&*read)?;
        let total = all.len() as u64;
        let skip = match &query.start {
            Start::Page(_) => usize::try_from(query.offset()).unwrap_or(usize::MAX),
            Start::After(cursor) => {
                let after = std::str::from_utf8(cursor.bytes()).map_err(|_| wrong_cursor())?;
                all.partition_point(|(email, _)| email.as_str() <= after)
            }
        };
        let mut found: Vec<_> = all.into_iter().skip(skip).take(query.reach()).collect();
        let next = query.cut(&mut found, |(email, _)| Cursor::new(email.as_bytes()));
        let items = found
            .into_iter()
            .map(|(_, id)| users::by_id(&*read, id).map(UserView::from));
        ok(Page::new(
            items.collect::<Result<_>>()?,
            total,
            &query,
            next,
        ))
    }

    /// Make a user
    ///
    /// Without a password, a one-time password is made: it is answered this once, and has to be changed at the first
    /// sign-in.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        who: Admin,
        body: Json<NewUser>,
    ) -> Result<Created<WithPasswordView>, CreateFailure> {
        let body = body.0;
        let email = email(&body.email)?;
        let (password, one_time_password) = self
            .password(body.password.map(Verbatim::into_string), &email)
            .await?;
        let new = New {
            email,
            role: body.role.into(),
            first_name: body.first_name.map(Line::into_string),
            last_name: body.last_name.map(Line::into_string),
            password,
            must_change_password: one_time_password.is_some(),
        };
        let by = who.into_actor();
        let user = self
            .store
            .write(move |read, now| users::create(read, new.clone(), &by, now))
            .await?;
        let location = format!("/api/v1/users/{}", user.id);
        let view = WithPasswordView {
            user: user.into(),
            one_time_password,
        };
        created(view, location)
    }

    /// Read a user
    #[oai(path = "/users/:id", method = "get", operation_id = "getUser")]
    async fn get_user(&self, _who: Admin, id: Path<UserId>) -> ApiResult<UserView> {
        ok(self.user(id.0)?.into())
    }

    /// Change a user's role or name, or disable or enable the account
    ///
    /// Holds from the next request on, for every open session. The last administrator who can sign in stays one.
    #[oai(path = "/users/:id", method = "patch", operation_id = "updateUser")]
    async fn update_user(
        &self,
        who: Admin,
        id: Path<UserId>,
        body: Json<UserChange>,
    ) -> ApiResult<UserView, WriteFailure> {
        let change = Change {
            role: kept("role", body.0.role)?.map(Role::from),
            disabled: kept("disabled", body.0.disabled)?,
            first_name: name(body.0.first_name),
            last_name: name(body.0.last_name),
        };
        let (id, by) = (id.0, who.into_actor());
        let user = self
            .store
            .write(move |read, now| accounts::update(read, id, &change, &by, now))
            .await?;
        ok(user.into())
    }

    /// Give a user a one-time password
    ///
    /// It is answered this once, and has to be changed at the next sign-in. All sessions of the account end.
    #[oai(
        path = "/users/:id/reset-password",
        method = "post",
        operation_id = "resetPassword"
    )]
    async fn reset_password(
        &self,
        who: Admin,
        id: Path<UserId>,
    ) -> ApiResult<WithPasswordView, WriteFailure> {
        let user = self.user(id.0)?;
        let (hash, one_time_password) = self.password(None, &user.email).await?;
        let (id, by) = (id.0, who.into_actor());
        let user = self
            .store
            .write(move |read, now| accounts::reset_password(read, id, &hash, &by, now))
            .await?;
        ok(WithPasswordView {
            user: user.into(),
            one_time_password,
        })
    }

    /// Delete a user
    ///
    /// All sessions of the account end. Its address stays in the audit log. The last administrator who can sign in stays.
    #[oai(path = "/users/:id", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(&self, who: Admin, id: Path<UserId>) -> ApiResult<Nothing, WriteFailure> {
        let (id, by) = (id.0, who.into_actor());
        self.store
            .write(move |read, now| accounts::remove(read, id, &by, now))
            .await?;
        ok(Nothing)
    }
}
