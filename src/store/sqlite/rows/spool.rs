//! Rows of `spool` and `spool_legs`.

use super::{column, expiring::parse_status, number};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    reply::ForeignReply,
    store::spool::{Head, Leg, LegState, NewMessage, Open, Spooled, Totals},
};
use bytes::Bytes;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params, types::Type};

/// The states in which something is still to be done.
pub(super) const OPEN: &str = "('queued', 'sending', 'uncertain')";

/// Adds a message with its legs and gives its number.
pub(in crate::store) fn insert(connection: &Connection, new: &NewMessage) -> Result<i64> {
    let head = &new.head;
    connection
        .prepare_cached(
            "INSERT INTO spool (id, arrived, client, helo, sender, notify, eight_bit, smtputf8,
             has_delivered, has_failed, size, prefix, message)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            head.id,
            head.arrived,
            head.client.map(|ip| ip.to_string()),
            head.helo,
            path_text(&head.sender),
            head.notify,
            head.eight_bit,
            head.smtputf8,
            head.has_delivered,
            head.has_failed,
            column(new.size()),
            &*new.prefix,
            &*new.message,
        ])?;
    let message = connection.last_insert_rowid();
    let mut statement = connection.prepare_cached(
        "INSERT INTO spool_legs (message, leg, recipient, mailbox, reverse_path, state, was_uncertain,
         attempts, next_attempt, code, status, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (at, leg) in (0_i64..).zip(&new.legs) {
        statement.execute(params![
            message,
            at,
            leg.recipient.bare(),
            leg.mailbox.to_string(),
            path_text(&leg.reverse_path),
            leg.state.as_str(),
            leg.was_uncertain,
            leg.attempts,
            leg.next_attempt,
            leg.reply.code,
            leg.reply.status.map(|status| status.to_string()).unwrap_or_default(),
            leg.reply.text,
        ])?;
    }
    Ok(message)
}

/// What a [`Spooled`] is made of, without its legs.
pub(super) const HEAD: &str = "seq, id, arrived, client, helo, sender, notify, eight_bit, smtputf8,
    has_delivered, has_failed, size";
/// What a [`Leg`] is made of.
pub(super) const LEG: &str = "recipient, mailbox, reverse_path, state, was_uncertain, attempts,
    next_attempt, code, status, text";

/// Everything but the bytes of the message.
pub(in crate::store) fn get(connection: &Connection, message: i64) -> Result<Option<Spooled>> {
    let found = connection
        .prepare_cached(&format!("SELECT {HEAD} FROM spool WHERE seq = ?1"))?
        .query_row([message], spooled)
        .optional()?;
    let Some(mut spooled) = found else { return Ok(None) };
    spooled.legs = connection
        .prepare_cached(&format!("SELECT {LEG} FROM spool_legs WHERE message = ?1 ORDER BY leg"))?
        .query_map([message], leg)?
        .collect::<Result<_>>()?;
    Ok(Some(spooled))
}

/// The fields before the message, and the message.
pub(in crate::store) fn bytes(
    connection: &Connection,
    message: i64,
) -> Result<Option<(Bytes, Bytes)>> {
    connection
        .prepare_cached("SELECT prefix, message FROM spool WHERE seq = ?1")?
        .query_row([message], |row| {
            let part = |at| Ok::<_, Error>(Bytes::from(row.get::<_, Vec<u8>>(at)?));
            Ok((part(0)?, part(1)?))
        })
        .optional()
}

/// What is still to be done, by message and mailbox.
pub(in crate::store) fn open(connection: &Connection) -> Result<Vec<Open>> {
    let sql = format!(
        "SELECT l.message, l.mailbox, l.next_attempt, s.arrived
         FROM spool_legs l JOIN spool s ON s.seq = l.message WHERE l.state IN {OPEN}"
    );
    connection
        .prepare(&sql)?
        .query_map((), |row| {
            Ok(Open {
                message: row.get(0)?,
                mailbox: mailbox(row.get_ref(1)?.as_str()?)?,
                next_attempt: row.get(2)?,
                arrived: row.get(3)?,
            })
        })?
        .collect()
}

/// Messages with nothing left to do.
pub(in crate::store) fn finished(connection: &Connection) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT seq FROM spool WHERE NOT EXISTS (
             SELECT 1 FROM spool_legs WHERE message = seq AND state IN {OPEN})"
    );
    connection.prepare(&sql)?.query_map((), |row| row.get(0))?.collect()
}

