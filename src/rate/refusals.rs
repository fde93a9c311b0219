use crate::time::Millis;
use std::{collections::VecDeque, time::Duration};

/// So many refusals within [`SOON`] are a burst.
const BURST: u32 = 20;
const SOON: Duration = Duration::from_mins(10);
/// For how long it is remembered what became of recipients.
const RECENT: Duration = Duration::from_hours(1);
/// Of so many recipients more than a third must not refuse.
const SAMPLE: u32 = 30;
/// They are counted together in pieces of time of so many milliseconds.
const PIECE: u64 = 10_000;

/// What became of the recipients to whom somebody sent lately: whoever sends to bought or guessed addresses shows by
/// how many refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals(VecDeque<Heard>);

/// What was heard of recipients in a piece of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The number of the piece, from 1970 on.
    pub piece: u64,
    /// Those that refused.
    pub refused: u32,
    /// All of them.
    pub of: u32,
}

/// Too many refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Those that refused.
    pub refused: u32,
    /// Of so many recipients.
    pub of: u32,
    /// Within how long.
    pub within: Duration,
}

impl Refusals {
    /// What was heard before, as [`Refusals::heard`] gave it.
    pub fn of(heard: Vec<Heard>) -> Self {
        Self(heard.into())
    }

    /// What was heard of late, the oldest first: of no more pieces than an hour has.
    pub fn heard(&self) -> impl Iterator<Item = Heard> {
        self.0.iter().copied()
    }

    /// Notes what one recipient's server said at `now`; gives the burst that it is part of.
    pub fn note(&mut self, is_refusal: bool, now: Millis) -> Option<Burst> {
        let now = now.as_millis() / PIECE;
        while self.0.front().is_some_and(|oldest| is_before(oldest, now, RECENT)) {
            self.0.pop_front();
        }
        if self.0.back().is_none_or(|last| last.piece < now) {
            self.0.push_back(Heard { piece: now, refused: 0, of: 0 });
        }
        if let Some(last) = self.0.back_mut() {
            last.of = last.of.saturating_add(1);
            last.refused = last.refused.saturating_add(u32::from(is_refusal));
        }
        if !is_refusal {
            return None;
        }
        let count = |within: Duration| {
            let recent = self.0.iter().filter(|heard| !is_before(heard, now, within));
            recent.fold(Burst { refused: 0, of: 0, within }, |sum, heard| Burst {
                refused: sum.refused.saturating_add(heard.refused),
                of: sum.of.saturating_add(heard.of),
                within,
            })
        };
        let (soon, recent) = (count(SOON), count(RECENT));
        if soon.refused >= BURST {
            Some(soon)
        } else if recent.of >= SAMPLE && recent.refused > recent.of / 3 {
            Some(recent)
        } else {
            None
        }
    }
}

/// Whether the piece of `heard` ended longer ago than `within`.
fn is_before(heard: &Heard, now: u64, within: Duration) -> bool {
    now.saturating_sub(heard.piece) >= within.as_secs() * 1000 / PIECE
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
        // What is kept goes on as if nothing had happened.
        let mut refusals = Refusals::of(refusals.heard().collect());
        let burst = refusals.note(true, second(1000)).unwrap();
        assert_eq!((burst.refused, burst.of, burst.within), (11, 30, RECENT));
        assert_eq!(refusals.note(true, second(1000 + 3600)), None, "it is forgotten");
    }

    #[test]
    fn it_takes_bounded_room() {
        let mut refusals = Refusals::default();
        for number in 0..40_000 {
            refusals.note(false, second(number));
        }
        assert_eq!(refusals.heard().count(), 360);
        // A clock that was set back adds to what it finds.
        refusals.note(false, second(0));
        assert_eq!(refusals.heard().count(), 360);
    }
}
