//! Charts: what is to be drawn as plain numbers here, the drawing in [`svg`].

mod svg;

use super::texts::Texts;
use crate::admin::traffic::{Period, Traffic};
use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};

/// The messages of each period as charts; without any, that is said once.
pub(crate) fn of_periods(texts: Texts, traffic: &[(Period, Traffic)]) -> Markup {
    let charts = traffic.iter().map(|(period, counted)| Chart::of_traffic(texts, *period, counted));
    let charts: Vec<Chart> = charts.collect();
    let is_any = charts.iter().any(|chart| chart.sums().iter().any(|sum| *sum > 0));
    html! {
        @if is_any {
            p .hint { (texts.say("chart-about", &[])) }
            div .charts {
                @for (at, chart) in charts.iter().enumerate() { (chart.markup(texts, &format!("chart-{at}"))) }
            }
        } @else {
            p .empty { (texts.say("chart-none-yet", &[])) }
        }
    }
}

/// Bars that stand on each other, one for each label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chart {
    /// What the chart shows.
    pub(crate) title: String,
    /// What a label is of, such as an hour.
    pub(crate) label: String,
    /// What each bar is of, the first to the left.
    pub(crate) labels: Vec<String>,
    /// The parts of each bar, the lowest first.
    pub(crate) series: Vec<Series>,
}

/// A part of each bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    /// What it counts.
    pub(crate) name: String,
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    /// One for each label.
    pub(crate) values: Vec<u64>,
}

impl Chart {
    /// The messages of a period, by what became of them.
    fn of_traffic(texts: Texts, period: Period, traffic: &Traffic) -> Self {
        let (title, label, format) = match period {
            Period::Hours => ("chart-hours", "chart-hour", "%m-%d %H:%M"),
            Period::Days => ("chart-days", "chart-day", "%Y-%m-%d"),
            Period::Months => ("chart-months", "chart-month", "%Y-%m"),
        };
        let points = &traffic.points;
        let label_of =
            |at| Timestamp::from(at).to_zoned(TimeZone::UTC).strftime(format).to_string();
        let series = |key: &str, class, value: fn(&crate::admin::traffic::Point) -> u64| Series {
            name: texts.say(key, &[]),
            class,
            values: points.iter().map(value).collect(),
        };
        Self {
            title: texts.say(title, &[]),
            label: texts.say(label, &[]),
            labels: points.iter().map(|point| label_of(point.start)).collect(),
            series: vec![
                series("chart-forwarded", "forwarded", |point| point.forwarded),
                series("chart-spooled", "spooled", |point| point.spooled),
                series("chart-bounced", "bounced", |point| point.bounced),
                series("chart-refused", "refused", |point| point.refused),
                series("chart-other", "other", |point| point.other),
            ],
        }
    }

    /// How high each bar is.
    fn sums(&self) -> Vec<u64> {
        let sum = |at: usize| {
            let values = self.series.iter().filter_map(|series| series.values.get(at));
            values.fold(0_u64, |sum, value| sum.saturating_add(*value))
        };
        (0..self.labels.len()).map(sum).collect()
    }
}

/// What stands beside the bars: 0, and a few numbers above at the same distance, the last no lower than any bar.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scale {
    step: u64,
    steps: u64,
}

impl Scale {
    /// Steps that are easy to read: 1, 2 or 5 with noughts, at most five of them.
    fn up_to(highest: u64) -> Self {
        const MOST: u64 = 5;
        let mut decade: u64 = 1;
        loop {
            for digit in [1, 2, 5] {
                let step = decade.saturating_mul(digit);
                let steps = highest.div_ceil(step).max(1);
                if steps <= MOST {
                    return Self { step, steps };
                }
            }
            decade = decade.saturating_mul(10);
        }
    }

    fn top(&self) -> u64 {
        self.step.saturating_mul(self.steps)
    }

    /// The numbers, the highest first.
    fn ticks(&self) -> Vec<u64> {
        (0..=self.steps).rev().map(|n| self.step.saturating_mul(n)).collect()
    }

    /// Of a hundred parts of the height, in thousandths.
    fn height(&self, value: u64) -> u64 {
        let share = u128::from(value) * 100_000 / u128::from(self.top().max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scales_have_few_steps_that_are_easy_to_read() {
        for (highest, ticks) in [
            (0, vec![1, 0]),
            (1, vec![1, 0]),
            (4, vec![4, 3, 2, 1, 0]),
            (6, vec![6, 4, 2, 0]),
            (11, vec![15, 10, 5, 0]),
            (99, vec![100, 80, 60, 40, 20, 0]),
            (1_234, vec![1_500, 1_000, 500, 0]),
        ] {
            assert_eq!(Scale::up_to(highest).ticks(), ticks, "{highest}");
        }
    }

    proptest! {
        #[test]
        fn no_bar_is_above_the_scale(highest: u64, part in 0_u64..=100) {
            let scale = Scale::up_to(highest);
            prop_assert!(scale.top() >= highest && scale.steps <= 5 && scale.step > 0);
            let value = highest / 100 * part;
            prop_assert!(scale.height(value) <= 100_000);
        }
    }
}
