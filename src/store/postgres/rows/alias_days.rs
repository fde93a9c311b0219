//! Rows of `alias_days`.

use crate::{
    alias::{Daily, DayUse, first_day},
    store::{
        number::column,
        postgres::ask::{self, Result, count},
    },
};
use deadpool_postgres::Transaction;

/// Rows of days that are over, deleted at once.
const AT_ONCE: i64 = 1_000;

/// Adds to what came of the mail to the alias of that number.
pub(crate) async fn add(tx: &Transaction<'_>, alias: i64, days: &Daily) -> Result<()> {
    let sql = "INSERT INTO alias_days AS d VALUES ($1, $2, $3, $4) ON CONFLICT (number, day) DO UPDATE
               SET forwarded = d.forwarded + excluded.forwarded, refused = d.refused + excluded.refused";
    for (day, DayUse { forwarded, refused }) in days {
        let values = [column(*day), column(*forwarded), column(*refused)];
        let [day, forwarded, refused] = &values;
        ask::run(tx, sql, &[&alias, day, forwarded, refused]).await?;
    }
    Ok(())
}

/// Deletes some of the days that are no longer kept on `today`.
pub(crate) async fn delete_old(tx: &Transaction<'_>, today: u64) -> Result<()> {
    // Two nodes at once do not wait for each other.
    let sql = "DELETE FROM alias_days d USING (
                   SELECT number, day FROM alias_days WHERE day < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
               ) old WHERE d.number = old.number AND d.day = old.day";
    ask::run(tx, sql, &[&column(first_day(today)), &AT_ONCE]).await.map(drop)
}

/// What came of the mail to the alias of that number on the days that are kept on `today`.
pub(crate) async fn of_number(tx: &Transaction<'_>, alias: i64, today: u64) -> Result<Daily> {
    let sql = "SELECT day, forwarded, refused FROM alias_days WHERE number = $1 AND day BETWEEN $2 AND $3";
    let values: &ask::Values<'_> = &[&alias, &column(first_day(today)), &column(today)];
    let days = ask::all(tx, sql, values, |row| {
        Ok((count(row, 0)?, DayUse { forwarded: count(row, 1)?, refused: count(row, 2)? }))
    });
    Ok(days.await?.into_iter().collect())
}
