//! Records on their way to where they are kept: they gather, and a thread of its own writes them together.

use super::{Bounce, Bounds, JournalError, Record, Span};
use crate::{
    clock,
    time::{Millis, UnixTime},
};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{
    mpsc::{Receiver, UnboundedReceiver},
    oneshot,
};

/// Records that wait for a server to come back, beyond which they are lost.
const HELD: usize = 20_000;

/// How long records gather before they are written together.
const GATHER: Duration = Duration::from_millis(150);

/// Records in one transaction.
const BATCH: usize = 1000;

/// How often the bounds are looked at.
const PRUNE: Duration = Duration::from_secs(10);

/// How long it is until a server that was away is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// For how long a bounce waits for the record of the message that it answers.
const EARLY: Duration = Duration::from_secs(60);

/// Bounces that wait at once.
const MAX_EARLY: usize = 1000;

/// Trouble is logged once in this time.
const COMPLAIN: Duration = Duration::from_secs(60);

/// Where records are written.
#[async_trait(?Send)]
pub(in crate::store) trait Writes {
    /// Writes entries, all or none; gives the bounces whose message is not known. When a server was away, the next call
    /// begins with the same entries.
    async fn write(&mut self, entries: &[Entry], now: Millis) -> Result<Vec<Bounce>, JournalError>;

    /// Deletes some of what is out of bounds; true when there may be more.
    async fn prune(&mut self, bounds: Bounds, now: Millis) -> Result<bool, JournalError>;

    /// Deletes counts of spans that are over for long, and those that are too many.
    async fn prune_counts(&mut self, bounds: Bounds, now: Millis) -> Result<(), JournalError>;
}

/// What is to be written.
#[derive(Debug)]
pub(in crate::store) enum Entry {
    /// A message that was not known.
    New(Record),
    /// More about one that was.
    Amendment(Record),
    /// What stands in the place of one that was.
    Replacement(Record),
    /// What a bounce tells of one.
    Bounce(Bounce),
}

/// What the writer is told beside the entries.
#[derive(Debug)]
pub(super) enum Order {
    /// Write what was recorded so far, then answer.
    Flush(oneshot::Sender<()>),
    /// The same, and close the journal before the answer.
    Close(oneshot::Sender<()>),
    /// Go by these.
    Bounds(Bounds),
}

/// What runs on the thread.
pub(super) struct Writer<W> {
    writes: W,
    coming: Coming,
    /// Bounces that came before the record of their message.
    early: Vec<Bounce>,
    bounds: Bounds,
    /// When what waits has gathered for long enough.
    gathered: Option<Instant>,
    prune_after: Instant,
    /// When a server that was away is asked again.
    retry_after: Option<Instant>,
    /// The hour in which counts were deleted last.
    counts_pruned: Option<UnixTime>,
    complained: Option<Instant>,
}

/// What came, and is not written yet.
struct Coming {
    entries: Receiver<Entry>,
    waiting: VecDeque<Entry>,
    /// Records lost since the last complaint.
    lost: Arc<AtomicU64>,
}

impl Coming {
    /// Keeps what came until it is written, if there is room for it.
    fn hold(&mut self, entry: Entry) {
        match self.waiting.len() < HELD {
            true => self.waiting.push_back(entry),
            false => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Takes what comes during some work, so that nobody waits for a server that is slow.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(entry) = self.entries.recv() => self.hold(entry),
            }
        }
    }
}

impl<W: Writes> Writer<W> {
    pub(super) fn new(
        writes: W,
        coming: Receiver<Entry>,
        bounds: Bounds,
        lost: Arc<AtomicU64>,
    ) -> Self {
        Self {
            writes,
            coming: Coming { entries: coming, waiting: VecDeque::new(), lost },
            early: Vec::new(),
            bounds,
            gathered: None,
            prune_after: Instant::now(),
            retry_after: None,
            counts_pruned: None,
            complained: None,
        }
    }

