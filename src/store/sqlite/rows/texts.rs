//! Rows of `spool_texts`, and what a message makes of them.

use crate::{
    message::{Change, Source},
    store::{
        spool::SpooledForm,
        sqlite::{column, error::unreadable, number},
    },
};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Octets of a row: what SQLite holds in memory at a time, beside those that it is given.
const PIECE: usize = 256 << 10;

/// True where a row of its own would be no better than a column.
pub(super) fn is_one_piece(source: &Source) -> bool {
    source.octets().len() <= PIECE
}

/// Adds octets and gives their number. It is the next one of `spool`, under which no message without a text can be.
pub(super) fn insert(connection: &Connection, octets: &[u8]) -> Result<i64> {
    let next = "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'spool'), 0),
                coalesce((SELECT max(text) FROM spool_texts), 0))";
    let text: i64 = connection.prepare_cached(next)?.query_row((), |row| row.get(0))?;
    let mut statement =
        connection.prepare_cached("INSERT INTO spool_texts (text, at, octets) VALUES (?, ?, ?)")?;
    for (at, piece) in octets.chunks(PIECE).enumerate() {
        statement.execute(params![text, column((at * PIECE) as u64), piece])?;
    }
    Ok(text)
}

/// The message without the octets that it shares.
pub(crate) fn form(connection: &Connection, message: i64) -> Result<Option<SpooledForm>> {
    connection
        .prepare_cached(
            "SELECT coalesce(text, seq), prefix, changed_from, changed_to,
             CASE WHEN changed_from IS NULL THEN x'' ELSE message END FROM spool WHERE seq = ?1",
        )?
        .query_row([message], |row| {
            let place: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let change = match place {
                (Some(from), Some(to)) => {
                    let place = |at| usize::try_from(number(at)).unwrap_or(usize::MAX);
                    let with: Vec<u8> = row.get(4)?;
                    Some(Change { at: place(from)..place(to), with: with.into() })
                }
                _ => None,
            };
            Ok(SpooledForm { source: row.get(0)?, prefix: row.get(1)?, change })
        })
        .optional()
}

/// The octets of a text, or of a message without one, of which there are `octets`.
pub(crate) fn source(connection: &Connection, text: i64, octets: u64) -> Result<Option<Vec<u8>>> {
    let size = usize::try_from(octets).unwrap_or(usize::MAX);
    let mut whole = Vec::with_capacity(size);
    let mut statement =
        connection.prepare_cached("SELECT octets FROM spool_texts WHERE text = ?1 ORDER BY at")?;
    let mut rows = statement.query([text])?;
    while let Some(row) = rows.next()? {
        whole.extend_from_slice(row.get_ref(0)?.as_blob()?);
    }
    if whole.is_empty() {
        let older = "SELECT message FROM spool WHERE seq = ?1 AND text IS NULL";
        let mut statement = connection.prepare_cached(older)?;
        let mut rows = statement.query([text])?;
        match rows.next()? {
            Some(row) => whole.extend_from_slice(row.get_ref(0)?.as_blob()?),
            None if size > 0 => return Ok(None),
            None => {}
        }
    }
    match whole.len() == size {
        true => Ok(Some(whole)),
        false => Err(unreadable(format!("{} of {octets} octets of text {text}", whole.len()))),
    }
}
