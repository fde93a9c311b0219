//! One record: written, added to, put in the place of another.

use crate::store::{
    journal::{AttemptLine, Bounce, Outcome, Record},
    sqlite::{column, rows::ways_text},
};
use rusqlite::{Connection, OptionalExtension, params};

/// Writes a record without attempts in the place of another.
pub(super) fn replace(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([&record.id])?;
    insert(connection, record)
}

pub(super) fn insert(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message (id, time, client, helo, sender, srs_from, rcpt, outcome, reply,
             size, ms, detail, auth, tls, filter, ways)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

/// What stays of a record that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Outcome,
    Nothing,
}

/// Adds to a record; a record that is not there, as after a crash, is made.
pub(super) fn merge(connection: &Connection, record: &Record, keep: Keep) -> rusqlite::Result<()> {
    let found: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT seq, outcome, detail FROM message WHERE id = ?1")?
        .query_row([&record.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((message, old, mut detail)) = found else { return insert(connection, record) };
    add_detail(&mut detail, &record.detail);
    let is_bounced = old == Outcome::Bounced.as_str() && record.outcome != Outcome::Failed;
    let outcome = if keep == Keep::Outcome || is_bounced { &old } else { record.outcome.as_str() };
    connection
        .prepare_cached(
            "UPDATE message SET outcome = ?2, detail = ?3, ms = max(ms, ?4) WHERE seq = ?1",
        )?
        .execute(params![message, outcome, detail, column(record.ms)])?;
    insert_attempts(connection, message, &record.attempts)
}

/// Longest detail that bounces add to. They come from strangers.
const MAX_DETAIL: usize = 2000;

/// False when there is no record of the message.
pub(super) fn add_bounce(connection: &Connection, bounce: &Bounce) -> rusqlite::Result<bool> {
    let found: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT seq, outcome, detail FROM message WHERE id = ?1")?
        .query_row([&bounce.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((message, outcome, mut detail)) = found else { return Ok(false) };
    if detail.len() < MAX_DETAIL {
        add_detail(&mut detail, &bounce.detail);
    }
    let had_left = Outcome::parse(&outcome).is_some_and(|outcome| {
        matches!(outcome, Outcome::Forwarded | Outcome::Partial | Outcome::Spooled)
    });
    let outcome =
        if bounce.is_final && had_left { Outcome::Bounced.as_str() } else { outcome.as_str() };
    connection
        .prepare_cached("UPDATE message SET outcome = ?2, detail = ?3 WHERE seq = ?1")?
        .execute(params![message, outcome, detail])?;
    Ok(true)
}

/// Adds what is not there yet.
fn add_detail(detail: &mut String, more: &str) {
    for part in more.split("; ").filter(|part| !part.is_empty()) {
        if !detail.split("; ").any(|known| known == part) {
            let separator = if detail.is_empty() { "" } else { "; " };
            *detail = format!("{detail}{separator}{part}");
        }
    }
}

fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_default()
}
