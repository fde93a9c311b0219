//! Points of time, as commands print and take them.

use crate::{
    clock,
    config::{parse_duration, print_duration},
    time::{Millis, UnixTime, whole_millis},
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

/// `2026-01-31 12:00Z` for a time of RFC 3339 in UTC, as columns have it.
pub(super) fn minute(time: &str) -> String {
    time.get(..16).map_or_else(|| time.to_owned(), |minute| minute.replacen('T', " ", 1) + "Z")
}

/// What is accepted of a time since when.
const ACCEPTED: &str = "accepted: 2h, 7d, 2026-01-31, or 2026-01-31T12:00:00Z";

/// A time that is past: as [`parse_since`] has it.
pub(super) fn parse_past(text: &str) -> Result<Millis, String> {
    let since = parse_since(text)?;
    match since > clock::millis() {
        true => Err(format!("that time is still to come; {ACCEPTED}")),
        false => Ok(since),
    }
}

/// A length of time ago, a date, of which the beginning in UTC is meant, or a time with its zone.
pub(super) fn parse_since(text: &str) -> Result<Millis, String> {
    if let Ok(ago) = parse_duration(text) {
        let since = Timestamp::from(clock::millis()).checked_sub(ago);
        return since
            .map(Millis::from)
            .map_err(|_| format!("that is before there were calendars; {ACCEPTED}"));
    }
    let date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    // A date parses as the beginning of a time stamp would, so the longer form goes first.
    let since = text.parse::<Timestamp>().ok().or_else(date).map(Millis::from);
    since.ok_or_else(|| ACCEPTED.to_owned())
}

/// The time when a length of time from now is over.
pub(super) fn from_now(length: Duration) -> Result<UnixTime, String> {
    let end = Timestamp::from(clock::millis()).checked_add(length);
    end.map(|end| Millis::from(end).unix_time()).map_err(|_| {
        "that is beyond the year 9999, where times end; accepted is less, such as 3650d".to_owned()
    })
}

/// A time to come: a length of time from now, a date, of which the end in UTC is meant, or a time with its zone.
pub(super) fn parse_until(text: &str) -> Result<UnixTime, String> {
    if let Ok(length) = parse_duration(text) {
        return from_now(length);
    }
    let time = text.parse::<Timestamp>().ok();
    let end_of_day = || {
        // A time of day without its zone parses as a date would.
        if text.contains(['T', 't', ' ']) {
            return None;
        }
        let day = text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        day.end_of_day().ok().map(|end| end.timestamp())
    };
    let time = time.or_else(end_of_day).map(|time| Millis::from(time).unix_time());
    time.ok_or_else(|| {
        "accepted: 30d, 2026-12-31 (until its end, in UTC), or 2026-12-31T12:00:00Z".to_owned()
    })
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

    #[test]
    fn minutes() {
        assert_eq!(minute("2026-01-31T12:00:59Z"), "2026-01-31 12:00Z");
        assert_eq!(minute("never"), "never");
    }

    #[test]
    fn times_past() {
        assert_eq!(parse_past("1970-01-02").map(|time| time.unix_time().as_secs()), Ok(86_400));
        assert!(parse_past("1h").unwrap() < clock::millis());
        for (bad, says) in [
            ("2999-01-01", "still to come"),
            ("2999-01-01T00:00:00Z", "still to come"),
            ("99999999d", "calendars"),
            ("soon", "accepted: 2h"),
        ] {
            let error = parse_past(bad).unwrap_err();
            assert!(error.contains(says) && error.contains("2026-01-31"), "{error}");
        }
    }

    #[test]
    fn times_to_come() {
        let until = |text| parse_until(text).map(|time| time.as_secs());
        assert_eq!(until("2026-12-31"), Ok(1_798_761_599));
        assert_eq!(until("2026-12-31T12:00:00+01:00"), Ok(1_798_714_800));
        assert!(until("30d").unwrap() > clock::now().as_secs());
        let error = until("99999999d").unwrap_err();
        assert!(error.contains("year 9999") && error.contains("3650d"), "{error}");
        for bad in ["", "tomorrow", "2026-12-31T12:00:00", "2026-13-01"] {
            assert!(until(bad).unwrap_err().contains("30d"), "{bad}");
        }
    }
}
