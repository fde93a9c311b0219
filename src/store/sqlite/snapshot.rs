//! How the snapshot is read, and look-ups over it and a connection.

use super::{
    rows::{alias_use, aliases, aliases::Table, domain_settings, domains},
    standing_load,
};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Counted, Key, Lookup},
    store::snapshot::Snapshot,
    time::UnixTime,
};
use rusqlite::{Connection, Error, Result};
use std::{
    future::{Future, ready},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Reads all of one commit; what stands since `before` is not read again.
pub(super) fn load(connection: &Connection, before: Option<&Snapshot>) -> Result<Snapshot> {
    let transaction = connection.unchecked_transaction()?;
    let known = before.map(|before| &before.standing);
    let standing = standing_load::load(&transaction, known)?;
    let snapshot = Snapshot { standing, ..within(&transaction, Table::Stored)? };
    transaction.commit()?;
    Ok(snapshot)
}

/// As [`load`] inside a transaction, with the regexes of `table`, and without what stands.
pub(super) fn within(connection: &Connection, table: Table) -> Result<Snapshot> {
    Ok(Snapshot {
        version: domains::version(connection)?,
        domains: Arc::new(domains::all(connection)?.into_iter().collect()),
        patterns: Arc::new(aliases::patterns(connection, table)?),
        standing: Arc::default(),
    })
}

/// Look-ups as they are answered now.
pub(crate) struct Live<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) table: Table,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) postmaster: Option<&'a Mailbox>,
    pub(crate) keep_tag: bool,
    /// For aliases that end.
    pub(crate) now: UnixTime,
    /// What is set for domains is asked of the database, as a change that is under way has it.
    pub(crate) reads_settings: bool,
}

impl<'a> Live<'a> {
    /// Without a postmaster, without the tags that aliases do not ask for, and before any of them ends.
    pub(super) fn of(connection: &'a Connection, table: Table, snapshot: &'a Snapshot) -> Self {
        Self {
            connection,
            table,
            snapshot,
            postmaster: None,
            keep_tag: false,
            now: UnixTime::new(0),
            reads_settings: true,
        }
    }
}

impl Live<'_> {
    fn find(&self, key: &Key) -> Result<Option<Counted>> {
        if self.now != UnixTime::new(0) {
            return aliases::get_counted(self.connection, key);
        }
        // As `now`: what looks for loops looks beyond ends, in whatever table.
        let alias = aliases::get(self.connection, self.table, key)?;
        Ok(alias.map(|alias| Counted { alias, is_used_up: false }))
    }

    fn is_used_up_now(&self, key: &Key, most: u64) -> Result<bool> {
        // As there.
        if self.now == UnixTime::new(0) {
            return Ok(false);
        }
        Ok(alias_use::taken(self.connection, key)? >= most)
    }

    fn made_for(&self, address: &Mailbox) -> Result<Option<Alias>> {
        let domain = address.domain();
        if self.reads_settings {
            let settings = domain_settings::get(self.connection, domain)?;
            return Ok(settings.auto_create.and_then(|made| made.alias_for(address)));
        }
        Ok(self.snapshot.made_for(address))
    }
}

impl Lookup for Live<'_> {
    type Error = rusqlite::Error;

    fn is_hosted(&self, domain: &Domain) -> Result<bool> {
        Ok(self.snapshot.domains.contains(domain))
    }

    fn alias(&self, key: &Key) -> impl Future<Output = Result<Option<Counted>>> + Send {
        ready(self.find(key))
    }

    fn patterns(&self) -> &[Alias] {
        &self.snapshot.patterns
    }

    fn keep_tag(&self) -> bool {
        self.keep_tag
    }

    fn now(&self) -> UnixTime {
        self.now
    }

    fn is_used_up(&self, key: &Key, most: u64) -> impl Future<Output = Result<bool>> + Send {
        ready(self.is_used_up_now(key, most))
    }

    fn auto_create(&self, address: &Mailbox) -> impl Future<Output = Result<Option<Alias>>> + Send {
        ready(self.made_for(address))
    }

    fn postmaster(&self) -> Option<&Mailbox> {
        self.postmaster
    }

    fn unusable(&self, address: &Mailbox, text: &str, why: &str) {
        tracing::warn!("the regex alias that answers <{address}> leads to {text:?}: {why}");
    }
}

/// Runs to its end what only awaits [`Live`], which has every answer at once: a look-up of many steps
/// is one visit to a thread that reads.
pub(super) fn at_once<T, E: From<Error>>(
    look_up: impl Future<Output = std::result::Result<T, E>>,
) -> std::result::Result<T, E> {
    match pin!(look_up).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(found) => found,
        Poll::Pending => {
            Err(Error::ToSqlConversionFailure("a look-up waits for nothing".into()).into())
        }
    }
}
