//! Messages in figures by the hour and by the day: what a chart is made of without a look at the records.

use super::{Outcome, Record};
use crate::{
    address::Mailbox,
    digest::{Reason, is_asked_again, reason, rule},
    srs::is_srs_shaped,
    time::{DAY, UnixTime},
};
use ecow::EcoString;
use std::{borrow::Cow, time::Duration};

/// What became of a message, and why it was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// What became of it so far.
    pub outcome: Outcome,
    /// Why the client was told 4xx or 5xx, where it was.
    pub reason: Option<Reason>,
}

/// For how long messages are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// An hour; kept for 48.
    Hour,
    /// A day, of UTC; kept for 400.
    Day,
}

/// How many messages that came in one span came to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficCount {
    /// When the span began.
    pub start: UnixTime,
    /// What came of them.
    pub class: Class,
    /// How many they are.
    pub messages: u64,
}

/// What the latest attempts at one host came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCount {
    /// The host, as attempts name it.
    pub host: String,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many of them came to anything but an end: those are made again.
    pub deferred: u64,
    /// Milliseconds that an attempt took, on average.
    pub average_ms: u64,
    /// ... and at most.
    pub longest_ms: u64,
}

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// How long it is.
    pub fn length(self) -> Duration {
        match self {
            Self::Hour => Duration::from_hours(1),
            Self::Day => DAY,
        }
    }

    /// For how long it is kept.
    pub fn kept(self) -> Duration {
        match self {
            Self::Hour => Duration::from_hours(48),
            Self::Day => DAY * 400,
        }
    }

    /// When the span that `time` is in began.
    pub fn start(self, time: UnixTime) -> UnixTime {
        let length = self.length().as_secs();
        UnixTime::new(time.as_secs() / length * length)
    }
}

impl Class {
    /// As a message is counted; `None` for what nobody brought, and for what is asked for again by the rules of the
    /// protocol.
    pub fn of(record: &Record) -> Option<Self> {
        let Record { outcome, reply, detail, .. } = record;
        Self::of_outcome(*outcome, reply, detail, record.is_by_destination())
    }

    /// The same from what is kept of a record.
    pub(crate) fn of_outcome(
        outcome: Outcome,
        reply: &str,
        detail: &str,
        by_destination: bool,
    ) -> Option<Self> {
        match outcome {
            Outcome::Aborted => return Some(Self { outcome, reason: None }),
            _ if reply.is_empty() || is_asked_again(reply) => return None,
            Outcome::Refused | Outcome::Deferred => {}
            _ => return Some(Self { outcome, reason: None }),
        }
        let why = reason(reply, rule(detail).as_deref(), by_destination);
        Some(Self { outcome, reason: Some(why.reason) })
    }

    /// The domains whose owners a message counts for: those of its recipients, or of the address that an account sent it
    /// as. What is for a domain that is not here counts for none.
    pub(crate) fn counts_for(
        self,
        sender: Option<&Mailbox>,
        is_of_account: bool,
        to: &[String],
    ) -> Vec<EcoString> {
        if self.reason == Some(Reason::Relaying) {
            return Vec::new();
        }
        if is_of_account {
            return sender.map(|sender| sender.domain().key().into()).into_iter().collect();
        }
        let recipients = to.iter().filter_map(|to| Mailbox::parse(to).ok());
        let own = recipients.filter(|mailbox| !is_srs_shaped(mailbox.local()));
        let mut domains: Vec<EcoString> =
            own.map(|mailbox| mailbox.domain().key().into()).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }

    /// In one word or two.
    pub fn to_key(self) -> Cow<'static, str> {
        match self.reason {
            None => self.outcome.as_str().into(),
            Some(reason) => format!("{} {}", self.outcome, reason.as_str()).into(),
        }
    }

    /// The class of that key.
    pub fn parse(key: &str) -> Option<Self> {
        let (outcome, reason) = match key.split_once(' ') {
            None => (key, None),
            Some((outcome, word)) => {
                let known = Reason::ALL.into_iter().find(|reason| reason.as_str() == word);
                (outcome, Some(known?))
            }
        };
        Some(Self { outcome: Outcome::parse(outcome)?, reason })
    }
}

impl Record {
    /// Whether the reply is that of the mailbox's provider.
    pub fn is_by_destination(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.verdict != "delivered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_begin_at_whole_hours_and_days() {
        let time = UnixTime::new(1_790_000_000);
        assert_eq!(Span::Hour.start(time), UnixTime::new(1_789_999_200));
        assert_eq!(Span::Day.start(time), UnixTime::new(1_789_948_800));
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        for outcome in Outcome::ALL {
            let reasons = Reason::ALL.into_iter().map(Some).chain([None]);
            for class in reasons.map(|reason| Class { outcome, reason }) {
                assert_eq!(Class::parse(&class.to_key()), Some(class));
            }
        }
        for key in ["", "refused", "refused x", "x", "forwarded "] {
            let expected =
                (key == "refused").then_some(Class { outcome: Outcome::Refused, reason: None });
            assert_eq!(Class::parse(key), expected, "{key}");
        }
    }
}
