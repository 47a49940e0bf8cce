//! The files of the binary, and how each goes out: in the coding that its client likes, and only where it changed.
//!
//! The build makes the table and compresses (`assets/embed`). Where compressing pays, only the compressed forms are in the
//! binary: what reads neither gets the plain one, which is made of them when it is first asked for.

use std::io::{self, Read, Write};
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use poem::error::InternalServerError;
use poem::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    VARY,
};
use poem::http::{HeaderMap, HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::hex;
use crate::server::negotiation::{self, Coding};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One file, ready to serve.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is served.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    caching: Caching,
    brotli: Option<Form>,
    gzip: Option<Form>,
    plain: Plain,
}

/// How long a browser may go without asking.
#[derive(Debug, Clone, Copy)]
enum Caching {
    /// For good: its name changes with its content.
    Immutable,
    /// It asks each time, and is told where nothing changed.
    Revalidated,
}

/// A file's bytes in one coding, and the tag that stands for these very bytes.
#[derive(Debug, Clone)]
struct Form {
    etag: HeaderValue,
    bytes: Bytes,
}

/// The file as it is.
#[derive(Debug)]
enum Plain {
    Embedded(Form),
    /// In the binary as gzip only.
    OfGzip {
        etag: HeaderValue,
        size_bytes: usize,
        /// Made at the first request for it, which most files never see.
        made: OnceLock<Bytes>,
    },
}

impl File {
    /// A file that the program makes itself.
    pub(crate) fn made(path: &'static str, content_type: &'static str, content: String) -> Self {
        let gzip = gzipped(content.as_bytes()).ok().map(Form::of);
        Self {
            path,
            content_type,
            caching: Caching::Revalidated,
            brotli: None,
            gzip,
            plain: Plain::Embedded(Form::of(content.into())),
        }
    }

    /// The file at a path.
    pub(crate) fn find(files: &'static [Self], path: &str) -> Option<&'static Self> {
        let at = files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        files.get(at)
    }

    /// The answer to a GET with these headers. `policy` says what a page may load.
    pub(crate) fn answer(&self, asked: &HeaderMap, policy: &'static str) -> poem::Result<Response> {
        let coding = negotiation::coding(asked, |coding| self.has(coding));
        let etag = self.etag(coding);
        let mut response = if knows(asked, etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::from(self.bytes(coding).map_err(InternalServerError)?)
        };
        let coded = (response.status() == StatusCode::OK)
            .then(|| coding.name())
            .flatten();
        let headers = response.headers_mut();
        if let Some(name) = coded {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(ETAG, etag.clone());
        headers.insert(CACHE_CONTROL, self.caching.header());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        Ok(response)
    }

    fn has(&self, coding: Coding) -> bool {
        coding == Coding::Identity || self.form(coding).is_some()
    }

    fn form(&self, coding: Coding) -> Option<&Form> {
        match coding {
            Coding::Brotli => self.brotli.as_ref(),
            Coding::Gzip => self.gzip.as_ref(),
            Coding::Identity => None,
        }
    }

    fn etag(&self, coding: Coding) -> &HeaderValue {
        match (self.form(coding), &self.plain) {
            (Some(form), _) | (None, Plain::Embedded(form)) => &form.etag,
            (None, Plain::OfGzip { etag, .. }) => etag,
        }
    }

    fn bytes(&self, coding: Coding) -> io::Result<Bytes> {
        let (size_bytes, made) = match (self.form(coding), &self.plain) {
            (Some(form), _) | (None, Plain::Embedded(form)) => return Ok(form.bytes.clone()),
            (
                None,
                Plain::OfGzip {
                    size_bytes, made, ..
                },
            ) => (*size_bytes, made),
        };
        if let Some(made) = made.get() {
            return Ok(made.clone());
        }
        let gzip = self.gzip.as_ref().map(|form| form.bytes.clone());
        let plain = gunzipped(&gzip.unwrap_or_default(), size_bytes)?;
        Ok(made.get_or_init(|| plain).clone())
    }
}

impl Caching {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidated => "no-cache",
        })
    }
}

impl Coding {
    /// As `Content-Encoding` names it.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

impl Form {
    const fn embedded(etag: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            etag: HeaderValue::from_static(etag),
            bytes: Bytes::from_static(bytes),
        }
    }

    fn of(bytes: Bytes) -> Self {
        let tag = hex::encode(&Sha256::digest(&bytes)[..16]);
        Self {
            // Hexadecimal digits in quotes are always a header's value.
            etag: HeaderValue::try_from(format!("\"{tag}\""))
                .unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            bytes,
        }
    }
}

