//! What becomes of a record when more is told of its message, whoever keeps it.

use super::{Bounce, Class, Outcome, Record, tally::Tally};
use crate::{account::AccountId, address::Mailbox, slots::Cause, time::Millis};
use ecow::EcoString;
use std::borrow::Cow;

/// Longest detail that bounces add to. They come from strangers.
const MAX_DETAIL: usize = 2000;

/// What stays of a record that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Keep {
    Outcome,
    Nothing,
}

/// What is there of a message already, as columns have it.
#[derive(Debug, Clone)]
pub(in crate::store) struct Noted {
    pub(in crate::store) time: Millis,
    pub(in crate::store) outcome: String,
    pub(in crate::store) detail: String,
    pub(in crate::store) reply: String,
    pub(in crate::store) class: String,
    pub(in crate::store) sender: String,
    /// A JSON array.
    pub(in crate::store) rcpt: String,
    pub(in crate::store) auth: String,
}

impl Noted {
    /// Adds what is told now, but for attempts and the time that it took.
    pub(in crate::store) fn add(&mut self, record: &Record, keep: Keep, tally: &mut Tally) {
        add_detail(&mut self.detail, &record.detail);
        let is_bounced =
            self.outcome == Outcome::Bounced.as_str() && record.outcome != Outcome::Failed;
        // Of nodes that share the journal one may write late, as one that stood still does: what is over does not wait again.
        let is_late = record.outcome == Outcome::Spooled && self.is_over();
        if keep != Keep::Outcome && !is_bounced && !is_late {
            self.turn(record.outcome, record.is_by_destination(), tally);
        }
    }

    /// Whether nothing of what was spooled is left to do.
    fn is_over(&self) -> bool {
        Outcome::parse(&self.outcome).is_some_and(|outcome| {
            matches!(
                outcome,
                Outcome::Forwarded | Outcome::Partial | Outcome::Failed | Outcome::Dropped
            )
        })
    }

    /// Adds what a bounce tells.
    pub(in crate::store) fn bounce(&mut self, bounce: &Bounce, tally: &mut Tally) {
        if self.detail.len() < MAX_DETAIL {
            add_detail(&mut self.detail, &bounce.detail);
        }
        let had_left = Outcome::parse(&self.outcome).is_some_and(|outcome| {
            matches!(outcome, Outcome::Forwarded | Outcome::Partial | Outcome::Spooled)
        });
        if bounce.is_final && had_left {
            self.turn(Outcome::Bounced, false, tally);
        }
    }

    /// Counts it no more.
    pub(in crate::store) fn uncount(&self, tally: &mut Tally) {
        tally.take(self.time, &self.class, &self.counts_for());
    }

    /// Counts it as what came to `outcome` from then on.
    fn turn(&mut self, outcome: Outcome, by_destination: bool, tally: &mut Tally) {
        outcome.as_str().clone_into(&mut self.outcome);
        let class = Class::of_outcome(outcome, &self.reply, &self.detail, by_destination);
        let class = class.map(Class::to_key).unwrap_or_default();
        if class != self.class {
            self.uncount(tally);
            self.class = class.into_owned();
            tally.add(self.time, &self.class, &self.counts_for());
        }
    }

    /// The domains for which it is counted.
    fn counts_for(&self) -> Vec<EcoString> {
        let Some(class) = Class::parse(&self.class) else { return Vec::new() };
        let to: Vec<String> = serde_json::from_str(&self.rcpt).unwrap_or_default();
        let is_of_account = AccountId::of_cause(&Cause::named(&self.auth)).is_some();
        class.counts_for(Mailbox::parse(&self.sender).ok().as_ref(), is_of_account, &to)
    }
}

/// Counts a record that is new; gives its class.
pub(in crate::store) fn count_new(record: &Record, tally: &mut Tally) -> Cow<'static, str> {
    let Some(class) = Class::of(record) else { return "".into() };
    let key = class.to_key();
    let domains = class.counts_for(record.from.mailbox(), record.account().is_some(), &record.to);
    tally.add(record.time, &key, &domains);
    key
}

/// A list as a column, made in `room`.
pub(in crate::store) fn list<'r>(items: &[String], room: &'r mut Vec<u8>) -> &'r str {
    room.clear();
    match serde_json::to_writer(&mut *room, items) {
        Ok(()) => str::from_utf8(room).unwrap_or_default(),
        Err(_) => "",
    }
}

/// Adds what is not there yet.
fn add_detail(detail: &mut String, more: &str) {
    for part in more.split("; ").filter(|part| !part.is_empty()) {
        if !detail.split("; ").any(|known| known == part) {
            let separator = if detail.is_empty() { "" } else { "; " };
            *detail = format!("{detail}{separator}{part}");
        }
    }
}
