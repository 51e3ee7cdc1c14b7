//! Text that a person typed and another person will read.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// One line of Unicode text in normal form C, of at most `MAX` characters, without control characters and without
/// the invisible and direction-changing ones that make a name look like another (R-APP-7). It may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("is longer than {max} characters")]
    TooLong { max: usize },
    #[error("contains the control or invisible character U+{:04X}", u32::from(*.0))]
    Forbidden(char),
}

impl<const MAX: usize> Text<MAX> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text: String = text.trim().nfc().take(MAX + 1).collect();
        if let Some(bad) = text.chars().find(|c| is_forbidden(*c)) {
            return Err(TextError::Forbidden(bad));
        }
        if text.chars().count() > MAX {
            return Err(TextError::TooLong { max: MAX });
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Controls (Cc), line and paragraph separators, bidirectional controls (UAX #9), zero-width and tag characters.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_app_7_control_and_direction_characters_are_refused() {
        for bad in ['\0', '\n', '\u{1b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}'] {
            assert_eq!(format!("a{bad}b").parse::<Text<20>>(), Err(TextError::Forbidden(bad)));
        }
    }

    #[test]
    fn length_counts_characters_and_white_space_around_is_dropped() {
        assert_eq!("  Büro  ".parse::<Text<4>>().unwrap().as_str(), "Büro");
        assert_eq!("Bürös".parse::<Text<4>>(), Err(TextError::TooLong { max: 4 }));
    }
}