impl Plain {
    const fn of_gzip(etag: &'static str, size_bytes: usize) -> Self {
        Self::OfGzip {
            etag: HeaderValue::from_static(etag),
            size_bytes,
            made: OnceLock::new(),
        }
    }
}

/// Whether the client says that it has these bytes already.
fn knows(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let lines = asked.get_all(IF_NONE_MATCH).into_iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim);
    // A proxy that codes anew makes a tag weak; the content is still the same.
    tags.any(|tag| tag == "*" || etag == tag.strip_prefix("W/").unwrap_or(tag))
}

fn gzipped(content: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    encoder.finish().map(Bytes::from)
}

fn gunzipped(gzip: &[u8], size_bytes: usize) -> io::Result<Bytes> {
    let mut plain = Vec::with_capacity(size_bytes);
    GzDecoder::new(gzip).read_to_end(&mut plain)?;
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static File> {
        UI.iter().chain(&DOCS)
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let name = poem::http::HeaderName::from_static(name);
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    async fn body(response: Response) -> Vec<u8> {
        response.into_body().into_vec().await.unwrap()
    }

    #[test]
    fn files_are_found_by_their_paths() {
        for (files, path) in [(&UI[..], "/"), (&UI[..], "/theme.js"), (&DOCS[..], "/docs")] {
            assert!(files.is_sorted_by(|one, next| one.path < next.path));
            assert_eq!(File::find(files, path).unwrap().path, path);
        }
        assert!(File::find(&UI, "/docs").is_none() && File::find(&UI, "").is_none());
    }

    #[tokio::test]
    async fn every_form_is_the_same_file_under_a_tag_of_its_own() {
        for file in all() {
            let plain = file.bytes(Coding::Identity).unwrap();
            assert!(!plain.is_empty(), "{}", file.path);
            assert_eq!(file.etag(Coding::Identity), Form::of(plain.clone()).etag);
            for (coding, name) in [(Coding::Gzip, "gzip"), (Coding::Brotli, "br")] {
                let Some(form) = file.form(coding) else {
                    continue;
                };
                assert!(form.bytes.len() < plain.len(), "{}", file.path);
                assert_eq!(form.etag, Form::of(form.bytes.clone()).etag);
                assert_ne!(&form.etag, file.etag(Coding::Identity));
                let response = file
                    .answer(&headers(&[("accept-encoding", name)]), "")
                    .unwrap();
                assert_eq!(response.headers()[CONTENT_ENCODING], name);
                let coded = body(response).await;
                let mut decoded = Vec::new();
                match coding {
                    Coding::Gzip => GzDecoder::new(&coded[..]).read_to_end(&mut decoded),
                    _ => brotli_decompressor::Decompressor::new(&coded[..], 4096)
                        .read_to_end(&mut decoded),
                }
                .unwrap();
                assert!(decoded == plain, "{} by {name}", file.path);
            }
        }
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let file = File::made("/made", "text/plain", "made\n".repeat(500));
        let first = file
            .answer(&HeaderMap::new(), "default-src 'none'")
            .unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()[ETAG].to_str().unwrap();
        for known in [
            etag.to_owned(),
            format!("W/{etag}"),
            format!("\"other\", {etag}"),
            "*".to_owned(),
        ] {
            let again = file
                .answer(&headers(&[("if-none-match", &known)]), "default-src 'none'")
                .unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            for name in [ETAG, CACHE_CONTROL, VARY, CONTENT_SECURITY_POLICY] {
                assert_eq!(again.headers()[&name], first.headers()[&name]);
            }
        }
        // The tag of other bytes: those of the gzip form.
        let other = [("if-none-match", etag), ("accept-encoding", "gzip")];
        let coded = file.answer(&headers(&other), "").unwrap();
        assert_eq!(coded.status(), StatusCode::OK);
        assert_ne!(coded.headers()[ETAG], *etag);
    }

    #[test]
    fn only_what_is_named_by_its_content_is_kept_for_good() {
        for file in all() {
            let kept = matches!(file.caching, Caching::Immutable);
            assert!(!kept || file.path.starts_with("/assets/"), "{}", file.path);
        }
        let script = UI.iter().find(|file| file.path.starts_with("/assets/"));
        assert!(matches!(script.unwrap().caching, Caching::Immutable));
    }

    #[test]
    fn pages_have_no_script_or_style_in_them() {
        let pages = all().filter(|file| file.content_type.starts_with("text/html"));
        for file in pages {
            let page = file.bytes(Coding::Identity).unwrap();
            let page = std::str::from_utf8(&page).unwrap();
            for forbidden in ["<style", " style=", " onload=", "://", "<script>"] {
                assert!(!page.contains(forbidden), "{} has {forbidden}", file.path);
            }
        }
    }
}
