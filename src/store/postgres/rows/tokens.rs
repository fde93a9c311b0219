//! Rows of `tokens` and `token_destinations`.

use crate::{
    account::Label,
    address::{Domain, Mailbox},
    session::SessionId,
    store::{
        kept_maker::{maker_columns, maker_from},
        number::column,
        postgres::{
            ask::{self, Result, count, get, time, time_or_none},
            error::unreadable,
        },
    },
    token::{Changes, LastUse, SecretHash, Token, TokenId},
};
use deadpool_postgres::Transaction;
use std::{collections::HashMap, num::NonZeroU32};
use tokio_postgres::Row;

/// What [`from_row`] reads.
const COLUMNS: &str = "id, label, scope, domain, format, daily_limit, added, expires, used, client, day, changes, made_by, session";

pub(crate) async fn by_hash(tx: &Transaction<'_>, hash: &SecretHash) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE hash = $1");
    let hash = &hash.as_bytes()[..];
    let found = ask::first(tx, &sql, &[&hash], from_row).await?;
    Ok(whole(tx, found.into_iter().collect()).await?.pop())
}

pub(crate) async fn by_id(tx: &Transaction<'_>, id: TokenId) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = $1");
    let found = ask::first(tx, &sql, &[&id.to_string()], from_row).await?;
    Ok(whole(tx, found.into_iter().collect()).await?.pop())
}

/// The same, and nobody else changes it until the end of the transaction.
pub(crate) async fn lock(tx: &Transaction<'_>, id: TokenId) -> Result<Option<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE id = $1 FOR UPDATE");
    ask::first(tx, &sql, &[&id.to_string()], from_row).await
}

/// The oldest first.
pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens ORDER BY added, id");
    let found = ask::all(tx, &sql, &[], from_row).await?;
    whole(tx, found).await
}

pub(crate) async fn count_all(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT count(*) FROM tokens", &[], |row| count(row, 0)).await
}

/// Inserts a token whose id and hash are free.
pub(crate) async fn insert(tx: &Transaction<'_>, token: &Token, hash: &SecretHash) -> Result<()> {
    let id = token.id.to_string();
    let sql =
        "INSERT INTO tokens (id, hash, label, scope, domain, format, daily_limit, added, expires, made_by, session)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let domain = token.domain.as_ref().map(Domain::to_key);
    let limit = token.daily_limit.map(|limit| i64::from(limit.get()));
    let (scope, format) = (token.scope.as_str(), token.format.as_str());
    let (hash, label) = (&hash.as_bytes()[..], token.label.as_str());
    let added = column(token.added.as_secs());
    let expires = token.expires.map(|time| column(time.as_secs()));
    let (made_by, session) = token.maker.as_ref().map(maker_columns).unwrap_or_default();
    let values: &ask::Values<'_> = &[
        &id, &hash, &label, &scope, &domain, &format, &limit, &added, &expires, &made_by, &session,
    ];
    ask::run(tx, sql, values).await?;
    let sql = "INSERT INTO token_destinations VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    for (position, to) in (0_i64..).zip(&token.destinations) {
        let (domain, local) = (to.domain().to_key(), to.local().to_key());
        ask::run(tx, sql, &[&id, &domain, &local, &to.to_string(), &position]).await?;
    }
    Ok(())
}

/// Those that a session made, the oldest first.
pub(crate) async fn of_session(tx: &Transaction<'_>, session: SessionId) -> Result<Vec<Token>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE session = $1 ORDER BY added, id");
    let found = ask::all(tx, &sql, &[&session.to_string()], from_row).await?;
    whole(tx, found).await
}

/// The labels of those whose aliases lead to `mailbox`, in alphabetical order.
pub(crate) async fn leading_to(tx: &Transaction<'_>, mailbox: &Mailbox) -> Result<Vec<String>> {
    let sql = "SELECT t.label FROM token_destinations d JOIN tokens t ON t.id = d.token
               WHERE d.domain = $1 AND d.local = $2 ORDER BY t.label";
    let (domain, local) = (mailbox.domain().to_key(), mailbox.local().to_key());
    ask::all(tx, sql, &[&domain, &local], |row| get(row, 0)).await
}

