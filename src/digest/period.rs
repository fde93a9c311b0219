use crate::{
    alias,
    time::{DAY, UnixTime},
};
use std::{fmt, str::FromStr, time::Duration};

/// How far back a digest goes at most, after a daemon that did not run.
const MAX_BACK: Duration = Duration::from_hours(31 * 24);
/// 1970 began on a Thursday: the day of its first Monday.
const FIRST_MONDAY: u64 = 4;

/// How often an owner is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Every {
    /// Every day.
    Day,
    /// Every Monday.
    Week,
}

impl Every {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Week];

    /// How often the owner of an alias wants to hear; `None`: never.
    pub fn of(word: alias::Digest) -> Option<Self> {
        match word {
            alias::Digest::Off => None,
            alias::Digest::Daily => Some(Self::Day),
            alias::Digest::Weekly => Some(Self::Week),
        }
    }

    /// `daily` or `weekly`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Week => "weekly",
        }
    }

    /// How long one period is.
    pub fn length(self) -> Duration {
        match self {
            Self::Day => DAY,
            Self::Week => DAY * 7,
        }
    }

    /// The last time, not after `now`, at which such a digest leaves: `at` after midnight in UTC.
    pub fn last_turn(self, at: Duration, now: UnixTime) -> UnixTime {
        let day = (now - at).day();
        let day = match self {
            Self::Day => day,
            Self::Week => day.saturating_sub((day + 7 - FIRST_MONDAY) % 7),
        };
        UnixTime::of_day(day) + at
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|every| every.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is neither daily nor weekly"))
    }
}

/// What a digest is about: from `since` on, before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first second.
    pub since: UnixTime,
    /// The second behind it.
    pub until: UnixTime,
}

/// What is to be done now about the digests of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing was told yet: what comes from this time on is told at the next turn.
    Begin(UnixTime),
    /// Nothing.
    Nothing,
    /// To tell of this.
    Tell(Period),
}

/// What is due at `now`, where digests leave `every` so often `at` that time of day, and all is `told` up to a time.
pub fn due(every: Every, at: Duration, now: UnixTime, told: Option<UnixTime>) -> Due {
    let until = every.last_turn(at, now);
    match told {
        None => Due::Begin(until),
        // A clock that was set back changes nothing, nor does another time of day before it has come.
        Some(told) if told >= until => Due::Nothing,
        Some(told) => Due::Tell(Period { since: told.max(until - MAX_BACK), until }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: Duration = Duration::from_hours(6);

    fn time(text: &str) -> UnixTime {
        UnixTime::new(text.parse::<jiff::Timestamp>().unwrap().as_second().try_into().unwrap())
    }

    #[test]
    fn turns() {
        for (every, now, turn) in [
            (Every::Day, "2026-11-29T05:59:59Z", "2026-11-28T06:00:00Z"),
            (Every::Day, "2026-11-29T06:00:00Z", "2026-11-29T06:00:00Z"),
            (Every::Day, "2026-11-29T23:59:59Z", "2026-11-29T06:00:00Z"),
            // The 23rd is a Monday.
            (Every::Week, "2026-11-23T05:59:59Z", "2026-11-16T06:00:00Z"),
            (Every::Week, "2026-11-23T06:00:00Z", "2026-11-23T06:00:00Z"),
            (Every::Week, "2026-11-29T23:59:59Z", "2026-11-23T06:00:00Z"),
        ] {
            assert_eq!(every.last_turn(SIX, time(now)), time(turn), "{every} {now}");
        }
        let long_ago = Every::Week.last_turn(SIX, UnixTime::new(0));
        assert!(long_ago <= UnixTime::of_day(4), "{long_ago:?}");
    }

    #[test]
    fn each_time_is_told_once() {
        let day = |now, told| due(Every::Day, SIX, time(now), told);
        assert_eq!(day("2026-11-29T07:00:00Z", None), Due::Begin(time("2026-11-29T06:00:00Z")));
        let told = Some(time("2026-11-29T06:00:00Z"));
        assert_eq!(day("2026-11-30T05:59:59Z", told), Due::Nothing);
        let until = time("2026-11-30T06:00:00Z");
        let since = time("2026-11-29T06:00:00Z");
        assert_eq!(day("2026-11-30T06:00:00Z", told), Due::Tell(Period { since, until }));
        assert_eq!(day("2026-11-30T06:00:01Z", Some(until)), Due::Nothing);
        assert_eq!(day("2026-11-29T00:00:00Z", Some(until)), Due::Nothing, "set back");
    }

    #[test]
    fn who_did_not_run_tells_of_all_of_it_but_not_of_a_year() {
        let now = time("2026-11-30T07:00:00Z");
        let until = time("2026-11-30T06:00:00Z");
        let late = due(Every::Day, SIX, now, Some(until - DAY * 3));
        assert_eq!(late, Due::Tell(Period { since: until - DAY * 3, until }));
        let later = due(Every::Day, SIX, now, Some(UnixTime::new(0)));
        assert_eq!(later, Due::Tell(Period { since: until - MAX_BACK, until }));
    }
}
