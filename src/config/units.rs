//! Durations, sizes and rates as people write them: `"45s"`, `"1h30m"`, `"25MiB"`, `"600/1h"`.

pub use crate::{
    rate::{parse_rate, print_rate},
    time::{parse_duration, print_duration},
};

/// In milliseconds, as all durations here.
pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const DAY: u64 = 24 * 60 * MINUTE;

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