    pub(super) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            let mut order = None;
            let next = self.retry_after.unwrap_or(self.prune_after).min(self.prune_after);
            // Beside the bounds, which are looked at meanwhile, so that nothing is written sooner for them, or later.
            let gathered = match self.coming.waiting.is_empty() || self.retry_after.is_some() {
                true => None,
                false => Some(*self.gathered.get_or_insert_with(|| Instant::now() + GATHER)),
            };
            tokio::select! {
                entry = self.coming.entries.recv(), if gathered.is_none() => {
                    let Some(entry) = entry else { return };
                    self.coming.hold(entry);
                    if self.retry_after.is_none() {
                        continue;
                    }
                }
                () = tokio::time::sleep_until(gathered.unwrap_or(next).into()), if gathered.is_some() => {}
                Some(given) = orders.recv() => order = Some(given),
                () = tokio::time::sleep_until(next.into()) => {
                    if Instant::now() >= self.prune_after {
                        self.prune().await;
                    }
                    if self.retry_after.is_none() {
                        // Nobody may write for long, and what was lost is told all the same.
                        self.complain(None);
                        continue;
                    }
                }
            }
            self.gathered = None;
            while let Ok(entry) = self.coming.entries.try_recv() {
                self.coming.hold(entry);
                if self.coming.waiting.len() >= BATCH {
                    self.write(order.is_some()).await;
                }
            }
            self.write(order.is_some()).await;
            self.complain(None);
            // Whoever gave the order may have stopped waiting, hence no look at what `send` says.
            match order {
                Some(Order::Flush(done)) => {
                    let _ = done.send(());
                }
                Some(Order::Close(done)) => {
                    if !self.coming.waiting.is_empty() {
                        tracing::error!(
                            lost = self.coming.waiting.len(),
                            "the journal lost records"
                        );
                    }
                    drop(self);
                    let _ = done.send(());
                    return;
                }
                Some(Order::Bounds(bounds)) => {
                    self.bounds = bounds;
                    self.prune_after = Instant::now();
                }
                None => {}
            }
        }
    }

    /// Writes what waits, and asks a server that was away only when it is time or `now`. What comes meanwhile gathers for the
    /// next time. What cannot be written is lost, unless the server may come back.
    async fn write(&mut self, now: bool) {
        let is_time = self.retry_after.is_none_or(|after| now || Instant::now() >= after);
        let mut left = self.coming.waiting.len();
        while is_time && left > 0 {
            let early = self.early.drain(..).map(Entry::Bounce);
            // Never fewer than before, so that whoever has to begin again has them all.
            let some = left.min(BATCH + MAX_EARLY - early.len());
            left -= some;
            let entries: Vec<Entry> = early.chain(self.coming.waiting.drain(..some)).collect();
            self.retry_after = None;
            let written = self.writes.write(&entries, clock::millis());
            match self.coming.during(written).await {
                Ok(early) => {
                    let oldest = clock::millis() - EARLY;
                    let early = early.into_iter().filter(|it| it.time >= oldest);
                    self.early = early.take(MAX_EARLY).collect();
                }
                Err(error) if error.is_of_server_away() => {
                    for entry in entries.into_iter().rev() {
                        self.coming.waiting.push_front(entry);
                    }
                    self.retry_after = Some(Instant::now() + RETRY);
                    self.complain(Some(&error));
                    return;
                }
                Err(error) => {
                    self.coming.lost.fetch_add(entries.len() as u64, Ordering::Relaxed);
                    self.complain(Some(&error));
                }
            }
        }
    }

    async fn prune(&mut self) {
        let now = clock::millis();
        let hour = Span::Hour.start(now.unix_time());
        let is_new_hour = self.counts_pruned != Some(hour);
        self.counts_pruned = Some(hour);
        let Self { writes, coming, bounds, .. } = self;
        let work = async {
            if is_new_hour {
                writes.prune_counts(*bounds, now).await?;
            }
            writes.prune(*bounds, now).await
        };
        let pause = match coming.during(work).await {
            Ok(more) if more => GATHER,
            Ok(_) => PRUNE,
            Err(error) => {
                // Corruption found here is mended by the next write, which meets it again.
                self.complain(Some(&error));
                PRUNE
            }
        };
        self.prune_after = Instant::now() + pause;
    }

    /// Logs trouble and how many records it has cost.
    fn complain(&mut self, error: Option<&JournalError>) {
        if self.complained.is_some_and(|then| then.elapsed() < COMPLAIN) {
            return;
        }
        let lost = self.coming.lost.swap(0, Ordering::Relaxed);
        match error {
            Some(error) => tracing::error!(%error, lost, "the journal cannot be written"),
            None if lost > 0 => tracing::error!(lost, "the journal lost records"),
            None => return,
        }
        self.complained = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests;
