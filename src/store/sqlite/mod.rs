//! The store in a state directory: one SQLite file, write-ahead log, every commit synchronous; and the
//! journal in another. All SQL stands below here.

mod accounts;
mod alias_numbers;
mod alias_texts;
mod alias_use;
mod alter;
mod apply;
mod backup;
mod directory;
mod error;
mod file;
pub(super) mod journal;
mod long_senders;
mod many;
mod memory;
pub(super) mod mirror;
pub(super) mod moving;
mod opened;
mod outbox;
mod queue;
mod readers;
mod removals;
mod rows;
mod rules;
mod schema;
mod sessions;
mod size;
mod snapshot;
mod spool;
mod standing;
mod standing_load;
mod steps;
mod times;
mod tls;
mod tokens;
mod tries;
mod watch;
mod writer;

pub use backup::backup;

use snapshot::Live;

use super::{
    Backend, NodeStatus, Nodes, Options, Sharing, StoreError, Unreadable,
    expiring::Expiring,
    in_force::InForce,
    number::{column, number},
    spool::SpoolBounds,
};
use crate::{address::Mailbox, reply::ForeignReply};
use async_trait::async_trait;
use opened::Opened;
use parking_lot::Mutex;
use readers::Readers;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::watch as latest;
use watch::{Watcher, Watching};
use writer::Writer;

/// False when nothing was ever kept in `state_dir`.
pub(super) fn exists(state_dir: &Path) -> Result<bool, StoreError> {
    file::exists(&file::path(state_dir))
}

/// The store of a running daemon, or of an administrator.
#[derive(Debug)]
pub(super) struct Sqlite {
    state_dir: PathBuf,
    live: InForce,
    opened: Arc<Opened>,
    readers: Arc<Readers>,
    writer: Writer,
    delivered: Mutex<Expiring<()>>,
    refused: Mutex<Expiring<ForeignReply>>,
    told: Mutex<Expiring<()>>,
    /// Messages that could not be read when the spool was last read as a whole, by number.
    unreadable: Mutex<BTreeMap<i64, Unreadable>>,
    /// What administrators did to the spool.
    spool_changes: latest::Sender<i64>,
    /// Until the store is closed.
    watching: Mutex<Option<Watching>>,
}

impl Sqlite {
    /// Opens the store in `state_dir`, made when it does not exist.
    pub(super) fn open(state_dir: &Path, options: Options) -> Result<Arc<Self>, StoreError> {
        let path = file::path(state_dir);
        let failed = |error| StoreError::sqlite(&path, &error);
        let (connection, file) = file::open_writer(state_dir, options.keeps_schema)?;
        let watcher = Watcher::new(file::open_reader(&path)?).map_err(failed)?;
        let snapshot = snapshot::load(&connection, None).map_err(failed)?;
        let opened = Arc::new(Opened::new(&path, file)?);
        let changes = rows::spool::totals(&connection).map_err(failed)?.changes;
        let (spool_changes, _) = latest::channel(changes);
        let delivered = memory::delivered(&connection).map_err(failed)?;
        let refused = memory::refused(&connection).map_err(failed)?;
        let told = memory::told(&connection).map_err(failed)?;
        let store = Arc::new(Self {
            state_dir: state_dir.to_owned(),
            live: InForce::new(snapshot, &options),
            opened: Arc::clone(&opened),
            readers: Arc::new(Readers::new(path.clone(), Arc::clone(&opened))?),
            writer: Writer::start(connection, path.clone(), opened)?,
            delivered: Mutex::new(delivered),
            refused: Mutex::new(refused),
            told: Mutex::new(told),
            unreadable: Mutex::default(),
            spool_changes,
            watching: Mutex::default(),
        });
        let watching = watcher.start(&store).map_err(|error| StoreError::failed(&path, error))?;
        *store.watching.lock() = Some(watching);
        Ok(store)
    }
}

#[async_trait]
impl Nodes for Sqlite {
    async fn nodes(&self) -> Result<Vec<NodeStatus>, StoreError> {
        Ok(Vec::new())
    }
}

impl Sharing for Sqlite {}

#[async_trait]
impl Backend for Sqlite {
    fn set_options(&self, postmaster: Option<Mailbox>, keep_tag: bool, spool: SpoolBounds) {
        self.live.set_options(postmaster, keep_tag, spool);
    }

    async fn is_well(&self) -> Result<(), StoreError> {
        match self.readers.run(rows::domains::version).await {
            // A restart would not find what is missing; whoever mends it decides when.
            Ok(_) | Err(StoreError::Moved { .. } | StoreError::LogMoved { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn trouble(&self) -> latest::Receiver<Option<StoreError>> {
        self.opened.trouble()
    }

    async fn close(&self) {
        // The writer is to be the last: SQLite removes the log and the shared memory behind the last
        // connection, if that may write.
        let watching = self.watching.lock().take();
        if let Some(watching) = watching {
            // It cannot fail but by a panic, which the watcher's thread would have told.
            let _ = tokio::task::spawn_blocking(|| watching.end()).await;
        }
        self.readers.close_idle();
        self.writer.close().await;
    }
}
