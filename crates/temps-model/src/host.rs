//! Host names as they stand in URLs, certificates and `Host` headers.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A host name in canonical form: ASCII (IDNA, UTS #46), lower case, no port, no trailing dot, no address, no wildcard.
/// Each label has 1 to 63 letters, digits or hyphens (RFC 1123 §2.1), all together at most 253 bytes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct HostName(Arc<str>);

/// Why a text is not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    #[error("is empty")]
    Empty,
    #[error("is longer than 253 characters")]
    TooLong,
    #[error("is an address; a host name is needed, such as shop.example.com")]
    Address,
    #[error(
        "is not a host name: each part between dots has 1 to 63 letters, digits or hyphens and neither begins nor ends with a hyphen"
    )]
    Malformed,
}

impl HostName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is `parent` or lies under it: `a.b.test` is within `b.test`.
    pub fn is_within(&self, parent: &HostName) -> bool {
        self.0.strip_suffix(parent.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// `localhost` or a name under it, which always means this machine (RFC 6761 §6.3).
    pub fn is_loopback(&self) -> bool {
        &*self.0 == "localhost" || self.0.ends_with(".localhost")
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(HostNameError::Empty);
        }
        if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(HostNameError::Address);
        }
        if is_canonical(text) {
            return finish(text);
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| HostNameError::Malformed)?;
        finish(&ascii)
    }
}

/// The usual case, which needs no table: lower-case ASCII letters, digits, hyphens and dots, no punycode.
fn is_canonical(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')) && !text.contains("xn--")
}

fn finish(ascii: &str) -> Result<HostName, HostNameError> {
    if ascii.len() > 253 {
        return Err(HostNameError::TooLong);
    }
    let label_is_sound = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if !ascii.split('.').all(label_is_sound) {
        return Err(HostNameError::Malformed);
    }
    // A last label of digits alone would be read as an IPv4 address by URL parsers (WHATWG URL, "ends in a number").
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if numeric {
        return Err(HostNameError::Address);
    }
    Ok(HostName(ascii.into()))
}

impl std::borrow::Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HostName {
    type Error = HostNameError;

    fn try_from(text: String) -> Result<Self, HostNameError> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(host: HostName) -> Self {
        host.0.as_ref().to_owned()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_canonical() {
        for (text, canonical) in [
            ("shop.test", "shop.test"),
            ("Shop.TEST.", "shop.test"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--bcher-kva.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        use HostNameError::*;
        for (text, error) in [
            ("", Empty),
            (".", Empty),
            ("127.0.0.1", Address),
            ("[::1]", Address),
            ("1.2.3", Address),
            ("a.0x7f", Address),
            ("a..b", Malformed),
            (".a", Malformed),
            ("-a.test", Malformed),
            ("a-.test", Malformed),
            ("a_b.test", Malformed),
            ("*.test", Malformed),
            ("a b.test", Malformed),
            ("a.test:80", Malformed),
            ("a/b", Malformed),
            ("user@host", Malformed),
        ] {
            assert_eq!(text.parse::<HostName>(), Err(error), "{text:?}");
        }
        assert_eq!("a.".repeat(127).parse::<HostName>().map(|h| h.as_str().len()), Ok(253));
        assert_eq!("a".repeat(64).parse::<HostName>(), Err(Malformed));
        assert_eq!(format!("{}a", "a.".repeat(127)).parse::<HostName>(), Err(TooLong));
    }

    #[test]
    fn a_name_is_within_itself_and_its_parents_only() {
        let name = |text: &str| text.parse::<HostName>().unwrap();
        assert!(name("a.b.test").is_within(&name("b.test")));
        assert!(name("b.test").is_within(&name("b.test")));
        assert!(!name("ab.test").is_within(&name("b.test")));
        assert!(!name("test").is_within(&name("b.test")));
    }
}
