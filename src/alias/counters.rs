//! What came of the mail to an alias, in numbers.

use super::{Daily, Key, first_day};
use crate::time::UnixTime;
use serde::{Serialize, Serializer};
use std::{collections::BTreeMap, fmt, str::FromStr};
use utoipa::ToSchema;

/// What came of the mail to an alias since it is counted. One message counts once, whatever the number of destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counters {
    /// Messages that were taken: forwarded, spooled, or thrown away as the alias says.
    pub forwarded: u64,
    /// Messages that were refused, or put off by the alias's own limit.
    pub refused: u64,
    /// These by why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, u64>, required = false)]
    pub refused_by: BTreeMap<Reason, u64>,
    /// When the last message was taken.
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    pub last_use: Option<UnixTime>,
    /// Since when is counted: since the alias is there, or since Onward counts.
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    pub since: Option<UnixTime>,
}

/// Why a message to an alias was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its sender is blocked, by the alias, its domain or for all.
    Block,
    /// The alias had as much as it is to get.
    Limit,
    /// The alias is switched off.
    Disabled,
    /// Its time is over.
    Expired,
    /// It took as many messages as it was to take.
    UsedUp,
    /// It says that it refuses.
    Alias,
    /// A list in DNS has the sender.
    List,
    /// A filter takes it for spam.
    Spam,
    /// The sender is not whom the message says, or it cannot be told.
    Authentication,
    /// The destination refused it.
    Destination,
    /// Anything else, such as a message that is broken.
    Other,
}

/// What is to be added to the [`Counters`] of one alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The alias.
    pub alias: Key,
    /// Messages that were taken.
    pub forwarded: u64,
    /// Messages that were refused.
    pub refused_by: BTreeMap<Reason, u64>,
    /// When the last one was taken.
    pub last_use: Option<UnixTime>,
    /// The same messages by the day on which they came.
    pub days: Daily,
}

impl Counters {
    /// Adds what came since.
    pub fn add(&mut self, used: &Used) {
        self.forwarded = self.forwarded.saturating_add(used.forwarded);
        for (reason, count) in &used.refused_by {
            self.refused = self.refused.saturating_add(*count);
            let sum = self.refused_by.entry(*reason).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.last_use = self.last_use.max(used.last_use);
    }

    /// When the alias was used last, or was made where it never was.
    pub fn idle_since(&self) -> Option<UnixTime> {
        self.last_use.or(self.since)
    }
}

impl Used {
    /// Nothing yet.
    pub fn new(alias: Key) -> Self {
        Self {
            alias,
            forwarded: 0,
            refused_by: BTreeMap::new(),
            last_use: None,
            days: Daily::new(),
        }
    }

    /// Counts one message that was taken at `now`.
    pub fn take(&mut self, now: UnixTime) {
        self.forwarded += 1;
        self.last_use = self.last_use.max(Some(now));
        self.days.entry(now.day()).or_default().forwarded += 1;
    }

    /// Counts one message that was refused at `now`.
    pub fn refuse(&mut self, reason: Reason, now: UnixTime) {
        *self.refused_by.entry(reason).or_default() += 1;
        self.days.entry(now.day()).or_default().refused += 1;
    }

    /// Puts back what could not be written down, as part of what is to be.
    pub fn merge(&mut self, earlier: &Self) {
        self.forwarded += earlier.forwarded;
        self.last_use = self.last_use.max(earlier.last_use);
        for (reason, count) in &earlier.refused_by {
            *self.refused_by.entry(*reason).or_default() += count;
        }
        for (day, more) in &earlier.days {
            self.days.entry(*day).or_default().add(*more);
        }
        // However long nothing can be written.
        if let Some(last) = self.days.keys().next_back().copied() {
            self.days.retain(|day, _| *day >= first_day(last));
        }
    }

    /// True when nothing is to be added.
    pub fn is_empty(&self) -> bool {
        self.forwarded == 0 && self.refused_by.is_empty()
    }
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Block,
        Self::Limit,
        Self::Disabled,
        Self::Expired,
        Self::UsedUp,
        Self::Alias,
        Self::List,
        Self::Spam,
        Self::Authentication,
        Self::Destination,
        Self::Other,
    ];

    /// The word for it, wherever it is written down.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Limit => "limit",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::UsedUp => "used-up",
            Self::Alias => "alias",
            Self::List => "list",
            Self::Spam => "spam",
            Self::Authentication => "authentication",
            Self::Destination => "destination",
            Self::Other => "other",
        }
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no reason for refusing a message"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// `5 forwarded, 3 refused (block: 2, spam: 1), last used 2026-12-31T23:59:59Z`: the form for people.
impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} forwarded, {} refused", self.forwarded, self.refused)?;
        let reasons: Vec<String> =
            self.refused_by.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        if !reasons.is_empty() {
            write!(f, " ({})", reasons.join(", "))?;
        }
        match (self.last_use, self.since) {
            (Some(time), _) => write!(f, ", last used {time}"),
            (None, Some(since)) => write!(f, ", not used since {since}"),
            (None, None) => Ok(()),
        }
    }
}

fn rfc3339<S: Serializer>(time: &Option<UnixTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_added_up_and_told() {
        let alias = Key { domain: "x.test".into(), local: "a".into() };
        let mut counters = Counters { since: Some(UnixTime::new(5)), ..Counters::default() };
        assert_eq!(
            counters.to_string(),
            "0 forwarded, 0 refused, not used since 1970-01-01T00:00:05Z"
        );
        assert_eq!(counters.idle_since(), Some(UnixTime::new(5)));
        let mut used = Used::new(alias);
        assert!(used.is_empty());
        used.forwarded = 2;
        used.last_use = Some(UnixTime::new(9));
        used.refused_by = [(Reason::Block, 2), (Reason::UsedUp, 1)].into();
        counters.add(&used);
        counters.add(&Used { last_use: Some(UnixTime::new(7)), ..used });
        assert_eq!(
            counters.to_string(),
            "4 forwarded, 6 refused (block: 4, used-up: 2), last used 1970-01-01T00:00:09Z"
        );
        let json = serde_json::to_string(&counters).unwrap();
        let expected = r#"{"forwarded":4,"refused":6,"refused_by":{"block":4,"used-up":2},"last_use":"1970-01-01T00:00:09Z","since":"1970-01-01T00:00:05Z"}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn reasons_have_one_word_each() {
        for reason in Reason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(reason));
        }
        assert!("whim".parse::<Reason>().is_err());
    }
}
