//! How whoever serves takes messages that nobody has in hand.

use super::Open;
use crate::{retry::Line, time::Millis};

/// How many messages are to be taken, of those that are due first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// What is due by then is due.
    pub now: Millis,
    /// Most of those that are due and in no line.
    pub due: usize,
    /// Most of those in no line in all, whether they are due or not.
    pub ahead: usize,
    /// Of which lines how many.
    pub lines: Vec<LineClaim>,
}

/// How many messages of a line are to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineClaim {
    /// The line.
    pub line: Line,
    /// Most of it.
    pub most: usize,
    /// Which of it.
    pub which: Which,
}

/// Which messages of a line are to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are due.
    Due,
    /// All of them.
    All,
    /// All of them, as if they were due.
    AtOnce,
}

/// What was taken.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// What is still to be done about it.
    pub open: Vec<Open>,
    /// Messages with nothing left to do.
    pub finished: Vec<i64>,
    /// There may be more that is due and in no line.
    pub is_full: bool,
    /// The lines that have messages yet, by name.
    pub lines: Vec<LineLeft>,
}

/// A line of messages that nobody has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineLeft {
    /// The line.
    pub line: Line,
    /// When the first of it is due.
    pub due: Millis,
}

impl Claim {
    /// As many as `most` of those in no line, whether they are due or not.
    pub fn ahead(most: usize) -> Self {
        Self { ahead: most, ..Self::default() }
    }
}
