//! The contract's calls to sign in, to stay signed in, and to sign out.

use std::sync::Arc;

use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::Record;
use super::sign_in::{Desk, SignedIn};
use crate::error::{Error, Result};
use crate::http::cookies;
use crate::http::origin::same_origin;
use crate::http::reply::{Nothing, WithCookie};
use crate::http::{
    ApiResult, Json, Page, PageQuery, Person, ReadFailure, SignInFailure, Tag, Verbatim, Visitor,
    WriteFailure, ok,
};
use crate::ids::SessionId;
use crate::sessions;
use crate::store::Store;
use crate::time::Timestamp;
use crate::users::api::views::AccountView;

/// How long the browser keeps the cookie, in seconds: as long as the token in it can be used.
const COOKIE_S: u64 = sessions::REFRESH_MS.unsigned_abs() / 1000;

/// Sign-in over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// Where people sign in.
    pub desk: Arc<Desk>,
}

/// Who wants to sign in.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Login {
    /// The account's email address.
    email: Verbatim,
    /// The account's password.
    password: Verbatim,
    /// Whether the refresh token is to come as a cookie that scripts can't read, and not in the body: for browsers.
    cookie: Option<bool>,
}

/// What is to be renewed, or ended.
#[derive(Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct Refresh {
    /// The refresh token; the cookie's where it is left out.
    refresh_token: Option<Verbatim>,
}

/// Tokens of a session.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "SignedIn", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct SignedInView {
    /// For `Authorization: Bearer`, as long as `expiresIn` says.
    access_token: String,
    /// For `/auth/refresh`, once, within 7 days; null where it came as a cookie.
    refresh_token: Option<String>,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token expires.
    expires_in: u64,
    /// Whose session it is.
    user: AccountView,
}

/// A session: a sign-in and what is renewed from it.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "Session", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct SessionView {
    /// Its id.
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// The client's address at the last renewal.
    ip_address: Option<String>,
    /// The client's `User-Agent` at the last renewal.
    user_agent: Option<String>,
    /// When it began.
    created_at: Timestamp,
    /// When it was last renewed.
    last_used_at: Timestamp,
    /// When it ends unless it is renewed.
    expires_at: Timestamp,
}

