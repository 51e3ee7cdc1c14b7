//! Conditional requests (RFC 9110 §13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{
    HeaderMap, HeaderName,
    header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE},
};
use temps_model::Timestamp;
use temps_policy::{Encoding, FileEntry};

/// What identifies a version of a file in one of its forms.
pub struct Validators {
    /// Strong, quoted.
    pub etag: String,
    /// As an HTTP date.
    pub last_modified: String,
    modified: SystemTime,
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Holds,
    NotModified,
    Failed,
}

impl Validators {
    pub fn of(file: &FileEntry, encoding: Encoding, modified: Timestamp) -> Self {
        let content = &file.blob.to_string()[..32];
        let etag = match encoding {
            Encoding::Identity => format!("\"{content}\""),
            Encoding::Gzip => format!("\"{content}-gz\""),
            Encoding::Brotli => format!("\"{content}-br\""),
        };
        let seconds = u64::try_from(modified.seconds()).unwrap_or(0);
        let modified = UNIX_EPOCH + Duration::from_secs(seconds);
        Self { etag, last_modified: httpdate::fmt_http_date(modified), modified }
    }

    fn is_listed_in(&self, list: &str, comparison: Comparison) -> bool {
        list.split(',').map(str::trim).any(|tag| {
            let tag = match comparison {
                Comparison::Weak => tag.strip_prefix("W/").unwrap_or(tag),
                Comparison::Strong => tag,
            };
            tag == "*" || tag == self.etag
        })
    }
}

/// RFC 9110 §8.8.3.2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// In the order of RFC 9110 §13.2.2, for GET and HEAD.
pub fn check(request: &HeaderMap, validators: &Validators) -> Condition {
    match any(request, &IF_MATCH, |list| validators.is_listed_in(list, Comparison::Strong)) {
        Some(false) => return Condition::Failed,
        Some(true) => {}
        None => {
            if date(request, &IF_UNMODIFIED_SINCE).is_some_and(|date| validators.modified > date) {
                return Condition::Failed;
            }
        }
    }
    match any(request, &IF_NONE_MATCH, |list| validators.is_listed_in(list, Comparison::Weak)) {
        Some(true) => return Condition::NotModified,
        Some(false) => {}
        None => {
            // A later date is no proof: a rollback brings back an older deployment, with a date before that of what the client has.
            if date(request, &IF_MODIFIED_SINCE).is_some_and(|date| validators.modified == date) {
                return Condition::NotModified;
            }
        }
    }
    Condition::Holds
}

/// Whether the range that was asked for is one of this version.
pub fn range_applies(request: &HeaderMap, validators: &Validators) -> bool {
    let Some(condition) = request.get(IF_RANGE) else { return true };
    match condition.to_str() {
        Ok(tag) if tag.starts_with('"') => tag == validators.etag,
        Ok(date) => date == validators.last_modified,
        Err(_) => false,
    }
}

/// Whether one of the lines of a header fulfils the test; `None` if there is no such header.
fn any(request: &HeaderMap, name: &HeaderName, test: impl Fn(&str) -> bool) -> Option<bool> {
    let mut lines = request.get_all(name).iter().peekable();
    lines.peek()?;
    Some(lines.filter_map(|line| line.to_str().ok()).any(test))
}

fn date(request: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(request.get(name)?.to_str().ok()?).ok()
}
