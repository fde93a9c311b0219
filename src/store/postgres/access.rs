//! Connections, a bounded number of them, and transactions over them.

use super::{
    Database,
    error::{Error, Failure, no_connection},
    tls::Handshakes,
};
use crate::store::StoreError;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
    Transaction,
};
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

/// What holds for each connection: nobody waits for ever, neither here nor for us. To compile a plan takes a quarter of a
/// second, and these take milliseconds.
const SESSION: &str = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET jit = off;
    SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning";
/// What holds for one that does what takes long.
const LONG_SESSION: &str =
    "SET statement_timeout = '30min'; SET idle_in_transaction_session_timeout = '30min'";

/// The way to the database.
pub(super) struct Access {
    pub(super) database: Arc<Database>,
    pool: Pool,
    writers: Semaphore,
    long: Semaphore,
    /// Changes of the directory wait for each other here, not in the database with a connection each.
    directory: Mutex<()>,
}

impl Access {
    /// A way of so many connections at once, of which those that write are half: who only asks finds one.
    pub(super) fn new(database: Arc<Database>, connections: usize) -> Result<Self, StoreError> {
        let unreachable =
            |reason: String| StoreError::Unreachable { database: database.name(), reason };
        let handshakes =
            Handshakes::with(&database).map_err(|error| unreachable(error.to_string()))?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(database.config().clone(), handshakes, recycling);
        let set_up = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .post_create(set_up)
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let (writers, long) = (Semaphore::new(connections / 2), Semaphore::new(LONG));
        Ok(Self { database, pool, writers, long, directory: Mutex::default() })
    }

    /// A connection.
    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| no_connection(error, &self.database))
    }

    /// A transaction that reads all of one moment.
    pub(super) async fn reading<'a>(
        &self,
        client: &'a mut Object,
    ) -> Result<Transaction<'a>, StoreError> {
        let begin = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        begin.read_only(true).start().await.map_err(|error| self.told(error))
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
    pub(super) async fn long(&self) -> Result<(SemaphorePermit<'_>, Object), StoreError> {
        let turn = self.wait(self.long.acquire()).await?;
        let client = self.client().await?;
        client.batch_execute(LONG_SESSION).await.map_err(|error| self.told(error))?;
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
        client: &'a mut Object,
    ) -> Result<Transaction<'a>, StoreError> {
        client.transaction().await.map_err(|error| self.told(error))
    }

    /// Keeps all that was done, or nothing of it.
    pub(super) async fn finish<T, R: From<StoreError>>(
        &self,
        tx: Transaction<'_>,
        done: Result<T, Failure<R>>,
    ) -> Result<T, R> {
        match done {
            Ok(done) => match tx.commit().await {
                Ok(()) => Ok(done),
                Err(error) => Err(self.told(error).into()),
            },
            Err(failure) => {
                // The error is what is told; a transaction that is not committed leaves nothing in any case.
                let _ = tx.rollback().await;
                Err(failure.at(&self.database))
            }
        }
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
        access.finish(transaction, done).await
    }};
}

pub(super) use {reading, trying, writing};
