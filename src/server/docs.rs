//! What is served beside the contract: the contract itself, Swagger UI to try it, and a page that points there.
//!
//! All files are in the binary; no page has a script or style in it, and none fetches from elsewhere.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, LOCATION, VARY,
};
use poem::http::{HeaderMap, HeaderValue, StatusCode};
use poem::{Request, Response};
use sha2::{Digest, Sha256};

use crate::server::contract::contract;

/// Nothing but our own files; Swagger UI draws its icons from `data:` images and calls this server.
const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Smaller than this, compression does not pay.
const WORTH_COMPRESSING: usize = 1024;

/// The bytes of a file in the binary.
type Content = fn() -> &'static [u8];

/// One file of the binary.
struct File {
    path: &'static str,
    content_type: &'static str,
    content: Content,
    /// Made at the first request for it.
    served: LazyLock<Served, Box<dyn FnOnce() -> Served + Send>>,
}

/// A file as it goes out.
struct Served {
    plain: Bytes,
    gzip: Option<Bytes>,
    etag: HeaderValue,
}

/// The files, ready to serve.
pub(crate) struct Docs {
    files: Vec<File>,
}

/// Every path that is served, its type and its bytes.
const FILES: [(&str, &str, Content); 8] = [
    ("/", HTML, || {
        include_bytes!("../../assets/landing/index.html")
    }),
    ("/landing.css", CSS, || {
        include_bytes!("../../assets/landing/landing.css")
    }),
    ("/docs", HTML, || {
        include_bytes!("../../assets/swagger-ui/index.html")
    }),
    ("/docs/init.js", JS, || {
        include_bytes!("../../assets/swagger-ui/init.js")
    }),
    ("/docs/swagger-ui.css", CSS, || {
        include_bytes!("../../assets/swagger-ui/swagger-ui.css")
    }),
    ("/docs/swagger-ui-bundle.js", JS, || {
        include_bytes!("../../assets/swagger-ui/swagger-ui-bundle.js")
    }),
    ("/docs/favicon-32x32.png", "image/png", || {
        include_bytes!("../../assets/swagger-ui/favicon-32x32.png")
    }),
    ("/openapi.json", "application/json; charset=utf-8", || {
        static CONTRACT: LazyLock<String> = LazyLock::new(contract);
        CONTRACT.as_bytes()
    }),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

impl Docs {
    pub(crate) fn new() -> Self {
        let files = FILES.map(|(path, content_type, content)| File {
            path,
            content_type,
            content,
            served: LazyLock::new(Box::new(move || Served::of(content()))),
        });
        Self {
            files: files.into(),
        }
    }

    /// The path as it stands in logs and metrics, where it is one of these.
    pub(crate) fn template(path: &str) -> Option<&'static str> {
        let mut known = FILES.iter().map(|(known, ..)| *known).chain(["/docs/"]);
        known.find(|known| *known == path)
    }

    /// The file at the request's path.
    ///
    /// # Errors
    /// `NotFoundError` where there is none.
    pub(crate) fn serve(&self, request: &Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if path == "/docs/" {
            let mut response = Response::from(StatusCode::PERMANENT_REDIRECT);
            let target = HeaderValue::from_static("/docs");
            response.headers_mut().insert(LOCATION, target);
            return Ok(response);
        }
        let file = self.files.iter().find(|file| file.path == path);
        let file = file.ok_or(poem::error::NotFoundError)?;
        Ok(file.respond(request.headers()))
    }
}

impl File {
    fn respond(&self, asked: &HeaderMap) -> Response {
        debug_assert!(!(self.content)().is_empty());
        let served = &*self.served;
        let known = asked
            .get(IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        let etag = served.etag.to_str().unwrap_or_default();
        let mut response = if known.is_some_and(|known| known.contains(etag) || known == "*") {
            Response::from(StatusCode::NOT_MODIFIED)
        } else {
            match &served.gzip {
                Some(gzip) if accepts_gzip(asked) => {
                    let mut response = Response::from(gzip.clone());
                    let gzip = HeaderValue::from_static("gzip");
                    response.headers_mut().insert(CONTENT_ENCODING, gzip);
                    response
                }
                _ => Response::from(served.plain.clone()),
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(ETAG, served.etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_CSP));
        response
    }
}

impl Served {
    fn of(content: &'static [u8]) -> Self {
        let hash = Sha256::digest(content);
        let hex: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            plain: Bytes::from_static(content),
            gzip: (content.len() >= WORTH_COMPRESSING)
                .then(|| gzipped(content).ok())
                .flatten(),
            // Weak: the same tag stands for the plain and the compressed bytes.
            etag: HeaderValue::try_from(format!("W/\"{hex}\""))
                .unwrap_or_else(|_| HeaderValue::from_static("W/\"0\"")),
        }
    }
}

fn gzipped(content: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    encoder.finish().map(Bytes::from)
}

/// Whether `Accept-Encoding` names gzip without refusing it.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let accepted = asked.get_all(ACCEPT_ENCODING).iter();
    let mut codings = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &'static str, header: Option<(&'static str, &str)>) -> Response {
        let mut request = Request::builder().uri(poem::http::Uri::from_static(path));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        Docs::new().serve(&request.finish()).unwrap()
    }

    #[test]
    fn files_have_a_type_a_tag_and_a_compressed_form() {
        let plain = get("/docs/swagger-ui.css", None);
        assert_eq!(plain.headers()[CONTENT_TYPE], CSS);
        let tag = plain.headers()[ETAG].to_str().unwrap().to_owned();
        let again = get("/docs/swagger-ui.css", Some(("if-none-match", &tag)));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let gzip = get(
            "/docs/swagger-ui.css",
            Some(("accept-encoding", "br, gzip")),
        );
        assert_eq!(gzip.headers()[CONTENT_ENCODING], "gzip");
        let refused = get(
            "/docs/swagger-ui.css",
            Some(("accept-encoding", "gzip;q=0")),
        );
        assert!(!refused.headers().contains_key(CONTENT_ENCODING));
    }

    #[test]
    fn pages_have_no_script_or_style_in_them() {
        for (path, content_type, content) in FILES {
            if content_type != HTML {
                continue;
            }
            let page = std::str::from_utf8(content()).unwrap();
            for forbidden in ["<style", " style=", " onload=", "://", "<script>"] {
                assert!(!page.contains(forbidden), "{path} has {forbidden}");
            }
        }
    }
}
