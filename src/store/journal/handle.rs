use super::{Bounce, Bounds, JournalError, Reading, Record, Recording};
use crate::store::{postgres, sqlite};
use async_trait::async_trait;
use std::{ops::Deref, path::Path, sync::Arc};

/// The writing side of the journal. Cheap to clone; it ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Journal(Arc<dyn Recording>);

impl Journal {
    /// Opens the journal of a state directory and starts its writer. A corrupt file is set aside as
    /// `journal.db.corrupt-N` and a new one begun.
    ///
    /// # Errors
    /// When no journal can be opened there.
    pub fn open(state_dir: &Path, bounds: Bounds) -> Result<Self, JournalError> {
        Ok(Self(Arc::new(sqlite::journal::record(state_dir, bounds)?)))
    }

    /// Opens the journal that nodes share in a database, and starts what writes to it. `node` is the name by which this
    /// process serves.
    ///
    /// # Errors
    /// When the database cannot be used, or its tables are of another version.
    pub async fn connect(
        database: postgres::Database,
        node: String,
        bounds: Bounds,
    ) -> Result<Self, JournalError> {
        Ok(Self(Arc::new(postgres::journal::record(database, node, bounds).await?)))
    }

    /// Records a message. Waits only when the disk has long been behind, and then not for long.
    pub async fn record(&self, record: Record) {
        if let Some(record) = self.0.record_at_once(record) {
            self.0.record_in_time(record).await;
        }
    }

    /// A journal that keeps nothing, for whoever only asks.
    pub fn nowhere() -> Self {
        Self(Arc::new(Nowhere))
    }
}

impl Deref for Journal {
    type Target = dyn Recording;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// Opens the journal of a state directory to read it, without making or changing anything.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn open_to_read(state_dir: &Path) -> Result<Arc<dyn Reading>, JournalError> {
    Ok(Arc::new(sqlite::journal::Records::open(state_dir)?))
}

/// Opens the journal that nodes share in a database to read it.
///
/// # Errors
/// As [`Journal::connect`].
pub async fn connect_to_read(
    database: postgres::Database,
) -> Result<Arc<dyn Reading>, JournalError> {
    Ok(Arc::new(postgres::journal::read(database).await?))
}

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Recording for Nowhere {
    fn record_at_once(&self, _: Record) -> Option<Record> {
        None
    }

    async fn record_in_time(&self, _: Record) {}
    async fn amend(&self, _: Record) {}
    async fn bounced(&self, _: Bounce) {}
    async fn replace(&self, _: Record) {}
    async fn set_bounds(&self, _: Bounds) {}
    async fn flush(&self) {}
    async fn close(&self) {}
}
