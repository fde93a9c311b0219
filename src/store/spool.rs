//! The spool: messages that Onward has taken responsibility for, until they are delivered or whoever
//! wrote has been told.
//!
//! What a message waits for stands in its legs, one for each destination mailbox of each recipient.
//! A leg is `queued`, then `sending`, which short attempts leave out; `uncertain` from just before the end of data is sent until the
//! destination has answered it; and in the end `delivered`, `failed` or `dropped`.

mod bounds;
mod claim;
mod leg;

pub use bounds::{DEFAULT_FREE, SpoolBounds, SpoolError};
pub use claim::{Claim, Claimed, LineClaim, LineLeft, Which};
pub use leg::{Leg, LegState};

use super::{QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, StoreError};
use crate::{
    account::{AccountId, Hold},
    address::{Mailbox, ReversePath},
    dsn::Print,
    envelope::MailDsn,
    message::{Change, Source, Text},
    retry::{Kind, Left},
    slots::Cause,
    time::Millis,
};
use async_trait::async_trait;
use std::{net::IpAddr, sync::Arc};
use tokio::sync::watch;

/// The time of an attempt that is to be made at once, before all that is due: the operator asked for it.
pub const AT_ONCE: Millis = Millis::EPOCH;

/// The spool, as the daemon and an administrator use it.
///
/// Whoever keeps it promises:
/// - What is answered is durable: it is there after a crash of the process, of the machine, and of the disk's
///   power. Only then is the client told 250, and only then is an end of data sent.
/// - States only move forward. What was delivered, failed or dropped stays so, whatever comes late; only
///   what was dropped may still turn out to be delivered.
/// - A leg is uncertain before the final dot is sent to its destination and stays so until the answer is
///   written: after a crash it is tried again, as a duplicate beats a loss, and it is known that it may be
///   one.
/// - A DSN is kept in the transaction that marks its cause failed: there is never one without the other.
/// - An error means that nothing was changed.
/// - A message that cannot be read is left aside, told once at the level of errors, and counted; all others
///   go on. It is neither tried nor forgotten until an administrator drops it.
#[async_trait]
pub trait Spool {
    /// Keeps messages, all or none, and gives their numbers.
    ///
    /// # Errors
    /// When a bound is reached or the store fails: nothing was kept.
    async fn spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError>;

    /// Begins an attempt on legs that wait; gives those that may be sent. Those of an account that is not enabled may
    /// not. Who does not share the store may leave it out where an attempt is short.
    ///
    /// # Errors
    /// When the message is another's, or the store fails.
    async fn spool_begin(&self, seq: i64, legs: Vec<i64>) -> Result<Vec<i64>, StoreError>;

    /// Notes that the destination may have these from now on, and begins the attempt where that was left out. False where one of
    /// them may not be sent any more, as it was dropped for one: nothing is noted then, and the end of data must not be sent.
    ///
    /// # Errors
    /// When the message is another's, or the store fails: the end of data must not be sent.
    async fn spool_uncertain(&self, seq: i64, legs: Vec<i64>) -> Result<bool, StoreError>;

    /// Ends an attempt: writes what became of the legs and keeps the DSNs that follow from it, in one;
    /// gives the numbers of the DSNs. They are kept beyond all bounds, as they replace what they are about.
    ///
    /// # Errors
    /// When the store fails: the attempt has not ended. [`StoreError::TakenOver`] where the message is another's by now, for whom
    /// the rest is to say; of it only what was delivered is written.
    async fn spool_conclude(
        &self,
        seq: i64,
        legs: Vec<(i64, Leg)>,
        notices: Vec<NewMessage>,
    ) -> Result<Vec<i64>, StoreError>;

    /// The messages behind the number `after`, some at a time, with open legs of whose delay the sender is to be told at
    /// `now`.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_delayed(&self, now: Millis, after: i64) -> Result<Vec<i64>, StoreError>;

    /// Notes of legs that the sender is told of their delay, and keeps the DSN that tells it, in one; gives its number.
    /// Without a DSN there is nobody to tell. Where a leg needs none any more, nothing is done.
    ///
    /// # Errors
    /// When the store fails: nothing was told.
    async fn spool_told_of_delay(
        &self,
        seq: i64,
        legs: Vec<i64>,
        notice: Option<NewMessage>,
    ) -> Result<Option<i64>, StoreError>;

