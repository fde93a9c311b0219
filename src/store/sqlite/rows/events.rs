//! Rows of `events` and `event_state`.

use crate::{
    alias::{Alias, Key},
    clock,
    event::{Event, Expiry},
    store::{
        EventFigures, WaitingEvent,
        sqlite::{
            column, number,
            rows::aliases::{self, COLUMNS, Table},
        },
    },
    time::{Millis, UnixTime},
};
use rusqlite::{Connection, Result, params};

/// Aliases that expire at once and are told; of more nobody makes sense.
const MAX_EXPIRED: usize = 10_000;

/// How many more may wait; 0 where nobody is told.
fn room(connection: &Connection) -> Result<u64> {
    // Events leave from the front, so that their numbers have few gaps.
    let sql = "SELECT max(0, room - coalesce((SELECT max(seq) FROM events) - (SELECT min(seq) FROM events) + 1, 0))
               FROM event_state";
    connection.prepare_cached(sql)?.query_row((), |row| row.get(0)).map(number)
}

/// Whether somebody is told at all.
pub(crate) fn is_wanted(connection: &Connection) -> Result<bool> {
    connection.prepare_cached("SELECT 1 FROM event_state WHERE room > 0")?.exists(())
}

/// Adds events as far as there is room; the others are counted.
pub(crate) fn add(connection: &Connection, events: impl Iterator<Item = Event>) -> Result<()> {
    if !is_wanted(connection)? {
        return Ok(());
    }
    let (mut room, mut lost) = (room(connection)?, 0_u64);
    let mut insert =
        connection.prepare_cached("INSERT INTO events (time, body) VALUES (?1, ?2)")?;
    for event in events {
        match room.checked_sub(1) {
            Some(less) => {
                insert.execute(params![event.time, event.body()])?;
                room = less;
            }
            None => lost += 1,
        }
    }
    if lost > 0 {
        let sql = "UPDATE event_state SET lost = lost + ?1";
        connection.prepare_cached(sql)?.execute([column(lost)])?;
    }
    Ok(())
}

/// Adds that aliases were made, where somebody is told.
pub(crate) fn add_made<'a>(
    connection: &Connection,
    aliases: impl Iterator<Item = &'a Alias>,
) -> Result<()> {
    let now = clock::millis();
    add(connection, aliases.map(|alias| Event::made(clock::message_id().to_string(), now, alias)))
}

/// Adds what messages that were taken for the alias of `key` come to, of which it had `before` and has `after` now: its
/// first use, and the last message that it takes.
pub(crate) fn add_taken(
    connection: &Connection,
    key: &Key,
    before: u64,
    after: u64,
    is_first: bool,
) -> Result<()> {
    if before == after || !is_wanted(connection)? {
        return Ok(());
    }
    let Some(alias) = aliases::get(connection, Table::Stored, key)? else { return Ok(()) };
    let (now, address) = (clock::millis(), alias.address());
    let id = || clock::message_id().to_string();
    let first = is_first.then(|| Event::first_use(id(), now, address));
    let most = alias.rules().max_messages.filter(|most| before < *most && *most <= after);
    let used_up = most.map(|_| Event::expired(id(), now, address, Expiry::Messages));
    add(connection, first.into_iter().chain(used_up))
}

pub(crate) fn set_room(connection: &Connection, room: u64, now: UnixTime) -> Result<()> {
    // What expired while nobody was told is no news.
    let sql =
        "UPDATE event_state SET room = ?1, expired = iif(room = 0, ?2, expired) WHERE room <> ?1";
    let changed = connection.execute(sql, params![column(room), now])?;
    if changed > 0 && room == 0 {
        connection.execute("DELETE FROM events", ())?;
    }
    Ok(())
}

/// The time up to which aliases were looked for that expired.
pub(crate) fn looked_for_expired(connection: &Connection) -> Result<UnixTime> {
    connection.query_row("SELECT expired FROM event_state", (), |row| row.get(0))
}

/// The aliases that are switched on and whose time has come, behind `from` and up to `until`.
pub(crate) fn expired(
    connection: &Connection,
    from: UnixTime,
    until: UnixTime,
) -> Result<Vec<Alias>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM aliases WHERE expires > ?1 AND expires <= ?2 AND enabled
         ORDER BY expires LIMIT {MAX_EXPIRED}"
    );
    connection
        .prepare_cached(&sql)?
        .query_map([from, until], |row| aliases::from_row(row, 0))?
        .collect()
}

pub(crate) fn set_looked_for_expired(connection: &Connection, until: UnixTime) -> Result<()> {
    connection.execute("UPDATE event_state SET expired = ?1", [until]).map(drop)
}

pub(crate) fn first(connection: &Connection, limit: usize) -> Result<Vec<WaitingEvent>> {
    let sql = "SELECT seq, time, body FROM events ORDER BY seq LIMIT ?1";
    let event = |row: &rusqlite::Row<'_>| {
        Ok(WaitingEvent { seq: row.get(0)?, time: row.get::<_, Millis>(1)?, body: row.get(2)? })
    };
    connection.prepare_cached(sql)?.query_map([column(limit as u64)], event)?.collect()
}

pub(crate) fn remove(connection: &Connection, seq: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM events WHERE seq = ?1")?.execute([seq]).map(drop)
}

pub(crate) fn figures(connection: &Connection) -> Result<EventFigures> {
    let sql = "SELECT (SELECT count(*) FROM events), lost FROM event_state";
    connection.prepare_cached(sql)?.query_row((), |row| {
        Ok(EventFigures { waiting: number(row.get(0)?), lost: number(row.get(1)?) })
    })
}
