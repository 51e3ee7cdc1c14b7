//! One way to write a JSON value (RFC 8785), so that equal records have equal bytes.

use serde_json::{Map, Value};

/// The greatest integer that every JSON reader keeps exactly (RFC 8259 §6).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical form here: its numbers are not all integers that every reader keeps exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot be written exactly: {0}")]
pub struct NotCanonical(pub String);

/// Writes `value` with sorted names and no white space. Fractions and integers beyond 2^53 are refused rather than
/// rounded.
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut text = String::new();
    write(value, &mut text)?;
    Ok(text)
}

fn write(value: &Value, text: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) => {
            let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            if magnitude.is_none_or(|magnitude| magnitude > MAX_SAFE_INTEGER) {
                return Err(NotCanonical(number.to_string()));
            }
            text.push_str(&number.to_string());
            Ok(())
        }
        Value::Array(items) => write_list(items.iter(), ['[', ']'], text, write),
        Value::Object(members) => write_list(sorted(members).into_iter(), ['{', '}'], text, |(name, value), text| {
            write(&Value::from(name.as_str()), text)?;
            text.push(':');
            write(value, text)
        }),
        // serde_json escapes in strings exactly what RFC 8785 §3.2.2.2 does, and writes literals alike.
        Value::Null | Value::Bool(_) | Value::String(_) => {
            text.push_str(&value.to_string());
            Ok(())
        }
    }
}

fn write_list<T>(
    items: impl Iterator<Item = T>,
    [open, close]: [char; 2],
    text: &mut String,
    write: impl Fn(T, &mut String) -> Result<(), NotCanonical>,
) -> Result<(), NotCanonical> {
    text.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text)?;
    }
    text.push(close);
    Ok(())
}

/// By UTF-16 code units (RFC 8785 §3.2.3), whatever order the map itself keeps.
fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_sorted_by_utf_16_and_strings_escaped_as_rfc_8785_says() {
        let value = json!({"\u{20ac}": "Euro", "\r": 1, "\u{fb33}": [], "1": {"b": null, "a": true}, "\u{1f600}": -7});
        let expected =
            "{\"\\r\":1,\"1\":{\"a\":true,\"b\":null},\"\u{20ac}\":\"Euro\",\"\u{1f600}\":-7,\"\u{fb33}\":[]}";
        assert_eq!(canonical(&value).unwrap(), expected);
        let text = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\0");
        assert_eq!(canonical(&text).unwrap(), r#""€$\u000f\nA'B\"\\\\\"/\u0000""#);
    }

    #[test]
    fn numbers_that_would_be_rounded_are_refused() {
        assert_eq!(canonical(&json!(9_007_199_254_740_991_i64)).unwrap(), "9007199254740991");
        for number in [json!(9_007_199_254_740_992_i64), json!(u64::MAX), json!(i64::MIN), json!(0.5), json!(1.0)] {
            assert!(canonical(&json!({ "n": number })).is_err(), "{number}");
        }
    }
}
