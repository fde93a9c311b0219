//! Writes to the file, which may be moved, or found corrupt.

use super::database::{Database, is_corruption, sqlite_error};
use crate::{
    store::journal::{
        Bounce, Bounds, JournalError,
        writer::{Entry, Writes},
    },
    time::Millis,
};
use async_trait::async_trait;
use std::path::PathBuf;

pub(super) struct Writer {
    file: PathBuf,
    /// `None` while the file cannot be opened.
    database: Option<Database>,
}

impl Writer {
    pub(super) fn new(database: Database) -> Self {
        Self { file: database.file().to_owned(), database: Some(database) }
    }
}

#[async_trait(?Send)]
impl Writes for Writer {
    async fn write(&mut self, entries: &[Entry], now: Millis) -> Result<Vec<Bounce>, JournalError> {
        let mut database = match self.database.take() {
            Some(database) if database.is_in_place() => database,
            moved => {
                if let Some(moved) = moved {
                    moved.leave();
                    let file = self.file.display();
                    tracing::error!("{file} was moved or replaced: what lies there now is written");
                }
                Database::open(&self.file)?
            }
        };
        let mut written = database.write(entries, now);
        if written.as_ref().is_err_and(is_corruption) {
            database = database.begin_anew()?;
            written = database.write(entries, now);
        }
        self.database = Some(database);
        written.map_err(|error| sqlite_error(&self.file, &error))
    }

    async fn prune(&mut self, bounds: Bounds, now: Millis) -> Result<bool, JournalError> {
        let Some(database) = self.database.as_mut() else { return Ok(false) };
        database.prune(bounds, now).map_err(|error| sqlite_error(&self.file, &error))
    }

    async fn prune_counts(&mut self, bounds: Bounds, now: Millis) -> Result<(), JournalError> {
        let Some(database) = self.database.as_mut() else { return Ok(()) };
        database.prune_counts(bounds, now).map_err(|error| sqlite_error(&self.file, &error))
    }
}
