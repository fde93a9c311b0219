use super::{
    Entry, HostState, Work,
    destination::{Destination, Place},
};
use crate::{
    next_hop::NextHop,
    slots::{Cause, allowance},
    time::Millis,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
};

/// Messages that share places, by destination. Whose turn it is is decided here, so that no destination waits
/// for another, and no sender behind all that another has sent.
#[derive(Debug)]
pub(super) struct Lane {
    /// Attempts under way at once.
    pub(super) places: usize,
    /// Attempts under way at once to the hosts of one owner.
    pub(super) per_destination: usize,
    destinations: HashMap<Arc<NextHop>, Destination>,
    /// Destinations with something to do, in the order of their turns.
    ready: VecDeque<Arc<NextHop>>,
    /// Destinations with nothing to do before a time.
    sleeping: BTreeSet<(Millis, Arc<NextHop>)>,
    /// Destinations that wait for a place of their owner, and for one of those who cause what is due there.
    owner_waits: HashMap<Arc<str>, VecDeque<Arc<NextHop>>>,
    cause_waits: HashMap<Cause, VecDeque<Arc<NextHop>>>,
    expiring: BTreeSet<(Millis, Arc<NextHop>, i64)>,
    in_flight: usize,
    by_owner: HashMap<Arc<str>, usize>,
    by_cause: HashMap<Cause, usize>,
}

impl Lane {
    pub(super) fn new(places: usize, per_destination: usize) -> Self {
        Self {
            places,
            per_destination,
            destinations: HashMap::new(),
            ready: VecDeque::new(),
            sleeping: BTreeSet::new(),
            owner_waits: HashMap::new(),
            cause_waits: HashMap::new(),
            expiring: BTreeSet::new(),
            in_flight: 0,
            by_owner: HashMap::new(),
            by_cause: HashMap::new(),
        }
    }

    pub(super) fn contains(&self, hop: &NextHop, message: i64) -> bool {
        self.destinations.get(hop).is_some_and(|to| {
            to.waiting.contains_key(&message) || to.in_flight.contains_key(&message)
        })
    }

