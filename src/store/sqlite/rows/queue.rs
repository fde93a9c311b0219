//! What an administrator asks of `spool` and `spool_legs`.

use super::spool::{LEG, OPEN, leg};
use crate::store::{
    spool::{AT_ONCE, SpoolFigures},
    sqlite::{error::fault, number},
};
use rusqlite::{Connection, OptionalExtension, Result, params};

pub(crate) fn with_id(connection: &Connection, id: &str) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT seq FROM spool WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// Makes open legs of a message due before all others; gives how many.
pub(crate) fn make_due(connection: &Connection, message: i64) -> Result<usize> {
    let sql =
        format!("UPDATE spool_legs SET next_attempt = ?2 WHERE message = ?1 AND state IN {OPEN}");
    connection.prepare_cached(&sql)?.execute(params![message, AT_ONCE])
}

/// True while an attempt for any leg of a message is under way.
pub(crate) fn is_under_way(connection: &Connection, message: i64) -> Result<bool> {
    let sql =
        format!("SELECT 1 FROM spool_legs WHERE message = ?1 AND under_way AND state IN {OPEN}");
    connection.prepare_cached(&sql)?.exists([message])
}

/// Gives up the open legs of a message; gives how many.
pub(crate) fn give_up(connection: &Connection, message: i64) -> Result<usize> {
    let sql = format!(
        "UPDATE spool_legs SET state = 'dropped', under_way = 0
         WHERE message = ?1 AND state IN {OPEN}"
    );
    connection.prepare_cached(&sql)?.execute([message])
}

/// Takes out of a message that cannot be read what cannot, and gives up the rest. Then it can, and it comes
/// to its end like others. If that is more than its legs, it goes at once.
pub(crate) fn discard(connection: &Connection, message: i64) -> Result<()> {
    let sql = format!("SELECT {LEG}, leg AS at FROM spool_legs WHERE message = ?1");
    let mut unreadable: Vec<i64> = Vec::new();
    {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([message])?;
        while let Some(row) = rows.next()? {
            if let Err(error) = leg(row) {
                fault(error)?;
                unreadable.push(row.get("at")?);
            }
        }
    }
    for at in unreadable {
        connection
            .prepare_cached("DELETE FROM spool_legs WHERE message = ?1 AND leg = ?2")?
            .execute([message, at])?;
    }
    give_up(connection, message)?;
    if let Some(Err(_)) = super::spool::get(connection, message)? {
        connection.prepare_cached("DELETE FROM spool WHERE seq = ?1")?.execute([message])?;
    }
    Ok(())
}

/// The messages that wait, in figures, without those of these numbers.
pub(crate) fn figures(connection: &Connection, unreadable: &[i64]) -> Result<SpoolFigures> {
    let numbers: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    let sql = format!(
        "SELECT coalesce(sum(forms), 0), coalesce(sum(size), 0), min(arrived) FROM (
             SELECT count(*) AS forms, max(size) AS size, min(arrived) AS arrived FROM spool
             WHERE EXISTS (SELECT 1 FROM spool_legs WHERE message = seq AND state IN {OPEN})
             AND seq NOT IN ({}) GROUP BY coalesce(text, seq))",
        numbers.join(", ")
    );
    connection.query_row(&sql, (), |row| {
        Ok(SpoolFigures {
            messages: number(row.get(0)?),
            octets: number(row.get(1)?),
            oldest: row.get(2)?,
            unreadable: unreadable.len() as u64,
        })
    })
}

/// Says that an administrator changed something.
pub(crate) fn count_change(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE spool_totals SET changes = changes + 1", ()).map(drop)
}
