use super::{
    error::Failure,
    file,
    opened::Opened,
    rows::{alias_use, domains},
    schema, size,
};
use crate::store::{
    AccountChangeError, ChangeError, SessionChangeError, StoreError, TokenChangeError,
};
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Jobs of one commit at most: where waiting for the disk stops to dominate.
const BATCH: usize = 64;
/// Jobs that wait; beyond, whoever asks waits.
const QUEUE: usize = 1_024;

/// How long the fold at the close waits for those who read.
const LAST_FOLD: Duration = Duration::from_millis(250);

/// What the thread is asked for.
enum Order {
    Job(Job),
    /// Make room on the disk behind the next commit, and answer.
    Room(oneshot::Sender<()>),
    /// See to the log, which is not in its place any more.
    Log,
    /// Fold the log into the file, close, and answer.
    Close(oneshot::Sender<()>),
}

/// A job run within the transaction, if one could be begun; what is left is told how it ended.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The one connection that writes, on a thread of its own: what waits shares a commit.
pub(crate) struct Writer {
    path: PathBuf,
    orders: mpsc::Sender<Order>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        path: PathBuf,
        opened: Arc<Opened>,
    ) -> Result<Self, StoreError> {
        let (orders, waiting) = mpsc::channel(QUEUE);
        let name = path.clone();
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(connection, waiting, &name, &opened))
            .map_err(|error| StoreError::failed(&path, error))?;
        Ok(Self { path, orders })
    }

    /// Runs `work`, whole or not at all, and answers when it is durable.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.job(work, |error, path| StoreError::sqlite(path, &error)).await
    }

    /// The same for what counts as a change of domains and aliases.
    pub(crate) async fn change<T, F>(&self, work: F) -> Result<T, ChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.job(|connection| domains::change(connection, work), Failure::at).await
    }

    /// The same for accounts, which are no part of the domains and aliases.
    pub(crate) async fn change_accounts<T, F>(&self, work: F) -> Result<T, AccountChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure<AccountChangeError>> + Send + 'static,
    {
        self.job(work, Failure::at).await
    }

    /// The same for tokens.
    pub(crate) async fn change_tokens<T, F>(&self, work: F) -> Result<T, TokenChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure<TokenChangeError>> + Send + 'static,
    {
        self.job(work, Failure::at).await
    }

    /// The same for sessions.
    pub(crate) async fn change_sessions<T, F>(&self, work: F) -> Result<T, SessionChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure<SessionChangeError>> + Send + 'static,
    {
        self.job(work, Failure::at).await
    }

    /// Runs `work`; `told` makes of its error what the caller is told.
    async fn job<T, E, X, F>(&self, work: F, told: fn(E, &Path) -> X) -> Result<T, X>
    where
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
        X: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |connection| {
            let result = connection.map(|connection| whole(connection, work));
            Box::new(move |committed| {
                let closed = || Err(StoreError::failed(&path, CLOSED).into());
                let answered = committed.map_err(X::from).and_then(|()| {
                    result.map_or_else(closed, |result| result.map_err(|error| told(error, &path)))
                });
                // Whoever asked may have gone: what was asked for is done all the same.
                let _ = answer.send(answered);
            })
        });
        let closed = || StoreError::failed(&self.path, CLOSED);
        self.orders.send(Order::Job(job)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Gives back to the disk what can be: a part of the free pages, and the log.
    pub(crate) async fn make_room(&self) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(Order::Room(done)).await.is_ok() {
            // As in `close`.
            let _ = answer.await;
        }
    }

    /// Saves what is in a log that was taken away.
    pub(crate) fn save_log(&self) {
        // Where there is no room, jobs wait, behind which it is done too.
        let _ = self.orders.try_send(Order::Log);
    }

    /// Does what was asked for so far and closes the database. What is asked for later fails.
    pub(crate) async fn close(&self) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(Order::Close(done)).await.is_ok() {
            // An error means that the thread is gone, and there is nothing to wait for.
            let _ = answer.await;
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Other jobs, or other parts of one, share the transaction: what this one did before it failed is taken back by itself.
pub(super) fn whole<T, E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let step = |sql| connection.prepare_cached(sql)?.execute(()).map(drop);
    step("SAVEPOINT job")?;
    let result = work(connection);
    // After a full disk or an I/O error the whole transaction may be gone, the savepoint with it.
    if result.is_err() && !connection.is_autocommit() {
        step("ROLLBACK TO job")?;
    }
    if !connection.is_autocommit() {
        step("RELEASE job")?;
    }
    result
}

