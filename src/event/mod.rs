//! What programs of the operator are told of aliases and of the server as it happens: what an event says, and how it is
//! signed.
//!
//! An event never names a destination of an alias.

mod happening;
mod signature;

pub use happening::{Happening, Heard, Listener, Setting};
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

/// Something that happened to an alias, or to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Names the event: one that is sent again has the same.
    pub id: String,
    /// When it happened.
    pub time: Millis,
    /// What kind it is of: the word of [`Kind`], or of [`Happening`].
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The domain of the alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The alias, as it was added; `None` where it is about the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// What there is to say beyond that.
    pub data: Data,
}

/// The kinds of events about aliases. Their words are a promise to programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An alias was added, by whomever.
    Made,
    /// An alias takes no mail any more, by its own rules.
    Expired,
    /// The first message was accepted for an alias.
    FirstUse,
    /// A message for an alias was refused.
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
    /// Of the server.
    OfServer(Happening),
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
        let domain = Some(address.domain().map(Domain::to_key).unwrap_or_default());
        let alias = Some(address.to_string());
        Self { id: format!("evt_{id}"), time, kind: kind.as_str(), domain, alias, data }
    }

    /// The event `id` that something happened to the server.
    pub fn of_server(id: String, time: Millis, happening: Happening) -> Self {
        let (id, kind) = (format!("evt_{id}"), happening.word());
        let data = Data::OfServer(happening.bounded());
        Self { id, time, kind, domain: None, alias: None, data }
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
    fn each_kind_has_its_word() {
        let words: std::collections::HashSet<&str> =
            Kind::ALL.map(Kind::as_str).into_iter().chain(Happening::WORDS).collect();
        assert_eq!(words.len(), Kind::ALL.len() + Happening::WORDS.len());
    }

    #[test]
    fn the_json_of_the_server() {
        let of = |happening| Event::of_server("1".into(), TIME, happening).body();
        assert_eq!(
            of(Happening::Suspended {
                provider: "yahoo".into(),
                until: TIME,
                reply: "421 4.7.0 [TSS04]".into()
            }),
            r#"{"id":"evt_1","time":"2026-09-21T14:13:20.123Z","type":"provider.suspended","data":{"provider":"yahoo","until":"2026-09-21T14:13:20.123Z","reply":"421 4.7.0 [TSS04]"}}"#
        );
        let (provider, reply) = ("google".to_owned(), "550 \"no\"\r\n".repeat(500));
        let about = Setting::ReverseName;
        let body = of(Happening::Misconfigured { provider, about, reply });
        assert!(body.contains(r#""about":"reverse_name","reply":"550 \"no\"\r\n"#), "{body}");
        assert!(body.len() < 1000, "{body}");
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
