//! Rows of `alias_days`.

use crate::{
    alias::{Daily, DayUse, first_day},
    store::sqlite::{column, number},
};
use rusqlite::{Connection, Result, params};

/// Rows of days that are over, deleted at once.
const AT_ONCE: i64 = 1_000;

/// Adds to what came of the mail to the alias of that number.
pub(crate) fn add(connection: &Connection, alias: i64, days: &Daily) -> Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO alias_days VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
         SET forwarded = forwarded + excluded.forwarded, refused = refused + excluded.refused",
    )?;
    for (day, DayUse { forwarded, refused }) in days {
        add.execute(params![alias, column(*day), column(*forwarded), column(*refused)])?;
    }
    Ok(())
}

/// Deletes some of the days that are no longer kept on `today`.
pub(crate) fn delete_old(connection: &Connection, today: u64) -> Result<()> {
    let sql = "DELETE FROM alias_days WHERE (number, day) IN
               (SELECT number, day FROM alias_days WHERE day < ?1 LIMIT ?2)";
    let values = params![column(first_day(today)), AT_ONCE];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// What came of the mail to the alias of that number on the days that are kept on `today`.
pub(crate) fn of_number(connection: &Connection, alias: i64, today: u64) -> Result<Daily> {
    let sql = "SELECT day, forwarded, refused FROM alias_days WHERE number = ?1 AND day BETWEEN ?2 AND ?3";
    let values = params![alias, column(first_day(today)), column(today)];
    let mut days = connection.prepare_cached(sql)?;
    let days = days.query_map(values, |row| {
        let used = DayUse { forwarded: number(row.get(1)?), refused: number(row.get(2)?) };
        Ok((number(row.get(0)?), used))
    })?;
    days.collect()
}
