//! Static files: clean addresses, conditional requests, ranges, compression.
//!
//! | request | answer |
//! |---|---|
//! | `/a.css` | the file `a.css` |
//! | `/` and `/docs/` | `index.html` in that folder |
//! | `/about` | `about`, else `about.html`, else a redirect to `/about/` if that folder has an `index.html` |
//! | anything else | `404.html` at the top of the site with status 404, else our own page |
//!
//! Everything is revalidated with its strong entity tag, which names the content and its compression; ranges are of the uncompressed form.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
        ETAG, LAST_MODIFIED, VARY,
    },
};
use temps_policy::{Encoding, Facts, FileEntry, NormalPath, StaticSite};

use crate::{answer::Answer, body::Body, worker::Worker};

mod blobs;
mod conditions;
mod encoding;
mod range;

pub use blobs::{BlobCache, FileBody};

use conditions::{Condition, Validators};
use range::Range;

pub async fn serve(
    worker: &Worker,
    site: &StaticSite,
    facts: &Facts,
    request: &HeaderMap,
) -> Result<Response<Body>, Answer> {
    if !matches!(facts.method, Method::GET | Method::HEAD) {
        return Err(Answer::MethodNotAllowed(Some("GET, HEAD")));
    }
    match find(site, &facts.path) {
        Found::File(file) => answer(worker, site, file, facts, request).await,
        Found::Folder => Err(moved_to_folder(&facts.path)),
        Found::Nothing => match site.files.get("404.html") {
            Some(page) => not_found(worker, site, page, request).await,
            None => Err(Answer::NotFound),
        },
    }
}

#[derive(Debug, PartialEq)]
enum Found<'a> {
    File(&'a FileEntry),
    /// A folder with a front page, addressed without the slash at its end.
    Folder,
    Nothing,
}

fn find<'a>(site: &'a StaticSite, path: &NormalPath) -> Found<'a> {
    let decoded = path.decoded();
    let name = decoded.strip_prefix('/').unwrap_or(&decoded);
    let file = |name: &str| site.files.get(name).map(Found::File);
    if name.is_empty() || name.ends_with('/') {
        return file(&format!("{name}index.html")).unwrap_or(Found::Nothing);
    }
    file(name).or_else(|| file(&format!("{name}.html"))).unwrap_or_else(|| {
        match site.files.contains_key(format!("{name}/index.html").as_str()) {
            true => Found::Folder,
            false => Found::Nothing,
        }
    })
}

fn moved_to_folder(path: &NormalPath) -> Answer {
    let location = match path.query() {
        Some(query) => format!("{}/?{query}", path.path()),
        None => format!("{}/", path.path()),
    };
    HeaderValue::try_from(location).map_or(Answer::Failed, Answer::Redirect)
}

async fn answer(
    worker: &Worker,
    site: &StaticSite,
    file: &FileEntry,
    facts: &Facts,
    request: &HeaderMap,
) -> Result<Response<Body>, Answer> {
    let asked = match facts.method == Method::GET {
        true => Range::asked_for(request, file.size),
        false => Range::Whole,
    };
    let encoding = match asked {
        Range::Whole => chosen_encoding(file, request),
        Range::Part { .. } | Range::Unsatisfiable => Encoding::Identity,
    };
    let validators = Validators::of(file, encoding, site.modified);
    match conditions::check(request, &validators) {
        Condition::Holds => {}
        Condition::NotModified => {
            let mut response = Response::new(Body::Empty);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            describe(response.headers_mut(), &validators)?;
            return Ok(response);
        }
        Condition::Failed => return Err(Answer::PreconditionFailed),
    }
    // A range of another version is no part of this one: the whole file is sent instead (RFC 9110 §13.1.5).
    match asked {
        Range::Part { first, last } if conditions::range_applies(request, &validators) => {
            let mut response = content(worker, site, file, Encoding::Identity, first..last + 1).await?;
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            describe(response.headers_mut(), &validators)?;
            response.headers_mut().insert(CONTENT_RANGE, value(format!("bytes {first}-{last}/{}", file.size))?);
            Ok(response)
        }
        Range::Unsatisfiable if conditions::range_applies(request, &validators) => {
            Err(Answer::RangeNotSatisfiable { size: file.size })
        }
        _ => {
            let size = encoding::size(file, encoding);
            let mut response = content(worker, site, file, encoding, 0..size).await?;
            describe(response.headers_mut(), &validators)?;
            Ok(response)
        }
    }
}

async fn not_found(
    worker: &Worker,
    site: &StaticSite,
    page: &FileEntry,
    request: &HeaderMap,
) -> Result<Response<Body>, Answer> {
    let encoding = chosen_encoding(page, request);
    let mut response = content(worker, site, page, encoding, 0..encoding::size(page, encoding)).await?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, REVALIDATE);
    headers.insert(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    Ok(response)
}

const REVALIDATE: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");

fn chosen_encoding(file: &FileEntry, request: &HeaderMap) -> Encoding {
    encoding::choose(file, request.get_all(ACCEPT_ENCODING))
}

/// What a 200, a 206 and a 304 say alike about the file (RFC 9110 §15.4.5).
fn describe(headers: &mut HeaderMap, validators: &Validators) -> Result<(), Answer> {
    headers.insert(ETAG, value(&validators.etag)?);
    headers.insert(LAST_MODIFIED, value(&validators.last_modified)?);
    headers.insert(CACHE_CONTROL, REVALIDATE);
    headers.insert(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(())
}

async fn content(
    worker: &Worker,
    site: &StaticSite,
    file: &FileEntry,
    encoding: Encoding,
    part: std::ops::Range<u64>,
) -> Result<Response<Body>, Answer> {
    let length = part.end - part.start;
    let size = encoding::size(file, encoding);
    let body = worker.shared.blobs.body(Arc::clone(&site.blobs), file.blob, encoding, size, part).await;
    let body = body.map_err(|error| {
        tracing::error!(blob = %file.blob, %error, "a file cannot be read");
        Answer::Failed
    })?;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, value(&file.media_type)?);
    headers.insert(CONTENT_LENGTH, length.into());
    if let Some(name) = encoding::name(encoding) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

fn value(text: impl AsRef<[u8]>) -> Result<HeaderValue, Answer> {
    HeaderValue::from_bytes(text.as_ref()).map_err(|_| Answer::Failed)
}

#[cfg(test)]
mod tests;
