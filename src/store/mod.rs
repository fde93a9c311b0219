//! What outlives a message: domains and aliases, long SRS addresses, what was delivered or refused; and
//! the spool, messages that wait.
//!
//! [`Store`] is the daemon's: look-ups answer from a bounded cache or off the runtime's threads, and
//! writes share commits. [`Directory`] and [`Queue`] are the command line's: they change domains and
//! aliases, and what waits in the spool, whether a daemon runs or not. They may be different processes;
//! a change by one is seen by the other within a second.

mod apply;
mod backup;
mod cache;
mod directory;
mod error;
pub mod journal;
mod lock;
mod memory;
mod queue;
mod remembered;
pub mod spool;
mod sqlite;
mod srs;
mod tls;
mod watch;

pub use apply::Change;
pub use backup::backup;
pub use directory::{ChangeError, Directory};
pub use error::StoreError;
pub use lock::StateLock;
pub use queue::{Queue, QueueChange, QueueChanged, QueueFilter, QueueSummary};
pub use sqlite::expiring::Fingerprint;
pub use srs::SrsPutError;
pub use tls::tls_results;

use crate::{
    address::{Domain, Mailbox},
    alias::{Expansion, ExpansionLimits, expand, expand_all},
    reply::{ForeignReply, Reply},
    time::Millis,
};
use cache::Cache;
use memory::Memory;
use spool::SpoolBounds;
use sqlite::{Live, Readers, Snapshot, Writer, aliases::Table, expiring};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, atomic::AtomicU64, mpsc},
};
use tokio::sync::watch as latest;

/// How a [`Store`] is to behave.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who gets the mail of role addresses without an alias.
    pub postmaster: Option<Mailbox>,
    /// How far an expansion may go.
    pub limits: ExpansionLimits,
    /// What the spool may use.
    pub spool: SpoolBounds,
}

/// The store of a running daemon. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state_dir: PathBuf,
    limits: ExpansionLimits,
    spool_bounds: RwLock<SpoolBounds>,
    postmaster: RwLock<Option<Arc<Mailbox>>>,
    snapshot: RwLock<Arc<Snapshot>>,
    cache: Mutex<Cache>,
    readers: Arc<Readers>,
    writer: Writer,
    delivered: Mutex<Memory<()>>,
    refused: Mutex<Memory<ForeignReply>>,
    srs_uses: Mutex<srs::Uses>,
    srs_count: Arc<AtomicU64>,
    /// The version of domains and aliases that look-ups use.
    version: latest::Sender<i64>,
    /// What the command line did to the spool.
    spool_changes: latest::Sender<i64>,
    /// Dropped with the last store, which ends the watching thread.
    _watching: mpsc::Sender<()>,
}

/// The spool in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolFigures {
    /// Messages.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// When the oldest came.
    pub oldest: Option<Millis>,
}

impl Store {
    /// Opens the store in `state_dir`, made when it does not exist. Blocks.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or of a newer version.
    pub fn open(state_dir: &Path, options: Options) -> Result<Self, StoreError> {
        let path = sqlite::path(state_dir);
        let failed = |error| StoreError::sqlite(&path, &error);
        let connection = sqlite::open_writer(state_dir)?;
        let watcher = watch::Watcher::new(sqlite::open_reader(&path)?).map_err(failed)?;
        let snapshot = Snapshot::load(&connection).map_err(failed)?;
        let (version, _) = latest::channel(snapshot.version);
        let changes = sqlite::spool::totals(&connection).map_err(failed)?.changes;
        let (spool_changes, _) = latest::channel(changes);
        let delivered = expiring::delivered(&connection).map_err(failed)?;
        let refused = expiring::refused(&connection).map_err(failed)?;
        let srs_count = expiring::count_srs_addresses(&connection).map_err(failed)?;
        let (watching, stopped) = mpsc::channel();
        let shared = Arc::new(Shared {
            state_dir: state_dir.to_owned(),
            limits: options.limits,
            spool_bounds: RwLock::new(options.spool),
            postmaster: RwLock::new(options.postmaster.map(Arc::new)),
            snapshot: RwLock::new(Arc::new(snapshot)),
            cache: Mutex::default(),
            readers: Arc::new(Readers::new(path.clone())),
            writer: Writer::start(connection, path.clone())?,
            delivered: Mutex::new(remembered::load_delivered(delivered)),
            refused: Mutex::new(remembered::load_refused(refused)),
            srs_uses: Mutex::default(),
            srs_count: Arc::new(AtomicU64::new(srs_count)),
            version,
            spool_changes,
            _watching: watching,
        });
        watcher.start(&shared, stopped).map_err(|error| StoreError::failed(&path, error))?;
        Ok(Self(shared))
    }

