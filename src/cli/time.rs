//! Points of time, as commands print and take them.

use crate::config::{parse_duration, print_duration};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::time::Duration;

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn rfc3339(ms: u64) -> String {
    let timestamp = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", timestamp.unwrap_or(Timestamp::MAX))
}

/// Now, in milliseconds since 1970.
pub(super) fn now() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// `3h5m` for a span of milliseconds: its two largest units, whole.
pub(super) fn span(ms: u64) -> String {
    let unit = match ms {
        0..1_000 => return "0s".to_owned(),
        1_000..3_600_000 => 1_000,
        3_600_000..86_400_000 => 60_000,
        _ => 3_600_000,
    };
    print_duration(Duration::from_millis(ms / unit * unit))
}

pub(super) fn parse_since(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = parse_duration(text) {
        return Timestamp::now().checked_sub(ago).map_err(|error| error.to_string());
    }
    let date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    // A date parses as the beginning of a time stamp would, so the longer form goes first.
    text.parse::<Timestamp>()
        .ok()
        .or_else(date)
        .ok_or_else(|| "accepted: 2h, 7d, 2026-01-31, or 2026-01-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (ms, text) in [
            (999, "0s"),
            (61_999, "1m1s"),
            (3_600_000 + 61_000, "1h1m"),
            (2 * 86_400_000 + 3_600_000 + 5, "2d1h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }
}
