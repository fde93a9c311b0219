//! Rows of `tokens` and `token_destinations`.

use crate::{
    account::Label,
    address::{Domain, Mailbox},
    store::{
        kept_maker::{maker_columns, maker_from},
        sqlite::{column, error::unreadable, number},
    },
    token::{Changes, LastUse, SecretHash, Token, TokenId},
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use std::num::NonZeroU32;

/// What [`from_row`] reads.
const COLUMNS: &str = "id, label, scope, domain, format, daily_limit, added, expires, used, client, day, changes, made_by, session";

pub(crate) fn by_hash(connection: &Connection, hash: &SecretHash) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE hash = ?1");
    let found =
        connection.prepare_cached(&sql)?.query_row([hash.as_bytes()], from_row).optional()?;
    found.map(|token| whole(connection, token)).transpose()
}

pub(crate) fn by_id(connection: &Connection, id: TokenId) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = ?1");
    let found =
        connection.prepare_cached(&sql)?.query_row([id.to_string()], from_row).optional()?;
    found.map(|token| whole(connection, token)).transpose()
}

/// The oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens ORDER BY added, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Token> = statement.query_map((), from_row)?.collect::<Result<_>>()?;
    found.into_iter().map(|token| whole(connection, token)).collect()
}

pub(crate) fn count(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM tokens", (), |row| row.get(0)).map(number)
}

/// Inserts a token whose id and hash are free.
pub(crate) fn insert(connection: &Connection, token: &Token, hash: &SecretHash) -> Result<()> {
    let id = token.id.to_string();
    let sql = "INSERT INTO tokens
                   (id, hash, label, scope, domain, format, daily_limit, added, expires, made_by, session)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let domain = token.domain.as_ref().map(Domain::to_key);
    let limit = token.daily_limit.map(NonZeroU32::get);
    let (scope, format) = (token.scope.as_str(), token.format.as_str());
    let label = token.label.as_str();
    let (added, expires) = (token.added, token.expires);
    let (made_by, session) = token.maker.as_ref().map(maker_columns).unwrap_or_default();
    connection.execute(
        sql,
        params![
            id,
            hash.as_bytes(),
            label,
            scope,
            domain,
            format,
            limit,
            added,
            expires,
            made_by,
            session
        ],
    )?;
    let sql = "INSERT OR IGNORE INTO token_destinations VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (position, to) in (0_i64..).zip(&token.destinations) {
        let (domain, local) = (to.domain().to_key(), to.local().to_key());
        insert.execute(params![id, domain, local, to.to_string(), position])?;
    }
    Ok(())
}

/// Those that a session made, the oldest first.
pub(crate) fn of_session(connection: &Connection, session: TokenId) -> Result<Vec<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE session = ?1 ORDER BY added, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Token> =
        statement.query_map([session.to_string()], from_row)?.collect::<Result<_>>()?;
    found.into_iter().map(|token| whole(connection, token)).collect()
}

/// The labels of those whose aliases lead to `mailbox`, in alphabetical order.
pub(crate) fn leading_to(connection: &Connection, mailbox: &Mailbox) -> Result<Vec<String>> {
    let sql = "SELECT t.label FROM token_destinations d JOIN tokens t ON t.id = d.token
               WHERE d.domain = ?1 AND d.local = ?2 ORDER BY t.label";
    let mut statement = connection.prepare_cached(sql)?;
    let key = (mailbox.domain().to_key(), mailbox.local().to_key());
    statement.query_map(key, |row| row.get(0))?.collect()
}

/// Has the aliases of those that lead to `old` lead to `new`, once only where both stand.
pub(crate) fn replace_destination(
    connection: &Connection,
    old: &Mailbox,
    new: &Mailbox,
) -> Result<()> {
    let (domain, local) = (old.domain().to_key(), old.local().to_key());
    let (new_domain, new_local) = (new.domain().to_key(), new.local().to_key());
    // Where NEW stands already, OLD only goes; one address written in two ways is one.
    connection.execute(
        "UPDATE OR IGNORE token_destinations SET domain = ?3, local = ?4, address = ?5
         WHERE domain = ?1 AND local = ?2",
        params![domain, local, new_domain, new_local, new.to_string()],
    )?;
    if (&domain, &local) != (&new_domain, &new_local) {
        connection.execute(
            "DELETE FROM token_destinations WHERE domain = ?1 AND local = ?2",
            params![domain, local],
        )?;
    }
    Ok(())
}

/// Removes a token, and by the trigger what hangs on it.
pub(crate) fn delete(connection: &Connection, id: TokenId) -> Result<()> {
    connection.execute("DELETE FROM tokens WHERE id = ?1", [id.to_string()]).map(drop)
}

/// Writes down the last use of a token.
pub(crate) fn set_last_use(connection: &Connection, id: TokenId, last: &LastUse) -> Result<()> {
    let sql = "UPDATE tokens SET used = ?2, client = ?3 WHERE id = ?1";
    let client = last.client.map(|client| client.to_string());
    connection.prepare_cached(sql)?.execute(params![id.to_string(), last.time, client]).map(drop)
}

/// Counts a change by a token.
pub(crate) fn count_change(connection: &Connection, id: TokenId, day: u64) -> Result<()> {
    let sql = "UPDATE tokens SET changes = iif(day = ?2, changes, 0) + 1, day = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id.to_string(), column(day)]).map(drop)
}

/// Takes a change back, if the day is still that one.
pub(crate) fn uncount_change(connection: &Connection, id: TokenId, day: u64) -> Result<()> {
    let sql = "UPDATE tokens SET changes = changes - 1 WHERE id = ?1 AND day = ?2 AND changes > 0";
    connection.prepare_cached(sql)?.execute(params![id.to_string(), column(day)]).map(drop)
}

/// Reads [`COLUMNS`]: a token without its destinations.
fn from_row(row: &Row<'_>) -> Result<Token> {
    let text = |at: usize| -> Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
    let id = text(0)?;
    let id = TokenId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no token id")))?;
    let domain: Option<String> = row.get(3)?;
    let client: Option<String> = row.get(9)?;
    let client = client.map(|client| client.parse().map_err(unreadable)).transpose()?;
    let used: Option<_> = row.get(8)?;
    Ok(Token {
        id,
        label: Label::parse(text(1)?).map_err(unreadable)?,
        scope: text(2)?.parse().map_err(unreadable)?,
        domain: domain.map(|text| Domain::parse(&text).map_err(unreadable)).transpose()?,
        destinations: Vec::new(),
        format: text(4)?.parse().map_err(unreadable)?,
        daily_limit: row.get::<_, Option<u32>>(5)?.and_then(NonZeroU32::new),
        added: row.get(6)?,
        maker: maker_from(row.get(12)?, row.get(13)?).map_err(unreadable)?,
        expires: row.get(7)?,
        last_use: used.map(|time| LastUse { time, client }),
        changes: Changes { day: number(row.get(10)?), count: number(row.get(11)?) },
    })
}

fn whole(connection: &Connection, token: Token) -> Result<Token> {
    let sql = "SELECT address FROM token_destinations WHERE token = ?1 ORDER BY position";
    let one = |row: &Row<'_>| Mailbox::parse(row.get_ref(0)?.as_str()?).map_err(unreadable);
    let mut statement = connection.prepare_cached(sql)?;
    let destinations = statement.query_map([token.id.to_string()], one)?.collect::<Result<_>>()?;
    Ok(Token { destinations, ..token })
}
