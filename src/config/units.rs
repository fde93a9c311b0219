//! Durations, sizes and rates as people write them: `"45s"`, `"1h30m"`, `"25MiB"`, `"600/1h"`.

use crate::rate::{MAX_PER, Rate};
use std::time::Duration;

/// In milliseconds, as all durations here.
pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

const DURATION_UNITS: [(&str, u64); 6] =
    [("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];

const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

/// Reads one or more numbers with a unit (`ms s m h d w`) each: `"45s"`, `"1h30m"`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after, |c| c.is_ascii_digit());
        let number: u64 = number.parse().map_err(|_| format!("{text:?} is not a duration"))?;
        if unit.is_empty() {
            return Err(format!("{text:?} lacks a unit"));
        }
        let (_, factor) = DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| format!("{unit:?} in {text:?} is not a unit of time"))?;
        total = number
            .checked_mul(*factor)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("{text:?} is too long"))?;
        rest = after;
    }
    if text.is_empty() {
        return Err("an empty text is not a duration".into());
    }
    Ok(Duration::from_millis(total))
}

/// Reads octets: `"25MiB"`, `"10KB"`, `"4096"`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split_where(text, |c| !c.is_ascii_digit());
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is not a size"))?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let factor = if unit.is_empty() {
        1
    } else {
        let found = SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        found.map(|(_, factor)| *factor).ok_or_else(|| format!("{unit:?} is not a unit of size"))?
    };
    number.checked_mul(factor).ok_or_else(|| format!("{text:?} is too large"))
}

/// Reads how often in which duration: `"600/1h"`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_rate(text: &str) -> Result<Rate, String> {
    let is_none = || format!("{text:?} is not a rate");
    let (count, per) = text.split_once('/').ok_or_else(is_none)?;
    // A sign would be read too.
    let is_number = count.bytes().all(|digit| digit.is_ascii_digit());
    let count = is_number.then(|| count.parse().ok()).flatten().ok_or_else(is_none)?;
    Rate::new(count, parse_duration(per)?)
        .ok_or_else(|| format!("{per:?} is not from \"1ms\" to {:?}", print_duration(MAX_PER)))
}

/// The text that [`parse_rate`] reads back.
pub fn print_rate(rate: Rate) -> String {
    format!("{}/{}", rate.count(), print_duration(rate.per()))
}

/// The shortest text that [`parse_duration`] reads back.
pub fn print_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    // "21d" is what people write, not "3w".
    for (name, factor) in DURATION_UNITS.iter().skip(1) {
        if let Some(count) = rest.checked_div(*factor).filter(|count| *count > 0) {
            text.push_str(&format!("{count}{name}"));
            rest %= factor;
        }
    }
    text
}

/// The size in the largest binary unit that needs no fraction.
pub fn print_size(octets: u64) -> String {
    let unit =
        SIZE_UNITS.iter().take(4).find(|(_, factor)| octets > 0 && octets.is_multiple_of(*factor));
    unit.map_or_else(|| octets.to_string(), |(name, factor)| format!("{}{name}", octets / factor))
}

fn split_where(text: &str, boundary: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(boundary).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_they_are_read() {
        for text in ["45s", "5m", "21d", "1h30m", "250ms", "1d2h3m4s5ms", "0s"] {
            assert_eq!(print_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("2w").unwrap(), Duration::from_hours(14 * 24));
        for bad in ["", "5", "s", "5 m", "5x", "-5s", "1.5h", "5é", "99999999999999999w", "m5"] {
            assert!(parse_duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn rates_print_as_they_are_read() {
        for text in ["600/1h", "20/1d", "1/1ms", "4294967295/30d", "3/1h30m"] {
            assert_eq!(print_rate(parse_rate(text).unwrap()), text);
        }
        for bad in [
            "",
            "600",
            "/1h",
            "600/",
            "600/h",
            "0/1h",
            "-1/1h",
            "+1/1h",
            "1/0s",
            "1/31d",
            "1/1h/1h",
            "4294967296/1h",
            "1.5/1h",
            " 1/1h",
            "1 /1h",
            "600/1x",
        ] {
            assert!(parse_rate(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sizes_print_as_they_are_read() {
        for (text, octets) in [("25MiB", 25 << 20), ("10KB", 10_000), ("1GiB", 1 << 30), ("7", 7)] {
            assert_eq!(parse_size(text).unwrap(), octets);
            assert_eq!(parse_size(&print_size(octets)).unwrap(), octets);
        }
        for bad in ["", "MiB", "1.5MiB", "-1", "5 apples", "99999999999GiB"] {
            assert!(parse_size(bad).is_err(), "{bad:?}");
        }
    }
}
