//! Lengths of time as people write them: `"45s"`, `"1h30m"`.

use std::time::Duration;

/// In milliseconds, as all numbers here.
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const UNITS: [(&str, u64); 6] =
    [("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];

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
        let (_, factor) = UNITS
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

/// The shortest text that [`parse_duration`] reads back.
pub fn print_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    // "21d" is what people write, not "3w".
    for (name, factor) in UNITS.iter().skip(1) {
        if let Some(count) = rest.checked_div(*factor).filter(|count| *count > 0) {
            text.push_str(&format!("{count}{name}"));
            rest %= factor;
        }
    }
    text
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
}
