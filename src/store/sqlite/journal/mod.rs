//! The journal in a file of its own, `journal.db` in the state directory.

mod database;
mod reader;
mod rows;
mod search;
mod traffic;
mod writer;

pub(super) use database::path;

use crate::{
    address::Domain,
    store::journal::{
        Bounce, Bounds, Filter, HostCount, JournalError, Page, Position, Reading, Record,
        Recording, Span, TrafficCount,
    },
    time::{Millis, UnixTime},
};
use async_trait::async_trait;
use database::{Database, Entry};
use parking_lot::Mutex;
use reader::Reader;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    task::spawn_blocking,
};
use writer::Order;

/// Records that may wait for the writer. At a thousand messages a second: ten seconds of disk trouble.
const WAITING_RECORDS: usize = 10_000;

/// How long a message waits for room in a full queue before its record is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hands records to a thread that writes them.
#[derive(Debug)]
pub(crate) struct Recorder {
    entries: mpsc::Sender<Entry>,
    orders: mpsc::UnboundedSender<Order>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    pub(crate) fn open(state_dir: &Path, bounds: Bounds) -> Result<Self, JournalError> {
        let database = Database::open(&path(state_dir))?;
        let (entries, waiting_entries) = mpsc::channel(WAITING_RECORDS);
        let (orders, waiting_orders) = mpsc::unbounded_channel();
        let lost = Arc::default();
        let queues = writer::Queues {
            entries: waiting_entries,
            orders: waiting_orders,
            lost: Arc::clone(&lost),
        };
        writer::start(database, bounds, queues).map_err(|error| {
            JournalError::failed(Path::new("the journal's writer thread"), error)
        })?;
        Ok(Self { entries, orders, lost })
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

    async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(order(done)).is_ok() {
            // An error means that the writer is gone, and there is nothing to wait for.
            let _ = answer.await;
        }
    }
}

#[async_trait]
impl Recording for Recorder {
    async fn record(&self, record: Record) {
        self.hand_over(Entry::New(record)).await;
    }

    async fn amend(&self, record: Record) {
        self.hand_over(Entry::Amendment(record)).await;
    }

    async fn bounced(&self, bounce: Bounce) {
        self.hand_over(Entry::Bounce(bounce)).await;
    }

    async fn replace(&self, record: Record) {
        self.hand_over(Entry::Replacement(record)).await;
    }

    async fn set_bounds(&self, bounds: Bounds) {
        // Where the writer is gone there is nothing to bound.
        let _ = self.orders.send(Order::Bounds(bounds));
    }

    async fn flush(&self) {
        self.order(Order::Flush).await;
    }

    async fn close(&self) {
        self.order(Order::Close).await;
    }
}

/// Reads records off the runtime's threads, one search at a time.
#[derive(Debug)]
pub(crate) struct Records(Arc<Mutex<Reader>>);

impl Records {
    pub(crate) fn open(state_dir: &Path) -> Result<Self, JournalError> {
        Ok(Self(Arc::new(Mutex::new(Reader::open(state_dir)?))))
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let reader = Arc::clone(&self.0);
        let asked = spawn_blocking(move || question(&reader.lock()));
        let thread = Path::new("the journal's reader thread");
        asked.await.unwrap_or_else(|error| Err(JournalError::failed(thread, error)))
    }
}

#[async_trait]
impl Reading for Records {
    async fn page(&self, filter: &Filter, after: Option<Position>) -> Result<Page, JournalError> {
        let filter = filter.clone();
        self.ask(move |reader| reader.page(&filter, after)).await
    }

    async fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, JournalError> {
        let filter = filter.clone();
        self.ask(move |reader| reader.latest(&filter, before, limit)).await
    }

    async fn count_failed(&self, since: Millis) -> Result<u64, JournalError> {
        self.ask(move |reader| reader.count_failed(since)).await
    }

    async fn count_broken(&self, since: Millis) -> Result<u64, JournalError> {
        self.ask(move |reader| reader.count_broken(since)).await
    }

    async fn traffic(
        &self,
        domain: Option<&Domain>,
        span: Span,
        since: UnixTime,
    ) -> Result<Vec<TrafficCount>, JournalError> {
        let domain = domain.map(Domain::to_key).unwrap_or_default();
        self.ask(move |reader| reader.traffic(&domain, span, since)).await
    }

    async fn slowest(&self, since: Millis, limit: usize) -> Result<Vec<HostCount>, JournalError> {
        self.ask(move |reader| reader.slowest(since, limit)).await
    }
}