    /// Forgets messages with nothing left to do, and no others.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_bury(&self, messages: Vec<i64>) -> Result<(), StoreError>;

    /// Puts what was being sent when a daemon ended back into the queue; gives how many legs that were.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_recover(&self) -> Result<usize, StoreError>;

    /// A message without its bytes; `None` when it is gone.
    ///
    /// # Errors
    /// When the message cannot be read, or the store fails.
    async fn spooled(&self, seq: i64) -> Result<Option<Spooled>, StoreError>;

    /// A message, what it leaves as, and the octets of its source where there are no more than `most` of them; `None` when it
    /// is gone.
    ///
    /// # Errors
    /// When it cannot be read or is not whole, or the store fails.
    async fn spooled_whole(&self, seq: i64, most: u64) -> Result<Option<SpooledWhole>, StoreError>;

    /// The octets of a source, of which there are `octets`; `None` when it is gone.
    ///
    /// # Errors
    /// When it is not whole, or the store fails.
    async fn spooled_source(&self, source: i64, octets: u64)
    -> Result<Option<Vec<u8>>, StoreError>;

    /// All that this process has still to do, and the messages with nothing left to do. Reads all of them.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_open(&self) -> Result<(Vec<Open>, Vec<i64>), StoreError>;

    /// How many messages whoever serves may have in hand at once, where others take the rest; `None` where all of them are
    /// the only one's.
    fn spool_hold(&self) -> Option<usize> {
        None
    }

    /// Takes messages that nobody has in hand: those that nobody does yet, that were left, and those of who serves no more.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_claim(&self, _claim: Claim) -> Result<Claimed, StoreError> {
        Ok(Claimed::default())
    }

    /// Leaves messages to whoever claims them next; what is not in hand any more is left alone.
    ///
    /// # Errors
    /// When the store fails.
    async fn spool_leave(&self, _messages: Vec<Left>) -> Result<(), StoreError> {
        Ok(())
    }

    /// The number of changes that administrators made to the spool, and to which accounts send; it is followed within
    /// a second.
    fn spool_changes(&self) -> watch::Receiver<i64>;

    /// What waits in the spool, for monitoring.
    ///
    /// # Errors
    /// When the spool cannot be read.
    async fn spool_figures(&self) -> Result<SpoolFigures, StoreError>;

    /// How much of the bounds of the spool is taken, without counting anything anew.
    ///
    /// # Errors
    /// When the spool cannot be read.
    async fn spool_taken(&self) -> Result<SpoolTaken, StoreError>;

    /// What waits, in numbers, read as a whole.
    ///
    /// # Errors
    /// When the store fails.
    async fn queue_summary(&self) -> Result<QueueSummary, StoreError>;

    /// A page of the messages that `filter` wants, the oldest first: those behind the number `after`, which
    /// is 0 and then the `next` of the page before. Nothing is held from one page to the next. With ids in
    /// the filter there is one page.
    ///
    /// # Errors
    /// When the store fails.
    async fn queue_page(&self, filter: &QueueFilter, after: i64) -> Result<QueuePage, StoreError>;

    /// The message of that id, whatever its state, and its bytes as they will leave.
    ///
    /// # Errors
    /// When the message cannot be read, or the store fails.
    async fn queue_get(&self, id: &str) -> Result<Option<(Spooled, Vec<u8>)>, StoreError>;

    /// Changes the messages that `filter` wants, all or none. A message that is being sent is not
    /// dropped. One that cannot be read is dropped when it is named.
    ///
    /// # Errors
    /// When one that is to be tried again cannot be read, or the store fails.
    async fn queue_change(
        &self,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged, StoreError>;
}

