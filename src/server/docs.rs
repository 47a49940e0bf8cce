//! The contract as a file, and Swagger UI to try it.
//!
//! All of it is in the binary; no page has a script or style in it, and none fetches from elsewhere.

use std::sync::LazyLock;

use crate::server::contract::contract;
use crate::server::files::{DOCS, File};

/// Nothing but our own files; Swagger UI draws its icons from `data:` images and calls this server.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the contract is called.
const CONTRACT: &str = "/openapi.json";

/// The file at a path.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    static CONTRACT_FILE: LazyLock<File> =
        LazyLock::new(|| File::made(CONTRACT, "application/json; charset=utf-8", contract()));
    if path == CONTRACT {
        return Some(&CONTRACT_FILE);
    }
    File::find(&DOCS, path)
}

/// Where a path has moved to.
pub(crate) fn moved(path: &str) -> Option<&'static str> {
    (path == "/docs/").then_some("/docs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_comes_with_all_that_its_page_names() {
        for path in [
            "/docs",
            "/docs/init.js",
            "/docs/driftsentry.css",
            "/docs/swagger-ui.css",
            "/docs/swagger-ui-bundle.js",
            "/docs/swagger-ui-bundle.js.LICENSE.txt",
            "/openapi.json",
        ] {
            assert_eq!(find(path).map(|file| file.path), Some(path), "{path}");
        }
        for path in ["/docs/", "/docs/index.html", "/docs/LICENSE", "/"] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
