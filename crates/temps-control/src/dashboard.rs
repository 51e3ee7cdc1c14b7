//! The dashboard: files that were built into the program, and one shell for every page.
//!
//! It is public, as everything that a browser needs before anybody has logged in; what it shows comes from the API alone.

use std::borrow::Cow;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;

use crate::{app::App, browse, built_in::Files, problem::Problem};

const SHELL: &str = "index.html";
/// Files below carry a hash of their content in their names.
const IMMUTABLE: &str = "_app/immutable/";
/// What pages may load: what comes from here, and nothing else. Texts become markup only where the framework itself makes elements of its own
/// templates (R-APP-4).
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html; script-src 'self'";

/// The forms in which a file may be there, the smallest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    Identity,
}

/// Shown instead of a dashboard that was not built.
#[derive(Template)]
#[template(path = "console.html")]
struct NotBuilt {
    version: &'static str,
}

/// Answers what no route of the API answers: a file of the dashboard, or its shell.
pub async fn serve(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_api = path == "api" || path.starts_with("api/");
    if is_api || !matches!(method, Method::GET | Method::HEAD) {
        return nothing("There is nothing at this path.").hint("The API is described at /api/docs.").into_response();
    }
    let Some(files) = app.built_in.dashboard.as_deref().filter(|files| files.get(SHELL).is_some()) else {
        return match path {
            "" => browse::html(NotBuilt { version: env!("CARGO_PKG_VERSION") }.render().unwrap_or_default()),
            _ => nothing("There is nothing at this path: the program was built without the dashboard.").into_response(),
        };
    };
    // The shell is a page and no file, and forms of a file are asked for by headers.
    let is_file = path != SHELL && !path.ends_with(".br") && !path.ends_with(".gz");
    if is_file && let Some(response) = file(files, path, &headers) {
        return response;
    }
    match path.is_empty() || wants_page(&headers) {
        true => shell(files),
        false => nothing("There is nothing at this path.").into_response(),
    }
}

fn nothing(detail: &'static str) -> Problem {
    Problem::no_such_path(detail)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// The page that every path gets; which one it is, its script finds out.
fn shell(files: &dyn Files) -> Response {
    let page = files.get(SHELL).unwrap_or_default();
    let page = String::from_utf8_lossy(&page).into_owned();
    let hashes: String = inline_scripts(&page).map(|script| format!(" 'sha256-{}'", hash(script))).collect();
    let policy = HeaderValue::try_from(format!("{POLICY}{hashes}")).expect("base64 makes a header value");
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

/// The texts of scripts without attributes, such as `<script>…</script>`.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script>").skip(1).filter_map(|rest| rest.split_once("</script>")).map(|(script, _)| script)
}

fn hash(script: &str) -> String {
    STANDARD.encode(digest(&SHA256, script.as_bytes()))
}

fn file(files: &dyn Files, path: &str, headers: &HeaderMap) -> Option<Response> {
    let (coding, content) = [Coding::Brotli, Coding::Gzip, Coding::Identity]
        .into_iter()
        .filter(|coding| accepts(headers, *coding))
        .find_map(|coding| Some((coding, coding.of(files, path)?)))?;
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let lifetime = match path.starts_with(IMMUTABLE) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let content = match content {
        Cow::Borrowed(content) => Body::from(content),
        Cow::Owned(content) => Body::from(content),
    };
    let mut response = content.into_response();
    let head = response.headers_mut();
    head.insert(header::CONTENT_TYPE, HeaderValue::try_from(media_type.as_ref()).ok()?);
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(name) = coding.name() {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Some(response)
}

/// Whether a client takes a form (RFC 9110 §12.5.3). Everybody takes a file as it is.
fn accepts(headers: &HeaderMap, coding: Coding) -> bool {
    let Some(name) = coding.name() else { return true };
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut offers = values.flat_map(|value| value.split(','));
    offers.any(|offer| {
        let (offered, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let weight = weight.trim().trim_start_matches("q=");
        offered.trim().eq_ignore_ascii_case(name)
            && !(weight.starts_with('0') && weight.trim_matches(['0', '.']).is_empty())
    })
}

impl Coding {
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// A file in this form. What is built in compressed alone is made whole for the few who take nothing else.
    fn of(self, files: &dyn Files, path: &str) -> Option<Cow<'static, [u8]>> {
        let gzip = || files.get(&format!("{path}.gz"));
        match self {
            Self::Brotli => files.get(&format!("{path}.br")),
            Self::Gzip => gzip(),
            Self::Identity => files.get(path).or_else(|| {
                let mut whole = Vec::new();
                std::io::Read::read_to_end(&mut GzDecoder::new(&*gzip()?), &mut whole).ok()?;
                Some(whole.into())
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder;

    impl Files for Folder {
        fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
            let content: &[u8] = match path {
                "index.html" => b"<script src=/theme.js></script><script>start()</script>",
                "theme.js" => b"whole",
                "theme.js.br" => b"brotli",
                "theme.js.gz" => b"gzip",
                "_app/immutable/font.woff2" => b"font",
                _ => return None,
            };
            Some(content.into())
        }

        fn paths(&self) -> Vec<Cow<'static, str>> {
            Vec::new()
        }
    }

    fn asked(path: &str, encodings: &str) -> Option<(Option<String>, String)> {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(encodings).unwrap())]);
        let response = file(&Folder, path, &headers)?;
        let text = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Some((text(header::CONTENT_ENCODING), text(header::CACHE_CONTROL).unwrap()))
    }

    #[test]
    fn the_smallest_form_that_a_client_takes_is_sent() {
        let coding = |encodings: &str| asked("theme.js", encodings).unwrap().0;
        assert_eq!(coding("gzip, deflate, br, zstd").as_deref(), Some("br"));
        assert_eq!(coding("gzip").as_deref(), Some("gzip"));
        assert_eq!(coding("br;q=0, gzip;q=0.5").as_deref(), Some("gzip"));
        assert_eq!(coding("br;q=0.0, gzip;q=0"), None);
        assert_eq!(coding("identity"), None);
    }

    #[test]
    fn what_carries_its_hash_in_its_name_is_kept_for_ever_and_the_rest_is_asked_for_again() {
        assert!(asked("_app/immutable/font.woff2", "br").unwrap().1.contains("immutable"));
        assert_eq!(asked("theme.js", "br").unwrap().1, "no-cache");
        assert!(asked("no.js", "br").is_none());
    }

    #[test]
    fn r_app_4_the_policy_names_the_inline_script_of_the_shell_and_nothing_else_inline() {
        let response = shell(&Folder);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.ends_with(&format!("script-src 'self' 'sha256-{}'", hash("start()"))), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
