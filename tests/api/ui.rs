//! What a browser gets: the web UI's pages and files, and Swagger UI beside it.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::harness::{Answer, App, Client};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
trusted-types 'none'";
/// As a browser says it that goes to a page.
const BROWSER: [(&str, &str); 2] = [
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("sec-fetch-dest", "document"),
];
/// Addresses of the UI, with names in them that look like files and folders.
const PAGES: [&str; 15] = [
    "/",
    "/login",
    "/login?next=%2Fdrifts",
    "/drifts",
    "/drifts?status=all&search=a.b",
    "/drifts/0198c0de-0000-7000-8000-000000000001",
    "/alerts",
    "/workspaces",
    "/workspaces/shop/prod.eu",
    "/workspaces/shop%2Fprod.js",
    "/scans/0198c0de-0000-7000-8000-000000000001",
    "/audit",
    "/admin/users",
    "/settings",
    "/profile",
];

fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send("GET", path, headers, None)
}

/// The files that a page names, such as `/assets/index-1a2b3c4d.js`.
fn named_in(page: &str) -> Vec<String> {
    let values = ["src=\"", "href=\""].into_iter().flat_map(|attribute| {
        let parts = page.split(attribute).skip(1);
        parts.filter_map(|rest| rest.split('"').next())
    });
    let own = values.filter(|value| value.starts_with('/') && value.contains('.'));
    own.map(str::to_owned).collect()
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    let bytes = &answer.body[..];
    match answer.header("content-encoding") {
        None => bytes.to_vec(),
        Some("gzip") => {
            GzDecoder::new(bytes)
                .read_to_end(&mut plain)
                .expect("it is gzip");
            plain
        }
        Some("br") => {
            brotli_decompressor::Decompressor::new(bytes, 4096)
                .read_to_end(&mut plain)
                .expect("it is brotli");
            plain
        }
        Some(other) => panic!("{}: coded as {other}", answer.request),
    }
}

#[test]
fn every_address_of_the_ui_opens_it() {
    let app = App::start();
    let client = app.as_nobody();
    let index = get(&client, "/", &[]).expect(200).body;
    for path in PAGES {
        for headers in [&BROWSER[..], &[("accept", "*/*")], &[]] {
            let page = get(&client, path, headers).expect(200);
            assert_eq!(page.body, index, "{path}");
            for (name, value) in [
                ("content-type", "text/html; charset=utf-8"),
                ("content-security-policy", POLICY),
                ("cache-control", "no-cache"),
                ("vary", "accept-encoding"),
            ] {
                assert_eq!(page.header(name), Some(value), "{path}");
            }
            let head = client.send("HEAD", path, headers, None).expect(200);
            assert!(head.body.is_empty(), "{path}");
            let length = index.len().to_string();
            for (name, value) in [
                ("content-length", Some(length.as_str())),
                ("etag", page.header("etag")),
                ("content-security-policy", Some(POLICY)),
            ] {
                assert_eq!(head.header(name), value, "HEAD {path}");
            }
        }
    }
    // The UI has a page for what it doesn't know, too, but only for who goes there.
    get(&client, "/nothing/here", &BROWSER).expect(200);
    client
        .send("HEAD", "/nothing/here", &BROWSER, None)
        .expect(200);
    for headers in [&[][..], &[("accept", "*/*")]] {
        get(&client, "/nothing/here", headers)
            .expect(404)
            .code("NOT_FOUND");
    }
}

#[test]
fn what_is_missing_is_not_a_page() {
    let app = App::start();
    let client = app.as_nobody();
    for path in [
        "/favicon.foo",
        "/index.html",
        "/assets/",
        "/assets/gone-1a2b3c4d.js",
        "/assets/../drifts",
        "/docs/gone",
        "/docs/index.html",
        "/.env",
        "/.git/config",
        "//drifts",
        "/api",
        "/api/v1/nothing",
        "/healthy",
        "/metrics/x",
    ] {
        let missing = get(&client, path, &BROWSER).expect(404).code("NOT_FOUND");
        assert_eq!(missing.header("cache-control"), Some("no-store"), "{path}");
        client.send("HEAD", path, &BROWSER, None).expect(404);
    }
    // A script of an older version, asked for by a page that is still open.
    let gone = get(
        &client,
        "/assets/gone.js",
        &[("sec-fetch-dest", "script"), ("accept", "*/*")],
    );
    let gone = gone.expect(404).code("NOT_FOUND");
    assert!(gone.message().contains("reload the page"));
    // Neither is what a page loads, or a program asks for.
    for headers in [
        [("accept", "*/*"), ("sec-fetch-dest", "script")],
        [("accept", "application/json"), ("sec-fetch-dest", "empty")],
        [("accept", "application/json"), ("user-agent", "a program")],
    ] {
        get(&client, "/workspaces/app.js", &headers)
            .expect(404)
            .code("NOT_FOUND");
    }
}

