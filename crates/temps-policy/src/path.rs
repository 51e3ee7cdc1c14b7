//! The one path of a request that rules, logs, files and applications all see (R-EDGE-8).

use std::fmt;

/// A request path in normal form, with its query.
///
/// Normal form (RFC 3986 §6.2.2): unreserved characters stand as they are, everything else that was escaped stays escaped with
/// upper-case digits, and what may not stand in a path is escaped. Refused is whatever two programs could read differently: `.` and
/// `..` segments however they are written, `\`, `%2F` and `%5C`, control characters, NUL, and escapes that are not UTF-8. What is
/// forwarded is this very text, so the application sees what the rules saw. Empty segments (`//`) and parameters (`;x`) are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalPath {
    text: Box<str>,
    /// Where the path ends and `?` begins.
    path_len: usize,
}

/// Why a request target is refused with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path does not begin with '/'")]
    NotAbsolute,
    #[error("the path has a '.' or '..' segment")]
    DotSegment,
    #[error("the path has an escaped or unescaped separator that programs read differently")]
    Separator,
    #[error("the path has a malformed escape")]
    Escape,
    #[error("the path has a control character")]
    Control,
    #[error("the path is not UTF-8")]
    NotUtf8,
}

impl NormalPath {
    /// `/` without a query.
    pub fn root() -> Self {
        Self { text: "/".into(), path_len: 1 }
    }

    /// The path alone, in normal form, beginning with `/`.
    pub fn path(&self) -> &str {
        &self.text[..self.path_len]
    }

    /// The query without its `?`.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path_len + 1..)
    }

    /// Path and query as they are forwarded.
    pub fn path_and_query(&self) -> &str {
        &self.text
    }

    /// The path with its escapes resolved, for looking up files.
    pub fn decoded(&self) -> String {
        let mut bytes = Vec::with_capacity(self.path_len);
        let mut rest = self.path().as_bytes();
        while let [first, tail @ ..] = rest {
            match (first, tail) {
                (b'%', [high, low, tail @ ..]) => {
                    bytes.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                    rest = tail;
                }
                _ => {
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads a request target in origin form (RFC 9112 §3.2.1), such as `/a%20b?c=d`.
    pub fn parse(target: &str) -> Result<Self, PathError> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if !path.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        let mut text = normal(path)?;
        if text.split('/').any(is_dots) {
            return Err(PathError::DotSegment);
        }
        let path_len = text.len();
        if let Some(query) = query {
            check_query(query)?;
            text.push('?');
            text.push_str(query);
        }
        Ok(Self { text: text.into_boxed_str(), path_len })
    }
}

/// Parameters do not hide a dot segment: `/..;x/` is read as `/../` by some application servers.
fn is_dots(segment: &str) -> bool {
    matches!(segment.split(';').next(), Some("." | ".."))
}

fn normal(path: &str) -> Result<String, PathError> {
    if path.bytes().all(is_plain) {
        return Ok(path.to_owned());
    }
    let mut text = String::with_capacity(path.len() + 8);
    let mut escaped = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, was_escaped, after) = match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let (high, low) = (hex(*high).ok_or(PathError::Escape)?, hex(*low).ok_or(PathError::Escape)?);
                (high << 4 | low, true, after)
            }
            (b'%', _) => return Err(PathError::Escape),
            (byte, after) => (*byte, false, after),
        };
        rest = after;
        match byte {
            0..=0x1f | 0x7f => return Err(PathError::Control),
            b'\\' => return Err(PathError::Separator),
            b'/' if was_escaped => return Err(PathError::Separator),
            0x80.. => escaped.push(byte),
            _ => {
                flush(&mut text, &mut escaped)?;
                let keep = if was_escaped { is_unreserved(byte) } else { is_plain(byte) };
                push(&mut text, byte, keep);
            }
        }
    }
    flush(&mut text, &mut escaped)?;
    Ok(text)
}

/// Writes a run of bytes beyond ASCII in escaped form, provided they are UTF-8 (which has no overlong forms, RFC 3629 §3)
/// and no C1 control characters.
fn flush(text: &mut String, escaped: &mut Vec<u8>) -> Result<(), PathError> {
    if escaped.is_empty() {
        return Ok(());
    }
    let run = std::str::from_utf8(escaped).map_err(|_| PathError::NotUtf8)?;
    if run.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    for byte in escaped.drain(..) {
        push(text, byte, false);
    }
    Ok(())
}

fn push(text: &mut String, byte: u8, plain: bool) {
    if plain {
        text.push(char::from(byte));
    } else {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        text.push('%');
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn check_query(query: &str) -> Result<(), PathError> {
    match query.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
        true => Ok(()),
        false => Err(PathError::Control),
    }
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What stands in a path without an escape: `pchar` and `/` (RFC 3986 §3.3).
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Display for NormalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
