//! What the command line asks of `spool` and `spool_legs`.

use super::{
    number,
    spool::{HEAD, LEG, OPEN, leg, mailbox, spooled},
};
use crate::{
    store::spool::{AT_ONCE, Spooled},
    time::Millis,
};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::collections::{BTreeMap, BTreeSet};

/// Messages read at once: no snapshot is held from one page to the next.
const PAGE: usize = 1000;

pub(in crate::store) fn with_id(connection: &Connection, id: &str) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT seq FROM spool WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// The messages after the number `after`, a page of them, without their bytes.
pub(in crate::store) fn page(connection: &Connection, after: i64) -> Result<Vec<Spooled>> {
    let connection = connection.unchecked_transaction()?;
    let mut page: Vec<Spooled> = connection
        .prepare_cached(&format!(
            "SELECT {HEAD} FROM spool WHERE seq > ?1 ORDER BY seq LIMIT {PAGE}"
        ))?
        .query_map([after], spooled)?
        .collect::<Result<_>>()?;
    let last = page.last().map_or(after, |message| message.seq);
    let mut messages = page.iter_mut().peekable();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {LEG}, message FROM spool_legs WHERE message > ?1 AND message <= ?2
         ORDER BY message, leg"
    ))?;
    let mut legs = statement.query([after, last])?;
    while let Some(row) = legs.next()? {
        let of: i64 = row.get("message")?;
        while messages.next_if(|message| message.seq < of).is_some() {}
        if let Some(message) = messages.peek_mut() {
            message.legs.push(leg(row)?);
        }
    }
    drop(legs);
    drop(statement);
    Ok(page)
}

/// Makes open legs of a message due before all others; gives how many.
pub(in crate::store) fn make_due(connection: &Connection, message: i64) -> Result<usize> {
    let sql =
        format!("UPDATE spool_legs SET next_attempt = ?2 WHERE message = ?1 AND state IN {OPEN}");
    connection.prepare_cached(&sql)?.execute(params![message, AT_ONCE])
}

/// True while an attempt for any leg of a message is under way.
pub(in crate::store) fn is_under_way(connection: &Connection, message: i64) -> Result<bool> {
    let sql =
        format!("SELECT 1 FROM spool_legs WHERE message = ?1 AND under_way AND state IN {OPEN}");
    connection.prepare_cached(&sql)?.exists([message])
}

/// Gives up the open legs of a message; gives how many.
pub(in crate::store) fn give_up(connection: &Connection, message: i64) -> Result<usize> {
    let sql = format!(
        "UPDATE spool_legs SET state = 'dropped', under_way = 0
         WHERE message = ?1 AND state IN {OPEN}"
    );
    connection.prepare_cached(&sql)?.execute([message])
}

/// How many messages are to be done with, their octets, and when the oldest came.
pub(in crate::store) fn summary(connection: &Connection) -> Result<(u64, u64, Option<Millis>)> {
    let sql = format!(
        "SELECT count(*), coalesce(sum(size), 0), min(arrived) FROM spool WHERE EXISTS (
             SELECT 1 FROM spool_legs WHERE message = seq AND state IN {OPEN})"
    );
    connection
        .query_row(&sql, (), |row| Ok((number(row.get(0)?), number(row.get(1)?), row.get(2)?)))
}

/// Messages that wait, by domain of their destination.
pub(in crate::store) fn destinations(connection: &Connection) -> Result<BTreeMap<String, u64>> {
    let sql = format!(
        "SELECT message, mailbox FROM spool_legs WHERE state IN {OPEN} ORDER BY message, leg"
    );
    let mut destinations = BTreeMap::new();
    let (mut message, mut counted) = (0, BTreeSet::new());
    let mut statement = connection.prepare(&sql)?;
    let mut legs = statement.query(())?;
    while let Some(row) = legs.next()? {
        let of: i64 = row.get(0)?;
        if of != message {
            message = of;
            counted.clear();
        }
        let domain = mailbox(row.get_ref(1)?.as_str()?)?.domain().to_key();
        if counted.insert(domain.clone()) {
            *destinations.entry(domain).or_default() += 1;
        }
    }
    Ok(destinations)
}

/// Says that the command line changed something.
pub(in crate::store) fn count_change(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE spool_totals SET changes = changes + 1", ()).map(drop)
}
