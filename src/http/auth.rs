//! Who asks, and what they may do: a handler's parameter type is the permission it needs.
//!
//! There is no sign-in yet: every request acts as the local operator.

use std::ops::Deref;

use poem::http::header::USER_AGENT;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::http::context::RequestContext;
use crate::http::problem::status_of;

/// The longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// Learns who sent a request.
///
/// # Errors
/// `Unauthenticated` without a credential that holds.
fn authenticate(request: &Request) -> Result<Actor> {
    let context = RequestContext::of(request);
    let agent = request.header(USER_AGENT.as_str());
    let email = "local@driftsentry.local";
    context.user.get_or_init(|| email.to_owned());
    Ok(Actor {
        id: Actor::LOCAL_ID,
        email: email.to_owned(),
        role: Role::Admin,
        ip_address: context.client.map(|ip| ip.to_string()),
        user_agent: agent.map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
        correlation_id: context.correlation_id.to_string(),
    })
}

/// Declares a permission: the least role that has it.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $role:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Actor);

        impl $name {
            /// Who asks, for the trail.
            pub fn into_actor(self) -> Actor {
                self.0
            }
        }

        impl Deref for $name {
            type Target = Actor;

            fn deref(&self) -> &Actor {
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
                vec!["bearer", "apiKey"]
            }

            fn has_security_fallback() -> bool {
                // The credential is optional as long as there is no sign-in.
                true
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                authenticate(request)
                    .and_then(|actor| allowed(actor, $role))
                    .map(Self)
                    .map_err(|error| {
                        let status = status_of(&error);
                        poem::Error::new(error, status)
                    })
            }
        }
    )*};
}

permissions! {
    /// May read.
    Viewer: Role::Viewer;
    /// May also decide, comment and create.
    Engineer: Role::Engineer;
    /// May also manage workspaces, users, keys and backups, and read the audit log.
    Admin: Role::Admin;
    /// May push scans: an engineer, or a machine with an `ingest` key.
    Ingest: Role::Engineer;
}

fn allowed(actor: Actor, least: Role) -> Result<Actor> {
    if actor.role < least {
        return Err(Error::Forbidden(format!(
            "This needs the role {least}, yours is {}.",
            actor.role
        )));
    }
    Ok(actor)
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

    #[test]
    fn a_role_may_do_what_lesser_ones_may() {
        let actor = |role| Actor {
            role,
            ..Actor::system("")
        };
        assert!(allowed(actor(Role::Admin), Role::Viewer).is_ok());
        assert!(allowed(actor(Role::Engineer), Role::Engineer).is_ok());
        let error = allowed(actor(Role::Viewer), Role::Engineer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "This needs the role engineer, yours is viewer."
        );
    }
}
