use super::{define::section, reader::Table};
use std::{fmt, str::FromStr, time::Duration};

section! {
    /// The mails that tell owners what came to their aliases, where an alias or a domain has them: `onward alias set ADDRESS
    /// --digest daily`, `onward domain set DOMAIN --digest weekly`. docs/EVENTS.md says what is in them.
    table "digest", Keys => pub struct Digest {}

    /// When they leave, in UTC: the daily ones every day, the weekly ones on Mondays. What came since the last one, and
    /// before this time, is in them.
    pub at: TimeOfDay = text("a time of day in UTC, such as \"06:00\"", TimeOfDay::from_str), default "06:00";
}

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// How long after midnight it is.
    pub fn since_midnight(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time of day");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |digits: &str, below: u16| {
            let is_number = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            let number = digits.parse::<u16>().ok();
            number.filter(|number| is_number && *number < below).ok_or_else(wrong)
        };
        Ok(Self(number(hour, 24)? * 60 + number(minute, 60)?))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Digest> {
    root.table::<Keys<'_>>().checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        for (text, minutes) in [("00:00", 0), ("06:00", 360), ("23:59", 1439)] {
            let time: TimeOfDay = text.parse().unwrap();
            assert_eq!(time.since_midnight(), Duration::from_mins(minutes));
            assert_eq!(time.to_string(), text);
        }
        for text in ["", "6:00", "24:00", "06:60", "06:00:00", "-1:00", "+6:00", "0６:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text:?}");
        }
    }
}
