//! What became of one message, as a story from top to bottom: a pure function of what the journal has of it, of what
//! waits of it, and of the aliases as they are now. It gives keys of texts and their values, and no markup; whatever
//! came from outside is a value or a quotation, never a text.

pub(super) mod checks;
mod delivery;
mod next;
pub(super) mod ours;

use crate::{
    admin::{
        queue::WaitingMessage,
        trace::{Outcome, Record},
    },
    time::Millis,
};
use std::time::Duration;

/// All that a story is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// What the journal has, as far as whoever asks may see it.
    pub(super) record: &'a Record,
    /// The name of the account that sent it.
    pub(super) account: Option<&'a str>,
    /// What waits of it, as far as whoever asks may see it.
    pub(super) waiting: Option<&'a WaitingMessage>,
    /// The recipients, and the alias that answers each of them now.
    pub(super) aliases: &'a [(String, Option<String>)],
    /// After how long what waits is given up.
    pub(super) max_age: Duration,
}

/// A part of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The key of its heading.
    pub(super) title: &'static str,
    /// When it was, where that is known.
    pub(super) time: Option<Millis>,
    /// What there is to say; never empty.
    pub(super) lines: Vec<Line>,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The key of the text.
    pub(super) key: &'static str,
    /// What stands in it.
    pub(super) values: Vec<(&'static str, String)>,
    /// A point in time that is told behind it.
    pub(super) time: Option<Millis>,
    /// What somebody else said, word for word.
    pub(super) quote: Option<String>,
    /// How it is to be taken.
    pub(super) tone: Tone,
}

/// How a sentence is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It says what is.
    Plain,
    /// All is well.
    Good,
    /// It may be of interest.
    Care,
    /// Something went wrong.
    Bad,
}

/// Most recipients that are named in one sentence.
const NAMED: usize = 10;
/// Most of what somebody else said that is quoted, in characters.
const QUOTED: usize = 1000;

impl Line {
    pub(super) fn new(key: &'static str) -> Self {
        Self { key, values: Vec::new(), time: None, quote: None, tone: Tone::Plain }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, cut(&value.to_string())));
        self
    }

    fn at(mut self, time: Millis) -> Self {
        self.time = Some(time);
        self
    }

    pub(super) fn quoting(mut self, text: &str) -> Self {
        self.quote = Some(cut(text));
        self
    }

    pub(super) fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// Tells what became of a message.
pub(super) fn story(facts: &Facts<'_>) -> Vec<Step> {
    let record = facts.record;
    let mut steps = vec![
        Step { title: "messages-step-sender", time: Some(record.time), lines: sender(facts) },
        Step { title: "messages-step-client", time: None, lines: client(record) },
        Step { title: "messages-step-checks", time: None, lines: checks::lines(record) },
        Step { title: "messages-step-ours", time: None, lines: ours::lines(facts) },
    ];
    steps.extend(delivery::steps(record));
    steps.push(Step { title: "messages-step-next", time: None, lines: next::lines(facts) });
    steps.retain(|step| !step.lines.is_empty());
    steps
}

/// The key of the name of an outcome.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Forwarded => "messages-outcome-forwarded",
        Outcome::Partial => "messages-outcome-partial",
        Outcome::Refused => "messages-outcome-refused",
        Outcome::Deferred => "messages-outcome-deferred",
        Outcome::Spooled => "messages-outcome-spooled",
        Outcome::Bounced => "messages-outcome-bounced",
        Outcome::Failed => "messages-outcome-failed",
        Outcome::Dropped => "messages-outcome-dropped",
        Outcome::Discarded => "messages-outcome-discarded",
        Outcome::Aborted => "messages-outcome-aborted",
        Outcome::Taken => "messages-outcome-taken",
    }
}

/// How an outcome is to be taken.
pub(super) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Forwarded => Tone::Good,
        Outcome::Spooled | Outcome::Deferred | Outcome::Partial | Outcome::Aborted => Tone::Care,
        Outcome::Discarded | Outcome::Dropped | Outcome::Taken => Tone::Plain,
        Outcome::Refused | Outcome::Bounced | Outcome::Failed => Tone::Bad,
    }
}

/// A notice of our own: nobody brought it.
fn is_own(record: &Record) -> bool {
    record.client.is_none() && record.helo.is_empty() && record.from.mailbox().is_none()
}

fn sender(facts: &Facts<'_>) -> Vec<Line> {
    let Facts { record, account, .. } = *facts;
    let mut lines = vec![match record.from.mailbox() {
        Some(sender) => Line::new("messages-sender").with("sender", sender),
        None if is_own(record) => Line::new("messages-sender-own"),
        None => Line::new("messages-sender-null"),
    }];
    lines.extend(account.map(|name| Line::new("messages-sender-account").with("account", name)));
    if account.is_none() && record.is_submitted() {
        lines.push(Line::new("messages-sender-some-account"));
    }
    lines.extend(checks::authors(record));
    if !record.to.is_empty() {
        let key = match record.to.len() > NAMED {
            true => "messages-recipients-more",
            false => "messages-recipients",
        };
        let named: Vec<&str> = record.to.iter().take(NAMED).map(String::as_str).collect();
        let line = Line::new(key).with("recipients", named.join(", "));
        lines.push(match record.to.len().checked_sub(NAMED) {
            Some(more) if more > 0 => line.with("more", more),
            _ => line,
        });
    }
    if record.size > 0 {
        lines.push(Line::new("messages-size").with("size", size(record.size)));
    }
    lines
}

fn client(record: &Record) -> Vec<Line> {
    if is_own(record) {
        return Vec::new();
    }
    let mut lines = vec![match (record.client, record.helo.is_empty()) {
        (Some(client), false) => {
            Line::new("messages-client").with("client", client).with("helo", &record.helo)
        }
        (Some(client), true) => Line::new("messages-client-silent").with("client", client),
        (None, _) => Line::new("messages-client-local"),
    }];
    lines.push(match record.tls.is_empty() {
        true => Line::new("messages-client-plaintext").toned(Tone::Care),
        false => Line::new("messages-client-tls").with("tls", &record.tls),
    });
    lines
}

/// About how large it is, for people.
fn size(octets: u64) -> String {
    match octets {
        0..1_000 => format!("{octets} B"),
        1_000..1_000_000 => format!("{} kB", octets / 1_000),
        _ => format!("{}.{} MB", octets / 1_000_000, octets % 1_000_000 / 100_000),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
