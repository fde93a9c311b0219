//! The spool: messages that Onward has taken responsibility for, until they are delivered or whoever
//! wrote has been told.
//!
//! What a message waits for stands in its legs, one for each destination mailbox of each recipient.
//! A leg is `queued`, then `sending`; `uncertain` from just before the end of data is sent until the
//! destination has answered it; and in the end `delivered`, `failed` or `dropped`.

mod bounds;

pub use bounds::{DEFAULT_FREE, SpoolBounds};

use super::{Store, StoreError, sqlite::spool};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    reply::{ForeignReply, Reply},
    time::Millis,
};
use bytes::Bytes;
use rusqlite::Connection;
use std::{fmt, net::IpAddr};

/// The time of an attempt that is to be made at once, before all that is due: the operator asked for it.
pub const AT_ONCE: Millis = Millis::EPOCH;

/// What is known of a message beside its bytes and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub id: String,
    /// When it came.
    pub arrived: Millis,
    /// Who brought it; `None` on a unix socket, and for our own DSNs.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub helo: String,
    /// The reverse-path as it came.
    pub sender: ReversePath,
    /// A DSN may be sent to the reverse-path.
    pub notify: bool,
    /// It has bytes above 127.
    pub eight_bit: bool,
    /// Its header section needs SMTPUTF8.
    pub smtputf8: bool,
    /// It had further recipients, and they have it.
    pub has_delivered: bool,
    /// It had further destinations that will never have it.
    pub has_failed: bool,
}

/// A message to be kept.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// What is known of it.
    pub head: Head,
    /// Our header fields, sent before the message.
    pub prefix: Bytes,
    /// As it came.
    pub message: Bytes,
    /// Where it is to go.
    pub legs: Vec<Leg>,
}

/// A message that is kept, without its bytes.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// Its number in the spool.
    pub seq: i64,
    /// What is known of it.
    pub head: Head,
    /// Octets of the message as it came.
    pub size: u64,
    /// Where it is to go; a leg is named by its place here.
    pub legs: Vec<Leg>,
}

/// One destination mailbox of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The recipient as the client named it.
    pub recipient: ForwardPath,
    /// Where it leads.
    pub mailbox: Mailbox,
    /// The reverse-path it leaves with.
    pub reverse_path: ReversePath,
    /// How far it got.
    pub state: LegState,
    /// An attempt before the last one may have delivered it: if it is delivered, then perhaps twice.
    pub was_uncertain: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is due.
    pub next_attempt: Millis,
    /// The last reply, as a client may see it.
    pub reply: ForeignReply,
}

/// How far a leg got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LegState {
    /// It waits.
    Queued,
    /// It is being sent.
    Sending,
    /// Its end of data was or is being sent, and no answer is known: the destination may have it.
    Uncertain,
    /// The destination has it.
    Delivered,
    /// It is given up.
    Failed,
    /// The operator gave it up.
    Dropped,
}

/// A leg that is not at its end, as far as planning goes.
#[derive(Debug, Clone)]
pub struct Open {
    /// The number of the message.
    pub message: i64,
    /// Where it is to go.
    pub mailbox: Mailbox,
    /// When it is due.
    pub next_attempt: Millis,
    /// When the message came.
    pub arrived: Millis,
}

/// The spool in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Messages in it.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// Changes by the command line so far.
    pub(super) changes: i64,
}

/// Why a message was not kept. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// A bound of `[spool]` is reached.
    #[error("the spool is full: {0}")]
    Full(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SpoolError {
    /// What the client is told, who keeps the message.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Full(_) => Reply::spool_full(),
            Self::Store(_) => Reply::store_failed(),
        }
    }
}

impl NewMessage {
    /// Octets of the message as it came.
    pub fn size(&self) -> u64 {
        self.message.len() as u64
    }
}

impl LegState {
    const ALL: [Self; 6] = [
        Self::Queued,
        Self::Sending,
        Self::Uncertain,
        Self::Delivered,
        Self::Failed,
        Self::Dropped,
    ];

    /// The word for it in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// True while there is something to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Uncertain)
    }
}

