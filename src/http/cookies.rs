//! The one cookie there is: a browser's refresh token, which its scripts can't read and only the auth calls receive.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use poem::http::header::COOKIE;
use poem::http::{HeaderMap, HeaderValue};

/// The cookie's name.
const NAME: &str = "driftsentry_refresh";
/// The calls that receive it.
const PATH: &str = "/api/v1/auth";

/// The refresh token that a browser sent; none where it sent two, since one of them is somebody else's doing.
pub fn refresh_cookie(headers: &HeaderMap) -> Option<String> {
    let mut found = None;
    for line in headers.get_all(COOKIE) {
        // Whatever else is set for the host comes along, in any encoding.
        let line = String::from_utf8_lossy(line.as_bytes());
        for cookie in Cookie::split_parse(line.as_ref()).flatten() {
            if cookie.name() == NAME && found.replace(cookie.value().to_owned()).is_some() {
                return None;
            }
        }
    }
    found
}

/// Has the browser keep a refresh token for so many seconds. `secure` keeps it off connections without TLS.
///
/// A text with other characters than a token's is not sent: the cookie is empty then.
pub fn set_refresh(token: &str, max_age_s: u64, secure: bool) -> HeaderValue {
    let is_token = token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let max_age = Duration::seconds(i64::try_from(max_age_s).unwrap_or(i64::MAX));
    header(if is_token { token } else { "" }, max_age, secure)
}

/// Has the browser forget the refresh token.
pub fn clear_refresh(secure: bool) -> HeaderValue {
    header("", Duration::ZERO, secure)
}

fn header(value: &str, max_age: Duration, secure: bool) -> HeaderValue {
    let cookie = Cookie::build((NAME, value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .path(PATH)
        .max_age(max_age)
        .build();
    let mut header =
        HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent<T: AsRef<[u8]>>(lines: &[T]) -> Option<String> {
        let lines = lines
            .iter()
            .map(|line| (COOKIE, HeaderValue::from_bytes(line.as_ref()).unwrap()));
        refresh_cookie(&lines.collect())
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(sent::<&str>(&[]), None);
        assert_eq!(sent(&["a=b; driftsentry_refresh_=x"]), None);
        let found = Some("dsr_a-b_1".to_owned());
        assert_eq!(sent(&["driftsentry_refresh=dsr_a-b_1"]), found);
        assert_eq!(sent(&["a=b;driftsentry_refresh=dsr_a-b_1; ; =; c"]), found);
        assert_eq!(sent(&["a=b", "c=d; driftsentry_refresh=dsr_a-b_1"]), found);
        assert_eq!(
            sent(&[&b"a=\xff\xe9; driftsentry_refresh=dsr_a-b_1"[..]]),
            found
        );
        assert_eq!(sent(&["driftsentry_refresh="]), Some(String::new()));
    }

    #[test]
    fn two_of_them_are_none() {
        assert_eq!(
            sent(&["driftsentry_refresh=a; driftsentry_refresh=a"]),
            None
        );
        assert_eq!(
            sent(&["driftsentry_refresh=a", "driftsentry_refresh=b"]),
            None
        );
        assert_eq!(
            sent(&[
                "driftsentry_refresh=a",
                "driftsentry_refresh=b; driftsentry_refresh=c"
            ]),
            None
        );
    }

    #[test]
    fn it_is_kept_from_scripts_other_sites_and_other_calls() {
        let rest = "HttpOnly; SameSite=Strict";
        assert_eq!(
            set_refresh("dsr_x", 60, true),
            format!("driftsentry_refresh=dsr_x; {rest}; Secure; Path=/api/v1/auth; Max-Age=60")
        );
        assert_eq!(
            set_refresh("dsr_x", 60, false),
            format!("driftsentry_refresh=dsr_x; {rest}; Path=/api/v1/auth; Max-Age=60")
        );
        assert_eq!(
            clear_refresh(false),
            format!("driftsentry_refresh=; {rest}; Path=/api/v1/auth; Max-Age=0")
        );
        assert!(set_refresh("dsr_x", 60, true).is_sensitive());
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_not(lines in proptest::collection::vec("[ -~\u{e9}]{0,60}|(driftsentry_refresh|=|;| |a|\"){0,12}", 0..3)) {
            if let Some(found) = sent(&lines) {
                let all = lines.join("\n");
                prop_assert!(all.contains("driftsentry_refresh"));
                prop_assert!(all.contains(&found));
            }
        }

        #[test]
        fn what_is_set_comes_back_and_nothing_is_smuggled(token in "\\PC{0,40}|dsr_[-_0-9A-Za-z]{70}", secure: bool) {
            let header = set_refresh(&token, 1, secure);
            let text = header.to_str().unwrap();
            let (pair, attributes) = text.split_once("; ").unwrap();
            let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            let expected = if plain { token } else { String::new() };
            prop_assert_eq!(sent(&[pair]), Some(expected));
            prop_assert_eq!(attributes.matches(';').count(), 3 + usize::from(secure));
        }
    }
}
