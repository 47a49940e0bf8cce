//! What a file is, by its extension.

use std::path::Path;

use crate::Refusal;

/// The `Content-Type` of a file. Browsers guess none: a wrong one is a script that doesn't run.
pub(crate) fn of(file: &Path) -> Result<&'static str, Refusal> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    Ok(match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => {
            return Err(format!(
                "{} is of no type that the server knows: add it to assets/embed/content_type.rs, or keep the file out.",
                file.display()
            ));
        }
    })
}
