//! Who asks, and what they may do: a handler's parameter type is the permission it needs.
//!
//! A credential says who; what they may do is looked up in memory at each request, so that a change of role, a disabled
//! account, an ended session and a revoked key hold from the next request on. No request asks the store for it.
//!
//! [`Viewer`], [`Engineer`] and [`Admin`] reach every workspace. The types that end in `Within` also take API keys that
//! are limited to some, and their handlers have to ask [`Caller::reach`]. [`Visitor`] needs no credential.

mod gate;

use std::ops::Deref;
use std::sync::Arc;

use poem::http::HeaderMap;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::http::context::RequestContext;
use crate::http::problem::status_of;
use crate::ids::{SessionId, UserId};

pub use gate::{Caller, Credential, Gate};
use gate::{actor, local, shows_nothing};

/// Which credentials a permission takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// People's, and keys that reach every workspace.
    Whole,
    /// People's and keys.
    Limited,
    /// People's.
    People,
    /// People's, also where their password has to be changed first.
    Anybody,
    /// People's, or none on the machine itself.
    PeopleOrLocal,
}

/// Learns who asks, and whether they may.
///
/// # Errors
/// `Unauthenticated`; `Forbidden`, with what is missing.
fn admit(request: &Request, takes: Takes, least: Role) -> Result<Caller> {
    let context = RequestContext::of(request);
    let gate = request.data::<Arc<Gate>>();
    let recognised = match gate {
        Some(gate) => gate.recognise(request, &context),
        None => Err(Error::Unauthenticated),
    };
    let caller = match recognised {
        Err(_)
            if takes == Takes::PeopleOrLocal
                && context.local
                && shows_nothing(request.headers()) =>
        {
            local(request, &context)
        }
        recognised => recognised?,
    };
    context.user.get_or_init(|| caller.email.clone());
    allowed(&caller, takes, least)?;
    Ok(caller)
}

fn allowed(caller: &Caller, takes: Takes, least: Role) -> Result<()> {
    let forbidden = |why: String| Err(Error::Forbidden(why));
    if caller.must_change_password && takes != Takes::Anybody {
        return forbidden(
            "Change your password first: it was made by somebody else. PUT /api/v1/users/me/password does it."
                .to_owned(),
        );
    }
    let is_key = matches!(caller.credential, Credential::Key(_));
    match takes {
        Takes::People | Takes::Anybody | Takes::PeopleOrLocal if is_key => {
            return forbidden("API keys can't do this: sign in as a person.".to_owned());
        }
        _ if caller.role < least && is_key => {
            return forbidden(format!(
                "This needs an API key that may do what the role {least} may; this key's scope doesn't allow it."
            ));
        }
        _ if caller.role < least => {
            return forbidden(format!(
                "This needs the role {least}, yours is {}.",
                caller.role
            ));
        }
        Takes::Whole => caller.reach.whole()?,
        Takes::Limited | Takes::People | Takes::Anybody | Takes::PeopleOrLocal => {}
    }
    Ok(())
}

/// Declares a permission: the credentials that it takes, and the least role that has it.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $takes:ident, $role:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Caller);

        impl $name {
            /// Who asks, for the trail.
            pub fn into_actor(self) -> Actor {
                self.0.into_actor()
            }
        }

        impl Deref for $name {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                &self.0
            }
        }

        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                declare_schemes(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                match Takes::$takes {
                    Takes::Whole | Takes::Limited => vec!["bearer", "apiKey"],
                    Takes::People | Takes::Anybody | Takes::PeopleOrLocal => vec!["bearer"],
                }
            }

            fn has_security_fallback() -> bool {
                Takes::$takes == Takes::PeopleOrLocal
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                admit(request, Takes::$takes, $role).map(Self).map_err(|error| {
                    let status = status_of(&error);
                    poem::Error::new(error, status)
                })
            }
        }
    )*};
}

permissions! {
    /// May read, everywhere.
    Viewer: Whole, Role::Viewer;
    /// May read within its reach.
    ViewerWithin: Limited, Role::Viewer;
    /// May also decide, comment and create, everywhere.
    Engineer: Whole, Role::Engineer;
    /// May also decide, comment and create within its reach.
    EngineerWithin: Limited, Role::Engineer;
    /// May push scans within its reach, and read what it pushes to: also a machine with an `ingest` key.
    IngestWithin: Limited, Role::Ingest;
    /// A person who may manage workspaces, users, keys and backups, and read the audit log.
    Admin: People, Role::Admin;
    /// An administrator, or whoever sits at the machine itself.
    AdminOrLocal: PeopleOrLocal, Role::Admin;
    /// A person who has signed in, even with a password that has to be changed first.
    Person: Anybody, Role::Viewer;
}

