//! Ranges of bytes (RFC 9110 §14).

use http::{HeaderMap, header::RANGE};

/// What part of a file was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// All of it; also if several ranges were asked for, or something that is no range.
    Whole,
    /// From the first to the last byte, both included.
    Part { first: u64, last: u64 },
    /// A part that the file does not have.
    Unsatisfiable,
}

impl Range {
    pub fn asked_for(request: &HeaderMap, size: u64) -> Self {
        let mut values = request.get_all(RANGE).iter();
        match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
            (Some(value), None) => Self::parse(value, size).unwrap_or(Self::Whole),
            _ => Self::Whole,
        }
    }

    fn parse(value: &str, size: u64) -> Option<Self> {
        let (unit, range) = value.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let end = size.checked_sub(1);
        let range = match (number(first)?, number(last)?) {
            (None, None) => return None,
            (None, Some(count)) => end.filter(|_| count > 0).map(|end| (size.saturating_sub(count), end)),
            (Some(first), None) => end.filter(|end| first <= *end).map(|end| (first, end)),
            (Some(first), Some(last)) if first > last => return None,
            (Some(first), Some(last)) => end.filter(|end| first <= *end).map(|end| (first, last.min(end))),
        };
        Some(range.map_or(Self::Unsatisfiable, |(first, last)| Self::Part { first, last }))
    }
}

/// `Some(None)` for nothing at all, `None` for what is no number.
fn number(digits: &str) -> Option<Option<u64>> {
    match digits {
        "" => Some(None),
        _ if digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()),
        _ => None,
    }
}
