use crate::{next_hop::NextHop, time::Millis};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// Attempts under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Attempts in all.
    pub in_all: usize,
    /// Attempts to one destination that answers. One that does not is asked by one message at a time.
    pub per_destination: usize,
}

/// A message that waits for a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number of the message.
    pub message: i64,
    /// When the message is to be tried.
    pub due: Millis,
    /// When the message is given up.
    pub expires: Millis,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The number of the message.
    pub message: i64,
    /// The destination.
    pub hop: Arc<NextHop>,
    /// The time of the message is up and the destination is known not to answer: give it up without another try.
    pub give_up: bool,
}

/// Whether the host of a destination could be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostState {
    /// The host gave a verdict on the message, whatever it was.
    Answers,
    /// The host did not: unreachable, silent, closing. Nobody need ask before this time.
    Sleeps {
        /// When the next may ask.
        until: Millis,
    },
    /// The host was not asked.
    Unknown,
}

/// All that waits, by destination, in memory. Which message is next is decided here, in turns, so that
/// no destination waits for another; what the messages are is the store's to know.
#[derive(Debug)]
pub struct Schedule {
    concurrency: Concurrency,
    destinations: HashMap<Arc<NextHop>, Destination>,
    /// Destinations with something to do, in the order of their turns.
    ready: VecDeque<Arc<NextHop>>,
    /// Destinations with nothing to do before a time.
    sleeping: BTreeSet<(Millis, Arc<NextHop>)>,
    expiring: BTreeSet<(Millis, Arc<NextHop>, i64)>,
    in_flight: usize,
}

#[derive(Debug, Default)]
struct Destination {
    due: BTreeSet<(Millis, i64)>,
    /// The entries of `due`, by message; those in flight are in neither.
    waiting: HashMap<i64, Entry>,
    /// Messages of `waiting` that were put off because the host slept.
    put_off: HashSet<i64>,
    in_flight: HashSet<i64>,
    /// Attempts in a row that found the host asleep.
    failures: u32,
    asleep_until: Millis,
    place: Place,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Nowhere,
    Ready,
    Sleeping(Millis),
}

impl Entry {
    /// When a message is due that goes before all others.
    pub const AT_ONCE: Millis = Millis::EPOCH;
}

impl Schedule {
    /// An empty schedule.
    pub fn new(concurrency: Concurrency) -> Self {
        Self {
            concurrency,
            destinations: HashMap::new(),
            ready: VecDeque::new(),
            sleeping: BTreeSet::new(),
            expiring: BTreeSet::new(),
            in_flight: 0,
        }
    }

    /// Changes the bounds, from now on.
    pub fn set_concurrency(&mut self, concurrency: Concurrency) {
        self.concurrency = concurrency;
    }

    /// Adds a message for a destination, or changes when it is due. What is in flight is left alone.
    pub fn add(&mut self, hop: NextHop, entry: Entry, now: Millis) {
        let hop = match self.destinations.get_key_value(&hop) {
            Some((hop, _)) => Arc::clone(hop),
            None => Arc::new(hop),
        };
        self.insert(&hop, entry, now);
    }

    /// True when that message waits for that destination, or is in flight.
    pub fn contains(&self, hop: &NextHop, message: i64) -> bool {
        self.destinations
            .get(hop)
            .is_some_and(|to| to.waiting.contains_key(&message) || to.in_flight.contains(&message))
    }

    /// Replaces all that waits. What is in flight stays, and so does the knowledge of which hosts sleep;
    /// those of messages that are due at [`Entry::AT_ONCE`] are asked again all the same.
    pub fn replace(&mut self, entries: impl IntoIterator<Item = (NextHop, Entry)>, now: Millis) {
        self.ready.clear();
        self.sleeping.clear();
        self.expiring.clear();
        for to in self.destinations.values_mut() {
            to.due.clear();
            to.waiting.clear();
            to.place = Place::Nowhere;
        }
        for (hop, entry) in entries {
            if let Some(to) = self.destinations.get_mut(&hop)
                && entry.due == Entry::AT_ONCE
            {
                to.asleep_until = Millis::EPOCH;
            }
            self.add(hop, entry, now);
        }
        self.destinations.retain(|_, to| {
            to.put_off.retain(|message| to.waiting.contains_key(message));
            !to.due.is_empty() || !to.in_flight.is_empty()
        });
    }

