//! The headers that every answer carries, whoever gives it.

use poem::http::{HeaderMap, HeaderValue};

/// On every answer; what the answer set itself is replaced.
const ALWAYS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// On answers that don't say otherwise. The API's never do.
const UNLESS_SET: [(&str, &str); 2] = [
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
];

/// A browser that once came by HTTPS keeps to it for a year. Not for subdomains: they may be others' servers.
const KEEP_TO_HTTPS: (&str, &str) = ("strict-transport-security", "max-age=31536000");

/// Adds them. `secure` says whether the client came by TLS: in the clear, a browser ignores what it is told of it.
pub(crate) fn add(headers: &mut HeaderMap, is_api: bool, secure: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SET {
        if is_api || !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let (name, value) = KEEP_TO_HTTPS;
    if secure {
        headers.insert(name, HeaderValue::from_static(value));
    } else {
        headers.remove(name);
    }
}

/// The same as lines of a head that is written by hand.
pub(crate) fn lines(secure: bool) -> String {
    let https = secure.then_some(KEEP_TO_HTTPS);
    let all = ALWAYS.into_iter().chain(UNLESS_SET).chain(https);
    all.map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_answer_is_never_cached() {
        let mut page = HeaderMap::new();
        page.insert("cache-control", HeaderValue::from_static("max-age=60"));
        let mut api = page.clone();
        add(&mut page, false, false);
        assert_eq!(page["cache-control"], "max-age=60");
        add(&mut api, true, false);
        assert_eq!(api["cache-control"], "no-store");
    }

    #[test]
    fn https_is_asked_for_over_https_only() {
        let mut headers = HeaderMap::new();
        add(&mut headers, true, true);
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
        add(&mut headers, true, false);
        assert!(!headers.contains_key("strict-transport-security"));
        for (name, value) in &headers {
            let line = format!("{name}: {}\r\n", value.to_str().unwrap());
            assert!(lines(false).contains(&line), "{line}");
        }
        assert!(lines(true).contains("strict-transport") && !lines(false).contains("strict-"));
    }
}
