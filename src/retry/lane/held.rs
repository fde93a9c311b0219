//! How much a lane holds, and how it lets go of it.

use super::{Entry, Lane};
use crate::{next_hop::NextHop, time::Millis};
use std::sync::Arc;

impl Lane {
    pub(in crate::retry) fn held(&self) -> usize {
        self.destinations.values().map(|to| to.waiting.len() + to.in_flight.len()).sum()
    }

    /// How many that wait could be tried at `now`.
    pub(in crate::retry) fn workable(&self, now: Millis) -> usize {
        let awake =
            self.destinations.values().filter(|to| self.groups.asleep_until(&to.group) <= now);
        awake.map(|to| to.waiting.len() - to.later.range((now, i64::MAX)..).count()).sum()
    }

    pub(in crate::retry) fn is_asleep(&self, group: &str) -> bool {
        self.groups.failures(group) > 0
    }

    pub(in crate::retry) fn messages_in_flight(&self) -> impl Iterator<Item = i64> {
        self.destinations.values().flat_map(|to| to.in_flight.keys().copied())
    }

    /// What waits, where, for whose hosts, and until when those sleep.
    pub(in crate::retry) fn entries(
        &self,
    ) -> impl Iterator<Item = (&Arc<NextHop>, &Arc<str>, &Entry, Millis)> {
        self.destinations.iter().flat_map(|(hop, to)| {
            let asleep_until = self.groups.asleep_until(&to.group);
            to.waiting.values().map(move |entry| (hop, &to.group, entry, asleep_until))
        })
    }

    /// Forgets a message that waits for a destination.
    pub(in crate::retry) fn withdraw(&mut self, hop: &Arc<NextHop>, message: i64, now: Millis) {
        let Some(to) = self.destinations.get_mut(hop) else { return };
        let Some(entry) = to.remove(message) else { return };
        to.put_off.remove(&message);
        self.expiring.remove(&(entry.expires, Arc::clone(hop), message));
        self.settle(hop, now);
    }
}
