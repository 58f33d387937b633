//! The files that browsers load: script, WebAssembly, style and what stands in `public/`.
//!
//! The binary hands them in; see `embedded.rs`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use sha2::{Digest as _, Sha256};
use ui::{Assets, LazyParts};

/// Files without a hash in the name, the icons above all: used as they are for five minutes, and for a week while the
/// browser asks for newer ones beside it. A page that has lost the server can still draw the icon that says so.
const ASK_LATER: &str = "public, max-age=300, stale-while-revalidate=604800";

/// The folder inside the site that holds files with a hash of their content in the name.
const HASHED: &str = "pkg";
/// The name of the build, and of its files in [`HASHED`].
const NAME: &str = "docket";
/// What the build says about itself: a line `part: hash` for each part.
const HASHES: &str = "hash.txt";

/// The content of files by their path below the site, with slashes.
pub type Contents = HashMap<String, Cow<'static, [u8]>>;

/// All files of the site, held in memory.
#[derive(Debug, Default)]
pub struct Site {
    /// By path, without a slash in front.
    files: HashMap<String, File>,
    hashes: HashMap<String, String>,
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    etag: HeaderValue,
    cache: HeaderValue,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Site {
    /// Takes in files by path: those for browsers, their compressed copies, and what the build says about itself.
    pub fn new(mut contents: Contents) -> Self {
        let hashes =
            contents.remove(HASHES).map(|text| parse_hashes(&String::from_utf8_lossy(&text))).unwrap_or_default();
        let mut files = HashMap::new();
        let mut compressed = Vec::new();
        for (path, plain) in contents {
            match path.rsplit_once('.') {
                Some((_, "br" | "gz")) => compressed.push((path, plain)),
                _ => {
                    files.insert(path.clone(), File::new(&path, into_bytes(plain), !hashes.is_empty()));
                }
            }
        }
        for (path, packed) in compressed {
            let Some((plain, encoding)) = path.rsplit_once('.') else {
                continue;
            };
            if let Some(file) = files.get_mut(plain) {
                let slot = if encoding == "br" { &mut file.brotli } else { &mut file.gzip };
                *slot = Some(into_bytes(packed));
            }
        }
        Self { files, hashes }
    }

    /// Whether there is nothing to serve, because the browser's half was never built.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The addresses of the files that pages refer to.
    pub fn assets(&self) -> Assets {
        let named = |part: &str, stem: &str, extension: &str| match self.hashes.get(part) {
            Some(hash) => format!("{stem}.{hash}.{extension}"),
            None => format!("{stem}.{extension}"),
        };
        let address = |part: &str, extension: &str| format!("/{HASHED}/{}", named(part, NAME, extension));
        let manifest = format!("{HASHED}/{}", named("manifest", "__wasm_split_manifest", "json"));
        let lazy = self
            .files
            .get(&manifest)
            .and_then(|file| serde_json::from_slice::<HashMap<String, String>>(&file.plain).ok())
            .filter(|files| !files.is_empty())
            .map(|files| {
                Arc::new(LazyParts {
                    folder: format!("/{HASHED}"),
                    loader: named("split", "__wasm_split", "js"),
                    files,
                })
            });
        Assets {
            script: address("js", "js"),
            wasm: address("wasm", "wasm"),
            style: address("css", "css"),
            font: self
                .hashes
                .contains_key("font")
                .then(|| format!("/{HASHED}/{}", named("font", "inter-latin", "woff2"))),
            lazy,
            reload: cfg!(debug_assertions) && std::env::var_os("DOCKET_RELOAD").is_some(),
        }
    }

    /// The answer to a request for a file; `None` if there is no such file.
    pub fn respond(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let file = self.files.get(uri.path().strip_prefix('/')?)?;
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Some(StatusCode::METHOD_NOT_ALLOWED.into_response());
        }
        Some(file.respond(method, headers))
    }
}

