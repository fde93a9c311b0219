use super::{file::open_reader, opened::Opened, rows::domains};
use crate::store::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Semaphore;

/// Connections that read at once. Look-ups take microseconds; more would wait for the same disk.
const CONNECTIONS: usize = 4;

/// A few read-only connections, used off the runtime's threads.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    opened: Arc<Opened>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// All of them are opened now: later another file may be there, or none.
    pub(crate) fn new(path: PathBuf, opened: Arc<Opened>) -> Result<Self, StoreError> {
        let open = |_| {
            let connection = open_reader(&path)?;
            let read = domains::version(&connection);
            read.map_err(|error| StoreError::sqlite(&path, &error)).map(|_| connection)
        };
        let idle = (0..CONNECTIONS).map(open).collect::<Result<_, _>>()?;
        opened.check()?;
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        Ok(Self { path, opened, idle: Mutex::new(idle), permits })
    }

    /// Closes the connections that nobody uses now.
    pub(crate) fn close_idle(&self) {
        self.idle.lock().clear();
    }

    /// Runs `work` on a connection of its own.
    pub(crate) async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let failed = |reason: String| StoreError::failed(&self.path, reason);
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|error| failed(error.to_string()))?;
        let readers = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let idle = readers.idle.lock().pop();
            let is_new = idle.is_none();
            let connection = match idle {
                Some(connection) => connection,
                None => {
                    readers.opened.check()?;
                    open_reader(&readers.path)?
                }
            };
            let result = work(&connection);
            if is_new {
                readers.opened.check()?;
            }
            readers.idle.lock().push(connection);
            result.map_err(|error| StoreError::sqlite(&readers.path, &error))
        });
        work.await.map_err(|error| failed(error.to_string()))?
    }
}