impl IngestWithin {
    /// Whether they may push: those who only read may not.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn may_push(&self) -> Result<()> {
        if self.role == Role::Viewer {
            let missing = "Pushing scans needs the role engineer, or an API key with the scope ingest or engineer.";
            return Err(Error::Forbidden(missing.to_owned()));
        }
        Ok(())
    }
}

impl Person {
    /// The session whose token was shown.
    pub fn session(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Key(_) | Credential::Local => None,
        }
    }
}

/// Somebody whom nobody asked who they are.
#[derive(Debug)]
pub struct Visitor {
    /// Where they come from, for the trail.
    pub actor: Actor,
    /// The request's circumstances.
    pub context: RequestContext,
    /// The request's head.
    pub headers: HeaderMap,
}

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let context = RequestContext::of(request);
        let email = "anonymous".to_owned();
        let nobody = UserId(uuid::Uuid::nil());
        Ok(Self {
            actor: actor(nobody, email, Role::Viewer, request, &context),
            headers: request.headers().clone(),
            context,
        })
    }
}

fn declare_schemes(registry: &mut Registry) {
    let scheme = |ty, description| MetaSecurityScheme {
        ty,
        description: Some(description),
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(
        "bearer",
        MetaSecurityScheme {
            scheme: Some("bearer"),
            ..scheme("http", "A person's access token, or an API key.")
        },
    );
    registry.create_security_scheme(
        "apiKey",
        MetaSecurityScheme {
            name: Some("X-API-Key"),
            key_in: Some("header"),
            ..scheme("apiKey", "An API key.")
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reach::Reach;
    use crate::ids::KeyId;
    use crate::time::Timestamp;

    fn caller(role: Role, credential: Credential, reach: Reach) -> Caller {
        Caller {
            actor: Actor {
                role,
                ..Actor::system("")
            },
            credential,
            reach,
            must_change_password: false,
            wants_critical_only: false,
            ends_in: None,
        }
    }

    fn person(role: Role) -> Caller {
        let session = SessionId::new(Timestamp::now());
        caller(role, Credential::Session(session), Reach::All)
    }

    fn key(role: Role, workspaces: &[&str]) -> Caller {
        let workspaces: Arc<[String]> = workspaces.iter().map(|name| (*name).to_owned()).collect();
        let id = KeyId::new(Timestamp::now());
        caller(role, Credential::Key(id), Reach::of_key(&workspaces))
    }

    #[test]
    fn a_role_may_do_what_lesser_ones_may() {
        assert!(allowed(&person(Role::Admin), Takes::Whole, Role::Viewer).is_ok());
        assert!(allowed(&person(Role::Engineer), Takes::Whole, Role::Engineer).is_ok());
        let error = allowed(&person(Role::Viewer), Takes::Whole, Role::Engineer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "This needs the role engineer, yours is viewer."
        );
    }

    #[test]
    fn a_key_does_what_its_scope_says_within_its_reach() {
        assert!(allowed(&key(Role::Engineer, &[]), Takes::Whole, Role::Engineer).is_ok());
        assert!(allowed(&key(Role::Engineer, &[]), Takes::People, Role::Viewer).is_err());
        assert!(allowed(&key(Role::Ingest, &[]), Takes::Limited, Role::Viewer).is_err());
        assert!(allowed(&key(Role::Viewer, &["a"]), Takes::Limited, Role::Viewer).is_ok());
        assert!(allowed(&key(Role::Viewer, &["a"]), Takes::Whole, Role::Viewer).is_err());
    }

    #[test]
    fn a_password_of_somebody_elses_making_has_to_be_changed_first() {
        let caller = Caller {
            must_change_password: true,
            ..person(Role::Admin)
        };
        assert!(allowed(&caller, Takes::Whole, Role::Viewer).is_err());
        assert!(allowed(&caller, Takes::People, Role::Admin).is_err());
        assert!(allowed(&caller, Takes::Anybody, Role::Viewer).is_ok());
    }
}
