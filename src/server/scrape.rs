//! Who may read `/metrics`: programs on this machine, and those elsewhere that show the configured token.

use poem::Request;
use poem::http::header::AUTHORIZATION;
use poem::http::{HeaderMap, StatusCode};

use crate::config::ScrapeToken;
use crate::http::context::RequestContext;
use crate::http::problem::{Code, Problem};

/// Whether a request may read the metrics.
///
/// # Errors
/// A 401 that says what to do.
pub(crate) fn admit(request: &Request, token: Option<&ScrapeToken>) -> Result<(), Box<Problem>> {
    if RequestContext::of(request).local {
        return Ok(());
    }
    let Some(token) = token else {
        return Err(refused(
            "/metrics is open to this machine only: set metrics.token in the configuration, and send it as a bearer token.",
        ));
    };
    match bearer(request.headers()) {
        Some(offered) if token.is(offered) => Ok(()),
        Some(_) => Err(refused(
            "The bearer token is not the metrics.token of the configuration: send that one.",
        )),
        None => Err(refused(
            "/metrics asks for a token from elsewhere: send `Authorization: Bearer` and the metrics.token of the configuration.",
        )),
    }
}

fn refused(message: &str) -> Box<Problem> {
    Box::new(Problem::new(
        StatusCode::UNAUTHORIZED,
        Code::AuthError,
        message,
    ))
}

/// What stands behind `Bearer` in the one `Authorization`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().filter(|_| lines.next().is_none())?;
    let (scheme, token) = line.as_bytes().split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn admitted(local: bool, configured: bool, sent: &[&str]) -> Result<(), String> {
        let mut request = Request::builder();
        for value in sent {
            request = request.header(AUTHORIZATION, *value);
        }
        let mut request = request.finish();
        let context = RequestContext {
            local,
            ..RequestContext::of(&request)
        };
        request.set_data(context);
        let token: ScrapeToken = TOKEN.parse().unwrap();
        admit(&request, configured.then_some(&token)).map_err(|problem| {
            assert_eq!(problem.status, StatusCode::UNAUTHORIZED);
            problem.message
        })
    }

    #[test]
    fn this_machine_reads_and_others_show_the_token() {
        assert_eq!(admitted(true, false, &[]), Ok(()));
        assert_eq!(admitted(true, true, &["Bearer wrong"]), Ok(()));
        for right in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef"] {
            assert_eq!(admitted(false, true, &[right]), Ok(()));
            let message = admitted(false, false, &[right]).unwrap_err();
            assert!(message.contains("set metrics.token"), "{message}");
        }
        for wrong in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["Bearer 0123456789abcdeF"],
            &["Basic 0123456789abcdef"],
            &[TOKEN],
            &["Bearer 0123456789abcdef", "Bearer 0123456789abcdef"],
        ] {
            assert!(admitted(false, true, wrong).is_err(), "{wrong:?}");
        }
    }
}
