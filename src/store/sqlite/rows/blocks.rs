//! Rows of `blocks`.

use crate::{
    address::Domain,
    alias::{Block, SenderPattern},
    store::sqlite::{column, error::unreadable, number},
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

const COLUMNS: &str = "domain, pattern, note, added";

/// Puts a block in the place of the one that means the same; true when there was none.
pub(crate) fn put(connection: &Connection, block: &Block) -> Result<bool> {
    let is_new = take(connection, block.domain.as_ref(), &block.pattern)?.is_none();
    let sql = "INSERT INTO blocks (domain, key, pattern, note, added) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        key_of(block.domain.as_ref()),
        block.pattern.key(),
        block.pattern.to_string(),
        block.note,
        column(block.added.as_secs()),
    ])?;
    Ok(is_new)
}

/// Takes a block away, and gives what it was.
pub(crate) fn take(
    connection: &Connection,
    domain: Option<&Domain>,
    pattern: &SenderPattern,
) -> Result<Option<Block>> {
    let sql = format!("DELETE FROM blocks WHERE domain = ?1 AND key = ?2 RETURNING {COLUMNS}");
    let values = [key_of(domain), pattern.key()];
    connection.prepare_cached(&sql)?.query_row(values, from_row).optional()
}

/// The block of these keys; `domain` is empty for all.
pub(crate) fn get(connection: &Connection, domain: &str, sender: &str) -> Result<Option<Block>> {
    let sql = format!("SELECT {COLUMNS} FROM blocks WHERE domain = ?1 AND key = ?2");
    connection.prepare_cached(&sql)?.query_row([domain, sender], from_row).optional()
}

/// Those for all first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Block>> {
    let sql = format!("SELECT {COLUMNS} FROM blocks ORDER BY domain, key");
    connection.prepare_cached(&sql)?.query_map((), from_row)?.collect()
}

pub(crate) fn count(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM blocks", (), |row| row.get(0)).map(number)
}

fn key_of(domain: Option<&Domain>) -> String {
    domain.map(Domain::to_key).unwrap_or_default()
}

fn from_row(row: &Row<'_>) -> Result<Block> {
    let domain = match row.get_ref(0)?.as_str()? {
        "" => None,
        name => Some(Domain::parse(name).map_err(unreadable)?),
    };
    Ok(Block {
        domain,
        pattern: SenderPattern::parse(row.get_ref(1)?.as_str()?).map_err(unreadable)?,
        note: row.get(2)?,
        added: UnixTime::new(number(row.get(3)?)),
    })
}
