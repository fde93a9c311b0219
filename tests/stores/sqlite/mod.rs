//! The store that is one SQLite file in a state directory.

mod journal;
mod spool;
mod store;
mod unreadable;

use crate::place::{JournalPlace, Place};
use onward::store::{
    Options, StateLock, Store,
    journal::{self as entries, Bounds, Journal, Reading},
};
use rusqlite::Connection;
use std::{any::Any, path::Path, sync::Arc};
use tempfile::TempDir;

mod suite {
    crate::run_suite! { store Some(crate::sqlite::InDirectory::new()) }
    crate::run_suite! { journal Some(crate::sqlite::InDirectory::new()) }
}

pub(crate) struct InDirectory(TempDir);

impl InDirectory {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }
}

impl Place for InDirectory {
    fn open_with(&self, options: Options) -> Store {
        Store::open(self.0.path(), options).unwrap()
    }

    fn totals(&self) -> (i64, i64) {
        totals(&self.0)
    }

    fn serve(&self) -> Box<dyn Any> {
        Box::new(StateLock::take(self.0.path()).unwrap().unwrap())
    }
}

impl JournalPlace for InDirectory {
    fn journal_with(&self, bounds: Bounds) -> Journal {
        Journal::open(self.0.path(), bounds).unwrap()
    }

    fn reading(&self) -> Arc<dyn Reading> {
        entries::open_to_read(self.0.path()).unwrap()
    }
}

fn open(state: &TempDir) -> Store {
    Store::open(state.path(), Options::default()).unwrap()
}

fn raw(state: &TempDir) -> Connection {
    Connection::open(state.path().join("onward.db")).unwrap()
}

/// Makes a database of this version one of version 6.
const VERSION_6: &str = concat!(
    include_str!("../../support/version_15.sql"),
    include_str!("../../support/version_6.sql")
);

/// Messages and octets as they are counted, which is as they are.
#[track_caller]
fn totals(state: &TempDir) -> (i64, i64) {
    let raw = raw(state);
    let ask = |sql| raw.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let counted = ask("SELECT messages, octets FROM spool_totals");
    let kept = "SELECT count(*), coalesce(sum(iif(text IS NULL, size, length(prefix) + length(message))), 0)
                + (SELECT coalesce(sum(length(octets)), 0) FROM spool_texts) FROM spool";
    assert_eq!(counted, ask(kept));
    let stray = "SELECT count(*), 0 FROM spool_texts WHERE text NOT IN (SELECT text FROM spool WHERE text NOT NULL)";
    assert_eq!(ask(stray), (0, 0), "octets without a message");
    let stray = "SELECT count(*), 0 FROM spool_legs WHERE message NOT IN (SELECT seq FROM spool)";
    assert_eq!(ask(stray), (0, 0), "legs without a message");
    counted
}
