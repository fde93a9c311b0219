//! The alias that a client named, and why it may take no mail any more.

use super::{Alias, Key, Rules};
use crate::{address::Mailbox, time::UnixTime};
use std::{fmt, sync::Arc};

/// The alias that answers a recipient whom a client named: its rules count for the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What tells it from other aliases.
    pub key: Key,
    /// Its address, as it was added.
    pub address: String,
    /// What its owner says of its mail.
    pub rules: Rules,
    /// It is not there yet: the first message that is taken for it makes it.
    pub is_new: bool,
}

impl Named {
    /// What counts of an alias for the mail that comes to it.
    pub fn of(alias: &Alias) -> Self {
        let address = alias.address();
        Self {
            key: address.key(),
            address: address.to_string(),
            rules: alias.rules().clone(),
            is_new: false,
        }
    }
}

/// Why an alias takes no mail any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It was switched off.
    Disabled,
    /// Its time is over since then.
    Expired(UnixTime),
    /// It has taken so many messages, which was all it was for.
    UsedUp(u64),
}

/// An alias of another domain, which mail comes to through those of the domain that was written to. Whom it blocks does not
/// get to its mailboxes that way either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Which it is, and what its owner says.
    pub named: Arc<Named>,
    /// The address that led to it.
    pub address: Mailbox,
    /// The mailboxes behind it.
    pub mailboxes: Vec<Mailbox>,
}

/// An alias that takes no mail any more, where another one leads to it and to nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedBehind {
    /// Which it is; `None` for one of another domain, of which the owner of the first is told no more.
    pub alias: Option<Mailbox>,
    /// Why it takes none.
    pub ended: Ended,
}

/// What it did, behind "as".
impl fmt::Display for EndedBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "the alias {alias} that it leads to {}", self.ended),
            None => f.write_str("another domain's alias that it leads to has ended"),
        }
    }
}

/// What it did, behind "the alias".
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("is switched off"),
            Self::Expired(at) => write!(f, "expired at {at}"),
            Self::UsedUp(1) => f.write_str("has taken its 1 message"),
            Self::UsedUp(most) => write!(f, "has taken its {most} messages"),
        }
    }
}