const CLOSED: &str = "the store is closing";

fn serve(
    mut connection: Connection,
    mut orders: mpsc::Receiver<Order>,
    path: &Path,
    opened: &Opened,
) {
    let (mut close, mut saved) = (None, false);
    while close.is_none()
        && let Some(first) = orders.blocking_recv()
    {
        let (mut batch, mut room) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(order) = next.take() {
            match order {
                Order::Job(job) => batch.push(job),
                Order::Room(done) => room.push(done),
                Order::Log => {}
                Order::Close(done) => close = Some(done),
            }
            if batch.len() < BATCH && close.is_none() {
                next = orders.try_recv().ok();
            }
        }
        if !batch.is_empty() {
            let mut finish = Vec::with_capacity(batch.len());
            let committed = commit(&mut connection, batch, &mut finish, path, opened);
            for finish in finish {
                finish(committed.clone());
            }
        }
        if !saved && matches!(opened.check(), Err(StoreError::LogMoved { .. })) {
            // What is in the log would be lost by a crash. Nothing is added to it any more.
            saved = opened.may_fold() && fold(&connection).is_ok();
            tracing::warn!(saved, "what was committed is saved from the log that was taken away");
        }
        if !room.is_empty() {
            let made = make_room(&mut connection);
            tracing::debug!(?made, "short of room on the disk");
            for done in room {
                // As below.
                let _ = done.send(());
            }
        }
    }
    drop(orders);
    finish(connection, opened);
    if let Some(done) = close {
        // Whoever asked may have stopped waiting.
        let _ = done.send(());
    }
}

/// Closes the database, as one file if that may be.
fn finish(connection: Connection, opened: &Opened) {
    // Readers may still have it open, which would keep SQLite from doing this at the close. They are not
    // waited for as long as usual: that would hold up all other processes that write.
    if opened.may_fold()
        && let Err(error) = connection.busy_timeout(LAST_FOLD).and_then(|()| fold(&connection))
    {
        tracing::debug!(%error, "the write-ahead log stays until the next start");
    }
    if !opened.may_remove_log() {
        // SQLite removes it by its name. What has that name now is somebody else's.
        let kept = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        tracing::debug!(?kept, "another write-ahead log is left where it is");
    }
}

fn make_room(connection: &mut Connection) -> rusqlite::Result<()> {
    // Nobody's reading is waited for: what cannot be folded now can be later.
    connection.busy_timeout(Duration::ZERO)?;
    let made = fold(connection).and_then(|()| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        size::give_back(&transaction)?;
        transaction.commit()?;
        fold(connection)
    });
    file::wait_for_others(connection)?;
    made
}

fn fold(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
}

fn commit(
    connection: &mut Connection,
    batch: Vec<Job>,
    finish: &mut Vec<Finish>,
    path: &Path,
    opened: &Opened,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let begun = opened.check().and_then(|()| {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // It may have been moved away since it was opened.
        schema::check_is_in_use(&transaction, path)?;
        Ok(transaction)
    });
    let transaction = match begun {
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
    opened.check()?;
    if !transaction.is_autocommit() {
        alias_use::follow_changes(&transaction).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    // What is answered for must be in the file that a start will find.
    opened.check()
}
