use crate::time::Millis;
use std::{collections::VecDeque, time::Duration};

/// So many refusals within [`SOON`] are a burst.
const BURST: usize = 20;
const SOON: Duration = Duration::from_mins(10);
/// For how long it is remembered what became of recipients.
const RECENT: Duration = Duration::from_hours(1);
/// Of so many recipients more than a third must not refuse.
const SAMPLE: usize = 30;
/// Most recipients of which it is remembered.
const CAPACITY: usize = 2_000;

/// What became of the recipients to whom somebody sent lately: whoever sends to bought or guessed addresses shows by
/// how many refuse.
#[derive(Debug, Clone, Default)]
pub struct Refusals(VecDeque<(Millis, bool)>);

/// Too many refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Those that refused.
    pub refused: usize,
    /// Of so many recipients.
    pub of: usize,
    /// Within how long.
    pub within: Duration,
}

impl Refusals {
    /// Notes what one recipient's server said at `now`; gives the burst that it is part of.
    pub fn note(&mut self, is_refusal: bool, now: Millis) -> Option<Burst> {
        let is_old = |(at, _): &(Millis, bool)| now.since(*at) >= RECENT;
        while self.0.front().is_some_and(is_old) || self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((now, is_refusal));
        if !is_refusal {
            return None;
        }
        let count = |within: Duration| {
            let recent = self.0.iter().filter(|(at, _)| now.since(*at) < within);
            let (mut refused, mut of) = (0, 0);
            for (_, is_refusal) in recent {
                (refused, of) = (refused + usize::from(*is_refusal), of + 1);
            }
            Burst { refused, of, within }
        };
        let (soon, recent) = (count(SOON), count(RECENT));
        if soon.refused >= BURST {
            Some(soon)
        } else if recent.of >= SAMPLE && recent.refused * 3 > recent.of {
            Some(recent)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Millis {
        Millis::new(1_700_000_000_000 + seconds * 1000)
    }

    #[test]
    fn twenty_in_ten_minutes() {
        let mut refusals = Refusals::default();
        for number in 0..200 {
            assert_eq!(refusals.note(false, second(number)), None);
        }
        for number in 0..19 {
            assert_eq!(refusals.note(true, second(number * 31)), None);
        }
        let burst = refusals.note(true, second(599)).unwrap();
        assert_eq!((burst.refused, burst.within), (20, SOON));
        let mut slow = Refusals::default();
        for number in 0..100 {
            assert_eq!(slow.note(false, second(number * 32)), None);
            assert_eq!(slow.note(false, second(number * 32)), None);
            assert_eq!(slow.note(true, second(number * 32)), None, "{number}");
        }
    }

    #[test]
    fn more_than_a_third() {
        let mut refusals = Refusals::default();
        for number in 0..10 {
            assert_eq!(refusals.note(true, second(number * 90)), None, "too few to say");
        }
        for number in 0..19 {
            assert_eq!(refusals.note(false, second(900 + number)), None);
        }
        let burst = refusals.note(true, second(1000)).unwrap();
        assert_eq!((burst.refused, burst.of, burst.within), (11, 30, RECENT));
        assert_eq!(refusals.note(true, second(1000 + 3600)), None, "it is forgotten");
    }

    #[test]
    fn it_takes_bounded_room() {
        let mut refusals = Refusals::default();
        for _ in 0..2 * CAPACITY {
            refusals.note(false, second(0));
        }
        assert_eq!(refusals.0.len(), CAPACITY);
    }
}
