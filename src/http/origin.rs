//! Whether a page of this very site sent a request.
//!
//! A browser sends a cookie by itself, so a call that trusts one has to know that the user's own page asked for it. All other
//! credentials have to be put into a header by a program that has them.

use poem::http::HeaderMap;
use poem::http::header::ORIGIN;

use crate::error::{Error, Result};
use crate::http::context::RequestContext;

/// Lets pass what a page of this site sent.
///
/// `Sec-Fetch-Site` is the browser's own word, which a page can't change. Where it is missing (old browsers, plain HTTP), the
/// `Origin` has to be the host that was asked. What has neither is no browser: it can send the token itself.
///
/// # Errors
/// `Forbidden`, with what to do.
pub(crate) fn same_origin(headers: &HeaderMap, context: &RequestContext) -> Result<()> {
    let refused = |why: &str| Err(Error::Forbidden(why.to_owned()));
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" => Ok(()),
            _ => refused("A page of another site sent this: its cookie is not taken from there."),
        };
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return refused(
            "This comes from no browser: send the refresh token in the body instead of the cookie.",
        );
    };
    let scheme = if context.secure {
        "https://"
    } else {
        "http://"
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix(scheme));
    match (origin, context.host.as_deref()) {
        (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
        _ => refused("A page of another site sent this: its cookie is not taken from there."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::Request;

    fn passes(secure: bool, lines: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let context = RequestContext {
            secure,
            host: Some("drift.example:8420".to_owned()),
            ..RequestContext::of(&Request::builder().finish())
        };
        same_origin(&headers, &context).is_ok()
    }

    #[test]
    fn the_browsers_word_decides_where_there_is_one() {
        assert!(passes(true, &[("sec-fetch-site", "same-origin")]));
        for other in ["cross-site", "same-site", "none", "Same-Origin", ""] {
            let own = ("origin", "https://drift.example:8420");
            assert!(!passes(true, &[("sec-fetch-site", other), own]), "{other}");
        }
    }

    #[test]
    fn else_the_origin_has_to_be_the_host() {
        assert!(passes(true, &[("origin", "https://Drift.example:8420")]));
        assert!(passes(false, &[("origin", "http://drift.example:8420")]));
        for other in [
            "http://drift.example:8420",
            "https://drift.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!passes(true, &[("origin", other)]), "{other}");
        }
        assert!(!passes(true, &[]));
    }
}