/// What is known of a message beside its bytes and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The id of the message.
    pub id: String,
    /// When the message came.
    pub arrived: Millis,
    /// The client that brought the message; `None` on a unix socket, and for our own DSNs.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub helo: String,
    /// The reverse-path as it came.
    pub sender: ReversePath,
    /// The message has octets above 127.
    pub eight_bit: bool,
    /// The header section of the message needs SMTPUTF8.
    pub smtputf8: bool,
    /// The message had further recipients, and they have it.
    pub has_delivered: bool,
    /// The message had further destinations that will never have it.
    pub has_failed: bool,
    /// Names the message as it came, whatever it leaves as: see [`Subject`](crate::dsn::Subject). `None` for our
    /// own, and where an older version kept it.
    pub print: Option<Print>,
    /// Who caused the message where that is neither its client nor its sender: a notice is caused by whoever
    /// caused what it is about.
    pub caused_by: Option<Cause>,
    /// What an account's client asked of DSNs.
    pub dsn: MailDsn,
}

/// A message to be kept.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// What is known of the message.
    pub head: Head,
    /// What leaves. Of messages that are kept at once, those of one source keep it once.
    pub text: Text,
    /// Where the message is to go.
    pub legs: Vec<Leg>,
}

/// What a message that is kept leaves as: a [`Text`] without its source.
#[derive(Debug, Clone)]
pub struct SpooledForm {
    /// Our header fields, sent before the message.
    pub prefix: Vec<u8>,
    /// The field that is replaced.
    pub change: Option<Change>,
    /// The number of the source, which others may have too.
    pub source: i64,
}

/// A message that is kept, without its bytes.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// The number of the message in the spool.
    pub seq: i64,
    /// What is known of the message.
    pub head: Head,
    /// Octets of the message as it came.
    pub size: u64,
    /// The number of the octets, which other forms of the message share.
    pub source: i64,
    /// Where the message is to go; a leg is named by its place here.
    pub legs: Vec<Leg>,
    /// Why the message does not leave for now.
    pub held: Option<Hold>,
    /// The node that answers for the message; `None` where the store is of one machine, or none does yet.
    pub node: Option<String>,
}

/// A message that is kept, as it is to leave.
#[derive(Debug, Clone)]
pub struct SpooledWhole {
    /// The message.
    pub message: Spooled,
    /// What the message leaves as.
    pub form: SpooledForm,
    /// The octets of its source; `None` where there are more than was asked for.
    pub source: Option<Vec<u8>>,
}

/// A leg that is not at its end, as far as planning goes.
#[derive(Debug, Clone)]
pub struct Open {
    /// The number of the message.
    pub message: i64,
    /// The mailbox that the leg leads to.
    pub mailbox: Mailbox,
    /// When the leg is due.
    pub next_attempt: Millis,
    /// When the message came.
    pub arrived: Millis,
    /// Who caused the message.
    pub cause: Cause,
    /// What the message is.
    pub kind: Kind,
    /// The message does not leave for now.
    pub is_held: bool,
}

/// The spool in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolFigures {
    /// Messages in the spool.
    pub messages: u64,
    /// Octets of those messages, what they share once.
    pub octets: u64,
    /// When the oldest message came.
    pub oldest: Option<Millis>,
    /// Messages that could not be read when the spool was last read as a whole: they are in none of the
    /// other figures.
    pub unreadable: u64,
}

/// What is taken of the room that the spool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolTaken {
    /// Messages, those among them that ended and are not yet struck out.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
}

impl Head {
    /// Who caused the message.
    pub fn cause(&self) -> Cause {
        self.caused_by.clone().unwrap_or_else(|| Cause::of(self.client, &self.sender))
    }

    /// The account that sent the message. What we tell an account is caused by it, and is our own.
    pub fn account(&self) -> Option<AccountId> {
        let is_ours = self.client.is_none() && self.helo.is_empty();
        self.caused_by.as_ref().filter(|_| !is_ours).and_then(AccountId::of_cause)
    }

    /// What the message is.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.sender)
    }
}

impl SpooledForm {
    /// What leaves, with its source.
    pub fn over(self, source: Arc<Source>) -> Text {
        Text { prefix: self.prefix.into(), change: self.change, source }
    }
}

impl NewMessage {
    /// Octets of the message as it came.
    pub fn size(&self) -> u64 {
        self.text.source.octets().len() as u64
    }
}