impl File {
    /// `named`: whether names in [`HASHED`] tell what is in the files.
    fn new(path: &str, plain: Bytes, named: bool) -> Self {
        let hashed = path.strip_prefix(HASHED).is_some_and(|rest| rest.starts_with('/'));
        // Whatever is read of the program stays in memory, and the files for browsers are most of it: those with a hash in their
        // name are not read to find out what the name says.
        let digest = if hashed && named { Sha256::digest(path) } else { Sha256::digest(&plain) };
        let etag = format!("\"{:x}\"", u64::from_be_bytes(std::array::from_fn(|i| digest[i])));
        Self {
            kind: content_type(path),
            // Hexadecimal digits between quotes are always a valid header.
            etag: HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\"")),
            cache: HeaderValue::from_static(if hashed { "public, max-age=31536000, immutable" } else { ASK_LATER }),
            plain,
            brotli: None,
            gzip: None,
        }
    }

    fn respond(&self, method: &Method, headers: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        let answer = response.headers_mut();
        answer.insert(ETAG, self.etag.clone());
        answer.insert(CACHE_CONTROL, self.cache.clone());
        answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if matches(headers.get(IF_NONE_MATCH), &self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (body, encoding) = match (&self.brotli, &self.gzip) {
            (Some(body), _) if accepts(accepted, "br") => (body, Some("br")),
            (_, Some(body)) if accepts(accepted, "gzip") => (body, Some("gzip")),
            _ => (&self.plain, None),
        };
        answer.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        answer.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Some(encoding) = encoding {
            answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if method == Method::GET {
            *response.body_mut() = Body::from(body.clone());
        }
        response
    }
}

/// Whether the client's `If-None-Match` (RFC 9110, section 13.1.2) names this version.
fn matches(asked: Option<&HeaderValue>, etag: &HeaderValue) -> bool {
    let (Some(Ok(asked)), Ok(etag)) = (asked.map(HeaderValue::to_str), etag.to_str()) else {
        return false;
    };
    asked.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == etag || tag == "*")
}

/// Whether `Accept-Encoding` (RFC 9110, section 12.5.3) takes this encoding: named, and not with weight zero.
pub fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding))
            && !parts.any(|part| part.strip_prefix("q=").and_then(|weight| weight.parse().ok()) == Some(0.0_f32))
    })
}

fn parse_hashes(text: &str) -> HashMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(part, hash)| (part.trim().to_owned(), hash.trim().to_owned()))
        .collect()
}

fn into_bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

/// The kinds of files that the site has. Anything else is sent as bytes, which browsers do not run or show.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_by_name_and_weight() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("", "br"));
        assert!(!accepts("x-br", "br"));
    }

    fn site() -> Site {
        let files = [
            ("hash.txt", "js: 1\ncss: 2\n"),
            ("pkg/docket.1.js", "plain"),
            ("pkg/docket.1.js.br", "packed"),
            ("favicon.svg", "<svg/>"),
        ];
        Site::new(files.map(|(path, text)| (path.to_owned(), Cow::Borrowed(text.as_bytes()))).into())
    }

    fn ask(path: &'static str, header: Option<(http::HeaderName, &HeaderValue)>) -> Option<Response> {
        let headers = header.map(|(name, value)| (name, value.clone())).into_iter().collect();
        site().respond(&Method::GET, &Uri::from_static(path), &headers)
    }

    #[test]
    fn hashed_files_are_packed_and_kept_for_good() {
        let brotli = HeaderValue::from_static("gzip, br");
        let response = ask("/pkg/docket.1.js", Some((ACCEPT_ENCODING, &brotli))).unwrap();
        assert_eq!(response.headers()[CONTENT_ENCODING], "br");
        assert_eq!(response.headers()[CONTENT_LENGTH], "6");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let response = ask("/pkg/docket.1.js", None).unwrap();
        assert!(!response.headers().contains_key(CONTENT_ENCODING));
    }

    #[test]
    fn unhashed_files_are_asked_for_again_and_not_sent_twice() {
        let first = ask("/favicon.svg", None).unwrap();
        assert_eq!(first.headers()[CACHE_CONTROL], ASK_LATER);
        let again = ask("/favicon.svg", Some((IF_NONE_MATCH, &first.headers()[ETAG]))).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(ask("/../favicon.svg", None).is_none());
    }

    #[test]
    fn pages_name_the_files_of_this_build() {
        let assets = site().assets();
        assert_eq!(assets.script, "/pkg/docket.1.js");
        assert_eq!(assets.style, "/pkg/docket.2.css");
        assert_eq!(assets.wasm, "/pkg/docket.wasm");
    }
}
