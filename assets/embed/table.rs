//! The table of files as Rust code.

use crate::compress::{Coding, Form, Forms};

/// One `static` of the server, under way.
pub(crate) struct Table {
    name: String,
    code: String,
}

impl Table {
    pub(crate) fn new(name: &str, meaning: &str, files: usize) -> Self {
        Self {
            name: name.to_owned(),
            code: format!(
                "/// {meaning} By path.\npub(crate) static {name}: [File; {files}] = [\n"
            ),
        }
    }

    /// What the nth file's bytes are called in `OUT_DIR`.
    pub(crate) fn bytes_name(&self, n: usize, coding: Coding) -> String {
        let extension = match coding {
            Coding::Plain => "plain",
            Coding::Gzip => "gz",
            Coding::Brotli => "br",
        };
        format!("{}-{n}.{extension}", self.name.to_lowercase())
    }

    pub(crate) fn add(&mut self, n: usize, path: &str, content_type: &str, forms: &Forms) {
        let caching = if is_named_by_its_content(path) {
            "Immutable"
        } else {
            "Revalidated"
        };
        let forms = match forms {
            Forms::Plain(plain) => {
                let plain = self.form(n, plain);
                format!("brotli: None, gzip: None, plain: Plain::Embedded({plain})")
            }
            Forms::Compressed {
                brotli,
                gzip,
                plain_etag,
                plain_bytes,
            } => {
                let (brotli, gzip) = (self.form(n, brotli), self.form(n, gzip));
                format!(
                    "brotli: Some({brotli}), gzip: Some({gzip}), plain: Plain::of_gzip({plain_etag:?}, {plain_bytes})"
                )
            }
        };
        self.code.push_str(&format!(
            "File {{ path: {path:?}, content_type: {content_type:?}, caching: Caching::{caching}, {forms} }},\n"
        ));
    }

    fn form(&self, n: usize, form: &Form) -> String {
        let file = self.bytes_name(n, form.coding);
        let etag = &form.etag;
        format!("Form::embedded({etag:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")))")
    }

    pub(crate) fn code(self) -> String {
        self.code + "];\n"
    }
}

/// Whether a path has its content's hash in it, as Vite names files: `/assets/index-1a2B3c_-.js`.
fn is_named_by_its_content(path: &str) -> bool {
    let name = path.strip_prefix("/assets/").unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.as_bytes();
    let hash_at = stem.len().checked_sub(8);
    hash_at.is_some_and(|at| at > 1 && stem[at - 1] == b'-')
}
