use crate::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::{path::PathBuf, thread};
use tokio::sync::{mpsc, oneshot};

/// Jobs of one commit at most: where waiting for the disk stops to dominate.
const BATCH: usize = 64;
/// Jobs that wait; beyond, whoever asks waits.
const QUEUE: usize = 1_024;

/// A job run within the transaction, if one could be begun; what is left is told how it ended.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The one connection that writes, on a thread of its own: what waits shares a commit.
#[derive(Debug)]
pub(in crate::store) struct Writer {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(in crate::store) fn start(
        connection: Connection,
        path: PathBuf,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let name = path.clone();
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(connection, waiting, &name))
            .map_err(|error| StoreError::failed(&path, error))?;
        Ok(Self { path, jobs })
    }

    /// Runs `work` and answers when it is durable. What an error of `work` leaves half done is
    /// committed with the rest, so `work` is one statement, or several that need not go together.
    pub(in crate::store) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |connection| {
            let result = connection.map(work);
            Box::new(move |committed| {
                let closed = || Err(StoreError::failed(&path, CLOSED));
                let answered = committed.and_then(|()| {
                    result.map_or_else(closed, |result| {
                        result.map_err(|error| StoreError::sqlite(&path, &error))
                    })
                });
                // Whoever asked may have gone: what was asked for is done all the same.
                let _ = answer.send(answered);
            })
        });
        let closed = || StoreError::failed(&self.path, CLOSED);
        self.jobs.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

const CLOSED: &str = "the store is closing";

fn serve(mut connection: Connection, mut jobs: mpsc::Receiver<Job>, path: &std::path::Path) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let mut finish = Vec::with_capacity(batch.len());
        let committed = commit(&mut connection, batch, &mut finish)
            .map_err(|error| StoreError::sqlite(path, &error));
        for finish in finish {
            finish(committed.clone());
        }
    }
}

fn commit(
    connection: &mut Connection,
    batch: Vec<Job>,
    finish: &mut Vec<Finish>,
) -> rusqlite::Result<()> {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            finish.extend(batch.into_iter().map(|job| job(None)));
            return Err(error);
        }
    };
    for job in batch {
        // A full disk or an I/O error ends a transaction by itself; what came later must not be
        // committed on its own.
        let open = (!transaction.is_autocommit()).then_some(&*transaction);
        finish.push(job(open));
    }
    transaction.commit()
}
