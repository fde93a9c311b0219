//! Rows of `alias_use`.

use super::{alias_days, events};
use crate::{
    alias::{Counters, Daily, Key, Used},
    clock,
    store::{
        kept_counters::{refused_column, refused_from},
        number::column,
        postgres::{
            ask::{self, Result, count, get, time_or_none},
            error::unreadable,
        },
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// The columns that make counters, in the order of [`from_row`].
pub(crate) const COLUMNS: &str = "u.forwarded, u.refused, u.last_use, u.made";

pub(crate) async fn of(tx: &Transaction<'_>, key: &Key) -> Result<Option<Counters>> {
    let sql = format!("SELECT {COLUMNS} FROM alias_use u WHERE domain = $1 AND local = $2");
    ask::first(tx, &sql, &[&key.domain, &key.local], |row| from_row(row, 0)).await
}

/// How many messages an alias has taken.
pub(crate) async fn taken(tx: &Transaction<'_>, key: &Key) -> Result<u64> {
    let sql = "SELECT forwarded FROM alias_use WHERE domain = $1 AND local = $2";
    let taken = ask::first(tx, sql, &[&key.domain, &key.local], |row| count(row, 0)).await?;
    Ok(taken.unwrap_or_default())
}

/// The number under which an alias is counted.
pub(crate) async fn number_of(tx: &Transaction<'_>, key: &Key) -> Result<Option<i64>> {
    let sql = "SELECT number FROM alias_use WHERE domain = $1 AND local = $2";
    ask::first(tx, sql, &[&key.domain, &key.local], |row| get(row, 0)).await
}

/// The key of the alias that is counted under that number.
pub(crate) async fn key_of(tx: &Transaction<'_>, number: i64) -> Result<Option<Key>> {
    let sql = "SELECT domain, local FROM alias_use WHERE number = $1";
    ask::first(tx, sql, &[&number], |row| Ok(Key { domain: get(row, 0)?, local: get(row, 1)? }))
        .await
}

/// What came of the mail to an alias on the days that are kept on `today`.
pub(crate) async fn days(tx: &Transaction<'_>, key: &Key, today: u64) -> Result<Daily> {
    match number_of(tx, key).await? {
        Some(number) => alias_days::of_number(tx, number, today).await,
        None => Ok(Daily::new()),
    }
}

/// Counts an alias from now on that is there again, as it was counted before.
pub(crate) async fn put_back(
    tx: &Transaction<'_>,
    key: &Key,
    number: i64,
    counters: &Counters,
) -> Result<()> {
    let Some(new) = number_of(tx, key).await? else { return Ok(()) };
    let sql =
        "UPDATE alias_use SET number = $2, made = $3, forwarded = $4, refused = $5, last_use = $6
               WHERE number = $1";
    let made = column(counters.since.unwrap_or_else(clock::now).as_secs());
    let refused = refused_column(counters).map_err(unreadable)?;
    let last_use = counters.last_use.map(|time| column(time.as_secs()));
    let forwarded = column(counters.forwarded);
    ask::run(tx, sql, &[&new, &number, &made, &forwarded, &refused, &last_use]).await?;
    let sql = "UPDATE alias_text_due SET number = $2 WHERE number = $1";
    ask::run(tx, sql, &[&new, &number]).await.map(drop)
}

/// Adds to the counters of an alias, if it is there. True when it has taken its last message thereby.
pub(crate) async fn add(tx: &Transaction<'_>, used: &Used) -> Result<bool> {
    let Key { domain, local } = &used.alias;
    // Other nodes count the same alias.
    let sql = format!(
        "SELECT {COLUMNS}, u.number FROM alias_use u WHERE domain = $1 AND local = $2 FOR UPDATE"
    );
    let read = |row: &Row| Ok((from_row(row, 0)?, get::<i64>(row, 4)?));
    let Some((mut counters, number)) = ask::first(tx, &sql, &[domain, local], read).await? else {
        return Ok(false);
    };
    let (before, was_used) = (counters.forwarded, counters.last_use.is_some());
    counters.add(used);
    let after = counters.forwarded;
    events::add_taken(tx, &used.alias, before, after, !was_used).await?;
    let refused = refused_column(&counters).map_err(unreadable)?;
    let last_use = counters.last_use.map(|time| column(time.as_secs()));
    let sql = "UPDATE alias_use SET forwarded = $2, refused = $3, last_use = $4 WHERE number = $1";
    ask::run(tx, sql, &[&number, &column(after), &refused, &last_use]).await?;
    alias_days::add(tx, number, &used.days).await?;
    if before == after {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM aliases
               WHERE domain = $1 AND local = $2 AND max_messages > $3 AND max_messages <= $4";
    ask::exists(tx, sql, &[domain, local, &column(before), &column(after)]).await
}

/// Reads [`COLUMNS`], the first of which is number `first` of the row.
pub(crate) fn from_row(row: &Row, first: usize) -> Result<Counters> {
    let refused_by = refused_from(get(row, first + 1)?).map_err(unreadable)?;
    Ok(Counters {
        forwarded: count(row, first)?,
        refused: refused_by.values().fold(0, |sum: u64, count| sum.saturating_add(*count)),
        refused_by,
        last_use: time_or_none(row, first + 2)?,
        since: time_or_none(row, first + 3)?,
    })
}
