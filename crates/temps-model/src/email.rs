//! E-mail addresses, in the form in which two spellings of one mailbox are equal.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{HostName, text::Text};

/// An e-mail address, canonicalised once (R-AUTH-3): trimmed, NFKC, lower case, the domain in IDNA form.
///
/// Letter case of the local part is folded although RFC 5321 §2.4 allows a server to tell cases apart, because no
/// mail provider does and attackers use it to get several counters for one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// A text that is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as name@example.com")]
pub struct EmailError;

impl EmailAddress {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim().parse::<Text<254>>().map_err(|_| EmailError)?;
        let text: String = text.as_str().nfkc().flat_map(char::to_lowercase).collect();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let domain: HostName = domain.parse().map_err(|_| EmailError)?;
        let local_is_sound = (1..=64).contains(&local.len())
            && local.chars().all(|c| {
                !c.is_whitespace()
                    && !matches!(c, '@' | '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\')
            })
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !local_is_sound {
            return Err(EmailError);
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_auth_3_spellings_of_one_mailbox_are_equal() {
        let canonical: EmailAddress = "owner@example.com".parse().unwrap();
        for spelling in [" Owner@Example.COM ", "OWNER@example.com", "ｏｗｎｅｒ@example.com"] {
            assert_eq!(spelling.parse::<EmailAddress>().unwrap(), canonical, "{spelling}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "a", "@b.c", "a@", "a b@c.de", "a@b@", "a..b@c.de", "a@-b.de", "a@b.de\nBcc: x", "<a@b.de>"] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(EmailError), "{bad:?}");
        }
    }
}
