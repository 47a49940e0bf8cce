//! Who sent a request: the credential it shows, and what is known in memory of whoever holds it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use poem::Request;
use poem::http::HeaderMap;
use poem::http::header::{AUTHORIZATION, USER_AGENT};

use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::http::context::RequestContext;
use crate::http::reach::Reach;
use crate::ids::{KeyId, SessionId, UserId};
use crate::keys::{self, Secret};
use crate::sessions::{self, AccessTokens};
use crate::time::Timestamp;
use crate::users;

/// The longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// Everything in memory that says who somebody is and what they may do. Requests find it among their data.
#[derive(Debug, Clone)]
pub struct Gate {
    /// People's access tokens.
    pub tokens: Arc<AccessTokens>,
    /// The sessions that live.
    pub sessions: Arc<sessions::index::Index>,
    /// The accounts.
    pub users: Arc<users::index::Index>,
    /// The API keys.
    pub keys: Arc<keys::index::Index>,
}

/// What somebody showed to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// An API key.
    Key(KeyId),
    /// Nothing: they sit at the machine itself.
    Local,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) actor: Actor,
    pub(super) credential: Credential,
    pub(super) reach: Reach,
    pub(super) must_change_password: bool,
    pub(super) wants_critical_only: bool,
    pub(super) ends_in: Option<Duration>,
}

impl Caller {
    /// Who asks, for the trail.
    pub fn into_actor(self) -> Actor {
        self.actor
    }

    /// The workspaces within reach.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether they chose to hear of critical alerts only.
    pub fn wants_critical_only(&self) -> bool {
        self.wants_critical_only
    }

    /// How long what was shown holds yet, unless it is revoked; none for no end.
    pub fn ends_in(&self) -> Option<Duration> {
        self.ends_in
    }

    /// What was shown.
    pub fn credential(&self) -> Credential {
        self.credential
    }
}

impl Deref for Caller {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Gate {
    /// Learns who sent a request.
    ///
    /// # Errors
    /// `Unauthenticated` without a credential that holds.
    pub(super) fn recognise(&self, request: &Request, context: &RequestContext) -> Result<Caller> {
        let shown = shown(request.headers()).ok_or(Error::Unauthenticated)?;
        match shown {
            Shown::Key(text) => self.key(text, request, context),
            Shown::Token(text) => self.token(text, request, context),
        }
    }

    fn key(&self, text: &str, request: &Request, context: &RequestContext) -> Result<Caller> {
        let secret = Secret::parse(text).ok_or(Error::Unauthenticated)?;
        let key = self.keys.holder(&secret, context.received_at);
        let key = key.ok_or(Error::Unauthenticated)?;
        let name = format!("api-key:{}", key.name);
        let actor = actor(UserId(key.id.0), name, key.scope.role(), request, context);
        Ok(Caller {
            actor,
            credential: Credential::Key(key.id),
            reach: Reach::of_key(&key.workspaces),
            must_change_password: false,
            wants_critical_only: false,
            ends_in: key.left(context.received_at),
        })
    }

    fn token(&self, text: &str, request: &Request, context: &RequestContext) -> Result<Caller> {
        let claims = self.tokens.verify(text).ok_or(Error::Unauthenticated)?;
        let (user, session) = (claims.user, claims.session);
        if !self.sessions.lives(session, user, context.received_at) {
            return Err(Error::Unauthenticated);
        }
        let standing = self.users.active(user).ok_or(Error::Unauthenticated)?;
        let email = standing.email.clone();
        Ok(Caller {
            actor: actor(user, email, standing.role, request, context),
            credential: Credential::Session(session),
            reach: Reach::All,
            must_change_password: standing.must_change_password,
            wants_critical_only: standing.critical_alerts_only,
            ends_in: Some(left(self.tokens.now(), claims.expires)),
        })
    }
}

impl Gate {
    /// Whether what somebody showed still lets them read.
    pub fn holds(&self, user: UserId, credential: Credential, now: Timestamp) -> bool {
        match credential {
            Credential::Session(id) => {
                self.sessions.lives(id, user, now) && self.users.active(user).is_some()
            }
            Credential::Key(id) => self.keys.lives(id, now),
            Credential::Local => true,
        }
    }

