//! Places that many want at once: who holds many must not keep others out, however long they are held.

mod cause;

pub use cause::Cause;

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

/// How many of `places` one may hold at most to be given one more while `free` of them are left.
///
/// Whoever is alone may have half of them. Nothing that is held can be taken away again, so beyond a tenth it is
/// given only while nobody could have to wait for it, and what is left last is for those who have least.
pub fn allowance(places: usize, free: usize) -> usize {
    if free > places / 2 {
        usize::MAX
    } else if free > places / 5 {
        (places / 10).max(1)
    } else if free > places / 10 {
        (places / 100).max(1)
    } else {
        1
    }
}

/// Names one who waits for a place.
pub type Ticket = u64;

/// Places of which each is held by somebody, and who waits for one: of those who may have another, who holds
/// least, and then who has waited longest.
#[derive(Debug)]
pub struct Slots<K> {
    places: usize,
    taken: usize,
    held: HashMap<K, usize>,
    waiting: HashMap<K, BTreeSet<Ticket>>,
    last_ticket: Ticket,
}

impl<K: Clone + Eq + Hash> Slots<K> {
    /// All of `places` are free.
    pub fn new(places: usize) -> Self {
        Self { places, taken: 0, held: HashMap::new(), waiting: HashMap::new(), last_ticket: 0 }
    }

    /// Takes a place for `who`, or lets them wait for it.
    ///
    /// # Errors
    /// The ticket under which [`Slots::give_back`] gives the place later.
    pub fn take(&mut self, who: &K) -> Result<(), Ticket> {
        // Whoever waits may not have one: nobody is overtaken.
        if self.may_have(who) {
            self.hold(who);
            return Ok(());
        }
        self.last_ticket += 1;
        self.waiting.entry(who.clone()).or_default().insert(self.last_ticket);
        Err(self.last_ticket)
    }

    /// One who waits does so no more; nothing happens when the place is given already.
    pub fn leave(&mut self, who: &K, ticket: Ticket) {
        if let Some(tickets) = self.waiting.get_mut(who) {
            tickets.remove(&ticket);
            if tickets.is_empty() {
                self.waiting.remove(who);
            }
        }
    }

    /// Takes a place back from `who`, and gives what may be given to those who wait.
    pub fn give_back(&mut self, who: &K) -> Vec<(K, Ticket)> {
        if let Some(held) = self.held.get_mut(who) {
            *held = held.saturating_sub(1);
            self.taken = self.taken.saturating_sub(1);
            if *held == 0 {
                self.held.remove(who);
            }
        }
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Has so many places from now on; gives what may be given to those who wait. Where more are held than there are,
    /// they are until they are given back.
    pub fn set_places(&mut self, places: usize) -> Vec<(K, Ticket)> {
        let are_more = places > self.places;
        self.places = places;
        if !are_more {
            return Vec::new();
        }
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Lets nobody wait any longer; gives the tickets that are void.
    pub fn send_away(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.waiting).into_values().flatten().collect()
    }

    /// Places that somebody holds.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.values().map(BTreeSet::len).sum()
    }

    fn next(&mut self) -> Option<(K, Ticket)> {
        let first = |(who, tickets): (&K, &BTreeSet<Ticket>)| {
            tickets.first().map(|ticket| (self.held_by(who), *ticket, who.clone()))
        };
        let waiting = self.waiting.iter().filter(|(who, _)| self.may_have(who));
        let (_, ticket, who) =
            waiting.filter_map(first).min_by_key(|(held, ticket, _)| (*held, *ticket))?;
        self.leave(&who, ticket);
        self.hold(&who);
        Some((who, ticket))
    }

    fn may_have(&self, who: &K) -> bool {
        let free = self.places.saturating_sub(self.taken);
        free > 0 && self.held_by(who) < allowance(self.places, free)
    }

    fn held_by(&self, who: &K) -> usize {
        self.held.get(who).copied().unwrap_or(0)
    }

    fn hold(&mut self, who: &K) {
        *self.held.entry(who.clone()).or_default() += 1;
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests;
