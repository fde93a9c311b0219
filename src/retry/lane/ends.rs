//! How tries end: first their destination answers, then it is written down what came of them.

use super::{Entry, InFlight, Lane};
use crate::{
    retry::{HostState, Work, tally::fewer},
    slots::Cause,
    time::Millis,
};
use std::sync::Arc;

impl Lane {
    /// The destination of `work` has answered: its place is for others while that is written down. As many are written down so
    /// as there are places, and as there are for a destination; beyond, `work` keeps its place, so that a slow disk holds up all.
    pub(in crate::retry) fn give_back(&mut self, work: &Work, now: Millis) {
        let Some(to) = self.destinations.get_mut(&work.hop) else { return };
        if self.concluding >= self.places || to.concluding >= self.per_destination {
            return;
        }
        let Some(flight) = to.in_flight.get_mut(&work.message) else { return };
        if std::mem::replace(&mut flight.is_concluding, true) {
            return;
        }
        let (cause, group) = (flight.cause.clone(), Arc::clone(&flight.group));
        to.concluding += 1;
        self.concluding += 1;
        self.free(&cause, &group);
        self.settle(&work.hop, now);
    }

    pub(in crate::retry) fn done(
        &mut self,
        work: &Work,
        again: Option<Entry>,
        host: HostState,
        now: Millis,
    ) {
        let Some(to) = self.destinations.get_mut(&work.hop) else { return };
        // What was heard before somebody had it go on counts for nothing.
        let mut is_overtaken = false;
        if let Some(flight) = to.in_flight.remove(&work.message) {
            let InFlight { cause, group, is_concluding, since } = flight;
            is_overtaken = self.groups.was_resumed(&to.group, since);
            if is_concluding {
                to.concluding = to.concluding.saturating_sub(1);
                self.concluding = self.concluding.saturating_sub(1);
            } else {
                self.free(&cause, &group);
            }
        }
        let Some(to) = self.destinations.get(&work.hop) else { return };
        let name = Arc::clone(&to.group);
        let host = if is_overtaken { HostState::Unknown } else { host };
        match host {
            HostState::Answers => self.awake(&name, now),
            HostState::Sleeps { until } => self.groups.sleeps(&name, until, now),
            HostState::Unknown => {}
        }
        if let Some(mut entry) = again {
            let message = entry.message;
            if is_overtaken {
                entry.due = entry.due.min(now);
            }
            self.insert(&work.hop, entry, now);
            if let (HostState::Sleeps { .. }, Some(to)) =
                (host, self.destinations.get_mut(&work.hop))
            {
                to.put_off.insert(message);
            }
        }
        self.settle(&work.hop, now);
    }

    /// Takes the place of a try back, and lets others stand in line for it.
    fn free(&mut self, cause: &Cause, group: &Arc<str>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        fewer(&mut self.by_cause, cause);
        fewer(&mut self.by_group, group);
        self.let_next_of(group);
        // In its turn, and not only when nobody else has anything to do.
        if let Some(hop) = self.next_that_waits_for(cause) {
            self.stand_in_line(hop);
        }
    }
}
