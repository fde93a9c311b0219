use crate::{next_hop::NextHop, time::Millis};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Who has the hosts of destinations, and whether those answer: destinations of one sleep and wake together.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// Counts resumptions, and has when the last one of a group was.
    resumptions: u64,
    resumed: HashMap<Arc<str>, u64>,
}

/// Most groups of which it is remembered that they were resumed.
const RESUMED: usize = 1000;

#[derive(Debug, Default)]
struct Group {
    members: BTreeSet<Arc<NextHop>>,
    /// Attempts in a row that found no host awake.
    failures: u32,
    asleep_until: Millis,
}

impl Groups {
    pub(super) fn join(&mut self, group: &Arc<str>, hop: &Arc<NextHop>) {
        self.groups.entry(Arc::clone(group)).or_default().members.insert(Arc::clone(hop));
    }

    /// What is known of a group is forgotten with its last member.
    pub(super) fn leave(&mut self, group: &Arc<str>, hop: &Arc<NextHop>) {
        if let Some(left) = self.groups.get_mut(group) {
            left.members.remove(hop);
            if left.members.is_empty() {
                self.groups.remove(group);
            }
        }
    }

    pub(super) fn failures(&self, group: &str) -> u32 {
        self.groups.get(group).map_or(0, |group| group.failures)
    }

    /// When its hosts may be asked.
    pub(super) fn asleep_until(&self, group: &str) -> Millis {
        self.groups.get(group).map_or(Millis::EPOCH, |group| group.asleep_until)
    }

    /// None of its hosts answered. Several attempts that were under way when it fell asleep are one failure.
    pub(super) fn sleeps(&mut self, group: &str, until: Millis, now: Millis) {
        if let Some(group) = self.groups.get_mut(group)
            && (group.failures == 0 || group.asleep_until <= now)
        {
            group.failures = group.failures.saturating_add(1);
            group.asleep_until = until;
        }
    }

    /// Lets the next message ask.
    pub(super) fn rouse(&mut self, group: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            group.asleep_until = Millis::EPOCH;
        }
    }

    /// Counts resumptions.
    pub(super) fn resumptions(&self) -> u64 {
        self.resumptions
    }

    /// Whether a group was resumed behind what began at `since`.
    pub(super) fn was_resumed(&self, group: &str, since: u64) -> bool {
        self.resumed.get(group).is_some_and(|at| *at > since)
    }

    /// All that waits for it is to go on, whatever was heard of its hosts. Gives its members.
    pub(super) fn resume(&mut self, name: &Arc<str>) -> Vec<Arc<NextHop>> {
        if self.resumed.len() >= RESUMED {
            self.resumed.clear();
        }
        self.resumptions += 1;
        self.resumed.insert(Arc::clone(name), self.resumptions);
        let Some(group) = self.groups.get_mut(name) else { return Vec::new() };
        (group.failures, group.asleep_until) = (0, Millis::EPOCH);
        group.members.iter().cloned().collect()
    }

    /// A host of it answered. Gives its members, where it was not awake.
    pub(super) fn wake(&mut self, group: &str) -> Vec<Arc<NextHop>> {
        match self.groups.get_mut(group) {
            Some(group) if group.failures > 0 => {
                (group.failures, group.asleep_until) = (0, Millis::EPOCH);
                group.members.iter().cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}
