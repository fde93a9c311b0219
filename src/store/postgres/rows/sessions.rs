//! Rows of `sessions` and `session_domains`.

use crate::{
    account::Label,
    address::Domain,
    session::{Role, Session, SessionId},
    store::{
        Begin,
        number::column,
        postgres::{
            ask::{self, Result, count, get, time, time_or_none},
            error::unreadable,
        },
    },
    time::UnixTime,
    token::{LastUse, SecretHash},
};
use deadpool_postgres::Transaction;
use std::collections::HashMap;
use tokio_postgres::Row;

/// What [`from_row`] reads.
const COLUMNS: &str = "id, role, label, made, began, ends, used, client";

pub(crate) async fn by_link(tx: &Transaction<'_>, hash: &SecretHash) -> Result<Option<Session>> {
    one(tx, "link = $1", &[&&hash.as_bytes()[..]]).await
}

/// The same, and nobody else follows it until the end of the transaction.
pub(crate) async fn lock_link(tx: &Transaction<'_>, hash: &SecretHash) -> Result<Option<Session>> {
    one(tx, "link = $1 FOR UPDATE", &[&&hash.as_bytes()[..]]).await
}

pub(crate) async fn by_hash(tx: &Transaction<'_>, hash: &SecretHash) -> Result<Option<Session>> {
    one(tx, "hash = $1", &[&&hash.as_bytes()[..]]).await
}

pub(crate) async fn by_id(tx: &Transaction<'_>, id: SessionId) -> Result<Option<Session>> {
    one(tx, "id = $1", &[&id.to_string()]).await
}

/// The same, and nobody else changes or ends it until the end of the transaction, nor makes a token with it.
pub(crate) async fn lock(tx: &Transaction<'_>, id: SessionId) -> Result<Option<Session>> {
    one(tx, "id = $1 FOR UPDATE", &[&id.to_string()]).await
}

/// The oldest first.
pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions ORDER BY made, seq");
    let found = ask::all(tx, &sql, &[], from_row).await?;
    whole(tx, found).await
}

pub(crate) async fn count_all(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT count(*) FROM sessions", &[], |row| count(row, 0)).await
}

/// Inserts a link whose id and hash are free.
pub(crate) async fn insert_link(
    tx: &Transaction<'_>,
    link: &Session,
    hash: &SecretHash,
) -> Result<()> {
    let (id, hash) = (link.id.to_string(), &hash.as_bytes()[..]);
    let label = link.label.as_ref().map(Label::as_str);
    let (made, ends) = (column(link.made.as_secs()), column(link.ends.as_secs()));
    let sql =
        "INSERT INTO sessions (id, link, role, label, made, ends) VALUES ($1, $2, $3, $4, $5, $6)";
    ask::run(tx, sql, &[&id, &hash, &link.role.as_str(), &label, &made, &ends]).await?;
    for domain in link.role.domains().unwrap_or_default() {
        let sql = "INSERT INTO session_domains VALUES ($1, $2)";
        ask::run(tx, sql, &[&id, &domain.to_key()]).await?;
    }
    Ok(())
}

/// Makes a session of a link, and ends the one that was there before.
pub(crate) async fn begin(tx: &Transaction<'_>, id: SessionId, begin: &Begin) -> Result<()> {
    let Begin { hash, at, ends, client, instead_of } = begin;
    if let Some(before) = instead_of {
        delete(tx, *before).await?;
    }
    let (hash, client) = (&hash.as_bytes()[..], client.map(|client| client.to_string()));
    let (at, ends) = (column(at.as_secs()), column(ends.as_secs()));
    let sql =
        "UPDATE sessions SET link = NULL, hash = $2, began = $3, ends = $4, used = $3, client = $5
               WHERE id = $1";
    ask::run(tx, sql, &[&id.to_string(), &hash, &at, &ends, &client]).await.map(drop)
}

/// Removes a session, and what hangs on it.
pub(crate) async fn delete(tx: &Transaction<'_>, id: SessionId) -> Result<bool> {
    Ok(ask::run(tx, "DELETE FROM sessions WHERE id = $1", &[&id.to_string()]).await? == 1)
}

/// Removes those that are worth nothing at `now`.
pub(crate) async fn delete_ended(tx: &Transaction<'_>, now: UnixTime) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE ends <= $1";
    ask::run(tx, sql, &[&column(now.as_secs())]).await.map(drop)
}

/// Writes down the last use of a session.
pub(crate) async fn set_last_use(
    tx: &Transaction<'_>,
    id: SessionId,
    last: &LastUse,
) -> Result<()> {
    let sql = "UPDATE sessions SET used = $2, client = $3 WHERE id = $1";
    let (time, client) =
        (column(last.time.as_secs()), last.client.map(|client| client.to_string()));
    ask::run(tx, sql, &[&id.to_string(), &time, &client]).await.map(drop)
}

async fn one(
    tx: &Transaction<'_>,
    filter: &str,
    values: &ask::Values<'_>,
) -> Result<Option<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE {filter}");
    let found = ask::first(tx, &sql, values, from_row).await?;
    Ok(whole(tx, found.into_iter().collect()).await?.pop())
}

/// Reads [`COLUMNS`]: a session whose owner has no domains yet.
fn from_row(row: &Row) -> Result<Session> {
    let id: &str = get(row, 0)?;
    let id = SessionId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no session id")))?;
    let role = match get::<&str>(row, 1)? {
        "admin" => Role::Admin,
        "owner" => Role::Owner(Vec::new()),
        other => return Err(unreadable(format!("{other:?} is no role"))),
    };
    let label = get::<Option<&str>>(row, 2)?.map(Label::parse).transpose().map_err(unreadable)?;
    let client = get::<Option<&str>>(row, 7)?.map(str::parse).transpose().map_err(unreadable)?;
    Ok(Session {
        id,
        role,
        label,
        made: time(row, 3)?,
        began: time_or_none(row, 4)?,
        ends: time(row, 5)?,
        last_use: time_or_none(row, 6)?.map(|time| LastUse { time, client }),
    })
}

/// Gives the sessions of owners their domains.
async fn whole(tx: &Transaction<'_>, mut sessions: Vec<Session>) -> Result<Vec<Session>> {
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let sql = "SELECT session, domain FROM session_domains WHERE session = ANY ($1)
               ORDER BY session, domain";
    let one =
        |row: &Row| Ok((get::<String>(row, 0)?, Domain::parse(get(row, 1)?).map_err(unreadable)?));
    let mut all: HashMap<String, Vec<Domain>> = HashMap::new();
    for (session, domain) in ask::all(tx, sql, &[&ids], one).await? {
        all.entry(session).or_default().push(domain);
    }
    for (session, id) in sessions.iter_mut().zip(&ids) {
        if let Role::Owner(domains) = &mut session.role {
            *domains = all.remove(id).unwrap_or_default();
        }
    }
    Ok(sessions)
}