    /// Forgets all that waits. What is in flight stays, and so does the knowledge of which hosts sleep.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
        self.sleeping.clear();
        self.owner_waits.clear();
        self.cause_waits.clear();
        self.expiring.clear();
        for to in self.destinations.values_mut() {
            to.later.clear();
            to.due.clear();
            to.waiting.clear();
            to.place = Place::Nowhere;
        }
    }

    /// Forgets destinations that nothing waits for any more.
    pub(super) fn tidy(&mut self) {
        self.destinations.retain(|_, to| {
            to.put_off.retain(|message| to.waiting.contains_key(message));
            !to.waiting.is_empty() || !to.in_flight.is_empty()
        });
    }

    /// Lets the next message ask a host that sleeps.
    pub(super) fn rouse(&mut self, hop: &NextHop) {
        if let Some(to) = self.destinations.get_mut(hop) {
            to.asleep_until = Millis::EPOCH;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.destinations.is_empty()
    }

    pub(super) fn next(&mut self, now: Millis) -> Option<Work> {
        if self.in_flight >= self.places {
            return None;
        }
        self.wake(now);
        if let Some(work) = self.expired(now) {
            return Some(work);
        }
        while let Some(hop) = self.ready.pop_front().or_else(|| self.freed()) {
            let Some(to) = self.destinations.get_mut(&hop) else { continue };
            to.place = Place::Nowhere;
            to.ripen(now);
            if let Some(message) = self.pick(&hop) {
                let work = self.take(&hop, message, false)?;
                self.settle(&hop, now);
                return Some(work);
            }
        }
        None
    }

    pub(super) fn wake_at(&self) -> Option<Millis> {
        if self.in_flight >= self.places {
            return None;
        }
        let next = self.sleeping.first().map(|(time, _)| *time);
        let expiry = self.expiring.first().map(|(time, ..)| *time);
        next.into_iter().chain(expiry).min()
    }

    pub(super) fn done(&mut self, work: &Work, again: Option<Entry>, host: HostState, now: Millis) {
        let Some(to) = self.destinations.get_mut(&work.hop) else { return };
        if let Some(cause) = to.in_flight.remove(&work.message) {
            let owner = Arc::clone(&to.owner);
            self.in_flight = self.in_flight.saturating_sub(1);
            fewer(&mut self.by_cause, &cause);
            fewer(&mut self.by_owner, &owner);
            self.let_next_of(&owner);
            // In its turn, and not only when nobody else has anything to do.
            if let Some(hop) = self.next_that_waits_for(&cause) {
                self.stand_in_line(hop);
            }
        }
        let Some(to) = self.destinations.get_mut(&work.hop) else { return };
        match host {
            HostState::Answers => self.awake(&work.hop, now),
            // Several attempts that were under way when it fell asleep are one failure.
            HostState::Sleeps { until } if to.failures == 0 || to.asleep_until <= now => {
                to.failures = to.failures.saturating_add(1);
                to.asleep_until = until;
            }
            HostState::Sleeps { .. } | HostState::Unknown => {}
        }
        if let Some(entry) = again {
            let message = entry.message;
            self.insert(&work.hop, entry, now);
            if let (HostState::Sleeps { .. }, Some(to)) =
                (host, self.destinations.get_mut(&work.hop))
            {
                to.put_off.insert(message);
            }
        }
        self.settle(&work.hop, now);
    }

    pub(super) fn failures(&self, hop: &NextHop) -> u32 {
        self.destinations.get(hop).map_or(0, |to| to.failures)
    }

    pub(super) fn answered(&mut self, hop: &NextHop, now: Millis) {
        let Some((hop, to)) = self.destinations.get_key_value(hop) else { return };
        if to.failures > 0 {
            let hop = Arc::clone(hop);
            self.awake(&hop, now);
            self.settle(&hop, now);
        }
    }

    pub(super) fn add(&mut self, hop: NextHop, entry: Entry, now: Millis) {
        let hop = match self.destinations.get_key_value(&hop) {
            Some((hop, _)) => Arc::clone(hop),
            None => Arc::new(hop),
        };
        self.insert(&hop, entry, now);
    }

    fn insert(&mut self, hop: &Arc<NextHop>, entry: Entry, now: Millis) {
        let new = || Destination { owner: hop.owner(), ..Destination::default() };
        let to = self.destinations.entry(Arc::clone(hop)).or_insert_with(new);
        if to.in_flight.contains_key(&entry.message) {
            return;
        }
        if let Some(before) = to.remove(entry.message) {
            self.expiring.remove(&(before.expires, Arc::clone(hop), before.message));
        }
        self.expiring.insert((entry.expires, Arc::clone(hop), entry.message));
        if to.insert(entry, now) && to.place == Place::Waits {
            to.place = Place::Nowhere;
        }
        self.settle(hop, now);
    }

    /// The message of a destination whose turn it is. Where nobody may have one, the destination waits for who
    /// may.
    fn pick(&mut self, hop: &Arc<NextHop>) -> Option<i64> {
        let to = self.destinations.get_mut(hop)?;
        if count(&self.by_owner, &to.owner) >= self.per_destination {
            to.place = Place::Waits;
            let waits = self.owner_waits.entry(Arc::clone(&to.owner)).or_default();
            waits.push_back(Arc::clone(hop));
            return None;
        }
        let allowed = allowance(self.places, self.places.saturating_sub(self.in_flight));
        let picked = to.due.first(|cause| count(&self.by_cause, cause) < allowed);
        if picked.is_none() {
            to.place = if to.due.is_empty() { Place::Nowhere } else { Place::Waits };
            for cause in to.due.causes() {
                let waits = self.cause_waits.entry(cause.clone()).or_default();
                waits.push_back(Arc::clone(hop));
            }
            // The place of its owner is another's.
            let owner = Arc::clone(&to.owner);
            self.let_next_of(&owner);
        }
        picked
    }

    /// A destination that waits for somebody who may have a place now.
    fn freed(&mut self) -> Option<Arc<NextHop>> {
        let allowed = allowance(self.places, self.places.saturating_sub(self.in_flight));
        loop {
            let mut causes = self.cause_waits.keys();
            let cause = causes.find(|cause| count(&self.by_cause, cause) < allowed)?.clone();
            if let Some(hop) = self.next_that_waits_for(&cause) {
                return Some(hop);
            }
        }
    }

    /// The destination that has waited longest for `cause` to have a place.
    fn next_that_waits_for(&mut self, cause: &Cause) -> Option<Arc<NextHop>> {
        first_that_waits(&mut self.cause_waits, cause, &self.destinations)
    }

    /// Lets another destination of `owner` stand in line, if one waits.
    fn let_next_of(&mut self, owner: &Arc<str>) {
        let hop = first_that_waits(&mut self.owner_waits, owner, &self.destinations);
        if let Some(hop) = hop {
            self.stand_in_line(hop);
        }
    }

    fn stand_in_line(&mut self, hop: Arc<NextHop>) {
        if let Some(to) = self.destinations.get_mut(&hop) {
            to.place = Place::Ready;
            self.ready.push_back(hop);
        }
    }

    /// Takes a waiting message into flight.
    fn take(&mut self, hop: &Arc<NextHop>, message: i64, give_up: bool) -> Option<Work> {
        let to = self.destinations.get_mut(hop)?;
        let entry = to.remove(message)?;
        to.put_off.remove(&message);
        to.due.send_back(&entry.cause);
        self.expiring.remove(&(entry.expires, Arc::clone(hop), message));
        to.in_flight.insert(message, entry.cause.clone());
        *self.by_owner.entry(Arc::clone(&to.owner)).or_default() += 1;
        *self.by_cause.entry(entry.cause.clone()).or_default() += 1;
        self.in_flight += 1;
        let Entry { cause, kind, .. } = entry;
        Some(Work { message, hop: Arc::clone(hop), cause, kind, give_up })
    }

    /// A message whose time is up: given up where the destination sleeps; else tried a last time, by
    /// being due.
    fn expired(&mut self, now: Millis) -> Option<Work> {
        while let Some((_, hop, message)) = self.expiring.first().filter(|(at, ..)| *at <= now) {
            let (hop, message) = (Arc::clone(hop), *message);
            if self.failures(&hop) > 0 {
                let work = self.take(&hop, message, true)?;
                self.settle(&hop, now);
                return Some(work);
            }
            self.expiring.pop_first();
            let to = self.destinations.get_mut(&hop)?;
            // Not in `expiring` any more, and not to be found there when it is taken.
            if let Some(entry) = to.waiting.get_mut(&message) {
                entry.expires = Millis::MAX;
            }
            to.hasten(message, now);
            self.settle(&hop, now);
        }
        None
    }

    fn awake(&mut self, hop: &Arc<NextHop>, now: Millis) {
        let Some(to) = self.destinations.get_mut(hop) else { return };
        to.failures = 0;
        to.asleep_until = Millis::EPOCH;
        for message in std::mem::take(&mut to.put_off) {
            to.hasten(message, now);
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
        if to.ripen(now) && to.place == Place::Waits {
            to.place = Place::Nowhere;
        }
        let capacity = if to.failures > 0 { 1 } else { self.per_destination };
        let next =
            if to.due.is_empty() { to.later.first().map(|(due, _)| *due) } else { Some(now) };
        let place = match next {
            Some(due) if to.in_flight.len() < capacity => {
                let from = due.max(to.asleep_until);
                match from <= now {
                    // Whoever waits for a place goes on waiting.
                    true if to.place == Place::Waits => Place::Waits,
                    true => Place::Ready,
                    false => Place::Sleeping(from),
                }
            }
            _ => Place::Nowhere,
        };
        let is_done = to.waiting.is_empty() && to.in_flight.is_empty();
        // Whoever stands in line keeps the place.
        if place == to.place && !is_done {
            return;
        }
        match to.place {
            Place::Nowhere | Place::Waits => {}
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
            Place::Nowhere | Place::Waits => {}
        }
    }
}

fn first_that_waits<K: Hash + Eq>(
    waits: &mut HashMap<K, VecDeque<Arc<NextHop>>>,
    who: &K,
    destinations: &HashMap<Arc<NextHop>, Destination>,
) -> Option<Arc<NextHop>> {
    let hops = waits.get_mut(who)?;
    let waits_on =
        |hop: &Arc<NextHop>| destinations.get(hop).is_some_and(|to| to.place == Place::Waits);
    let hop = std::iter::from_fn(|| hops.pop_front()).find(waits_on);
    if hops.is_empty() {
        waits.remove(who);
    }
    hop
}

fn count<K: Hash + Eq>(counts: &HashMap<K, usize>, of: &K) -> usize {
    counts.get(of).copied().unwrap_or(0)
}

fn fewer<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(of);
        }
    }
}