    /// Whether somebody chose to hear of critical alerts only.
    pub fn wants_critical_only(&self, user: UserId) -> bool {
        let standing = self.users.active(user);
        standing.is_some_and(|standing| standing.critical_alerts_only)
    }
}

/// A credential as it came.
#[derive(Debug, PartialEq, Eq)]
enum Shown<'a> {
    Token(&'a str),
    Key(&'a str),
}

/// The credential of a request: `Authorization: Bearer`, else `X-API-Key`. Two of the same kind are none.
fn shown(headers: &HeaderMap) -> Option<Shown<'_>> {
    let only = |name: &str| {
        let mut lines = headers.get_all(name).iter();
        let line = lines.next()?.to_str().ok();
        Some(line.filter(|_| lines.next().is_none()))
    };
    match only(AUTHORIZATION.as_str()) {
        Some(line) => {
            let (scheme, text) = line?.split_once(' ')?;
            let text = text.trim_matches(' ');
            match scheme.eq_ignore_ascii_case("bearer") {
                true if text.starts_with(Secret::MARK) => Some(Shown::Key(text)),
                true => Some(Shown::Token(text)),
                false => None,
            }
        }
        None => only("x-api-key")?.map(Shown::Key),
    }
}

/// Whether no credential was sent at all: a broken one is no reason to let in whoever sent it.
pub(super) fn shows_nothing(headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) && !headers.contains_key("x-api-key")
}

/// Somebody with the circumstances of their request.
pub(super) fn actor(
    id: UserId,
    email: String,
    role: Role,
    request: &Request,
    context: &RequestContext,
) -> Actor {
    let agent = request.header(USER_AGENT.as_str());
    Actor {
        id,
        email,
        role,
        ip_address: context.client.map(|ip| ip.to_string()),
        user_agent: agent.map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
        correlation_id: context.correlation_id.to_string(),
    }
}
/// Whoever sits at the machine itself.
pub(super) fn local(request: &Request, context: &RequestContext) -> Caller {
    let email = Actor::LOCAL_EMAIL.to_owned();
    Caller {
        actor: actor(Actor::LOCAL_ID, email, Role::Admin, request, context),
        credential: Credential::Local,
        reach: Reach::All,
        must_change_password: false,
        wants_critical_only: false,
        ends_in: None,
    }
}

/// The time from one moment to a later one.
fn left(now: Timestamp, end: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(end.unix_ms() - now.unix_ms()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_found_once() {
        let found = |lines: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, value.parse().unwrap());
            }
            shown(&headers).map(|shown| match shown {
                Shown::Token(text) => format!("token {text}"),
                Shown::Key(text) => format!("key {text}"),
            })
        };
        let is = |lines: &[(&'static str, &str)], wanted: &str| {
            assert_eq!(found(lines).as_deref(), Some(wanted), "{lines:?}");
        };
        is(
            &[("authorization", "Bearer v4.local.x")],
            "token v4.local.x",
        );
        is(
            &[("authorization", "bEARER  v4.local.x")],
            "token v4.local.x",
        );
        is(&[("authorization", "Bearer dsk_a_b")], "key dsk_a_b");
        is(&[("x-api-key", "dsk_a_b")], "key dsk_a_b");
        is(
            &[("authorization", "Bearer t"), ("x-api-key", "k")],
            "token t",
        );
        for none in [
            &[][..],
            &[("authorization", "Basic YTpi")],
            &[("authorization", "Bearer")],
            &[("authorization", "")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
            &[("x-api-key", "a"), ("x-api-key", "b")],
        ] {
            assert_eq!(found(none), None, "{none:?}");
        }
    }
}
