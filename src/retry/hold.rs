//! What a schedule lets go of where more waits than it may hold. Others may have it meanwhile, and it comes back.

use super::{Kind, Schedule, lane::Lane};
use crate::{next_hop::NextHop, slots::Cause, time::Millis};
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    sync::Arc,
};

/// A message that is let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The number of the message.
    pub message: i64,
    /// When somebody is to have it again.
    pub due: Millis,
    /// Of what there was more than may be held, or whose hosts do not answer; `None` where it has its own time.
    pub line: Option<Line>,
}

/// What messages that were let go have in common, so that they do not stand before others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// They go to the hosts of one.
    To(Arc<str>),
    /// One causes them.
    By(Cause),
}

/// A message that could be let go.
struct Wait {
    message: i64,
    cause: Cause,
    kind: Kind,
    group: Arc<str>,
    /// When something can be done about it.
    due: Millis,
    expires: Millis,
    is_asleep: bool,
    hops: Vec<Arc<NextHop>>,
    /// How many of its cause to its group come before it; how many of its cause, and how many to its group.
    of_both: usize,
    of_cause: usize,
    to_group: usize,
}

impl Schedule {
    /// How many messages there are, each once for every destination that it waits for.
    pub fn held(&self) -> usize {
        [&self.mail, &self.notices].into_iter().map(Lane::held).sum()
    }

    /// How many of them could be tried at `now`.
    pub fn workable(&self, now: Millis) -> usize {
        [&self.mail, &self.notices].into_iter().map(|lane| lane.workable(now)).sum()
    }

    /// True where no host of a group answered the last time.
    pub fn is_asleep(&self, group: &str) -> bool {
        [&self.mail, &self.notices].into_iter().any(|lane| lane.is_asleep(group))
    }

    /// Adds a message as [`Schedule::replace`] does.
    pub fn admit(&mut self, hop: NextHop, entry: super::Entry, now: Millis) {
        let lane = self.lane(entry.kind);
        if entry.due == super::Entry::AT_ONCE {
            lane.rouse(&hop);
        }
        lane.add(hop, entry, now);
    }

    /// Where more than `most` are held, lets go of as many as leave room for an eighth of that: first of those for which nothing can be done now, the last
    /// of them first; then of whoever causes most, and of whoever most goes to. What is in flight stays.
    pub fn let_go(&mut self, most: usize, now: Millis) -> Vec<Left> {
        let held = self.held();
        if held <= most {
            return Vec::new();
        }
        let mut surplus = held - (most - most / 8);
        let mut waits = self.waits(now);
        rank(&mut waits);
        waits.sort_by_cached_key(|wait| {
            let (waits, rank) = match wait.due > now {
                true => (Some((wait.due, wait.expires)), 0),
                false => (None, wait.of_cause.max(wait.to_group)),
            };
            Reverse((waits, rank, wait.due, wait.message))
        });
        // Whose turn it is stays, whatever it is: or it would never be tried.
        waits.pop();
        let mut left = Vec::new();
        for wait in waits {
            if surplus == 0 {
                break;
            }
            surplus = surplus.saturating_sub(wait.hops.len());
            for hop in &wait.hops {
                self.lane(wait.kind).withdraw(hop, wait.message, now);
            }
            left.push(wait.left(now));
        }
        left
    }

    /// All that waits and is nowhere in flight.
    fn waits(&self, now: Millis) -> Vec<Wait> {
        let mut waits = HashMap::<i64, Wait>::new();
        let mut in_flight = HashSet::new();
        for (kind, lane) in [(Kind::Mail, &self.mail), (Kind::Notice, &self.notices)] {
            in_flight.extend(lane.messages_in_flight());
            for (hop, group, entry, asleep_until) in lane.entries() {
                let is_asleep = asleep_until > now;
                let due = entry.due.max(asleep_until).min(entry.expires);
                let wait = waits.entry(entry.message).or_insert_with(|| Wait {
                    message: entry.message,
                    cause: entry.cause.clone(),
                    kind,
                    group: Arc::clone(group),
                    due,
                    expires: entry.expires,
                    is_asleep,
                    hops: Vec::new(),
                    of_both: 0,
                    of_cause: 0,
                    to_group: 0,
                });
                wait.hops.push(Arc::clone(hop));
                if due < wait.due {
                    (wait.due, wait.is_asleep, wait.group) = (due, is_asleep, Arc::clone(group));
                }
            }
        }
        waits.into_values().filter(|wait| !in_flight.contains(&wait.message)).collect()
    }
}

/// Counts of each message what comes before it, so that who has few keeps them.
fn rank(waits: &mut [Wait]) {
    waits.sort_by_key(|wait| (wait.due, wait.message));
    let mut counts = HashMap::new();
    let group = |wait: &Wait| (wait.kind, Arc::clone(&wait.group));
    for wait in waits.iter_mut() {
        wait.of_both = next(&mut counts, (wait.cause.clone(), group(wait)));
    }
    // Of each cause the first to each group come first, and to each group the first of each cause.
    waits.sort_by_key(|wait| (wait.of_both, wait.due, wait.message));
    let (mut causes, mut groups) = (HashMap::new(), HashMap::new());
    for wait in waits.iter_mut() {
        wait.of_cause = next(&mut causes, wait.cause.clone());
        wait.to_group = next(&mut groups, group(wait));
    }
}

fn next<K: Hash + Eq>(counts: &mut HashMap<K, usize>, of: K) -> usize {
    let count = counts.entry(of).or_default();
    *count += 1;
    *count - 1
}

impl Wait {
    fn left(self, now: Millis) -> Left {
        let to_group = || Some(Line::To(Arc::clone(&self.group)));
        let line = match self.due > now {
            true if self.is_asleep => to_group(),
            true => None,
            // Where most of what one causes goes to this group, it waits for that, and not for whoever causes it.
            false if 2 * self.to_group >= self.of_cause => to_group(),
            false => Some(Line::By(self.cause.clone())),
        };
        Left { message: self.message, due: self.due, line }
    }
}

impl Line {
    /// The line that is printed so; `None` where none is.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("to", group) => Some(Self::To(group.into())),
            ("by", cause) => Some(Self::By(Cause::named(cause))),
            _ => None,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(group) => write!(f, "to {group}"),
            Self::By(cause) => write!(f, "by {cause}"),
        }
    }
}
