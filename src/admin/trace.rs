//! What happened to messages, by the journal. A message is in it within a second of its final reply.

pub use crate::store::journal::Filter;

use super::Error;
use crate::{
    store::journal::{self, open_to_read},
    time::Millis,
};
use serde::Serialize;
use std::{io, net::IpAddr, path::Path};

/// What happened to one message, or to one refused RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TracedMessage {
    /// As in the 250 and in our Received field.
    pub id: String,
    /// When it came.
    pub time: Millis,
    /// Who brought it; `None` on a unix socket.
    pub client: Option<IpAddr>,
    /// Its reverse-path.
    pub from: String,
    /// The reverse-path it left with, when that was rewritten.
    pub srs_from: Option<String>,
    /// The recipients as given.
    pub to: Vec<String>,
    /// What became of it, in a word.
    pub outcome: &'static str,
    /// The reply the client got.
    pub reply: String,
    /// The attempts to deliver it, in order.
    pub attempts: Vec<TracedAttempt>,
    /// What the checks found, and what was concluded; empty when none was made.
    pub auth: String,
    /// How it came encrypted; empty for plaintext.
    pub tls: String,
    /// What is to be known beyond that.
    pub note: String,
    /// What the client called itself.
    #[serde(skip)]
    pub helo: String,
    /// Octets of the message.
    #[serde(skip)]
    pub size: u64,
    /// Milliseconds from the first command to the final reply; of a spooled message, to its last attempt.
    #[serde(skip)]
    pub ms: u64,
}

/// An attempt to hand a message to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TracedAttempt {
    /// When it began.
    pub time: Millis,
    /// The host that answered, or should have.
    pub host: String,
    /// What it answered, or what went wrong.
    pub reply: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// How it went encrypted; empty for plaintext.
    pub tls: String,
    /// The mailboxes it was for.
    #[serde(skip)]
    pub to: Vec<String>,
    /// What the answer meant, in a word.
    #[serde(skip)]
    pub verdict: String,
}

/// Gives the records that `filter` wants to `each`, the oldest first.
///
/// # Errors
/// When the journal cannot be read, or `each` fails.
pub async fn trace(
    state_dir: &Path,
    filter: &Filter,
    mut each: impl FnMut(&TracedMessage) -> io::Result<()>,
) -> Result<(), Error> {
    let journal = open_to_read(state_dir)?;
    let mut after = None;
    loop {
        let page = journal.page(filter, after).await?;
        let mut records = page.records.into_iter().map(TracedMessage::from);
        records.try_for_each(|record| each(&record)).map_err(Error::Output)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

impl From<journal::Record> for TracedMessage {
    fn from(record: journal::Record) -> Self {
        Self {
            id: record.id,
            time: record.time,
            client: record.client,
            from: record.from.mailbox().map_or_else(|| "<>".to_owned(), ToString::to_string),
            srs_from: record.srs_from,
            to: record.to,
            outcome: record.outcome.as_str(),
            reply: record.reply,
            attempts: record.attempts.into_iter().map(TracedAttempt::from).collect(),
            auth: record.auth,
            tls: record.tls,
            note: record.detail,
            helo: record.helo,
            size: record.size,
            ms: record.ms,
        }
    }
}

impl From<journal::AttemptLine> for TracedAttempt {
    fn from(attempt: journal::AttemptLine) -> Self {
        let journal::AttemptLine { time, to, host, reply, ms, tls, verdict } = attempt;
        Self { time, host, reply, ms, tls, to, verdict }
    }
}
