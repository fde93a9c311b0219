//! The journal: what happened to every message. Metadata only, never bodies, never secrets.

mod entry;
mod filter;
mod handle;
pub(in crate::store) mod noted;
mod outcome;
pub(in crate::store) mod recorder;
pub(in crate::store) mod tally;
mod traffic;
pub(in crate::store) mod writer;

pub use entry::{AttemptLine, Bounce, HELD, Record, code_of};
pub use filter::Filter;
pub use handle::{Journal, connect_to_read, open_to_read};
pub use outcome::Outcome;
pub use traffic::{Class, HostCount, Span, TrafficCount};

use super::StoreError;
use crate::{
    address::Domain,
    time::{DAY, Millis, UnixTime},
};
use async_trait::async_trait;
use std::{fmt, path::Path, str::FromStr, time::Duration};

/// The writing side of a journal.
///
/// Whoever keeps it promises that it never meets the writing of the store, and never holds mail up for
/// long: a journal that cannot be written loses records and says so in the log; mail goes on. What was
/// recorded is durable when [`Recording::flush`] has answered, and by itself a moment later.
#[async_trait]
pub trait Recording: fmt::Debug + Send + Sync {
    /// Records a message where nothing has to be waited for, as mostly. Gives it back where the disk has long been
    /// behind: [`Recording::record_in_time`] waits.
    fn record_at_once(&self, record: Record) -> Option<Record>;

    /// Records a message. Waits only when the disk has long been behind, and then not for long.
    async fn record_in_time(&self, record: Record);

    /// Adds to the record of the same id: attempts, the outcome, what the owner should know. The whole
    /// record is written where there is none. An outcome only moves forward: a spooled message's first
    /// record that comes late undoes no end.
    async fn amend(&self, record: Record);

    /// Adds what a bounce tells to the record of the message that it answers. What was forwarded has bounced from then
    /// on, whatever is added later but that it failed. A record that comes a little later is found too; where there
    /// is none, as it was deleted, nothing is kept.
    async fn bounced(&self, bounce: Bounce);

    /// Puts this record in the place of the one of the same id, which has no attempts. It is written where there is
    /// none.
    async fn replace(&self, record: Record);

    /// Goes by other bounds from now on.
    async fn set_bounds(&self, bounds: Bounds);

    /// Waits until everything recorded so far is written, or has failed to be.
    async fn flush(&self);

    /// Writes everything recorded so far and closes the journal. Later records, of other clones too, are
    /// lost.
    async fn close(&self);
}

/// The reading side of a journal, for other processes too than the one that writes.
#[async_trait]
pub trait Reading: fmt::Debug + Send + Sync {
    /// A page of the records that `filter` wants, the oldest first: those behind `after`, which is the
    /// `next` of the page before. Nothing is held from one page to the next. With a limit in the filter
    /// there is one page.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn page(&self, filter: &Filter, after: Option<Position>) -> Result<Page, JournalError>;

    /// The latest records that `filter` wants, the newest first and at most `limit`: those before `before`, which is the
    /// `next` of the page before. A page may be short of that, or empty, and not the last: so many records are looked at
    /// for one, and no more. Whatever limit stands in the filter does not count.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, JournalError>;

    /// How many messages failed since this time.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn count_failed(&self, since: Millis) -> Result<u64, JournalError>;

    /// How many messages since then had a DKIM signature that could not be kept.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn count_broken(&self, since: Millis) -> Result<u64, JournalError>;

    /// How many messages came to what in each span since that time, the oldest first: those that count for `domain`, or all.
    /// A message counts in the spans in which it came, as what became of it so far. No record is looked at.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn traffic(
        &self,
        domain: Option<&Domain>,
        span: Span,
        since: UnixTime,
    ) -> Result<Vec<TrafficCount>, JournalError>;

    /// The hosts of the latest attempts, a bounded number of these and none from before `since`, by how long attempts took: at
    /// most `limit`, the slowest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn slowest(&self, since: Millis, limit: usize) -> Result<Vec<HostCount>, JournalError>;
}

/// Some of the records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The records, the oldest first.
    pub records: Vec<Record>,
    /// Behind what the next page begins; `None` when this is the last one.
    pub next: Option<Position>,
}

/// A place in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the message came.
    pub(super) time: Millis,
    /// The number of its record.
    pub(super) seq: i64,
}

impl Position {
    /// When the message came that stands there.
    pub fn time(self) -> Millis {
        self.time
    }
}

/// Two numbers, which whoever keeps it does not look into.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.time.as_millis(), self.seq)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (time, seq) = text.split_once('.').ok_or(())?;
        let time = time.parse().map_err(|_| ())?;
        Ok(Self { time: Millis::new(time), seq: seq.parse().map_err(|_| ())? })
    }
}

/// How much of the journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Older records are deleted.
    pub age: Duration,
    /// Older records of [refusals](Outcome::is_refusal) are deleted.
    pub refused_age: Duration,
    /// When the file holds more octets than this, the oldest records are deleted: of refusals where these are more
    /// than half of all, else of whatever.
    pub size: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { age: DAY * 30, refused_age: DAY * 7, size: 512 << 20 }
    }
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file is no journal, or a broken one.
    #[error("{file}: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// What was found.
        reason: String,
    },
    /// The file cannot be made or renamed, or the database refuses.
    #[error("{file}: {reason}")]
    Failed {
        /// The file.
        file: String,
        /// What the system or the database says.
        reason: String,
    },
    /// There is no journal.
    #[error("{file}: there is no journal yet; it begins when the daemon starts")]
    Absent {
        /// The file that would be it.
        file: String,
    },
    /// A later version of Onward wrote the file.
    #[error("{file}: written by a later version of onward (schema {found}, known: {known})")]
    TooNew {
        /// The file.
        file: String,
        /// The schema it has.
        found: i64,
        /// The newest schema we know.
        known: i64,
    },
    /// It is in the database that nodes share, which cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JournalError {
    pub(super) fn failed(file: &Path, reason: impl ToString) -> Self {
        Self::Failed { file: file.display().to_string(), reason: reason.to_string() }
    }

    /// Whether the same may be done later.
    fn is_of_server_away(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unreachable { .. } | StoreError::Busy { .. }))
    }
}

/// Text as it stands within a string of JSON.
pub(in crate::store) fn as_in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_json() {
        assert_eq!(as_in_json("\"a\"@b.test"), "\\\"a\\\"@b.test");
    }
}
