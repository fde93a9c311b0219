//! Rows of `domains`, and the counters of changes.

use crate::{
    address::Domain,
    alias::OwnedDomain,
    store::{
        number::column,
        postgres::{
            ask::{self, Result, get, millis},
            error::unreadable,
        },
    },
    time::Millis,
};
use deadpool_postgres::Transaction;

pub(crate) async fn insert(tx: &Transaction<'_>, domain: &Domain, at: Millis) -> Result<bool> {
    let sql = "INSERT INTO domains (domain, added) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(ask::run(tx, sql, &[&domain.to_key(), &column(at.as_millis())]).await? == 1)
}

pub(crate) async fn delete(tx: &Transaction<'_>, domain: &Domain) -> Result<bool> {
    let sql = "DELETE FROM domains WHERE domain = $1";
    Ok(ask::run(tx, sql, &[&domain.to_key()]).await? == 1)
}

pub(crate) async fn contains(tx: &Transaction<'_>, domain: &Domain) -> Result<bool> {
    ask::exists(tx, "SELECT 1 FROM domains WHERE domain = $1", &[&domain.to_key()]).await
}

/// The domain, and since when it is here; `None` where it is not.
pub(crate) async fn owned(tx: &Transaction<'_>, domain: &Domain) -> Result<Option<OwnedDomain>> {
    let sql = "SELECT added FROM domains WHERE domain = $1";
    let since = ask::first(tx, sql, &[&domain.to_key()], |row| millis(row, 0)).await?;
    Ok(since.map(|since| OwnedDomain { domain: domain.clone(), since }))
}

/// In alphabetical order.
pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<Domain>> {
    let sql = "SELECT domain FROM domains ORDER BY domain";
    ask::all(tx, sql, &[], |row| Domain::parse(get(row, 0)?).map_err(unreadable)).await
}

/// The number of changes of domains and aliases so far.
pub(crate) async fn version(tx: &Transaction<'_>) -> Result<i64> {
    ask::one(tx, "SELECT version FROM directory", &[], |row| get(row, 0)).await
}

/// The number of changes of what stands for all aliases or those of a domain.
pub(crate) async fn standing(tx: &Transaction<'_>) -> Result<i64> {
    ask::one(tx, "SELECT standing FROM directory", &[], |row| get(row, 0)).await
}

/// Keeps others from changing the directory until the end of the transaction; gives its version.
pub(crate) async fn lock(tx: &Transaction<'_>) -> Result<i64> {
    ask::one(tx, "SELECT version FROM directory FOR UPDATE", &[], |row| get(row, 0)).await
}

/// Says that domains or aliases change with this transaction, and has all nodes look.
pub(crate) async fn count_change(tx: &Transaction<'_>) -> Result<()> {
    ask::run(tx, "UPDATE directory SET version = version + 1", &[]).await?;
    tell(tx).await
}

/// Has all nodes look, when the transaction is done.
pub(crate) async fn tell(tx: &Transaction<'_>) -> Result<()> {
    ask::exists(tx, "SELECT pg_notify('onward', '')", &[]).await.map(drop)
}
