//! The journal: what happened to every message. Metadata only, never bodies, never secrets.
//!
//! It lies in a file of its own, `journal.db` in the state directory, so that its writing never meets
//! that of the aliases. A journal that cannot be written loses records and says so in the log; mail
//! goes on.

mod database;
mod entry;
mod reader;
mod writer;

use database::FILE;
use writer::{Entry, Order};

pub use entry::{Attempt, Outcome, Record};
pub use reader::{Filter, Reader};

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

/// The journal's place in a state directory.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

/// Records that may wait for the writer. At a thousand messages a second: ten seconds of disk trouble.
const WAITING_RECORDS: usize = 10_000;

/// How long a message waits for room in a full queue before its record is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Older records are deleted.
    pub age: Duration,
    /// When the file holds more octets than this, the oldest records are deleted.
    pub size: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { age: Duration::from_hours(30 * 24), size: 512 << 20 }
    }
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// SQLite or the file system refuses.
    #[error("{file}: {source}")]
    Sqlite {
        /// The file.
        file: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file cannot be made or renamed.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
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
}

/// The writing side. Cheap to clone; the writer ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
    orders: mpsc::UnboundedSender<Order>,
    lost: Arc<AtomicU64>,
}

impl Journal {
    /// Opens the journal of a state directory and starts its writer. A corrupt file is set aside as
    /// `journal.db.corrupt-N` and a new one begun.
    ///
    /// # Errors
    /// When no journal can be opened there.
    pub fn open(state_dir: &Path, bounds: Bounds) -> Result<Self, JournalError> {
        let database = database::Database::open(&path(state_dir))?;
        let (entries, waiting_entries) = mpsc::channel(WAITING_RECORDS);
        let (orders, waiting_orders) = mpsc::unbounded_channel();
        let lost = Arc::default();
        let queues = writer::Queues {
            entries: waiting_entries,
            orders: waiting_orders,
            lost: Arc::clone(&lost),
        };
        writer::start(database, bounds, queues).map_err(|source| JournalError::File {
            file: "the journal's writer thread".into(),
            source,
        })?;
        Ok(Self { entries, orders, lost })
    }

    /// A journal that keeps nothing, for whoever only asks.
    pub fn nowhere() -> Self {
        let ((entries, _), (orders, _)) = (mpsc::channel(1), mpsc::unbounded_channel());
        Self { entries, orders, lost: Arc::default() }
    }

    /// Hands a record to the writer. Waits only when the disk has long been behind, and then not for
    /// long.
    pub async fn record(&self, record: Record) {
        self.hand_over(Entry::New(record)).await;
    }

    /// Adds to the record of the same id: attempts, the outcome, what the owner should know. The whole
    /// record is written where there is none.
    pub async fn amend(&self, record: Record) {
        self.hand_over(Entry::Amendment(record)).await;
    }

    async fn hand_over(&self, entry: Entry) {
        let sent = match self.entries.try_send(entry) {
            Err(TrySendError::Full(entry)) => {
                self.entries.send_timeout(entry, PATIENCE).await.is_ok()
            }
            sent => sent.is_ok(),
        };
        if !sent {
            // The writer reports them, once a minute.
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything recorded so far is written, or has failed to be.
    pub async fn flush(&self) {
        self.order(Order::Flush).await;
    }

    /// Writes everything recorded so far and closes the file. Later records, of other clones too, are
    /// lost.
    pub async fn close(self) {
        self.order(Order::Close).await;
    }

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(order(done)).is_ok() {
            // An error means that the writer is gone, and there is nothing to wait for.
            let _ = answer.await;
        }
    }
}
