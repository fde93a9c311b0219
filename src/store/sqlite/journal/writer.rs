//! The one thread that writes.

use super::database::{Database, Entry, is_corruption, sqlite_error};
use crate::{
    clock,
    store::journal::{Bounce, Bounds, JournalError, Span},
    time::UnixTime,
};
use std::{
    path::PathBuf,
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

/// How long records gather before they are written together.
const GATHER: Duration = Duration::from_millis(150);

/// Records in one transaction.
const BATCH: usize = 1000;

/// How often the bounds are looked at.
const PRUNE: Duration = Duration::from_secs(10);

/// For how long a bounce waits for the record of the message that it answers.
const EARLY: Duration = Duration::from_secs(60);

/// Bounces that wait at once.
const MAX_EARLY: usize = 1000;

/// Trouble is logged once in this time.
const COMPLAIN: Duration = Duration::from_secs(60);

/// The two ends that [`Recorder`](super::Recorder) sends to.
pub(super) struct Queues {
    pub(super) entries: Receiver<Entry>,
    pub(super) orders: UnboundedReceiver<Order>,
    /// Records lost since the last complaint.
    pub(super) lost: Arc<AtomicU64>,
}

/// What the writer is told beside the entries.
#[derive(Debug)]
pub(super) enum Order {
    /// Write what was recorded so far, then answer.
    Flush(oneshot::Sender<()>),
    /// The same, and close the file before the answer.
    Close(oneshot::Sender<()>),
    /// Go by these.
    Bounds(Bounds),
}

/// Starts the thread. It ends when nobody can send any more.
pub(super) fn start(database: Database, bounds: Bounds, queues: Queues) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let writer = Writer {
        file: database.file().to_owned(),
        database: Some(database),
        early: Vec::new(),
        bounds,
        lost: Arc::clone(&queues.lost),
        prune_after: Instant::now(),
        counts_pruned: None,
        complained: None,
    };
    std::thread::Builder::new()
        .name("journal".into())
        .spawn(move || runtime.block_on(run(writer, queues)))?;
    Ok(())
}

async fn run(mut writer: Writer, queues: Queues) {
    let Queues { mut entries, mut orders, .. } = queues;
    let mut batch = Vec::new();
    loop {
        let mut order = None;
        tokio::select! {
            entry = entries.recv() => {
                let Some(entry) = entry else { return };
                batch.push(entry);
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    Some(given) = orders.recv() => order = Some(given),
                }
            }
            Some(given) = orders.recv() => order = Some(given),
            () = tokio::time::sleep_until(writer.prune_after.into()) => writer.prune(),
        }
        while let Ok(entry) = entries.try_recv() {
            batch.push(entry);
            if batch.len() == BATCH {
                writer.write(&mut batch);
            }
        }
        writer.write(&mut batch);
        writer.complain(None);
        // Whoever gave the order may have stopped waiting, hence no look at what `send` says.
        match order {
            Some(Order::Flush(done)) => {
                let _ = done.send(());
            }
            Some(Order::Close(done)) => {
                drop(writer);
                let _ = done.send(());
                return;
            }
            Some(Order::Bounds(bounds)) => {
                writer.bounds = bounds;
                writer.prune_after = Instant::now();
            }
            None => {}
        }
    }
}

struct Writer {
    file: PathBuf,
    /// `None` while the file cannot be opened.
    database: Option<Database>,
    /// Bounces that came before the record of their message.
    early: Vec<Bounce>,
    bounds: Bounds,
    lost: Arc<AtomicU64>,
    prune_after: Instant,
    /// The hour in which counts were deleted last.
    counts_pruned: Option<UnixTime>,
    complained: Option<Instant>,
}

impl Writer {
    /// Empties the batch into the file; what cannot be written is lost.
    fn write(&mut self, batch: &mut Vec<Entry>) {
        if batch.is_empty() {
            return;
        }
        batch.splice(0..0, self.early.drain(..).map(Entry::Bounce));
        if let Err(error) = self.try_write(batch) {
            self.lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
            self.complain(Some(&error));
        }
        batch.clear();
    }

    fn try_write(&mut self, batch: &[Entry]) -> Result<(), JournalError> {
        let mut database = match self.database.take() {
            Some(database) if database.is_in_place() => database,
            moved => {
                if let Some(moved) = moved {
                    moved.leave();
                    let file = self.file.display();
                    tracing::error!("{file} was moved or replaced: what lies there now is written");
                }
                Database::open(&self.file)?
            }
        };
        let mut written = database.write(batch, clock::millis());
        if written.as_ref().is_err_and(is_corruption) {
            database = database.begin_anew()?;
            written = database.write(batch, clock::millis());
        }
        self.database = Some(database);
        let early = written.map_err(|error| sqlite_error(&self.file, &error))?;
        let oldest = clock::millis() - EARLY;
        self.early = early.into_iter().filter(|it| it.time >= oldest).take(MAX_EARLY).collect();
        Ok(())
    }

    fn prune(&mut self) {
        let Some(database) = self.database.as_mut() else {
            self.prune_after = Instant::now() + PRUNE;
            return;
        };
        let now = clock::millis();
        let hour = Span::Hour.start(now.unix_time());
        let counts = match self.counts_pruned == Some(hour) {
            true => Ok(()),
            false => database.prune_counts(self.bounds, now),
        };
        self.counts_pruned = Some(hour);
        let pause = match counts.and_then(|()| database.prune(self.bounds, now)) {
            Ok(more) if more => GATHER,
            Ok(_) => PRUNE,
            Err(error) => {
                // Corruption found here is mended by the next write, which meets it again.
                let error = sqlite_error(&self.file, &error);
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
        let lost = self.lost.swap(0, Ordering::Relaxed);
        match error {
            Some(error) => tracing::error!(%error, lost, "the journal cannot be written"),
            None if lost > 0 => tracing::error!(lost, "the journal lost records"),
            None => return,
        }
        self.complained = Some(Instant::now());
    }
}
