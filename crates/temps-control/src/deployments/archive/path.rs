//! The path of a file in a site.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use temps_policy::NormalPath;
use unicode_normalization::UnicodeNormalization;

use super::Fault;

const MAX_BYTES: usize = 1_024;
const MAX_SEGMENTS: usize = 32;

/// Files that hold passwords, keys or the history of the sources.
const PRIVATE: [&str; 8] = [".git", ".hg", ".svn", ".ssh", ".aws", ".netrc", ".npmrc", ".htpasswd"];
const PRIVATE_PREFIX: &str = ".env";

/// What browsers escape in a path: all but `pchar` and the separator (RFC 3986 §3.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// A path that a request can have, without leading slash and in normal form C; empty for the root of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SitePath(String);

impl SitePath {
    /// Reads the name of an entry. A leading `./` and the slash at the end of a folder's name do not count.
    pub fn parse(name: &[u8]) -> Result<Self, Fault> {
        let name = std::str::from_utf8(name).map_err(|_| Fault::NotUtf8)?;
        if name.is_empty() {
            return Err(Fault::NoName);
        }
        if name.starts_with('/') {
            return Err(Fault::Absolute);
        }
        if name.contains('\\') {
            return Err(Fault::Backslash);
        }
        if let Some(control) = name.chars().find(|c| c.is_control()) {
            return Err(Fault::Control(control));
        }
        let name = name.strip_prefix("./").unwrap_or(name);
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.is_empty() || name == "." {
            return Ok(Self(String::new()));
        }
        let path: String = name.nfc().collect();
        check_segments(&path)?;
        check_servable(&path)?;
        Ok(Self(path))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

fn check_segments(path: &str) -> Result<(), Fault> {
    if path.len() > MAX_BYTES {
        return Err(Fault::TooLong(MAX_BYTES));
    }
    if path.split('/').count() > MAX_SEGMENTS {
        return Err(Fault::TooDeep(MAX_SEGMENTS));
    }
    for segment in path.split('/') {
        match segment {
            "" => return Err(Fault::EmptySegment),
            "." | ".." => return Err(Fault::DotSegment),
            _ if is_private(segment) => return Err(Fault::Private(segment.to_owned())),
            _ => {}
        }
    }
    Ok(())
}

fn is_private(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase();
    segment.starts_with(PRIVATE_PREFIX) || PRIVATE.contains(&segment.as_str())
}

/// The edge refuses some paths of requests, and a file there could never be reached.
fn check_servable(path: &str) -> Result<(), Fault> {
    let request = format!("/{}", utf8_percent_encode(path, ESCAPED));
    NormalPath::parse(&request).map(drop).map_err(Fault::Unservable)
}
