//! The use of an alias by day as a drawing: bars of an SVG, and what they say in numbers.

use crate::alias::{DAYS, Daily, DayUse, first_day};
use std::fmt::Write;

/// Width of a day in units of the drawing; its bar is a line of three units in the middle.
const DAY: u64 = 4;
/// Width of all of it.
pub(super) const WIDTH: u64 = DAYS * DAY;
/// Height of the busiest day.
pub(super) const HEIGHT: u64 = 24;

/// What was used on which day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sparkline {
    /// Path of the bars of what was taken; empty where nothing was.
    pub(super) forwarded: String,
    /// Path of the bars of what was refused, which stand on the others.
    pub(super) refused: String,
    /// Messages that were taken in all.
    pub(super) taken: u64,
    /// Messages that were refused in all.
    pub(super) denied: u64,
    /// The busiest day, as [`UnixTime::day`](crate::time::UnixTime::day) counts, and its messages.
    pub(super) busiest: Option<(u64, u64)>,
}

impl Sparkline {
    /// The drawing of the days that end with `today`.
    pub(super) fn of(days: &Daily, today: u64) -> Self {
        let first = first_day(today);
        let all = |day: &DayUse| day.forwarded.saturating_add(day.refused);
        let shown = || days.range(first..=today).filter(|(_, day)| all(day) > 0);
        // Of equal ones the latest.
        let busiest = shown().max_by_key(|(_, day)| all(day)).map(|(day, used)| (*day, all(used)));
        let most = busiest.map_or(0, |(_, most)| most);
        let mut line = Self { busiest, ..Self::default() };
        for (day, used) in shown() {
            line.taken = line.taken.saturating_add(used.forwarded);
            line.denied = line.denied.saturating_add(used.refused);
            let at = (day - first) * DAY;
            let whole = height(all(used), most);
            // What came at all is seen.
            let refused = match used.refused {
                0 => 0,
                some if used.forwarded == 0 => height(some, most),
                some => height(some, most).min(whole - 1),
            };
            bar(&mut line.forwarded, at, HEIGHT, whole - refused);
            bar(&mut line.refused, at, HEIGHT - (whole - refused), refused);
        }
        line
    }
}

/// How high so many messages are: two units at least, so that there is a place for both colours.
fn height(count: u64, most: u64) -> u64 {
    let exact = u128::from(count) * u128::from(HEIGHT) / u128::from(most.max(1));
    u64::try_from(exact).unwrap_or(HEIGHT).clamp(2, HEIGHT)
}

fn bar(path: &mut String, at: u64, foot: u64, height: u64) {
    if height > 0 {
        // Writing to a string never fails.
        let _ = write!(path, "M{} {foot}v-{height}", at + DAY / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn daily(days: &[(u64, u64, u64)]) -> Daily {
        let day = |&(day, forwarded, refused)| (day, DayUse { forwarded, refused });
        days.iter().map(day).collect()
    }

    #[test]
    fn bars_stand_where_their_days_are() {
        let line =
            Sparkline::of(&daily(&[(70, 99, 99), (71, 6, 0), (99, 3, 3), (100, 0, 12)]), 100);
        assert_eq!(line.forwarded, "M2 24v-12M114 24v-6");
        assert_eq!(line.refused, "M114 18v-6M118 24v-24");
        assert_eq!((line.taken, line.denied), (9, 15));
        assert_eq!(line.busiest, Some((100, 12)));
        assert_eq!(WIDTH, 120);
        assert_eq!(Sparkline::of(&Daily::new(), 100), Sparkline::default());
    }

    #[test]
    fn one_message_among_many_is_seen() {
        let line = Sparkline::of(&daily(&[(9, 1_000_000, 1), (10, 1, 0)]), 10);
        assert_eq!(line.forwarded, "M38 24v-22M42 24v-2");
        assert_eq!(line.refused, "M38 2v-2");
    }

    proptest! {
        #[test]
        fn no_bar_leaves_the_drawing(days in prop::collection::btree_map(0_u64..60, (any::<u64>(), any::<u64>()), 0..40)) {
            let days: Daily = days
                .into_iter()
                .map(|(day, (forwarded, refused))| (day, DayUse { forwarded, refused }))
                .collect();
            let line = Sparkline::of(&days, 40);
            for path in [&line.forwarded, &line.refused] {
                prop_assert!(path.len() < 1_000);
                for bar in path.split('M').filter(|bar| !bar.is_empty()) {
                    let numbers: Vec<u64> = bar
                        .split(|sign: char| !sign.is_ascii_digit())
                        .filter_map(|digits| digits.parse().ok())
                        .collect();
                    let [at, foot, height] = numbers[..] else { panic!("{bar}") };
                    prop_assert!(at + DAY / 2 <= WIDTH && foot <= HEIGHT && height <= foot, "{}", bar);
                }
            }
        }
    }
}
