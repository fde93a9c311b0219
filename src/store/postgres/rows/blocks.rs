//! Rows of `blocks`.

use crate::{
    address::Domain,
    alias::{Block, SenderPattern},
    store::{
        number::column,
        postgres::{
            ask::{self, Result, count, get, time},
            error::unreadable,
        },
    },
};
use deadpool_postgres::Transaction;
use std::collections::{HashMap, HashSet};
use tokio_postgres::Row;

const COLUMNS: &str = "domain, pattern, note, added";

/// Puts blocks in the places of those that mean the same; true for each of which there was none.
pub(crate) async fn put(tx: &Transaction<'_>, blocks: &[Block]) -> Result<Vec<bool>> {
    let key = |block: &Block| (key_of(block.domain.as_ref()), block.pattern.key());
    let (domains, keys): (Vec<_>, Vec<_>) = blocks.iter().map(key).unzip();
    let sql = "SELECT b.domain, b.key FROM unnest($1::text[], $2::text[]) k (domain, key)
               JOIN blocks b ON b.domain = k.domain AND b.key = k.key";
    let read = |row: &Row| Ok((get(row, 0)?, get(row, 1)?));
    let known: Vec<(String, String)> = ask::all(tx, sql, &[&domains, &keys], read).await?;
    let mut known: HashSet<(String, String)> = known.into_iter().collect();
    let are_new = blocks.iter().map(|block| known.insert(key(block))).collect();
    // Of those that mean the same the last one counts.
    let last: HashMap<(String, String), &Block> =
        blocks.iter().map(|block| (key(block), block)).collect();
    let (mut domains, mut keys, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut notes, mut added) = (Vec::new(), Vec::new());
    for ((domain, key), block) in last {
        domains.push(domain);
        keys.push(key);
        patterns.push(block.pattern.to_string());
        notes.push(block.note.as_deref());
        added.push(column(block.added.as_secs()));
    }
    let sql = "INSERT INTO blocks (domain, key, pattern, note, added)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
               ON CONFLICT (domain, key) DO UPDATE
               SET pattern = excluded.pattern, note = excluded.note, added = excluded.added";
    ask::run(tx, sql, &[&domains, &keys, &patterns, &notes, &added]).await?;
    Ok(are_new)
}

/// Takes blocks away, and gives what they were, by their keys.
pub(crate) async fn take(
    tx: &Transaction<'_>,
    domain: Option<&Domain>,
    patterns: &[SenderPattern],
) -> Result<HashMap<String, Block>> {
    let keys: Vec<String> = patterns.iter().map(SenderPattern::key).collect();
    let sql =
        format!("DELETE FROM blocks WHERE domain = $1 AND key = ANY ($2) RETURNING {COLUMNS}");
    let taken = ask::all(tx, &sql, &[&key_of(domain), &keys], from_row).await?;
    Ok(taken.into_iter().map(|block| (block.pattern.key(), block)).collect())
}

/// The block of these keys; `domain` is empty for all.
pub(crate) async fn of(tx: &Transaction<'_>, domain: &str, sender: &str) -> Result<Option<Block>> {
    let sql = format!("SELECT {COLUMNS} FROM blocks WHERE domain = $1 AND key = $2");
    ask::first(tx, &sql, &[&domain, &sender], from_row).await
}

/// Those for all first.
pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<Block>> {
    let sql = format!("SELECT {COLUMNS} FROM blocks ORDER BY domain, key");
    ask::all(tx, &sql, &[], from_row).await
}

pub(crate) async fn count_all(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT count(*) FROM blocks", &[], |row| count(row, 0)).await
}

fn key_of(domain: Option<&Domain>) -> String {
    domain.map(Domain::to_key).unwrap_or_default()
}

fn from_row(row: &Row) -> Result<Block> {
    let domain = match get::<&str>(row, 0)? {
        "" => None,
        name => Some(Domain::parse(name).map_err(unreadable)?),
    };
    Ok(Block {
        domain,
        pattern: SenderPattern::parse(get(row, 1)?).map_err(unreadable)?,
        note: get(row, 2)?,
        added: time(row, 3)?,
    })
}
