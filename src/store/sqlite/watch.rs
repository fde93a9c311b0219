//! Notices changes that other processes make to domains, aliases and the spool, and what is done to the
//! files.

use super::{
    Sqlite,
    rows::{domains, spool},
    snapshot,
};
use crate::store::StoreError;
use rusqlite::Connection;
use std::{
    io,
    sync::{Arc, Weak, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often the database is asked whether it changed: a look at shared memory.
const INTERVAL: Duration = Duration::from_millis(200);

/// A watcher at work.
#[derive(Debug)]
pub(super) struct Watching {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Watching {
    /// Stops the watcher and waits until its connection is closed. Blocks for as long as a look takes.
    pub(super) fn end(self) {
        drop(self.stop);
        // A watcher that panicked has closed its connection too.
        let _ = self.thread.join();
    }
}

pub(super) struct Watcher {
    connection: Connection,
    /// What `PRAGMA data_version` said last: it differs after another connection's commit.
    seen: i64,
}

impl Watcher {
    /// What is committed from here on is noticed.
    pub(super) fn new(connection: Connection) -> rusqlite::Result<Self> {
        let seen = data_version(&connection)?;
        Ok(Self { connection, seen })
    }

    /// Watches on a thread of its own until what is given back is dropped.
    pub(super) fn start(mut self, store: &Arc<Sqlite>) -> io::Result<Watching> {
        let (stop, stopped) = mpsc::channel();
        let store = Arc::downgrade(store);
        let watch = move || {
            let (mut troubled, mut is_log_there) = (false, true);
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(INTERVAL) {
                if let Some(store) = store.upgrade() {
                    let is_there =
                        !matches!(store.opened.check(), Err(StoreError::LogMoved { .. }));
                    if is_log_there && !is_there {
                        store.writer.save_log();
                    }
                    is_log_there = is_there;
                }
                let looked = self.look(&store);
                if let Err(error) = &looked
                    && !troubled
                {
                    tracing::warn!("cannot see what the command line changed, trying on: {error}");
                }
                troubled = looked.is_err();
            }
        };
        let thread = thread::Builder::new().name("store-watcher".into()).spawn(watch)?;
        Ok(Watching { stop, thread })
    }

    fn look(&mut self, store: &Weak<Sqlite>) -> rusqlite::Result<()> {
        let data_version = data_version(&self.connection)?;
        let Some(store) = store.upgrade() else { return Ok(()) };
        if data_version == self.seen {
            return Ok(());
        }
        // The daemon's own writes come by here too, and leave the directory's version alone.
        let before = store.live.snapshot();
        if domains::version(&self.connection)? != before.version {
            store.live.replace(snapshot::load(&self.connection, Some(&before))?);
        }
        let changes = spool::totals(&self.connection)?.changes;
        store.spool_changes.send_if_modified(|seen| std::mem::replace(seen, changes) != changes);
        self.seen = data_version;
        Ok(())
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))
}
