//! Connections, a bounded number of them, and transactions over them.

use super::{
    Database, ask,
    error::{Error, Failure, no_connection, unreachable},
    servers::Servers,
};
use crate::store::StoreError;
use deadpool::{
    Runtime,
    managed::{Object, Pool, QueueMode, Timeouts},
};
use deadpool_postgres::Transaction;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_postgres::IsolationLevel;

/// Connections of a store at once.
pub(super) const CONNECTIONS: usize = 16;
/// Long changes at once, on connections of their own.
const LONG: usize = 2;
/// How long whoever asks waits for a connection or a turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may take to begin a transaction, for which it has to do nothing: so one that hangs is found out soon.
const BEGIN: Duration = Duration::from_secs(10);

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);

/// What holds for one that does what takes long.
const LONG_SESSION: &str =
    "SET statement_timeout = '30min'; SET idle_in_transaction_session_timeout = '30min'";

/// The way to the database.
pub(super) struct Access {
    pub(super) database: Arc<Database>,
    pool: Pool<Servers>,
    writers: Semaphore,
    long: Semaphore,
    /// Changes of the directory wait for each other here, not in the database with a connection each.
    directory: Mutex<()>,
}

impl Access {
    /// A way of so many connections at once, of which those that write are half: who only asks finds one.
    pub(super) fn new(database: Arc<Database>, connections: usize) -> Result<Self, StoreError> {
        let servers = Servers::of(Arc::clone(&database))?;
        let pool = Pool::builder(servers)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            // So those that few need rest, and can be ended.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .build()
            .map_err(|error| unreachable(&database, &error.to_string()))?;
        let (writers, long) = (Semaphore::new(connections / 2), Semaphore::new(LONG));
        Ok(Self { database, pool, writers, long, directory: Mutex::default() })
    }

    /// A connection.
    pub(super) async fn client(&self) -> Result<Object<Servers>, StoreError> {
        self.pool.get().await.map_err(|error| no_connection(error, &self.database))
    }

    /// Which of its servers serves.
    pub(super) fn servers(&self) -> &Servers {
        self.pool.manager()
    }

    /// A transaction that reads all of one moment.
    pub(super) async fn reading<'a>(
        &self,
        client: &'a mut Object<Servers>,
    ) -> Result<Transaction<'a>, StoreError> {
        client.begins();
        let begin = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        self.begun(begin.read_only(true).start()).await
    }

    /// A turn to write.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.wait(self.writers.acquire()).await
    }

    /// A turn to change the directory.
    pub(super) async fn directory_turn(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        timeout(PATIENCE, self.directory.lock()).await.map_err(|_| self.busy())
    }

    /// A connection for what takes long, which ends with it.
    pub(super) async fn long(&self) -> Result<(SemaphorePermit<'_>, Object<Servers>), StoreError> {
        let turn = self.wait(self.long.acquire()).await?;
        let client = self.client().await?;
        let set = ask::answered(client.batch_execute(LONG_SESSION)).await;
        set.map_err(|error| self.told(error))?;
        Ok((turn, client))
    }

    async fn wait<'a>(
        &self,
        turn: impl Future<Output = Result<SemaphorePermit<'a>, tokio::sync::AcquireError>>,
    ) -> Result<SemaphorePermit<'a>, StoreError> {
        match timeout(PATIENCE, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(self.busy()),
        }
    }

    /// A transaction that writes.
    pub(super) async fn writing<'a>(
        &self,
        client: &'a mut Object<Servers>,
    ) -> Result<Transaction<'a>, StoreError> {
        client.begins();
        self.begun(client.transaction()).await
    }

    async fn begun<'a>(
        &self,
        begin: impl Future<Output = Result<Transaction<'a>, tokio_postgres::Error>>,
    ) -> Result<Transaction<'a>, StoreError> {
        match timeout(BEGIN, begin).await {
            Ok(begun) => begun.map_err(|error| self.told(error)),
            Err(_) => Err(self.told(Error::Silent)),
        }
    }

    /// Keeps all that was done, or nothing of it.
    pub(super) async fn finish<T, R: From<StoreError>>(
        &self,
        tx: Transaction<'_>,
        done: Result<T, Failure<R>>,
    ) -> Result<T, R> {
        self.end(tx, done).await.done
    }

    /// The same, and whether the server has said so.
    pub(super) async fn end<T, R: From<StoreError>>(
        &self,
        tx: Transaction<'_>,
        done: Result<T, Failure<R>>,
    ) -> Ended<T, R> {
        match done {
            Ok(done) => match ask::answered(tx.commit()).await {
                Ok(()) => Ended { done: Ok(done), is_known: true },
                Err(error) => Ended { done: Err(self.told(error).into()), is_known: false },
            },
            Err(failure @ Failure::Database(Error::Silent)) => {
                Ended { done: Err(failure.at(&self.database)), is_known: false }
            }
            Err(failure) => {
                // The error is what is told; a transaction that is not committed leaves nothing in any case.
                let is_known = ask::answered(tx.rollback()).await.is_ok();
                Ended { done: Err(failure.at(&self.database)), is_known }
            }
        }
    }

    /// Ends connections that nobody has used for a while: what many asked for at once is kept for nobody.
    pub(super) fn end_idle(&self) {
        self.pool.retain(|_, used| used.last_used() < IDLE);
    }

    pub(super) fn told(&self, error: impl Into<Error>) -> StoreError {
        error.into().at(&self.database)
    }

    /// Nobody writes any more; look-ups go on.
    pub(super) fn close(&self) {
        self.writers.close();
        self.long.close();
    }

    fn busy(&self) -> StoreError {
        StoreError::Busy { path: self.database.name().into() }
    }
}

/// How a transaction ended.
pub(super) struct Ended<T, R> {
    pub(super) done: Result<T, R>,
    /// Else nobody knows what the connection is at.
    pub(super) is_known: bool,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("database", &self.database).finish_non_exhaustive()
    }
}

/// Does what only reads, as of one moment.
macro_rules! reading {
    ($access:expr, $tx:ident => $work:expr) => {{
        let access = &$access;
        let mut client = access.client().await?;
        let transaction = access.reading(&mut client).await?;
        let $tx = &transaction;
        let done: std::result::Result<_, $crate::store::postgres::error::Error> =
            async { $work }.await;
        drop(transaction);
        if done.is_ok() {
            client.ended();
        }
        done.map_err(|error| access.told(error))
    }};
}

/// Does what writes, all of it or nothing; what it gives is durable.
macro_rules! writing {
    ($access:expr, $tx:ident => $work:expr) => {{
        let done: std::result::Result<_, $crate::store::StoreError> =
            $crate::store::postgres::access::trying!($access, $tx => $work);
        done
    }};
}

/// The same of what may be refused for other reasons.
macro_rules! trying {
    ($access:expr, $tx:ident => $work:expr) => {{
        let access = &$access;
        let _turn = access.turn().await?;
        let mut client = access.client().await?;
        let transaction = access.writing(&mut client).await?;
        let done: std::result::Result<_, $crate::store::postgres::error::Failure<_>> = {
            let $tx = &transaction;
            async { $work }.await
        };
        let ended = access.end(transaction, done).await;
        if ended.is_known {
            client.ended();
        }
        ended.done
    }};
}

pub(super) use {reading, trying, writing};
