//! The journal in a file of its own, `journal.db` in the state directory.

mod database;
mod reader;
mod rows;
mod search;
mod traffic;
mod writer;

pub(super) use database::path;

use crate::{
    address::Domain,
    store::{
        StoreError,
        journal::{
            Bounds, Filter, HostCount, JournalError, Page, Position, Reading, Span, TrafficCount,
            recorder::Recorder,
        },
    },
    time::{Millis, UnixTime},
};
use async_trait::async_trait;
use database::Database;
use parking_lot::Mutex;
use reader::Reader;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::spawn_blocking;

/// Opens the writing side, and starts its thread.
pub(crate) fn record(state_dir: &Path, bounds: Bounds) -> Result<Recorder, JournalError> {
    Recorder::start(writer::Writer::new(Database::open(&path(state_dir))?), bounds)
}

/// Makes the file where there is none, or brings it up to date; gives its place.
pub(in crate::store::sqlite) fn prepare(state_dir: &Path) -> Result<PathBuf, StoreError> {
    let path = path(state_dir);
    let failed = |error| StoreError::failed(&path, error);
    Database::open(&path).map_err(failed)?;
    Ok(path)
}

/// Reads records off the runtime's threads, one search at a time.
#[derive(Debug)]
pub(crate) struct Records(Arc<Mutex<Reader>>);

impl Records {
    pub(crate) fn open(state_dir: &Path) -> Result<Self, JournalError> {
        Ok(Self(Arc::new(Mutex::new(Reader::open(state_dir)?))))
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let reader = Arc::clone(&self.0);
        let asked = spawn_blocking(move || question(&reader.lock()));
        let thread = Path::new("the journal's reader thread");
        asked.await.unwrap_or_else(|error| Err(JournalError::failed(thread, error)))
    }
}

#[async_trait]
impl Reading for Records {
    async fn page(&self, filter: &Filter, after: Option<Position>) -> Result<Page, JournalError> {
        let filter = filter.clone();
        self.ask(move |reader| reader.page(&filter, after)).await
    }

    async fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, JournalError> {
        let filter = filter.clone();
        self.ask(move |reader| reader.latest(&filter, before, limit)).await
    }

    async fn count_failed(&self, since: Millis) -> Result<u64, JournalError> {
        self.ask(move |reader| reader.count_failed(since)).await
    }

    async fn count_broken(&self, since: Millis) -> Result<u64, JournalError> {
        self.ask(move |reader| reader.count_broken(since)).await
    }

    async fn traffic(
        &self,
        domain: Option<&Domain>,
        span: Span,
        since: UnixTime,
    ) -> Result<Vec<TrafficCount>, JournalError> {
        let domain = domain.map(Domain::to_key).unwrap_or_default();
        self.ask(move |reader| reader.traffic(&domain, span, since)).await
    }

    async fn slowest(&self, since: Millis, limit: usize) -> Result<Vec<HostCount>, JournalError> {
        self.ask(move |reader| reader.slowest(since, limit)).await
    }
}