impl fmt::Display for LegState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Store {
    /// Keeps messages, all or none; they are durable when this answers with their numbers.
    ///
    /// # Errors
    /// When a bound is reached or the store fails: nothing was kept.
    pub async fn spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError> {
        match self.try_spool(messages.clone()).await {
            Err(SpoolError::Full(bounds::DISK)) => {
                // Much of what the files hold may not be needed any more.
                self.0.writer.make_room().await;
                self.try_spool(messages).await
            }
            tried => tried,
        }
    }

    async fn try_spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError> {
        let bounds = self.0.spool_bounds();
        let state_dir = self.0.state_dir.clone();
        let insert = move |connection: &Connection| {
            let size = messages.iter().map(NewMessage::size).sum();
            let count = messages.len() as u64;
            if let Err(full) = bounds.allow(connection, &state_dir, count, size)? {
                return Ok(Err(full));
            }
            messages
                .iter()
                .map(|new| spool::insert(connection, new))
                .collect::<Result<_, _>>()
                .map(Ok)
        };
        match self.0.writer.run(insert).await {
            Ok(kept) => kept,
            Err(StoreError::Full { .. }) => Err(SpoolError::Full(bounds::DISK)),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins an attempt on legs that wait; gives those that may be sent. Durable when this answers.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spool_begin(&self, seq: i64, legs: Vec<i64>) -> Result<Vec<i64>, StoreError> {
        let begin = move |connection: &Connection| spool::begin(connection, seq, &legs);
        self.0.writer.run(begin).await
    }

    /// Notes that the destination may have these from now on. Durable when this answers.
    ///
    /// # Errors
    /// When the store fails: the end of data must not be sent.
    pub async fn spool_uncertain(&self, seq: i64, legs: Vec<i64>) -> Result<(), StoreError> {
        let mark = move |connection: &Connection| spool::make_uncertain(connection, seq, &legs);
        self.0.writer.run(mark).await
    }

    /// Ends an attempt: writes what became of the legs and keeps the DSNs that follow from it, in one.
    /// DSNs are kept beyond all bounds, as they replace what they are about.
    ///
    /// # Errors
    /// When the store fails: the attempt has not ended.
    pub async fn spool_conclude(
        &self,
        seq: i64,
        legs: Vec<(i64, Leg)>,
        notices: Vec<NewMessage>,
    ) -> Result<Vec<i64>, StoreError> {
        let conclude = move |connection: &Connection| {
            for (at, leg) in &legs {
                spool::update(connection, seq, *at, leg)?;
            }
            notices.iter().map(|notice| spool::insert(connection, notice)).collect()
        };
        self.0.writer.run(conclude).await
    }

    /// Forgets messages with nothing left to do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spool_bury(&self, messages: Vec<i64>) -> Result<(), StoreError> {
        let bury = move |connection: &Connection| {
            messages.iter().try_for_each(|seq| spool::bury(connection, *seq).map(drop))
        };
        self.0.writer.run(bury).await
    }

    /// Puts what was being sent when a daemon ended back into the queue.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spool_recover(&self) -> Result<usize, StoreError> {
        self.0.writer.run(spool::recover).await
    }

    /// A message without its bytes; `None` when it is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spooled(&self, seq: i64) -> Result<Option<Spooled>, StoreError> {
        self.0.readers.run(move |connection| spool::get(connection, seq)).await
    }

    /// Our fields and the message as it came; `None` when it is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spooled_bytes(&self, seq: i64) -> Result<Option<(Bytes, Bytes)>, StoreError> {
        self.0.readers.run(move |connection| spool::bytes(connection, seq)).await
    }

    /// All that is still to be done, and the messages with nothing left to do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn spool_open(&self) -> Result<(Vec<Open>, Vec<i64>), StoreError> {
        let read = |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            Ok((spool::open(&transaction)?, spool::finished(&transaction)?))
        };
        self.0.readers.run(read).await
    }

    /// The number of changes that the command line made to the spool; it is followed within a second.
    pub fn spool_changes(&self) -> tokio::sync::watch::Receiver<i64> {
        self.0.spool_changes.subscribe()
    }
}
