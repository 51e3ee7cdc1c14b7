//! Makes text from elsewhere harmless for a line and a terminal.

use std::fmt::{self, Write};

/// The text with everything visible as it is and everything else written as `\n`, `\u{1b}`, …: controls, line separators, and the
/// characters that turn the direction of writing.
pub fn escaped(text: &str) -> Escaped<'_> {
    Escaped(text)
}

#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            c if is_hidden(c) => write!(f, "{}", c.escape_default()),
            c => f.write_char(c),
        })
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}
