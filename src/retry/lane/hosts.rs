//! Who has the hosts of the destinations of a lane, and whether those answer.

use super::{Destination, Lane};
use crate::{next_hop::NextHop, time::Millis};
use std::sync::Arc;

impl Lane {
    /// Lets the next message ask hosts that sleep.
    pub(in crate::retry) fn rouse(&mut self, hop: &NextHop) {
        if let Some(to) = self.destinations.get(hop) {
            self.groups.rouse(&to.group);
        }
    }

    /// A destination of which it is to be found out who has its hosts; each is named once.
    pub(in crate::retry) fn next_unknown(&mut self) -> Option<Arc<NextHop>> {
        while let Some(hop) = self.unknown.pop_front() {
            if self.destinations.get(&hop).is_some_and(|to| !to.is_known) {
                return Some(hop);
            }
        }
        None
    }

    /// The hosts of a destination are this group's.
    pub(in crate::retry) fn learn(&mut self, hop: &Arc<NextHop>, group: &Arc<str>, now: Millis) {
        let Some(to) = self.destinations.get_mut(hop) else { return };
        let was_known = std::mem::replace(&mut to.is_known, true);
        if !was_known && self.groups.was_resumed(group, to.since) {
            to.hasten_all(now);
        }
        if to.group == *group {
            self.settle(hop, now);
            return;
        }
        let before = std::mem::replace(&mut to.group, Arc::clone(group));
        // Whoever waits for a place of the one before does so no more.
        to.wait_no_more();
        self.groups.leave(&before, hop);
        self.groups.join(group, hop);
        self.settle(hop, now);
    }

    pub(in crate::retry) fn failures(&self, hop: &NextHop) -> u32 {
        self.destinations.get(hop).map_or(0, |to| self.groups.failures(&to.group))
    }

    pub(in crate::retry) fn answered(&mut self, group: &Arc<str>, now: Millis) {
        self.awake(group, now);
    }

    /// All that waits for a group is due, whatever its own next time.
    pub(in crate::retry) fn resume(&mut self, group: &Arc<str>, now: Millis) {
        let members = self.groups.resume(group);
        for hop in self.by_first_due(members) {
            let Some(to) = self.destinations.get_mut(&hop) else { continue };
            to.hasten_all(now);
            to.wait_no_more();
            self.settle(&hop, now);
        }
    }

    /// Hosts of the group answered: what was put off because of them is due.
    pub(in crate::retry) fn awake(&mut self, group: &Arc<str>, now: Millis) {
        let members = self.groups.wake(group);
        for hop in self.by_first_due(members) {
            let Some(to) = self.destinations.get_mut(&hop) else { continue };
            for message in std::mem::take(&mut to.put_off) {
                to.hasten(message, now);
            }
            // There are more places than one again.
            to.wait_no_more();
            self.settle(&hop, now);
        }
    }

    /// Whoever was to be tried first stands in line first: those that a provider's next refusal reaches are not the same
    /// each time.
    fn by_first_due(&self, mut members: Vec<Arc<NextHop>>) -> Vec<Arc<NextHop>> {
        let first_due = |hop: &Arc<NextHop>| self.destinations.get(hop).map(Destination::first_due);
        members.sort_by_cached_key(first_due);
        members
    }
}
