use super::{
    Hold,
    pace::{Beat, Clockwork},
};
use crate::{
    provider::{Judgement, Limits, Measure, Pace, Repeated, Scope},
    slots::{Cause, Slots, Ticket},
    time::Millis,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Successes for which a provider that was slowed down gets one connection more.
const SUCCESSES: u32 = 20;
/// How often a rate that was lowered doubles before it is forgotten, and how long each of these lasts.
const DOUBLINGS: u8 = 5;
const DOUBLES_AFTER: Duration = Duration::from_mins(5);
/// How often a suspended provider is asked by one message: an eighth of the time, within these.
const SHORTEST_INTERVAL: Duration = Duration::from_mins(1);
const LONGEST_INTERVAL: Duration = Duration::from_mins(15);
/// Replies about single messages that are remembered of a provider.
const REMEMBERED: usize = 32;
/// Most of a reply that is kept.
const KEPT_OF_REPLY: usize = 300;

/// What is known of a provider, and what is under way to it.
#[derive(Debug)]
pub(super) struct Governed {
    pub(super) limits: Limits,
    /// Connections that are allowed now, of those of the limits.
    pub(super) allowed: u32,
    successes: u32,
    places: Slots<Cause>,
    clockwork: Clockwork,
    pub(super) slowed: Option<Slowed>,
    pub(super) suspended: Option<Suspended>,
    /// Replies that count when they come often.
    heard: VecDeque<Heard>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slowed {
    pub(super) pace: Pace,
    pub(super) doublings: u8,
    pub(super) since: Millis,
    pub(super) until: Millis,
    pub(super) why: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspended {
    pub(super) since: Millis,
    pub(super) until: Millis,
    pub(super) interval: Duration,
    /// When one message may ask.
    pub(super) probe_at: Millis,
    pub(super) why: Arc<str>,
}

#[derive(Debug)]
struct Heard {
    at: Millis,
    cause: Cause,
    repeated: Repeated,
}

/// Who goes on, and who does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// Those who have a place now.
    pub given: Vec<(Cause, Ticket)>,
    /// Those who wait in vain.
    pub sent_away: Vec<Ticket>,
}

impl Governed {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            allowed: limits.connections,
            successes: 0,
            places: Slots::new(limits.connections as usize),
            clockwork: Clockwork::default(),
            slowed: None,
            suspended: None,
            heard: VecDeque::new(),
        }
    }

    /// Connections that may be open now.
    pub(super) fn connections(&self, nodes: u32) -> u32 {
        let slow = self.slowed.as_ref().map_or(0, |slowed| slowed.pace.connections);
        let slow = if slow == 0 { u32::MAX } else { slow };
        (self.limits.connections / nodes).min(self.allowed).min(slow).max(1)
    }

    /// Messages that go over one connection now.
    pub(super) fn messages(&self) -> u32 {
        let slow = self.slowed.as_ref().map_or(0, |slowed| slowed.pace.messages);
        if slow == 0 { self.limits.messages } else { self.limits.messages.min(slow) }
    }

    /// Lets pass what is over; gives who has a place by that.
    pub(super) fn look(&mut self, nodes: u32, now: Millis) -> Vec<(Cause, Ticket)> {
        self.expire(now);
        let connections = self.connections(nodes);
        self.places.set_places(connections as usize)
    }

    /// Lets pass what is over.
    pub(super) fn expire(&mut self, now: Millis) {
        while let Some(slowed) = self.slowed.as_mut().filter(|slowed| slowed.until <= now) {
            let doubled = slowed.pace.each / 2;
            if slowed.doublings >= DOUBLINGS || doubled.is_zero() {
                self.slowed = None;
            } else {
                slowed.doublings += 1;
                slowed.pace = Pace { connections: 0, messages: 0, each: doubled, ..slowed.pace };
                slowed.until = slowed.until + DOUBLES_AFTER;
            }
        }
        self.suspended.take_if(|suspended| suspended.until <= now);
    }

    /// Until when nobody may ask; `None` where somebody may.
    pub(super) fn hold(&self, provider: &Arc<str>, now: Millis) -> Option<Hold> {
        let suspended = self.suspended.as_ref()?;
        (suspended.probe_at.min(suspended.until) > now).then(|| suspended.hold(provider))
    }

    /// A place, or a ticket for one; true for one that finds out whether the suspension can end.
    pub(super) fn take(
        &mut self,
        provider: &Arc<str>,
        cause: &Cause,
        now: Millis,
    ) -> Result<bool, Refused> {
        if let Some(hold) = self.hold(provider, now) {
            return Err(Refused::Held(hold));
        }
        let Some(suspended) = &mut self.suspended else {
            return self.places.take(cause).map(|()| false).map_err(Refused::Waits);
        };
        match self.places.take(cause) {
            Ok(()) => {
                suspended.probe_at = now + suspended.interval;
                Ok(true)
            }
            // Nobody waits for one who is suspended.
            Err(ticket) => {
                self.places.leave(cause, ticket);
                Err(Refused::Held(Hold {
                    until: now + SHORTEST_INTERVAL,
                    ..suspended.hold(provider)
                }))
            }
        }
    }

    /// Takes the turn of one message; when that is.
    ///
    /// # Errors
    /// When that would be, where it is after `latest`.
    pub(super) fn turn(
        &mut self,
        nodes: u32,
        now: Millis,
        latest: Millis,
    ) -> Result<Millis, Millis> {
        let slow = self.slowed.as_ref().filter(|slowed| !slowed.pace.each.is_zero());
        let slow = slow.map(|slowed| Beat::apart(slowed.pace.each, nodes));
        let usual = self.limits.rate.map(|rate| Beat::of_rate(rate, nodes));
        let beats = slow.into_iter().chain(usual);
        match beats.reduce(Beat::slower) {
            Some(beat) => self.clockwork.take(beat, now, latest),
            None => Ok(now),
        }
    }

    pub(super) fn leave(&mut self, cause: &Cause, ticket: Ticket) {
        self.places.leave(cause, ticket);
    }

    pub(super) fn give_back(&mut self, cause: &Cause) -> Vec<(Cause, Ticket)> {
        self.places.give_back(cause)
    }

    /// A message arrived; `is_probe`: by which the suspension ends.
    pub(super) fn succeeded(&mut self, is_probe: bool) {
        if is_probe {
            self.suspended = None;
        }
        if self.allowed < self.limits.connections {
            self.successes += 1;
            if self.successes >= SUCCESSES {
                (self.successes, self.allowed) = (0, self.allowed + 1);
            }
        }
    }

    /// A message did not, with `judgement` about `reply`. True where that changes something.
    pub(super) fn failed(
        &mut self,
        judgement: &Judgement,
        reply: &str,
        cause: &Cause,
        now: Millis,
    ) -> bool {
        let why = || reply.chars().take(KEPT_OF_REPLY).collect::<String>().into();
        let mut has_changed = false;
        match (judgement.scope, judgement.measure) {
            (Scope::Provider | Scope::Connection, Measure::Slow(pace)) => {
                self.slow(pace, why(), now);
                has_changed = true;
            }
            (Scope::Provider, Measure::Suspend(time)) => {
                self.suspend(time, why(), now);
                has_changed = true;
            }
            _ => {}
        }
        if let Some(repeated) = judgement.repeated
            && self.is_often(repeated, cause, now)
        {
            self.suspend(repeated.suspend, why(), now);
            has_changed = true;
        }
        has_changed
    }

    /// Ends what was concluded; true where there was something.
    pub(super) fn resume(&mut self) -> bool {
        let was = self.suspended.is_some()
            || self.slowed.is_some()
            || self.allowed < self.limits.connections;
        (self.suspended, self.slowed, self.allowed) = (None, None, self.limits.connections);
        self.heard.clear();
        was
    }

    /// Nobody waits any longer.
    pub(super) fn send_away(&mut self) -> Vec<Ticket> {
        self.places.send_away()
    }

    pub(super) fn in_use(&self) -> usize {
        self.places.taken()
    }

    pub(super) fn waiting(&self) -> usize {
        self.places.waiting()
    }

    /// True where nothing is under way and nothing need be remembered.
    pub(super) fn is_idle(&self, now: Millis) -> bool {
        self.in_use() == 0
            && self.waiting() == 0
            && self.is_usual()
            && self.limits.rate.is_none()
            && {
                let is_old = |heard: &Heard| now.since(heard.at) > heard.repeated.within;
                self.heard.iter().all(is_old)
            }
    }

    /// True where it gets what it takes.
    pub(super) fn is_usual(&self) -> bool {
        self.suspended.is_none() && self.slowed.is_none() && self.allowed >= self.limits.connections
    }

    fn slow(&mut self, pace: Pace, why: Arc<str>, now: Millis) {
        let is_new = self.slowed.as_ref().is_none_or(|slowed| slowed.pace != pace);
        // Those that were under way together are one slow-down.
        if is_new && pace.messages == 0 {
            self.allowed = (self.allowed / 2).max(1);
            self.successes = 0;
        }
        let since = self.slowed.as_ref().filter(|_| !is_new).map_or(now, |slowed| slowed.since);
        let until = now + pace.time;
        self.slowed = Some(Slowed { pace, doublings: 0, since, until, why });
    }

    fn suspend(&mut self, time: Duration, why: Arc<str>, now: Millis) {
        let interval = (time / 8).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let (since, probe_at) = match &self.suspended {
            Some(before) => (before.since, before.probe_at.max(now + SHORTEST_INTERVAL)),
            None => (now, now + interval),
        };
        self.suspended = Some(Suspended { since, until: now + time, interval, probe_at, why });
        // It begins again with one.
        (self.allowed, self.successes) = (1, 0);
        self.heard.clear();
    }

    fn is_often(&mut self, repeated: Repeated, cause: &Cause, now: Millis) -> bool {
        self.heard.retain(|heard| now.since(heard.at) <= heard.repeated.within);
        let same = |heard: &&Heard| heard.repeated == repeated;
        let of_one = self.heard.iter().filter(same).filter(|heard| heard.cause == *cause).count();
        if of_one < repeated.of_one as usize {
            if self.heard.len() >= REMEMBERED {
                self.heard.pop_front();
            }
            self.heard.push_back(Heard { at: now, cause: cause.clone(), repeated });
        }
        self.heard.iter().filter(same).count() >= repeated.times as usize
    }
}

impl Suspended {
    fn hold(&self, provider: &Arc<str>) -> Hold {
        Hold {
            provider: Arc::clone(provider),
            until: self.probe_at.min(self.until),
            is_suspended: true,
            why: Arc::clone(&self.why),
        }
    }
}

/// Why somebody has no place.
#[derive(Debug)]
pub(super) enum Refused {
    Waits(Ticket),
    Held(Hold),
}
