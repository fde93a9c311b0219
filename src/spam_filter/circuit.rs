//! Whether a filter that does not answer is asked again: not by every message, each of which would wait in vain.

use std::time::{Duration, Instant};

/// So many questions in a row without an answer, and the filter is left alone.
const PATIENCE: u32 = 3;
/// For how long. Then one message asks again.
const REST: Duration = Duration::from_secs(5);

/// What is known of the filter.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// Questions without an answer since the last one with an answer.
    failures: u32,
    /// From when on it is asked again; `None` while it answers.
    rests_until: Option<Instant>,
    /// One message asks while the others do not.
    is_tried: bool,
}

/// How a message may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As every message does.
    Open,
    /// As the one that finds out whether the filter is back.
    Trial,
}

impl Circuit {
    /// Whether a message may ask now; `None`: it goes without.
    pub(super) fn enter(&mut self, now: Instant) -> Option<Way> {
        match self.rests_until {
            None => Some(Way::Open),
            Some(until) if now >= until && !self.is_tried => {
                self.is_tried = true;
                Some(Way::Trial)
            }
            Some(_) => None,
        }
    }

    /// There was an answer; true when that is news.
    pub(super) fn answered(&mut self) -> bool {
        let was_resting = self.rests_until.is_some();
        *self = Self::default();
        was_resting
    }

    /// There was none; true when the filter is left alone from now on.
    pub(super) fn failed(&mut self, way: Way, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        match (way, self.rests_until) {
            (Way::Trial, _) => {
                self.is_tried = false;
                self.rests_until = Some(now + REST);
                false
            }
            // Others that were under way.
            (Way::Open, Some(_)) => false,
            (Way::Open, None) if self.failures < PATIENCE => false,
            (Way::Open, None) => {
                self.rests_until = Some(now + REST);
                true
            }
        }
    }

    /// Nothing was found out: whoever asked went away.
    pub(super) fn left(&mut self, way: Way) {
        if way == Way::Trial {
            self.is_tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_vain_and_one_asks_again_after_a_rest() {
        let mut circuit = Circuit::default();
        let now = Instant::now();
        for is_last in [false, false, true] {
            assert_eq!(circuit.enter(now), Some(Way::Open));
            assert_eq!(circuit.failed(Way::Open, now), is_last);
        }
        assert!(!circuit.failed(Way::Open, now), "one that was under way");
        assert_eq!(circuit.enter(now + REST / 2), None);
        let later = now + REST;
        assert_eq!(circuit.enter(later), Some(Way::Trial));
        assert_eq!(circuit.enter(later), None, "one alone");
        circuit.failed(Way::Trial, later);
        assert_eq!(circuit.enter(later + REST / 2), None);
        assert_eq!(circuit.enter(later + REST), Some(Way::Trial));
        circuit.left(Way::Trial);
        assert_eq!(circuit.enter(later + REST), Some(Way::Trial));
        assert!(circuit.answered());
        assert_eq!(circuit.enter(later), Some(Way::Open));
    }

    #[test]
    fn an_answer_in_between_begins_anew() {
        let mut circuit = Circuit::default();
        let now = Instant::now();
        for _ in 0..10 {
            assert!(!circuit.failed(Way::Open, now) && !circuit.failed(Way::Open, now));
            assert!(!circuit.answered());
        }
        assert_eq!(circuit.enter(now), Some(Way::Open));
    }
}
