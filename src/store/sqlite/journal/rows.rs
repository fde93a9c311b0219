//! One record: written, added to, put in the place of another.

use crate::store::{
    journal::{
        AttemptLine, Bounce, Record,
        noted::{Keep, Noted, count_new, list},
        tally::Tally,
    },
    sqlite::{column, rows::ways_text},
};
use rusqlite::{Connection, OptionalExtension, params};

/// Writes a record without attempts in the place of another.
pub(super) fn replace(
    connection: &Connection,
    record: &Record,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    if let Some((_, noted)) = find(connection, &record.id)? {
        noted.uncount(tally);
        connection.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([&record.id])?;
    }
    insert(connection, record, tally)
}

/// What is there of a message already, and its number.
fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<(i64, Noted)>> {
    let columns = "seq, time, outcome, detail, reply, class, sender, rcpt, auth";
    connection
        .prepare_cached(&format!("SELECT {columns} FROM message WHERE id = ?1"))?
        .query_row([id], |row| {
            let noted = Noted {
                time: row.get(1)?,
                outcome: row.get(2)?,
                detail: row.get(3)?,
                reply: row.get(4)?,
                class: row.get(5)?,
                sender: row.get(6)?,
                rcpt: row.get(7)?,
                auth: row.get(8)?,
            };
            Ok((row.get(0)?, noted))
        })
        .optional()
}

/// Writes a record that is not there, and counts it.
pub(super) fn insert(
    connection: &Connection,
    record: &Record,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let class = count_new(record, tally);
    connection
        .prepare_cached(
            "INSERT INTO message (id, time, client, helo, sender, srs_from, rcpt, outcome, reply,
             size, ms, detail, auth, tls, filter, ways, class)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            record.id,
            record.time,
            record.client.map(|ip| ip.to_string()),
            record.helo,
            record.sender(),
            record.srs_from,
            list(&record.to),
            record.outcome.as_str(),
            record.reply,
            column(record.size),
            column(record.ms),
            record.detail,
            record.auth,
            record.tls,
            record
                .filter
                .as_ref()
                .and_then(|it| serde_json::to_string(it).ok())
                .unwrap_or_default(),
            record.ways.as_ref().map(ways_text),
            class,
        ])?;
    insert_attempts(connection, connection.last_insert_rowid(), &record.attempts)
}

fn insert_attempts(
    connection: &Connection,
    message: i64,
    attempts: &[AttemptLine],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
    for AttemptLine { time, to, host, reply, ms, verdict, tls } in attempts {
        let ms = column(*ms);
        statement.execute(params![message, time, list(to), host, reply, ms, verdict, tls])?;
    }
    Ok(())
}

/// Adds to a record; a record that is not there, as after a crash, is made.
pub(super) fn merge(
    connection: &Connection,
    record: &Record,
    keep: Keep,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let Some((message, mut noted)) = find(connection, &record.id)? else {
        return insert(connection, record, tally);
    };
    noted.add(record, keep, tally);
    let Noted { outcome, detail, class, .. } = noted;
    connection
        .prepare_cached(
            "UPDATE message SET outcome = ?2, detail = ?3, ms = max(ms, ?4), class = ?5 WHERE seq = ?1",
        )?
        .execute(params![message, outcome, detail, column(record.ms), class])?;
    insert_attempts(connection, message, &record.attempts)
}

/// False when there is no record of the message.
pub(super) fn add_bounce(
    connection: &Connection,
    bounce: &Bounce,
    tally: &mut Tally,
) -> rusqlite::Result<bool> {
    let Some((message, mut noted)) = find(connection, &bounce.id)? else { return Ok(false) };
    noted.bounce(bounce, tally);
    let Noted { outcome, detail, class, .. } = noted;
    connection
        .prepare_cached("UPDATE message SET outcome = ?2, detail = ?3, class = ?4 WHERE seq = ?1")?
        .execute(params![message, outcome, detail, class])?;
    Ok(true)
}
