//! Sizes and durations as people write them: `512 MiB`, `2h`.

use std::time::Duration;

/// Reads a number of bytes: `1048576`, `64 KiB`, `512MiB`, `1 GiB`. Decimal units (`MB`) are refused because they are read in two ways.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let complaint = || format!("{text:?} is not a size; write bytes or a binary unit, such as 512 MiB");
    let (digits, unit) = split_unit(text).ok_or_else(complaint)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(complaint()),
    };
    digits.checked_mul(factor).ok_or_else(complaint)
}

/// Reads a duration of one unit: `90s`, `15m`, `2h`, `7d`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let complaint = || format!("{text:?} is not a duration; write a number and s, m, h or d, such as 30s");
    let (digits, unit) = split_unit(text).ok_or_else(complaint)?;
    let factor: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(complaint()),
    };
    digits.checked_mul(factor).map(Duration::from_secs).ok_or_else(complaint)
}

/// A size in the largest unit that leaves a short number: `1.5 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, factor)| bytes >= *factor) {
        None => format!("{bytes} B"),
        Some((unit, factor)) if bytes.is_multiple_of(factor) => format!("{} {unit}", bytes / factor),
        Some((unit, factor)) => format!("{:.1} {unit}", bytes as f64 / factor as f64),
    }
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    Some((digits.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units_only() {
        assert_eq!(parse_size("512 MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("4096"), Ok(4096));
        for bad in ["", "MiB", "512 MB", "-1", "1.5 GiB", "99999999999 GiB", "1 mib"] {
            assert!(parse_size(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("7d"), Ok(Duration::from_secs(604_800)));
        for bad in ["", "30", "1h30m", "-5s", "s", "99999999999999999999d"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sizes_are_shown_short() {
        assert_eq!(size(17), "17 B");
        assert_eq!(size(512 << 20), "512 MiB");
        assert_eq!(size((1 << 20) + (1 << 19)), "1.5 MiB");
    }
}
