//! What the command line still uses: the store without a runtime, on a connection of its own. It goes when
//! the command line asks the traits of [`crate::store`].

pub use super::journal::Reader;

use super::{
    apply::apply,
    directory,
    error::Failure,
    file, queue,
    rows::{
        aliases::{self, Table},
        domains, long_senders,
        long_senders::{Put, unexpired},
        tls,
    },
};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress, Expansion},
    store::{
        Change, ChangeError, QueueChange, QueueChanged, QueueFilter, QueueSummary, SrsPutError,
        StateLock, StoreError, Unreadable, spool::Spooled,
    },
    time::UnixTime,
    tls_rpt::Row,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
};

/// Domains and aliases, to be read and changed, as [`crate::store::Directory`] has it.
#[derive(Debug)]
pub struct Directory {
    connection: Connection,
    path: PathBuf,
}

/// What waits in the spool, as [`crate::store::spool::Spool`] has it.
#[derive(Debug)]
pub struct Queue {
    connection: Connection,
    state_dir: PathBuf,
    path: PathBuf,
}

impl Directory {
    /// Opens the directory of the store in `state_dir`, made when it does not exist.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let connection = file::open_writer(state_dir)?;
        Ok(Self { connection, path: file::path(state_dir) })
    }

    /// The hosted domains in alphabetical order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.stored(domains::all(&self.connection))
    }

    /// Hosts a domain; false when it was hosted before.
    ///
    /// # Errors
    /// As [`crate::store::Directory::add_domain`].
    pub fn add_domain(&mut self, domain: &Domain) -> Result<bool, ChangeError> {
        self.change(|connection| directory::add_domain(connection, domain))
    }

    /// Stops hosting a domain; gives the number of aliases that went with it.
    ///
    /// # Errors
    /// As [`crate::store::Directory::remove_domain`].
    pub fn remove_domain(
        &mut self,
        domain: &Domain,
        with_aliases: bool,
    ) -> Result<usize, ChangeError> {
        self.change(|connection| directory::remove_domain(connection, domain, with_aliases))
    }

    /// The alias of that address.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, address: &AliasAddress) -> Result<Option<Alias>, StoreError> {
        self.stored(aliases::get(&self.connection, Table::Stored, &address.key()))
    }

    /// Hands the aliases of `domain`, or all and then the regexes in their order, to `each`.
    ///
    /// # Errors
    /// Whatever `each` gives, and when the store fails.
    pub fn for_each<E: From<StoreError>>(
        &self,
        domain: Option<&Domain>,
        mut each: impl FnMut(Alias) -> Result<(), E>,
    ) -> Result<(), E> {
        let transaction = self.stored(self.connection.unchecked_transaction())?;
        let mut after = None;
        loop {
            let page = self.stored(aliases::page(&transaction, domain, after.as_ref()))?;
            page.aliases.into_iter().try_for_each(&mut each)?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Adds an alias; a regex behind the others.
    ///
    /// # Errors
    /// As [`crate::store::Directory::add_alias`].
    pub fn add(&mut self, alias: &Alias) -> Result<(), ChangeError> {
        self.change(|connection| directory::add(connection, alias))
    }

    /// Removes an alias and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn remove(&mut self, address: &AliasAddress) -> Result<Alias, ChangeError> {
        self.change(|connection| directory::remove(connection, address))
    }

    /// Switches an alias on or off.
    ///
    /// # Errors
    /// As [`crate::store::Directory::set_enabled`].
    pub fn set_enabled(
        &mut self,
        address: &AliasAddress,
        enabled: bool,
    ) -> Result<Alias, ChangeError> {
        self.change(|connection| directory::set_enabled(connection, address, enabled))
    }

    /// As [`crate::store::Directory::leads_to`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn leads_to(
        &self,
        alias: &Alias,
        postmaster: Option<&Mailbox>,
    ) -> Result<Option<Expansion>, StoreError> {
        self.stored(directory::leads_to(&self.connection, alias, postmaster))
    }

    /// Makes the aliases equal to `wanted` and tells `report` what that changes; with `plan` it only
    /// tells. Everything is checked before the first report.
    ///
    /// # Errors
    /// Whatever `wanted` or `report` give, and as [`crate::store::Directory::apply`].
    pub fn apply<E: From<ChangeError>>(
        &mut self,
        wanted: impl IntoIterator<Item = Result<Alias, E>>,
        plan: bool,
        report: impl FnMut(Change) -> Result<(), E>,
    ) -> Result<(), E> {
        apply(&mut self.connection, &self.path, wanted, plan, report)
    }

    /// As [`crate::store::LongSenders::srs_put`].
    ///
    /// # Errors
    /// As there.
    pub fn srs_put(
        &mut self,
        token: &str,
        address: &Mailbox,
        expires: UnixTime,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<(), SrsPutError> {
        let failed = |error| SrsPutError::from(StoreError::sqlite(&self.path, &error));
        let transaction = begin(&mut self.connection).map_err(failed)?;
        let count = long_senders::count_srs_addresses(&transaction).map_err(failed)?;
        let put = Put { token: token.to_lowercase(), address: address.clone(), expires };
        put.run(&transaction, &AtomicU64::new(count), now, max_entries).map_err(failed)??;
        transaction.commit().map_err(failed)
    }

    /// As [`crate::store::LongSenders::srs_get`].
    ///
    /// # Errors
    /// As there.
    pub fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        let token = token.to_lowercase();
        let entry = self.stored(long_senders::srs_address(&self.connection, &token))?;
        Ok(unexpired(entry, now))
    }

    fn change<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, ChangeError> {
        let done = begin(&mut self.connection).map_err(Failure::from).and_then(|transaction| {
            let result = domains::change(&transaction, work)?;
            transaction.commit()?;
            Ok(result)
        });
        done.map_err(|failure| failure.at(&self.path))
    }

    fn stored<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

