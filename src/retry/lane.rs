mod ends;
mod held;
mod hosts;

use super::{
    Entry, Work,
    destination::{Destination, InFlight, Place},
    groups::Groups,
    tally::{count, first_that_waits},
};
use crate::{
    next_hop::{NextHop, Target},
    slots::{Cause, allowance},
    time::Millis,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

/// Messages that share places, by destination; those whose hosts one has are a group, which sleeps and wakes as one. Whose turn it is is decided here, so that no destination waits
/// for another, and no sender behind all that another has sent.
#[derive(Debug)]
pub(super) struct Lane {
    /// Attempts under way at once.
    pub(super) places: usize,
    /// Attempts under way at once to the hosts of one group.
    pub(super) per_destination: usize,
    destinations: HashMap<Arc<NextHop>, Destination>,
    groups: Groups,
    /// Destinations of which it is to be found out who has their hosts.
    unknown: VecDeque<Arc<NextHop>>,
    /// Destinations with something to do, in the order of their turns.
    ready: VecDeque<Arc<NextHop>>,
    /// Destinations with nothing to do before a time.
    sleeping: BTreeSet<(Millis, Arc<NextHop>)>,
    /// Destinations that wait for a place of their group, and for one of those who cause what is due there.
    group_waits: HashMap<Arc<str>, VecDeque<Arc<NextHop>>>,
    cause_waits: HashMap<Cause, VecDeque<Arc<NextHop>>>,
    expiring: BTreeSet<(Millis, Arc<NextHop>, i64)>,
    /// Messages in flight that have a place.
    in_flight: usize,
    /// Those that have given it back.
    concluding: usize,
    by_group: HashMap<Arc<str>, usize>,
    by_cause: HashMap<Cause, usize>,
}

impl Lane {
    pub(super) fn new(places: usize, per_destination: usize) -> Self {
        Self {
            places,
            per_destination,
            destinations: HashMap::new(),
            groups: Groups::default(),
            unknown: VecDeque::new(),
            ready: VecDeque::new(),
            sleeping: BTreeSet::new(),
            group_waits: HashMap::new(),
            cause_waits: HashMap::new(),
            expiring: BTreeSet::new(),
            in_flight: 0,
            concluding: 0,
            by_group: HashMap::new(),
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
        self.group_waits.clear();
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
        let mut gone = Vec::new();
        for (hop, to) in &mut self.destinations {
            to.put_off.retain(|message| to.waiting.contains_key(message));
            if to.waiting.is_empty() && to.in_flight.is_empty() {
                gone.push(Arc::clone(hop));
            }
        }
        gone.iter().for_each(|hop| self.forget(hop));
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
            if self.groups.asleep_until(&to.group) > now {
                let group = Arc::clone(&to.group);
                self.settle(&hop, now);
                self.let_next_of(&group);
                continue;
            }
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

    /// How many messages there are at each destination, and whose it is.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.destinations.values().map(|to| (&to.group, to.waiting.len() + to.in_flight.len()))
    }

    pub(super) fn add(&mut self, hop: NextHop, entry: Entry, now: Millis) {
        let hop = match self.destinations.get_key_value(&hop) {
            Some((hop, _)) => Arc::clone(hop),
            None => Arc::new(hop),
        };
        self.insert(&hop, entry, now);
    }

    fn insert(&mut self, hop: &Arc<NextHop>, entry: Entry, now: Millis) {
        let (groups, unknown) = (&mut self.groups, &mut self.unknown);
        let to = self.destinations.entry(Arc::clone(hop)).or_insert_with(|| {
            let group = hop.owner();
            groups.join(&group, hop);
            let since = groups.resumptions();
            // Names lead to hosts, which somebody has; an address is known as it is.
            let is_known = matches!(hop.target, Target::Addr(_) | Target::Unix(_));
            if !is_known {
                unknown.push_back(Arc::clone(hop));
            }
            Destination { group, is_known, since, ..Destination::default() }
        });
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
        // Of those that sleep one at a time finds out whether they do.
        let is_awake = self.groups.failures(&to.group) == 0;
        let capacity = if is_awake { self.per_destination } else { 1 };
        if count(&self.by_group, &to.group) >= capacity {
            to.place = Place::Waits;
            let waits = self.group_waits.entry(Arc::clone(&to.group)).or_default();
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
            // The place of its group is another's.
            let group = Arc::clone(&to.group);
            self.let_next_of(&group);
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

    /// Lets another destination of `group` stand in line, if one waits.
    fn let_next_of(&mut self, group: &Arc<str>) {
        let hop = first_that_waits(&mut self.group_waits, group, &self.destinations);
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
        let group = Arc::clone(&to.group);
        let is_known = to.is_known;
        let (cause, since) = (entry.cause.clone(), self.groups.resumptions());
        let flight = InFlight { cause, group: Arc::clone(&group), is_concluding: false, since };
        to.in_flight.insert(message, flight);
        *self.by_group.entry(Arc::clone(&group)).or_default() += 1;
        *self.by_cause.entry(entry.cause.clone()).or_default() += 1;
        self.in_flight += 1;
        let Entry { cause, kind, due, expires, .. } = entry;
        let hop = Arc::clone(hop);
        Some(Work { message, hop, group, is_known, cause, kind, due, expires, give_up })
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

    fn forget(&mut self, hop: &Arc<NextHop>) {
        if let Some(to) = self.destinations.remove(hop) {
            self.groups.leave(&to.group, hop);
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
        let asleep_until = self.groups.asleep_until(&to.group);
        let next =
            if to.due.is_empty() { to.later.first().map(|(due, _)| *due) } else { Some(now) };
        let place = match next {
            Some(due) if to.trying() < self.per_destination => {
                let from = due.max(asleep_until);
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
            Place::Nowhere if is_done => self.forget(hop),
            Place::Nowhere | Place::Waits => {}
        }
    }
}
