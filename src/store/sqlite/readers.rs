use super::file::open_reader;
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
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        Self { path, idle: Mutex::new(Vec::new()), permits }
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
            let connection = idle.map_or_else(|| open_reader(&readers.path), Ok)?;
            let result = work(&connection);
            readers.idle.lock().push(connection);
            result.map_err(|error| StoreError::sqlite(&readers.path, &error))
        });
        work.await.map_err(|error| failed(error.to_string()))?
    }
}
