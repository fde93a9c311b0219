use super::lane::Lane;
use crate::{address::ReversePath, next_hop::NextHop, slots::Cause, time::Millis};
use std::{collections::HashMap, sync::Arc};

/// Attempts under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Attempts with mail.
    pub mail: usize,
    /// Attempts with notices.
    pub notices: usize,
    /// Attempts of one kind to the hosts of one provider that answer. One that does not is asked by one message at a
    /// time.
    pub per_destination: usize,
}

/// What a message is: the two kinds never wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What somebody wrote.
    Mail,
    /// What nobody waits for and nobody is told about: our own notices, bounces that return. Where they go is up
    /// to whoever wrote a reverse-path.
    Notice,
}

/// A message that waits for a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of the message.
    pub message: i64,
    /// Who causes the message.
    pub cause: Cause,
    /// What the message is.
    pub kind: Kind,
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
    /// Who has the hosts of the destination, as far as that is known.
    pub group: Arc<str>,
    /// Somebody has found that out ([`Schedule::learn`]); else it is to be found out first.
    pub is_known: bool,
    /// Who causes the message.
    pub cause: Cause,
    /// What the message is.
    pub kind: Kind,
    /// When the message was to be tried.
    pub due: Millis,
    /// When the message is given up.
    pub expires: Millis,
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

/// All that waits, in memory: mail and notices each in a lane of their own. What the messages are is the store's
/// to know.
#[derive(Debug)]
pub struct Schedule {
    pub(super) mail: Lane,
    pub(super) notices: Lane,
}

impl Kind {
    /// What a message with this reverse-path is.
    pub fn of(sender: &ReversePath) -> Self {
        match sender {
            ReversePath::Null => Self::Notice,
            ReversePath::Mailbox(_) => Self::Mail,
        }
    }
}

impl Entry {
    /// When a message is due that goes before all others.
    pub const AT_ONCE: Millis = Millis::EPOCH;
}

impl Work {
    /// The message waits on.
    pub fn again(&self, due: Millis, expires: Millis) -> Entry {
        let Self { message, kind, .. } = *self;
        Entry { message, cause: self.cause.clone(), kind, due, expires }
    }
}

impl Schedule {
    /// An empty schedule.
    pub fn new(concurrency: Concurrency) -> Self {
        let Concurrency { mail, notices, per_destination } = concurrency;
        Self {
            mail: Lane::new(mail, per_destination),
            notices: Lane::new(notices, per_destination),
        }
    }

    /// Changes the bounds, from now on.
    pub fn set_concurrency(&mut self, concurrency: Concurrency) {
        let Concurrency { mail, notices, per_destination } = concurrency;
        (self.mail.places, self.mail.per_destination) = (mail, per_destination);
        (self.notices.places, self.notices.per_destination) = (notices, per_destination);
    }

    /// Adds a message for a destination, or changes when it is due. What is in flight is left alone.
    pub fn add(&mut self, hop: NextHop, entry: Entry, now: Millis) {
        self.lane(entry.kind).add(hop, entry, now);
    }

    /// True when that message waits for that destination, or is in flight.
    pub fn contains(&self, hop: &NextHop, message: i64) -> bool {
        self.mail.contains(hop, message) || self.notices.contains(hop, message)
    }

    /// Replaces all that waits. What is in flight stays, and so does the knowledge of which hosts sleep;
    /// those of messages that are due at [`Entry::AT_ONCE`] are asked again all the same.
    pub fn replace(&mut self, entries: impl IntoIterator<Item = (NextHop, Entry)>, now: Millis) {
        self.lanes().into_iter().for_each(Lane::clear);
        for (hop, entry) in entries {
            let lane = self.lane(entry.kind);
            if entry.due == Entry::AT_ONCE {
                lane.rouse(&hop);
            }
            lane.add(hop, entry, now);
        }
        self.lanes().into_iter().for_each(Lane::tidy);
    }

    /// True when nothing waits and nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.mail.is_empty() && self.notices.is_empty()
    }

    /// What is to be done at `now`; it is in flight until [`Schedule::done`].
    pub fn next(&mut self, now: Millis) -> Option<Work> {
        self.lanes().into_iter().find_map(|lane| lane.next(now))
    }

    /// When [`Schedule::next`] may have something to do, if nothing is added and nothing ends before.
    pub fn wake_at(&self) -> Option<Millis> {
        [&self.mail, &self.notices].into_iter().filter_map(Lane::wake_at).min()
    }

    /// The hosts of `work` have answered, and it is being written down what came of it: its place is for others, as long as not
    /// too many are being written down. It is in flight until [`Schedule::done`].
    pub fn give_back(&mut self, work: &Work, now: Millis) {
        self.lane(work.kind).give_back(work, now);
        self.answered(&work.group, now);
    }

    /// `work` ended: the message waits on as `again`, or is done with this destination.
    pub fn done(&mut self, work: &Work, again: Option<Entry>, host: HostState, now: Millis) {
        self.lane(work.kind).done(work, again, host, now);
        if host == HostState::Answers {
            self.answered(&work.group, now);
        }
    }

    /// A destination of which it is to be found out who has its hosts ([`Schedule::learn`]), so that what waits for one is
    /// known before it is due. Each is named once.
    pub fn next_unknown(&mut self) -> Option<Arc<NextHop>> {
        self.lanes().into_iter().find_map(Lane::next_unknown)
    }

    /// The hosts of a destination are this group's: what goes there has its places, and sleeps with it. To be told before
    /// [`Schedule::done`] of what found it out.
    pub fn learn(&mut self, hop: &Arc<NextHop>, group: &Arc<str>, now: Millis) {
        self.lanes().into_iter().for_each(|lane| lane.learn(hop, group, now));
    }

    /// Attempts in a row in which `work` or others of its kind and group found no host awake.
    pub fn failures(&self, work: &Work) -> u32 {
        match work.kind {
            Kind::Mail => self.mail.failures(&work.hop),
            Kind::Notice => self.notices.failures(&work.hop),
        }
    }

    /// The hosts of a group answered somebody else: what was put off because of them is due.
    pub fn answered(&mut self, group: &Arc<str>, now: Millis) {
        self.lanes().into_iter().for_each(|lane| lane.answered(group, now));
    }

    /// Somebody has a group go on: all that waits for it is due, and what is heard of tries that began before counts for
    /// nothing.
    pub fn resume(&mut self, group: &Arc<str>, now: Millis) {
        self.lanes().into_iter().for_each(|lane| lane.resume(group, now));
    }

    /// How many messages wait for which group, and are in flight to it: of the `most` with the most.
    pub fn waiting(&self, most: usize) -> Vec<(Arc<str>, usize)> {
        let mut counts = HashMap::<Arc<str>, usize>::new();
        for (group, count) in self.mail.waiting().chain(self.notices.waiting()) {
            *counts.entry(Arc::clone(group)).or_default() += count;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|(a, many), (b, more)| (more, a).cmp(&(many, b)));
        counts.truncate(most);
        counts
    }

    pub(super) fn lane(&mut self, kind: Kind) -> &mut Lane {
        match kind {
            Kind::Mail => &mut self.mail,
            Kind::Notice => &mut self.notices,
        }
    }

    fn lanes(&mut self) -> [&mut Lane; 2] {
        [&mut self.mail, &mut self.notices]
    }
}

#[cfg(test)]
mod tests;
