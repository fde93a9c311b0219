//! What came of the mail to an alias, day by day.

use serde::Serialize;
use std::collections::BTreeMap;

/// Days that are kept, today among them.
pub const DAYS: u64 = 30;

/// What came of the mail to an alias on one day, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DayUse {
    /// Messages that were taken.
    pub forwarded: u64,
    /// Messages that were refused.
    pub refused: u64,
}

/// The same for the last [`DAYS`] days, those without mail left out: by the number of the day since 1970.
pub type Daily = BTreeMap<u64, DayUse>;

impl DayUse {
    /// Adds what came of more mail on that day.
    pub fn add(&mut self, more: Self) {
        self.forwarded = self.forwarded.saturating_add(more.forwarded);
        self.refused = self.refused.saturating_add(more.refused);
    }
}

/// The first of the days that are kept on `today`.
pub const fn first_day(today: u64) -> u64 {
    today.saturating_sub(DAYS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_kept() {
        assert_eq!((first_day(100), first_day(3)), (71, 0));
        assert_eq!((first_day(100)..=100).count() as u64, DAYS);
        let mut day = DayUse { forwarded: u64::MAX, refused: 1 };
        day.add(DayUse { forwarded: 1, refused: 1 });
        assert_eq!(day, DayUse { forwarded: u64::MAX, refused: 2 });
    }
}
