//! Refused messages, as far as they are told one by one.

use crate::{alias::AliasAddress, clock, event::Event, time::Millis};
use std::{collections::HashMap, time::Duration};

/// For how long refusals of an alias are counted together.
const WINDOW: Duration = Duration::from_hours(1);
/// Aliases that are counted at once. Those of strangers' guesses are not among them: these are no aliases.
const MAX_ALIASES: usize = 20_000;
/// Events that wait to be written down.
const MAX_EVENTS: usize = 10_000;

/// What is to be told of refused messages.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// How many of an alias are told one by one; 0: nobody is told.
    most: u64,
    aliases: HashMap<String, Window>,
    events: Vec<Event>,
    lost: u64,
}

#[derive(Debug)]
struct Window {
    since: Millis,
    /// Those that were told.
    told: u64,
    /// How many were not, and since when.
    more: u64,
    full: Millis,
}

impl Refusals {
    pub(super) fn set_most(&mut self, most: u64) {
        self.most = most;
        if most == 0 {
            *self = Self::default();
        }
    }

    /// Counts one; true when there is something to write down.
    pub(super) fn add(&mut self, alias: &str, sender: &str, rule: &str, now: Millis) -> bool {
        if self.most == 0 {
            return false;
        }
        if !self.aliases.contains_key(alias) && self.aliases.len() >= MAX_ALIASES {
            self.end(now);
            if self.aliases.len() >= MAX_ALIASES {
                self.lost += 1;
                return false;
            }
        }
        let window = self.aliases.entry(alias.to_owned()).or_insert_with(|| Window::new(now));
        if now.since(window.since) >= WINDOW {
            let before = std::mem::replace(window, Window::new(now));
            self.events.extend(before.rest(alias, now));
        }
        if window.told >= self.most {
            window.full = if window.more == 0 { now } else { window.full };
            window.more += 1;
            return false;
        }
        window.told += 1;
        if self.events.len() >= MAX_EVENTS {
            self.lost += 1;
            return false;
        }
        // It was one when it was added.
        let Ok(address) = AliasAddress::parse(alias) else { return false };
        let id = clock::message_id().to_string();
        self.events.push(Event::refused(id, now, &address, sender, rule));
        true
    }

    /// What is to be written down, and how many there was no room for.
    pub(super) fn take(&mut self, now: Millis) -> (Vec<Event>, u64) {
        self.end(now);
        (std::mem::take(&mut self.events), std::mem::take(&mut self.lost))
    }

    /// Ends the windows whose time is over.
    fn end(&mut self, now: Millis) {
        let ended = self.aliases.extract_if(|_, window| now.since(window.since) >= WINDOW);
        self.events.extend(ended.filter_map(|(alias, window)| window.rest(&alias, now)));
    }
}

impl Window {
    fn new(now: Millis) -> Self {
        Self { since: now, told: 0, more: 0, full: now }
    }

    /// The event that tells of those that were not told one by one.
    fn rest(self, alias: &str, now: Millis) -> Option<Event> {
        let Self { more, full, .. } = self;
        let address = AliasAddress::parse(alias).ok().filter(|_| more > 0)?;
        let id = clock::message_id().to_string();
        Some(Event::more_refused(id, now, &address, more, full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Data;

    const NOW: Millis = Millis::new(1_000_000_000);

    fn telling(most: u64) -> Refusals {
        Refusals { most, ..Refusals::default() }
    }

    #[test]
    fn many_of_one_alias_are_told_together() {
        let (mut refusals, alias) = (telling(3), "a@x.test");
        for n in 0..10 {
            let now = NOW + Duration::from_secs(n);
            assert_eq!(refusals.add(alias, "b@y.test", "no", now), n < 3);
        }
        refusals.add("c@x.test", "b@y.test", "no", NOW);
        let (events, lost) = refusals.take(NOW + Duration::from_secs(10));
        assert_eq!((events.len(), lost), (4, 0), "the other alias has its own");
        let later = NOW + WINDOW;
        let (events, _) = refusals.take(later);
        let [rest] = events.as_slice() else { panic!("one for the rest, not {events:?}") };
        let since = NOW + Duration::from_secs(3);
        assert_eq!(rest.data, Data::More { count: 7, since });
        assert!(refusals.add(alias, "b@y.test", "no", later), "another hour");
    }

    #[test]
    fn the_next_hour_tells_of_the_rest_of_the_last() {
        let (mut refusals, alias) = (telling(1), "a@x.test");
        for now in [NOW, NOW, NOW + WINDOW] {
            refusals.add(alias, "b@y.test", "no", now);
        }
        assert_eq!(refusals.take(NOW + WINDOW).0.len(), 3);
    }

    #[test]
    fn room_is_bounded_and_nothing_is_kept_for_nobody() {
        let mut refusals = telling(60);
        for n in 0..MAX_ALIASES + 10 {
            refusals.add(&format!("a{n}@x.test"), "b@y.test", "no", NOW);
        }
        assert_eq!((refusals.aliases.len(), refusals.events.len()), (MAX_ALIASES, MAX_EVENTS));
        assert_eq!(refusals.lost, (MAX_ALIASES - MAX_EVENTS + 10) as u64);
        refusals.set_most(0);
        assert!(!refusals.add("a@x.test", "b@y.test", "no", NOW));
        assert!(refusals.aliases.is_empty() && refusals.events.is_empty());
    }
}
