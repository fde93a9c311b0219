//! Whether a filter that does not answer is asked again: not by every message, each of which would wait in vain.

use crate::rate::ClientBlock;
use std::time::{Duration, Instant};

/// Questions of so many clients in a row without an answer, and the filter is left alone: what one client sends may be
/// what the filter takes long for.
const PATIENCE: usize = 3;
/// For how long. Then one message asks again.
const REST: Duration = Duration::from_secs(5);
/// Clients that are remembered for having asked in vain.
const REMEMBERED: usize = 16;

/// What is known of the filter.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// Who has asked in vain since the last answer, each client once, and has to let others try first; `None` is
    /// nobody's doing, as where nobody can connect.
    in_vain: Vec<Option<ClientBlock>>,
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
    /// Whether a message of `client` may ask now; `None`: it goes without.
    pub(super) fn enter(&mut self, client: Option<ClientBlock>, now: Instant) -> Option<Way> {
        let Some(until) = self.rests_until else { return Some(Way::Open) };
        let is_again = client.is_some() && self.in_vain.contains(&client);
        let until = if is_again { until + REST } else { until };
        if now < until || self.is_tried {
            return None;
        }
        self.is_tried = true;
        Some(Way::Trial)
    }

    /// There was an answer; true when that is news.
    pub(super) fn answered(&mut self) -> bool {
        let was_resting = self.rests_until.is_some();
        *self = Self::default();
        was_resting
    }

    /// There was none for `client`; true when the filter is left alone from now on.
    pub(super) fn failed(&mut self, client: Option<ClientBlock>, way: Way, now: Instant) -> bool {
        if client.is_none() || !self.in_vain.contains(&client) {
            self.in_vain.push(client);
        }
        if let Some(more) = self.in_vain.len().checked_sub(REMEMBERED) {
            self.in_vain.drain(..more);
        }
        if way == Way::Trial {
            self.is_tried = false;
            self.rests_until = Some(now + REST);
            return false;
        }
        // Else it is one that was under way.
        let is_over = self.rests_until.is_none() && self.in_vain.len() >= PATIENCE;
        if is_over {
            self.rests_until = Some(now + REST);
        }
        is_over
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
    use std::net::{IpAddr, Ipv4Addr};

    fn client(number: u32) -> Option<ClientBlock> {
        Some(ClientBlock::of(IpAddr::V4(Ipv4Addr::from(number))))
    }

    #[test]
    fn three_in_vain_and_one_asks_again_after_a_rest() {
        let mut circuit = Circuit::default();
        let now = Instant::now();
        for is_last in [false, false, true] {
            assert_eq!(circuit.enter(None, now), Some(Way::Open));
            assert_eq!(circuit.failed(None, Way::Open, now), is_last);
        }
        assert!(!circuit.failed(None, Way::Open, now), "one that was under way");
        assert_eq!(circuit.enter(None, now + REST / 2), None);
        let later = now + REST;
        assert_eq!(circuit.enter(None, later), Some(Way::Trial));
        assert_eq!(circuit.enter(None, later), None, "one alone");
        circuit.failed(None, Way::Trial, later);
        assert_eq!(circuit.enter(None, later + REST / 2), None);
        assert_eq!(circuit.enter(None, later + REST), Some(Way::Trial));
        circuit.left(Way::Trial);
        assert_eq!(circuit.enter(None, later + REST), Some(Way::Trial));
        assert!(circuit.answered());
        assert_eq!(circuit.enter(None, later), Some(Way::Open));
    }

    #[test]
    fn an_answer_in_between_begins_anew() {
        let mut circuit = Circuit::default();
        let now = Instant::now();
        for _ in 0..10 {
            assert!(!circuit.failed(None, Way::Open, now) && !circuit.failed(None, Way::Open, now));
            assert!(!circuit.answered());
        }
        assert_eq!(circuit.enter(None, now), Some(Way::Open));
    }

    #[test]
    fn one_client_alone_neither_opens_it_nor_keeps_it_open() {
        let mut circuit = Circuit::default();
        let now = Instant::now();
        for number in [1, 1, 2, 2, 1, 1, 2] {
            assert!(!circuit.failed(client(number), Way::Open, now));
        }
        assert!(circuit.failed(client(3), Way::Open, now));
        let later = now + REST;
        assert_eq!(circuit.enter(client(1), later), None, "others first");
        assert_eq!(circuit.enter(client(4), later), Some(Way::Trial));
        circuit.failed(client(4), Way::Trial, later);
        for number in [1, 3, 4] {
            assert_eq!(circuit.enter(client(number), later + REST), None, "others first");
        }
        assert_eq!(circuit.enter(client(5), later + REST), Some(Way::Trial));
        circuit.left(Way::Trial);
        assert_eq!(circuit.enter(client(1), later + REST * 2), Some(Way::Trial));
        for number in 0..1_000 {
            circuit.failed(client(number), Way::Open, later);
        }
        assert_eq!(circuit.in_vain.len(), REMEMBERED);
    }
}
