//! Who asks, and what they may do: a handler's parameter type is the permission it needs.
//!
//! There is no sign-in yet. Every request acts as the local operator, so the server listens on loopback
//! addresses only, and [`guard`] turns away what a browser might be made to send from another site.

use std::net::IpAddr;
use std::ops::Deref;

use poem::http::header::{HOST, ORIGIN, USER_AGENT};
use poem::http::{HeaderMap, Method, Uri};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::http::context::RequestContext;
use crate::http::problem::status_of;

/// The longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// Whether any address may be listened on: not before there are credentials to ask for.
pub const NEEDS_LOOPBACK: bool = true;

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

/// Turns away what could be sent on somebody's behalf without their knowing, before any handler runs.
///
/// A page that rebinds its own name to 127.0.0.1 sends that name as `Host`; a page of another site sends its
/// `Origin`, or the browser says `Sec-Fetch-Site: cross-site`.
///
/// # Errors
/// `Forbidden`, with a sentence that says which of them it was.
pub fn guard(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    let text = |name: &poem::http::HeaderName| headers.get(name).map(|value| value.to_str());
    let host = match (uri.authority(), text(&HOST)) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(Ok(host))) => Some(host),
        (None, Some(Err(_)) | None) => None,
    };
    if !host.is_some_and(is_loopback_host) {
        return Err(Error::Forbidden(
            "This server answers to loopback names only: use http://127.0.0.1 or http://localhost."
                .to_owned(),
        ));
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    let foreign_origin = match text(&ORIGIN) {
        None => false,
        Some(origin) => !origin.is_ok_and(|origin| is_own_origin(origin, host)),
    };
    if site == Some(b"cross-site") || foreign_origin {
        return Err(Error::Forbidden(
            "A page of another site sent this: changes are taken from this server's own pages and from programs."
                .to_owned(),
        ));
    }
    Ok(())
}

/// Whether a `Host` names this machine itself, with or without a port.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether an `Origin` is the one that `Host` names.
fn is_own_origin(origin: &str, host: Option<&str>) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(method: Method, headers: &[(&'static str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    poem::http::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect();
        guard(&method, &Uri::from_static("/api/v1/drifts"), &headers).is_ok()
    }

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in [
            "localhost",
            "LocalHost:8420",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:8420",
        ] {
            assert!(guarded(Method::GET, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8420",
            "localhost.evil.example",
            "10.0.0.1:8420",
            "[::2]",
            "",
        ] {
            assert!(!guarded(Method::GET, &[("host", host)]), "{host}");
        }
        assert!(!guarded(Method::GET, &[]));
    }

    #[test]
    fn another_sites_page_changes_nothing() {
        let own = ("host", "127.0.0.1:8420");
        let cross = ("sec-fetch-site", "cross-site");
        assert!(guarded(Method::POST, &[own]));
        assert!(guarded(Method::GET, &[own, cross]));
        assert!(!guarded(Method::POST, &[own, cross]));
        assert!(guarded(
            Method::POST,
            &[own, ("origin", "http://127.0.0.1:8420")]
        ));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:9",
            "ftp://127.0.0.1:8420",
        ] {
            assert!(
                !guarded(Method::DELETE, &[own, ("origin", origin)]),
                "{origin}"
            );
        }
    }

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