/// What was being sent when a daemon ended is queued again.
pub(in crate::store) fn recover(connection: &Connection) -> Result<usize> {
    connection.execute("UPDATE spool_legs SET under_way = 0 WHERE under_way = 1", ())?;
    connection.execute("UPDATE spool_legs SET state = 'queued' WHERE state = 'sending'", ())
}

/// Takes open legs into an attempt and gives those that were open. Of an uncertain one it stays known
/// that the destination may have it.
pub(in crate::store) fn begin(
    connection: &Connection,
    message: i64,
    legs: &[i64],
) -> Result<Vec<i64>> {
    let sql = format!(
        "UPDATE spool_legs SET under_way = 1,
             state = CASE state WHEN 'uncertain' THEN state ELSE 'sending' END
         WHERE message = ?1 AND leg = ?2 AND state IN {OPEN}"
    );
    moved(connection, &sql, message, legs)
}

/// Notes of legs that are being sent that the destination may have them from now on.
pub(in crate::store) fn make_uncertain(
    connection: &Connection,
    message: i64,
    legs: &[i64],
) -> Result<()> {
    let sql = format!(
        "UPDATE spool_legs SET state = 'uncertain'
         WHERE message = ?1 AND leg = ?2 AND state IN {OPEN}"
    );
    moved(connection, &sql, message, legs).map(drop)
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
pub(in crate::store) fn update(
    connection: &Connection,
    message: i64,
    at: i64,
    leg: &Leg,
) -> Result<()> {
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

/// Deletes a message with nothing left to do; its legs go with it.
pub(in crate::store) fn bury(connection: &Connection, message: i64) -> Result<usize> {
    let sql = format!(
        "DELETE FROM spool WHERE seq = ?1 AND NOT EXISTS (
             SELECT 1 FROM spool_legs WHERE message = ?1 AND state IN {OPEN})"
    );
    connection.prepare_cached(&sql)?.execute([message])
}

/// Counted by the triggers.
pub(in crate::store) fn totals(connection: &Connection) -> Result<Totals> {
    connection.prepare_cached("SELECT messages, octets, changes FROM spool_totals")?.query_row(
        (),
        |row| {
            Ok(Totals {
                messages: number(row.get(0)?),
                octets: number(row.get(1)?),
                changes: row.get(2)?,
            })
        },
    )
}

pub(super) fn spooled(row: &Row<'_>) -> Result<Spooled> {
    let client: Option<String> = row.get(3)?;
    let head = Head {
        id: row.get(1)?,
        arrived: row.get(2)?,
        client: client.map(|ip| ip.parse()).transpose().map_err(|error| unreadable(3, error))?,
        helo: row.get(4)?,
        sender: path(row.get_ref(5)?.as_str()?)?,
        notify: row.get(6)?,
        eight_bit: row.get(7)?,
        smtputf8: row.get(8)?,
        has_delivered: row.get(9)?,
        has_failed: row.get(10)?,
    };
    Ok(Spooled { seq: row.get(0)?, head, size: number(row.get(11)?), legs: Vec::new() })
}

pub(super) fn leg(row: &Row<'_>) -> Result<Leg> {
    let state = row.get_ref(3)?.as_str()?;
    Ok(Leg {
        recipient: recipient(row.get_ref(0)?.as_str()?)?,
        mailbox: mailbox(row.get_ref(1)?.as_str()?)?,
        reverse_path: path(row.get_ref(2)?.as_str()?)?,
        state: LegState::parse(state)
            .ok_or_else(|| unreadable(3, std::io::Error::other("unknown state")))?,
        was_uncertain: row.get(4)?,
        attempts: row.get(5)?,
        next_attempt: row.get(6)?,
        reply: ForeignReply {
            code: row.get(7)?,
            status: parse_status(row.get_ref(8)?.as_str()?),
            text: row.get(9)?,
        },
    })
}

fn path_text(path: &ReversePath) -> String {
    path.mailbox().map(ToString::to_string).unwrap_or_default()
}

fn path(text: &str) -> Result<ReversePath> {
    if text.is_empty() { Ok(ReversePath::Null) } else { mailbox(text).map(ReversePath::Mailbox) }
}

fn recipient(text: &str) -> Result<ForwardPath> {
    ForwardPath::from_bare(text).map_err(|error| unreadable(0, error))
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox> {
    Mailbox::parse(text).map_err(|error| unreadable(0, error))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
