//! What happened to the server, until it is written down.

use crate::{
    clock,
    event::{Event, Happening, Heard},
    time::Millis,
};

/// Events that wait to be written down.
const MAX_EVENTS: usize = 10_000;

/// What is to be told of the server.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    is_told: bool,
    heard: Heard,
    events: Vec<Event>,
}

impl Happenings {
    pub(super) fn set_told(&mut self, is_told: bool) {
        self.is_told = is_told;
        if !is_told {
            *self = Self::default();
        }
    }

    /// True when there is something to write down.
    pub(super) fn add(&mut self, happening: Happening, now: Millis) -> bool {
        let is_news = self.is_told && self.heard.is_news(&happening, now.unix_time());
        if !is_news || self.events.len() >= MAX_EVENTS {
            return false;
        }
        let id = clock::message_id().to_string();
        self.events.push(Event::of_server(id, now, happening));
        true
    }

    /// What is to be written down.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_for_nobody_and_room_is_bounded() {
        let mut happenings = Happenings::default();
        let resumed = || Happening::Resumed { provider: "yahoo".into() };
        assert!(!happenings.add(resumed(), Millis::EPOCH));
        happenings.set_told(true);
        for _ in 0..MAX_EVENTS {
            assert!(happenings.add(resumed(), Millis::EPOCH));
        }
        assert!(!happenings.add(resumed(), Millis::EPOCH));
        assert_eq!(happenings.take().len(), MAX_EVENTS);
        assert!(happenings.add(resumed(), Millis::EPOCH));
        happenings.set_told(false);
        assert_eq!(happenings.take(), []);
    }
}
