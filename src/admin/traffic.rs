//! Messages in figures, as charts show them.

use super::{Error, Place};
use crate::{
    alias::OwnedDomain,
    digest::Reason,
    store::journal::{JournalError, Outcome, Span, TrafficCount},
    time::{DAY, UnixTime},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;

/// What a chart is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// The last 48 hours, each by itself.
    Hours,
    /// The last 30 days.
    Days,
    /// The last 13 months, those of the calendar of UTC.
    Months,
}

/// The messages of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// One for each hour, day or month, the oldest first; those without messages too.
    pub points: Vec<Point>,
    /// How many were refused or put off, by why.
    pub refused: BTreeMap<Reason, u64>,
}

/// What became of the messages that came within an hour, a day or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// When it began.
    pub start: UnixTime,
    /// Every destination has them, or some.
    pub forwarded: u64,
    /// They wait here.
    pub spooled: u64,
    /// We answered for them, and they did not arrive.
    pub bounced: u64,
    /// The client was told 4xx or 5xx.
    pub refused: u64,
    /// Thrown away as an alias says, taken out of the spool, or broken off by the client.
    pub other: u64,
}

impl Point {
    /// All of them.
    pub fn sum(&self) -> u64 {
        let Self { forwarded, spooled, bounced, refused, other, .. } = self;
        [forwarded, spooled, bounced, refused, other]
            .into_iter()
            .fold(0, |a, b| a.saturating_add(*b))
    }

    fn add(&mut self, outcome: Outcome, messages: u64) {
        let count = match outcome {
            Outcome::Forwarded | Outcome::Partial => &mut self.forwarded,
            Outcome::Spooled => &mut self.spooled,
            Outcome::Bounced | Outcome::Failed => &mut self.bounced,
            Outcome::Refused | Outcome::Deferred => &mut self.refused,
            Outcome::Dropped | Outcome::Discarded | Outcome::Aborted | Outcome::Taken => {
                &mut self.other
            }
        };
        *count = count.saturating_add(messages);
    }
}

impl Period {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Hours, Self::Days, Self::Months];

    fn span(self) -> Span {
        match self {
            Self::Hours => Span::Hour,
            Self::Days | Self::Months => Span::Day,
        }
    }

    /// When each of its parts began, up to the one that `now` is in.
    fn starts(self, now: UnixTime) -> Vec<UnixTime> {
        let back = |span: Span, count: u32| {
            let last = span.start(now);
            (0..count).rev().map(|n| last - span.length() * n).collect()
        };
        match self {
            Self::Hours => back(Span::Hour, 48),
            Self::Days => back(Span::Day, 30),
            Self::Months => {
                let mut month = month_of(now);
                let mut starts = Vec::new();
                for _ in 0..13 {
                    starts.push(month);
                    month = month_of(month - DAY);
                }
                starts.reverse();
                starts
            }
        }
    }
}

/// When the month of `time` began, in UTC.
fn month_of(time: UnixTime) -> UnixTime {
    let date: Date = Timestamp::from(time).to_zoned(TimeZone::UTC).date();
    let day = u64::try_from(date.day()).unwrap_or(1);
    UnixTime::of_day(time.day().saturating_sub(day.saturating_sub(1)))
}

/// The messages of each period: those that count for the domain of an owner in the hours, or days, that were his from their
/// beginning on; or all. No record of the journal is looked at.
///
/// # Errors
/// When the journal cannot be read.
pub async fn of(
    place: &Place,
    own: Option<&OwnedDomain>,
    now: UnixTime,
) -> Result<Vec<(Period, Traffic)>, Error> {
    let journal = match place.read_journal().await {
        Err(JournalError::Absent { .. }) => None,
        opened => Some(opened?),
    };
    let mut all = Vec::new();
    for period in Period::ALL {
        let starts = period.starts(now);
        let since = starts.first().copied().unwrap_or(now);
        let counts = match &journal {
            Some(journal) => {
                let domain = own.map(|own| &own.domain);
                journal.traffic(domain, period.span(), since).await?
            }
            None => Vec::new(),
        };
        let of_his = |count: &TrafficCount| own.is_none_or(|own| own.sees(count.start.into()));
        let counts: Vec<_> = counts.into_iter().filter(of_his).collect();
        all.push((period, sum(&starts, &counts)));
    }
    Ok(all)
}

