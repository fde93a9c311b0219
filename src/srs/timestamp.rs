//! The TT of an SRS0 address: when it was made, to the day.

use crate::time::UnixTime;

/// Days after which a timestamp comes round again.
pub(super) const CYCLE: u16 = 1024;

/// A day number since 1970 modulo 1024, written as two characters of RFC 4648 base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp(u16);

impl Timestamp {
    pub(super) fn of(now: UnixTime) -> Self {
        Self((now.day() % u64::from(CYCLE)) as u16)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [high, low] => Some(Self(u16::from(value(high)?) << 5 | u16::from(value(low)?))),
            _ => None,
        }
    }

    pub(super) fn octets(self) -> [u8; 2] {
        [digit(self.0 >> 5), digit(self.0)]
    }

    /// Age in days. One from the future is nearly a cycle old; one a whole cycle old looks fresh.
    pub(super) fn age(self, now: UnixTime) -> u16 {
        (Self::of(now).0 + CYCLE - self.0) % CYCLE
    }
}

/// The first second at which a timestamp made `now` is older than `max_age` days.
pub(super) fn end_of_life(now: UnixTime, max_age: u16) -> UnixTime {
    UnixTime::of_day(now.day().saturating_add(u64::from(max_age) + 1))
}

fn value(character: u8) -> Option<u8> {
    match character.to_ascii_uppercase() {
        c @ b'A'..=b'Z' => Some(c - b'A'),
        c @ b'2'..=b'7' => Some(c - b'2' + 26),
        _ => None,
    }
}

fn digit(value: u16) -> u8 {
    match (value & 31) as u8 {
        v @ 0..=25 => b'A' + v,
        v => b'2' + v - 26,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;
    use std::time::Duration;

    #[test]
    fn written_as_the_family_writes_it() {
        for (now, text) in [
            (0, "AA"),
            (1_795_420_800, "JM"),
            (1_700_000_000, "G3"),
            (1_769_471_999, "77"),
            (1_769_472_000, "AA"),
        ] {
            let stamp = Timestamp::of(UnixTime::new(now));
            assert_eq!(stamp.octets(), text.as_bytes(), "{now}");
            assert_eq!(Timestamp::parse(text), Some(stamp));
            assert_eq!(Timestamp::parse(&text.to_lowercase()), Some(stamp));
        }
    }

    #[test]
    fn every_day_of_the_cycle_survives_writing() {
        for day in 0..u64::from(CYCLE) {
            let stamp = Timestamp::of(UnixTime::of_day(day));
            assert_eq!(stamp, Timestamp(day as u16));
            let octets = stamp.octets();
            assert_eq!(Timestamp::parse(std::str::from_utf8(&octets).unwrap()), Some(stamp));
        }
    }

    #[test]
    fn anything_else_is_no_timestamp() {
        for bad in ["", "A", "AAA", "A1", "0A", "A=", "é", "A8", "9A", "  "] {
            assert_eq!(Timestamp::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn ages_across_the_wrap() {
        let today = UnixTime::of_day(20_480) + Duration::from_secs(5);
        assert_eq!(Timestamp::of(today).0, 0, "the cycle starts today");
        for days in 0..CYCLE {
            assert_eq!(Timestamp::of(today - DAY * u32::from(days)).age(today), days);
        }
        assert_eq!(Timestamp::of(today + DAY).age(today), 1023);
        assert_eq!(Timestamp::of(today - DAY * 1024).age(today), 0);
    }

    #[test]
    fn end_of_life_is_the_first_second_too_late() {
        for now in [0, 86_399, 86_400, 1_795_420_800, 1_795_420_801].map(UnixTime::new) {
            let end = end_of_life(now, 21);
            assert_eq!(Timestamp::of(now).age(end - Duration::from_secs(1)), 21);
            assert_eq!(Timestamp::of(now).age(end), 22);
        }
    }
}
