use super::Entry;
use crate::{slots::Cause, time::Millis};
use std::collections::{BTreeSet, HashMap};

/// What is due at one destination, in a line for each who causes it; the lines take turns.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: HashMap<Cause, Line>,
    /// The lines by when they had their last turn.
    turns: BTreeSet<(u64, Cause)>,
    turn: u64,
}

#[derive(Debug, Default)]
struct Line {
    due: BTreeSet<(Millis, i64)>,
    turn: u64,
}

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self { turn: self.turn, ..Self::default() };
    }

    /// Those who have something due here.
    pub(super) fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.turns.iter().map(|(_, cause)| cause)
    }

    /// Puts a message in its line; true when that is a new one. What the operator asked for gives its line the
    /// next turn.
    pub(super) fn insert(&mut self, entry: &Entry) -> bool {
        let is_new = !self.lines.contains_key(&entry.cause);
        self.lines.entry(entry.cause.clone()).or_default().due.insert((entry.due, entry.message));
        if entry.due == Entry::AT_ONCE {
            self.set_turn(&entry.cause, 0);
        } else if is_new {
            self.send_back(&entry.cause);
        }
        is_new
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        let Some(line) = self.lines.get_mut(&entry.cause) else { return };
        line.due.remove(&(entry.due, entry.message));
        if line.due.is_empty() {
            self.turns.remove(&(line.turn, entry.cause.clone()));
            self.lines.remove(&entry.cause);
        }
    }

    /// The message whose turn it is, of those who may have one more.
    pub(super) fn first(&self, may_have: impl Fn(&Cause) -> bool) -> Option<i64> {
        let cause = self.causes().find(|cause| may_have(cause))?;
        Some(self.lines.get(cause)?.due.first()?.1)
    }

    /// The line of `cause` had its turn.
    pub(super) fn send_back(&mut self, cause: &Cause) {
        self.turn += 1;
        self.set_turn(cause, self.turn);
    }

    fn set_turn(&mut self, cause: &Cause, turn: u64) {
        if let Some(line) = self.lines.get_mut(cause) {
            self.turns.remove(&(line.turn, cause.clone()));
            line.turn = turn;
            self.turns.insert((turn, cause.clone()));
        }
    }
}