fn sum(starts: &[UnixTime], counts: &[TrafficCount]) -> Traffic {
    let new = |start: &UnixTime| Point { start: *start, ..Point::default() };
    let mut traffic =
        Traffic { points: starts.iter().map(new).collect(), refused: BTreeMap::new() };
    for TrafficCount { start, class, messages } in counts {
        let behind = starts.partition_point(|begun| begun <= start);
        let Some(point) = behind.checked_sub(1).and_then(|at| traffic.points.get_mut(at)) else {
            continue;
        };
        point.add(class.outcome, *messages);
        if let Some(reason) = class.reason {
            let count = traffic.refused.entry(reason).or_default();
            *count = count.saturating_add(*messages);
        }
    }
    traffic
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::Class;

    /// 2026-03-01 00:30 UTC.
    const NOW: UnixTime = UnixTime::new(1_772_325_000);

    fn date(time: UnixTime) -> String {
        Timestamp::from(time).to_string()
    }

    #[test]
    fn the_parts_of_a_period() {
        for (period, count, first, last) in [
            (Period::Hours, 48, "2026-02-27T01:00:00Z", "2026-03-01T00:00:00Z"),
            (Period::Days, 30, "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z"),
            (Period::Months, 13, "2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ] {
            let starts = period.starts(NOW);
            assert_eq!(starts.len(), count);
            assert_eq!(starts.first().copied().map(date).as_deref(), Some(first));
            assert_eq!(starts.last().copied().map(date).as_deref(), Some(last));
            assert!(starts.is_sorted());
            let oldest = NOW.since(starts[0]);
            assert!(oldest <= period.span().kept(), "{period:?} is kept for all of it");
        }
        let february = Period::Months.starts(NOW)[11];
        assert_eq!(date(february), "2026-02-01T00:00:00Z");
    }

    #[test]
    fn each_message_is_in_one_part_and_one_sum() {
        let count = |start, outcome, reason, messages| TrafficCount {
            start,
            class: Class { outcome, reason },
            messages,
        };
        let month = NOW - DAY;
        let starts = Period::Months.starts(NOW);
        let refused =
            |start, reason, messages| count(start, Outcome::Refused, Some(reason), messages);
        let traffic = sum(
            &starts,
            &[
                count(month, Outcome::Forwarded, None, 3),
                count(month - DAY, Outcome::Partial, None, 1),
                count(month, Outcome::Failed, None, 5),
                count(NOW, Outcome::Bounced, None, 7),
                count(NOW, Outcome::Spooled, None, 11),
                count(NOW, Outcome::Aborted, None, 13),
                refused(month, Reason::Listed, 17),
                refused(NOW, Reason::Listed, 19),
                count(NOW, Outcome::Deferred, Some(Reason::Rate), 23),
                // Before all of it.
                count(starts[0] - DAY, Outcome::Forwarded, None, 1000),
            ],
        );
        let [.., february, march] = &traffic.points[..] else { panic!("{traffic:?}") };
        let told = |it: &Point| [it.forwarded, it.spooled, it.bounced, it.refused, it.other];
        assert_eq!(told(february), [4, 0, 5, 17, 0]);
        assert_eq!(told(march), [0, 11, 7, 42, 13]);
        assert_eq!(march.sum(), 73);
        let refused: Vec<_> = traffic.refused.into_iter().collect();
        assert_eq!(refused, [(Reason::Listed, 36), (Reason::Rate, 23)]);
    }
}
