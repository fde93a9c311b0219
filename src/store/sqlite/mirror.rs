//! A copy of a directory that is elsewhere, in a file of this machine: look-ups are answered from it, also while nobody can
//! reach what it is a copy of.

use super::{
    file,
    opened::Opened,
    readers::Readers,
    rows::{
        aliases::{self, Table},
        blocks, domain_settings, domains,
    },
    snapshot::{self, Live, at_once},
};
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Alias, AliasAddress, Counted, ExpansionLimits, Key, Lookup, Resolution, expand, expand_all,
    },
    clock,
    store::{
        StoreError,
        in_force::{Asked, without_postmaster},
        snapshot::Snapshot,
    },
    time::UnixTime,
};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    collections::HashSet,
    future::{Future, ready},
    path::{Path, PathBuf},
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    task::spawn_blocking,
};

/// The copy.
#[derive(Debug)]
pub(in crate::store) struct Mirror {
    path: PathBuf,
    connection: Arc<AsyncMutex<Connection>>,
    readers: Arc<Readers>,
    /// Of which directory it is a copy, and of which version of it; `None` before there is one.
    known: Mutex<Option<(String, i64)>>,
}

/// A change of the copy, all of which is kept or nothing.
pub(in crate::store) struct Copying<'a> {
    mirror: &'a Mirror,
    connection: OwnedMutexGuard<Connection>,
}

/// What a look-up in the copy comes to.
#[derive(Debug)]
pub(in crate::store) struct Found {
    pub(in crate::store) resolution: Resolution,
    /// An alias on the way takes a number of messages, which are not counted here.
    pub(in crate::store) needs_counts: bool,
}

impl Mirror {
    /// Opens the copy in a directory of its own, made when it does not exist. Blocks.
    ///
    /// # Errors
    /// When it cannot be opened; what is damaged is for whoever sees that to remove.
    pub(in crate::store) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = file::path(directory);
        let (connection, inode) = file::open_writer(directory, false)?;
        let failed = |error| StoreError::sqlite(&path, &error);
        let known = prepare(&connection).map_err(failed)?;
        let opened = Arc::new(Opened::new(&path, inode)?);
        let readers = Arc::new(Readers::new(path.clone(), opened)?);
        let connection = Arc::new(AsyncMutex::new(connection));
        Ok(Self { path, connection, readers, known: Mutex::new(known) })
    }

    /// Of which directory this is a copy, and of which version of it.
    pub(in crate::store) fn known(&self) -> Option<(String, i64)> {
        self.known.lock().clone()
    }

    /// True where it is a copy of that version of the directory.
    pub(in crate::store) fn is_of(&self, version: i64) -> bool {
        self.known.lock().as_ref().is_some_and(|(_, known)| *known == version)
    }

    /// Domains, regexes and what stands, as they were copied last; `None` before there is a copy.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub(in crate::store) async fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        match self.known() {
            Some(_) => {
                self.readers.run(|connection| snapshot::load(connection, None)).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Whether the copy can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub(in crate::store) async fn is_well(&self) -> Result<(), StoreError> {
        self.readers.run(domains::version).await.map(drop)
    }

    /// Looks an address up, or the postmaster where there is none.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub(in crate::store) async fn look_up(
        &self,
        recipient: Option<&Mailbox>,
        asked: &Arc<Asked>,
    ) -> Result<Found, StoreError> {
        let (recipient, asked) = (recipient.cloned(), Arc::clone(asked));
        let look = move |connection: &Connection| {
            let live = Live {
                connection,
                table: Table::Stored,
                snapshot: &asked.snapshot,
                postmaster: asked.postmaster.as_deref(),
                keep_tag: asked.keep_tag,
                now: asked.now,
                reads_settings: false,
            };
            let live = Uncounted { live, needs_counts: AtomicBool::new(false) };
            let resolution = at_once(find(&live, recipient.as_ref(), asked.limits))?;
            Ok(Found { resolution, needs_counts: live.needs_counts.into_inner() })
        };
        self.readers.run(look).await
    }

    /// Begins a change, behind those that others began. One that is not finished changes nothing.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub(in crate::store) async fn begin(&self) -> Result<Copying<'_>, StoreError> {
        let connection = Arc::clone(&self.connection).lock_owned().await;
        let begin = |connection: &Connection| {
            if !connection.is_autocommit() {
                // A change before this one was given up.
                connection.execute_batch("ROLLBACK")?;
            }
            connection.execute_batch("BEGIN IMMEDIATE")
        };
        Copying { mirror: self, connection }.step(begin).await
    }
}

