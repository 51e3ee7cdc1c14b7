//! Strict reading of a request head (RFC 9112 §2 to §6).

use super::{Fault, follower::Step};

/// Bytes of a head.
pub const MAX_HEAD: usize = 32 * 1024;
/// Header lines of a head. hyper takes no more either.
pub const MAX_FIELDS: usize = 100;

/// How the end of the body that follows a head is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    None,
    Length(u64),
    Chunked,
    /// No body; a request to switch to the WebSocket protocol, behind which nothing is HTTP if it is granted.
    Switch,
}

/// Reads a head line by line as it arrives; no byte is looked at twice for the end of its line.
#[derive(Debug, Default)]
pub struct HeadReader {
    scanned: usize,
    line_start: usize,
    fields: usize,
    request_line: Option<RequestLine>,
    hosts: u32,
    length: Option<u64>,
    chunked: bool,
    websocket: bool,
    /// An empty line before the request line was left out (RFC 9112 §2.2).
    skipped: bool,
}

#[derive(Clone, Copy, Debug)]
struct RequestLine {
    version: Version,
    body: BodyExpected,
    is_get: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// Whether the method is one whose requests have a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyExpected {
    Yes,
    No,
}

impl HeadReader {
    /// `head` begins with the first byte of the head and grows from call to call. Answers its length once it is complete.
    pub fn read(&mut self, head: &[u8]) -> Result<Step, Fault> {
        if self.request_line.is_none() && !self.skipped && head.starts_with(b"\r\n") {
            *self = Self { skipped: true, ..Self::default() };
            return Ok(Step::Skip(2));
        }
        while let Some(at) = memchr::memchr(b'\n', &head[self.scanned..]) {
            let end = self.scanned + at;
            if end >= MAX_HEAD {
                return Err(Fault::TooLarge);
            }
            self.scanned = end + 1;
            let line = head[self.line_start..end].strip_suffix(b"\r").ok_or(Fault::LineEnd)?;
            self.line_start = self.scanned;
            match self.request_line {
                None => self.request_line = Some(request_line(line)?),
                Some(_) if line.is_empty() => return Ok(Step::Took(self.scanned)),
                Some(_) => self.field(line)?,
            }
        }
        self.scanned = head.len();
        if head.len() >= MAX_HEAD { Err(Fault::TooLarge) } else { Ok(Step::NeedsMore) }
    }

    /// What follows the head that was read completely.
    pub fn framing(&self) -> Result<BodyFraming, Fault> {
        let Some(RequestLine { version, body, is_get }) = self.request_line else {
            return Err(Fault::RequestLine);
        };
        let hosts_are_right = match version {
            Version::Http11 => self.hosts == 1,
            Version::Http10 => self.hosts <= 1,
        };
        if !hosts_are_right {
            return Err(Fault::Host);
        }
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(Fault::Length),
            (true, None) if version == Version::Http10 => Err(Fault::Coding),
            (true, None) => Ok(BodyFraming::Chunked),
            (false, None) if version == Version::Http10 && body == BodyExpected::Yes => Err(Fault::Undelimited),
            (false, None | Some(0)) if self.websocket && is_get && version == Version::Http11 => {
                Ok(BodyFraming::Switch)
            }
            (false, None | Some(0)) => Ok(BodyFraming::None),
            (false, Some(length)) => Ok(BodyFraming::Length(length)),
        }
    }

    /// Whether nothing of a head was seen yet.
    pub fn is_fresh(&self) -> bool {
        self.scanned == 0
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(Fault::TooLarge);
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(Fault::Folded);
        }
        let colon = memchr::memchr(b':', line).ok_or(Fault::Field)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() || !all(name, TOKEN) {
            return Err(Fault::Field);
        }
        if !all(value, VALUE) {
            return Err(if memchr::memchr(b'\r', value).is_some() { Fault::LineEnd } else { Fault::Field });
        }
        self.meaning(name, value.trim_ascii())
    }

    fn meaning(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.websocket |= names_websocket(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                if self.length.is_some() {
                    return Err(Fault::Length);
                }
                self.length = Some(content_length(value).ok_or(Fault::Length)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || value != b"chunked" {
                    return Err(Fault::Coding);
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Digits only, at most so many that no number wraps around.
fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether the list of an `Upgrade` line offers WebSocket (RFC 9110 §7.8). Nobody else asks this: what the gate does not take for a request to
/// switch can never become a tunnel.
fn names_websocket(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Whether a method is one, over any version. Every registered method is written so; it is stricter than a token, because applications take
/// others for GET.
pub fn is_method(method: &[u8]) -> bool {
    (1..=24).contains(&method.len()) && method.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
}

/// `method SP request-target SP HTTP-version`, with single spaces (RFC 9112 §3).
fn request_line(line: &[u8]) -> Result<RequestLine, Fault> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(if memchr::memchr(b'\r', line).is_some() { Fault::LineEnd } else { Fault::RequestLine });
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(Fault::Version),
    };
    if !is_method(method) {
        return Err(Fault::Method);
    }
    if method == b"CONNECT" {
        return Err(Fault::Connect);
    }
    check_target(target)?;
    let body = match method {
        b"POST" | b"PUT" | b"PATCH" => BodyExpected::Yes,
        _ => BodyExpected::No,
    };
    Ok(RequestLine { version, body, is_get: method == b"GET" })
}

/// Origin form, absolute form or `*`, without a fragment (RFC 9112 §3.2).
fn check_target(target: &[u8]) -> Result<(), Fault> {
    let sound = match target {
        [b'/', ..] => is_origin_form(target),
        b"*" => true,
        _ => is_absolute_form(target),
    };
    if sound { Ok(()) } else { Err(Fault::Target) }
}

fn is_origin_form(target: &[u8]) -> bool {
    let query = memchr::memchr(b'?', target).unwrap_or(target.len());
    all(&target[..query], PATH) && all(target.get(query + 1..).unwrap_or_default(), QUERY)
}

fn is_absolute_form(target: &[u8]) -> bool {
    let begins = |scheme: &[u8]| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (begins(b"http://") || begins(b"https://"))
        && target.iter().all(|byte| CLASSES[usize::from(*byte)] & (PATH | QUERY) != 0)
        && http::Uri::try_from(target).is_ok_and(|uri| uri.authority().is_some_and(|name| !name.as_str().contains('@')))
}

/// `tchar` (RFC 9110 §5.6.2).
const TOKEN: u8 = 1;
/// What a header value may hold: tab, space, visible characters and bytes beyond ASCII (RFC 9110 §5.5).
const VALUE: u8 = 2;
/// What may stand in the path and in the query of a target: visible ASCII characters that `http::Uri` takes, without `#`.
const PATH: u8 = 4;
const QUERY: u8 = 8;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        let value = matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0xff);
        let path = matches!(byte, 0x21..=0x7e) && !matches!(byte, b'#' | b'<' | b'>' | b'?' | b'`');
        let query = matches!(byte, 0x21..=0x7e) && !matches!(byte, b'"' | b'#' | b'<' | b'>');
        if token {
            table[index] |= TOKEN;
        }
        if value {
            table[index] |= VALUE;
        }
        if path {
            table[index] |= PATH;
        }
        if query {
            table[index] |= QUERY;
        }
        index += 1;
    }
    table
}

pub(super) fn is_token(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & TOKEN != 0
}

pub(super) fn is_value(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & VALUE != 0
}

fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|byte| CLASSES[usize::from(*byte)] & class != 0)
}
