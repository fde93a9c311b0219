//! Questions and orders to the database. Statements are prepared once a connection; and nobody waits for ever for a server that says
//! nothing, as one that hangs does, or what stands before it.

use super::error::{Error, unreadable};
use crate::store::number::number;
use crate::time::{Millis, UnixTime};
use deadpool_postgres::Transaction;
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use tokio::time::timeout;
use tokio_postgres::{
    Row,
    binary_copy::BinaryCopyInWriter,
    types::{FromSql, ToSql, Type},
};

/// What stands for `$1`, `$2`, … in a statement.
pub(super) type Values<'a> = [&'a (dyn ToSql + Sync)];

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// How long a server may take for an answer: longer than it lets a statement run.
const PATIENCE: Duration = Duration::from_secs(75);
/// The same for what takes long.
const LONG_PATIENCE: Duration = Duration::from_secs(31 * 60);

tokio::task_local! {
    static IS_LONG: bool;
}

/// Does what has statements that take long.
pub(super) async fn at_length<T>(work: impl Future<Output = T>) -> T {
    IS_LONG.scope(true, work).await
}

/// What a server answers, if it does.
pub(super) async fn answered<T>(
    answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> Result<T> {
    let is_long = IS_LONG.try_with(|is| *is).unwrap_or(false);
    let patience = if is_long { LONG_PATIENCE } else { PATIENCE };
    Ok(timeout(patience, answer).await.map_err(|_| Error::Silent)??)
}

/// All rows.
pub(super) async fn all<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let rows = answered(async { tx.query(&tx.prepare_cached(sql).await?, values).await }).await?;
    rows.iter().map(read).collect()
}

/// The one row, if there is one.
pub(super) async fn first<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Option<T>> {
    let row =
        answered(async { tx.query_opt(&tx.prepare_cached(sql).await?, values).await }).await?;
    row.as_ref().map(read).transpose()
}

/// The one row that there is.
pub(super) async fn one<T>(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Values<'_>,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<T> {
    let row = answered(async { tx.query_one(&tx.prepare_cached(sql).await?, values).await });
    read(&row.await?)
}

/// True when there is a row.
pub(super) async fn exists(tx: &Transaction<'_>, sql: &str, values: &Values<'_>) -> Result<bool> {
    let rows = answered(async { tx.query(&tx.prepare_cached(sql).await?, values).await }).await?;
    Ok(!rows.is_empty())
}

/// Does what the statement says; gives how many rows it changed.
pub(super) async fn run(tx: &Transaction<'_>, sql: &str, values: &Values<'_>) -> Result<u64> {
    answered(async { tx.execute(&tx.prepare_cached(sql).await?, values).await }).await
}

/// Writes many rows by `COPY`: a server has less to do for each than by `INSERT`. Gives how many there were.
pub(super) async fn copy(
    tx: &Transaction<'_>,
    table: &str,
    columns: &[(&str, Type)],
    write: impl AsyncFnOnce(Pin<&mut BinaryCopyInWriter>) -> Result<(), tokio_postgres::Error>,
) -> Result<u64> {
    let (names, types): (Vec<&str>, Vec<Type>) = columns.iter().cloned().unzip();
    let sql = format!("COPY {table} ({}) FROM STDIN (FORMAT binary)", names.join(", "));
    answered(async {
        let sink = tx.copy_in(&tx.prepare_cached(&sql).await?).await?;
        let mut rows = pin!(BinaryCopyInWriter::new(sink, &types));
        write(rows.as_mut()).await?;
        rows.finish().await
    })
    .await
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