impl SessionView {
    fn new(session: Record, asking: Option<SessionId>) -> Self {
        Self {
            current: Some(session.id) == asking,
            id: session.id,
            ip_address: session.ip_address,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// How many.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "SessionCount")]
struct CountView {
    /// How many sessions.
    count: u64,
}

/// How a client keeps its refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Token,
    Cookie,
}

/// New tokens, with the refresh token where the client keeps it.
fn answer(signed_in: SignedIn, keeps: Keeps, visitor: &Visitor) -> WithCookie<SignedInView> {
    let refresh = signed_in.refresh.text();
    let cookie = (keeps == Keeps::Cookie)
        .then(|| cookies::set_refresh(&refresh, COOKIE_S, visitor.context.secure));
    let view = SignedInView {
        access_token: signed_in.access.token,
        refresh_token: (keeps == Keeps::Token).then_some(refresh),
        token_type: "Bearer".to_owned(),
        expires_in: signed_in.access.expires_in_s,
        user: signed_in.user.into(),
    };
    WithCookie::new(view, cookie)
}

/// The refresh token of a request: the body's, else the cookie's where this site's own page sent it.
fn shown(body: Option<Refresh>, visitor: &Visitor) -> Result<Option<(String, Keeps)>> {
    if let Some(token) = body.and_then(|body| body.refresh_token) {
        return Ok(Some((token.into_string(), Keeps::Token)));
    }
    let Some(token) = cookies::refresh_cookie(&visitor.headers) else {
        return Ok(None);
    };
    same_origin(&visitor.headers, &visitor.context)?;
    Ok(Some((token, Keeps::Cookie)))
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::SignIn")]
impl Api {
    /// Sign in
    ///
    /// An unknown address, a wrong password and a disabled account get the same answer. After five failures within 15
    /// minutes each further try has to wait, longer each time: `Retry-After` says how long.
    #[oai(path = "/auth/login", method = "post", operation_id = "signIn")]
    async fn sign_in(
        &self,
        visitor: Visitor,
        body: Json<Login>,
    ) -> Result<WithCookie<SignedInView>, SignInFailure> {
        let Login {
            email,
            password,
            cookie,
        } = body.0;
        let keeps = if cookie == Some(true) {
            // Else another site could sign somebody in as somebody else.
            same_origin(&visitor.headers, &visitor.context)?;
            Keeps::Cookie
        } else {
            Keeps::Token
        };
        let signed_in = self
            .desk
            .sign_in(&email.into_string(), password.into_string(), &visitor.actor)
            .await?;
        Ok(answer(signed_in, keeps, &visitor))
    }

    /// Renew a session
    ///
    /// Spends the refresh token and answers with its successor. One that was spent before ends the whole session, since
    /// somebody else must have a copy; only the same client gets the same successor once more within 10 seconds, since its
    /// answer may have been lost.
    #[oai(
        path = "/auth/refresh",
        method = "post",
        operation_id = "refreshSession"
    )]
    async fn refresh(
        &self,
        visitor: Visitor,
        body: Json<Option<Refresh>>,
    ) -> Result<WithCookie<SignedInView>, SignInFailure> {
        let (token, keeps) = shown(body.0, &visitor)?.ok_or(Error::Unauthenticated)?;
        let renewed = self.desk.renew(&token, &visitor.actor).await?;
        Ok(answer(renewed, keeps, &visitor))
    }

    /// Sign out
    ///
    /// Ends the session of the refresh token, spent or not; one that is not known ends nothing, and is no error.
    #[oai(path = "/auth/logout", method = "post", operation_id = "signOut")]
    async fn sign_out(
        &self,
        visitor: Visitor,
        body: Json<Option<Refresh>>,
    ) -> Result<WithCookie<Nothing>, SignInFailure> {
        let shown = shown(body.0, &visitor)?;
        let mut cookie = None;
        if let Some((token, keeps)) = shown {
            self.desk.sign_out(&token, &visitor.actor).await?;
            cookie =
                (keeps == Keeps::Cookie).then(|| cookies::clear_refresh(visitor.context.secure));
        }
        Ok(WithCookie::new(Nothing, cookie))
    }

    /// List one's own sessions, the newest first
    #[oai(path = "/auth/sessions", method = "get", operation_id = "listSessions")]
    async fn list_sessions(&self, who: Person) -> ApiResult<Page<SessionView>, ReadFailure> {
        let sessions = self
            .store
            .read(|read| sessions::of_user(read, who.id, Timestamp::now()))?;
        let items: Vec<SessionView> = sessions
            .into_iter()
            .map(|session| SessionView::new(session, who.session()))
            .collect();
        let total = items.len() as u64;
        // There are ten at most: they always fit.
        let query = PageQuery::new(None, None, None);
        ok(Page::new(items, total, &query, None))
    }

    /// End all of one's own sessions but the one that asks
    ///
    /// Their access tokens are refused from the next request on. The answer says how many there were.
    #[oai(
        path = "/auth/sessions",
        method = "delete",
        operation_id = "endOtherSessions"
    )]
    async fn end_other_sessions(&self, who: Person) -> ApiResult<CountView, WriteFailure> {
        let (but, by) = (who.session(), who.into_actor());
        let count = self
            .store
            .write(move |read, now| sessions::end_others(read, but, &by, now))
            .await?;
        ok(CountView { count })
    }

    /// End one of one's own sessions
    ///
    /// Its access token is refused from the next request on.
    #[oai(
        path = "/auth/sessions/:id",
        method = "delete",
        operation_id = "endSession"
    )]
    async fn end_session(
        &self,
        who: Person,
        id: Path<SessionId>,
    ) -> ApiResult<Nothing, WriteFailure> {
        let (id, by) = (id.0, who.into_actor());
        self.store
            .write(move |read, now| sessions::end_own(read, id, &by, now))
            .await?;
        ok(Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;

    #[test]
    fn views_have_the_contracts_fields() {
        let now = Timestamp::from_unix_ms(0);
        let session = Record {
            id: SessionId::new(now),
            user: crate::ids::UserId::new(now),
            generation: 1,
            ip_address: None,
            user_agent: None,
            created_at: now,
            last_used_at: now,
            expires_at: now,
        };
        let id = session.id;
        assert_eq!(
            agreed(&SessionView::new(session.clone(), None))["current"],
            false
        );
        assert_eq!(
            agreed(&SessionView::new(session, Some(id)))["current"],
            true
        );
        assert_eq!(agreed(&CountView { count: 3 })["count"], 3);
    }
}
