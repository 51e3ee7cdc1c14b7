//! The page, text or problem document that an [`Answer`] is shown as.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response,
    header::{self, ACCEPT},
};
use temps_model::RequestId;
use temps_policy::{NormalPath, Site, SiteId};

use crate::{
    answer::{Answer, Words},
    body::Body,
};

/// What a client would like to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taste {
    Html,
    /// A problem document (RFC 9457).
    Problem,
    Text,
}

impl Taste {
    /// Browsers name `text/html`; programs name JSON, anything, or nothing. Those of the console's API get what the API promises, whatever they
    /// name.
    pub fn of(headers: &HeaderMap, site: Option<&Site>, path: &NormalPath) -> Self {
        if site.is_some_and(|site| site.id == SiteId::Console) && path.path().starts_with("/api/") {
            return Self::Problem;
        }
        let names = |kind: &str| {
            let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|range| {
                let media_type = range.split(';').next().unwrap_or_default().trim();
                media_type.eq_ignore_ascii_case(kind)
            })
        };
        if names("text/html") {
            Self::Html
        } else if names("application/json") || names("application/problem+json") {
            Self::Problem
        } else {
            Self::Text
        }
    }
}

/// Shows an answer. Nothing in it comes from the request but what is wrong with it, in our words.
pub fn render(answer: &Answer, taste: Taste, id: RequestId) -> Response<Body> {
    let words = answer.words();
    let (media_type, text) = match taste {
        Taste::Html => ("text/html; charset=utf-8", html(&words, id)),
        Taste::Problem => ("application/problem+json", problem(&words, id)),
        Taste::Text => ("text/plain; charset=utf-8", text(&words, id)),
    };
    let mut response = Response::new(Body::Full(Bytes::from(text)));
    *response.status_mut() = words.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY.clone());
    say_more(answer, headers);
    response
}

/// The headers that some answers need beside the page.
fn say_more(answer: &Answer, headers: &mut HeaderMap) {
    match answer {
        Answer::Throttled { retry_after } => {
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        Answer::MethodNotAllowed(allow) => {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow.unwrap_or_default()));
        }
        Answer::Redirect(location) => {
            headers.insert(header::LOCATION, location.clone());
        }
        Answer::RangeNotSatisfiable { size } => {
            if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
                headers.insert(header::CONTENT_RANGE, range);
            }
        }
        _ => {}
    }
}

const STYLE: &str = include_str!("../templates/page.css");

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    style: &'a str,
    words: &'a Words,
    id: RequestId,
}

/// Nothing is loaded and nothing runs; the one style sheet is named by its hash (CSP Level 3 §2.3.1).
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    HeaderValue::try_from(policy).expect("a policy of base64 and keywords is a header value")
});

fn html(words: &Words, id: RequestId) -> String {
    let page = Page { style: STYLE, words, id };
    // Rendering into a string cannot fail; were it to, the text says the same.
    page.render().unwrap_or_else(|_| text(words, id))
}

fn text(words: &Words, id: RequestId) -> String {
    format!("{}\n\n{} {}\n\nRequest id: {id}\n", words.title, words.what, words.advice)
}

/// In the form of the console's API.
fn problem(words: &Words, id: RequestId) -> String {
    serde_json::json!({
        "type": format!("urn:temps:problem:{}", words.code),
        "title": words.title,
        "status": words.status.as_u16(),
        "detail": words.what,
        "code": words.code,
        "hint": words.advice,
        "request_id": id.to_string(),
    })
    .to_string()
}
