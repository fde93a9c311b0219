//! Rows of `sessions` and `session_domains`.

use crate::{
    account::Label,
    address::Domain,
    session::{Role, Session, SessionId},
    store::{
        Begin,
        sqlite::{error::unreadable, number},
    },
    time::UnixTime,
    token::{LastUse, SecretHash},
};
use rusqlite::{Connection, OptionalExtension, Params, Result, Row, params};

/// What [`from_row`] reads.
const COLUMNS: &str = "id, role, label, made, began, ends, used, client";

pub(crate) fn by_link(connection: &Connection, hash: &SecretHash) -> Result<Option<Session>> {
    one(connection, "link = ?1", [hash.as_bytes()])
}

pub(crate) fn by_hash(connection: &Connection, hash: &SecretHash) -> Result<Option<Session>> {
    one(connection, "hash = ?1", [hash.as_bytes()])
}

pub(crate) fn by_id(connection: &Connection, id: SessionId) -> Result<Option<Session>> {
    one(connection, "id = ?1", [id.to_string()])
}

/// The oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY made, rowid");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Session> = statement.query_map((), from_row)?.collect::<Result<_>>()?;
    found.into_iter().map(|session| whole(connection, session)).collect()
}

pub(crate) fn count(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM sessions", (), |row| row.get(0)).map(number)
}

/// Inserts a link whose id and hash are free.
pub(crate) fn insert_link(
    connection: &Connection,
    link: &Session,
    hash: &SecretHash,
) -> Result<()> {
    let id = link.id.to_string();
    let label = link.label.as_ref().map(Label::as_str);
    connection.execute(
        "INSERT INTO sessions (id, link, role, label, made, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, hash.as_bytes(), link.role.as_str(), label, link.made, link.ends],
    )?;
    let mut insert = connection.prepare_cached("INSERT INTO session_domains VALUES (?1, ?2)")?;
    for domain in link.role.domains().unwrap_or_default() {
        insert.execute(params![id, domain.to_key()])?;
    }
    Ok(())
}

/// Makes a session of a link, and ends the one that was there before.
pub(crate) fn begin(connection: &Connection, id: SessionId, begin: &Begin) -> Result<()> {
    let Begin { hash, at, ends, client, instead_of } = begin;
    if let Some(before) = instead_of {
        delete(connection, *before)?;
    }
    let client = client.map(|client| client.to_string());
    let sql =
        "UPDATE sessions SET link = NULL, hash = ?2, began = ?3, ends = ?4, used = ?3, client = ?5
               WHERE id = ?1";
    connection.execute(sql, params![id.to_string(), hash.as_bytes(), at, ends, client]).map(drop)
}

/// Removes a session, and by the trigger what hangs on it.
pub(crate) fn delete(connection: &Connection, id: SessionId) -> Result<()> {
    connection.execute("DELETE FROM sessions WHERE id = ?1", [id.to_string()]).map(drop)
}

/// Removes those that are worth nothing at `now`.
pub(crate) fn delete_ended(connection: &Connection, now: UnixTime) -> Result<()> {
    connection.execute("DELETE FROM sessions WHERE ends <= ?1", [now]).map(drop)
}

/// Writes down the last use of a session.
pub(crate) fn set_last_use(connection: &Connection, id: SessionId, last: &LastUse) -> Result<()> {
    let sql = "UPDATE sessions SET used = ?2, client = ?3 WHERE id = ?1";
    let client = last.client.map(|client| client.to_string());
    connection.prepare_cached(sql)?.execute(params![id.to_string(), last.time, client]).map(drop)
}

fn one(connection: &Connection, filter: &str, params: impl Params) -> Result<Option<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE {filter}");
    let found = connection.prepare_cached(&sql)?.query_row(params, from_row).optional()?;
    found.map(|session| whole(connection, session)).transpose()
}

/// Reads [`COLUMNS`]: a session whose owner has no domains yet.
fn from_row(row: &Row<'_>) -> Result<Session> {
    let id = row.get_ref(0)?.as_str()?;
    let id = SessionId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no session id")))?;
    let role = match row.get_ref(1)?.as_str()? {
        "admin" => Role::Admin,
        "owner" => Role::Owner(Vec::new()),
        other => return Err(unreadable(format!("{other:?} is no role"))),
    };
    let label: Option<String> = row.get(2)?;
    let client: Option<String> = row.get(7)?;
    let client = client.map(|client| client.parse().map_err(unreadable)).transpose()?;
    let used: Option<_> = row.get(6)?;
    Ok(Session {
        id,
        role,
        label: label.map(|text| Label::parse(&text).map_err(unreadable)).transpose()?,
        made: row.get(3)?,
        began: row.get(4)?,
        ends: row.get(5)?,
        last_use: used.map(|time| LastUse { time, client }),
    })
}

fn whole(connection: &Connection, session: Session) -> Result<Session> {
    let Role::Owner(_) = session.role else { return Ok(session) };
    let sql = "SELECT domain FROM session_domains WHERE session = ?1 ORDER BY domain";
    let one = |row: &Row<'_>| Domain::parse(row.get_ref(0)?.as_str()?).map_err(unreadable);
    let mut statement = connection.prepare_cached(sql)?;
    let domains = statement.query_map([session.id.to_string()], one)?.collect::<Result<_>>()?;
    Ok(Session { role: Role::Owner(domains), ..session })
}