impl Queue {
    /// Opens the spool of the store in `state_dir`; `None` when nothing was ever kept there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = file::path(state_dir);
        if !file::exists(&path)? {
            return Ok(None);
        }
        let connection = file::open_writer(state_dir)?;
        Ok(Some(Self { connection, state_dir: state_dir.to_owned(), path }))
    }

    /// Hands the messages that `filter` wants to `each`, the oldest first, and gives those that cannot be
    /// read. Nothing is locked meanwhile, however long `each` takes.
    ///
    /// # Errors
    /// When the store fails, or `each` does.
    pub fn for_each<E: From<StoreError>>(
        &self,
        filter: &QueueFilter,
        each: impl FnMut(Spooled) -> Result<(), E>,
    ) -> Result<Vec<Unreadable>, E> {
        self.stored(queue::each(&self.connection, filter, each))?
    }

    /// As [`crate::store::spool::Spool::queue_get`].
    ///
    /// # Errors
    /// As there.
    pub fn get(&self, id: &str) -> Result<Option<(Spooled, Vec<u8>)>, StoreError> {
        Ok(self.stored(queue::get(&self.connection, id))?.transpose()?)
    }

    /// Those of `ids` that are not of a message that waits.
    ///
    /// # Errors
    /// When the store fails.
    pub fn absent(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        self.stored(queue::absent(&self.connection, ids))
    }

    /// As [`crate::store::spool::Spool::queue_change`].
    ///
    /// # Errors
    /// As there.
    pub fn change(
        &mut self,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged, StoreError> {
        let wanted = self.stored(queue::Wanted::find(&self.connection, filter, change))??;
        // Held until it is done, so that no daemon begins to send what is being dropped.
        let stopped = StateLock::keep_stopped(&self.state_dir)
            .map_err(|error| StoreError::access(&self.state_dir, &error))?;
        let is_served = stopped.is_none();
        let changed = begin(&mut self.connection).and_then(|transaction| {
            let changed = wanted.change(&transaction, filter, change, is_served)?;
            transaction.commit()?;
            Ok(changed)
        });
        self.stored(changed)
    }

    /// What waits, in numbers.
    ///
    /// # Errors
    /// When the store fails.
    pub fn summary(&self) -> Result<QueueSummary, StoreError> {
        self.stored(queue::summary(&self.connection))
    }

    fn stored<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

/// The results of TLS sessions of the day that many days since 1970, by domain.
///
/// # Errors
/// When the store fails.
pub fn tls_results(state_dir: &Path, day: u64) -> Result<Vec<Row>, StoreError> {
    let connection = file::open_writer(state_dir)?;
    tls::results(&connection, day)
        .map_err(|error| StoreError::sqlite(&file::path(state_dir), &error))
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}
