//! Points in time. A length of time is a [`Duration`]; what time it is, is told by whoever calls.

mod length;

pub use length::{parse_duration, print_duration};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// A day in UTC, of which none is longer than others: leap seconds are not counted.
pub const DAY: Duration = Duration::from_hours(24);

/// Whole seconds since 1970. Sums and differences end at its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(u64);

/// Milliseconds since 1970. Sums and differences end at its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(u64);

impl UnixTime {
    /// So many seconds after 1970 began.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// When the day with that number began: [`UnixTime::day`] turned around.
    pub const fn of_day(day: u64) -> Self {
        Self(day.saturating_mul(DAY.as_secs()))
    }

    /// As a number of seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Whole days since 1970.
    pub const fn day(self) -> u64 {
        self.0 / DAY.as_secs()
    }

    /// How long after `earlier` this is; nothing when it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl Millis {
    /// The beginning of 1970: before all that happens.
    pub const EPOCH: Self = Self(0);
    /// After all that happens.
    pub const MAX: Self = Self(u64::MAX);

    /// So many milliseconds after 1970 began.
    pub const fn new(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// As a number of milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// To the second.
    pub const fn unix_time(self) -> UnixTime {
        UnixTime(self.0 / 1000)
    }

    /// How long after `earlier` this is; nothing when it is before.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in whole milliseconds, as far as they can be counted.
pub fn whole_millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.as_secs()))
    }
}

impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length.as_secs()))
    }
}

impl Add<Duration> for Millis {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(length)))
    }
}

impl Sub<Duration> for Millis {
    type Output = Self;

    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(length)))
    }
}

/// As RFC 3339 has it, to the millisecond.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", Timestamp::from(*self))
    }
}

/// The time as it is displayed.
impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The time for calendars; what they do not reach is their last second.
impl From<UnixTime> for Millis {
    fn from(time: UnixTime) -> Self {
        Self(time.0.saturating_mul(1000))
    }
}

impl From<UnixTime> for Timestamp {
    fn from(time: UnixTime) -> Self {
        let seconds = i64::try_from(time.0).unwrap_or(i64::MAX);
        Self::from_second(seconds).unwrap_or(Self::MAX)
    }
}

/// As RFC 3339 has it, in UTC: `2026-12-31T23:59:59Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::from(*self).fmt(f)
    }
}

/// Whole seconds of it; what is before 1970 is its beginning.
impl From<Timestamp> for UnixTime {
    fn from(time: Timestamp) -> Self {
        Self(u64::try_from(time.as_second()).unwrap_or(0))
    }
}

/// The time for calendars; what they do not reach is their last second.
impl From<Millis> for Timestamp {
    fn from(time: Millis) -> Self {
        let milliseconds = i64::try_from(time.0).unwrap_or(i64::MAX);
        Self::from_millisecond(milliseconds).unwrap_or(Self::MAX)
    }
}

/// What is before 1970 is its beginning.
impl From<Timestamp> for Millis {
    fn from(time: Timestamp) -> Self {
        Self(u64::try_from(time.as_millisecond()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_what_is_between() {
        let noon = UnixTime::of_day(20_000) + Duration::from_hours(12);
        assert_eq!((noon.day(), noon.as_secs()), (20_000, 20_000 * 86_400 + 43_200));
        assert_eq!(noon.since(noon - DAY), DAY);
        assert_eq!((noon - DAY).since(noon), Duration::ZERO);
        let late = Millis::new(noon.as_secs() * 1000 + 999);
        assert_eq!(late.unix_time(), noon);
        assert_eq!(late.since(Millis::new(1)), Duration::from_millis(late.as_millis() - 1));
    }

    #[test]
    fn bounds_are_not_passed() {
        assert_eq!(Millis::EPOCH - DAY, Millis::EPOCH);
        assert_eq!(Millis::MAX + Duration::MAX, Millis::MAX);
        assert_eq!(UnixTime::new(5) - DAY, UnixTime::new(0));
        assert_eq!(UnixTime::new(5) + Duration::MAX, UnixTime::of_day(u64::MAX));
        assert_eq!(Timestamp::from(Millis::MAX), Timestamp::MAX);
        assert_eq!(Millis::from(Timestamp::MIN), Millis::EPOCH);
    }
}
