//! The governor as people and programs see it.

use super::{Governor, governed::Governed};
use crate::{
    provider::Limits,
    rate::print_rate,
    time::{Millis, whole_millis},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// One provider. Its JSON is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its name; of one that nobody knows, the registered domain of its hosts.
    pub provider: String,
    /// Whether it gets what it takes.
    pub state: State,
    /// Connections that may be open at once now.
    pub connections: u32,
    /// Connections that it takes at most.
    pub limit: u32,
    /// Connections in use.
    pub in_use: usize,
    /// Messages that wait for a connection, their senders with them.
    pub asking: usize,
    /// Messages in the spool for it that wait.
    pub waiting: usize,
    /// Messages over one connection.
    pub messages_per_connection: u32,
    /// Messages, as in `10/1m`; nothing where they are not counted.
    pub rate: Option<String>,
    /// The reply from which that was concluded.
    pub why: Option<String>,
    /// Since when.
    #[serde(deserialize_with = "read_time")]
    pub since: Option<Millis>,
    /// Until when, if nothing comes of it before.
    #[serde(deserialize_with = "read_time")]
    pub until: Option<Millis>,
    /// When one message finds out whether a suspension can end.
    #[serde(deserialize_with = "read_time")]
    pub next_probe: Option<Millis>,
}

/// Whether a provider gets what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does.
    Usual,
    /// It gets less.
    Slowed,
    /// It gets nothing.
    Suspended,
}

impl State {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Slowed => "slowed",
            Self::Suspended => "suspended",
        }
    }
}

impl Told {
    /// A provider of which nothing is known but its limits.
    pub fn usual(name: &str, limits: &Limits) -> Self {
        Governed::new(*limits).told(name, 1)
    }
}

impl Governor {
    /// Providers that something is under way to or known of, those first that get less than they take.
    pub fn told(&mut self, now: Millis) -> Vec<Told> {
        let nodes = self.nodes.get();
        let mut all: Vec<Told> = self
            .providers
            .iter_mut()
            .map(|(name, governed)| {
                // Places that are free by that are given with the next that is given back.
                governed.expire(now);
                governed.told(name, nodes)
            })
            .collect();
        let rank = |told: &Told| match told.state {
            State::Suspended => 0,
            State::Slowed => 1,
            State::Usual => 2,
        };
        all.sort_by(|a, b| (rank(a), &a.provider).cmp(&(rank(b), &b.provider)));
        all
    }
}

impl Governed {
    fn told(&self, name: &str, nodes: u32) -> Told {
        let (slowed, suspended) = (self.slowed.as_ref(), self.suspended.as_ref());
        let each = slowed.map(|it| it.pace.each).filter(|each| !each.is_zero());
        let of_limits = || self.limits.rate.map(print_rate);
        let state = match (suspended, self.is_usual()) {
            (Some(_), _) => State::Suspended,
            (None, true) => State::Usual,
            (None, false) => State::Slowed,
        };
        let since = suspended.map(|it| it.since).or(slowed.map(|it| it.since));
        let until = suspended.map(|it| it.until).or(slowed.map(|it| it.until));
        let why = suspended.map(|it| &it.why).or(slowed.map(|it| &it.why));
        Told {
            provider: name.to_owned(),
            state,
            connections: self.connections(nodes),
            limit: self.limits.connections,
            in_use: self.in_use(),
            asking: self.waiting(),
            waiting: 0,
            messages_per_connection: self.messages(),
            rate: each.map(|each| print_beat(whole_millis(each))).or_else(of_limits),
            why: why.map(ToString::to_string),
            since,
            until,
            next_probe: suspended.map(|it| it.probe_at.min(it.until)),
        }
    }
}

/// `10/1m` for one in 6 s.
fn print_beat(each: u64) -> String {
    match each {
        0 => String::new(),
        each if each > 60_000 => format!("1/{}s", each / 1000),
        each => format!("{}/1m", 60_000 / each),
    }
}

/// As a [`Millis`] is written.
fn read_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let parse = |text: String| text.parse::<jiff::Timestamp>().map_err(D::Error::custom);
    Ok(text.map(parse).transpose()?.map(Millis::from))
}
