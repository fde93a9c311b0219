//! What programs of the operator are told of aliases as it happens: what an event says, and how it is signed.
//!
//! An event never names a destination of an alias.

mod signature;

pub use signature::signature;

use crate::{
    address::Domain,
    alias::{Alias, AliasAddress},
    time::Millis,
};
use serde::Serialize;
use std::fmt;

/// Longest text in an event that strangers choose, in characters.
const MAX_TEXT: usize = 320;

/// Something that happened to an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Names the event: one that is sent again has the same.
    pub id: String,
    /// When it happened.
    pub time: Millis,
    /// What kind it is of: the word of [`Kind`].
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The domain of the alias.
    pub domain: String,
    /// The alias, as it was added.
    pub alias: String,
    /// What there is to say beyond that.
    pub data: Data,
}

/// The kinds of events. Their words are a promise to programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Kind {
    /// An alias was added, by whomever.
    #[serde(rename = "alias.made")]
    Made,
    /// An alias takes no mail any more, by its own rules.
    #[serde(rename = "alias.expired")]
    Expired,
    /// The first message was accepted for an alias.
    #[serde(rename = "alias.first_use")]
    FirstUse,
    /// A message for an alias was refused.
    #[serde(rename = "message.refused")]
    Refused,
}

/// What an event says beside its kind and its alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// Of an alias that was added.
    Made {
        /// `exact`, `catch-all` or `regex`.
        kind: &'static str,
        /// False for one that was added switched off.
        enabled: bool,
    },
    /// Of an alias that expired.
    Expired {
        /// `time` or `messages`.
        by: Expiry,
    },
    /// Of a message that was refused.
    Refused {
        /// The reverse-path, `<>` for the null one; the author where the message was refused by its From.
        sender: String,
        /// The rule that refused it, in words.
        rule: String,
    },
    /// Of many that were refused for one alias: those beyond the bound, together.
    More {
        /// How many they are.
        count: u64,
        /// Since when they were not told one by one.
        since: Millis,
    },
    /// Nothing.
    Nothing {},
}

/// By what an alias expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// Its time has come.
    Time,
    /// It has had as many messages as it takes.
    Messages,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Made, Self::Expired, Self::FirstUse, Self::Refused];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "alias.made",
            Self::Expired => "alias.expired",
            Self::FirstUse => "alias.first_use",
            Self::Refused => "message.refused",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// The event `id` that `alias` was added.
    pub fn made(id: String, time: Millis, alias: &Alias) -> Self {
        let data = Data::Made { kind: alias.address().kind(), enabled: alias.enabled() };
        Self::of(id, time, Kind::Made, alias.address(), data)
    }

    /// The event `id` that the alias of `address` expired.
    pub fn expired(id: String, time: Millis, address: &AliasAddress, by: Expiry) -> Self {
        Self::of(id, time, Kind::Expired, address, Data::Expired { by })
    }

    /// The event `id` that the alias of `address` was used for the first time.
    pub fn first_use(id: String, time: Millis, address: &AliasAddress) -> Self {
        Self::of(id, time, Kind::FirstUse, address, Data::Nothing {})
    }

    /// The event `id` that a message of `sender` to the alias of `address` was refused by `rule`.
    pub fn refused(
        id: String,
        time: Millis,
        address: &AliasAddress,
        sender: &str,
        rule: &str,
    ) -> Self {
        let data = Data::Refused { sender: bounded(sender), rule: bounded(rule) };
        Self::of(id, time, Kind::Refused, address, data)
    }

    /// The event `id` that `count` more messages to the alias of `address` were refused since then.
    pub fn more_refused(
        id: String,
        time: Millis,
        address: &AliasAddress,
        count: u64,
        since: Millis,
    ) -> Self {
        Self::of(id, time, Kind::Refused, address, Data::More { count, since })
    }

    fn of(id: String, time: Millis, kind: Kind, address: &AliasAddress, data: Data) -> Self {
        let domain = address.domain().map(Domain::to_key).unwrap_or_default();
        Self { id: format!("evt_{id}"), time, kind, domain, alias: address.to_string(), data }
    }

    /// What is sent: a JSON object, in one line.
    pub fn body(&self) -> String {
        // Nothing of an event is a map with keys that are no texts, so that it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Millis = Millis::new(1_790_000_000_123);

    fn address(text: &str) -> AliasAddress {
        AliasAddress::parse(text).unwrap()
    }

    #[test]
    fn the_json_of_each_kind() {
        let alias = Alias::forward(address("A@X.test"), ["secret@mailbox.test"]).unwrap();
        let made = Event::made("1".into(), TIME, &alias);
        assert_eq!(
            made.body(),
            r#"{"id":"evt_1","time":"2026-09-21T14:13:20.123Z","type":"alias.made","domain":"x.test","alias":"A@X.test","data":{"kind":"exact","enabled":true}}"#
        );
        let of = |event: Event| event.body().split("\"domain\"").nth(1).unwrap().to_owned();
        let expired = Event::expired("2".into(), TIME, &address("*@x.test"), Expiry::Messages);
        assert_eq!(of(expired), r#":"x.test","alias":"*@x.test","data":{"by":"messages"}}"#);
        let first = Event::first_use("3".into(), TIME, &address("a@x.test"));
        assert_eq!(of(first), r#":"x.test","alias":"a@x.test","data":{}}"#);
        let more = Event::more_refused("4".into(), TIME, &address("a@x.test"), 7, Millis::EPOCH);
        let data = r#"{"count":7,"since":"1970-01-01T00:00:00.000Z"}}"#;
        assert_eq!(of(more), format!(r#":"x.test","alias":"a@x.test","data":{data}"#));
    }

    #[test]
    fn the_words_are_those_of_the_json() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
        }
    }

    #[test]
    fn what_strangers_write_is_bounded_and_escaped() {
        let sender = format!("\"\r\n{}\"@x.test", "ü".repeat(1000));
        let refused = Event::refused("5".into(), TIME, &address("a@x.test"), &sender, "no");
        let body = refused.body();
        assert!(body.len() < 1000 && !body.contains('\n'), "{body}");
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(read["data"]["sender"].as_str().unwrap().ends_with("ü…"));
    }
}
