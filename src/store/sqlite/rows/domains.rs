//! Rows of `domains`, and the counter of changes.

use crate::{
    address::Domain,
    alias::OwnedDomain,
    store::sqlite::error::{Failure, unreadable},
    time::Millis,
};
use rusqlite::{Connection, OptionalExtension, Result, params};

pub(crate) fn insert(connection: &Connection, domain: &Domain, at: Millis) -> Result<bool> {
    let sql = "INSERT INTO domains (domain, added) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(connection.execute(sql, params![domain.to_key(), at])? == 1)
}

pub(crate) fn delete(connection: &Connection, domain: &Domain) -> Result<bool> {
    Ok(connection.execute("DELETE FROM domains WHERE domain = ?1", [domain.to_key()])? == 1)
}

pub(crate) fn contains(connection: &Connection, domain: &Domain) -> Result<bool> {
    connection.prepare_cached("SELECT 1 FROM domains WHERE domain = ?1")?.exists([domain.to_key()])
}

/// The domain, and since when it is here; `None` where it is not.
pub(crate) fn owned(connection: &Connection, domain: &Domain) -> Result<Option<OwnedDomain>> {
    let sql = "SELECT added FROM domains WHERE domain = ?1";
    let since = connection.prepare_cached(sql)?.query_row([domain.to_key()], |row| row.get(0));
    Ok(since.optional()?.map(|since| OwnedDomain { domain: domain.clone(), since }))
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Domain>> {
    let mut statement = connection.prepare("SELECT domain FROM domains ORDER BY domain")?;
    let domain = |text: String| Domain::parse(&text).map_err(unreadable);
    statement.query_map((), |row| domain(row.get(0)?))?.collect()
}

/// The number of changes of domains and aliases so far.
pub(crate) fn version(connection: &Connection) -> Result<i64> {
    connection.prepare_cached("SELECT version FROM directory")?.query_row((), |row| row.get(0))
}

/// The number of changes of what stands for all aliases or those of a domain.
pub(crate) fn standing(connection: &Connection) -> Result<i64> {
    connection.prepare_cached("SELECT standing FROM directory")?.query_row((), |row| row.get(0))
}

/// Does what changes domains or aliases, and counts it.
pub(crate) fn change<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> std::result::Result<T, Failure>,
) -> std::result::Result<T, Failure> {
    let done = work(connection)?;
    count_change(connection)?;
    Ok(done)
}

/// Says that domains or aliases change with this transaction.
pub(crate) fn count_change(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE directory SET version = version + 1", ()).map(drop)
}
