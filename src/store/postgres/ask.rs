//! Questions and orders to the database. Statements are prepared once a connection.

use super::error::{Error, unreadable};
use crate::store::number::number;
use crate::time::{Millis, UnixTime};
use deadpool_postgres::Transaction;
use tokio_postgres::{
    Row,
    types::{FromSql, ToSql},
};

/// What stands for `$1`, `$2`, … in a statement.
pub(super) type Values<'a> = [&'a (dyn ToSql + Sync)];

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// All rows.
pub(super) async fn all<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let statement = tx.prepare_cached(sql).await?;
    tx.query(&statement, values).await?.iter().map(read).collect()
}

/// The one row, if there is one.
pub(super) async fn first<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Option<T>> {
    let statement = tx.prepare_cached(sql).await?;
    tx.query_opt(&statement, values).await?.as_ref().map(read).transpose()
}

/// The one row that there is.
pub(super) async fn one<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<T> {
    let statement = tx.prepare_cached(sql).await?;
    read(&tx.query_one(&statement, values).await?)
}

/// True when there is a row.
pub(super) async fn exists(tx: &Transaction<'_>, sql: &str, values: &Values<'_>) -> Result<bool> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(!tx.query(&statement, values).await?.is_empty())
}

/// Does what the statement says; gives how many rows it changed.
pub(super) async fn run(tx: &Transaction<'_>, sql: &str, values: &Values<'_>) -> Result<u64> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.execute(&statement, values).await?)
}

/// A column.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T> {
    row.try_get(at).map_err(unreadable)
}

/// A column with a number that is never below 0.
pub(super) fn count(row: &Row, at: usize) -> Result<u64> {
    get::<i64>(row, at).map(number)
}

/// A column with a time in seconds.
pub(super) fn time(row: &Row, at: usize) -> Result<UnixTime> {
    count(row, at).map(UnixTime::new)
}

/// The same, or none.
pub(super) fn time_or_none(row: &Row, at: usize) -> Result<Option<UnixTime>> {
    Ok(get::<Option<i64>>(row, at)?.map(|time| UnixTime::new(number(time))))
}

/// A column with a time in milliseconds.
pub(super) fn millis(row: &Row, at: usize) -> Result<Millis> {
    count(row, at).map(Millis::new)
}