#[test]
fn a_page_is_only_read() {
    let app = App::start();
    let client = app.as_nobody();
    for path in ["/", "/login", "/drifts/x", "/theme.js", "/docs"] {
        for method in ["POST", "PUT", "DELETE"] {
            let refused = client.send(method, path, &[], Some(b"")).expect(405);
            let refused = refused.code("METHOD_NOT_ALLOWED");
            assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
        let options = client.send("OPTIONS", path, &[], None).expect(204);
        assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
    client
        .send("POST", "/assets/gone.js", &[], Some(b""))
        .expect(404);
}

#[test]
fn every_file_a_page_names_is_there_in_every_coding() {
    let app = App::start();
    let client = app.as_nobody();
    for page in ["/", "/docs"] {
        let files = named_in(&get(&client, page, &[]).expect(200).body_text());
        assert!(files.len() > 2, "{files:?}");
        assert!(files.iter().any(|file| file.ends_with(".js")), "{files:?}");
        for path in files.iter().map(String::as_str).chain([page]) {
            is_there_in_every_coding(&client, path);
        }
    }
}

#[track_caller]
fn is_there_in_every_coding(client: &Client, path: &str) {
    let plain = get(client, path, &[]).expect(200);
    assert_eq!(plain.header("content-encoding"), None, "{path}");
    assert!(!plain.body.is_empty(), "{path}");
    let kind = match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "ico" => "image/x-icon",
        _ => "text/html; charset=utf-8",
    };
    let named_by_content = path.starts_with("/assets/");
    let caching = if named_by_content {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let compresses = plain.body.len() > 4096 && kind.starts_with("text/");
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0, *;q=0.1", ""),
        ("identity", ""),
    ] {
        let coded = get(client, path, &[("accept-encoding", accepted)]).expect(200);
        if compresses {
            let said = coded.header("content-encoding").unwrap_or_default();
            assert_eq!(said, coding, "{path} for {accepted}");
        }
        assert!(
            decoded(&coded) == plain.body,
            "{path} by {coding} is another file"
        );
        for (name, value) in [
            ("content-type", kind),
            ("cache-control", caching),
            ("vary", "accept-encoding"),
        ] {
            assert_eq!(coded.header(name), Some(value), "{path} by {coding}");
        }
        // What it has, a browser doesn't get again; of the same tag are the same bytes.
        let etag = coded.header("etag").expect("a tag");
        assert_eq!(
            Some(etag) == plain.header("etag"),
            coded.body == plain.body,
            "{path}"
        );
        let asked = [("accept-encoding", accepted), ("if-none-match", etag)];
        let again = get(client, path, &asked).expect(304);
        assert!(again.body.is_empty(), "{path}");
        assert_eq!(again.header("etag"), Some(etag));
        assert_eq!(again.header("cache-control"), Some(caching));
        assert_eq!(again.header("vary"), Some("accept-encoding"));
        let other = [
            ("accept-encoding", accepted),
            ("if-none-match", "\"other\""),
        ];
        get(client, path, &other).expect(200);
    }
}

#[test]
fn pages_and_files_may_load_from_here_only() {
    let app = App::start();
    let client = app.as_nobody();
    let page = get(&client, "/", &[]).expect(200).body_text();
    for path in named_in(&page) {
        let file = get(&client, &path, &[]).expect(200);
        assert_eq!(file.header("content-security-policy"), Some(POLICY));
    }
    let docs = get(&client, "/docs", &[]).expect(200);
    let policy = docs.header("content-security-policy").expect("a policy");
    for word in ["unsafe", "http", "*"] {
        assert!(!policy.contains(word), "{policy}");
    }
    // The API's documentation looks like the rest: it takes the theme and the mark from there, and leads back.
    let docs = docs.body_text();
    for part in ["/theme.js", "/favicon.svg", "/docs/driftsentry.css"] {
        assert!(
            named_in(&docs).iter().any(|named| named == part),
            "{part}: {docs}"
        );
    }
    assert!(docs.contains("href=\"/\""), "{docs}");
}

#[test]
fn addresses_stay_out_of_metrics_and_logs() {
    let app = App::start();
    let client = app.as_nobody();
    let page = get(&client, "/", &[]).expect(200).body_text();
    let files = named_in(&page);
    let asset = files.iter().find(|path| path.starts_with("/assets/"));
    let asset = asset.expect("a script");
    get(&client, asset, &[]).expect(200);
    get(&client, "/workspaces/secret-name", &[]).expect(200);
    get(&client, "/unheard-of", &BROWSER).expect(200);
    get(&client, "/unheard-of.js", &BROWSER).expect(404);
    get(&client, "/assets/unheard-of.js", &[]).expect(404);
    let told = get(&client, "/metrics", &[]).expect(200).body_text();
    let count = |status: u16, route: &str| {
        format!(
            "driftsentry_http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}} "
        )
    };
    for (line, times) in [
        (count(200, "/{page}"), "3"),
        (count(200, "/assets/{file}"), "1"),
        (count(404, "/assets/{file}"), "1"),
        (count(404, "unmatched"), "1"),
    ] {
        assert!(
            told.contains(&format!("{line}{times}\n")),
            "{line}{times}\n{told}"
        );
    }
    for place in [told, app.log()] {
        for name in ["secret-name", "unheard-of", asset] {
            assert!(!place.contains(name), "{name}: {place}");
        }
    }
}
