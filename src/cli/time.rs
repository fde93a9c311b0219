//! Points of time, as commands print and take them.

use crate::{
    clock,
    config::{parse_duration, print_duration},
    time::{Millis, whole_millis},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::time::Duration;

/// `3h5m` for a length of time: its two largest units, whole.
pub(super) fn span(length: Duration) -> String {
    let ms = whole_millis(length);
    let unit = match ms {
        0..1_000 => return "0s".to_owned(),
        1_000..3_600_000 => 1_000,
        3_600_000..86_400_000 => 60_000,
        _ => 3_600_000,
    };
    print_duration(Duration::from_millis(ms / unit * unit))
}

pub(super) fn parse_since(text: &str) -> Result<Millis, String> {
    if let Ok(ago) = parse_duration(text) {
        let since = Timestamp::from(clock::millis()).checked_sub(ago);
        return since.map(Millis::from).map_err(|error| error.to_string());
    }
    let date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    // A date parses as the beginning of a time stamp would, so the longer form goes first.
    text.parse::<Timestamp>()
        .ok()
        .or_else(date)
        .map(Millis::from)
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
            assert_eq!(span(Duration::from_millis(ms)), text);
        }
    }
}