    /// True when nothing waits and nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty()
    }

    /// What is to be done at `now`; it is in flight until [`Schedule::done`].
    pub fn next(&mut self, now: Millis) -> Option<Work> {
        if self.in_flight >= self.concurrency.in_all {
            return None;
        }
        self.wake(now);
        if let Some(work) = self.expired(now) {
            return Some(work);
        }
        let hop = self.ready.pop_front()?;
        let to = self.destinations.get_mut(&hop)?;
        to.place = Place::Nowhere;
        let (_, message) = *to.due.first()?;
        let entry = self.take(&hop, message)?;
        self.settle(&hop, now);
        Some(Work { message: entry.message, hop, give_up: false })
    }

    /// When [`Schedule::next`] may have something to do, if nothing is added and nothing ends before.
    pub fn wake_at(&self) -> Option<Millis> {
        if self.in_flight >= self.concurrency.in_all {
            return None;
        }
        let next = self.sleeping.first().map(|(time, _)| *time);
        let expiry = self.expiring.first().map(|(time, ..)| *time);
        next.into_iter().chain(expiry).min()
    }

    /// `work` ended: the message waits on as `again`, or is done with this destination.
    pub fn done(&mut self, work: &Work, again: Option<Entry>, host: HostState, now: Millis) {
        let Some(to) = self.destinations.get_mut(&work.hop) else { return };
        if to.in_flight.remove(&work.message) {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        match host {
            HostState::Answers => self.awake(&work.hop, now),
            // Several attempts that were under way when it fell asleep are one failure.
            HostState::Sleeps { until } if to.failures == 0 || to.asleep_until <= now => {
                to.failures = to.failures.saturating_add(1);
                to.asleep_until = until;
            }
            HostState::Sleeps { .. } => {}
            HostState::Unknown => {}
        }
        if let Some(entry) = again {
            self.insert(&work.hop, entry, now);
            if let (HostState::Sleeps { .. }, Some(to)) =
                (host, self.destinations.get_mut(&work.hop))
            {
                to.put_off.insert(entry.message);
            }
        }
        self.settle(&work.hop, now);
    }

    /// Attempts in a row that found the host of this destination asleep.
    pub fn failures(&self, hop: &NextHop) -> u32 {
        self.destinations.get(hop).map_or(0, |to| to.failures)
    }

    /// The host of a destination answered somebody else: what was put off because of it is due.
    pub fn answered(&mut self, hop: &NextHop, now: Millis) {
        let Some((hop, to)) = self.destinations.get_key_value(hop) else { return };
        if to.failures > 0 {
            let hop = Arc::clone(hop);
            self.awake(&hop, now);
            self.settle(&hop, now);
        }
    }

    fn insert(&mut self, hop: &Arc<NextHop>, entry: Entry, now: Millis) {
        let to = self.destinations.entry(Arc::clone(hop)).or_default();
        if to.in_flight.contains(&entry.message) {
            return;
        }
        if let Some(before) = to.waiting.insert(entry.message, entry) {
            to.due.remove(&(before.due, before.message));
            self.expiring.remove(&(before.expires, Arc::clone(hop), before.message));
        }
        to.due.insert((entry.due, entry.message));
        self.expiring.insert((entry.expires, Arc::clone(hop), entry.message));
        self.settle(hop, now);
    }

    /// Takes a waiting message into flight.
    fn take(&mut self, hop: &Arc<NextHop>, message: i64) -> Option<Entry> {
        let to = self.destinations.get_mut(hop)?;
        let entry = to.waiting.remove(&message)?;
        to.due.remove(&(entry.due, message));
        to.put_off.remove(&message);
        self.expiring.remove(&(entry.expires, Arc::clone(hop), message));
        to.in_flight.insert(message);
        self.in_flight += 1;
        Some(entry)
    }

    /// A message whose time is up: given up where the destination sleeps; else tried a last time, by
    /// being due.
    fn expired(&mut self, now: Millis) -> Option<Work> {
        while let Some((_, hop, message)) = self.expiring.first().filter(|(at, ..)| *at <= now) {
            let (hop, message) = (Arc::clone(hop), *message);
            if self.failures(&hop) > 0 {
                self.take(&hop, message)?;
                self.settle(&hop, now);
                return Some(Work { message, hop, give_up: true });
            }
            self.expiring.pop_first();
            let to = self.destinations.get_mut(&hop)?;
            if let Some(entry) = to.waiting.get_mut(&message) {
                to.due.remove(&(entry.due, message));
                // Not in `expiring` any more, and not to be found there when it is taken.
                *entry = Entry { due: entry.due.min(now), expires: Millis::MAX, ..*entry };
                to.due.insert((entry.due, message));
            }
            self.settle(&hop, now);
        }
        None
    }

    fn awake(&mut self, hop: &Arc<NextHop>, now: Millis) {
        let Some(to) = self.destinations.get_mut(hop) else { return };
        to.failures = 0;
        to.asleep_until = Millis::EPOCH;
        for message in std::mem::take(&mut to.put_off) {
            if let Some(entry) = to.waiting.get_mut(&message) {
                to.due.remove(&(entry.due, message));
                entry.due = entry.due.min(now);
                to.due.insert((entry.due, message));
            }
        }
    }

    /// Lets those whose time has come stand in line.
    fn wake(&mut self, now: Millis) {
        while let Some((_, hop)) = self.sleeping.first().filter(|(time, _)| *time <= now) {
            let hop = Arc::clone(hop);
            self.sleeping.pop_first();
            if let Some(to) = self.destinations.get_mut(&hop) {
                to.place = Place::Nowhere;
            }
            self.settle(&hop, now);
        }
    }

    /// Puts a destination where it belongs: in line, asleep, or nowhere.
    fn settle(&mut self, hop: &Arc<NextHop>, now: Millis) {
        let Some(to) = self.destinations.get_mut(hop) else { return };
        let capacity = if to.failures > 0 { 1 } else { self.concurrency.per_destination };
        let place = match to.due.first() {
            Some((due, _)) if to.in_flight.len() < capacity => {
                let from = (*due).max(to.asleep_until);
                if from <= now { Place::Ready } else { Place::Sleeping(from) }
            }
            _ => Place::Nowhere,
        };
        let is_done = to.due.is_empty() && to.in_flight.is_empty();
        // Whoever stands in line keeps the place.
        if place == to.place && !is_done {
            return;
        }
        match to.place {
            Place::Nowhere => {}
            Place::Ready => self.ready.retain(|other| other != hop),
            Place::Sleeping(time) => {
                self.sleeping.remove(&(time, Arc::clone(hop)));
            }
        }
        to.place = place;
        match place {
            Place::Ready => self.ready.push_back(Arc::clone(hop)),
            Place::Sleeping(time) => {
                self.sleeping.insert((time, Arc::clone(hop)));
            }
            Place::Nowhere if is_done => {
                self.destinations.remove(hop);
            }
            Place::Nowhere => {}
        }
    }
}

#[cfg(test)]
mod tests;
