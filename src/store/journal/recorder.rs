//! Hands records to who writes them.

use super::{
    Bounce, Bounds, JournalError, Record, Recording,
    writer::{Entry, Order, Writer, Writes},
};
use async_trait::async_trait;
use std::{
    path::Path,
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

/// Records that may wait for the writer. At a thousand messages a second: ten seconds of disk trouble.
const WAITING_RECORDS: usize = 10_000;

/// How long a message waits for room in a full queue before its record is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hands records to a thread that writes them.
#[derive(Debug)]
pub(in crate::store) struct Recorder {
    entries: mpsc::Sender<Entry>,
    orders: mpsc::UnboundedSender<Order>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// Starts the thread, which ends when the recorder is gone.
    pub(in crate::store) fn start<W: Writes + Send + 'static>(
        writes: W,
        bounds: Bounds,
    ) -> Result<Self, JournalError> {
        let (entries, coming) = mpsc::channel(WAITING_RECORDS);
        let (orders, waiting_orders) = mpsc::unbounded_channel();
        let lost = Arc::default();
        let writer = Writer::new(writes, coming, bounds, Arc::clone(&lost));
        let failed = |error| JournalError::failed(Path::new("the journal's writer thread"), error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed)?;
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || runtime.block_on(writer.run(waiting_orders)))
            .map_err(failed)?;
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
    fn record_at_once(&self, record: Record) -> Option<Record> {
        match self.entries.try_send(Entry::New(record)) {
            Err(TrySendError::Full(Entry::New(record))) => return Some(record),
            Err(_) => _ = self.lost.fetch_add(1, Ordering::Relaxed),
            Ok(()) => {}
        }
        None
    }

    async fn record_in_time(&self, record: Record) {
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
