use crate::{
    address::Mailbox,
    alias::{Ended, EndedBehind, Named, Passed, Ways},
    reply::Reply,
    time::UnixTime,
};
use std::{fmt, sync::Arc};

/// What becomes of a recipient, by which alias, and for how long that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What becomes of it.
    pub expansion: Expansion,
    /// The alias that answers the recipient, whatever it answers: the one that the sender wrote to. `None` where none
    /// does, and for role addresses without an alias of their own.
    pub named: Option<Arc<Named>>,
    /// Why that one takes no mail any more.
    pub ended: Option<Ended>,
    /// The alias that it leads to and that takes none, where it is refused for that.
    pub behind: Option<EndedBehind>,
    /// For how long that holds, if aliases do not change, and none of them takes its last message.
    pub holds: Holds,
}

/// For how long something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// As long as aliases do not change.
    Always,
    /// Until then.
    Until(UnixTime),
}

impl Holds {
    pub(super) fn and(self, expires: UnixTime) -> Self {
        match self {
            Self::Always => Self::Until(expires),
            Self::Until(earlier) => Self::Until(earlier.min(expires)),
        }
    }
}

impl Resolution {
    /// Something that no alias has a part in.
    pub fn without_alias(expansion: Expansion) -> Self {
        Self { expansion, named: None, ended: None, behind: None, holds: Holds::Always }
    }
}

/// What becomes of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expansion {
    /// The mail goes to these mailboxes, each once, in the order of the aliases.
    Deliver {
        /// At least one, none of them ours to answer.
        mailboxes: Vec<Mailbox>,
        /// Destinations that are refused: a loss the owner of the alias should hear of.
        dropped: Vec<Dropped>,
        /// Those of `mailboxes`, and of those who get nothing, that aliases of other domains lead to.
        ways: Ways,
        /// Aliases of other domains that mail comes through.
        passed: Vec<Passed>,
    },
    /// The recipient is the [`AnswerAddress`](super::AnswerAddress) of an alias that is answered so.
    Answer {
        /// The alias, as it was added.
        alias: Mailbox,
        /// Where it finally leads: those may answer. At least one, none of them ours to answer.
        mailboxes: Vec<Mailbox>,
    },
    /// The mail is accepted and forgotten.
    Discard,
    /// The recipient is refused with this reply.
    Refuse(Reply),
}

/// A destination that gets nothing, while others do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The address, or the text that a template gave instead of one.
    pub address: String,
    /// How this destination alone would have been answered.
    pub reply: Reply,
    /// Why its alias takes no mail any more, where it does not.
    pub ended: Option<Ended>,
}

/// `old@example.org: 550 5.1.1 No such address here (the alias expired at 2026-12-31T23:00:00Z)`: the form in journals.
impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.reply)?;
        match self.ended {
            Some(ended) => write!(f, " (the alias {ended})"),
            None => Ok(()),
        }
    }
}