    /// Changes what the configuration says, from now on.
    pub fn set_options(&self, postmaster: Option<Mailbox>, spool: SpoolBounds) {
        *self.0.postmaster.write().unwrap_or_else(PoisonError::into_inner) =
            postmaster.map(Arc::new);
        *self.0.spool_bounds.write().unwrap_or_else(PoisonError::into_inner) = spool;
        // What it was answered with may have changed.
        lock(&self.0.cache).clear();
    }

    /// What waits in the spool.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn spool_figures(&self) -> Result<SpoolFigures, StoreError> {
        let read = self.0.readers.run(sqlite::queue::summary);
        let (messages, octets, oldest) = read.await?;
        Ok(SpoolFigures { messages, octets, oldest })
    }

    /// Whether it can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn is_well(&self) -> Result<(), StoreError> {
        let read = |connection: &rusqlite::Connection| {
            connection.query_row("SELECT version FROM directory", (), |row| row.get::<_, i64>(0))
        };
        self.0.readers.run(read).await.map(drop)
    }

    /// Finishes what was asked for and closes the database; look-ups go on, writes fail.
    pub async fn close(&self) {
        self.0.writer.close().await;
    }

    /// True when mail for `domain` is ours to answer.
    pub fn is_hosted(&self, domain: &Domain) -> bool {
        self.0.snapshot().domains.contains(domain)
    }

    /// What becomes of `recipient`. It must not be SRS-shaped: see [`crate::alias`].
    ///
    /// # Errors
    /// When the database cannot be read: the recipient is to be asked for again later.
    pub async fn resolve(&self, recipient: &Mailbox) -> Result<Arc<Expansion>, StoreError> {
        if !self.is_hosted(recipient.domain()) {
            return Ok(Arc::new(Expansion::Refuse(Reply::relaying_denied())));
        }
        let recipient = recipient.clone();
        self.cached(recipient.to_key(), move |live, limits| expand(&recipient, live, limits)).await
    }

    /// What becomes of a bare `<postmaster>`.
    ///
    /// # Errors
    /// As [`Store::resolve`].
    pub async fn resolve_postmaster(&self) -> Result<Arc<Expansion>, StoreError> {
        // No address is without an @.
        let key = "postmaster".to_owned();
        self.cached(key, |live, limits| match live.postmaster {
            Some(postmaster) => expand_all(std::slice::from_ref(postmaster), live, limits),
            None => Ok(Expansion::Refuse(Reply::no_postmaster())),
        })
        .await
    }

    /// The version of domains and aliases that look-ups use; it changes when they do.
    pub fn version(&self) -> latest::Receiver<i64> {
        self.0.version.subscribe()
    }

    async fn cached<F>(&self, key: String, expand: F) -> Result<Arc<Expansion>, StoreError>
    where
        F: FnOnce(&Live<'_>, ExpansionLimits) -> rusqlite::Result<Expansion> + Send + 'static,
    {
        // The epoch is read before anything that a change could make out of date.
        let epoch = {
            let mut cache = lock(&self.0.cache);
            if let Some(expansion) = cache.get(&key) {
                return Ok(expansion);
            }
            cache.epoch()
        };
        let (snapshot, limits) = (self.0.snapshot(), self.0.limits);
        let postmaster = self.0.postmaster();
        let expansion = self
            .0
            .readers
            .run(move |connection| {
                let (snapshot, postmaster) = (&*snapshot, postmaster.as_deref());
                let live = Live { connection, table: Table::Stored, snapshot, postmaster };
                expand(&live, limits)
            })
            .await?;
        let expansion = Arc::new(expansion);
        lock(&self.0.cache).insert(epoch, key, Arc::clone(&expansion));
        Ok(expansion)
    }
}

impl Shared {
    fn postmaster(&self) -> Option<Arc<Mailbox>> {
        self.postmaster.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn spool_bounds(&self) -> SpoolBounds {
        *self.spool_bounds.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The domains and regexes in force.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace_snapshot(&self, snapshot: Snapshot) {
        let version = snapshot.version;
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        lock(&self.cache).clear();
        self.version.send_replace(version);
    }
}

/// What the mutexes here guard is whole between any two statements, so a panic elsewhere is no reason
/// to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
