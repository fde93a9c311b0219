//! Rows of `spool_texts`, and what a message makes of them.

use crate::{
    message::{Change, Source},
    store::{
        number::{column, number},
        postgres::{
            ask::{self, Result, get},
            error::unreadable,
        },
        spool::SpooledForm,
    },
};
use deadpool_postgres::Transaction;

/// Octets of a row: what is held in memory at a time, beside those that are given.
const PIECE: usize = 256 << 10;

/// True where a row of its own would be no better than a column.
pub(super) fn is_one_piece(source: &Source) -> bool {
    source.octets().len() <= PIECE
}

/// Adds octets and gives their number, which no message has.
pub(super) async fn insert(tx: &Transaction<'_>, octets: &[u8]) -> Result<i64> {
    let next = "SELECT nextval(pg_get_serial_sequence('spool', 'seq'))";
    let text: i64 = ask::one(tx, next, &[], |row| get(row, 0)).await?;
    let sql = "INSERT INTO spool_texts (text, at, octets) VALUES ($1, $2, $3)";
    for (at, piece) in octets.chunks(PIECE).enumerate() {
        ask::run(tx, sql, &[&text, &column((at * PIECE) as u64), &piece]).await?;
    }
    Ok(text)
}

/// The message without the octets that it shares.
pub(crate) async fn form(tx: &Transaction<'_>, message: i64) -> Result<Option<SpooledForm>> {
    let sql = "SELECT coalesce(text, seq), prefix, changed_from, changed_to,
               CASE WHEN changed_from IS NULL THEN '' ELSE message END FROM spool WHERE seq = $1";
    ask::first(tx, sql, &[&message], |row| {
        let place: (Option<i64>, Option<i64>) = (get(row, 2)?, get(row, 3)?);
        let change = match place {
            (Some(from), Some(to)) => {
                let place = |at| usize::try_from(number(at)).unwrap_or(usize::MAX);
                let with: Vec<u8> = get(row, 4)?;
                Some(Change { at: place(from)..place(to), with: with.into() })
            }
            _ => None,
        };
        Ok(SpooledForm { source: get(row, 0)?, prefix: get(row, 1)?, change })
    })
    .await
}

/// The octets of a text, or of a message without one, of which there are `octets`.
pub(crate) async fn source(
    tx: &Transaction<'_>,
    text: i64,
    octets: u64,
) -> Result<Option<Vec<u8>>> {
    let size = usize::try_from(octets).unwrap_or(usize::MAX);
    let mut whole = Vec::new();
    let sql = "SELECT octets FROM spool_texts WHERE text = $1 AND at = $2";
    // A piece after the other: all rows at once would be all octets twice.
    while whole.len() < size {
        let at = column(whole.len() as u64);
        let piece = ask::first(tx, sql, &[&text, &at], |row| get::<Vec<u8>>(row, 0)).await?;
        match piece {
            Some(piece) if !piece.is_empty() => whole.extend_from_slice(&piece),
            _ => break,
        }
    }
    if whole.is_empty() {
        let sql = "SELECT message FROM spool WHERE seq = $1 AND text IS NULL";
        match ask::first(tx, sql, &[&text], |row| get::<Vec<u8>>(row, 0)).await? {
            Some(message) => whole = message,
            None if size > 0 => return Ok(None),
            None => {}
        }
    }
    match whole.len() == size {
        true => Ok(Some(whole)),
        false => Err(unreadable(format!("{} of {octets} octets of text {text}", whole.len()))),
    }
}
