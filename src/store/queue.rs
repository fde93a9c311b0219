//! What an administrator asks of the spool.

use super::spool::{LegState, Spooled};
use crate::{account::AccountId, time::Millis};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Which messages are meant: those with an open leg that fits all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// Only messages of these ids; empty: all.
    pub ids: Vec<String>,
    /// Only messages from this mailbox or domain, as [`crate::address::Mailbox::to_key`] has them, or `<>`.
    pub from: Option<String>,
    /// Only messages that wait for this mailbox or domain, in the form of `from`.
    pub destination: Option<String>,
    /// Only messages with a leg in this state.
    pub state: Option<LegState>,
    /// Only messages that came before this time.
    pub before: Option<Millis>,
    /// Only messages that this account sent.
    pub account: Option<AccountId>,
}

/// What is to be done with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueChange {
    /// The messages are tried at once, before all others.
    Retry,
    /// The messages are given up, and nobody is told.
    Drop,
}

/// What was done with messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct QueueChanged {
    /// Ids of the messages that were changed.
    pub ids: Vec<String>,
    /// Ids of those that could not be dropped, because they are being sent.
    pub sending: Vec<String>,
    /// Ids of those that are not tried, because they are held.
    pub held: Vec<String>,
    /// Ids that were asked for and are not of a message that waits.
    pub absent: Vec<String>,
    /// A daemon serves from this state directory.
    pub is_served: bool,
}

/// What waits, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSummary {
    /// Messages that wait.
    pub messages: u64,
    /// Octets of those messages.
    pub octets: u64,
    /// When the oldest message came.
    pub oldest: Option<Millis>,
    /// Messages that cannot be read, which are in none of the other numbers.
    pub unreadable: u64,
    /// Messages by domain of their destination.
    pub destinations: BTreeMap<String, u64>,
}

/// Some of the messages that wait, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct QueuePage {
    /// The messages that were wanted.
    pub messages: Vec<Spooled>,
    /// The messages of the page that cannot be read, whatever was wanted.
    pub unreadable: Vec<Unreadable>,
    /// Ids that were asked for and are not of a message that waits.
    pub absent: Vec<String>,
    /// Behind what the next page begins; `None` when this is the last one.
    pub next: Option<i64>,
}

/// A message in the spool of which something cannot be read. It is left aside until it is dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "message {id} in the spool cannot be read ({reason}) and is left aside; to remove it: \
     onward queue drop {id}"
)]
pub struct Unreadable {
    /// The number of the message in the spool.
    pub seq: i64,
    /// The id of the message.
    pub id: String,
    /// Why the message cannot be read.
    pub reason: String,
}

impl QueuePage {
    /// Adds a message that was found, if it is wanted.
    pub(super) fn add(&mut self, message: Result<Spooled, Unreadable>, filter: &QueueFilter) {
        let (id, waits) = match &message {
            Ok(message) => (&message.head.id, message.legs.iter().any(|leg| leg.state.is_open())),
            Err(unreadable) => (&unreadable.id, true),
        };
        self.absent.retain(|absent| !(waits && absent.eq_ignore_ascii_case(id)));
        match message {
            Ok(message) if filter.wants(&message) => self.messages.push(message),
            Ok(_) => {}
            Err(unreadable) => self.unreadable.push(unreadable),
        }
    }
}

impl QueueSummary {
    /// Counts a message; `sources` are those whose octets are counted.
    pub(super) fn add(&mut self, message: Result<Spooled, Unreadable>, sources: &mut HashSet<i64>) {
        let Ok(message) = message else {
            self.unreadable += 1;
            return;
        };
        let open = message.legs.iter().filter(|leg| leg.state.is_open());
        let domains: BTreeSet<String> = open.map(|leg| leg.mailbox.domain().to_key()).collect();
        if domains.is_empty() {
            return;
        }
        self.messages += 1;
        if sources.insert(message.source) {
            self.octets += message.size;
        }
        let oldest = self.oldest.map_or(message.head.arrived, |it| it.min(message.head.arrived));
        self.oldest = Some(oldest);
        for domain in domains {
            *self.destinations.entry(domain).or_default() += 1;
        }
    }
}

impl QueueFilter {
    /// Nothing narrows it: everything that waits is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Ids are looked up, and not looked at here.
    pub(super) fn wants(&self, message: &Spooled) -> bool {
        let head = &message.head;
        let is_old = self.before.is_none_or(|before| head.arrived < before);
        let is_from = self.from.as_deref().is_none_or(|from| match head.sender.mailbox() {
            None => from == "<>",
            Some(sender) => from == sender.to_key() || from == sender.domain().to_key(),
        });
        let fits = message.legs.iter().any(|leg| {
            leg.state.is_open()
                && self.state.is_none_or(|state| leg.state == state)
                && self.destination.as_deref().is_none_or(|to| {
                    to == leg.mailbox.to_key() || to == leg.mailbox.domain().to_key()
                })
        });
        let is_theirs = self.account.is_none_or(|account| head.account() == Some(account));
        is_old && is_from && is_theirs && fits
    }
}