/// Has the aliases of those that lead to `old` lead to `new`, once only where both stand.
pub(crate) async fn replace_destination(
    tx: &Transaction<'_>,
    old: &Mailbox,
    new: &Mailbox,
) -> Result<()> {
    let (domain, local) = (old.domain().to_key(), old.local().to_key());
    let (new_domain, new_local) = (new.domain().to_key(), new.local().to_key());
    let is_same = (&domain, &local) == (&new_domain, &new_local);
    // Where NEW stands already, OLD only goes; one address written in two ways is one.
    if !is_same {
        let sql = "DELETE FROM token_destinations d WHERE domain = $1 AND local = $2 AND EXISTS (
                       SELECT 1 FROM token_destinations o
                       WHERE o.token = d.token AND o.domain = $3 AND o.local = $4)";
        ask::run(tx, sql, &[&domain, &local, &new_domain, &new_local]).await?;
    }
    let sql = "UPDATE token_destinations SET domain = $3, local = $4, address = $5
               WHERE domain = $1 AND local = $2";
    let address = new.to_string();
    ask::run(tx, sql, &[&domain, &local, &new_domain, &new_local, &address]).await.map(drop)
}

/// Removes a token, and what hangs on it.
pub(crate) async fn delete(tx: &Transaction<'_>, id: TokenId) -> Result<bool> {
    Ok(ask::run(tx, "DELETE FROM tokens WHERE id = $1", &[&id.to_string()]).await? == 1)
}

/// Writes down the last use of a token.
pub(crate) async fn set_last_use(tx: &Transaction<'_>, id: TokenId, last: &LastUse) -> Result<()> {
    let sql = "UPDATE tokens SET used = $2, client = $3 WHERE id = $1";
    let (time, client) =
        (column(last.time.as_secs()), last.client.map(|client| client.to_string()));
    ask::run(tx, sql, &[&id.to_string(), &time, &client]).await.map(drop)
}

/// Counts a change by a token.
pub(crate) async fn count_change(tx: &Transaction<'_>, id: TokenId, day: u64) -> Result<()> {
    let sql = "UPDATE tokens SET changes = CASE day WHEN $2 THEN changes ELSE 0 END + 1, day = $2
               WHERE id = $1";
    ask::run(tx, sql, &[&id.to_string(), &column(day)]).await.map(drop)
}

/// Takes a change back, if the day is still that one.
pub(crate) async fn uncount_change(tx: &Transaction<'_>, id: TokenId, day: u64) -> Result<()> {
    let sql = "UPDATE tokens SET changes = changes - 1 WHERE id = $1 AND day = $2 AND changes > 0";
    ask::run(tx, sql, &[&id.to_string(), &column(day)]).await.map(drop)
}

/// Reads [`COLUMNS`]: a token without its destinations.
fn from_row(row: &Row) -> Result<Token> {
    let id: &str = get(row, 0)?;
    let id = TokenId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no token id")))?;
    let domain = get::<Option<&str>>(row, 3)?.map(Domain::parse);
    let client = get::<Option<&str>>(row, 9)?.map(str::parse).transpose().map_err(unreadable)?;
    let limit = get::<Option<i64>>(row, 5)?.map(u32::try_from).transpose().map_err(unreadable)?;
    Ok(Token {
        id,
        label: Label::parse(get(row, 1)?).map_err(unreadable)?,
        scope: get::<&str>(row, 2)?.parse().map_err(unreadable)?,
        domain: domain.transpose().map_err(unreadable)?,
        destinations: Vec::new(),
        format: get::<&str>(row, 4)?.parse().map_err(unreadable)?,
        daily_limit: limit.and_then(NonZeroU32::new),
        added: time(row, 6)?,
        maker: maker_from(get(row, 12)?, get(row, 13)?).map_err(unreadable)?,
        expires: time_or_none(row, 7)?,
        last_use: time_or_none(row, 8)?.map(|time| LastUse { time, client }),
        changes: Changes { day: count(row, 10)?, count: count(row, 11)? },
    })
}

/// Gives tokens their destinations.
async fn whole(tx: &Transaction<'_>, mut tokens: Vec<Token>) -> Result<Vec<Token>> {
    let ids: Vec<String> = tokens.iter().map(|token| token.id.to_string()).collect();
    let sql = "SELECT token, address FROM token_destinations WHERE token = ANY ($1)
               ORDER BY token, position";
    let one =
        |row: &Row| Ok((get::<String>(row, 0)?, Mailbox::parse(get(row, 1)?).map_err(unreadable)?));
    let mut all: HashMap<String, Vec<Mailbox>> = HashMap::new();
    for (token, to) in ask::all(tx, sql, &[&ids], one).await? {
        all.entry(token).or_default().push(to);
    }
    for (token, id) in tokens.iter_mut().zip(&ids) {
        token.destinations = all.remove(id).unwrap_or_default();
    }
    Ok(tokens)
}