impl Copying<'_> {
    /// Forgets all that was copied.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub(in crate::store) async fn clear(self) -> Result<Self, StoreError> {
        self.step(|connection| {
            connection.execute_batch("DELETE FROM aliases; UPDATE directory SET standing = -1")
        })
        .await
    }

    /// Has these aliases stand in the places of whatever has these keys.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub(in crate::store) async fn put(
        self,
        keys: Vec<Key>,
        aliases: Vec<Alias>,
    ) -> Result<Self, StoreError> {
        self.step(move |connection| {
            for key in &keys {
                aliases::delete(connection, key)?;
            }
            // Regexes come as a whole.
            let is_regex = |alias: &&Alias| matches!(alias.address(), AliasAddress::Regex(_));
            for alias in aliases.iter().filter(|alias| !is_regex(alias)) {
                aliases::insert(connection, Table::Stored, alias)?;
            }
            Ok(())
        })
        .await
    }

    /// Adds the rest, and keeps all of it: a copy of `snapshot`, of the directory of that name.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub(in crate::store) async fn finish(
        self,
        directory: String,
        snapshot: Snapshot,
    ) -> Result<(), StoreError> {
        let (mirror, version) = (self.mirror, snapshot.version);
        let name = directory.clone();
        self.step(move |connection| {
            write(connection, &snapshot)?;
            connection.execute("DELETE FROM copied", ())?;
            connection.execute(
                "INSERT INTO copied (directory, version) VALUES (?1, ?2)",
                params![name, snapshot.version],
            )?;
            connection.execute_batch("COMMIT")
        })
        .await?;
        *mirror.known.lock() = Some((directory, version));
        Ok(())
    }

    /// Does a part of it off the runtime's threads.
    async fn step<F>(self, work: F) -> Result<Self, StoreError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        let Self { mirror, connection } = self;
        let done = spawn_blocking(move || (work(&connection), connection)).await;
        let (done, connection) = done.map_err(|error| StoreError::failed(&mirror.path, error))?;
        done.map_err(|error| StoreError::sqlite(&mirror.path, &error))?;
        Ok(Self { mirror, connection })
    }
}

/// What of which there is a copy; nothing is counted or found here, and nobody else changes it.
fn prepare(connection: &Connection) -> rusqlite::Result<Option<(String, i64)>> {
    let mut found = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")?;
    let triggers: Vec<String> =
        found.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for trigger in triggers {
        connection.execute_batch(&format!("DROP TRIGGER \"{trigger}\""))?;
    }
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS copied (directory TEXT NOT NULL, version INTEGER NOT NULL)",
    )?;
    let sql = "SELECT directory, version FROM copied";
    connection.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Has domains, regexes, blocks and what is set for domains be those of the snapshot.
fn write(connection: &Connection, snapshot: &Snapshot) -> rusqlite::Result<()> {
    let Snapshot { version, domains, patterns, standing } = snapshot;
    let known: HashSet<Domain> = domains::all(connection)?.into_iter().collect();
    for gone in known.difference(domains) {
        domains::delete(connection, gone)?;
    }
    for new in domains.difference(&known) {
        domains::insert(connection, new, clock::millis())?;
    }
    if aliases::patterns(connection, Table::Stored)? != **patterns {
        connection.execute_batch("DELETE FROM aliases WHERE domain = ''")?;
        for alias in patterns.iter() {
            aliases::insert(connection, Table::Stored, alias)?;
        }
    }
    if domains::standing(connection)? != standing.version {
        connection.execute_batch("DELETE FROM blocks; DELETE FROM domain_settings")?;
        for block in standing.blocks.iter() {
            blocks::put(connection, block)?;
        }
        for (domain, settings) in standing.settings.iter() {
            domain_settings::set(connection, domain, settings)?;
        }
    }
    let sql = "UPDATE directory SET version = ?1, standing = ?2";
    connection.execute(sql, params![version, standing.version]).map(drop)
}

async fn find(
    live: &Uncounted<'_>,
    recipient: Option<&Mailbox>,
    limits: ExpansionLimits,
) -> rusqlite::Result<Resolution> {
    match (recipient, live.live.postmaster) {
        (Some(recipient), _) => expand(recipient, live, limits).await,
        (None, Some(postmaster)) => expand_all(slice::from_ref(postmaster), live, limits).await,
        (None, None) => Ok(without_postmaster()),
    }
}

/// Look-ups in the copy, which knows no counts.
struct Uncounted<'a> {
    live: Live<'a>,
    needs_counts: AtomicBool,
}

impl Lookup for Uncounted<'_> {
    type Error = rusqlite::Error;

    fn is_hosted(&self, domain: &Domain) -> rusqlite::Result<bool> {
        self.live.is_hosted(domain)
    }

    fn alias(&self, key: &Key) -> impl Future<Output = rusqlite::Result<Option<Counted>>> + Send {
        let found = aliases::get_counted(self.live.connection, key);
        if let Ok(Some(Counted { alias, .. })) = &found
            && alias.rules().max_messages.is_some()
        {
            self.needs_counts.store(true, Ordering::Relaxed);
        }
        ready(found)
    }

    fn patterns(&self) -> &[Alias] {
        self.live.patterns()
    }

    fn keep_tag(&self) -> bool {
        self.live.keep_tag
    }

    fn now(&self) -> UnixTime {
        self.live.now
    }

    fn is_used_up(
        &self,
        _key: &Key,
        _most: u64,
    ) -> impl Future<Output = rusqlite::Result<bool>> + Send {
        self.needs_counts.store(true, Ordering::Relaxed);
        ready(Ok(false))
    }

    fn auto_create(
        &self,
        address: &Mailbox,
    ) -> impl Future<Output = rusqlite::Result<Option<Alias>>> + Send {
        self.live.auto_create(address)
    }

    fn postmaster(&self) -> Option<&Mailbox> {
        self.live.postmaster
    }

    fn unusable(&self, address: &Mailbox, text: &str, why: &str) {
        self.live.unusable(address, text, why);
    }
}
