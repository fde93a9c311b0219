use super::{Entry, lines::Lines};
use crate::{slots::Cause, time::Millis};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// One destination of a lane: what waits for it.
#[derive(Debug, Default)]
pub(super) struct Destination {
    /// Who has the hosts.
    pub(super) group: Arc<str>,
    /// Somebody has found out who has them; until then it is the owner of the domain.
    pub(super) is_known: bool,
    /// What is due at a time to come.
    pub(super) later: BTreeSet<(Millis, i64)>,
    pub(super) due: Lines,
    /// The entries of `later` and `due`, by message; those in flight are in neither.
    pub(super) waiting: HashMap<i64, Entry>,
    /// Messages of `waiting` that were put off because the hosts slept.
    pub(super) put_off: BTreeSet<i64>,
    pub(super) in_flight: HashMap<i64, InFlight>,
    /// How many of those have given their places back.
    pub(super) concluding: usize,
    pub(super) place: Place,
    /// When it came, counted in resumptions.
    pub(super) since: u64,
}

/// A message that is tried.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) cause: Cause,
    /// Whose place it has.
    pub(super) group: Arc<str>,
    /// It has a place no more: its destination answered, and that is being written down.
    pub(super) is_concluding: bool,
    /// When the try began, counted in resumptions.
    pub(super) since: u64,
}

/// Where a destination stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Nowhere,
    Ready,
    /// In `group_waits` or `cause_waits`. What stands there of somebody who is elsewhere by now counts for nothing.
    Waits,
    Sleeping(Millis),
}

impl Destination {
    /// Puts a message among those that wait; true when it gives somebody a line who had none.
    pub(super) fn insert(&mut self, entry: Entry, now: Millis) -> bool {
        let is_due = entry.due <= now;
        let is_new = is_due && self.due.insert(&entry);
        if !is_due {
            self.later.insert((entry.due, entry.message));
        }
        self.waiting.insert(entry.message, entry);
        is_new
    }

    pub(super) fn remove(&mut self, message: i64) -> Option<Entry> {
        let entry = self.waiting.remove(&message)?;
        self.later.remove(&(entry.due, message));
        self.due.remove(&entry);
        Some(entry)
    }

    /// Puts what has become due by `now` in its lines; true when somebody has a line who had none.
    pub(super) fn ripen(&mut self, now: Millis) -> bool {
        let mut is_new = false;
        while let Some((_, message)) = self.later.first().filter(|(due, _)| *due <= now).copied() {
            self.later.pop_first();
            if let Some(entry) = self.waiting.get(&message) {
                is_new |= self.due.insert(entry);
            }
        }
        is_new
    }

    /// Messages in flight that have a place.
    pub(super) fn trying(&self) -> usize {
        self.in_flight.len() - self.concluding
    }

    /// What is due first of all that waits here.
    pub(super) fn first_due(&self) -> Millis {
        let later = self.later.first().map_or(Millis::MAX, |(due, _)| *due);
        if self.due.is_empty() { later } else { Millis::EPOCH }
    }

    /// Makes all that waits due by `now`.
    pub(super) fn hasten_all(&mut self, now: Millis) {
        self.put_off.clear();
        let later: Vec<i64> = self.later.iter().map(|(_, message)| *message).collect();
        later.into_iter().for_each(|message| self.hasten(message, now));
    }

    /// It does not wait for a place.
    pub(super) fn wait_no_more(&mut self) {
        if self.place == Place::Waits {
            self.place = Place::Nowhere;
        }
    }

    /// Makes what waits due by `now`.
    pub(super) fn hasten(&mut self, message: i64, now: Millis) {
        if let Some(entry) = self.remove(message) {
            self.insert(Entry { due: entry.due.min(now), ..entry }, now);
        }
    }
}
