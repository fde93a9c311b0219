//! How rows of `spool_legs` change.

use super::spool::{OPEN, is_held};
use crate::{store::spool::Leg, time::Millis};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Messages whose delay is told, read at once.
const DELAYED: usize = 50;

/// What was being sent when a daemon ended is queued again.
pub(crate) fn recover(connection: &Connection) -> Result<usize> {
    connection.execute("UPDATE spool_legs SET under_way = 0 WHERE under_way = 1", ())?;
    connection.execute("UPDATE spool_legs SET state = 'queued' WHERE state = 'sending'", ())
}

/// Takes open legs into an attempt and gives those that were open; none of a message that is held. Of an uncertain one it
/// stays known that the destination may have it.
pub(crate) fn begin(connection: &Connection, message: i64, legs: &[i64]) -> Result<Vec<i64>> {
    if is_held(connection, message)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE spool_legs SET under_way = 1,
             state = CASE state WHEN 'uncertain' THEN state ELSE 'sending' END
         WHERE message = ?1 AND leg = ?2 AND state IN {OPEN}"
    );
    moved(connection, &sql, message, legs)
}

/// Notes of legs that are being sent that the destination may have them from now on, and takes them into the attempt where
/// nobody did. False where that cannot be of all of them: then it is noted of none.
pub(crate) fn make_uncertain(connection: &Connection, message: i64, legs: &[i64]) -> Result<bool> {
    let mut are_open = true;
    let mut has_begun = true;
    let sql = format!(
        "SELECT under_way FROM spool_legs WHERE message = ?1 AND leg = ?2 AND state IN {OPEN}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    for leg in legs {
        let under_way =
            statement.query_row([message, *leg], |row| row.get::<_, bool>(0)).optional()?;
        are_open &= under_way.is_some();
        has_begun &= under_way == Some(true);
    }
    // What was begun before somebody had it held goes to its end.
    if !are_open || !has_begun && is_held(connection, message)? {
        return Ok(false);
    }
    let sql =
        "UPDATE spool_legs SET under_way = 1, state = 'uncertain' WHERE message = ?1 AND leg = ?2";
    moved(connection, sql, message, legs).map(|_| true)
}

/// Runs an update of one leg for each of `legs`; gives those that it found.
fn moved(connection: &Connection, sql: &str, message: i64, legs: &[i64]) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut moved = Vec::with_capacity(legs.len());
    for leg in legs {
        if statement.execute([message, *leg])? == 1 {
            moved.push(*leg);
        }
    }
    Ok(moved)
}

/// Ends an attempt on a leg: sets all that it changed, unless the leg came to its end meanwhile. One that
/// was dropped may turn out to be delivered, and to nothing else.
pub(crate) fn update(connection: &Connection, message: i64, at: i64, leg: &Leg) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE spool_legs SET under_way = 0, state = ?3, attempts = ?4, next_attempt = ?5, code = ?6,
             status = ?7, text = ?8, was_uncertain = ?9
             WHERE message = ?1 AND leg = ?2 AND state NOT IN ('delivered', 'failed')
             AND NOT (state = 'dropped' AND ?3 <> 'delivered')",
        )?
        .execute(params![
            message,
            at,
            leg.state.as_str(),
            leg.attempts,
            leg.next_attempt,
            leg.reply.code,
            leg.reply.status.map(|status| status.to_string()).unwrap_or_default(),
            leg.reply.text,
            leg.was_uncertain,
        ])
        .map(drop)
}

/// Messages behind the number `after` with open legs whose delay is to be told at `now`, a few of them.
pub(crate) fn delayed(connection: &Connection, now: Millis, after: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT DISTINCT message FROM spool_legs INDEXED BY spool_legs_by_delay
         WHERE delay_due <= ?1 AND message > ?2 AND state IN {OPEN} ORDER BY message LIMIT {DELAYED}"
    );
    connection.prepare_cached(&sql)?.query_map(params![now, after], |row| row.get(0))?.collect()
}

/// Notes that the delay of legs needs to be told no more; false where one of them did not need it.
pub(crate) fn told_of_delay(connection: &Connection, message: i64, legs: &[i64]) -> Result<bool> {
    let sql = "UPDATE spool_legs SET delay_due = NULL
         WHERE message = ?1 AND leg = ?2 AND delay_due IS NOT NULL";
    Ok(moved(connection, sql, message, legs)?.len() == legs.len())
}
