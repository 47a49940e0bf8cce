//! The web UI: its files, and the pages that its own router shows.
//!
//! Every page is the same document; what is on it, its script decides by the address. So an address that is opened
//! directly has to be told from a file that is missing, though names in it may hold dots and slashes.

use poem::http::{HeaderMap, HeaderName};

use crate::server::files::{File, UI};
use crate::server::negotiation::{asks_for_html, takes_html};

/// What pages and files of the UI may do: load from here, and nothing else.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
require-trusted-types-for 'script'; trusted-types 'none'";

/// The UI's addresses, but for `/`.
const PAGES: [&str; 9] = [
    "/login",
    "/drifts",
    "/alerts",
    "/workspaces",
    "/audit",
    "/admin/users",
    "/admin/keys",
    "/settings",
    "/profile",
];
/// Below these stands what names one thing.
const PAGES_BELOW: [&str; 3] = ["/drifts/", "/workspaces/", "/scans/"];
/// Where the UI has nothing to say, whatever is asked for.
const OTHERS: [&str; 6] = [
    "/api",
    "/health",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/assets/",
];

/// What a browser is to do with the answer; none sends it wrongly.
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// A file or page of the UI.
pub(crate) struct Found {
    pub(crate) file: &'static File,
    /// As it stands in logs and metrics.
    pub(crate) template: &'static str,
}

/// The template of the files that are named by their content.
pub(crate) const ASSETS: &str = "/assets/{file}";
/// The template of all pages.
const PAGE: &str = "/{page}";

/// What the UI has at a path for a client that asks so.
pub(crate) fn find(path: &str, asked: &HeaderMap) -> Option<Found> {
    if path == "/" || is_page(path, asked) {
        let file = File::find(&UI, "/")?;
        let template = PAGE;
        return Some(Found { file, template });
    }
    let file = File::find(&UI, path)?;
    let template = if is_asset(path) { ASSETS } else { file.path };
    Some(Found { file, template })
}

/// Whether a path is one of the files that are named by their content, there or not.
pub(crate) fn is_asset(path: &str) -> bool {
    path.starts_with("/assets/")
}

/// Whether a path is a page's. Of an address that the UI knows, whoever takes HTML gets the page; of any other, only a
/// browser that goes there, to see the UI's own "not found".
fn is_page(path: &str, asked: &HeaderMap) -> bool {
    let others = |other: &&str| path.starts_with(*other);
    if OTHERS.iter().any(others) || path.contains("//") || is_for_something_else(asked) {
        return false;
    }
    if is_known(path) {
        return takes_html(asked);
    }
    path.starts_with('/') && asks_for_html(asked) && !names_a_file(path)
}

/// Whether a browser wants this for a script, a style, an image, or a call.
fn is_for_something_else(asked: &HeaderMap) -> bool {
    asked
        .get(SEC_FETCH_DEST)
        .is_some_and(|dest| dest != "document")
}

fn is_known(path: &str) -> bool {
    let exact = path.strip_suffix('/').unwrap_or(path);
    PAGES.contains(&exact) || PAGES_BELOW.iter().any(|below| path.starts_with(below))
}

/// Whether a path ends in an extension, or has something hidden in it.
fn names_a_file(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.contains('.') || path.contains("/.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn template(path: &str, headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let asked = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        find(path, &asked).map(|found| found.template)
    }

    #[test]
    fn an_address_of_the_ui_is_a_page_whatever_is_in_it() {
        for path in [
            "/",
            "/login",
            "/drifts",
            "/drifts/",
            "/drifts/0198c0de-0000-7000-8000-000000000001",
            "/workspaces/shop/prod.eu",
            "/workspaces/shop%2Fprod.js",
            "/scans/x.y",
            "/admin/users",
            "/profile",
        ] {
            assert_eq!(template(path, &[]), Some(PAGE), "{path}");
            assert_eq!(template(path, &[("accept", "*/*")]), Some(PAGE), "{path}");
            let browser = [("accept", BROWSER), ("sec-fetch-dest", "document")];
            assert_eq!(template(path, &browser), Some(PAGE), "{path}");
        }
        assert_eq!(template("/drifts", &[("accept", "application/json")]), None);
        let script = [("accept", "*/*"), ("sec-fetch-dest", "script")];
        assert_eq!(template("/workspaces/app.js", &script), None);
    }

    #[test]
    fn any_other_address_is_a_page_for_who_goes_there() {
        for path in ["/nothing", "/admin", "/a/b", "/shop.eu/prod", "/drift"] {
            assert_eq!(template(path, &[("accept", BROWSER)]), Some(PAGE), "{path}");
            assert_eq!(template(path, &[("accept", "*/*")]), None, "{path}");
            assert_eq!(template(path, &[]), None, "{path}");
            let image = [("accept", BROWSER), ("sec-fetch-dest", "image")];
            assert_eq!(template(path, &image), None, "{path}");
        }
    }

    #[test]
    fn a_file_that_is_missing_is_no_page() {
        for path in [
            "/favicon.foo",
            "/assets/gone-1a2b3c4d.js",
            "/assets/",
            "/assets/gone",
            "/.env",
            "/.git/config",
            "//drifts",
            "/drifts//x",
            "/api",
            "/api/v1/drifts",
            "/apis",
            "/healthy",
            "/metrics",
            "/docs/gone",
            "/openapi.json",
            "*",
            "",
        ] {
            assert_eq!(template(path, &[("accept", BROWSER)]), None, "{path}");
        }
    }

    #[test]
    fn files_have_templates_that_tell_no_names() {
        assert_eq!(template("/theme.js", &[]), Some("/theme.js"));
        let assets = UI.iter().filter(|file| is_asset(file.path));
        for file in assets {
            assert_eq!(template(file.path, &[]), Some(ASSETS));
        }
    }
}
