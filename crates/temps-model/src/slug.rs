//! Names of projects and environments that are safe in host names, paths and arguments.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not a slug. The pattern is `^[a-z][a-z0-9-]{0,38}[a-z0-9]$` (R-APP-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    #[error("must have 2 to 40 characters")]
    Length,
    #[error("must begin with a letter a to z")]
    Start,
    #[error("must end with a letter a to z or a digit")]
    End,
    #[error("may not have hyphens as third and fourth character: host names reserve that form (RFC 5890 §2.3.1)")]
    Reserved,
    #[error("may contain only letters a to z, digits and hyphens, not {0:?}")]
    Character(char),
}

fn check(text: &str) -> Result<(), SlugError> {
    if let Some(bad) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(SlugError::Character(bad));
    }
    if !(2..=40).contains(&text.len()) {
        return Err(SlugError::Length);
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(SlugError::Start);
    }
    if text.get(2..4) == Some("--") {
        return Err(SlugError::Reserved);
    }
    if text.ends_with('-') {
        return Err(SlugError::End);
    }
    Ok(())
}

macro_rules! slugs {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = SlugError;

            fn from_str(text: &str) -> Result<Self, SlugError> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = SlugError;

            fn try_from(text: String) -> Result<Self, SlugError> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(slug: $name) -> Self {
                slug.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

slugs! {
    /// The short name of a project, unique in the instance.
    ProjectSlug,
    /// The short name of an environment, unique in its project.
    EnvironmentSlug,
}

impl EnvironmentSlug {
    /// The environment that every project has and that deployments go to unless told otherwise.
    pub fn production() -> Self {
        Self("production".to_owned())
    }

    pub fn is_production(&self) -> bool {
        self.0 == "production"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_app_6_slugs_hold_only_what_is_safe_everywhere() {
        for good in ["ab", "shop", "a1", "my-shop-2", &"a".repeat(40)] {
            assert!(good.parse::<ProjectSlug>().is_ok(), "{good}");
        }
        let bad = [
            ("", SlugError::Length),
            ("a", SlugError::Length),
            ("1a", SlugError::Start),
            ("-a", SlugError::Start),
            ("a-", SlugError::End),
            ("xn--ab", SlugError::Reserved),
            ("ab--cd", SlugError::Reserved),
            ("Shop", SlugError::Character('S')),
            ("a;reboot", SlugError::Character(';')),
            ("a b", SlugError::Character(' ')),
            ("a\0", SlugError::Character('\0')),
            ("ä1", SlugError::Character('ä')),
        ];
        for (text, error) in bad {
            assert_eq!(text.parse::<ProjectSlug>(), Err(error), "{text:?}");
        }
        assert_eq!("a".repeat(41).parse::<ProjectSlug>(), Err(SlugError::Length));
    }
}
